"""JoinGroup (KIP-62, KIP-345, KIP-394, KIP-559, KIP-800, KIP-814).

Kafka: `KafkaApis.handleJoinGroupRequest`.
"""

from __future__ import annotations

from typing import Any

from mockbroker.core.groups.requests import JoinRequest
from mockbroker.core.groups.results import JoinResult
from mockbroker.handlers.call import Call
from mockbroker.handlers.when_ready import when_ready
from protocol_specs.acls import AclOperation, ResourceType
from protocol_specs.errors import ErrorCode
from protocol_specs.join_group import JOIN_GROUP

__all__ = ["handle"]

_RESPONSE = JOIN_GROUP.response

#: The first version that may answer without a protocol.
_NULLABLE_PROTOCOL = 7


def handle(request: Any, call: Call) -> Any:
    def pack(result: JoinResult) -> Any:
        # A protocol without a name is told as none (`JoinGroupResponse`).
        name = result.protocol_name or (None if call.version >= _NULLABLE_PROTOCOL else "")
        return _RESPONSE(
            error_code=result.error_code,
            generation_id=result.generation_id,
            protocol_type=result.protocol_type,
            protocol_name=name,
            leader=result.leader,
            skip_assignment=result.skip_assignment,
            member_id=result.member_id,
            members=[
                _RESPONSE.members(
                    member_id=member.member_id,
                    group_instance_id=member.group_instance_id,
                    metadata=member.metadata,
                )
                for member in result.members
            ],
        )

    if not call.allows(AclOperation.READ, ResourceType.GROUP, request.group_id):
        return pack(JoinResult(ErrorCode.GROUP_AUTHORIZATION_FAILED))
    # Version 0 has one timeout for both.
    rebalance_timeout_ms = request.session_timeout_ms if call.version == 0 else request.rebalance_timeout_ms
    joining = JoinRequest(
        request.group_id,
        request.member_id,
        request.protocol_type,
        tuple((protocol.name, protocol.metadata) for protocol in request.protocols),
        request.session_timeout_ms,
        rebalance_timeout_ms,
        call.version,
        call.client_id,
        call.caller.client_host,
        request.group_instance_id,
        request.reason,
    )
    return when_ready(call.core.groups.join_group(call.node.id, joining), pack)
