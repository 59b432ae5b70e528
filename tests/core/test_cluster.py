from __future__ import annotations

from collections import Counter
from typing import Any

import pytest

from mockbroker.config.catalog import NEWEST
from mockbroker.core import brokers
from mockbroker.core.topic_admin import check_batch
from mockbroker.core.waiting import NOT_YET
from protocol_specs.errors import ErrorCode, KafkaError
from tests.core.clusters import batch, make_cluster, write


def test_a_cluster_has_brokers_and_a_controller_among_them() -> None:
    cluster = make_cluster(3, racks=("a", "", "c"))

    assert list(cluster.nodes) == [1, 2, 3]
    assert [node.rack for node in cluster.nodes.values()] == ["a", None, "c"]
    assert cluster.controller_id == 1
    assert len(cluster.cluster_id) == 22
    assert make_cluster(1, node_id=7).controller_id == 7


def test_the_same_seed_gives_the_same_ids() -> None:
    first, again, other = (make_cluster(3, seed=seed) for seed in (5, 5, 6))

    assert first.cluster_id == again.cluster_id != other.cluster_id
    assert first.create_topic("t").id == again.create_topic("t").id != other.create_topic("t").id


def test_a_topic_takes_the_defaults() -> None:
    cluster = make_cluster(3, num_partitions=4, default_replication_factor=2)

    topic = cluster.create_topic("orders")

    assert (len(topic.partitions), topic.replication_factor) == (4, 2)
    assert all(
        (one.leader, one.leader_epoch, one.partition_epoch, one.isr) == (one.replicas[0], 0, 0, one.replicas)
        for one in topic.partitions
    )
    assert cluster.topics_by_id[topic.id] is cluster.topics["orders"] is topic
    assert cluster.partition("orders", 3) is topic.partitions[3]


def test_validate_only_creates_nothing() -> None:
    cluster = make_cluster()

    topic = cluster.create_topic("orders", partitions=3, validate_only=True)

    assert len(topic.partitions) == 3
    assert cluster.topics == {}


def test_configs_take_effect_and_can_be_changed() -> None:
    cluster = make_cluster()
    topic = cluster.create_topic("orders", configs={"retention.ms": "1000"})
    assert topic.partitions[0].log.config.retention_ms == topic.config.retention_ms == 1000

    cluster.set_topic_configs(topic, {"retention.ms": "2000"})
    assert topic.partitions[0].log.config.retention_ms == 2000
    cluster.set_topic_configs(topic, {})
    cluster.settings.set_dynamic(None, {"log.retention.ms": "3000"})
    assert topic.partitions[0].log.config.retention_ms == 3000
    cluster.settings.set_dynamic(1, {"log.retention.ms": "4000"})
    assert topic.partitions[0].log.config.retention_ms == 4000


