"""The ends of transactions on their way to the partitions: delays, moves, restarts."""

from __future__ import annotations

import pytest

from mockbroker.core.brokers import heal, isolate, kill, move_leader, start, stop
from mockbroker.core.groups.requests import CommitTopic, OffsetToCommit, TransactionalCommitRequest
from mockbroker.core.transactions.log_records import read_record
from mockbroker.core.transactions.markers import Marker
from mockbroker.core.transactions.outcome import Outcome, Producer
from mockbroker.core.transactions.states import TransactionState
from mockbroker.core.transactions.verification import Demand
from mockbroker.core.waiting import Pending
from protocol_specs.errors import ErrorCode
from protocol_specs.record_batch import records_of
from tests.core.transactions.bench import TX, Bench

NONE = ErrorCode.NONE
BUSY = ErrorCode.CONCURRENT_TRANSACTIONS


def _state_index(bench: Bench) -> int:
    return bench.transactions.log.partition_index(TX)


def _bench_with_lonely_partition() -> tuple[Bench, int]:
    """Three brokers; the topic lonely has one replica, on a broker that does not coordinate."""
    bench = Bench(brokers=3)
    other = next(id for id in bench.cluster.nodes if id != bench.coordinator)
    bench.cluster.create_topic("lonely", assignments=[(0, [other])])
    return bench, other


def test_all_partitions_get_a_marker_and_records_count_or_do_not() -> None:
    bench = Bench(brokers=3)
    producer = bench.producer()
    for index in range(3):
        assert bench.produce(producer, b"%d" % index, index=index) is NONE
    bench.end(producer, True)
    producer = producer._replace(producer_epoch=1)
    bench.produce(producer, b"x", index=1)
    bench.end(producer, False)
    assert [bench.read_committed(index=index) for index in range(3)] == [[b"0"], [b"1"], [b"2"]]
    assert bench.markers(index=1) == [(0, 1, True), (0, 2, False)]
    for index in range(3):
        logs = bench.partition(index=index).logs
        assert len({log.end_offset for log in logs.values()}) == 1


@pytest.mark.parametrize("commit", [True, False])
def test_a_partition_without_a_leader_delays_the_end(commit: bool) -> None:
    bench, other = _bench_with_lonely_partition()
    producer = bench.producer()
    bench.produce(producer, b"near")
    bench.produce(producer, b"far", topic="lonely")
    kill(bench.cluster, other)
    # The decision is replicated on what is left: the answer comes, the markers cannot.
    assert bench.end(producer, commit) == Outcome(NONE, 0, 1)
    prepared = TransactionState.PREPARE_COMMIT if commit else TransactionState.PREPARE_ABORT
    assert bench.state() is prepared
    assert bench.metadata().partitions == (("lonely", 0),)
    next_producer = producer._replace(producer_epoch=1)
    for answer in (bench.init().code, bench.add(next_producer), bench.end(producer, commit).code):
        assert answer is BUSY
    bench.clock.advance(3600)
    assert bench.state() is prepared
    start(bench.cluster, other)
    bench.core.waiting.flush()
    assert bench.state() is (TransactionState.COMPLETE_COMMIT if commit else TransactionState.COMPLETE_ABORT)
    assert bench.markers("lonely") == [(0, 1, commit)]
    assert bench.read_committed("lonely") == ([b"far"] if commit else [])
    assert bench.add(next_producer) is NONE


def test_a_topic_that_was_deleted_delays_nothing() -> None:
    bench = Bench()
    producer = bench.producer()
    bench.produce(producer, topic="payments")
    bench.produce(producer, b"kept")
    bench.cluster.delete_topic("payments")
    bench.end(producer)
    assert bench.state() is TransactionState.COMPLETE_COMMIT
    assert bench.read_committed() == [b"kept"]


def test_a_topic_that_is_deleted_while_its_marker_waits_ends_the_wait() -> None:
    bench, other = _bench_with_lonely_partition()
    producer = bench.producer()
    bench.produce(producer, topic="lonely")
    kill(bench.cluster, other)
    bench.end(producer)
    assert bench.state() is TransactionState.PREPARE_COMMIT
    bench.cluster.delete_topic("lonely")
    bench.core.waiting.flush()
    assert bench.state() is TransactionState.COMPLETE_COMMIT


def test_a_marker_that_is_not_replicated_delays_the_end() -> None:
    bench = Bench(brokers=3)
    producer = bench.producer()
    bench.produce(producer, b"v")
    bench.partition().pause()
    assert bench.end(producer).code is NONE
    assert bench.state() is TransactionState.PREPARE_COMMIT
    assert bench.read_committed() == []
    bench.partition().resume()
    bench.core.waiting.flush()
    assert bench.state() is TransactionState.COMPLETE_COMMIT
    assert bench.read_committed() == [b"v"]
    assert bench.markers() == [(0, 1, True)]


