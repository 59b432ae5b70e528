"""Who may do what to the cluster as a whole (`AuthHelper.authorizeClusterOperation`)."""

from __future__ import annotations

from mockbroker.handlers.authorized_operations import CLUSTER_NAME
from mockbroker.handlers.call import Call
from protocol_specs.acls import AclOperation, ResourceType
from protocol_specs.errors import ErrorCode, KafkaError

__all__ = ["require_on_cluster"]


def require_on_cluster(call: Call, operation: AclOperation) -> None:
    """
    Raises:
        KafkaError: CLUSTER_AUTHORIZATION_FAILED.
    """
    if not call.allows(operation, ResourceType.CLUSTER, CLUSTER_NAME):
        raise KafkaError(ErrorCode.CLUSTER_AUTHORIZATION_FAILED)
