"""AlterPartitionReassignments (KIP-455, KIP-860).

Kafka: `ControllerApis.handleAlterPartitionReassignments`, `ReplicationControlManager.alterPartitionReassignments`.
"""

from __future__ import annotations

from typing import Any

from mockbroker.core.reassignment import alter_reassignments
from mockbroker.handlers.call import Call
from mockbroker.handlers.cluster_authorization import require_on_cluster
from mockbroker.handlers.deadline import check_deadline
from protocol_specs.acls import AclOperation
from protocol_specs.alter_partition_reassignments import ALTER_PARTITION_REASSIGNMENTS
from protocol_specs.errors import ErrorCode, KafkaError

__all__ = ["handle", "refuse"]

_RESPONSE = ALTER_PARTITION_REASSIGNMENTS.response
_TOPIC = _RESPONSE.responses
_PARTITION = _TOPIC.partitions


def handle(request: Any, call: Call) -> Any:
    require_on_cluster(call, AclOperation.ALTER)
    if not request.topics:
        return _RESPONSE(throttle_time_ms=0, error_code=ErrorCode.NONE, error_message="", responses=[])
    check_deadline(request.timeout_ms)
    changes = [
        (topic.name, one.partition_index, one.replicas)
        for topic in request.topics
        for one in topic.partitions
    ]
    outcomes = iter(
        alter_reassignments(
            call.core.cluster, changes, allow_factor_change=request.allow_replication_factor_change
        )
    )
    topics = [
        _TOPIC(
            name=topic.name,
            partitions=[_result(one.partition_index, next(outcomes)) for one in topic.partitions],
        )
        for topic in request.topics
    ]
    return _RESPONSE(
        throttle_time_ms=0,
        allow_replication_factor_change=request.allow_replication_factor_change,
        error_code=ErrorCode.NONE,
        error_message=None,
        responses=topics,
    )


def refuse(request: Any, call: Call, error: KafkaError) -> Any:
    """The error at the top and at each partition (`AlterPartitionReassignmentsRequest.getErrorResponse`)."""
    topics = [
        _TOPIC(name=topic.name, partitions=[_result(one.partition_index, error) for one in topic.partitions])
        for topic in request.topics
    ]
    return _RESPONSE(throttle_time_ms=0, error_code=error.code, error_message=error.detail, responses=topics)


def _result(index: int, error: KafkaError | None) -> Any:
    return _PARTITION(
        partition_index=index,
        error_code=ErrorCode.NONE if error is None else error.code,
        error_message=None if error is None else error.detail,
    )
