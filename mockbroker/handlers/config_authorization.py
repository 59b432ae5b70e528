"""Which operation on which resource a principal must be allowed to see or to change configs.

Kafka: `ConfigHelper.handleDescribeConfigsRequest`, `ControllerApis.authorizeAlterResource`.
"""

from __future__ import annotations

from mockbroker.core.config_entries import ConfigResourceType
from mockbroker.handlers.authorized_operations import CLUSTER_NAME
from mockbroker.handlers.call import Call
from protocol_specs.acls import AclOperation, ResourceType
from protocol_specs.errors import ErrorCode, KafkaError

__all__ = ["require_alter_configs", "why_not_on_configs"]

_OWN_RESOURCE = {
    ConfigResourceType.TOPIC: (ResourceType.TOPIC, ErrorCode.TOPIC_AUTHORIZATION_FAILED),
    ConfigResourceType.GROUP: (ResourceType.GROUP, ErrorCode.GROUP_AUTHORIZATION_FAILED),
}


def why_not_on_configs(
    call: Call, operation: AclOperation, resource_type: int, name: str
) -> ErrorCode | None:
    """The code that refuses a principal, or None where it may.

    Args:
        resource_type: a `ConfigResourceType`.
    """
    own = _OWN_RESOURCE.get(resource_type)  # type: ignore[call-overload]
    if own is None:
        is_allowed = call.allows(operation, ResourceType.CLUSTER, CLUSTER_NAME)
        return None if is_allowed else ErrorCode.CLUSTER_AUTHORIZATION_FAILED
    acl_type, code = own
    return None if call.allows(operation, acl_type, name) else code


def require_alter_configs(call: Call, resource_type: ConfigResourceType, name: str) -> None:
    """
    Raises:
        KafkaError: TOPIC_AUTHORIZATION_FAILED, GROUP_AUTHORIZATION_FAILED or CLUSTER_AUTHORIZATION_FAILED.
    """
    code = why_not_on_configs(call, AclOperation.ALTER_CONFIGS, resource_type, name)
    if code is not None:
        raise KafkaError(code)
