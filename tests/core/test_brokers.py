from __future__ import annotations

from typing import Any

import pytest

from mockbroker.core import brokers
from mockbroker.core.cluster import Cluster
from mockbroker.core.nodes import PAUSED, Pace
from mockbroker.core.replicas import Partition
from mockbroker.core.replication import fetch_from_leader
from protocol_specs.errors import ErrorCode, KafkaError
from tests.core.clusters import batch, make_cluster, values_of, write


def three(replicas: tuple[int, ...] = (1, 2, 3), **settings: Any) -> tuple[Cluster, Partition]:
    """Three brokers, and one partition on these of them, led by the first."""
    cluster = make_cluster(3, **settings)
    return cluster, cluster.create_topic("orders", assignments=[(0, replicas)]).partitions[0]


def test_a_controlled_shutdown_moves_leaders_and_loses_nothing() -> None:
    cluster, partition = three()
    write(partition, b"a")

    node = brokers.stop(cluster, 1)

    assert (node.is_running, node.is_fenced, node.is_shutting_down) == (False, True, False)
    assert (partition.leader, partition.leader_epoch, partition.isr) == (2, 1, (2, 3))
    assert cluster.controller_id == 2
    assert [one.id for one in cluster.live_nodes()] == [2, 3]
    write(partition, b"b", acks=-1)
    brokers.start(cluster, 1)
    assert values_of(partition, 1) == [b"a", b"b"]
    assert (partition.leader, partition.isr, partition.leader_epoch) == (2, (1, 2, 3), 1)
    assert cluster.controller_id == 2


def test_acks_1_loses_what_no_follower_had_when_the_leader_dies() -> None:
    cluster, partition = three()
    write(partition, b"kept", acks=-1)
    partition.pause()
    write(partition, b"lost")
    assert partition.acknowledged(2) is None

    brokers.kill(cluster, 1)
    partition.resume()
    write(partition, b"other", acks=-1)
    brokers.start(cluster, 1)

    assert (partition.leader, partition.high_watermark) == (2, 2)
    assert [values_of(partition, id) for id in (1, 2, 3)] == [[b"kept", b"other"]] * 3
    assert partition.isr == (1, 2, 3)


def test_acks_all_waits_for_the_in_sync_replicas() -> None:
    _, partition = three()
    partition.pause()
    result_end = write(partition, b"a", acks=-1) + 1
    assert partition.acknowledged(result_end) is None

    partition.resume()
    assert partition.acknowledged(result_end) is ErrorCode.NONE


def test_a_waiting_append_learns_that_its_leader_is_gone() -> None:
    cluster, partition = three()
    partition.pause()
    write(partition, acks=-1)

    brokers.move_leader(cluster, "orders", 0, 3)

    assert partition.acknowledged(1, at=1) is ErrorCode.NOT_LEADER_OR_FOLLOWER
    # Whoever asks the new leader is told what is true there.
    assert partition.log_end_offset == 0


def test_too_few_replicas() -> None:
    cluster, partition = three(min_insync_replicas=2)
    partition.pause()
    write(partition, b"a", acks=-1)
    brokers.kill(cluster, 2)
    assert (partition.isr, partition.elr) == ((1, 3), ())
    brokers.kill(cluster, 3)

    assert (partition.isr, partition.elr) == ((1,), (3,))
    with pytest.raises(KafkaError, match="NOT_ENOUGH_REPLICAS"):
        write(partition, acks=-1)
    # KIP-966: acks=1 goes on, but nothing is committed.
    write(partition, b"b")
    assert (partition.log_end_offset, partition.high_watermark) == (2, 0)
    partition.resume()
    brokers.start(cluster, 3)
    assert (partition.isr, partition.elr, partition.high_watermark) == ((1, 3), (), 2)
    assert partition.acknowledged(1) is ErrorCode.NONE


def test_an_isr_that_shrank_after_the_append() -> None:
    cluster, partition = three((1, 2), min_insync_replicas=2)
    brokers.set_pace(cluster, 2, PAUSED)
    end = write(partition, acks=-1) + 1
    brokers.kill(cluster, 2)
    assert partition.acknowledged(end) is None

    cluster.set_topic_configs(partition.topic, {"min.insync.replicas": "1"})
    assert partition.acknowledged(end) is ErrorCode.NONE
    cluster.set_topic_configs(partition.topic, {"min.insync.replicas": "2"})
    assert partition.acknowledged(end) is ErrorCode.NOT_ENOUGH_REPLICAS_AFTER_APPEND


