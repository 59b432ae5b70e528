"""Where the replicas of new partitions go.

Rules kept here (`StripedReplicaPlacer`):

- Replicas of one partition are on different brokers, spread over racks first and over brokers next.
- The first replica, which will lead, is on an unfenced broker; fenced brokers are used when nothing else is left.
- Each partition starts one rack and one broker further than the one before.
- Kafka starts every topic at a random place. Here the first topic does, drawn from the seed, and the next topic goes
  on where the last one stopped, so that leaders of many small topics are spread evenly too.
"""

from __future__ import annotations

import random
from collections.abc import Sequence
from typing import NamedTuple

from mockbroker.config.catalog import NEWEST, Catalog
from protocol_specs.errors import ErrorCode, KafkaError

__all__ = ["Placer", "UsableBroker"]


class UsableBroker(NamedTuple):
    """A registered broker as the placer sees it."""

    id: int
    rack: str | None = None
    is_fenced: bool = False


class _Ring:
    """Brokers in order, dealt once around for each partition (`epoch`), each time from one place further."""

    __slots__ = ("brokers", "epoch", "index", "start")

    def __init__(self) -> None:
        self.brokers: list[int] = []
        self.start = 0
        self.index = 0
        self.epoch = 0

    def begin(self, start: int) -> None:
        self.brokers.sort()
        if self.brokers:
            self.start = start % len(self.brokers)

    def deal(self, epoch: int) -> int:
        size = len(self.brokers)
        if self.epoch != epoch and size:
            self.epoch = epoch
            self.index = 0
            self.start = (self.start + 1) % size
        if self.index >= size:
            return -1
        broker = self.brokers[(self.index + self.start) % size]
        self.index += 1
        return broker


class _Rack:
    __slots__ = ("fenced", "unfenced")

    def __init__(self) -> None:
        self.fenced = _Ring()
        self.unfenced = _Ring()

    def deal(self, epoch: int) -> int:
        broker = self.unfenced.deal(epoch)
        return broker if broker >= 0 else self.fenced.deal(epoch)


class _Racks:
    """All racks, dealing the replicas of one partition after another."""

    def __init__(self, rng: random.Random, brokers: Sequence[UsableBroker], start: int) -> None:
        self._rng = rng
        self._racks: dict[str | None, _Rack] = {}
        self.unfenced_count = 0
        self.total_count = 0
        for broker in brokers:
            rack = self._racks.setdefault(broker.rack, _Rack())
            (rack.fenced if broker.is_fenced else rack.unfenced).brokers.append(broker.id)
            self.unfenced_count += not broker.is_fenced
            self.total_count += 1
        self._order = [self._racks[name] for name in sorted(self._racks, key=lambda rack: rack or "")]
        for rack in self._order:
            rack.fenced.begin(start // len(self._order))
            rack.unfenced.begin(start // len(self._order))
        self._first = start % len(self._order) if self._order else 0
        self._epoch = 0

    def deal(self, replication_factor: int) -> tuple[int, ...]:
        if self._epoch == self.unfenced_count and self.unfenced_count > 1:
            self._shuffle()
            self._epoch = 0
        order, size, epoch = self._order, len(self._order), self._epoch
        leading = self._first
        while (broker := order[leading].unfenced.deal(epoch)) < 0:
            leading = (leading + 1) % size
        brokers = [broker]
        at = self._first
        while len(brokers) < replication_factor:
            # The leader's rack had its turn already in the first round.
            if at == leading:
                leading = -1
            elif (broker := order[at].deal(epoch)) >= 0:
                brokers.append(broker)
            at = (at + 1) % size
        self._epoch += 1
        self._first = (self._first + 1) % size
        return tuple(brokers)

    def _shuffle(self) -> None:
        self._rng.shuffle(self._order)
        for rack in self._order:
            self._rng.shuffle(rack.fenced.brokers)
            self._rng.shuffle(rack.unfenced.brokers)


class Placer:
    """Places new partitions, evenly over all topics that it ever placed.

    Args:
        rng: the cluster's seeded source of randomness.
    """

    def __init__(self, rng: random.Random, catalog: Catalog = NEWEST) -> None:
        self._rng = rng
        self._catalog = catalog
        self._placed: int | None = None

    def place(
        self, partitions: int, replication_factor: int, brokers: Sequence[UsableBroker]
    ) -> list[tuple[int, ...]]:
        """Choose the replicas of each of `partitions` new partitions, its leader-to-be first.

        Raises:
            KafkaError: INVALID_REPLICATION_FACTOR, with Kafka's reason.
        """
        if len(brokers) == replication_factor == 1 and not brokers[0].is_fenced:
            return [(brokers[0].id,)] * partitions
        if self._placed is None:
            self._placed = self._rng.randrange(1 << 16)
        racks = _Racks(self._rng, brokers, self._placed)
        _check(replication_factor, racks, self._catalog)
        self._placed += partitions
        return [racks.deal(replication_factor) for _ in range(partitions)]


def _check(replication_factor: int, racks: _Racks, catalog: Catalog) -> None:
    knows_cordons = not catalog.is_before("4.3")
    cordoned = " or some brokers have all their log directories cordoned" if knows_cordons else ""
    reason = None
    if replication_factor <= 0:
        reason = f"Invalid replication factor {replication_factor}: the replication factor must be positive."
    elif catalog.is_before("3.0"):
        if replication_factor > racks.total_count:
            reason = f"Replication factor: {replication_factor} larger than available brokers: {racks.total_count}."
    elif racks.unfenced_count == 0:
        also = ", or have all their log directories cordoned" if knows_cordons else ""
        reason = f"All brokers are currently fenced{also}."
    elif replication_factor > racks.total_count:
        reason = (
            f"The target replication factor of {replication_factor} cannot be reached because only "
            f"{racks.total_count} broker(s) are registered{cordoned}."
        )
    if reason is not None:
        raise KafkaError(ErrorCode.INVALID_REPLICATION_FACTOR, reason)
