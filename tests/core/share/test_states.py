"""The share coordinator: what it keeps, what it refuses, and what it writes to `__share_group_state`."""

from __future__ import annotations

from typing import Any

import pytest

from mockbroker.core import brokers
from mockbroker.core.cluster import Cluster
from mockbroker.core.replicas import Partition
from mockbroker.core.share.keys import SharePartitionKey
from mockbroker.core.share.state_batches import StateBatch
from mockbroker.core.share.state_records import LogRecord, ShareState, decode
from mockbroker.core.share.state_shard import StateResult
from mockbroker.core.share.states import ShareStates
from mockbroker.core.waiting import Pending
from protocol_specs.errors import ErrorCode, KafkaError
from protocol_specs.record_batch import Record, build_batch, records_of
from tests.core.clusters import START, make_cluster

OK = StateResult()
NOW_MS = int(START * 1000)


class Bench:
    """A cluster with a topic "orders" and its share coordinators; `key` is partition 0 for the group "g"."""

    def __init__(self, brokers: int = 1, **settings: Any) -> None:
        self.cluster: Cluster = make_cluster(brokers, **settings)
        self.topic = self.cluster.create_topic("orders", partitions=2)
        self.states = ShareStates(self.cluster)
        self.key = SharePartitionKey("g", self.topic.id, 0)
        self.broker = self.states.coordinator_of(self.key)

    @property
    def home(self) -> Partition:
        return self.cluster.topics["__share_group_state"].partitions[self.states.partition_for(self.key)]

    def initialize(self, state_epoch: int = 0, start_offset: int = -1, **at: Any) -> Any:
        return self.states.initialize(self.broker, at.get("key", self.key), state_epoch, start_offset)

    def read(self, leader_epoch: int = -1) -> Any:
        return self.states.read(self.broker, self.key, leader_epoch)

    def write(
        self,
        *batches: StateBatch,
        start: int = -1,
        done: int = 0,
        state_epoch: int = 0,
        leader_epoch: int = 0,
    ) -> Any:
        change = ShareState(start_offset=start, delivery_complete_count=done, batches=batches)
        return self.states.write(self.broker, self.key, state_epoch, leader_epoch, change)

    def summary(self) -> ShareState:
        result = self.states.summarize(self.broker, self.key)
        assert isinstance(result, StateResult)
        assert not result.error_code
        return result.state

    def log(self) -> list[LogRecord]:
        records = [r for batch in self.home.log.batches() for r in records_of(batch.view)]
        return [decoded for record in records if (decoded := decode(record)) is not None]


def test_the_topic_is_made_when_a_coordinator_is_looked_for() -> None:
    cluster = make_cluster(3)
    states = ShareStates(cluster)
    key = SharePartitionKey("g", bytes(16), 0)
    assert states.read(1, key, -1) == StateResult(
        ErrorCode.NOT_COORDINATOR, "Unable to read share group state: This is not the correct coordinator."
    )

    broker = states.find_coordinator("g:AAAAAAAAAAAAAAAAAAAAAA:0")

    topic = cluster.topics["__share_group_state"]
    assert (len(topic.partitions), topic.replication_factor, topic.is_internal) == (50, 3, True)
    assert topic.overrides["cleanup.policy"] == "delete"
    assert topic.overrides["retention.ms"] == "-1"
    assert broker == topic.partitions[states.partition_for(key)].leader


def test_no_coordinator_while_nobody_leads() -> None:
    bench = Bench()
    brokers.stop(bench.cluster, bench.broker)
    with pytest.raises(KafkaError, match="COORDINATOR_NOT_AVAILABLE"):
        bench.states.coordinator_of(bench.key)


def test_a_share_partition_begins_with_nothing_known() -> None:
    bench = Bench()

    assert bench.initialize(state_epoch=3) == OK

    state = ShareState(state_epoch=3, created_ms=NOW_MS, written_ms=NOW_MS)
    assert bench.read() == StateResult(state=state)
    assert bench.log() == [LogRecord(bench.key, state)]


def test_a_share_partition_begins_where_it_is_told_to() -> None:
    bench = Bench()
    bench.initialize(start_offset=10)
    assert bench.summary() == ShareState(
        start_offset=10, delivery_complete_count=0, created_ms=NOW_MS, written_ms=NOW_MS
    )


