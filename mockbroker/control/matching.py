"""Whether a request is one that a fault is for."""

from __future__ import annotations

from fnmatch import fnmatchcase
from typing import Any

from mockbroker.control.asked import Asked
from mockbroker.control.fault_spec import FaultSpec, key_of_api, version_span
from mockbroker.control.fields import GROUP, PARTITION, TOPIC, TRANSACTIONAL_ID, Place

__all__ = ["Matcher"]


class Matcher:
    """The conditions of a fault.

    Attributes:
        depth: the kinds of entries that it picks out of a request: see `Placement`.
    """

    def __init__(self, spec: FaultSpec) -> None:
        self._spec = spec
        self._key = None if spec.api is None else key_of_api(spec.api)
        self._versions = None if spec.version is None else version_span(spec.version, "version")
        given = {
            TOPIC: spec.topic,
            PARTITION: spec.partition,
            GROUP: spec.group,
            TRANSACTIONAL_ID: spec.transactional_id,
        }
        self.depth = frozenset(kind for kind, value in given.items() if value is not None)

    def is_of_api(self, asked: Asked) -> bool:
        """Whether the API is right, whatever else is not."""
        return self._key is None or asked.key == self._key

    def miss(self, asked: Asked) -> str | None:
        """The first condition that does not hold, by its field; None where all do."""
        spec, caller = self._spec, asked.caller
        if not self.is_of_api(asked):
            return "api"
        if self._versions is not None and asked.version not in self._versions:
            return "version"
        if spec.client_id is not None and not fnmatchcase(asked.client_id or "", spec.client_id):
            return "client_id"
        found: tuple[tuple[str, Any], ...] = (
            ("principal", caller.principal),
            ("broker", caller.node_id),
            ("listener", caller.listener),
        )
        for name, value in found:
            wanted = getattr(spec, name)
            if wanted is not None and wanted != value:
                return name
        return self._miss_in_places(asked) if self.depth else None

    def _miss_in_places(self, asked: Asked) -> str | None:
        if asked.wants_all_topics and self.depth <= {TOPIC, PARTITION}:
            return None
        if any(self.is_meant(place, is_whole=True) for place in asked.places):
            return None
        for name in ("group", "transactional_id", "topic"):
            wanted = getattr(self._spec, name)
            if wanted is not None and not any(
                _is_like(getattr(place, name), wanted, name) for place in asked.places
            ):
                return name
        return "partition"

    def is_meant(self, place: Place, *, is_whole: bool = False) -> bool:
        """Whether an entry is one of those that are meant.

        Args:
            is_whole: whether an entry for a topic stands for all its partitions.
        """
        spec = self._spec
        if spec.topic is not None and not _is_like(place.topic, spec.topic, "topic"):
            return False
        if spec.partition is not None and place.partition != spec.partition:
            return is_whole and place.partition is None
        return (spec.group is None or place.group == spec.group) and (
            spec.transactional_id is None or place.transactional_id == spec.transactional_id
        )


def _is_like(value: Any, wanted: str, name: str) -> bool:
    if not isinstance(value, str):
        return False
    return fnmatchcase(value, wanted) if name == "topic" else value == wanted
