"""The assignor of share groups: several members may have one partition.

Rules kept here:

- With no more members than partitions each partition has one member; with more, each is shared by so many members that
  all have something to do, and shares are as even as can be.
- A member keeps what it has, as far as that goes with its share.
- Where members subscribe to different topics, each topic is dealt out by itself among those who subscribe to it.

Kafka walks through partitions in the order of their hashes, which no two clusters share; here they come in order.

Source: `SimpleAssignor`, `SimpleHomogeneousAssignmentBuilder`, `SimpleHeterogeneousAssignmentBuilder`.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

from mockbroker.core.groups.assignors.spec import Assignment, GroupSpec

__all__ = ["assign_simply"]

#: Topic id and partition.
_Key = tuple[bytes, int]


def assign_simply(spec: GroupSpec) -> Mapping[str, Assignment]:
    """Share partitions among members. See `Assignor`."""
    topics = dict.fromkeys(id for member in spec.members.values() for id in member.topics)
    if not topics:
        return {}
    shares = {
        member_id: {key for key in _keys(member.target) if key[0] in topics}
        for member_id, member in spec.members.items()
    }
    if spec.is_homogeneous:
        _Deal(spec, list(topics), list(shares)).run(shares)
    else:
        for topic_id in topics:
            subscribers = [id for id, member in spec.members.items() if topic_id in member.topics]
            _Deal(spec, [topic_id], subscribers).run(shares)
    return {member_id: _assignment(keys) for member_id, keys in shares.items()}


class _Deal:
    """Deals out the partitions of some topics among members who all subscribe to them."""

    __slots__ = ("_desired", "_holders", "_keys", "_sharing", "_topics")

    def __init__(self, spec: GroupSpec, topics: Sequence[bytes], members: Sequence[str]) -> None:
        self._topics = frozenset(topics)
        self._keys = [
            (topic_id, index)
            for topic_id in topics
            for index in range(spec.partition_counts[topic_id])
            if spec.assignable is None or index in spec.assignable.get(topic_id, ())
        ]
        count = len(self._keys)
        #: how many members have each partition, and how many partitions each member has.
        self._sharing = -(-len(members) // count) if count else 0
        share = self._sharing * count / len(members)
        self._desired = {
            member_id: math.ceil(share * (at + 1)) - math.ceil(share * at)
            for at, member_id in enumerate(members)
        }
        self._holders: dict[_Key, list[str]] = {}

    def run(self, shares: dict[str, set[_Key]]) -> None:
        """Deal them out.

        Args:
            shares: what each member has, of these topics and of others; changed in place.
        """
        counts = {member_id: self._keep(member_id, keys) for member_id, keys in shares.items()}
        for key, holders in self._holders.items():
            for member_id in holders[: max(0, len(holders) - self._sharing)]:
                holders.remove(member_id)
                shares[member_id].discard(key)
                counts[member_id] -= 1
        self._assign_rest(shares, counts)

    def _keep(self, member_id: str, keys: set[_Key]) -> int:
        """Let a member keep no more than its share of what it has; how much that is."""
        mine = sorted(key for key in keys if key[0] in self._topics)
        excess = max(0, len(mine) - self._desired.get(member_id, 0))
        keys.difference_update(mine[:excess])
        for key in mine[excess:]:
            self._holders.setdefault(key, []).append(member_id)
        return len(mine) - excess

    def _assign_rest(self, shares: dict[str, set[_Key]], counts: dict[str, int]) -> None:
        unfilled = [member_id for member_id, desired in self._desired.items() if counts[member_id] < desired]
        at = 0
        for key in self._keys:
            holders = self._holders.get(key, ())
            missing = self._sharing - len(holders)
            has_assigned = True
            while missing > 0 and unfilled:
                if at >= len(unfilled):
                    if not has_assigned:
                        break
                    at, has_assigned = 0, False
                member_id = unfilled[at]
                at += 1
                if member_id in holders or key in shares[member_id]:
                    continue
                shares[member_id].add(key)
                counts[member_id] += 1
                missing -= 1
                has_assigned = True
                if counts[member_id] >= self._desired[member_id]:
                    at -= 1
                    del unfilled[at]


def _keys(assignment: Assignment) -> set[_Key]:
    return {(topic_id, index) for topic_id, partitions in assignment.items() for index in partitions}


def _assignment(keys: set[_Key]) -> Assignment:
    by_topic: dict[bytes, set[int]] = {}
    for topic_id, index in sorted(keys):
        by_topic.setdefault(topic_id, set()).add(index)
    return {topic_id: frozenset(partitions) for topic_id, partitions in by_topic.items()}
