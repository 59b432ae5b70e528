"""AlterReplicaLogDirs (KIP-113).

Kafka: `KafkaApis.handleAlterReplicaLogDirsRequest`, `ReplicaManager.alterReplicaLogDirs`.
"""

from __future__ import annotations

from typing import Any

from mockbroker.core.java_maps import grouped_by_topic
from mockbroker.core.log_dirs import alter_log_dir
from mockbroker.handlers.call import Call
from mockbroker.handlers.cluster_authorization import require_on_cluster
from protocol_specs.acls import AclOperation
from protocol_specs.alter_replica_log_dirs import ALTER_REPLICA_LOG_DIRS
from protocol_specs.errors import ErrorCode, KafkaError

__all__ = ["handle", "refuse"]

_RESPONSE = ALTER_REPLICA_LOG_DIRS.response
_TOPIC = _RESPONSE.results
_PARTITION = _TOPIC.partitions


def handle(request: Any, call: Call) -> Any:
    require_on_cluster(call, AclOperation.ALTER)
    # Of several directories for one partition the last counts.
    wanted = {
        (topic.name, index): one.path
        for one in request.dirs
        for topic in one.topics
        for index in topic.partitions
    }
    codes = {key: _alter(call, *key, path) for key, path in wanted.items()}
    results = [
        _TOPIC(
            topic_name=name,
            partitions=[
                _PARTITION(partition_index=index, error_code=codes[name, index]) for index in indexes
            ],
        )
        for name, indexes in grouped_by_topic(codes)
    ]
    return _RESPONSE(throttle_time_ms=0, results=results)


def refuse(request: Any, call: Call, error: KafkaError) -> Any:
    """The error, for each partition (`AlterReplicaLogDirsRequest.getErrorResponse`)."""
    topics = [
        _TOPIC(
            topic_name=topic.name,
            partitions=[
                _PARTITION(partition_index=index, error_code=error.code) for index in topic.partitions
            ],
        )
        for one in request.dirs
        for topic in one.topics
    ]
    return _RESPONSE(throttle_time_ms=0, results=topics)


def _alter(call: Call, topic: str, index: int, path: str) -> ErrorCode:
    try:
        alter_log_dir(call.core.cluster, call.node.id, topic, index, path)
    except KafkaError as error:
        return error.code
    return ErrorCode.NONE