def test_the_minimum_counts_no_higher_than_the_replication_factor() -> None:
    _, partition = three(min_insync_replicas=4)

    write(partition, acks=-1)

    assert partition.high_watermark == 1


def test_a_slow_follower_leaves_the_isr_and_comes_back() -> None:
    cluster, partition = three()
    cluster.clock.advance(100)
    partition.set_pace(3, PAUSED)
    cluster.clock.advance(100)
    write(partition, b"a")

    cluster.clock.advance(29.9)
    assert (partition.isr, partition.high_watermark) == ((1, 2, 3), 0)
    cluster.clock.advance(0.2)
    assert (partition.isr, partition.high_watermark) == ((1, 2), 1)
    assert partition.leader_epoch == 0
    partition.resume()
    assert partition.isr == (1, 2, 3)
    assert partition.lag_alarm is None


def test_a_follower_may_lag_by_seconds() -> None:
    cluster, partition = three((1, 2))
    partition.set_pace(2, Pace(lag_seconds=5))
    write(partition, b"a")
    cluster.clock.advance(3)
    write(partition, b"b")

    assert values_of(partition, 2) == []
    cluster.clock.advance(2)
    assert values_of(partition, 2) == [b"a"]
    cluster.clock.advance(3)
    assert values_of(partition, 2) == [b"a", b"b"]
    # One that lags by less than replica.lag.time.max.ms stays in sync, however long it goes on.
    for _ in range(50):
        write(partition)
        cluster.clock.advance(2)
    assert partition.isr == (1, 2)
    assert partition.high_watermark == partition.log_end_offset - 2


def test_a_follower_may_lag_by_records() -> None:
    cluster, partition = three((1, 2))
    partition.set_pace(2, Pace(lag_records=2))
    for value in (b"a", b"b", b"c"):
        write(partition, value)

    assert values_of(partition, 2) == [b"a"]
    assert partition.high_watermark == 1
    cluster.clock.advance(31)
    assert (partition.isr, partition.high_watermark) == ((1,), 3)


def test_a_leader_that_is_cut_off_goes_on_alone_and_truncates_later() -> None:
    cluster, partition = three()
    write(partition, b"a", acks=-1)
    node = brokers.isolate(cluster, 1)
    cluster.clock.advance(8)
    assert (partition.leader, node.is_fenced) == (1, False)
    cluster.clock.advance(1)

    assert (partition.leader, partition.leader_epoch, node.is_fenced) == (2, 1, True)
    assert partition.known_to(node).leader == 1
    assert partition.known_to(cluster.nodes[2]).leader == 2
    assert [one.id for one in cluster.live_nodes(node)] == [1, 2, 3]
    assert [one.id for one in cluster.live_nodes(cluster.nodes[2])] == [2, 3]
    stale = partition.append(batch(b"stale"), at=1)
    assert partition.acknowledged(stale.required_offset, at=1) is None
    assert partition.read(0, max_bytes=1000, at=1).high_watermark == 1
    write(partition, b"new", acks=-1)
    with pytest.raises(KafkaError, match="UNKNOWN_LEADER_EPOCH"):
        partition.read(0, max_bytes=1000, at=1, leader_epoch=1)

    brokers.heal(cluster, 1)

    assert [values_of(partition, id) for id in (1, 2, 3)] == [[b"a", b"new"]] * 3
    assert partition.isr == (1, 2, 3)
    assert partition.acknowledged(stale.required_offset, at=1) is ErrorCode.NOT_LEADER_OR_FOLLOWER
    with pytest.raises(KafkaError, match="FENCED_LEADER_EPOCH"):
        partition.read(0, max_bytes=1000, at=1, leader_epoch=0)


def test_a_short_cut_changes_nothing() -> None:
    cluster, partition = three()
    brokers.isolate(cluster, 1)
    write(partition, b"a")
    assert partition.high_watermark == 0
    cluster.clock.advance(5)
    brokers.heal(cluster, 1)

    assert (partition.leader, partition.leader_epoch, partition.isr) == (1, 0, (1, 2, 3))
    assert partition.high_watermark == 1
    assert values_of(partition, 3) == [b"a"]
    assert partition.lag_alarm is None


