"""Requests of consumer, share and streams groups."""

from __future__ import annotations

from typing import Any

from compat_tests.differential.bases.ground import Ground, base

_MEMBER = "member-of-the-edges"


def _consumer(ground: Ground, group: str) -> dict[str, Any]:
    return {
        "group_id": group,
        "member_id": _MEMBER,
        "member_epoch": 0,
        "rack_id": "rack",
        "rebalance_timeout_ms": 60_000,
        "subscribed_topic_names": [ground.topic()],
        "server_assignor": "uniform",
        "topic_partitions": [],
    }


@base("ConsumerGroupHeartbeat")
def _consumer_heartbeat(ground: Ground) -> dict[str, Any]:
    return _consumer(ground, ground.fresh())


@base("ConsumerGroupHeartbeat", "next")
def _consumer_heartbeat_next(ground: Ground) -> dict[str, Any]:
    group = ground.fresh()
    made = ground.run.prepare("ConsumerGroupHeartbeat", 0, **_consumer(ground, group))
    owned = {"topic_id": ground.topic_id(), "partitions": [0]}
    return {
        "group_id": group,
        "member_id": made["member_id"],
        "member_epoch": made["member_epoch"],
        "rebalance_timeout_ms": -1,
        "topic_partitions": [owned],
    }


@base("ConsumerGroupDescribe")
def _consumer_describe(ground: Ground) -> dict[str, Any]:
    def make() -> str:
        group = f"{ground.prefix}-group"
        ground.run.prepare("ConsumerGroupHeartbeat", 1, **_consumer(ground, group))
        return group

    return {"group_ids": [ground.once("group", make)]}


@base("ConsumerGroupDescribe", "classic")
def _consumer_describe_classic(ground: Ground) -> dict[str, Any]:
    return {"group_ids": [ground.once("classic", lambda: ground.committed(f"{ground.prefix}-classic"))]}


@base("ShareGroupHeartbeat")
def _share_heartbeat(ground: Ground) -> dict[str, Any]:
    return {
        "group_id": ground.fresh(),
        "member_id": _MEMBER,
        "member_epoch": 0,
        "rack_id": "rack",
        "subscribed_topic_names": ["absent-yet"],
    }


@base("ShareGroupHeartbeat", "next")
def _share_heartbeat_next(ground: Ground) -> dict[str, Any]:
    asked = _share_heartbeat(ground)
    made = ground.run.prepare("ShareGroupHeartbeat", 1, **asked)
    return asked | {"member_epoch": made["member_epoch"], "subscribed_topic_names": None, "rack_id": None}


@base("ShareGroupDescribe")
def _share_describe(ground: Ground) -> dict[str, Any]:
    def make() -> str:
        asked = _share_heartbeat(ground)
        ground.run.prepare("ShareGroupHeartbeat", 1, **asked)
        return str(asked["group_id"])

    return {"group_ids": [ground.once("group", make)]}


def _topology() -> dict[str, Any]:
    config = {"key": "cleanup.policy", "value": "compact"}
    one = {
        "subtopology_id": "0",
        "source_topics": ["absent-source"],
        "source_topic_regex": [],
        "state_changelog_topics": [
            {"name": "absent-changelog", "partitions": 0, "replication_factor": 0, "topic_configs": [config]}
        ],
        "repartition_sink_topics": ["absent-sink"],
        "repartition_source_topics": [
            {"name": "absent-again", "partitions": 2, "replication_factor": 1, "topic_configs": []}
        ],
        "copartition_groups": [
            {"source_topics": [0], "source_topic_regex": [], "repartition_source_topics": [0]}
        ],
    }
    return {"epoch": 0, "subtopologies": [one]}


@base("StreamsGroupHeartbeat")
def _streams_heartbeat(ground: Ground) -> dict[str, Any]:
    return {
        "group_id": ground.fresh(),
        "member_id": _MEMBER,
        "member_epoch": 0,
        "rack_id": "rack",
        "rebalance_timeout_ms": 60_000,
        "topology": _topology(),
        "active_tasks": [],
        "standby_tasks": [],
        "warmup_tasks": [],
        "process_id": "process",
        "user_endpoint": {"host": "host", "port": 9},
        "client_tags": [{"key": "zone", "value": "a"}],
    }


@base("StreamsGroupHeartbeat", "next")
def _streams_heartbeat_next(ground: Ground) -> dict[str, Any]:
    asked = _streams_heartbeat(ground)
    made = ground.run.prepare("StreamsGroupHeartbeat", 0, **asked)
    tasks = [{"subtopology_id": "0", "partitions": [0]}]
    offsets = [{"subtopology_id": "0", "partition": 0, "offset": 5}]
    return {
        "group_id": asked["group_id"],
        "member_id": _MEMBER,
        "member_epoch": made["member_epoch"],
        "rebalance_timeout_ms": -1,
        "active_tasks": tasks,
        "standby_tasks": [],
        "warmup_tasks": [],
        "topology": None,
        "user_endpoint": None,
        "task_offsets": offsets,
        "task_end_offsets": offsets,
    }


@base("StreamsGroupDescribe")
def _streams_describe(ground: Ground) -> dict[str, Any]:
    def make() -> str:
        asked = _streams_heartbeat(ground)
        ground.run.prepare("StreamsGroupHeartbeat", 0, **asked)
        return str(asked["group_id"])

    return {"group_ids": [ground.once("group", make)]}
