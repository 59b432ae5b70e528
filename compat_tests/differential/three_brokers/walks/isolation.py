"""A broker that is cut off from the others, but not from clients."""

from __future__ import annotations

from functools import partial
from typing import Any

from compat_tests.differential.three_brokers.walk import Walk, batch
from compat_tests.differential.three_brokers.walks import coordinators
from compat_tests.differential.three_brokers.walks.views import create, described, led, metadata, produce

__all__ = ["isolated_admin", "isolated_coordinator", "isolated_leader", "uncommitted"]


def isolated_leader(walk: Walk) -> None:
    create(walk, "cut", "1:2:3", "min.insync.replicas=2")
    create(walk, "loose", "1:2:3")
    for topic in ("cut", "loose"):
        produce(walk, 1, topic, batch("a"))
    walk.step("isolate", 1)
    _stale(walk)
    led(walk, "cut", via=(2, 3))
    produce(walk, 2, "cut", batch("z"))
    _stale(walk)
    walk.act("kafka-topics -B --create --topic later --replica-assignment 2:3", via=(2, 3))
    walk.act(
        "kafka-topics -B --alter --topic loose --partitions 2 --replica-assignment 1:2:3,2:3:1", via=(2, 3)
    )
    led(walk, "later", via=(2, 3))
    metadata(walk, 1, "later")
    metadata(walk, 1, "loose")
    walk.step("heal", 1)
    described(walk, "cut")
    described(walk, "loose")
    metadata(walk, 1, "later")
    for topic in ("cut", "loose"):
        wanted = [{"partition_index": 0, "timestamp": -1}]
        walk.ask(2, topic, "ListOffsets", 7, replica_id=-1, topics=[{"name": topic, "partitions": wanted}])


def _stale(walk: Walk) -> None:
    """What the broker that was cut off says, while nobody tells it anything."""
    for topic in ("cut", "loose"):
        metadata(walk, 1, topic)
        produce(walk, 1, topic, batch("b"), acks=1)
        produce(walk, 1, topic, batch("c"))
        for isolation in (0, 1):
            wanted = [{"partition_index": 0, "timestamp": -1}]
            walk.ask(
                1, f"{topic} {isolation}", "ListOffsets", 7, replica_id=-1, isolation_level=isolation,
                topics=[{"name": topic, "partitions": wanted}],
            )  # fmt: skip
    walk.ask(1, "", "DescribeTopicPartitions", 0, topics=[{"name": "cut"}, {"name": "loose"}])
    walk.ask(1, "", "DescribeCluster", 2, endpoint_type=1, include_fenced_brokers=True)
    walk.ask(1, "", "DescribeCluster", 1, endpoint_type=1)
    walk.ask(
        1,
        "",
        "DescribeConfigs",
        4,
        resources=[
            {"resource_type": 2, "resource_name": "cut", "configuration_keys": ["min.insync.replicas"]}
        ],
    )
    walk.ask(1, "", "DescribeProducers", 0, topics=[{"name": "cut", "partition_indexes": [0]}])
    walk.ask(1, "new", "Metadata", 12, topics=[{"name": "new-one"}], allow_auto_topic_creation=True)


