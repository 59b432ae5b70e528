"""Producers old and new commit, abort, crash, time out and come back, while brokers move: exactly once all the same.

What must hold: a read_committed reader sees each committed record once, in its partition's order, and no aborted one; a
producer that was replaced stays fenced; what the coordinator knows is what its log says.
"""

from __future__ import annotations

from typing import Any

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from mockbroker.core.brokers import move_leader, start, stop
from mockbroker.core.compaction import compact
from mockbroker.core.transactions.metadata import MAX_EPOCH, TransactionMetadata
from mockbroker.core.transactions.outcome import Producer
from mockbroker.core.transactions.verification import Demand
from protocol_specs.errors import ErrorCode
from tests.core.transactions.bench import Bench

NAMES = ("old", "new")
#: whose clients speak transaction.version 2. No id has clients of both kinds: a retry of the one cannot be told from
#: the present epoch of the other, in Kafka neither.
BUMPS = ("new",)
PARTITIONS = (("orders", 0), ("orders", 1), ("payments", 0))

#: What an instance gets whose transaction timed out; the third where that used up the epochs of its producer id.
_ENDED_FOR_IT = (
    ErrorCode.PRODUCER_FENCED,
    ErrorCode.INVALID_TXN_STATE,
    ErrorCode.INVALID_PRODUCER_ID_MAPPING,
)
names = st.sampled_from(NAMES)
places = st.sampled_from(PARTITIONS)
brokers = st.sampled_from((1, 2, 3))


class Instance:
    """One life of a producer, as its client knows it."""

    def __init__(self, producer: Producer, bumps: bool) -> None:
        self.producer = producer
        #: whether it speaks transaction.version 2.
        self.bumps = bumps
        self.sequences: dict[tuple[str, int], int] = {}
        self.added: set[tuple[str, int]] = set()
        #: what it wrote in its open transaction.
        self.written: list[bytes] = []
        self.is_dead = False


