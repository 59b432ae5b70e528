"""Members that fetch, acknowledge, and fall silent at random; what must hold whatever they do."""

from __future__ import annotations

import random

import pytest

from mockbroker.core import brokers
from mockbroker.core.share.acknowledgement import release_member
from mockbroker.core.share.acquisition import AcquireMode
from mockbroker.core.share.in_flight import RecordState
from protocol_specs.errors import KafkaError
from tests.core.share.bench import ShareBench

MEMBERS = ("m1", "m2", "m3")
LIMIT = 3


class Walk:
    """Random steps, and what they should add up to."""

    def __init__(self, seed: int, *, brokers: int = 1) -> None:
        self.rng = random.Random(seed)
        self.bench = ShareBench(
            brokers, share_delivery_count_limit=str(LIMIT), share_partition_max_record_locks="100"
        )
        self.is_done: dict[int, bool] = {}
        self.deliveries: dict[int, int] = {}
        self.held: dict[int, str] = {}
        self.start = 0
        self.produced = 0

    def step(self) -> None:
        steps = [
            self.produce,
            self.fetch,
            self.fetch,
            self.acknowledge,
            self.acknowledge,
            self.wait,
            self.leave,
        ]
        self.rng.choice(steps)()
        self.check()

    def produce(self) -> None:
        for _ in range(self.rng.randrange(1, 4)):
            size = self.rng.randrange(1, 9)
            self.bench.produce(size)
            self.produced += size

    def fetch(self) -> None:
        member_id = self.rng.choice(MEMBERS)
        limit = self.rng.randrange(1, 30)
        mode = self.rng.choice(list(AcquireMode))
        acquired = self.bench.acquire(
            member_id, records=limit, mode=mode, batch_size=self.rng.randrange(1, 12)
        )
        offsets = [offset for first, last, _ in acquired for offset in range(first, last + 1)]
        assert offsets == sorted(set(offsets))
        assert mode is AcquireMode.BATCH_OPTIMIZED or len(offsets) <= limit
        for first, last, count in acquired:
            for offset in range(first, last + 1):
                assert not self.is_done.get(offset), f"{offset} was delivered though it was done with"
                assert offset not in self.held, f"{offset} was delivered to two"
                self.held[offset] = member_id
                assert count > self.deliveries.get(offset, 0)
                self.deliveries[offset] = count
                assert count <= LIMIT

    def acknowledge(self) -> None:
        member_id = self.rng.choice(MEMBERS)
        mine = sorted(offset for offset, holder in self.held.items() if holder == member_id)
        if not mine:
            return
        first = self.rng.choice(mine)
        last = first
        while last + 1 in mine and self.rng.random() < 0.8:
            last += 1
        kinds = [self.rng.choice((0, 1, 1, 1, 2, 2, 3, 4)) for _ in range(first, last + 1)]
        if self.rng.random() < 0.5:
            self.bench.acknowledge((first, last, kinds[0]), member_id=member_id)
            kinds = kinds[:1] * (last - first + 1)
        else:
            self.bench.acknowledge((first, last, kinds), member_id=member_id)
        for offset, kind in enumerate(kinds, first):
            if kind != 4:
                del self.held[offset]
                self.is_done[offset] = kind != 2 or self.deliveries[offset] >= LIMIT

    def wait(self) -> None:
        self.bench.cluster.clock.advance(self.rng.choice((1, 5, 31)))
        if self.bench.shared.get(self.bench.broker, self.bench.key) is None:
            return
        states = self.bench.states_of()
        for offset in list(self.held):
            if not states.get(offset, "").startswith("ACQUIRED"):
                self.is_done[offset] = self.deliveries[offset] >= LIMIT
                del self.held[offset]

    def leave(self) -> None:
        member_id = self.rng.choice(MEMBERS)
        partition = self.bench.shared.get(self.bench.broker, self.bench.key)
        if partition is None or self.rng.random() < 0.7:
            return

        def done(error: KafkaError | None) -> None:
            assert error is None

        release_member(partition, member_id, done)
        for offset in [offset for offset, holder in self.held.items() if holder == member_id]:
            self.is_done[offset] = self.deliveries[offset] >= LIMIT
            del self.held[offset]

    def move_leader(self) -> None:
        other = self.rng.choice([id for id in self.bench.log.isr if id != self.bench.broker])
        brokers.move_leader(self.bench.cluster, "orders", 0, other)
        self.bench.broker = other
        # Deliveries that were not acknowledged are not known to the new leader.
        self.held.clear()
        self.deliveries.clear()
        self.start = 0

    def check(self) -> None:
        partition = self.bench.shared.get(self.bench.broker, self.bench.key)
        if partition is None or not partition.is_active:
            return
        assert partition.start_offset >= self.start
        self.start = partition.start_offset
        assert all(self.is_done.get(offset) for offset in range(self.start))
        done = 0
        previous = -1
        for batch in partition.in_flight:
            assert batch.first_offset > previous
            previous = batch.last_offset
            for offset in range(batch.first_offset, batch.last_offset + 1):
                state = batch.state_at(offset)
                assert not state.is_changing
                assert (state.lock is not None) == (state.state is RecordState.ACQUIRED)
                if offset >= partition.start_offset:
                    done += state.state.is_terminal
                    assert state.state.is_terminal == self.is_done.get(offset, False)
                    assert state.member_id == self.held.get(offset, "")
        assert partition.delivery_complete_count == done
        if partition.in_flight:
            assert partition.end_offset == previous
        first = partition.next_fetch_offset()
        waiting = [
            offset
            for offset in range(self.start, partition.end_offset + 1)
            if partition.in_flight
            and not self.is_done.get(offset)
            and offset not in self.held
            and offset <= previous
        ]
        if waiting and partition.gap is None:
            assert first == waiting[0]


@pytest.mark.parametrize("seed", range(12))
def test_one_leader(seed: int) -> None:
    walk = Walk(seed)
    for _ in range(120):
        walk.step()
    assert any(walk.is_done.values())


@pytest.mark.parametrize("seed", range(6))
def test_leaders_that_change(seed: int) -> None:
    walk = Walk(seed, brokers=3)
    for number in range(1, 121):
        walk.step()
        if number in (30, 60, 90):
            walk.move_leader()
    assert any(walk.is_done.values())


@pytest.mark.parametrize("seed", range(6))
def test_all_is_delivered_in_the_end(seed: int) -> None:
    walk = Walk(seed)
    for _ in range(60):
        walk.step()
    walk.bench.cluster.clock.advance(31)
    walk.held.clear()
    for _ in range(2000):
        acquired = walk.bench.acquire("m1")
        if not acquired:
            break
        for first, last, _ in acquired:
            walk.bench.acknowledge((first, last, 1))
    assert walk.bench.window == (walk.produced, walk.produced)
    assert walk.bench.partition.delivery_complete_count == 0
