"""ListGroups (KIP-518, KIP-848).

Kafka: `KafkaApis.handleListGroupsRequest`.
"""

from __future__ import annotations

from typing import Any

from mockbroker.handlers.authorized_operations import CLUSTER_NAME
from mockbroker.handlers.call import Call
from protocol_specs.acls import AclOperation, ResourceType
from protocol_specs.errors import ErrorCode
from protocol_specs.list_groups import LIST_GROUPS

__all__ = ["handle"]

_RESPONSE = LIST_GROUPS.response


def handle(request: Any, call: Call) -> Any:
    groups = call.core.groups.list_groups(call.node.id, request.states_filter, request.types_filter)
    sees_all = call.allows(AclOperation.DESCRIBE, ResourceType.CLUSTER, CLUSTER_NAME)
    return _RESPONSE(
        error_code=ErrorCode.NONE,
        groups=[
            _RESPONSE.groups(
                group_id=group.group_id,
                protocol_type=group.protocol_type,
                group_state=group.state,
                group_type=group.type,
            )
            for group in groups
            if sees_all or call.allows(AclOperation.DESCRIBE, ResourceType.GROUP, group.group_id)
        ],
    )
