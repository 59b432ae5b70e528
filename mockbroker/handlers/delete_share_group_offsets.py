"""DeleteShareGroupOffsets (KIP-932).

Kafka: `KafkaApis.handleDeleteShareGroupOffsetsRequest`.
"""

from __future__ import annotations

from typing import Any

from mockbroker.core.groups.share_requests import DeletedShareOffsets, DeletedTopic
from mockbroker.handlers.call import Call
from mockbroker.handlers.share_groups import is_served
from mockbroker.handlers.when_ready import when_ready
from protocol_specs.acls import AclOperation, ResourceType
from protocol_specs.delete_share_group_offsets import DELETE_SHARE_GROUP_OFFSETS
from protocol_specs.errors import ErrorCode, KafkaError

__all__ = ["handle", "refuse"]

_RESPONSE = DELETE_SHARE_GROUP_OFFSETS.response


def handle(request: Any, call: Call) -> Any:
    if not is_served(call):
        return refuse(request, call, KafkaError(ErrorCode.UNSUPPORTED_VERSION))
    if not call.allows(AclOperation.DELETE, ResourceType.GROUP, request.group_id):
        return refuse(request, call, KafkaError(ErrorCode.GROUP_AUTHORIZATION_FAILED))
    denied = ErrorCode.TOPIC_AUTHORIZATION_FAILED
    allowed: list[str] = []
    refused: list[DeletedTopic] = []
    for topic in request.topics:
        if call.allows(AclOperation.READ, ResourceType.TOPIC, topic.topic_name):
            allowed.append(topic.topic_name)
        else:
            refused.append(DeletedTopic(topic.topic_name, error_code=denied, error_message=denied.message))

    def pack(deleted: DeletedShareOffsets) -> Any:
        if deleted.error_code:
            return refuse(request, call, KafkaError(deleted.error_code, deleted.error_message))
        return _pack(DeletedShareOffsets([*refused, *deleted.topics]))

    return when_ready(call.core.groups.shares.changes.delete(call.node.id, request.group_id, allowed), pack)


def refuse(request: Any, call: Call, error: KafkaError) -> Any:
    """The error, for the whole (`DeleteShareGroupOffsetsRequest.getErrorResponse`)."""
    return _pack(DeletedShareOffsets((), error.code, error.message))


def _pack(deleted: DeletedShareOffsets) -> Any:
    return _RESPONSE(
        throttle_time_ms=0,
        error_code=deleted.error_code,
        error_message=deleted.error_message,
        responses=[
            _RESPONSE.responses(
                topic_name=topic.name,
                topic_id=topic.topic_id,
                error_code=topic.error_code,
                error_message=topic.error_message,
            )
            for topic in deleted.topics
        ],
    )
