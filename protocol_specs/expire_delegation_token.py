"""ExpireDelegationToken (API key 40)."""

from __future__ import annotations

from protocol_specs.notation import Api, bytes_, int16, int32, int64, struct

__all__ = ["EXPIRE_DELEGATION_TOKEN"]

EXPIRE_DELEGATION_TOKEN = Api(
    key=40,
    name="ExpireDelegationToken",
    versions="0-2",
    flexible="2+",
    request=struct(
        hmac=bytes_,
        expiry_time_period_ms=int64,
    ),
    response=struct(
        error_code=int16,
        expiry_timestamp_ms=int64,
        throttle_time_ms=int32,
    ),
)