REFUSED: list[tuple[dict[str, Any], ErrorCode, str]] = [
    ({"name": "taken"}, ErrorCode.TOPIC_ALREADY_EXISTS, "Topic 'taken' already exists."),
    (
        {"name": "a_b"},
        ErrorCode.INVALID_TOPIC_EXCEPTION,
        "Topic 'a_b' collides with existing topic: a.b",
    ),
    ({"name": ".."}, ErrorCode.INVALID_TOPIC_EXCEPTION, "Topic name is invalid: '..' is not allowed"),
    (
        {"partitions": 0},
        ErrorCode.INVALID_PARTITIONS,
        "Number of partitions was set to an invalid non-positive value.",
    ),
    (
        {"replication_factor": 0},
        ErrorCode.INVALID_REPLICATION_FACTOR,
        "Replication factor must be larger than 0, or -1 to use the default value.",
    ),
    (
        {"replication_factor": 4},
        ErrorCode.INVALID_REPLICATION_FACTOR,
        "Unable to replicate the partition 4 time(s): The target replication factor of 4 cannot be reached because "
        "only 3 broker(s) are registered or some brokers have all their log directories cordoned.",
    ),
    ({"configs": {"nope": "1"}}, ErrorCode.INVALID_CONFIG, "Unknown topic config name: nope"),
    (
        {"configs": {"retention.ms": None, "segment.ms": None}},
        ErrorCode.INVALID_CONFIG,
        "Null value not supported for topic configs: retention.ms,segment.ms",
    ),
    (
        {"assignments": [(0, [1])], "replication_factor": 1},
        ErrorCode.INVALID_REQUEST,
        "A manual partition assignment was specified, but replication factor was not set to -1.",
    ),
    (
        {"assignments": [(0, [1])], "partitions": 1},
        ErrorCode.INVALID_REQUEST,
        "A manual partition assignment was specified, but numPartitions was not set to -1.",
    ),
    (
        {"assignments": [(0, [1]), (0, [2])]},
        ErrorCode.INVALID_REPLICA_ASSIGNMENT,
        "Found multiple manual partition assignments for partition 0",
    ),
    (
        {"assignments": [(0, [1]), (2, [2])]},
        ErrorCode.INVALID_REPLICA_ASSIGNMENT,
        "partitions should be a consecutive 0-based integer sequence",
    ),
    (
        {"assignments": [(0, [])]},
        ErrorCode.INVALID_REPLICA_ASSIGNMENT,
        "The manual partition assignment includes an empty replica list.",
    ),
    (
        {"assignments": [(0, [9])]},
        ErrorCode.INVALID_REPLICA_ASSIGNMENT,
        "The manual partition assignment includes broker 9, but no such broker is registered.",
    ),
    (
        {"assignments": [(0, [2, 1, 2])]},
        ErrorCode.INVALID_REPLICA_ASSIGNMENT,
        "The manual partition assignment includes the broker 2 more than once.",
    ),
    (
        {"assignments": [(0, [1, 2]), (1, [1])]},
        ErrorCode.INVALID_REPLICA_ASSIGNMENT,
        "The manual partition assignment includes a partition with 1 replica(s), but this is not consistent with "
        "previous partitions, which have 2 replica(s).",
    ),
]


@pytest.mark.parametrize(("asked", "code", "text"), REFUSED)
def test_topics_that_cannot_be(asked: dict[str, Any], code: ErrorCode, text: str) -> None:
    cluster = make_cluster(3)
    cluster.create_topic("taken")
    cluster.create_topic("a.b")

    with pytest.raises(KafkaError) as refused:
        cluster.create_topic(**{"name": "orders", **asked})

    assert (refused.value.code, refused.value.message) == (code, text)
    assert list(cluster.topics) == ["taken", "a.b"]


def test_a_value_out_of_bounds_is_refused_with_its_reason() -> None:
    with pytest.raises(KafkaError) as refused:
        make_cluster().create_topic("orders", configs={"min.insync.replicas": "0"})

    assert refused.value.code is ErrorCode.INVALID_CONFIG
    assert refused.value.message == (
        "Invalid value 0 for configuration min.insync.replicas: Value must be at least 1"
    )


def test_replicas_may_be_on_a_broker_that_is_down_but_not_all() -> None:
    cluster = make_cluster(3)
    brokers.kill(cluster, 1)

    partition = cluster.create_topic("orders", assignments=[(0, [1, 2])]).partitions[0]

    assert (partition.leader, partition.isr, partition.offline_replicas(cluster.nodes[2])) == (2, (2,), (1,))
    with pytest.raises(KafkaError) as refused:
        cluster.create_topic("payments", assignments=[(0, [1])])
    assert refused.value.message == (
        "All brokers specified in the manual partition assignment for partition 0 are fenced or in controlled shutdown."
    )


def test_a_request_with_too_many_partitions_is_refused_as_a_whole() -> None:
    check_batch([5000, 5000, -5], NEWEST)
    with pytest.raises(KafkaError, match="Excessively large number of partitions per request"):
        check_batch([5000, 5001], NEWEST)


def test_partitions_are_added() -> None:
    cluster = make_cluster(3)
    topic = cluster.create_topic("orders", partitions=3, replication_factor=2)

    cluster.create_partitions("orders", 6)
    cluster.create_partitions("orders", 7, assignments=[[3, 1]])
    cluster.create_partitions("orders", 9, validate_only=True)

    assert [one.index for one in topic.partitions] == list(range(7))
    assert topic.partitions[6].replicas == (3, 1)
    assert Counter(one.leader for one in topic.partitions[:6]) == {1: 2, 2: 2, 3: 2}