def isolated_coordinator(walk: Walk) -> None:
    coordinators.internal_topics(walk)
    create(walk, "g-cut", "1:2:3")
    commit = {"partition_index": 0, "committed_offset": 5}
    committing: dict[str, Any] = {
        "group_id": "cut-group", "generation_id_or_member_epoch": -1, "member_id": "",
        "topics": [{"name": "g-cut", "partitions": [commit]}],
    }  # fmt: skip
    walk.ask(1, "before", "OffsetCommit", 8, **committing)
    asked: dict[str, Any] = {"transactional_id": "cut-tx", "transaction_timeout_ms": 60_000}
    walk.ask(1, "before", "InitProducerId", 4, **asked)
    walk.step("isolate", 1)
    fetched = [{"group_id": "cut-group", "topics": [{"name": "g-cut", "partition_indexes": [0]}]}]
    joined: dict[str, Any] = {
        "group_id": "j-cut",
        "session_timeout_ms": 10_000,
        "rebalance_timeout_ms": 10_000,
        "member_id": "",
    }
    protocols = [{"name": "range", "metadata": b""}]
    heartbeat: dict[str, Any] = {
        "group_id": "c-cut", "member_id": "AAAAAAAAAAAAAAAAAAAAAA", "member_epoch": 0, "rebalance_timeout_ms": 5000,
        "subscribed_topic_names": ["g-cut"], "topic_partitions": [],
    }  # fmt: skip
    requests: list[tuple[str, str, int, dict[str, Any]]] = [
        ("fetch", "OffsetFetch", 8, {"groups": fetched}),
        ("commit", "OffsetCommit", 8, committing),
        ("find", "FindCoordinator", 4, {"key_type": 0, "coordinator_keys": ["cut-group"]}),
        ("find", "FindCoordinator", 4, {"key_type": 1, "coordinator_keys": ["cut-tx"]}),
        ("list", "ListGroups", 5, {}),
        ("describe", "DescribeGroups", 6, {"groups": ["cut-group"]}),
        ("delete", "DeleteGroups", 2, {"groups_names": ["cut-group"]}),
        ("join", "JoinGroup", 7, {**joined, "protocol_type": "consumer", "protocols": protocols}),
        ("heartbeat", "ConsumerGroupHeartbeat", 1, heartbeat),
        ("again", "InitProducerId", 4, asked),
        ("other", "InitProducerId", 4, {**asked, "transactional_id": "cut-other"}),
        ("idempotent", "InitProducerId", 4, {"transactional_id": None, "transaction_timeout_ms": 1000}),
        ("describe", "DescribeTransactions", 0, {"transactional_ids": ["cut-tx"]}),
    ]
    walk.ask_together(1, requests)
    for broker in (2, 3):
        walk.see(
            f"leaders at {broker}",
            partial(coordinators.leaders, walk, "__consumer_offsets", broker),
        )
    for broker in (1, 2, 3):
        walk.ask(broker, "find", "FindCoordinator", 4, key_type=0, coordinator_keys=["cut-group"])
        walk.ask(broker, "fetch", "OffsetFetch", 8, groups=fetched)
    walk.step("heal", 1)
    for broker in (1, 2, 3):
        walk.see(
            f"leaders at {broker}",
            partial(coordinators.leaders, walk, "__consumer_offsets", broker),
        )
        walk.ask(broker, "fetch", "OffsetFetch", 8, groups=fetched)
        walk.ask(broker, "list", "ListGroups", 5)


def uncommitted(walk: Walk) -> None:
    """What a coordinator has written, but cannot replicate: who only reads does not see it."""
    coordinators.internal_topics(walk)
    create(walk, "u-topic", "1:2:3")
    for group, offset in (("u-group", 5), ("u-gone", 7)):
        walk.ask(1, group, "OffsetCommit", 8, **_commit(group, offset))
    first, second = ("AAAAAAAAAAAAAAAAAAAAA" + last for last in "AQ")
    walk.ask(1, "first", "ConsumerGroupHeartbeat", 1, **_joining(first), waits=False)
    _read(walk, 1)
    walk.step("isolate", 1)
    walk.ask_together(
        1,
        [
            ("again", "OffsetCommit", 8, _commit("u-group", 6)),
            ("new", "OffsetCommit", 8, _commit("u-new", 1)),
            ("gone", "DeleteGroups", 2, {"groups_names": ["u-gone"]}),
            ("second", "ConsumerGroupHeartbeat", 1, _joining(second)),
        ],
    )
    _read(walk, 1)
    walk.ask(1, "stable", "OffsetFetch", 8, groups=_FETCHED, require_stable=True, waits=False)
    for broker in (2, 3):
        walk.see(f"leaders at {broker}", partial(coordinators.leaders, walk, "__consumer_offsets", broker))
    walk.step("heal", 1)
    for broker in (1, 2):
        walk.see(f"leaders at {broker}", partial(coordinators.leaders, walk, "__consumer_offsets", broker))
    _read(walk, 2)
    leaving = {"group_id": "u-consumers", "member_id": first, "member_epoch": -1, "rebalance_timeout_ms": -1}
    walk.ask(2, "leaves", "ConsumerGroupHeartbeat", 1, **leaving, waits=False)
    names = ["u-group", "u-gone", "u-new", "u-consumers"]
    walk.ask(2, "all", "DeleteGroups", 2, groups_names=names, waits=False)


