"""DescribeCluster (KIP-700, KIP-919, KIP-1073).

Kafka: `KafkaApis.handleDescribeCluster`, `AuthHelper.computeDescribeClusterResponse`.
"""

from __future__ import annotations

from typing import Any

from mockbroker.core.nodes import Node
from mockbroker.handlers.authorized_operations import CLUSTER_NAME, NOT_ASKED, operations_on
from mockbroker.handlers.call import Call
from protocol_specs.acls import AclOperation, ResourceType
from protocol_specs.describe_cluster import DESCRIBE_CLUSTER
from protocol_specs.errors import ErrorCode

__all__ = ["handle"]

_RESPONSE = DESCRIBE_CLUSTER.response
_BROKERS = 1
_CONTROLLERS = 2


def handle(request: Any, call: Call) -> Any:
    if request.endpoint_type != _BROKERS:
        return _wrong_endpoint(request.endpoint_type, call.version)
    cluster = call.core.cluster
    live = cluster.live_nodes(call.node)
    shown = cluster.known_nodes(call.node) if request.include_fenced_brokers else live
    return _RESPONSE(
        error_code=ErrorCode.NONE,
        error_message=None,
        cluster_id=cluster.cluster_id,
        controller_id=cluster.controller_id,
        throttle_time_ms=0,
        brokers=[_broker(call, node, node not in live) for node in shown],
        cluster_authorized_operations=_operations(request, call),
    )


def _broker(call: Call, node: Node, is_fenced: bool) -> Any:
    host, port = call.address_of(node)
    return _RESPONSE.brokers(broker_id=node.id, host=host, port=port, rack=node.rack, is_fenced=is_fenced)


def _operations(request: Any, call: Call) -> int:
    if not request.include_cluster_authorized_operations:
        return NOT_ASKED
    if not call.allows(AclOperation.DESCRIBE, ResourceType.CLUSTER, CLUSTER_NAME):
        return 0
    return operations_on(call, ResourceType.CLUSTER, CLUSTER_NAME)


def _wrong_endpoint(endpoint_type: int, version: int) -> Any:
    if endpoint_type == _CONTROLLERS:
        code = ErrorCode.MISMATCHED_ENDPOINT_TYPE
        text = (
            "The request was sent to an endpoint of type BROKER, but we wanted an endpoint of type CONTROLLER"
        )
    else:
        code = ErrorCode.UNSUPPORTED_ENDPOINT_TYPE
        text = f"Unsupported endpoint type {endpoint_type}"
    return _RESPONSE(
        error_code=ErrorCode.INVALID_REQUEST if version == 0 else code,
        error_message=text,
        cluster_id="",
        controller_id=-1,
        throttle_time_ms=0,
        brokers=[],
        cluster_authorized_operations=NOT_ASKED,
    )
