from __future__ import annotations

import pytest

from mockbroker.core import brokers
from mockbroker.core.cluster import Cluster
from mockbroker.core.reassignment import alter_reassignments
from mockbroker.core.replicas import Partition
from tests.core.clusters import make_cluster, write

RECORDS, SIZE = 20, 100_000
#: A fetch brings half a dozen records.
FETCH = 650_000


def moved(*, rate: int, side: str, throttled: str = "0:1,0:2,0:3") -> tuple[Cluster, Partition]:
    """Broker 3 begins to copy two megabytes from broker 1, with a limit of so many bytes per second on one side."""
    cluster = make_cluster(3, replica_fetch_max_bytes=FETCH)
    topic = cluster.create_topic("t", assignments=[(0, [1, 2])])
    for _ in range(RECORDS):
        write(topic.partitions[0], b"x" * SIZE)
    cluster.set_topic_configs(topic, {f"{side}.replication.throttled.replicas": throttled})
    cluster.settings.set_dynamic(
        {"leader": 1, "follower": 3}[side], {f"{side}.replication.throttled.rate": str(rate)}
    )
    alter_reassignments(cluster, [("t", 0, [1, 2, 3])])
    return cluster, topic.partitions[0]


@pytest.mark.parametrize("side", ["leader", "follower"])
def test_a_replica_that_is_throttled_is_long_in_copying(side: str) -> None:
    cluster, partition = moved(rate=200_000, side=side)
    assert (partition.logs[3].end_offset, partition.isr, partition.adding) == (6, (1, 2), (3,))

    started = cluster.clock.now
    while partition.adding:
        assert cluster.clock.now < started + 60
        cluster.clock.advance(1)

    assert set(partition.isr) == {1, 2, 3}
    # Two megabytes at 200 kB/s, but for the last fetch, which may go above it.
    assert 6 <= cluster.clock.now - started <= 11


@pytest.mark.parametrize("throttled", ["0:2", "1:1,1:3"])
@pytest.mark.parametrize("side", ["leader", "follower"])
def test_other_replicas_have_no_limit(side: str, throttled: str) -> None:
    _, partition = moved(rate=1, side=side, throttled=throttled)
    assert set(partition.isr) == {1, 2, 3}


def test_all_replicas_may_be_throttled() -> None:
    _, partition = moved(rate=1, side="follower", throttled="*")
    assert partition.adding == (3,)


def test_without_a_limit_it_goes_on() -> None:
    cluster, partition = moved(rate=1, side="leader")
    cluster.clock.advance(5)
    assert partition.adding == (3,)

    cluster.settings.set_dynamic(1, {})

    assert set(partition.isr) == {1, 2, 3}


def test_who_is_in_sync_has_no_limit() -> None:
    cluster, partition = moved(rate=1, side="leader")
    for _ in range(5):
        write(partition, b"x" * SIZE, acks=-1)
    assert partition.logs[2].end_offset == RECORDS + 5
    assert partition.high_watermark == RECORDS + 5

    brokers.kill(cluster, 2)
    write(partition, b"y")
    brokers.start(cluster, 2)
    # It is out of sync, and waits with the others for the rate that was used up.
    assert 2 not in partition.isr
