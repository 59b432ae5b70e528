"""DescribeGroups (KIP-345, KIP-430, KIP-1043).

Kafka: `KafkaApis.handleDescribeGroupsRequest`.
"""

from __future__ import annotations

from typing import Any

from mockbroker.core.groups.results import DescribedGroup
from mockbroker.handlers.authorized_operations import NOT_ASKED, operations_on
from mockbroker.handlers.call import Call
from mockbroker.handlers.group_order import by_coordinator
from protocol_specs.acls import AclOperation, ResourceType
from protocol_specs.describe_groups import DESCRIBE_GROUPS
from protocol_specs.errors import ErrorCode

__all__ = ["handle"]

_RESPONSE = DESCRIBE_GROUPS.response
_GROUP = _RESPONSE.groups


def handle(request: Any, call: Call) -> Any:
    allowed, described = [], []
    for group_id in request.groups:
        if call.allows(AclOperation.DESCRIBE, ResourceType.GROUP, group_id):
            allowed.append(group_id)
        else:
            described.append(DescribedGroup(group_id, ErrorCode.GROUP_AUTHORIZATION_FAILED))
    described += call.core.groups.describe_groups(
        call.node.id, by_coordinator(call, allowed, is_empty_first=False), call.version
    )
    return _RESPONSE(groups=[_pack(group, request, call) for group in described])


def _pack(group: DescribedGroup, request: Any, call: Call) -> Any:
    shows_operations = request.include_authorized_operations and not group.error_code
    return _GROUP(
        error_code=group.error_code,
        error_message=group.error_message,
        group_id=group.group_id,
        group_state=group.state,
        protocol_type=group.protocol_type,
        protocol_data=group.protocol_data,
        members=[
            _GROUP.members(
                member_id=member.member_id,
                group_instance_id=member.group_instance_id,
                client_id=member.client_id,
                client_host=member.client_host,
                member_metadata=member.metadata,
                member_assignment=member.assignment,
            )
            for member in group.members
        ],
        authorized_operations=(
            operations_on(call, ResourceType.GROUP, group.group_id) if shows_operations else NOT_ASKED
        ),
    )
