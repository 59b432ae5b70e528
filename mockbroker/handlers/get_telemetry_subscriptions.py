"""GetTelemetrySubscriptions (KIP-714).

Kafka: `ClientMetricsManager.processGetTelemetrySubscriptionRequest`.
"""

from __future__ import annotations

from typing import Any

from mockbroker.core.telemetry import ClientFacts
from mockbroker.handlers.call import Call
from protocol_specs.errors import ErrorCode
from protocol_specs.get_telemetry_subscriptions import GET_TELEMETRY_SUBSCRIPTIONS

__all__ = ["facts_of", "handle"]

_RESPONSE = GET_TELEMETRY_SUBSCRIPTIONS.response

#: zstd, lz4, gzip, snappy: from the best to the least.
_COMPRESSION_TYPES = [4, 3, 1, 2]


def handle(request: Any, call: Call) -> Any:
    telemetry = call.core.telemetry
    subscription = telemetry.subscribe(facts_of(call), request.client_instance_id)
    return _RESPONSE(
        throttle_time_ms=0,
        error_code=ErrorCode.NONE,
        client_instance_id=subscription.client_instance_id,
        subscription_id=subscription.id,
        accepted_compression_types=_COMPRESSION_TYPES,
        push_interval_ms=subscription.interval_ms,
        telemetry_max_bytes=telemetry.max_bytes,
        delta_temporality=True,
        requested_metrics=subscription.metrics,
    )


def facts_of(call: Call) -> ClientFacts:
    """What is known of a client."""
    caller = call.caller
    return ClientFacts(
        call.node.id,
        caller.connection_id,
        call.client_id,
        caller.software_name,
        caller.software_version,
        caller.client_host,
        caller.client_port,
    )
