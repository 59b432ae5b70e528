"""SaslAuthenticate (API key 36)."""

from __future__ import annotations

from protocol_specs.notation import Api, bytes_, int16, nullable_string, since, struct

__all__ = ["SASL_AUTHENTICATE"]

SASL_AUTHENTICATE = Api(
    key=36,
    name="SaslAuthenticate",
    versions="0-2",
    flexible="2+",
    request=struct(
        auth_bytes=bytes_,
    ),
    response=struct(
        error_code=int16,
        error_message=nullable_string,
        auth_bytes=bytes_,
        session_lifetime_ms=since(1).int64,
    ),
)
