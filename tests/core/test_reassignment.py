from __future__ import annotations

from collections.abc import Sequence

import pytest

from mockbroker.core import brokers
from mockbroker.core.cluster import Cluster
from mockbroker.core.elections import Election, elect_leader
from mockbroker.core.nodes import INSTANT, PAUSED
from mockbroker.core.reassignment import alter_reassignments, ongoing_reassignments
from mockbroker.core.replicas import Partition
from protocol_specs.errors import ErrorCode, KafkaError
from tests.core.clusters import make_cluster, values_of, write


def four(replicas: Sequence[int]) -> tuple[Cluster, Partition]:
    cluster = make_cluster(4)
    partition = cluster.create_topic("orders", assignments=[(0, replicas)]).partitions[0]
    write(partition, b"a", acks=-1)
    return cluster, partition


def reassign(
    cluster: Cluster, topic: str, index: int, replicas: Sequence[int] | None, **options: bool
) -> None:
    (error,) = alter_reassignments(cluster, [(topic, index, replicas)], **options)
    if error is not None:
        raise error


def test_replicas_move_at_once_when_the_new_ones_copy_at_once() -> None:
    cluster, partition = four([1, 2])

    reassign(cluster, "orders", 0, [3, 4])

    assert partition.replicas == (3, 4)
    assert (partition.leader, set(partition.isr), partition.adding, partition.removing) == (3, {3, 4}, (), ())
    assert set(partition.copies) == {3, 4}
    assert values_of(partition) == [b"a"]
    assert ongoing_reassignments(cluster, None) == {}


def test_progress_shows_while_a_new_replica_is_behind() -> None:
    cluster, partition = four([1, 2])
    brokers.set_pace(cluster, 3, PAUSED)

    reassign(cluster, "orders", 0, [3, 1])

    assert (partition.replicas, partition.adding, partition.removing) == ((3, 1, 2), (3,), (2,))
    assert (partition.leader, partition.leader_epoch, partition.isr) == (1, 0, (1, 2))
    assert ongoing_reassignments(cluster, None) == {"orders": [partition]}
    assert ongoing_reassignments(cluster, [("orders", [0, 5]), ("nope", [0])]) == {"orders": [partition]}
    assert ongoing_reassignments(cluster, [("orders", [1])]) == {}
    write(partition, b"b", acks=-1)
    assert partition.high_watermark == 2

    brokers.set_pace(cluster, 3, INSTANT)

    assert (partition.replicas, partition.isr, partition.leader) == ((3, 1), (1, 3), 1)
    assert partition.leader_epoch == 1
    assert values_of(partition, 3) == [b"a", b"b"]


def test_a_reassignment_is_cancelled() -> None:
    cluster, partition = four([1, 2])
    brokers.set_pace(cluster, 3, PAUSED)
    reassign(cluster, "orders", 0, [3, 2])

    reassign(cluster, "orders", 0, None)

    assert (partition.replicas, partition.isr, partition.adding, partition.removing) == (
        (2, 1),
        (1, 2),
        (),
        (),
    )
    assert set(partition.copies) == {1, 2}
    with pytest.raises(KafkaError) as refused:
        reassign(cluster, "orders", 0, None)
    assert (refused.value.code, refused.value.message) == (
        ErrorCode.NO_REASSIGNMENT_IN_PROGRESS,
        "No partition reassignment is in progress.",
    )


def test_the_order_alone_changes_the_preferred_leader() -> None:
    cluster, partition = four([1, 2])

    reassign(cluster, "orders", 0, [2, 1])

    assert (partition.replicas, partition.leader, partition.leader_epoch) == ((2, 1), 1, 0)
    assert not partition.state.has_preferred_leader


def test_fewer_and_more_replicas() -> None:
    cluster, partition = four([1, 2, 3])

    reassign(cluster, "orders", 0, [2])
    assert (partition.replicas, partition.leader, partition.isr) == ((2,), 2, (2,))
    reassign(cluster, "orders", 0, [2, 4])
    assert (partition.replicas, partition.isr) == ((2, 4), (2, 4))
    assert values_of(partition, 4) == [b"a"]


@pytest.mark.parametrize(
    ("topic", "index", "replicas", "code", "text"),
    [
        ("nope", 0, [1], ErrorCode.UNKNOWN_TOPIC_OR_PARTITION, "Unable to find a topic named nope."),
        ("orders", 1, [1], ErrorCode.UNKNOWN_TOPIC_OR_PARTITION, "Unable to find partition orders:1."),
        (
            "orders",
            0,
            [9],
            ErrorCode.INVALID_REPLICA_ASSIGNMENT,
            "The manual partition assignment includes broker 9, but no such broker is registered.",
        ),
        (
            "orders",
            0,
            [3],
            ErrorCode.INVALID_REPLICATION_FACTOR,
            "The replication factor is changed from 2 to 1",
        ),
    ],
)
def test_reassignments_that_cannot_be(
    topic: str, index: int, replicas: list[int], code: ErrorCode, text: str
) -> None:
    cluster, _ = four([1, 2])

    with pytest.raises(KafkaError) as refused:
        reassign(cluster, topic, index, replicas, allow_factor_change=False)

    assert (refused.value.code, refused.value.message) == (code, text)


def test_a_new_replica_on_a_broker_that_is_down_waits_for_it() -> None:
    cluster, partition = four([1])
    brokers.kill(cluster, 2)
    reassign(cluster, "orders", 0, [2])
    assert partition.removing == (1,)

    brokers.start(cluster, 2)

    assert (partition.replicas, partition.leader) == ((2,), 2)
    assert values_of(partition) == [b"a"]


def test_a_replica_that_went_while_its_broker_was_cut_off_is_dropped_later() -> None:
    cluster, partition = four([1, 2])
    brokers.isolate(cluster, 1)
    cluster.clock.advance(10)
    reassign(cluster, "orders", 0, [2, 3])
    assert 1 in partition.copies

    brokers.heal(cluster, 1)

    assert set(partition.copies) == {2, 3}


def test_the_walk_of_a_real_cluster() -> None:
    """As Apache Kafka 4.3.1 was seen to do with three brokers."""
    cluster = make_cluster(3)
    topic = cluster.create_topic("r3", assignments=[(0, [1, 2, 3]), (1, [2, 3, 1]), (2, [3, 1, 2])])

    def shown() -> list[tuple[int, tuple[int, ...], tuple[int, ...], tuple[int, ...]]]:
        return [(one.leader, one.replicas, one.isr, one.elr) for one in topic.partitions]

    brokers.stop(cluster, 3)
    below = [(1, (1, 2, 3), (1, 2), ()), (2, (2, 3, 1), (2, 1), ()), (1, (3, 1, 2), (1, 2), ())]
    assert shown() == below
    cluster.set_topic_configs(topic, {"min.insync.replicas": "3"})
    assert shown() == below
    brokers.start(cluster, 3)
    elect_leader(cluster, "r3", 2, Election.PREFERRED)
    assert shown() == [
        (1, (1, 2, 3), (1, 2, 3), ()),
        (2, (2, 3, 1), (1, 2, 3), ()),
        (3, (3, 1, 2), (1, 2, 3), ()),
    ]
    changes = [("r3", 0, [1, 2]), ("r3", 1, [2, 1]), ("r3", 2, [3, 1]), ("r3", 9, [1])]
    assert [error is None for error in alter_reassignments(cluster, changes)] == [True, True, True, False]
    assert shown() == [(1, (1, 2), (1, 2), (3,)), (2, (2, 1), (1, 2), (3,)), (3, (3, 1), (1, 3), (2,))]
