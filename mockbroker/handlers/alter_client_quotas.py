"""AlterClientQuotas (KIP-546).

Kafka: `ControllerApis.handleAlterClientQuotas`, `ClientQuotaControlManager.alterClientQuotas`.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from mockbroker.core.quotas import QuotaChange
from mockbroker.handlers.call import Call
from mockbroker.handlers.cluster_authorization import require_on_cluster
from protocol_specs.acls import AclOperation
from protocol_specs.alter_client_quotas import ALTER_CLIENT_QUOTAS
from protocol_specs.errors import ErrorCode, KafkaError

__all__ = ["handle", "refuse"]

_RESPONSE = ALTER_CLIENT_QUOTAS.response
_ENTRY = _RESPONSE.entries


def handle(request: Any, call: Call) -> Any:
    require_on_cluster(call, AclOperation.ALTER_CONFIGS)
    changes = [
        QuotaChange(
            {one.entity_type: one.entity_name for one in entry.entity},
            [(operation.key, None if operation.remove else operation.value) for operation in entry.ops],
        )
        for entry in request.entries
    ]
    outcomes = call.core.quotas.alter(changes, validate_only=request.validate_only)
    entries = [
        _entry(entity, ErrorCode.NONE, None) if error is None else _entry(entity, error.code, error.detail)
        for entity, error in outcomes.items()
    ]
    return _RESPONSE(throttle_time_ms=0, entries=entries)


def refuse(request: Any, call: Call, error: KafkaError) -> Any:
    """The error, for each entity (`AlterClientQuotasRequest.getErrorResponse`)."""
    entries = [
        _entry([(one.entity_type, one.entity_name) for one in entry.entity], error.code, error.code.message)
        for entry in request.entries
    ]
    return _RESPONSE(throttle_time_ms=0, entries=entries)


def _entry(entity: Iterable[tuple[str, str | None]], code: ErrorCode, message: str | None) -> Any:
    return _ENTRY(
        error_code=code,
        error_message=message,
        entity=[_ENTRY.entity(entity_type=kind, entity_name=name) for kind, name in entity],
    )
