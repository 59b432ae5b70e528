"""Requests about records."""

from __future__ import annotations

from typing import Any

from compat_tests.differential.bases.ground import BATCH, Ground, base

_RECORDS = "topic_data.0.partition_data.0.records"


#: Kafka never answers these: see "Where Kafka says nothing" in docs/differences.md, here and elsewhere.
@base("Produce", skip=(f"{_RECORDS} None", f"{_RECORDS} of length -2"))
def _produce(ground: Ground) -> dict[str, Any]:
    partition = {"index": 0, "records": BATCH}
    topic = {"name": ground.topic(), "topic_id": ground.topic_id(), "partition_data": [partition]}
    return {"acks": 1, "timeout_ms": 1000, "topic_data": [topic]}


@base("Fetch")
def _fetch(ground: Ground) -> dict[str, Any]:
    partition = {
        "partition": 0,
        "current_leader_epoch": -1,
        "fetch_offset": 3,
        "last_fetched_epoch": -1,
        "log_start_offset": -1,
        "partition_max_bytes": 1000,
    }
    topic = {"topic": ground.topic(), "topic_id": ground.topic_id(), "partitions": [partition]}
    return {
        "replica_id": -1,
        "max_wait_ms": 10,
        "min_bytes": 1,
        "max_bytes": 10_000,
        "session_epoch": -1,
        "topics": [topic],
    }


def _close_session(ground: Ground, answer: Any) -> None:
    """A broker has room for a thousand sessions."""
    for session in ground.sessions:
        ground.run.prepare("Fetch", 7, replica_id=-1, session_id=session, session_epoch=-1)
    ground.sessions.clear()


@base("Fetch", "session", after=_close_session)
def _fetch_session(ground: Ground) -> dict[str, Any]:
    asked = _fetch(ground) | {"session_epoch": 0}
    if ground.version < 7:
        return asked
    body = {**asked, "rack_id": ""}
    if ground.version >= 13:
        body["topics"] = [{"topic_id": ground.topic_id(), "partitions": asked["topics"][0]["partitions"]}]
    made = ground.run.prepare("Fetch", ground.version, **_only_known(body, ground.version))
    ground.sessions.append(made["session_id"])
    session = {"session_id": made["session_id"], "session_epoch": 1, "topics": []}
    forgotten = {"topic": ground.topic(), "topic_id": ground.topic_id(), "partitions": [1]}
    return asked | session | {"forgotten_topics_data": [forgotten]}


def _only_known(values: dict[str, Any], version: int) -> dict[str, Any]:
    if version >= 15:
        values.pop("replica_id")
    return values


@base("ListOffsets")
def _list_offsets(ground: Ground) -> dict[str, Any]:
    partition = {"partition_index": 0, "current_leader_epoch": -1, "timestamp": 1_700_000_000_001}
    topic = {"name": ground.topic(), "partitions": [partition]}
    return {"replica_id": -1, "topics": [topic], "timeout_ms": 1000}


@base("OffsetForLeaderEpoch")
def _offset_for_leader_epoch(ground: Ground) -> dict[str, Any]:
    partition = {"partition": 0, "current_leader_epoch": -1, "leader_epoch": 0}
    return {"replica_id": -1, "topics": [{"topic": ground.topic(), "partitions": [partition]}]}


@base("DeleteRecords")
def _delete_records(ground: Ground) -> dict[str, Any]:
    topic = {"name": ground.topic(), "partitions": [{"partition_index": 0, "offset": 4}]}
    return {"topics": [topic], "timeout_ms": 1000}


@base("DescribeProducers")
def _describe_producers(ground: Ground) -> dict[str, Any]:
    return {"topics": [{"name": ground.topic(), "partition_indexes": [0]}]}


@base("DescribeLogDirs")
def _describe_log_dirs(ground: Ground) -> dict[str, Any]:
    return {"topics": [{"topic": ground.topic(), "partitions": [0]}]}


@base("AlterReplicaLogDirs", "unknown")
def _alter_replica_log_dirs(ground: Ground) -> dict[str, Any]:
    return {"dirs": [{"path": "/absent", "topics": [{"name": ground.topic(), "partitions": [0]}]}]}


@base("AlterReplicaLogDirs", "the one")
def _alter_replica_log_dirs_in_use(ground: Ground) -> dict[str, Any]:
    found = ground.once("log dir", lambda: ground.run.prepare("DescribeLogDirs", 4, topics=[]))
    path = found["results"][0]["log_dir"]
    return {"dirs": [{"path": path, "topics": [{"name": ground.topic(), "partitions": [0]}]}]}
