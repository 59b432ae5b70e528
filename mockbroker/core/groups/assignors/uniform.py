"""The uniform assignor: as many partitions for each as for any other, and as few moves as that takes.

This is the part for groups whose members all subscribe to the same topics; `uniform_mixed` has the other.

Rules kept here:

- The quota is all partitions divided by all members; where that leaves a rest, so many members have one more, first
  those that have it already.
- A member keeps what it has up to its quota; what is over, or not subscribed to any more, is given to the others.

Source: `UniformAssignor`, `UniformHomogeneousAssignmentBuilder`.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from mockbroker.core.groups.assignors.spec import Assignment, GroupSpec, MemberSpec
from mockbroker.core.groups.assignors.uniform_mixed import assign_uniformly_mixed

__all__ = ["assign_uniformly"]


def assign_uniformly(spec: GroupSpec) -> Mapping[str, Assignment]:
    """Spread all partitions over the members."""
    if not spec.members:
        return {}
    if not spec.is_homogeneous:
        return assign_uniformly_mixed(spec)
    topics = next(iter(spec.members.values())).topics
    return _Homogeneous(spec, topics).build() if topics else {}


class _Homogeneous:
    """One assignment in the making.

    Attributes:
        extra: how many members may still have one partition more.
        unassigned: what nobody keeps, in the order in which it is given away.
        unfilled: who may have more, with how many.
    """

    def __init__(self, spec: GroupSpec, topics: tuple[bytes, ...]) -> None:
        self._spec = spec
        self._topics = frozenset(topics)
        total = sum(spec.partition_counts[topic] for topic in topics)
        self.quota, self.extra = divmod(total, len(spec.members))
        self.unassigned = [
            (topic, index)
            for topic in topics
            for index in range(spec.partition_counts[topic])
            if index not in spec.assigned.get(topic, ())
        ]
        self.unfilled: list[tuple[str, int]] = []

    def build(self) -> Mapping[str, Assignment]:
        left = len(self._spec.members)
        result: dict[str, Assignment] = {}
        for member_id, member in self._spec.members.items():
            result[member_id] = self._keep(member_id, member, left)
            left -= 1
        partitions = iter(self.unassigned)
        for member_id, room in self.unfilled:
            result[member_id] = _extended(result[member_id], partitions, room)
        return result

    def _keep(self, member_id: str, member: MemberSpec, members_left: int) -> Assignment:
        """What a member keeps; notes what it gives up, and what room it has.

        Args:
            members_left: how many have not had their turn, this one included.
        """
        has_extra = self.extra > 0
        room = self.quota + has_extra
        kept: dict[bytes, frozenset[int]] = {}
        for topic, partitions in member.target.items():
            if topic not in self._topics:
                continue
            if len(partitions) > room:
                ordered = sorted(partitions)
                self.unassigned += [(topic, index) for index in ordered[room:]]
                partitions = frozenset(ordered[:room])
            room -= len(partitions)
            if partitions:
                kept[topic] = partitions
        if room and has_extra and members_left > self.extra:
            # Somebody else may have it already.
            room -= 1
            has_extra = False
        if room:
            self.unfilled.append((member_id, room))
        self.extra -= has_extra
        return kept if kept != member.target else member.target


def _extended(assignment: Assignment, partitions: Iterator[tuple[bytes, int]], room: int) -> Assignment:
    added: dict[bytes, list[int]] = {}
    for _, (topic, index) in zip(range(room), partitions, strict=False):
        added.setdefault(topic, []).append(index)
    if not added:
        return assignment
    return {
        **assignment,
        **{topic: assignment.get(topic, frozenset()).union(more) for topic, more in added.items()},
    }
