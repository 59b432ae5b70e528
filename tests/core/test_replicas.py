from __future__ import annotations

from typing import Any

import pytest

from mockbroker.core.brokers import kill, move_leader
from mockbroker.core.nodes import PAUSED
from mockbroker.core.producer_state import Origin
from mockbroker.core.replica import Isolation
from mockbroker.core.waiting import NOT_YET
from protocol_specs.errors import ErrorCode, KafkaError
from protocol_specs.record_batch import EndTxnMarker, build_end_txn_marker
from tests.core.clusters import batch, make_cluster, values_of, write


def test_an_append_is_stamped_and_read_back() -> None:
    partition = make_cluster().create_topic("orders").partitions[0]

    first = partition.append(batch(b"a", b"b"))
    second = partition.append(batch(b"c"))

    assert (first.base_offset, first.required_offset, first.log_start_offset) == (0, 2, 0)
    assert (second.base_offset, second.required_offset) == (2, 3)
    assert partition.high_watermark == partition.log_end_offset == 3
    result = partition.read(0, max_bytes=1_000_000)
    assert len(result.views) == 2
    assert result.size == sum(len(view) for view in result.views)
    assert result.high_watermark == result.last_stable_offset == 3
    assert result.aborted is None


def test_followers_share_the_leaders_bytes_at_once() -> None:
    partition = make_cluster(3).create_topic("orders", replication_factor=3).partitions[0]

    write(partition, b"a", acks=-1)
    write(partition, b"b", acks=-1)

    assert partition.high_watermark == 2
    for broker_id, replica in partition.copies.items():
        assert values_of(partition, broker_id) == [b"a", b"b"]
        assert replica.high_watermark == 2
    views = [next(log.batches(0)).view.obj for log in partition.logs.values()]
    assert views[0] is views[1] is views[2]


@pytest.mark.parametrize(
    ("offset", "epoch", "leader_only", "error"),
    [
        (-1, -1, True, ErrorCode.OFFSET_OUT_OF_RANGE),
        (2, -1, True, ErrorCode.OFFSET_OUT_OF_RANGE),
        (0, 1, True, ErrorCode.UNKNOWN_LEADER_EPOCH),
    ],
)
def test_a_read_is_refused(offset: int, epoch: int, leader_only: bool, error: ErrorCode) -> None:
    partition = make_cluster().create_topic("orders").partitions[0]
    write(partition)

    with pytest.raises(KafkaError) as refused:
        partition.read(offset, max_bytes=100, leader_epoch=epoch, leader_only=leader_only)

    assert refused.value.code is error


def test_a_follower_serves_consumers_but_neither_old_ones_nor_producers() -> None:
    partition = make_cluster(2).create_topic("orders", replication_factor=2).partitions[0]
    write(partition)
    follower = next(broker for broker in partition.replicas if broker != partition.leader)

    assert partition.read(0, max_bytes=100, at=follower).size
    with pytest.raises(KafkaError, match="NOT_LEADER_OR_FOLLOWER"):
        partition.read(0, max_bytes=100, at=follower, leader_only=True)
    with pytest.raises(KafkaError, match="NOT_LEADER_OR_FOLLOWER"):
        partition.append(batch(), at=follower)
    with pytest.raises(KafkaError, match="NOT_LEADER_OR_FOLLOWER"):
        partition.read(0, max_bytes=100, at=99)


def test_a_read_beyond_the_high_watermark_is_empty_but_not_for_followers() -> None:
    cluster = make_cluster(2)
    partition = cluster.create_topic("orders", replication_factor=2).partitions[0]
    write(partition)
    partition.pause()
    write(partition)

    assert partition.high_watermark == 1
    assert partition.log_end_offset == 2
    assert partition.read(1, max_bytes=100).views == []
    assert partition.read(2, max_bytes=100).views == []
    assert len(partition.read(1, max_bytes=100, isolation=Isolation.LOG_END).views) == 1


def test_offsets_for_times_and_their_names() -> None:
    partition = make_cluster().create_topic("orders").partitions[0]
    assert partition.offset_for_time(-3) == (-1, -1, -1)
    partition.append(batch(b"a", timestamp_ms=1000))
    partition.append(batch(b"b", timestamp_ms=3000))
    partition.append(batch(b"c", timestamp_ms=2000))

    assert partition.offset_for_time(-1) == (-1, 3, 0)
    assert partition.offset_for_time(-2) == (-1, 0, 0)
    assert partition.offset_for_time(-3) == (3000, 1, 0)
    assert partition.offset_for_time(-4) == (-1, 0, 0)
    assert partition.offset_for_time(-5) == partition.offset_for_time(-6) == (-1, -1, -1)
    assert partition.offset_for_time(1001) == (3000, 1, 0)
    assert partition.offset_for_time(3001) == (-1, -1, -1)
    with pytest.raises(KafkaError, match="UNSUPPORTED_VERSION"):
        partition.offset_for_time(-7)


def test_offsets_for_times_end_at_the_high_watermark() -> None:
    partition = make_cluster(2).create_topic("orders", replication_factor=2).partitions[0]
    partition.append(batch(timestamp_ms=1000))
    partition.pause()
    partition.append(batch(timestamp_ms=2000))

    assert partition.offset_for_time(1500).offset == -1
    assert partition.offset_for_time(1500, isolation=Isolation.LOG_END).offset == 1
    assert partition.offset_for_time(-1).offset == 1
    assert partition.offset_for_time(-1, isolation=Isolation.LOG_END).offset == 2
    assert partition.offset_for_time(-3).offset == -1


