"""RenewDelegationToken (API key 39)."""

from __future__ import annotations

from protocol_specs.notation import Api, bytes_, int16, int32, int64, struct

__all__ = ["RENEW_DELEGATION_TOKEN"]

RENEW_DELEGATION_TOKEN = Api(
    key=39,
    name="RenewDelegationToken",
    versions="0-2",
    flexible="2+",
    request=struct(
        hmac=bytes_,
        renew_period_ms=int64,
    ),
    response=struct(
        error_code=int16,
        expiry_timestamp_ms=int64,
        throttle_time_ms=int32,
    ),
)
