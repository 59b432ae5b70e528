"""Envelope (API key 58)."""

from __future__ import annotations

from protocol_specs.notation import Api, bytes_, int16, nullable_bytes, struct

__all__ = ["ENVELOPE"]

ENVELOPE = Api(
    key=58,
    name="Envelope",
    versions="0-0",
    flexible="0+",
    request=struct(
        request_data=bytes_,
        request_principal=nullable_bytes,
        client_host_address=bytes_,
    ),
    response=struct(
        response_data=nullable_bytes,
        error_code=int16,
    ),
)
