"""One exchange of the journal, decoded when somebody looks."""

from __future__ import annotations

import struct
from collections.abc import Iterator
from functools import cached_property
from typing import Any

from mockbroker.control.asked import Asked, Names
from mockbroker.control.entries import Entry
from mockbroker.control.fields import OTHER, Node, Place, inside, key_of, nodes_of, root
from mockbroker.control.placing import error_field
from protocol_specs import APIS
from protocol_specs.errors import ErrorCode
from protocol_specs.headers import API_VERSIONS_KEY, request_header, response_header
from protocol_specs.record_batch import batches_in

__all__ = ["Exchange", "errors_in"]

_HEADER = struct.Struct(">hhih").unpack_from
_PRODUCE = 0

#: Fetch, Metadata and ShareFetch: their answers may name topics that the request does not.
_NAMES_IN_ANSWER = frozenset({1, 3, 78})

#: Base offset and leader epoch, where they stand in a batch.
_OFFSET, _EPOCH_AT, _EPOCH = struct.Struct(">q"), 12, struct.Struct(">i")


class Exchange:
    """A request and its answer, as they were when the journal was asked.

    Attributes:
        number: counts up in the life of the journal.
        at: when the request was taken up, by the brokers' clock, in seconds since the epoch.
        latency: seconds by the brokers' clock until it was answered; None while it is not.
        broker: id of the broker that was asked.
        connection: the connection's number.
        client_id: None where the client gave none.
        principal: of the connection, as it is now: "User:alice".
        key, version: of the API.
        fault: what faults did to it, in words; None where nothing was done.
        answer_frame: the answer without its length; None where there is none.
        closed: why the connection was closed instead; None where it was not.
        is_answered: whether the answer, if one was due, is there.
        is_delivered: whether all of it was sent.
    """

    def __init__(self, number: int, entry: Entry, names: Names) -> None:
        self._entry = entry
        self._names = names
        self.number = number
        self.at = entry.at
        self.fault = entry.fault
        caller = entry.caller
        self.principal = caller.principal
        self.broker = caller.node_id
        self.connection = caller.connection_id
        self.listener = caller.listener
        self.client_host = caller.client_host
        self.client_port = caller.client_port
        self.broker_address = caller.local_address
        answer = entry.answer
        self.is_answered = entry.is_answered
        self.is_delivered = answer.__class__ is list and not entry.is_cut
        self.closed = str(answer) if isinstance(answer, BaseException) else None
        self._answer: list[Any] | None = answer if answer.__class__ is list else None
        answered_at = entry.at if entry.answered_at is None else entry.answered_at
        # Times since the epoch are exact to a quarter of a microsecond.
        self.latency = round(answered_at - entry.at, 6) if self.is_answered else None
        self.key, self.version, self.correlation_id, self.client_id = _header_of(entry.frame)

    @property
    def software(self) -> str:
        """Name and version of the client's software, as it told; "unknown" where it did not."""
        caller = self._entry.caller
        return f"{caller.software_name} {caller.software_version}".replace("unknown unknown", "unknown")

    @property
    def api(self) -> str:
        """The API's name; "API 999" where there is none."""
        return APIS[self.key].name if self.key in APIS else f"API {self.key}"

    @cached_property
    def frame(self) -> bytearray:
        """The request as it came, without its length.

        The log has stamped its own into the batches that it took over: that is undone, as far as it can be. Their
        leader epoch is unknown then (-1), and with LogAppendTime their times are the broker's.
        """
        frame = self._entry.frame
        if self.key != _PRODUCE or self.version not in APIS[_PRODUCE].versions:
            return frame
        return _unstamped(bytearray(frame), self.version)

    @cached_property
    def answer_frame(self) -> bytes | None:
        return None if self._answer is None else b"".join(self._answer)[4:]

    @cached_property
    def request(self) -> Any:
        """The request, decoded; None where it cannot be read."""
        if self.key not in APIS or self.version not in APIS[self.key].versions:
            return None
        try:
            _, at = request_header(self.key, self.version).read(self.frame)
            return APIS[self.key].request[self.version].read(self.frame, at)[0]
        except Exception:
            return None

    @cached_property
    def response(self) -> Any:
        """The response, decoded; None where there is none."""
        frame = self.answer_frame
        if frame is None or self.key not in APIS:
            return None
        version = self.response_version
        if version is None:
            return None
        _, at = response_header(self.key, version).read(frame)
        return APIS[self.key].response[version].read(frame, at)[0]

    @property
    def response_version(self) -> int | None:
        """The version in which the response is written; None where that is not known."""
        if self.version in APIS[self.key].versions and not self._is_unsupported:
            return self.version
        return 0 if self.key == API_VERSIONS_KEY else None

    @property
    def _is_unsupported(self) -> bool:
        """Whether it is ApiVersions in a version that is answered in version 0 (KIP-511)."""
        frame = self.answer_frame
        code = ErrorCode.UNSUPPORTED_VERSION
        return self.key == API_VERSIONS_KEY and frame is not None and frame[4:6] == code.to_bytes(2, "big")

    @cached_property
    def places(self) -> list[Place]:
        """The topics, partitions, groups and transactional ids that it is about."""
        found: list[Place] = []
        if self.request is not None:
            asked = Asked(
                self.key, self.version, self.client_id, self._entry.caller, self.request, _Known(self._names)
            )
            found += asked.places
        if self.response is not None and self.key in _NAMES_IN_ANSWER:
            found += [self.named(place) for place, _ in _entries(self.response, self.version)]
        return found

    @property
    def topics(self) -> list[str]:
        """The names of the topics that it is about, in order."""
        return list(dict.fromkeys(place.topic for place in self.places if isinstance(place.topic, str)))

    @property
    def groups(self) -> list[str]:
        """The groups that it is about."""
        return list(dict.fromkeys(place.group for place in self.places if place.group is not None))

    @cached_property
    def errors(self) -> list[tuple[Place, ErrorCode]]:
        """The errors of the response, and where they stand."""
        if self.response is None:
            return []
        version = self.response_version or 0
        return [(self.named(place), code) for place, code in errors_in(self.response, version)]

    def named(self, place: Place) -> Place:
        """The place with the topic's name, where it has an id."""
        if isinstance(place.topic, bytes):
            return place._replace(topic=self._names.topic_name(place.topic))
        return place

    @property
    def outcome(self) -> str:
        """What came of it, in words."""
        if self.closed is not None:
            return f"connection closed: {self.closed}"
        if not self.is_answered:
            return "not answered yet"
        if self._answer is None:
            return "no answer"
        codes = dict.fromkeys(code.name for _, code in self.errors)
        return ", ".join(codes) or "ok"

    def __str__(self) -> str:
        client = "-" if self.client_id is None else self.client_id
        about = ", ".join(_words(self.places))
        fault = f" [fault: {self.fault}]" if self.fault else ""
        return (
            f"#{self.number} {self.api} v{self.version} {client}@{self.connection} -> broker {self.broker}"
            f"{f' ({about})' if about else ''}: {self.outcome}{fault}"
        )

    __repr__ = __str__


