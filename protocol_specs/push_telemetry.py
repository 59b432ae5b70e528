"""PushTelemetry (API key 72)."""

from __future__ import annotations

from protocol_specs.notation import Api, boolean, bytes_, int8, int16, int32, struct, uuid

__all__ = ["PUSH_TELEMETRY"]

PUSH_TELEMETRY = Api(
    key=72,
    name="PushTelemetry",
    versions="0-0",
    flexible="0+",
    request=struct(
        client_instance_id=uuid,
        subscription_id=int32,
        terminating=boolean,
        compression_type=int8,
        metrics=bytes_,
    ),
    response=struct(
        throttle_time_ms=int32,
        error_code=int16,
    ),
)
