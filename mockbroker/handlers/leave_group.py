"""LeaveGroup (KIP-345, KIP-800).

Kafka: `KafkaApis.handleLeaveGroupRequest`, `LeaveGroupResponse`.
"""

from __future__ import annotations

from typing import Any

from mockbroker.core.groups.requests import LeavingMember
from mockbroker.core.groups.results import LeaveResult
from mockbroker.handlers.call import Call
from mockbroker.handlers.when_ready import when_ready
from protocol_specs.acls import AclOperation, ResourceType
from protocol_specs.errors import ErrorCode
from protocol_specs.leave_group import LEAVE_GROUP

__all__ = ["handle"]

_RESPONSE = LEAVE_GROUP.response

#: The first version in which several members leave at once.
_BATCHED = 3


def handle(request: Any, call: Call) -> Any:
    def pack(result: LeaveResult) -> Any:
        code = result.error_code
        if call.version < _BATCHED:
            if not code and result.members:
                code = result.members[0].error_code
            return _RESPONSE(error_code=code)
        members = [
            _RESPONSE.members(
                member_id=member.member_id,
                group_instance_id=member.group_instance_id,
                error_code=member.error_code,
            )
            for member in result.members
        ]
        return _RESPONSE(error_code=code, members=members)

    if not call.allows(AclOperation.READ, ResourceType.GROUP, request.group_id):
        return pack(LeaveResult(ErrorCode.GROUP_AUTHORIZATION_FAILED))
    if call.version < _BATCHED:
        leaving = [LeavingMember(request.member_id)]
    else:
        leaving = [
            LeavingMember(member.member_id, member.group_instance_id, member.reason)
            for member in request.members
        ]
    return when_ready(call.core.groups.leave_group(call.node.id, request.group_id, leaving), pack)