def test_the_only_replica_comes_back_with_its_records() -> None:
    for end in (brokers.stop, brokers.kill):
        cluster, partition = three((1,))
        write(partition, b"a")
        end(cluster, 1)
        assert (partition.leader, partition.elr, partition.last_known_elr) == (-1, (1,), (1,))
        with pytest.raises(KafkaError, match="NOT_LEADER_OR_FOLLOWER"):
            write(partition)

        brokers.start(cluster, 1)

        assert (partition.leader, partition.isr, partition.elr) == (1, (1,), ())
        assert values_of(partition) == [b"a"]
        write(partition, b"b", acks=-1)
        assert partition.high_watermark == 2


def test_an_unclean_election_loses_what_the_new_leader_lacks() -> None:
    cluster, partition = three((1, 2), unclean_leader_election_enable=True)
    write(partition, b"a", b"b")
    brokers.kill(cluster, 2)
    write(partition, b"c")
    brokers.kill(cluster, 1)
    assert partition.leader == -1

    brokers.start(cluster, 2)

    assert (partition.leader, partition.isr, partition.log_end_offset) == (2, (2,), 2)
    write(partition, b"d")
    brokers.start(cluster, 1)
    assert values_of(partition, 1) == values_of(partition, 2) == [b"a", b"b", b"d"]
    assert partition.end_offset_for_epoch(0) == (0, 2)


def test_offsets_are_not_available_until_a_new_leader_has_committed_its_start() -> None:
    cluster, partition = three()
    write(partition, b"a")
    partition.pause()
    write(partition, b"b")
    # The others have "b" too, but do not know that it is committed.
    for id in (2, 3):
        fetch_from_leader(partition, id)

    brokers.kill(cluster, 1)

    assert (partition.log_end_offset, partition.high_watermark) == (2, 1)
    with pytest.raises(KafkaError, match="OFFSET_NOT_AVAILABLE"):
        partition.offset_for_time(-1)
    assert partition.offset_for_time(-2).offset == 0
    partition.resume()
    assert partition.offset_for_time(-1).offset == 2


def test_leaders_move_only_to_active_in_sync_replicas() -> None:
    cluster, partition = three((1, 2))

    brokers.move_leader(cluster, "orders", 0, 2)
    assert (partition.leader, partition.leader_epoch) == (2, 1)
    brokers.move_leader(cluster, "orders", 0, 2)
    assert partition.leader_epoch == 1
    for nobody in (3, 9):
        with pytest.raises(KafkaError, match="INELIGIBLE_REPLICA"):
            brokers.move_leader(cluster, "orders", 0, nobody)


def test_a_broker_is_forgotten() -> None:
    cluster, partition = three((1, 2))
    brokers.unregister(cluster, 1)

    assert list(cluster.nodes) == [2, 3]
    assert (partition.leader, partition.replicas) == (2, (1, 2))
    assert partition.offline_replicas(cluster.nodes[2]) == (1,)
    with pytest.raises(KafkaError, match="Broker ID 1 is not currently registered"):
        brokers.unregister(cluster, 1)
    write(partition, acks=-1)


def test_a_new_broker_takes_part() -> None:
    cluster = make_cluster(1)
    cluster.add_node(5, "r")

    assert cluster.create_topic("orders", replication_factor=2).replication_factor == 2


def test_who_leads_is_announced() -> None:
    cluster, _ = three()
    seen: list[tuple[str, int, int]] = []
    cluster.leader_listeners.append(lambda one: seen.append((one.topic.name, one.leader, one.leader_epoch)))

    brokers.kill(cluster, 3)
    brokers.kill(cluster, 1)
    cluster.delete_topic("orders")

    assert seen == [("orders", 2, 1), ("orders", -1, 1)]


def test_who_went_down_is_announced() -> None:
    cluster = make_cluster(3)
    seen: list[int] = []
    cluster.down_listeners.append(lambda node: seen.append(node.id))

    brokers.kill(cluster, 3)
    brokers.stop(cluster, 3)
    brokers.isolate(cluster, 2)
    cluster.clock.advance(10)
    brokers.stop(cluster, 2)
    brokers.unregister(cluster, 1)

    assert seen == [3, 2, 1]


def test_when_nobody_is_left_there_is_no_controller() -> None:
    cluster = make_cluster(2)
    brokers.kill(cluster, 1)
    brokers.isolate(cluster, 2)
    cluster.clock.advance(9)

    assert cluster.controller_id == -1
    brokers.heal(cluster, 2)
    assert cluster.controller_id == 2
