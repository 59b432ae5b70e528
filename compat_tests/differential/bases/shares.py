"""Requests of share consumers, and of the state of what they share."""

from __future__ import annotations

from typing import Any

from compat_tests.differential.bases.ground import Ground, base


@base("ShareFetch")
def _share_fetch(ground: Ground) -> dict[str, Any]:
    topic = {"topic_id": ground.topic_id(), "partitions": [{"partition_index": 0}]}
    return {
        "group_id": f"{ground.prefix}-group",
        "member_id": ground.fresh(),
        "share_session_epoch": 0,
        "max_wait_ms": 500,
        "min_bytes": 1,
        "max_bytes": 10_000,
        "max_records": 100,
        "batch_size": 100,
        "topics": [topic],
    }


@base("ShareAcknowledge")
def _share_acknowledge(ground: Ground) -> dict[str, Any]:
    batch = {"first_offset": 0, "last_offset": 2, "acknowledge_types": [1]}
    topic = {
        "topic_id": ground.topic_id(),
        "partitions": [{"partition_index": 0, "acknowledgement_batches": [batch]}],
    }
    member = ground.fresh()
    asked = {"group_id": f"{ground.prefix}-group", "member_id": member}
    ground.run.prepare("ShareFetch", 2, **asked, max_wait_ms=10, max_bytes=1000, max_records=1, batch_size=1)
    return {**asked, "share_session_epoch": 1, "topics": [topic]}


def _group(ground: Ground) -> str:
    return f"{ground.prefix}-group"


@base("InitializeShareGroupState")
def _initialize(ground: Ground) -> dict[str, Any]:
    partition = {"partition": 0, "state_epoch": 1, "start_offset": 0}
    topics = [{"topic_id": ground.topic_id(), "partitions": [partition]}]
    return {"group_id": ground.fresh(), "topics": topics}


def _initialized(ground: Ground) -> dict[str, Any]:
    asked = _initialize(ground)
    ground.run.prepare("InitializeShareGroupState", 0, **asked)
    return asked


@base("ReadShareGroupState")
@base("ReadShareGroupStateSummary")
def _read(ground: Ground) -> dict[str, Any]:
    group = ground.once("group", lambda: _initialized(ground)["group_id"])
    topics = [{"topic_id": ground.topic_id(), "partitions": [{"partition": 0, "leader_epoch": 0}]}]
    return {"group_id": group, "topics": topics}


@base("WriteShareGroupState")
def _write(ground: Ground) -> dict[str, Any]:
    group = _initialized(ground)["group_id"]
    batch = {"first_offset": 0, "last_offset": 4, "delivery_state": 2, "delivery_count": 1}
    partition = {
        "partition": 0,
        "state_epoch": 1,
        "leader_epoch": 0,
        "start_offset": 0,
        "state_batches": [batch],
    }
    return {"group_id": group, "topics": [{"topic_id": ground.topic_id(), "partitions": [partition]}]}


@base("DeleteShareGroupState")
def _delete(ground: Ground) -> dict[str, Any]:
    group = _initialized(ground)["group_id"]
    return {"group_id": group, "topics": [{"topic_id": ground.topic_id(), "partitions": [{"partition": 0}]}]}


def _share_group(ground: Ground) -> str:
    """A share group without members, that was there."""
    group = ground.fresh()
    member = {"group_id": group, "member_id": "gone", "subscribed_topic_names": ["absent-yet"]}
    ground.run.prepare("ShareGroupHeartbeat", 1, **member, member_epoch=0)
    ground.run.prepare("ShareGroupHeartbeat", 1, **member, member_epoch=-1)
    return group


@base("DescribeShareGroupOffsets")
def _describe(ground: Ground) -> dict[str, Any]:
    group = ground.once("share group", lambda: _share_group(ground))
    return {"groups": [{"group_id": group, "topics": [{"topic_name": ground.topic(), "partitions": [0]}]}]}


@base("AlterShareGroupOffsets")
def _alter(ground: Ground) -> dict[str, Any]:
    topic = {"topic_name": ground.topic(), "partitions": [{"partition_index": 0, "start_offset": 2}]}
    return {"group_id": _share_group(ground), "topics": [topic]}


@base("DeleteShareGroupOffsets")
def _delete_offsets(ground: Ground) -> dict[str, Any]:
    group = _share_group(ground)
    topic = {"topic_name": ground.topic(), "partitions": [{"partition_index": 0, "start_offset": 2}]}
    ground.run.prepare("AlterShareGroupOffsets", 0, group_id=group, topics=[topic])
    return {"group_id": group, "topics": [{"topic_name": ground.topic()}]}
