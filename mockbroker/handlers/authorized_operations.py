"""The bit fields that say what the caller may do (KIP-430).

Kafka: `AuthHelper.authorizedOperations`, `AclEntry.supportedOperations`.
"""

from __future__ import annotations

from mockbroker.handlers.call import Call
from protocol_specs.acls import AclOperation as Op
from protocol_specs.acls import ResourceType

__all__ = ["CLUSTER_NAME", "NOT_ASKED", "operations_on"]

#: What stands in the field when it was not asked for.
NOT_ASKED = -(2**31)

#: The name of the one resource of the kind CLUSTER.
CLUSTER_NAME = "kafka-cluster"

_SUPPORTED = {
    ResourceType.TOPIC: (
        Op.READ,
        Op.WRITE,
        Op.CREATE,
        Op.DESCRIBE,
        Op.DELETE,
        Op.ALTER,
        Op.DESCRIBE_CONFIGS,
        Op.ALTER_CONFIGS,
    ),
    ResourceType.GROUP: (Op.READ, Op.DESCRIBE, Op.DELETE, Op.DESCRIBE_CONFIGS, Op.ALTER_CONFIGS),
    ResourceType.CLUSTER: (
        Op.CREATE,
        Op.CLUSTER_ACTION,
        Op.DESCRIBE_CONFIGS,
        Op.ALTER_CONFIGS,
        Op.IDEMPOTENT_WRITE,
        Op.ALTER,
        Op.DESCRIBE,
    ),
}


#: Groups had no configs yet.
_OF_GROUPS_BEFORE_4_0 = (Op.READ, Op.DESCRIBE, Op.DELETE)


def operations_on(call: Call, resource_type: ResourceType, name: str) -> int:
    """A bit for each operation that the caller may do on the resource."""
    supported = _SUPPORTED[resource_type]
    if resource_type is ResourceType.GROUP and call.core.profile.is_before("4.0"):
        supported = _OF_GROUPS_BEFORE_4_0
    return sum(1 << op for op in supported if call.allows(op, resource_type, name))
