from __future__ import annotations

import logging

import pytest

from mockbroker.core import brokers
from mockbroker.core.cluster import Cluster
from mockbroker.core.memory import Memory
from mockbroker.core.producer_state import Origin
from protocol_specs.errors import ErrorCode, KafkaError
from tests.core.clusters import batch, make_cluster, values_of, write

SIZE = len(batch(b"value"))


def limited(batches: int, brokers: int = 1) -> Cluster:
    """A cluster with room for so many batches of one small record."""
    cluster = make_cluster(brokers)
    cluster.around.memory = Memory(cluster, batches * SIZE)
    return cluster


def test_what_does_not_fit_is_refused_and_the_log_says_so_once(caplog: pytest.LogCaptureFixture) -> None:
    cluster = limited(3)
    partition = cluster.create_topic("t").partitions[0]
    for _ in range(3):
        write(partition)
    for _ in range(2):
        with pytest.raises(KafkaError) as refused:
            write(partition)
        assert refused.value.code is ErrorCode.KAFKA_STORAGE_ERROR
    assert (partition.log_start_offset, partition.log_end_offset) == (0, 3)
    (line,) = caplog.records
    assert (line.name, line.levelno) == ("mockbroker", logging.ERROR)
    text = f"The logs take {3 * SIZE} of {3 * SIZE} bytes, and {SIZE} more do not fit"
    assert line.message == f"{text}: delete records or topics, or let retention keep less"
    assert refused.value.message == f"{text}."


def test_the_oldest_segments_go_where_retention_allows_it() -> None:
    cluster = make_cluster()
    cluster.around.memory = Memory(cluster, 3_000_000)
    kept = cluster.create_topic("kept").partitions[0]
    configs = {"segment.bytes": "1048576", "retention.bytes": "700000"}
    rolling = cluster.create_topic("rolling", configs=configs).partitions[0]
    write(kept, b"value")
    for _ in range(9):
        write(rolling, bytes(600_000))

    assert values_of(kept) == [b"value"]
    assert rolling.log_end_offset == 9
    assert 5 <= rolling.log_start_offset < 9


def test_records_that_were_deleted_make_room() -> None:
    cluster = limited(2)
    partition = cluster.create_topic("t").partitions[0]
    write(partition)
    write(partition)
    partition.delete_records(1)
    with pytest.raises(KafkaError):
        write(partition)
    partition.delete_records(-1)
    assert write(partition) == 2


def test_a_topic_that_was_deleted_makes_room() -> None:
    cluster = limited(1)
    write(cluster.create_topic("t").partitions[0])
    other = cluster.create_topic("u").partitions[0]
    with pytest.raises(KafkaError):
        write(other)
    cluster.delete_topic("t")
    write(other)


def test_compaction_makes_room() -> None:
    cluster = limited(3)
    partition = cluster.create_topic("t", configs={"cleanup.policy": "compact"}).partitions[0]
    for number in range(8):
        write(partition, b"val%02d" % number)
    assert values_of(partition)[-1] == b"val07"


def test_replicas_share_their_batches() -> None:
    cluster = limited(3, brokers=3)
    partition = cluster.create_topic("t", replication_factor=3).partitions[0]
    for _ in range(3):
        write(partition, acks=-1)
    brokers.kill(cluster, partition.leader)
    with pytest.raises(KafkaError, match="do not fit"):
        write(partition)


def test_coordinators_are_let_through() -> None:
    cluster = limited(1)
    partition = cluster.create_topic("t").partitions[0]
    write(partition)
    write(partition, origin=Origin.COORDINATOR)
    assert partition.log_end_offset == 2
