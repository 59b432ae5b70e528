from __future__ import annotations

from typing import Any

from mockbroker.core import brokers
from mockbroker.core.elections import NO_LEADER
from mockbroker.core.reassignment import alter_reassignments
from mockbroker.core.waiting import NOT_YET
from tests.core.clusters import START, batch, make_cluster, values_of, write


def test_retention_acts_at_its_checks_and_on_every_replica() -> None:
    cluster = make_cluster(2)
    partition = cluster.create_topic("t", replication_factor=2, configs={"retention.ms": "1000"}).partitions[
        0
    ]
    write(partition, b"a")

    cluster.clock.advance(29)
    assert partition.log_start_offset == 0
    cluster.clock.advance(2)
    assert partition.log_start_offset == 1
    assert [log.start_offset for log in partition.logs.values()] == [1, 1]
    write(partition, b"b")
    cluster.clock.advance(298)
    assert partition.log_start_offset == 1
    cluster.clock.advance(2)
    assert (partition.log_start_offset, partition.high_watermark) == (2, 2)


def test_retention_wakes_who_reads() -> None:
    cluster = make_cluster()
    partition = cluster.create_topic("t", configs={"retention.ms": "1000"}).partitions[0]
    write(partition)

    def attempt(last: bool) -> Any:
        return partition.log_start_offset or NOT_YET

    pending = cluster.waiting.wait(attempt, on=[partition], at_most=60)
    cluster.clock.advance(31)
    cluster.waiting.flush()

    assert pending.reply == 1


def test_the_cleaner_sleeps_until_there_is_something_to_clean() -> None:
    cluster = make_cluster(2)
    topic = cluster.create_topic(
        "t", replication_factor=2, configs={"cleanup.policy": "compact", "internal.segment.bytes": "200"}
    )
    partition = topic.partitions[0]
    assert cluster.upkeep.is_cleaner_idle
    write(partition, b"a" * 100)
    assert cluster.upkeep.is_cleaner_idle
    for value in (b"b", b"c", b"d"):
        write(partition, value * 100)

    assert not cluster.upkeep.is_cleaner_idle
    cluster.clock.advance(14)
    assert len(values_of(partition)) == 4
    cluster.clock.advance(1)
    # The newest closed record and the active segment are left, in both replicas.
    assert [len(values_of(partition, id)) for id in partition.copies] == [2, 2]
    cluster.clock.advance(15)
    assert cluster.upkeep.is_cleaner_idle


def test_producers_are_forgotten() -> None:
    cluster = make_cluster(producer_id_expiration_ms=1000)
    partition = cluster.create_topic("t").partitions[0]
    partition.append(batch(b"a", producer_id=7, producer_epoch=0, base_sequence=0))
    assert list(partition.log.producers.producers) == [7]

    cluster.clock.advance(599)
    assert partition.log.producers.producers
    cluster.clock.advance(2)
    assert not partition.log.producers.producers


def test_preferred_leaders_get_their_partitions_back() -> None:
    cluster = make_cluster(2)
    partition = cluster.create_topic("t", assignments=[(0, [1, 2])]).partitions[0]
    cluster.clock.advance(100)
    brokers.stop(cluster, 1)
    brokers.start(cluster, 1)
    assert partition.leader == 2

    cluster.clock.advance_to(START + 299)
    assert partition.leader == 2
    cluster.clock.advance_to(START + 301)
    assert partition.leader == 1


def test_a_new_order_of_replicas_is_watched_too() -> None:
    cluster = make_cluster(2)
    partition = cluster.create_topic("t", assignments=[(0, [1, 2])]).partitions[0]
    alter_reassignments(cluster, [("t", 0, [2, 1])])

    cluster.clock.advance(301)

    assert partition.leader == 2


def test_leaders_stay_where_they_are_if_they_are_told_to() -> None:
    cluster = make_cluster(2, auto_leader_rebalance_enable=False)
    partition = cluster.create_topic("t", assignments=[(0, [1, 2])]).partitions[0]
    brokers.move_leader(cluster, "t", 0, 2)

    cluster.clock.advance(1000)

    assert partition.leader == 2


def test_an_unclean_election_that_becomes_allowed_comes_at_the_next_check() -> None:
    cluster = make_cluster(2)
    partition = cluster.create_topic("t", assignments=[(0, [1, 2])]).partitions[0]
    brokers.kill(cluster, 2)
    brokers.kill(cluster, 1)
    brokers.start(cluster, 2)
    cluster.clock.advance(301)
    assert partition.leader == NO_LEADER

    cluster.set_topic_configs(partition.topic, {"unclean.leader.election.enable": "true"})
    cluster.clock.advance(300)

    assert partition.leader == 2