def test_a_marker_that_a_leader_took_with_it_is_written_by_the_next_one_at_once() -> None:
    bench = Bench(brokers=3)
    producer = bench.producer()
    bench.produce(producer, b"1")
    partition = bench.partition()
    partition.pause()
    bench.end(producer)
    other = next(id for id in partition.isr if id != partition.leader)
    move_leader(bench.cluster, "orders", 0, to=other)
    partition.resume()
    bench.core.waiting.flush()
    assert bench.state() is TransactionState.COMPLETE_COMMIT
    assert bench.markers() == [(0, 1, True)]
    log = bench.partition("__transaction_state", _state_index(bench)).log
    entries = [read_record(record) for batch in log.batches() for record in records_of(batch.view)]
    states = [entry.metadata.state for entry in entries if entry and entry.metadata]
    assert states.count(TransactionState.COMPLETE_COMMIT) == 1


def test_too_few_replicas_delay_the_end() -> None:
    bench, other = _bench_with_lonely_partition()
    bench.cluster.create_topic(
        "pair", assignments=[(0, [bench.coordinator, other])], configs={"min.insync.replicas": "2"}
    )
    producer = bench.producer()
    bench.produce(producer, b"v", topic="pair")
    kill(bench.cluster, other)
    bench.end(producer)
    assert bench.state() is TransactionState.PREPARE_COMMIT
    assert bench.markers("pair") == []
    start(bench.cluster, other)
    bench.core.waiting.flush()
    assert bench.state() is TransactionState.COMPLETE_COMMIT
    assert bench.markers("pair") == [(0, 1, True)]


def test_a_decision_counts_once_it_is_replicated() -> None:
    bench = Bench(brokers=3)
    producer = bench.producer()
    bench.produce(producer, b"v")
    bench.partition("__transaction_state", _state_index(bench)).pause()
    ended = bench.transactions.end(bench.coordinator, producer, True, 2)
    bench.core.waiting.flush()
    assert isinstance(ended, Pending)
    assert not ended.is_settled
    assert bench.state() is TransactionState.ONGOING
    assert bench.markers() == []
    for answer in (bench.init().code, bench.add(producer), bench.end(producer).code):
        assert answer is BUSY
    bench.partition("__transaction_state", _state_index(bench)).resume()
    bench.core.waiting.flush()
    assert ended.reply == Outcome(NONE, 0, 1)
    assert bench.state() is TransactionState.COMPLETE_COMMIT
    assert bench.read_committed() == [b"v"]


def test_a_decision_that_is_not_replicated_in_time_may_be_asked_for_again() -> None:
    bench = Bench(brokers=3, replica_lag_time_max_ms=10_000_000)
    producer = bench.producer()
    bench.partition("__transaction_state", _state_index(bench)).pause()
    added = bench.transactions.add_partitions(bench.coordinator, producer, (("orders", 0),), 2)
    bench.clock.advance(60)
    assert bench.result(added).code is ErrorCode.COORDINATOR_NOT_AVAILABLE
    assert bench.state() is TransactionState.EMPTY
    bench.partition("__transaction_state", _state_index(bench)).resume()
    assert bench.add(producer) is NONE


# The coordinator moves


def test_another_broker_takes_over_what_is_open() -> None:
    bench = Bench(brokers=3)
    producer = bench.producer()
    bench.produce(producer, b"1")
    before, old = bench.metadata(), bench.coordinator
    other = next(id for id in bench.cluster.nodes if id != old)
    move_leader(bench.cluster, "__transaction_state", _state_index(bench), to=other)
    assert bench.transactions.find_coordinator(TX) == other
    assert bench.metadata() == before._replace(last_producer_epoch=-1)
    refused = bench.result(bench.transactions.end(old, producer, True, 2))
    assert refused.code is ErrorCode.NOT_COORDINATOR
    assert bench.end(producer) == Outcome(NONE, 0, 1)
    assert bench.read_committed() == [b"1"]


def test_another_broker_writes_the_markers_that_are_missing() -> None:
    bench, other = _bench_with_lonely_partition()
    producer, old = bench.producer(), bench.coordinator
    bench.produce(producer, b"far", topic="lonely")
    kill(bench.cluster, other)
    bench.end(producer)
    third = next(id for id in bench.cluster.nodes if id not in (old, other))
    move_leader(bench.cluster, "__transaction_state", _state_index(bench), to=third)
    assert bench.state() is TransactionState.PREPARE_COMMIT
    assert bench.init().code is BUSY
    start(bench.cluster, other)
    bench.core.waiting.flush()
    assert bench.state() is TransactionState.COMPLETE_COMMIT
    assert bench.markers("lonely") == [(0, 1, True)]
    assert bench.read_committed("lonely") == [b"far"]


def test_one_broker_that_starts_again_is_where_it_was() -> None:
    bench = Bench()
    producer = bench.producer()
    bench.produce(producer, b"1")
    before = bench.metadata()
    stop(bench.cluster, 1)
    assert bench.result(bench.transactions.end(1, producer, True, 2)).code is ErrorCode.NOT_COORDINATOR
    start(bench.cluster, 1)
    assert bench.metadata() == before._replace(last_producer_epoch=-1)
    assert bench.end(producer).code is NONE
    assert bench.read_committed() == [b"1"]