def test_the_end_of_an_epoch() -> None:
    cluster = make_cluster(2)
    partition = cluster.create_topic("orders", assignments=[(0, [1, 2])]).partitions[0]
    write(partition)
    move_leader(cluster, "orders", 0, 2)
    write(partition, b"b", b"c")

    assert partition.end_offset_for_epoch(0) == (0, 1)
    assert partition.end_offset_for_epoch(1) == (1, 3)
    assert partition.end_offset_for_epoch(9) == (-1, -1)
    with pytest.raises(KafkaError, match="NOT_LEADER_OR_FOLLOWER"):
        partition.end_offset_for_epoch(0, at=1)
    diverging = partition.read(2, max_bytes=100, last_fetched_epoch=0)
    assert (diverging.diverging, diverging.views) == ((0, 1), [])
    assert partition.read(1, max_bytes=100, last_fetched_epoch=0).diverging is None
    with pytest.raises(KafkaError, match="OFFSET_OUT_OF_RANGE"):
        partition.read(1, max_bytes=100, last_fetched_epoch=9)


def test_records_are_deleted_on_every_replica() -> None:
    partition = make_cluster(2).create_topic("orders", replication_factor=2).partitions[0]
    write(partition, b"a", b"b")
    write(partition, b"c")

    assert partition.delete_records(1) == 1
    assert [log.start_offset for log in partition.logs.values()] == [1, 1]
    assert (partition.log_start_offset, partition.low_watermark()) == (1, 1)
    assert partition.delete_records(0) == 0
    assert partition.log_start_offset == 1
    assert partition.delete_records(-1) == 3
    for beyond in (4, -2):
        with pytest.raises(KafkaError, match="OFFSET_OUT_OF_RANGE"):
            partition.delete_records(beyond)


def test_deletion_is_done_when_the_slowest_live_replica_has_done_it() -> None:
    cluster = make_cluster(2)
    partition = cluster.create_topic("orders", assignments=[(0, [1, 2])]).partitions[0]
    write(partition)
    partition.pause()

    assert partition.delete_records(1) == 1
    assert partition.low_watermark() == 0
    partition.resume()
    assert partition.low_watermark() == 1


@pytest.mark.parametrize(("policy", "refused"), [("compact", True), ("compact,delete", False)])
def test_records_of_a_compacted_topic_stay(policy: str, refused: bool) -> None:
    partition = make_cluster().create_topic("t", configs={"cleanup.policy": policy}).partitions[0]
    write(partition)

    if refused:
        with pytest.raises(KafkaError, match="POLICY_VIOLATION"):
            partition.delete_records(1)
    else:
        assert partition.delete_records(1) == 1


def test_read_committed_stops_before_an_open_transaction_and_lists_aborted_ones() -> None:
    cluster = make_cluster(transaction_partition_verification_enable=False)
    partition = cluster.create_topic("orders").partitions[0]
    write(partition, b"a")
    partition.append(batch(b"open", producer_id=5, producer_epoch=0, base_sequence=0, is_transactional=True))

    assert (partition.last_stable_offset, partition.high_watermark) == (1, 2)
    seen = partition.read(0, max_bytes=10_000, isolation=Isolation.READ_COMMITTED)
    assert (len(seen.views), seen.aborted) == (1, [])
    aborted = EndTxnMarker(is_commit=False, coordinator_epoch=0)
    marker = build_end_txn_marker(aborted, producer_id=5, producer_epoch=0, timestamp_ms=0)
    partition.append(memoryview(marker), origin=Origin.COORDINATOR)
    assert partition.last_stable_offset == 3
    seen = partition.read(0, max_bytes=10_000, isolation=Isolation.READ_COMMITTED)
    assert (len(seen.views), seen.aborted) == (3, [(5, 1)])


def test_a_retried_batch_is_written_once() -> None:
    partition = make_cluster(2).create_topic("orders", replication_factor=2).partitions[0]
    options = {"producer_id": 5, "producer_epoch": 0, "base_sequence": 0}

    first = partition.append(batch(b"a", b"b", **options), acks=-1)
    again = partition.append(batch(b"a", b"b", **options), acks=-1)

    assert (again.base_offset, again.required_offset) == (first.base_offset, first.required_offset) == (0, 2)
    assert partition.log_end_offset == 2
    assert [len(values_of(partition, id)) for id in partition.copies] == [2, 2]


def test_the_closest_replica() -> None:
    cluster = make_cluster(4, racks=("a", "b", "b", "c"))
    partition = cluster.create_topic("orders", assignments=[(0, [1, 2, 3, 4])]).partitions[0]
    write(partition)
    leader = partition.replica_at(1)

    assert leader.closest_follower(cluster.nodes, "a", 0) is None
    assert leader.closest_follower(cluster.nodes, "b", 1) == 3
    assert leader.closest_follower(cluster.nodes, "z", 0) is None
    partition.set_pace(3, PAUSED)
    write(partition)
    assert leader.closest_follower(cluster.nodes, "b", 2) == 2
    cluster.clock.advance(40)
    assert leader.closest_follower(cluster.nodes, "b", 0) == 2
    kill(cluster, 2)
    assert leader.closest_follower(cluster.nodes, "b", 0) is None


def test_waiting_reads_are_woken_by_an_append_and_by_the_high_watermark() -> None:
    cluster = make_cluster(2)
    partition = cluster.create_topic("orders", replication_factor=2).partitions[0]
    partition.pause()

    def attempt(last: bool) -> Any:
        return partition.read(0, max_bytes=1000).views or NOT_YET

    pending = cluster.waiting.wait(attempt, on=[partition], at_most=10)
    write(partition)
    cluster.waiting.flush()
    assert not pending.is_settled
    partition.resume()
    cluster.waiting.flush()
    assert len(pending.reply) == 1
