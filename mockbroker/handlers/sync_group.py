"""SyncGroup (KIP-62, KIP-345, KIP-559).

Kafka: `KafkaApis.handleSyncGroupRequest`.
"""

from __future__ import annotations

from typing import Any

from mockbroker.core.groups.requests import SyncRequest
from mockbroker.core.groups.results import SyncResult
from mockbroker.handlers.call import Call
from mockbroker.handlers.when_ready import when_ready
from protocol_specs.acls import AclOperation, ResourceType
from protocol_specs.errors import ErrorCode
from protocol_specs.sync_group import SYNC_GROUP

__all__ = ["handle"]


def handle(request: Any, call: Call) -> Any:
    if not call.allows(AclOperation.READ, ResourceType.GROUP, request.group_id):
        return _pack(SyncResult(ErrorCode.GROUP_AUTHORIZATION_FAILED))
    syncing = SyncRequest(
        request.group_id,
        request.generation_id,
        request.member_id,
        call.version,
        request.group_instance_id,
        request.protocol_type,
        request.protocol_name,
        [(one.member_id, one.assignment) for one in request.assignments],
    )
    return when_ready(call.core.groups.sync_group(call.node.id, syncing), _pack)


def _pack(result: SyncResult) -> Any:
    return SYNC_GROUP.response(
        error_code=result.error_code,
        protocol_type=result.protocol_type,
        protocol_name=result.protocol_name,
        assignment=result.assignment,
    )