def test_a_new_initialization_forgets_what_was_before() -> None:
    bench = Bench()
    bench.initialize(state_epoch=1, start_offset=0)
    bench.write(StateBatch(0, 4, 1, 2), start=0, done=5, state_epoch=1)

    assert bench.initialize(state_epoch=2, start_offset=20) == OK

    state = bench.summary()
    assert (state.snapshot_epoch, state.state_epoch, state.start_offset, state.batches) == (1, 2, 20, ())


def test_writes_add_up() -> None:
    bench = Bench()
    bench.initialize()
    assert bench.write(StateBatch(0, 9, 1, 0), start=0) == OK
    assert bench.write(StateBatch(2, 3, 1, 2), StateBatch(4, 4, 1, 2), done=3) == OK

    assert bench.read().state.batches == (
        StateBatch(0, 1, 1, 0),
        StateBatch(2, 4, 1, 2),
        StateBatch(5, 9, 1, 0),
    )
    assert (bench.summary().start_offset, bench.summary().delivery_complete_count) == (0, 3)
    first, second = bench.log()[1:]
    assert first == LogRecord(
        bench.key,
        ShareState(start_offset=0, delivery_complete_count=0, batches=(StateBatch(0, 9, 1, 0),)),
        is_update=True,
    )
    # Neighbours in one request are written as one.
    assert second.state is not None
    assert second.state.batches == (StateBatch(2, 4, 1, 2),)

    bench.write(start=5, done=0)
    assert bench.read().state.batches == (StateBatch(5, 9, 1, 0),)


def test_after_enough_updates_comes_a_snapshot() -> None:
    bench = Bench(**{"share.coordinator.snapshot.update.records.per.snapshot": 2})
    bench.initialize()
    for offset in range(6):
        bench.write(StateBatch(offset, offset, offset + 1, 0), start=0, done=offset)

    kinds = ["update" if record.is_update else "snapshot" for record in bench.log()]
    assert kinds == ["snapshot", "update", "update", "snapshot", "update", "update", "snapshot"]
    last = bench.log()[-1].state
    assert last is not None
    assert (last.snapshot_epoch, last.delivery_complete_count, len(last.batches)) == (2, 5, 6)


def test_a_read_with_a_new_leader_epoch_is_written_down() -> None:
    bench = Bench()
    bench.initialize()
    bench.write(StateBatch(0, 9, 1, 0), start=0, done=2)
    written = len(bench.log())

    assert bench.read(leader_epoch=4).state.leader_epoch == 0

    assert bench.log()[written:] == [
        LogRecord(
            bench.key,
            ShareState(leader_epoch=4, start_offset=0, delivery_complete_count=2),
            is_update=True,
        )
    ]
    assert bench.read(leader_epoch=4).state.leader_epoch == 4
    assert bench.read().state.leader_epoch == 4
    assert len(bench.log()) == written + 1
    assert bench.read(leader_epoch=3).error_code is ErrorCode.FENCED_LEADER_EPOCH
    assert bench.write(leader_epoch=3).error_code is ErrorCode.FENCED_LEADER_EPOCH
    # A write does not raise it.
    assert bench.write(leader_epoch=9) == OK
    assert bench.read(leader_epoch=4) == bench.read()


@pytest.mark.parametrize("operation", ["write", "initialize"])
def test_an_older_state_epoch_is_fenced(operation: str) -> None:
    bench = Bench()
    bench.initialize(state_epoch=5)

    refused = getattr(bench, operation)(state_epoch=4)

    assert refused == StateResult(ErrorCode.FENCED_STATE_EPOCH, ErrorCode.FENCED_STATE_EPOCH.message)
    assert getattr(bench, operation)(state_epoch=-1) == OK


def test_what_was_not_initialized_is_neither_read_nor_written() -> None:
    bench = Bench()
    text = "{} operation on uninitialized share partition not allowed."
    assert bench.read() == StateResult(ErrorCode.INVALID_REQUEST, text.format("Read"))
    assert bench.write() == StateResult(ErrorCode.INVALID_REQUEST, text.format("Write"))
    assert bench.states.delete(bench.broker, bench.key) == OK
    assert bench.summary() == ShareState()
    assert bench.log() == []


def test_topics_and_partitions_must_exist() -> None:
    bench = Bench()
    for key in (bench.key._replace(topic_id=bytes(16)), bench.key._replace(partition=2)):
        broker = bench.states.coordinator_of(key)
        unknown = ErrorCode.UNKNOWN_TOPIC_OR_PARTITION
        refused = StateResult(unknown, unknown.message)
        assert bench.states.initialize(broker, key, 0, 0) == refused
        assert bench.states.delete(broker, key) == refused
        assert bench.states.summarize(broker, key) == refused
    negative = bench.key._replace(partition=-1)
    assert bench.states.initialize(bench.broker, negative, 0, 0) == StateResult(
        ErrorCode.INVALID_REQUEST, "The partition id cannot be a negative number."
    )


