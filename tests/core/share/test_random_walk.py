"""Members that fetch, acknowledge, and fall silent, and leaders that change; what must hold whatever they do."""

from __future__ import annotations

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from mockbroker.core import brokers
from mockbroker.core.share.acknowledgement import release_member
from mockbroker.core.share.acquisition import AcquireMode
from mockbroker.core.share.in_flight import RecordState
from mockbroker.core.share.share_partition import SharePartition
from protocol_specs.errors import KafkaError
from tests.core.share.bench import ShareBench

LIMIT = 3
#: Gap, accept, release, reject, renew; most are accepted.
KINDS = st.sampled_from((0, 1, 1, 1, 2, 2, 3, 4))

members = st.sampled_from(("m1", "m2", "m3"))


class Walk(RuleBasedStateMachine):
    """What the steps should add up to.

    Attributes:
        is_done: whether a record that was delivered may not be delivered again.
        deliveries: how often a record was delivered, as far as the present leader knows.
        held: who has which record now.
    """

    def __init__(self) -> None:
        super().__init__()
        self.is_done: dict[int, bool] = {}
        self.deliveries: dict[int, int] = {}
        self.held: dict[int, str] = {}
        self.start = 0
        self.produced = 0

    @initialize(count=st.sampled_from((1, 3)))
    def begin(self, count: int) -> None:
        self.bench = ShareBench(
            count, share_delivery_count_limit=str(LIMIT), share_partition_max_record_locks="100"
        )

    def partition(self) -> SharePartition | None:
        partition = self.bench.shared.get(self.bench.broker, self.bench.key)
        return partition if partition is not None and partition.is_active else None

    def drop(self, offset: int, *, is_done: bool) -> None:
        """Nobody has a record any more."""
        del self.held[offset]
        self.is_done[offset] = is_done or self.deliveries[offset] >= LIMIT

    # What members do.

    @rule(sizes=st.lists(st.integers(1, 8), min_size=1, max_size=3))
    def produce(self, sizes: list[int]) -> None:
        self.bench.produce(*sizes)
        self.produced += sum(sizes)

    @precondition(lambda self: self.produced)
    @rule(
        member_id=members,
        limit=st.integers(1, 29),
        mode=st.sampled_from(AcquireMode),
        batch_size=st.integers(1, 11),
    )
    def fetch(self, member_id: str, limit: int, mode: AcquireMode, batch_size: int) -> None:
        acquired = self.bench.acquire(member_id, records=limit, mode=mode, batch_size=batch_size)
        offsets = [offset for first, last, _ in acquired for offset in range(first, last + 1)]
        assert offsets == sorted(set(offsets))
        assert mode is AcquireMode.BATCH_OPTIMIZED or len(offsets) <= limit
        for first, last, count in acquired:
            for offset in range(first, last + 1):
                assert not self.is_done.get(offset), f"{offset} was delivered though it was done with"
                assert offset not in self.held, f"{offset} was delivered to two"
                self.held[offset] = member_id
                assert self.deliveries.get(offset, 0) < count <= LIMIT
                self.deliveries[offset] = count

    @precondition(lambda self: self.held)
    @rule(data=st.data(), each=st.booleans())
    def acknowledge(self, data: st.DataObject, each: bool) -> None:
        """Acknowledge consecutive records of one member, each in its own way or all alike."""
        first = data.draw(st.sampled_from(sorted(self.held)))
        member_id = self.held[first]
        most = next(at for at in range(first, first + 1000) if self.held.get(at + 1) != member_id)
        last = data.draw(st.integers(first, most))
        count = last - first + 1
        kinds: list[int] = data.draw(st.lists(KINDS, min_size=count, max_size=count))
        if not each:
            kinds = kinds[:1] * count
        self.bench.acknowledge((first, last, kinds if each else kinds[0]), member_id=member_id)
        for offset, kind in enumerate(kinds, first):
            if kind != 4:
                self.drop(offset, is_done=kind != 2)

    @precondition(lambda self: self.produced)
    @rule(member_id=members, first=st.integers(0, 30), count=st.integers(1, 5), kind=KINDS)
    def acknowledge_what_is_not_its(self, member_id: str, first: int, count: int, kind: int) -> None:
        """One record that it does not have is enough: then nothing is acknowledged. What lies before the start is
        passed over."""
        offsets = range(first, first + count)
        if all(self.held.get(offset) == member_id for offset in offsets) or offsets[-1] < self.start:
            return
        before = self.partition() and self.bench.states_of()
        refused = self.bench.acknowledging((first, offsets[-1], kind), member_id=member_id)
        if isinstance(refused, KafkaError):
            assert (self.partition() and self.bench.states_of()) == before
            return
        assert first < self.start
        for offset in range(self.start, offsets[-1] + 1):
            assert self.held.get(offset) == member_id, f"{offset} was not its own"
            if kind != 4:
                self.drop(offset, is_done=kind != 2)

    @rule(member_id=members)
    def leave(self, member_id: str) -> None:
        partition = self.partition()
        if partition is None:
            return

        def done(error: KafkaError | None) -> None:
            assert error is None

        release_member(partition, member_id, done)
        for offset in [offset for offset, holder in self.held.items() if holder == member_id]:
            self.drop(offset, is_done=False)

    # What else happens.

    @rule(seconds=st.sampled_from((1, 5, 31)))
    def wait(self, seconds: int) -> None:
        self.bench.cluster.clock.advance(seconds)
        if self.partition() is None:
            return
        states = self.bench.states_of()
        for offset in list(self.held):
            if not states.get(offset, "").startswith("ACQUIRED"):
                self.drop(offset, is_done=False)

    @precondition(lambda self: len(self.bench.log.isr) > 1)
    @rule(data=st.data())
    def move_leader(self, data: st.DataObject) -> None:
        others = [id for id in self.bench.log.isr if id != self.bench.broker]
        self.bench.broker = data.draw(st.sampled_from(others))
        brokers.move_leader(self.bench.cluster, "orders", 0, self.bench.broker)
        # Deliveries that were not acknowledged are not known to the new leader.
        self.held.clear()
        self.deliveries.clear()
        self.start = 0

    # What must hold.

    @invariant()
    def all_before_the_start_is_done_with(self) -> None:
        partition = self.partition()
        if partition is None:
            return
        assert partition.start_offset >= self.start
        self.start = partition.start_offset
        assert all(self.is_done.get(offset) for offset in range(self.start))

    @invariant()
    def states_are_as_they_should_be(self) -> None:
        partition = self.partition()
        if partition is None:
            return
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

    @invariant()
    def the_next_fetch_begins_at_what_is_free(self) -> None:
        partition = self.partition()
        if partition is None or partition.gap is not None or not partition.in_flight:
            return
        last = max(batch.last_offset for batch in partition.in_flight)
        free = [
            offset
            for offset in range(self.start, last + 1)
            if not self.is_done.get(offset) and offset not in self.held
        ]
        if free:
            assert partition.next_fetch_offset() == free[0]

    def teardown(self) -> None:
        """Left alone, everything is delivered in the end, and what was done with never again."""
        if not hasattr(self, "bench"):
            return
        self.bench.cluster.clock.advance(31)
        for offset in list(self.held):
            self.drop(offset, is_done=False)
        for _ in range(200):
            acquired = self.bench.acquire("m1")
            if not acquired:
                break
            for first, last, _ in acquired:
                assert not any(self.is_done.get(offset) for offset in range(first, last + 1))
                self.bench.acknowledge((first, last, 1))
        if self.produced:
            assert self.bench.window == (self.produced, self.produced)
            assert self.bench.partition.delivery_complete_count == 0


Walk.TestCase.settings = settings(max_examples=60, stateful_step_count=50, deadline=None)
TestWalk = Walk.TestCase
