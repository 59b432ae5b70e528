"""GetTelemetrySubscriptions (API key 71)."""

from __future__ import annotations

from protocol_specs.notation import Api, array, boolean, int8, int16, int32, string, struct, uuid

__all__ = ["GET_TELEMETRY_SUBSCRIPTIONS"]

GET_TELEMETRY_SUBSCRIPTIONS = Api(
    key=71,
    name="GetTelemetrySubscriptions",
    versions="0-0",
    flexible="0+",
    request=struct(
        client_instance_id=uuid,
    ),
    response=struct(
        throttle_time_ms=int32,
        error_code=int16,
        client_instance_id=uuid,
        subscription_id=int32,
        accepted_compression_types=array(int8),
        push_interval_ms=int32,
        telemetry_max_bytes=int32,
        delta_temporality=boolean,
        requested_metrics=array(string),
    ),
)