def test_deletion_is_a_tombstone() -> None:
    bench = Bench()
    bench.initialize(state_epoch=7)
    assert bench.states.delete(bench.broker, bench.key) == OK
    assert bench.log()[-1] == LogRecord(bench.key, None)
    assert bench.read().error_code is ErrorCode.INVALID_REQUEST
    # Its epochs are forgotten, too.
    assert bench.initialize(state_epoch=0) == OK
    assert bench.summary().snapshot_epoch == 0


def test_a_deleted_topic_takes_its_state_with_it() -> None:
    bench = Bench()
    bench.initialize()
    bench.cluster.delete_topic("orders")
    assert bench.log()[-1] == LogRecord(bench.key, None)


def test_the_state_survives_a_move() -> None:
    bench = Bench(3)
    bench.initialize(state_epoch=2, start_offset=5)
    bench.write(StateBatch(5, 9, 1, 2), start=5, done=5, state_epoch=2)
    bench.read(leader_epoch=6)
    before = bench.summary()
    old = bench.broker
    other = next(id for id in bench.home.isr if id != old)

    brokers.move_leader(bench.cluster, "__share_group_state", bench.home.index, other)

    assert bench.read().error_code is ErrorCode.NOT_COORDINATOR
    bench.broker = bench.states.coordinator_of(bench.key)
    assert bench.broker == other
    assert bench.summary() == before
    assert bench.read(leader_epoch=5).error_code is ErrorCode.FENCED_LEADER_EPOCH


def test_an_answer_waits_for_the_replicas() -> None:
    bench = Bench(3)
    bench.initialize()
    bench.home.pause()

    pending = bench.write(start=3)
    refused = bench.write(state_epoch=-5, leader_epoch=-2)

    assert isinstance(pending, Pending)
    assert isinstance(refused, Pending)
    assert (pending.is_settled, refused.is_settled) == (False, False)
    bench.home.resume()
    bench.cluster.waiting.flush()
    assert pending.reply == OK
    assert refused.reply.error_code is ErrorCode.FENCED_LEADER_EPOCH


def test_a_write_that_is_not_replicated_in_time_has_failed() -> None:
    bench = Bench(3)
    bench.initialize()
    bench.home.pause()
    pending = bench.write(start=3)
    bench.cluster.clock.advance(4.9)
    assert not pending.is_settled
    bench.cluster.clock.advance(0.2)
    assert pending.reply.error_code is ErrorCode.COORDINATOR_NOT_AVAILABLE


def test_whoever_waits_learns_that_the_coordinator_moved() -> None:
    bench = Bench(3)
    bench.initialize()
    bench.home.pause()
    pending = bench.write(start=3)
    brokers.stop(bench.cluster, bench.broker)
    bench.cluster.waiting.flush()
    assert pending.reply.error_code is ErrorCode.NOT_COORDINATOR


def test_idle_share_partitions_are_snapshotted_and_old_records_deleted() -> None:
    bench = Bench()
    bench.initialize()
    for done in range(4):
        bench.write(start=0, done=done)
    assert bench.home.log_start_offset == 0

    bench.cluster.clock.advance(301)
    # Five minutes later it was idle: it is snapshotted, and the next round deletes what was before.
    last = bench.log()[-1]
    assert last.state is not None
    assert not last.is_update
    assert (last.state.snapshot_epoch, last.state.delivery_complete_count) == (1, 3)
    assert (last.state.created_ms, last.state.written_ms) == (NOW_MS, NOW_MS + 300_000)
    bench.cluster.clock.advance(300)
    assert bench.home.log_start_offset == 5
    # All is at rest: no more snapshots.
    bench.cluster.clock.advance(3000)
    assert bench.home.log_end_offset == 6


def test_foreign_records_keep_the_coordinator_away() -> None:
    bench = Bench()
    bench.home.append(memoryview(build_batch([Record(timestamp_ms=0, key=b"\0\0x", value=b"x")])))
    assert bench.read().error_code is ErrorCode.NOT_COORDINATOR


def test_records_of_unknown_types_are_passed_over() -> None:
    bench = Bench()
    bench.home.append(memoryview(build_batch([Record(timestamp_ms=0, key=b"\0\7x", value=b"x")])))
    assert bench.initialize() == OK
