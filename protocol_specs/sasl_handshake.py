"""SaslHandshake (API key 17)."""

from __future__ import annotations

from protocol_specs.notation import Api, array, int16, string, struct

__all__ = ["SASL_HANDSHAKE"]

SASL_HANDSHAKE = Api(
    key=17,
    name="SaslHandshake",
    versions="0-1",
    flexible=None,
    request=struct(
        mechanism=string,
    ),
    response=struct(
        error_code=int16,
        mechanisms=array(string),
    ),
)