class ExactlyOnce(RuleBasedStateMachine):
    def __init__(self) -> None:
        super().__init__()
        self.bench = Bench(brokers=3)
        self.present: dict[str, Instance] = {}
        self.replaced: list[Instance] = []
        self.committed: set[bytes] = set()
        self.given_up: set[bytes] = set()
        self.in_order: dict[tuple[str, int], list[bytes]] = {place: [] for place in PARTITIONS}
        self.count = 0

    # Producers

    @rule(name=names)
    def come(self, name: str) -> None:
        """A new producer takes over; what the old one left open is aborted."""
        outcome = self.bench.init(name)
        if outcome.code is ErrorCode.CONCURRENT_TRANSACTIONS:
            outcome = self.bench.init(name)
        if outcome.code is not ErrorCode.NONE:
            assert outcome.code is ErrorCode.CONCURRENT_TRANSACTIONS
            return
        old = self.present.get(name)
        if old is not None:
            self.replaced.append(old)
            self.given_up.update(old.written)
        producer = Producer(name, outcome.producer_id, outcome.producer_epoch)
        self.present[name] = Instance(producer, name in BUMPS)

    @rule(name=names)
    def near_the_last_epoch(self, name: str) -> None:
        """Let the epochs of an id run out soon."""
        transaction = self.bench.transactions.log.find(name)
        if name in self.present or (transaction is not None and transaction.pending is not None):
            return
        self.bench.init(name)
        self.bench.set_epoch(MAX_EPOCH - 4, name)

    @rule(name=names, place=places)
    def write(self, name: str, place: tuple[str, int]) -> None:
        instance = self.present.get(name)
        if instance is None or instance.is_dead:
            return
        if not instance.bumps and place not in instance.added:
            if self.bench.add(instance.producer, place, version=0) is not ErrorCode.NONE:
                return
            instance.added.add(place)
        self.count += 1
        value = b"%s-%d" % (name.encode(), self.count)
        sequence = instance.sequences.get(place, 0)
        demand = Demand.ADD_PARTITION if instance.bumps else Demand.VERIFY_ONLY
        code = self._produce(instance.producer, value, place, sequence, demand)
        if code is ErrorCode.NONE:
            instance.sequences[place] = sequence + 1
            instance.written.append(value)
            self.in_order[place].append(value)

    def _produce(
        self, producer: Producer, value: bytes, place: tuple[str, int], sequence: int, demand: Demand
    ) -> ErrorCode | None:
        partition = self.bench.partition(*place)
        node = self.bench.cluster.nodes[partition.leader]
        verdicts: Any = self.bench.core.verifier.check(node, producer, {partition: sequence}, demand)
        if not isinstance(verdicts, dict):
            # The end of the transaction before is still being written: the client gives up.
            self.bench.clock.advance(0.2)
            return None
        return self.bench.produce(
            producer, value, topic=place[0], index=place[1], sequence=sequence, demand=demand
        )

    @rule(name=names, commit=st.booleans())
    def end(self, name: str, commit: bool) -> None:
        instance = self.present.get(name)
        if instance is None or instance.is_dead or not (instance.written or instance.bumps):
            return
        outcome = self.bench.end(instance.producer, commit, 2 if instance.bumps else 0)
        if outcome.code is ErrorCode.CONCURRENT_TRANSACTIONS:
            return
        if outcome.code is not ErrorCode.NONE:
            # It timed out, or there was nothing to commit.
            assert outcome.code in _ENDED_FOR_IT
            assert not (commit and instance.written) or self._has_timed_out(name)
            instance.is_dead = bool(instance.written)
            return
        (self.committed if commit else self.given_up).update(instance.written)
        instance.written = []
        instance.added = set()
        if instance.bumps:
            instance.producer = Producer(name, outcome.producer_id, outcome.producer_epoch)
            instance.sequences = {}

    def _has_timed_out(self, name: str) -> bool:
        return (
            self.bench.metadata(name).producer_epoch != self.present[name].producer.producer_epoch
            or not self.present[name].bumps
        )

    @precondition(lambda self: self.replaced)
    @rule(data=st.data(), place=places, commit=st.booleans())
    def come_back_from_the_dead(self, data: st.DataObject, place: tuple[str, int], commit: bool) -> None:
        """A producer that was replaced gets nowhere."""
        zombie = data.draw(st.sampled_from(self.replaced))
        version = 2 if zombie.bumps else 0
        demand = Demand.ADD_PARTITION if zombie.bumps else Demand.VERIFY_ONLY
        assert self.bench.end(zombie.producer, commit, version).code is not ErrorCode.NONE
        assert self.bench.add(zombie.producer, place, version=version) is not ErrorCode.NONE
        sequence = zombie.sequences.get(place, 0)
        assert self._produce(zombie.producer, b"zombie", place, sequence, demand) is not ErrorCode.NONE

    # The world

    @rule(seconds=st.sampled_from((0.5, 20, 75)))
    def wait(self, seconds: float) -> None:
        self.bench.clock.advance(seconds)

    @rule(name=names, to=brokers)
    def move_coordinator(self, name: str, to: int) -> None:
        index = self.bench.transactions.log.partition_index(name)
        if to in self.bench.partition("__transaction_state", index).isr:
            move_leader(self.bench.cluster, "__transaction_state", index, to)

    @rule(broker=brokers)
    def restart(self, broker: int) -> None:
        self.resume()
        stop(self.bench.cluster, broker)
        start(self.bench.cluster, broker)
        self.bench.core.waiting.flush()

    @rule(name=names, place=places, commit=st.booleans())
    def end_but_not_everywhere(self, name: str, place: tuple[str, int], commit: bool) -> None:
        """From now on markers in this partition wait."""
        self.bench.partition(*place).pause()
        self.end(name, commit)

    @rule()
    def resume(self) -> None:
        for place in PARTITIONS:
            self.bench.partition(*place).resume()
        self.bench.core.waiting.flush()

    @rule(name=names)
    def compact(self, name: str) -> None:
        index = self.bench.transactions.log.partition_index(name)
        partition = self.bench.partition("__transaction_state", index)
        for log in partition.logs.values():
            log.roll()
            compact(log, self.bench.clock.now_ms)

    # What must hold

    @invariant()
    def nobody_reads_what_is_not_committed_or_reads_it_twice(self) -> None:
        for place in PARTITIONS:
            seen = self.bench.read_committed(*place)
            expected = [value for value in self.in_order[place] if value in self.committed]
            assert seen == expected[: len(seen)]

    @invariant()
    def the_table_is_what_the_log_adds_up_to(self) -> None:
        log = self.bench.transactions.log
        known = {
            (shard.node_id, name): transaction.metadata
            for shard in log.shards()
            for name, transaction in shard.transactions.items()
            if transaction.pending is None and transaction.metadata.producer_epoch != -1
        }
        shards, log._shards = log._shards, {}
        on_load, log.on_load = log.on_load, lambda shard: None
        try:
            loaded = {
                (shard.node_id, name): transaction.metadata
                for shard in log.shards()
                for name, transaction in shard.transactions.items()
            }
        finally:
            log._shards, log.on_load = shards, on_load
        for key, metadata in known.items():
            assert _comparable(loaded[key]) == _comparable(metadata)

    def teardown(self) -> None:
        """When everything has come to rest, everything committed is there."""
        self.resume()
        for name in NAMES:
            codes = [self.bench.init(name).code for _ in range(2)]
            assert codes[-1] is ErrorCode.NONE
        for place in PARTITIONS:
            expected = [value for value in self.in_order[place] if value in self.committed]
            assert self.bench.read_committed(*place) == expected
            partition = self.bench.partition(*place)
            assert partition.last_stable_offset == partition.log_end_offset


def _comparable(metadata: TransactionMetadata) -> TransactionMetadata:
    """Without what is not in the log, and with the partitions in an order of their own."""
    return metadata._replace(last_producer_epoch=-1, partitions=tuple(sorted(metadata.partitions)))


ExactlyOnce.TestCase.settings = settings(max_examples=25, stateful_step_count=40, deadline=None)
TestExactlyOnce = ExactlyOnce.TestCase
