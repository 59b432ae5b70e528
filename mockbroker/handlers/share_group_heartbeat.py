"""ShareGroupHeartbeat (KIP-932).

Kafka: `KafkaApis.handleShareGroupHeartbeat`.
"""

from __future__ import annotations

from typing import Any

from mockbroker.core.groups.share_requests import ShareHeartbeat, ShareHeartbeatResult
from mockbroker.handlers.call import Call
from mockbroker.handlers.share_groups import is_served, may_be_member_id
from mockbroker.handlers.when_ready import when_ready
from protocol_specs.acls import AclOperation, ResourceType
from protocol_specs.errors import ErrorCode, KafkaError
from protocol_specs.share_group_heartbeat import SHARE_GROUP_HEARTBEAT

__all__ = ["handle", "refuse"]

_RESPONSE = SHARE_GROUP_HEARTBEAT.response
_ASSIGNMENT = _RESPONSE.assignment


def handle(request: Any, call: Call) -> Any:
    refusal = _refusal(request, call)
    if refusal:
        return _pack(ShareHeartbeatResult(refusal))
    heartbeat = ShareHeartbeat(
        request.group_id,
        request.member_id,
        request.member_epoch,
        call.client_id,
        call.caller.client_host,
        request.rack_id,
        request.subscribed_topic_names,
    )
    return when_ready(call.core.groups.shares.heartbeat(call.node.id, heartbeat), _pack)


def _refusal(request: Any, call: Call) -> ErrorCode:
    if not is_served(call):
        return ErrorCode.UNSUPPORTED_VERSION
    if not call.allows(AclOperation.READ, ResourceType.GROUP, request.group_id):
        return ErrorCode.GROUP_AUTHORIZATION_FAILED
    if not may_be_member_id(request.member_id):
        return ErrorCode.INVALID_REQUEST
    for name in request.subscribed_topic_names or ():
        if not call.allows(AclOperation.DESCRIBE, ResourceType.TOPIC, name):
            return ErrorCode.TOPIC_AUTHORIZATION_FAILED
    return ErrorCode.NONE


def refuse(request: Any, call: Call, error: KafkaError) -> Any:
    """The error, without a text (`ShareGroupHeartbeatRequest.getErrorResponse`)."""
    return _pack(ShareHeartbeatResult(error.code))


def _pack(result: ShareHeartbeatResult) -> Any:
    code, message, member_id, member_epoch, interval_ms, assignment = result
    return _RESPONSE(
        throttle_time_ms=0,
        error_code=code,
        error_message=message,
        member_id=member_id,
        member_epoch=member_epoch,
        heartbeat_interval_ms=interval_ms,
        assignment=None
        if assignment is None
        else _ASSIGNMENT(
            topic_partitions=[
                _ASSIGNMENT.topic_partitions(topic_id=topic_id, partitions=partitions)
                for topic_id, partitions in assignment
            ]
        ),
    )
