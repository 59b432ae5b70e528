"""FindCoordinator (KIP-699, KIP-932).

Kafka: `KafkaApis.handleFindCoordinatorRequest`.
"""

from __future__ import annotations

from typing import Any

from mockbroker.core.nodes import Node
from mockbroker.handlers.authorized_operations import CLUSTER_NAME
from mockbroker.handlers.call import Call
from protocol_specs.acls import AclOperation, ResourceType
from protocol_specs.errors import ErrorCode, KafkaError
from protocol_specs.find_coordinator import FIND_COORDINATOR

__all__ = ["handle", "refuse"]

_RESPONSE = FIND_COORDINATOR.response
_GROUP, _TRANSACTION, _SHARE = 0, 1, 2

#: The first version that asks for several, and the first that knows share coordinators.
_BATCHED = 4
_KNOWS_SHARE = 6

_SHARE_VERSION = "share.version"


def handle(request: Any, call: Call) -> Any:
    if call.version >= _BATCHED:
        coordinators = [_entry(call, request.key_type, key) for key in request.coordinator_keys]
        return _RESPONSE(coordinators=coordinators)
    node = _find(call, request.key_type, request.key)
    host, port = call.address_of(node)
    # Kafka sends the name of the code that means success.
    return _RESPONSE(error_code=ErrorCode.NONE, error_message="NONE", node_id=node.id, host=host, port=port)


def refuse(request: Any, call: Call, error: KafkaError) -> Any:
    """The error, for each key (`FindCoordinatorRequest.getErrorResponse`)."""
    if call.version < _BATCHED:
        return _RESPONSE(error_code=error.code, error_message=error.message, node_id=-1, host="", port=-1)
    return _RESPONSE(
        coordinators=[_failed(key, error.code, error.message) for key in request.coordinator_keys]
    )


def _entry(call: Call, key_type: int, key: str) -> Any:
    try:
        node = _find(call, key_type, key)
    except _NotPermitted:
        raise
    except KafkaError as error:
        return _failed(key, error.code)
    host, port = call.address_of(node)
    return _RESPONSE.coordinators(
        key=key, node_id=node.id, host=host, port=port, error_code=ErrorCode.NONE, error_message=""
    )


def _failed(key: str, code: ErrorCode, message: str | None = "") -> Any:
    return _RESPONSE.coordinators(
        key=key, node_id=-1, host="", port=-1, error_code=code, error_message=message
    )


class _NotPermitted(KafkaError):
    """The request as a whole is refused."""


def _why_no_share_groups(call: Call) -> ErrorCode | None:
    """How releases refuse that have share groups switched off, if this is one of them."""
    profile = call.core.profile
    if profile.is_before("4.0"):
        return ErrorCode.COORDINATOR_NOT_AVAILABLE
    if profile.is_before("4.1"):
        return ErrorCode.INVALID_REQUEST
    if profile.is_before("4.3") and not call.core.features.level(_SHARE_VERSION):
        return ErrorCode.COORDINATOR_NOT_AVAILABLE
    return None


def _find(call: Call, key_type: int, key: str) -> Node:
    core = call.core
    if key_type == _GROUP:
        if not call.allows(AclOperation.DESCRIBE, ResourceType.GROUP, key):
            raise KafkaError(ErrorCode.GROUP_AUTHORIZATION_FAILED)
        broker_id = core.groups.find_coordinator(key, call.node)
    elif key_type == _TRANSACTION:
        if not call.allows(AclOperation.DESCRIBE, ResourceType.TRANSACTIONAL_ID, key):
            raise KafkaError(ErrorCode.TRANSACTIONAL_ID_AUTHORIZATION_FAILED)
        broker_id = core.transactions.find_coordinator(key, call.node)
    elif key_type == _SHARE and call.version >= _KNOWS_SHARE:
        if not call.allows(AclOperation.CLUSTER_ACTION, ResourceType.CLUSTER, CLUSTER_NAME):
            raise _NotPermitted(ErrorCode.CLUSTER_AUTHORIZATION_FAILED)
        code = _why_no_share_groups(call)
        if code is not None and call.core.profile.is_before("4.1"):
            raise KafkaError(code)
        broker_id = core.share_states.find_coordinator(key, call.node)
        if code is not None:
            raise KafkaError(code)
    elif key_type == _SHARE:
        raise KafkaError(ErrorCode.INVALID_REQUEST)
    else:
        raise _NotPermitted(ErrorCode.INVALID_REQUEST)
    return core.cluster.nodes[broker_id]
