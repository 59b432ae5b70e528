"""UnregisterBroker (API key 64)."""

from __future__ import annotations

from protocol_specs.notation import Api, int16, int32, nullable_string, struct

__all__ = ["UNREGISTER_BROKER"]

UNREGISTER_BROKER = Api(
    key=64,
    name="UnregisterBroker",
    versions="0-0",
    flexible="0+",
    request=struct(
        broker_id=int32,
    ),
    response=struct(
        throttle_time_ms=int32,
        error_code=int16,
        error_message=nullable_string,
    ),
)
