"""PushTelemetry (KIP-714).

Kafka: `ClientMetricsManager.processPushTelemetryRequest`.
"""

from __future__ import annotations

from typing import Any

from mockbroker.handlers.call import Call
from mockbroker.handlers.get_telemetry_subscriptions import facts_of
from protocol_specs.errors import ErrorCode
from protocol_specs.push_telemetry import PUSH_TELEMETRY

__all__ = ["handle"]

_RESPONSE = PUSH_TELEMETRY.response


def handle(request: Any, call: Call) -> Any:
    call.core.telemetry.push(
        facts_of(call),
        request.client_instance_id,
        request.subscription_id,
        is_terminating=request.terminating,
        compression_type=request.compression_type,
        metrics=request.metrics,
    )
    return _RESPONSE(throttle_time_ms=0, error_code=ErrorCode.NONE)
