"""A request as faults and the journal see it: who asked, what, and about which topics."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property
from typing import TYPE_CHECKING, Any, NamedTuple, Protocol

from mockbroker.control.fields import Place, places
from protocol_specs import APIS

if TYPE_CHECKING:
    from mockbroker.wire.caller import Caller

__all__ = ["Asked", "Fetched", "Names"]

_FETCH, _METADATA, _SHARE_FETCH = 1, 3, 78


class Fetched(NamedTuple):
    """A partition that a fetch session holds; by name or by id, as the client told."""

    topic: str | None
    topic_id: bytes | None
    partition: int


class Names(Protocol):
    """What only the cluster knows of what clients speak about."""

    def topic_name(self, topic_id: bytes) -> str | None:
        """The name of a topic, also of one that was deleted; None for one that there never was."""

    def fetched(self, node_id: int, key: int, request: Any) -> Sequence[Fetched]:
        """The partitions that a Fetch or ShareFetch reads because its session holds them."""


class Asked:
    """One request.

    Attributes:
        key: of the API.
        caller: the connection.
        request: decoded.
    """

    def __init__(
        self, key: int, version: int, client_id: str | None, caller: Caller, request: Any, names: Names
    ) -> None:
        self.key = key
        self.version = version
        self.client_id = client_id
        self.caller = caller
        self.request = request
        self._names = names

    @property
    def api(self) -> str:
        """The API's name."""
        return APIS[self.key].name

    @property
    def is_silent(self) -> bool:
        """Whether no answer is due: a Produce with acks=0."""
        return self.key == 0 and self.request.acks == 0

    @property
    def wants_all_topics(self) -> bool:
        """Whether it is Metadata of all topics."""
        if self.key != _METADATA:
            return False
        topics = self.request.topics
        return topics is None or (self.version == 0 and not topics)

    @cached_property
    def session(self) -> Sequence[Fetched]:
        """What a Fetch or ShareFetch reads, perhaps without naming it."""
        if self.key not in (_FETCH, _SHARE_FETCH):
            return ()
        return self._names.fetched(self.caller.node_id, self.key, self.request)

    @cached_property
    def places(self) -> list[Place]:
        """All that it is about, with topics by their names."""
        found = [self.named(place) for place in places(self.request)]
        found += [
            self.named(Place(one.topic if one.topic_id is None else one.topic_id, one.partition))
            for one in self.session
        ]
        return found

    def named(self, place: Place) -> Place:
        """The place with the topic's name, where it has an id."""
        if isinstance(place.topic, bytes):
            return place._replace(topic=self._names.topic_name(place.topic))
        return place

    def __str__(self) -> str:
        client = "no client id" if self.client_id is None else f"client id {self.client_id!r}"
        about = ", ".join(dict.fromkeys(filter(None, map(_described, self.places))))
        return (
            f"{self.api} v{self.version} to broker {self.caller.node_id} with {client}"
            f"{f' about {_shortened(about)}' if about else ''}"
        )


def _described(place: Place) -> str:
    words = []
    if place.topic is not None:
        words.append(str(place.topic) if place.partition is None else f"{place.topic!s}-{place.partition}")
    if place.group is not None:
        words.append(f"group {place.group}")
    if place.transactional_id is not None:
        words.append(f"transactional id {place.transactional_id}")
    return " ".join(words)


def _shortened(text: str, most: int = 200) -> str:
    return text if len(text) <= most else f"{text[:most]}..."
