"""ListConfigResources (KIP-714, KIP-1142). Version 0 was ListClientMetricsResources, and knows no other kind.

Kafka: `KafkaApis.handleListConfigResources`.
"""

from __future__ import annotations

from typing import Any

from mockbroker.core.config_entries import ConfigResourceType
from mockbroker.handlers.call import Call
from mockbroker.handlers.cluster_authorization import require_on_cluster
from protocol_specs.acls import AclOperation
from protocol_specs.errors import ErrorCode
from protocol_specs.list_config_resources import LIST_CONFIG_RESOURCES

__all__ = ["handle"]

_RESPONSE = LIST_CONFIG_RESOURCES.response


def handle(request: Any, call: Call) -> Any:
    require_on_cluster(call, AclOperation.DESCRIBE_CONFIGS)
    supported = _supported(call.version)
    kinds = request.resource_types or supported
    if not supported.issuperset(kinds):
        return _RESPONSE(throttle_time_ms=0, error_code=ErrorCode.UNSUPPORTED_VERSION, config_resources=[])
    return _RESPONSE(
        throttle_time_ms=0,
        error_code=ErrorCode.NONE,
        config_resources=[
            _RESPONSE.config_resources(resource_name=name, resource_type=kind)
            for kind, name in call.core.configs.resources(kinds)
        ],
    )


def _supported(version: int) -> set[ConfigResourceType]:
    if version == 0:
        return {ConfigResourceType.CLIENT_METRICS}
    return set(ConfigResourceType) - {ConfigResourceType.UNKNOWN}
