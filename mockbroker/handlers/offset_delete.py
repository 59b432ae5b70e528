"""OffsetDelete (KIP-496).

Kafka: `KafkaApis.handleOffsetDeleteRequest`.
"""

from __future__ import annotations

from typing import Any

from mockbroker.core.groups.requests import FetchGroup, TopicPartitions
from mockbroker.core.groups.results import DeletedOffsets
from mockbroker.core.waiting import Pending
from mockbroker.handlers.call import Call
from mockbroker.handlers.when_ready import when_ready
from protocol_specs.acls import AclOperation, ResourceType
from protocol_specs.errors import ErrorCode
from protocol_specs.offset_delete import OFFSET_DELETE

__all__ = ["handle"]

_RESPONSE = OFFSET_DELETE.response

#: The version of OffsetFetch that asks for groups.
_FETCHES_GROUPS = 8


def handle(request: Any, call: Call) -> Any:
    if not call.allows(AclOperation.DELETE, ResourceType.GROUP, request.group_id):
        return _pack(DeletedOffsets(ErrorCode.GROUP_AUTHORIZATION_FAILED))
    topics = [
        TopicPartitions(topic.name, [one.partition_index for one in topic.partitions])
        for topic in request.topics
    ]

    def may_read(topic: str) -> bool:
        return call.allows(AclOperation.READ, ResourceType.TOPIC, topic)

    def pack(result: DeletedOffsets) -> Any:
        if call.core.profile.is_before("4.0") and not result.error_code:
            _forget_without_offsets(call, request.group_id)
        return _pack(result)

    deleting = call.core.groups.delete_offsets(call.node.id, request.group_id, topics, may_read)
    return when_ready(deleting, pack)


def _forget_without_offsets(call: Call, group_id: str) -> None:
    """The older coordinator forgot a group without members with the last of its offsets."""
    groups = call.core.groups
    left = groups.fetch_offsets(call.node.id, [FetchGroup(group_id, None)], _FETCHES_GROUPS)
    if not isinstance(left, Pending) and not any(group.topics for group in left):
        groups.delete_groups(call.node.id, [group_id])


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
