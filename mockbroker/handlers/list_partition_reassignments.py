"""ListPartitionReassignments (KIP-455): the replicas that are being moved.

Kafka: `ControllerApis.handleListPartitionReassignments`, `ReplicationControlManager.listPartitionReassignments`.
"""

from __future__ import annotations

from typing import Any

from mockbroker.core.reassignment import ongoing_reassignments
from mockbroker.handlers.call import Call
from mockbroker.handlers.cluster_authorization import require_on_cluster
from protocol_specs.acls import AclOperation
from protocol_specs.errors import ErrorCode, KafkaError
from protocol_specs.list_partition_reassignments import LIST_PARTITION_REASSIGNMENTS

__all__ = ["handle", "refuse"]

_RESPONSE = LIST_PARTITION_REASSIGNMENTS.response
_TOPIC = _RESPONSE.topics
_PARTITION = _TOPIC.partitions


def handle(request: Any, call: Call) -> Any:
    require_on_cluster(call, AclOperation.DESCRIBE)
    asked = None
    if request.topics is not None:
        asked = [(topic.name, topic.partition_indexes) for topic in request.topics]
    topics = [
        _TOPIC(
            name=name,
            partitions=[
                _PARTITION(
                    partition_index=partition.index,
                    replicas=partition.replicas,
                    adding_replicas=partition.adding,
                    removing_replicas=partition.removing,
                )
                for partition in partitions
            ],
        )
        for name, partitions in ongoing_reassignments(call.core.cluster, asked).items()
    ]
    return _RESPONSE(throttle_time_ms=0, error_code=ErrorCode.NONE, error_message=None, topics=topics)


def refuse(request: Any, call: Call, error: KafkaError) -> Any:
    """The error, and what was asked for (`ListPartitionReassignmentsRequest.getErrorResponse`)."""
    topics = [
        _TOPIC(
            name=topic.name,
            partitions=[
                _PARTITION(partition_index=index, replicas=[], adding_replicas=[], removing_replicas=[])
                for index in topic.partition_indexes
            ],
        )
        for topic in request.topics or ()
    ]
    return _RESPONSE(throttle_time_ms=0, error_code=error.code, error_message=error.detail, topics=topics)
