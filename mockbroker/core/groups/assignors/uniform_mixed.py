"""The uniform assignor for groups whose members do not all subscribe to the same topics.

Rules kept here:

- A member keeps what it has of the topics that it still subscribes to.
- What is left is given, topic by topic, to the subscriber with the fewest partitions; topics with the most partitions
  for each subscriber come first.
- Then partitions move, topic by topic, from the subscriber with the most to the one with the fewest, until no topic's
  subscribers differ by more than one, or after 16 rounds.

Source: `UniformHeterogeneousAssignmentBuilder`.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Final

from mockbroker.core.groups.assignors.spec import Assignment, GroupSpec

__all__ = ["assign_uniformly_mixed"]

_MAX_ROUNDS: Final = 16
_NOBODY: Final = -1


def assign_uniformly_mixed(spec: GroupSpec) -> Mapping[str, Assignment]:
    """Spread the partitions of each topic over its subscribers."""
    return _Heterogeneous(spec).build()


class _Heterogeneous:
    """One assignment in the making. Members go by their number in the spec's order.

    Attributes:
        sizes: how many partitions each member has by now.
        owners: number of the member that has each partition, by topic.
        subscribers: of each topic, in ascending order.
    """

    def __init__(self, spec: GroupSpec) -> None:
        self._spec = spec
        self._members = list(spec.members)
        self.sizes = [0] * len(self._members)
        self.subscribers: dict[bytes, list[int]] = {}
        for number, member in enumerate(spec.members.values()):
            for topic in member.topics:
                self.subscribers.setdefault(topic, []).append(number)
        self.owners = {topic: [_NOBODY] * spec.partition_counts[topic] for topic in self.subscribers}

    def build(self) -> Mapping[str, Assignment]:
        if not self.subscribers:
            return {}
        self._keep()
        for topic in self._sorted(self.subscribers):
            balancer = _Balancer(self.subscribers[topic], self.sizes)
            for index, owner in enumerate(self.owners[topic]):
                if owner == _NOBODY:
                    self._move(topic, index, balancer.next_least_loaded())
        self._balance([topic for topic, members in self.subscribers.items() if len(members) > 1])
        return self._result()

    def _sorted(self, topics: Iterable[bytes]) -> list[bytes]:
        def rank(topic: bytes) -> tuple[float, int, int, int]:
            subscribers = len(self.subscribers[topic])
            high, low = (int.from_bytes(half, "big", signed=True) for half in (topic[:8], topic[8:]))
            return -self._spec.partition_counts[topic] / subscribers, subscribers, high, low

        return sorted(topics, key=rank)

    def _keep(self) -> None:
        for number, member in enumerate(self._spec.members.values()):
            subscribed = frozenset(member.topics)
            for topic, partitions in member.target.items():
                if topic in subscribed:
                    self.sizes[number] += len(partitions)
                    for index in partitions:
                        self.owners[topic][index] = number

    def _move(self, topic: bytes, index: int, number: int) -> None:
        owner = self.owners[topic][index]
        if owner != _NOBODY:
            self.sizes[owner] -= 1
        self.owners[topic][index] = number
        self.sizes[number] += 1

    def _balance(self, topics: Sequence[bytes]) -> None:
        ordered = self._sorted(topics)
        last_moved = -1
        for _ in range(_MAX_ROUNDS):
            for place, topic in enumerate(ordered):
                if place == last_moved:
                    # Once round all topics without a move.
                    return
                if self._balance_topic(topic) or last_moved == -1:
                    last_moved = place

    def _balance_topic(self, topic: bytes) -> bool:
        """Move partitions of one topic from those with the most to those with the fewest; whether any moved."""
        balancer = _Balancer(self.subscribers[topic], self.sizes)
        if balancer.imbalance <= 1:
            return False
        owned: dict[int, list[int]] = {}
        for index, owner in enumerate(self.owners[topic]):
            owned.setdefault(owner, []).append(index)
        has_moved = False
        while True:
            giver = balancer.next_most_loaded()
            while giver != _NOBODY and not owned.get(giver):
                balancer.exclude_most_loaded()
                giver = balancer.next_most_loaded()
            if giver == _NOBODY:
                return has_moved
            index = owned[giver].pop()
            taker = balancer.next_least_loaded()
            if balancer.is_balanced:
                return has_moved
            self._move(topic, index, taker)
            has_moved = True

    def _result(self) -> Mapping[str, Assignment]:
        lists: list[dict[bytes, list[int]]] = [{} for _ in self._members]
        for topic, owners in self.owners.items():
            for index, owner in enumerate(owners):
                if owner != _NOBODY:
                    lists[owner].setdefault(topic, []).append(index)
        return {
            member_id: {topic: frozenset(indexes) for topic, indexes in by_topic.items()}
            for member_id, by_topic in zip(self._members, lists, strict=True)
        }


class _Balancer:
    """The subscribers of one topic, by how many partitions they have.

    Two ranges of them are kept: those with the fewest, which grows to the right as they are filled up, and those with
    the most, which grows to the left as they give. Who has the most and none of this topic is swapped out of its range.

    Attributes:
        imbalance: by how much the most and the fewest differ at first.
    """

    def __init__(self, members: Sequence[int], sizes: list[int]) -> None:
        self._sizes = sizes
        self._sorted = sorted(members, key=lambda number: (sizes[number], number))
        fewest, most = sizes[self._sorted[0]], sizes[self._sorted[-1]]
        self.imbalance = most - fewest
        self._least_end, self._least_size, self._least_next = 0, fewest - 1, 0
        self._most_start = self._most_end = len(self._sorted)
        self._most_size, self._most_next = most + 1, len(self._sorted) - 1

    @property
    def is_balanced(self) -> bool:
        """Whether the ranges differ by one partition at most."""
        return self._most_size - self._least_size <= 1

    def next_least_loaded(self) -> int:
        """Who is to have the next partition."""
        ordered, sizes = self._sorted, self._sizes
        if self._least_next >= self._least_end:
            self._least_size += 1
            while self._least_end < len(ordered) and sizes[ordered[self._least_end]] == self._least_size:
                self._least_end += 1
            self._least_next = 0
        self._least_next += 1
        return ordered[self._least_next - 1]

    def next_most_loaded(self) -> int:
        """Who is to give the next partition; -1 when nobody is left."""
        ordered, sizes = self._sorted, self._sizes
        if self._most_next < self._most_start:
            if self._most_start and self._most_end <= self._most_start:
                self._most_size = sizes[ordered[self._most_start - 1]]
            else:
                self._most_size -= 1
            while self._most_start and sizes[ordered[self._most_start - 1]] == self._most_size:
                self._most_start -= 1
            self._most_next = self._most_end - 1
        if self._most_next < 0:
            return _NOBODY
        self._most_next -= 1
        return ordered[self._most_next + 1]

    def exclude_most_loaded(self) -> None:
        """Whom `next_most_loaded` named last has nothing to give."""
        place, self._most_end = self._most_next + 1, self._most_end - 1
        ordered = self._sorted
        ordered[place], ordered[self._most_end] = ordered[self._most_end], ordered[place]
