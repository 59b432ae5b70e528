"""DeleteGroups (KIP-229).

Kafka: `KafkaApis.handleDeleteGroupsRequest`.
"""

from __future__ import annotations

from typing import Any

from mockbroker.handlers.call import Call
from mockbroker.handlers.group_order import by_coordinator
from mockbroker.handlers.when_ready import when_ready
from protocol_specs.acls import AclOperation, ResourceType
from protocol_specs.delete_groups import DELETE_GROUPS
from protocol_specs.errors import ErrorCode

__all__ = ["handle"]

_RESPONSE = DELETE_GROUPS.response


def handle(request: Any, call: Call) -> Any:
    names = dict.fromkeys(request.groups_names)
    allowed = [name for name in names if call.allows(AclOperation.DELETE, ResourceType.GROUP, name)]
    denied = [(name, ErrorCode.GROUP_AUTHORIZATION_FAILED) for name in names if name not in allowed]

    def pack(results: list[tuple[str, ErrorCode]]) -> Any:
        return _RESPONSE(
            throttle_time_ms=0,
            results=[
                _RESPONSE.results(group_id=group_id, error_code=code)
                for group_id, code in [*results, *denied]
            ],
        )

    return when_ready(
        call.core.groups.delete_groups(
            call.node.id, by_coordinator(call, allowed, is_empty_first=False, are_deleted=True)
        ),
        pack,
    )
