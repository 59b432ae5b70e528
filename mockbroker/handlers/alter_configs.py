"""AlterConfigs (KIP-133): the old way, which replaces all the configs of a resource.

Kafka: `KafkaApis.handleAlterConfigsRequest`, `ConfigAdminManager`, `ControllerApis.handleLegacyAlterConfigs`.
"""

from __future__ import annotations

from functools import partial
from typing import Any

from mockbroker.core.config_changes import Alteration, alter_configs
from mockbroker.core.loggers import SET
from mockbroker.handlers.call import Call
from mockbroker.handlers.config_authorization import require_alter_configs
from mockbroker.handlers.config_order import in_hash_order
from protocol_specs.alter_configs import ALTER_CONFIGS
from protocol_specs.errors import KafkaError

__all__ = ["handle", "refuse"]

_RESPONSE = ALTER_CONFIGS.response


def handle(request: Any, call: Call) -> Any:
    alterations = [
        Alteration(
            resource.resource_type,
            resource.resource_name,
            [(config.name, SET, config.value) for config in in_hash_order(resource.configs)],
        )
        for resource in request.resources
    ]
    outcomes = alter_configs(
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
    """The error, for each resource (`AlterConfigsRequest.getErrorResponse`)."""
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
