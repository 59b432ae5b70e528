"""IncrementalAlterConfigs (KIP-339, KIP-412).

Kafka: `KafkaApis.handleIncrementalAlterConfigsRequest`, `ConfigAdminManager`, `ControllerApis`.
"""

from __future__ import annotations

from functools import partial
from typing import Any

from mockbroker.core.config_changes import Alteration, incremental_alter_configs
from mockbroker.handlers.call import Call
from mockbroker.handlers.config_authorization import require_alter_configs
from mockbroker.handlers.config_order import in_hash_order
from protocol_specs.errors import KafkaError
from protocol_specs.incremental_alter_configs import INCREMENTAL_ALTER_CONFIGS

__all__ = ["handle", "refuse"]

_RESPONSE = INCREMENTAL_ALTER_CONFIGS.response


def handle(request: Any, call: Call) -> Any:
    alterations = [
        Alteration(
            resource.resource_type,
            resource.resource_name,
            [
                (config.name, config.config_operation, config.value)
                for config in in_hash_order(resource.configs)
            ],
        )
        for resource in request.resources
    ]
    outcomes = incremental_alter_configs(
        call.core.configs,
        call.node.id,
        alterations,
        validate_only=request.validate_only,
        authorize=partial(require_alter_configs, call),
    )
    return _RESPONSE(
        throttle_time_ms=0,
        responses=[_result(*one) for one in zip(request.resources, outcomes, strict=True)],
    )


def refuse(request: Any, call: Call, error: KafkaError) -> Any:
    """The error, for each resource (`IncrementalAlterConfigsRequest.getErrorResponse`)."""
    outcome = error.code, error.detail
    return _RESPONSE(
        throttle_time_ms=0, responses=[_result(resource, outcome) for resource in request.resources]
    )


def _result(resource: Any, outcome: tuple[int, str | None]) -> Any:
    code, message = outcome
    return _RESPONSE.responses(
        error_code=code,
        error_message=message,
        resource_type=resource.resource_type,
        resource_name=resource.resource_name,
    )
