"""OffsetDelete (KIP-496).

Kafka: `KafkaApis.handleOffsetDeleteRequest`.
"""

from __future__ import annotations

from typing import Any

from mockbroker.core.groups.requests import TopicPartitions
from mockbroker.core.groups.results import DeletedOffsets
from mockbroker.handlers.call import Call
from mockbroker.handlers.when_ready import when_ready
from protocol_specs.acls import AclOperation, ResourceType
from protocol_specs.errors import ErrorCode
from protocol_specs.offset_delete import OFFSET_DELETE

__all__ = ["handle"]

_RESPONSE = OFFSET_DELETE.response


def handle(request: Any, call: Call) -> Any:
    if not call.allows(AclOperation.DELETE, ResourceType.GROUP, request.group_id):
        return _pack(DeletedOffsets(ErrorCode.GROUP_AUTHORIZATION_FAILED))
    topics = [
        TopicPartitions(topic.name, [one.partition_index for one in topic.partitions])
        for topic in request.topics
    ]

    def may_read(topic: str) -> bool:
        return call.allows(AclOperation.READ, ResourceType.TOPIC, topic)

    deleting = call.core.groups.delete_offsets(call.node.id, request.group_id, topics, may_read)
    return when_ready(deleting, _pack)


def _pack(result: DeletedOffsets) -> Any:
    entry = _RESPONSE.topics
    return _RESPONSE(
        error_code=result.error_code,
        throttle_time_ms=0,
        topics=[
            entry(
                name=topic.name,
                partitions=[
                    entry.partitions(partition_index=index, error_code=code)
                    for index, code in topic.partitions
                ],
            )
            for topic in result.topics
        ],
    )