def test_a_tombstone_is_loaded_too() -> None:
    bench = Bench(transactional_id_expiration_ms=1)
    bench.init()
    bench.clock.advance(3600)
    stop(bench.cluster, 1)
    start(bench.cluster, 1)
    assert bench.transactions.log.find(TX) is None


def test_a_coordinator_that_is_cut_off_decides_nothing() -> None:
    bench = Bench(brokers=3)
    producer, old = bench.producer(), bench.coordinator
    bench.produce(producer, b"1")
    isolate(bench.cluster, old)
    alone = bench.transactions.end(old, producer, True, 2)
    bench.clock.advance(10)
    assert bench.transactions.find_coordinator(TX) != old
    assert bench.state() is TransactionState.ONGOING
    assert isinstance(alone, Pending)
    assert not alone.is_settled
    assert bench.end(producer, False) == Outcome(NONE, 0, 1)
    heal(bench.cluster, old)
    bench.clock.advance(60)
    assert alone.reply == Outcome(ErrorCode.NOT_COORDINATOR)
    assert bench.state() is TransactionState.COMPLETE_ABORT
    assert bench.read_committed() == []


# Markers by hand, and offsets


def test_a_marker_by_hand_ends_a_transaction_in_one_partition() -> None:
    bench = Bench()
    producer = bench.producer()
    bench.produce(producer, b"hangs")
    assert _write(bench, Marker(0, 0, False, 0)) is NONE
    assert bench.partition().last_stable_offset == 2
    assert bench.read_committed() == []


def _write(bench: Bench, marker: Marker) -> ErrorCode:
    answer = Pending()
    bench.transactions.markers.write(1, bench.partition(), marker, answer.settle)
    code: ErrorCode = bench.result(answer)
    return code


@pytest.mark.parametrize(
    ("marker", "code"),
    [
        (Marker(0, 4, True, 3, 0), ErrorCode.INVALID_PRODUCER_EPOCH),
        (Marker(0, 5, True, 3, 0), NONE),
        (Marker(0, 5, True, 3, 2), ErrorCode.INVALID_PRODUCER_EPOCH),
        (Marker(0, 6, True, 3, 2), NONE),
        (Marker(0, 6, True, -1, 2), ErrorCode.TRANSACTION_COORDINATOR_FENCED),
        (Marker(9, 0, True, 3, 2), NONE),
    ],
)
def test_which_markers_a_partition_takes(marker: Marker, code: ErrorCode) -> None:
    bench = Bench()
    bench.init()
    bench.produce(bench.set_epoch(4))
    bench.end(Producer(TX, 0, 4))
    bench.produce(Producer(TX, 0, 5), b"open")
    assert _write(bench, marker) is code


def test_offsets_count_with_the_marker() -> None:
    bench = Bench()
    producer = bench.producer()
    for commit, expected in ((False, {}), (True, {("orders", 0): 7})):
        _commit_offset(bench, producer, 7)
        assert _committed(bench) == {}
        bench.end(producer, commit)
        assert _committed(bench) == expected
        producer = producer._replace(producer_epoch=producer.producer_epoch + 1)
    index = bench.core.groups.shards.partition_for("g")
    assert bench.markers("__consumer_offsets", index) == [(0, 1, False), (0, 2, True)]


def test_offsets_wait_for_their_partition_as_records_do() -> None:
    bench = Bench(brokers=2)
    bench.core.groups.find_coordinator("g")
    partition = bench.partition("__consumer_offsets", bench.core.groups.shards.partition_for("g"))
    producer = bench.producer()
    _commit_offset(bench, producer, 7)
    partition.pause()
    bench.end(producer)
    assert bench.state() is TransactionState.PREPARE_COMMIT
    partition.resume()
    bench.core.waiting.flush()
    assert bench.state() is TransactionState.COMPLETE_COMMIT
    assert _committed(bench) == {("orders", 0): 7}


def _commit_offset(bench: Bench, producer: Producer, offset: int) -> None:
    node_id = bench.core.groups.find_coordinator("g")
    partition = bench.partition("__consumer_offsets", bench.core.groups.shards.partition_for("g"))
    verdicts = bench.core.verifier.check(
        bench.cluster.nodes[node_id], producer, {partition: -1}, Demand.ADD_PARTITION
    )
    guard = bench.result(verdicts)[partition]
    request = TransactionalCommitRequest(
        "g",
        [CommitTopic("orders", [OffsetToCommit(0, offset)])],
        5,
        producer.producer_id,
        producer.producer_epoch,
    )
    answer = bench.core.groups.commit_transactional_offsets(node_id, request, guard=guard)
    (topic,) = bench.result(answer)
    assert topic.partitions == [(0, NONE)]


def _committed(bench: Bench) -> dict[tuple[str, int], int]:
    return {where: one.offset for where, one in bench.core.groups.committed("g").items()}
