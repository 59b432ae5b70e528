"""The range assignor: each topic's partitions in order, cut into as many runs as it has subscribers.

Rules kept here:

- Static members come first, by instance id, then the others by member id; so topics with as many partitions as one
  another are cut alike, and a member has the same partitions of each.
- Where a topic does not divide evenly the first ones have one partition more.

Source: `RangeAssignor`.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from typing import Final

from mockbroker.core.groups.assignors.spec import Assignment, GroupSpec

__all__ = ["assign_ranges"]

_STATIC: Final = 0
_DYNAMIC: Final = 1


def assign_ranges(spec: GroupSpec) -> Mapping[str, Assignment]:
    """Give each subscriber of a topic its run of partitions."""
    subscribers = Counter(topic for member in spec.members.values() for topic in member.topics)
    served: Counter[bytes] = Counter()
    begun: Counter[bytes] = Counter()
    result: dict[str, Assignment] = {}
    for member_id in sorted(spec.members, key=lambda member_id: _rank(spec, member_id)):
        assignment = result[member_id] = {}
        for topic in spec.members[member_id].topics:
            least, extra = divmod(spec.partition_counts[topic], subscribers[topic])
            start = begun[topic]
            end = start + least + (served[topic] < extra)
            served[topic] += 1
            begun[topic] = end
            if start < end:
                assignment[topic] = frozenset(range(start, end))
    return result


def _rank(spec: GroupSpec, member_id: str) -> tuple[int, str]:
    instance_id = spec.members[member_id].instance_id
    return (_DYNAMIC, member_id) if instance_id is None else (_STATIC, instance_id)