@pytest.mark.parametrize(
    ("total", "assignments", "code", "text"),
    [
        (2, None, ErrorCode.INVALID_PARTITIONS, "Topic already has 2 partition(s)."),
        (
            1,
            None,
            ErrorCode.INVALID_PARTITIONS,
            "The topic orders currently has 2 partition(s); 1 would not be an increase.",
        ),
        (
            4,
            [[1]],
            ErrorCode.INVALID_REPLICA_ASSIGNMENT,
            "Attempted to add 2 additional partition(s), but only 1 assignment(s) were specified.",
        ),
        (
            3,
            [[1, 2]],
            ErrorCode.INVALID_REPLICA_ASSIGNMENT,
            "The manual partition assignment includes a partition with 2 replica(s), but this is not consistent with "
            "previous partitions, which have 1 replica(s).",
        ),
    ],
)
def test_partitions_that_cannot_be_added(
    total: int, assignments: list[list[int]] | None, code: ErrorCode, text: str
) -> None:
    cluster = make_cluster(2)
    cluster.create_topic("orders", partitions=2)

    with pytest.raises(KafkaError) as refused:
        cluster.create_partitions("orders", total, assignments=assignments)

    assert (refused.value.code, refused.value.message) == (code, text)
    with pytest.raises(KafkaError, match="UNKNOWN_TOPIC_OR_PARTITION"):
        cluster.create_partitions("nope", 2)


def test_deletion_wakes_who_waits_and_a_topic_comes_back_with_another_id() -> None:
    cluster = make_cluster()
    topic = cluster.create_topic("a.b")
    partition = topic.partitions[0]
    write(partition)

    def attempt(last: bool) -> Any:
        return "gone" if partition.is_deleted else NOT_YET

    pending = cluster.waiting.wait(attempt, on=[partition], at_most=10)
    cluster.delete_topic("a.b")
    cluster.waiting.flush()

    assert pending.reply == "gone"
    with pytest.raises(KafkaError, match="UNKNOWN_TOPIC_OR_PARTITION"):
        partition.append(batch())
    with pytest.raises(KafkaError, match="UNKNOWN_TOPIC_OR_PARTITION"):
        cluster.partition("a.b", 0)
    again = cluster.create_topic("a_b")
    assert again.id != topic.id
    assert again.partitions[0].log_end_offset == 0


def test_internal_topics_have_the_settings_sizes_and_kafkas_configs() -> None:
    cluster = make_cluster(2, offsets_topic_num_partitions=7, transaction_state_log_segment_bytes=2_000_000)

    offsets = cluster.auto_create_topic("__consumer_offsets")
    transactions = cluster.auto_create_topic("__transaction_state")
    shares = cluster.auto_create_topic("__share_group_state")

    assert (len(offsets.partitions), offsets.replication_factor, offsets.is_internal) == (7, 2, True)
    assert offsets.overrides == {
        "cleanup.policy": "compact",
        "compression.type": "producer",
        "segment.bytes": "104857600",
    }
    assert len(transactions.partitions) == 50
    assert transactions.overrides == {
        "unclean.leader.election.enable": "false",
        "compression.type": "uncompressed",
        "cleanup.policy": "compact",
        "min.insync.replicas": "2",
        "segment.bytes": "2000000",
    }
    assert shares.overrides["retention.ms"] == "-1"
    assert shares.overrides["cleanup.policy"] == "delete"


def test_a_topic_that_somebody_asked_for_has_the_defaults() -> None:
    cluster = make_cluster(3, num_partitions=2, default_replication_factor=3)

    assert len(cluster.auto_create_topic("orders").partitions) == 2
    with pytest.raises(KafkaError, match="INVALID_TOPIC_EXCEPTION"):
        cluster.auto_create_topic("a b")


def test_versions_rise_with_what_metadata_can_show() -> None:
    cluster = make_cluster(2)
    before = cluster.version
    topic = cluster.create_topic("orders", replication_factor=2)
    assert cluster.version > before

    seen, of_topic = cluster.version, topic.version
    write(topic.partitions[0])
    assert (cluster.version, topic.version) == (seen, of_topic)
    brokers.kill(cluster, 2)
    assert cluster.version > seen
    assert topic.version > of_topic
