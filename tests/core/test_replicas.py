from __future__ import annotations

import pytest

from mockbroker.core.replica import Isolation
from protocol_specs.errors import ErrorCode, KafkaError
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
