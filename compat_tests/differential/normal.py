"""Takes out of an answer what must differ between two clusters: ids, addresses, times.

Each such value becomes a placeholder that counts first appearances, so that "the same id as before" is still compared.
"""

from __future__ import annotations

import re
from typing import Any

__all__ = ["Normaliser", "differences"]

#: Fields that hold an id of the cluster's own making.
_IDS = frozenset(
    {"topic_id", "cluster_id", "member_id", "leader", "producer_id", "directory_id", "session_id"}
)

#: Fields that hold a time, an address, or another value that no two clusters share.
_FREE = frozenset(
    {
        "broker_epoch",
        "finalized_features_epoch",
        "host",
        "last_caught_up_timestamp",
        "last_fetch_timestamp",
        "log_append_time_ms",
        "log_dir",
        "port",
        "timestamp_of_now",
        "total_bytes",
        "usable_bytes",
    }
)

#: The same, where it is so in the answers of one API only.
_FREE_IN = {
    "DescribeQuorum": frozenset({"leader_epoch", "high_watermark", "log_end_offset", "replica_directory_id"}),
    # A real one has its own descriptions, ours are shorter.
    "DescribeConfigs": frozenset({"documentation"}),
}

#: What messages say of one cluster only.
_IN_MESSAGES = (
    (re.compile(r"\d{13,}"), "<number>"),
    (re.compile(r'the cluster id "[^"]*"'), "the cluster id"),
    (re.compile(r"(?<![\w-])[\w-]{22}(?![\w-])"), "<uuid>"),
    (re.compile(r":\d{4,5}\b"), ":<port>"),
    # It depends on when the last attempt to reach that controller was made.
    (re.compile(r"New voter .* is not ready to receive requests"), "not reached"),
    (re.compile(r"Aborted add voter operation for since API_VERSIONS returned .*"), "not reached"),
)

_MEMBER = re.compile(r"(.*)-[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}\Z")
_CLOCK_MS = 1_600_000_000_000
_ZERO_UUID = "AAAAAAAAAAAAAAAAAAAAAA"


class Normaliser:
    """One for each peer.

    Args:
        api: whose answers they are.
    """

    def __init__(self, api: str = "") -> None:
        self._free = _FREE | _FREE_IN.get(api, frozenset())
        self._seen: dict[tuple[str, Any], str] = {}
        self._count: dict[str, int] = {}

    def __call__(self, answer: Any, name: str = "") -> Any:
        if isinstance(answer, dict):
            return {key: self(value, key) for key, value in answer.items()}
        if isinstance(answer, list):
            return [
                self(value, name) for value in sorted(answer, key=lambda one: _sort_key(_without_ids(one)))
            ]
        if name in self._free:
            return "free" if answer not in (None, -1, "", 0) else answer
        if isinstance(answer, int) and not isinstance(answer, bool) and answer > _CLOCK_MS:
            return "a time"
        if isinstance(answer, str) and (found := _MEMBER.match(answer)):
            return self._placeholder(f"{found[1]}-uuid", answer)
        if isinstance(answer, str) and name.endswith("message"):
            for pattern, text in _IN_MESSAGES:
                answer = pattern.sub(text, answer)
            return answer
        if name in _IDS and answer not in (None, -1, "", 0, _ZERO_UUID):
            return self._placeholder(name, answer)
        return answer

    def _placeholder(self, kind: str, value: Any) -> str:
        if (kind, value) not in self._seen:
            self._count[kind] = self._count.get(kind, 0) + 1
            self._seen[kind, value] = f"<{kind} {self._count[kind]}>"
        return self._seen[kind, value]


def differences(theirs: Any, ours: Any, path: str = "") -> list[str]:
    """One line for each place where the two differ."""
    if isinstance(theirs, dict) and isinstance(ours, dict):
        lines = []
        for key in {**theirs, **ours}:
            if key not in theirs or key not in ours:
                side = "mockbroker" if key in ours else "kafka"
                lines.append(f"{path}.{key}: only {side} has it: {(ours if key in ours else theirs)[key]!r}")
            else:
                lines += differences(theirs[key], ours[key], f"{path}.{key}")
        return lines
    if isinstance(theirs, list) and isinstance(ours, list):
        if len(theirs) != len(ours):
            return [
                f"{path}: kafka has {len(theirs)} {_brief(theirs)}, mockbroker {len(ours)} {_brief(ours)}"
            ]
        pairs = zip(_sorted(theirs), _sorted(ours), strict=True)
        return [line for i, (a, b) in enumerate(pairs) for line in differences(a, b, f"{path}[{i}]")]
    return [] if theirs == ours else [f"{path}: kafka {_brief(theirs)}, mockbroker {_brief(ours)}"]


def _sorted(values: list[Any]) -> list[Any]:
    """Kafka answers many lists in the order of a hash map, so order is not compared."""
    return sorted(values, key=_sort_key)


def _without_ids(value: Any) -> Any:
    """Ids are random, and so is their order."""
    if isinstance(value, dict):
        return {key: _without_ids(one) for key, one in value.items() if key not in _IDS}
    return [_without_ids(one) for one in value] if isinstance(value, list) else value


def _sort_key(value: Any) -> str:
    if isinstance(value, dict):
        names = (
            "name",
            "group_instance_id",
            "topic",
            "topic_name",
            "group_id",
            "partition_index",
            "index",
            "partition",
            "key",
        )
        return repr([[value.get(name) for name in names if name in value], value])
    return repr(value)


def _brief(value: Any) -> str:
    text = repr(value)
    return text if len(text) <= 120 else text[:120] + "..."
