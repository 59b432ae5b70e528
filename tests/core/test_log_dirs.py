from __future__ import annotations

import pytest

from mockbroker.core.log_dirs import HostedLog, alter_log_dir, hosted_logs
from protocol_specs.errors import ErrorCode, KafkaError
from tests.core.clusters import batch, make_cluster


def test_logs_are_spread_over_the_directories() -> None:
    cluster = make_cluster(log_dirs="/a,/b")
    topic = cluster.create_topic("t", partitions=4)
    view = batch()
    topic.partitions[0].append(view)

    hosted = hosted_logs(cluster, 1)

    assert hosted == {
        "/a": [HostedLog("t", 0, len(view), 0), HostedLog("t", 2, 0, 0)],
        "/b": [HostedLog("t", 1, 0, 0), HostedLog("t", 3, 0, 0)],
    }


def test_a_log_moves() -> None:
    cluster = make_cluster(log_dirs="/a,/b")
    cluster.create_topic("t")

    alter_log_dir(cluster, 1, "t", 0, "/b")

    assert [len(logs) for logs in hosted_logs(cluster, 1).values()] == [0, 1]


def test_a_directory_is_remembered_for_a_replica_to_come() -> None:
    cluster = make_cluster(2, log_dirs="/a,/b")
    cluster.create_topic("t", assignments=[(0, [1])])
    with pytest.raises(KafkaError, match="REPLICA_NOT_AVAILABLE"):
        alter_log_dir(cluster, 2, "t", 0, "/b")

    cluster.create_partitions("t", 2, assignments=[[2]])
    with pytest.raises(KafkaError, match="UNKNOWN_TOPIC_OR_PARTITION"):
        alter_log_dir(cluster, 2, "u", 0, "/b")
    cluster.create_topic("u", assignments=[(0, [2])])

    assert [log.topic for log in hosted_logs(cluster, 2)["/b"]] == ["u"]


@pytest.mark.parametrize(
    ("topic", "log_dir", "code"),
    [
        ("t", "/c", ErrorCode.LOG_DIR_NOT_FOUND),
        ("t" * 214, "/a", ErrorCode.INVALID_TOPIC_EXCEPTION),
        ("t" * 213, "/a", ErrorCode.UNKNOWN_TOPIC_OR_PARTITION),
    ],
)
def test_moves_that_cannot_be(topic: str, log_dir: str, code: ErrorCode) -> None:
    cluster = make_cluster(log_dirs="/a,/b")

    with pytest.raises(KafkaError) as refused:
        alter_log_dir(cluster, 1, topic, 0, log_dir)

    assert refused.value.code is code


def test_a_new_log_goes_where_there_are_fewest() -> None:
    cluster = make_cluster(log_dirs="/a,/b")
    cluster.create_topic("t", partitions=3)
    alter_log_dir(cluster, 1, "t", 0, "/b")
    alter_log_dir(cluster, 1, "t", 2, "/b")
    cluster.create_topic("u", partitions=2)

    assert [log.topic for log in hosted_logs(cluster, 1)["/a"]] == ["u", "u"]


def test_a_directory_that_is_cordoned_takes_no_log() -> None:
    cluster = make_cluster(log_dirs="/a,/b")
    cluster.settings.set_dynamic(1, {"cordoned.log.dirs": "/a"})
    cluster.create_topic("t", partitions=2)

    assert [len(logs) for logs in hosted_logs(cluster, 1).values()] == [0, 2]
    with pytest.raises(KafkaError, match="Log directory /a is cordoned") as refused:
        alter_log_dir(cluster, 1, "t", 0, "/a")
    assert refused.value.code is ErrorCode.INVALID_REPLICA_ASSIGNMENT


@pytest.mark.parametrize("cordoned", ["*", "/a,/b"])
def test_a_broker_that_is_cordoned_gets_no_replicas_but_by_hand(cordoned: str) -> None:
    cluster = make_cluster(3, log_dirs="/a,/b")
    cluster.settings.set_dynamic(3, {"cordoned.log.dirs": cordoned})
    with pytest.raises(KafkaError, match=r"only 2 broker\(s\) are registered or some brokers have all"):
        cluster.create_topic("t", partitions=1, replication_factor=3)

    placed = cluster.create_topic("t", partitions=9, replication_factor=2)
    by_hand = cluster.create_topic("u", assignments=[(0, [3, 1])])

    assert {id for partition in placed.partitions for id in partition.replicas} == {1, 2}
    assert by_hand.partitions[0].leader == 3
    assert [len(logs) for logs in hosted_logs(cluster, 3).values()] == [1, 0]
