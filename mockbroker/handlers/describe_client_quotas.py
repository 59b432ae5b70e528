"""DescribeClientQuotas (KIP-546).

Kafka: `KafkaApis.handleDescribeClientQuotasRequest`, `ClientQuotasImage.describe`.
"""

from __future__ import annotations

from typing import Any

from mockbroker.core.quotas import Component
from mockbroker.handlers.call import Call
from mockbroker.handlers.cluster_authorization import require_on_cluster
from protocol_specs.acls import AclOperation
from protocol_specs.describe_client_quotas import DESCRIBE_CLIENT_QUOTAS
from protocol_specs.errors import ErrorCode, KafkaError

__all__ = ["handle", "refuse"]

_RESPONSE = DESCRIBE_CLIENT_QUOTAS.response
_ENTRY = _RESPONSE.entries


def handle(request: Any, call: Call) -> Any:
    require_on_cluster(call, AclOperation.DESCRIBE_CONFIGS)
    components = [Component(one.entity_type, one.match_type, one.match) for one in request.components]
    found = call.core.quotas.describe(components, is_strict=request.strict)
    entries = [
        _ENTRY(
            entity=[_ENTRY.entity(entity_type=kind, entity_name=name) for kind, name in entity],
            values=[_ENTRY.values(key=key, value=value) for key, value in values.items()],
        )
        for entity, values in found
    ]
    return _RESPONSE(throttle_time_ms=0, error_code=ErrorCode.NONE, error_message="", entries=entries)


def refuse(request: Any, call: Call, error: KafkaError) -> Any:
    """The error, and null entries (`DescribeClientQuotasRequest.getErrorResponse`)."""
    return _RESPONSE(throttle_time_ms=0, error_code=error.code, error_message=error.detail, entries=None)
