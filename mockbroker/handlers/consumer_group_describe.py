"""ConsumerGroupDescribe (KIP-848). Clients ask it first of any group; its errors send them to DescribeGroups.

Kafka: `KafkaApis.handleConsumerGroupDescribe`, `GroupMetadataManager.consumerGroupDescribe`.
"""

from __future__ import annotations

from typing import Any

from mockbroker.handlers.authorized_operations import NOT_ASKED
from mockbroker.handlers.call import Call
from protocol_specs.acls import AclOperation, ResourceType
from protocol_specs.consumer_group_describe import CONSUMER_GROUP_DESCRIBE
from protocol_specs.errors import ErrorCode, KafkaError

__all__ = ["handle", "refuse"]

_RESPONSE = CONSUMER_GROUP_DESCRIBE.response
_GROUP = _RESPONSE.groups


def handle(request: Any, call: Call) -> Any:
    allowed, groups = [], []
    for group_id in request.group_ids:
        if call.allows(AclOperation.DESCRIBE, ResourceType.GROUP, group_id):
            allowed.append(group_id)
        else:
            groups.append(_failed(group_id, KafkaError(ErrorCode.GROUP_AUTHORIZATION_FAILED)))
    groups += [_failed(group_id, _why_not(group_id, call)) for group_id in allowed]
    return _RESPONSE(throttle_time_ms=0, groups=groups)


def refuse(request: Any, call: Call, error: KafkaError) -> Any:
    """Every group with the error that the whole request met."""
    return _RESPONSE(
        throttle_time_ms=0, groups=[_failed(name, KafkaError(error.code)) for name in request.group_ids]
    )


def _why_not(group_id: str, call: Call) -> KafkaError:
    """Why a group cannot be described: every group is a classic one."""
    if not group_id:
        return KafkaError(ErrorCode.INVALID_GROUP_ID)
    try:
        known = group_id in call.core.groups.shards.shard_of(call.node.id, group_id).groups
    except KafkaError as error:
        return error
    return KafkaError(
        ErrorCode.GROUP_ID_NOT_FOUND,
        f"Group {group_id} is not a consumer group." if known else f"Group {group_id} not found.",
    )


def _failed(group_id: str, error: KafkaError) -> Any:
    return _GROUP(
        error_code=error.code,
        error_message=error.detail,
        group_id=group_id,
        group_state="",
        group_epoch=0,
        assignment_epoch=0,
        assignor_name="",
        members=[],
        authorized_operations=NOT_ASKED,
    )