class _Known:
    """Names without sessions: what a session held then is not known any more."""

    def __init__(self, names: Names) -> None:
        self.topic_name = names.topic_name

    def fetched(self, node_id: int, key: int, request: Any) -> tuple[()]:
        return ()


def _header_of(frame: bytearray) -> tuple[int, int, int, str | None]:
    if len(frame) < 8:
        return -1, -1, -1, None
    if len(frame) < 10:
        return *struct.unpack_from(">hhi", frame), None
    key, version, correlation_id, length = _HEADER(frame)
    client_id = None if length < 0 else frame[10 : 10 + length].decode("utf-8", "replace")
    return key, version, correlation_id, client_id


def _unstamped(frame: bytearray, version: int) -> bytearray:
    """A Produce as a client sends it: batches begin at 0, and know no leader epoch."""
    try:
        _, at = request_header(_PRODUCE, version).read(frame)
        request = APIS[_PRODUCE].request[version].read(frame, at)[0]
    except Exception:
        return frame
    for topic in request.topic_data:
        for one in topic.partition_data:
            for batch in batches_in(one.records or b""):
                _OFFSET.pack_into(batch, 0, 0)
                _EPOCH.pack_into(batch, _EPOCH_AT, -1)
    return frame


def _words(places: list[Place], most: int = 4) -> list[str]:
    words = []
    for place in places:
        if place.topic is not None:
            words.append(
                str(place.topic) if place.partition is None else f"{place.topic!s}-{place.partition}"
            )
        elif place.group is not None:
            words.append(f"group {place.group}")
        elif place.transactional_id is not None:
            words.append(f"transactional id {place.transactional_id}")
    distinct = list(dict.fromkeys(words))
    more = len(distinct) - most
    return [*distinct[:most], f"{more} more"] if more > 1 else distinct


def errors_in(response: Any, version: int) -> Iterator[tuple[Place, ErrorCode]]:
    """The errors of a response with their places; the place of the whole is empty."""
    for place, code in _entries(response, version):
        if code:
            yield place, ErrorCode(code)


def _entries(response: Any, version: int) -> Iterator[tuple[Place, int]]:
    """Each entry that can have an error, with it."""
    place = root(response)
    field = error_field(response.schema, version)
    if field is not None:
        yield place, getattr(response, field)
    yield from _entries_in(response, nodes_of(response.schema), place, version)


def _entries_in(
    holder: Any, nodes: tuple[Node, ...], place: Place, version: int
) -> Iterator[tuple[Place, int]]:
    for node in nodes:
        if node.schema is None:
            continue
        field = error_field(node.schema, version)
        for element in getattr(holder, node.field) or ():
            here = place if node.kind == OTHER else inside(place, node.kind, key_of(node, element))
            if field is not None:
                yield here, getattr(element, field)
            yield from _entries_in(element, node.children, here, version)
