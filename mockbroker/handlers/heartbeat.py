"""Heartbeat (KIP-62, KIP-345).

Kafka: `KafkaApis.handleHeartbeatRequest`.
"""

from __future__ import annotations

from typing import Any

from mockbroker.handlers.call import Call
from protocol_specs.acls import AclOperation, ResourceType
from protocol_specs.errors import ErrorCode
from protocol_specs.heartbeat import HEARTBEAT

__all__ = ["handle"]


def handle(request: Any, call: Call) -> Any:
    if call.allows(AclOperation.READ, ResourceType.GROUP, request.group_id):
        code = call.core.groups.heartbeat(
            call.node.id,
            request.group_id,
            request.generation_id,
            request.member_id,
            request.group_instance_id,
        )
    else:
        code = ErrorCode.GROUP_AUTHORIZATION_FAILED
    return HEARTBEAT.response(error_code=code)