_FETCHED = [
    {"group_id": group, "topics": [{"name": "u-topic", "partition_indexes": [0]}]}
    for group in ("u-group", "u-gone", "u-new")
]


def _commit(group: str, offset: int) -> dict[str, Any]:
    partition = {"partition_index": 0, "committed_offset": offset}
    return {
        "group_id": group, "generation_id_or_member_epoch": -1, "member_id": "",
        "topics": [{"name": "u-topic", "partitions": [partition]}],
    }  # fmt: skip


def _joining(member: str) -> dict[str, Any]:
    return {
        "group_id": "u-consumers", "member_id": member, "member_epoch": 0, "rebalance_timeout_ms": 60_000,
        "subscribed_topic_names": ["u-topic"], "topic_partitions": [],
    }  # fmt: skip


def _read(walk: Walk, broker: int) -> None:
    def listed() -> list[Any]:
        answer = walk.silently(broker, "ListGroups", 5)
        found = [] if isinstance(answer, str) else answer["groups"]
        return sorted(
            (one for one in found if one["group_id"].startswith("u-")), key=lambda one: one["group_id"]
        )

    walk.see(f"groups at {broker}", listed)
    walk.ask(broker, "", "OffsetFetch", 8, groups=_FETCHED)
    walk.ask(broker, "", "DescribeGroups", 6, groups=["u-group", "u-gone", "u-new"])
    walk.ask(broker, "", "ConsumerGroupDescribe", 1, group_ids=["u-consumers", "u-gone", "u-new"])


def isolated_admin(walk: Walk) -> None:
    """What needs the controller."""
    create(walk, "a-cut", "1:2:3")
    walk.step("isolate", 1)
    topic = {"name": "wanted", "num_partitions": 1, "replication_factor": 1}
    entry = {
        "resource_type": 2,
        "resource_name": "a-cut",
        "configs": [{"name": "retention.ms", "config_operation": 0, "value": "5"}],
    }
    requests: list[tuple[str, str, int, dict[str, Any]]] = [
        ("", "CreateTopics", 7, {"topics": [topic], "timeout_ms": 1000}),
        ("", "DeleteTopics", 6, {"topics": [{"name": "a-cut"}], "timeout_ms": 1000}),
        (
            "",
            "CreatePartitions",
            3,
            {"topics": [{"name": "a-cut", "count": 3, "assignments": None}], "timeout_ms": 1000},
        ),
        ("", "IncrementalAlterConfigs", 1, {"resources": [entry]}),
        (
            "",
            "AlterConfigs",
            2,
            {"resources": [{"resource_type": 2, "resource_name": "a-cut", "configs": []}]},
        ),
        ("", "ElectLeaders", 2, {"election_type": 0, "topic_partitions": None, "timeout_ms": 1000}),
        (
            "",
            "AlterPartitionReassignments",
            1,
            {
                "topics": [{"name": "a-cut", "partitions": [{"partition_index": 0, "replicas": [2]}]}],
                "timeout_ms": 1000,
            },
        ),
        ("", "ListPartitionReassignments", 0, {"topics": None, "timeout_ms": 1000}),
        (
            "",
            "DescribeQuorum",
            2,
            {"topics": [{"topic_name": "__cluster_metadata", "partitions": [{"partition_index": 0}]}]},
        ),
        ("", "AlterClientQuotas", 1, {"entries": []}),
        ("", "UpdateFeatures", 2, {"feature_updates": [], "timeout_ms": 1000}),
        ("", "UnregisterBroker", 0, {"broker_id": 9}),
        (
            "",
            "AlterUserScramCredentials",
            0,
            {"deletions": [{"name": "u", "mechanism": 1}], "upsertions": []},
        ),
        ("", "DescribeClientQuotas", 1, {"components": [], "strict": False}),
        ("", "DescribeUserScramCredentials", 0, {"users": None}),
        ("", "DescribeLogDirs", 4, {"topics": [{"topic": "a-cut", "partitions": [0]}]}),
    ]
    walk.ask_together(1, requests)
    walk.step("heal", 1)
    described(walk, "a-cut")
