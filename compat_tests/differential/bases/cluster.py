"""Requests about the cluster: its brokers, its controllers, what it can do."""

from __future__ import annotations

from typing import Any

from compat_tests.differential.bases.ground import Ground, base
from compat_tests.differential.edges import UNKNOWN_ID


@base("ApiVersions")
def _api_versions(ground: Ground) -> dict[str, Any]:
    return {"client_software_name": "edges", "client_software_version": "1.0"}


def _created(ground: Ground, answer: Any) -> None:
    """Topics that older versions create are there."""
    for topic in answer["topics"] if ground.version < 4 and isinstance(answer, dict) else ():
        if topic["error_code"] in (3, 5):
            ground.run.await_topic(topic["name"])


@base("Metadata", after=_created)
def _metadata(ground: Ground) -> dict[str, Any]:
    topic = {"name": ground.topic()}
    return {"topics": [topic], "allow_auto_topic_creation": False}


@base("Metadata", "by id", after=_created)
def _metadata_by_id(ground: Ground) -> dict[str, Any]:
    if ground.version < 10:
        return {"topics": [{"name": "absent"}, {"name": ground.topic()}], "allow_auto_topic_creation": False}
    return {"topics": [{"topic_id": ground.topic_id(), "name": None}], "allow_auto_topic_creation": False}


@base("DescribeTopicPartitions")
def _describe_topic_partitions(ground: Ground) -> dict[str, Any]:
    cursor = {"topic_name": ground.topic(), "partition_index": 0}
    return {"topics": [{"name": ground.topic()}], "response_partition_limit": 1, "cursor": cursor}


@base("DescribeCluster")
def _describe_cluster(ground: Ground) -> dict[str, Any]:
    return {"endpoint_type": 1}


@base("DescribeQuorum")
def _describe_quorum(ground: Ground) -> dict[str, Any]:
    return {"topics": [{"topic_name": "__cluster_metadata", "partitions": [{"partition_index": 0}]}]}


@base("ElectLeaders")
def _elect(ground: Ground) -> dict[str, Any]:
    topics = [{"topic": ground.topic(), "partitions": [0]}]
    return {"election_type": 0, "topic_partitions": topics, "timeout_ms": 30_000}


@base("AlterPartitionReassignments")
def _reassign(ground: Ground) -> dict[str, Any]:
    topic = {"name": ground.topic(), "partitions": [{"partition_index": 0, "replicas": [1]}]}
    return {"timeout_ms": 30_000, "allow_replication_factor_change": True, "topics": [topic]}


@base("AlterPartitionReassignments", "cancel")
def _cancel(ground: Ground) -> dict[str, Any]:
    topic = {"name": ground.topic(), "partitions": [{"partition_index": 0, "replicas": None}]}
    return {"timeout_ms": 30_000, "allow_replication_factor_change": True, "topics": [topic]}


@base("ListPartitionReassignments")
def _list_reassignments(ground: Ground) -> dict[str, Any]:
    return {"timeout_ms": 30_000, "topics": [{"name": ground.topic(), "partition_indexes": [0]}]}


@base("UpdateFeatures")
def _update_features(ground: Ground) -> dict[str, Any]:
    update = {"feature": "group.version", "max_version_level": 1, "upgrade_type": 1}
    return {"timeout_ms": 30_000, "feature_updates": [update], "validate_only": True}


#: The broker's own id: it would be gone.
@base("UnregisterBroker", skip=("broker_id 1",))
def _unregister(ground: Ground) -> dict[str, Any]:
    return {"broker_id": 999}


#: A listener without a name or host ends a real broker; of many listeners it tells in the order of a hash map.
@base("AddRaftVoter", skip=("listeners.0.name ''", "listeners.0.host ''", "all defaults", "listeners many"))
def _add_voter(ground: Ground) -> dict[str, Any]:
    listener = {"name": "CONTROLLER", "host": "127.0.0.1", "port": 1}
    return {
        "cluster_id": None,
        "timeout_ms": 100,
        "voter_id": 999,
        "voter_directory_id": UNKNOWN_ID,
        "listeners": [listener],
    }


@base("RemoveRaftVoter")
def _remove_voter(ground: Ground) -> dict[str, Any]:
    return {"cluster_id": None, "voter_id": 999, "voter_directory_id": UNKNOWN_ID}
