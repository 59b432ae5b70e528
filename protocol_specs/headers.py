"""Which header goes before which request and response.

Request headers: v1 with a nullable client id; v2 adds tagged fields and goes before flexible versions. (v0 went before
ControlledShutdown v0 only.) Response headers: v0 is the correlation id, v1 adds tagged fields. ApiVersions answers with
v0 always, since the client does not know yet what the broker speaks (KIP-511).

Source: RequestHeader.json, ResponseHeader.json, `ApiKeys.requestHeaderVersion` of Apache Kafka.
"""

from __future__ import annotations

from protocol_specs.layout import Layout
from protocol_specs.notation import int16, int32, nullable_string, struct
from protocol_specs.schema import Schema

__all__ = ["API_VERSIONS_KEY", "REQUEST_HEADER", "RESPONSE_HEADER", "request_header", "response_header"]

API_VERSIONS_KEY = 18

# The client id keeps its plain length in the flexible header too, so the tag section is its only difference.
REQUEST_HEADER = Schema(
    "RequestHeader",
    versions="1-2",
    flexible="2+",
    fields=struct(
        request_api_key=int16,
        request_api_version=int16,
        correlation_id=int32,
        client_id=nullable_string.plain(),
    ),
)

RESPONSE_HEADER = Schema(
    "ResponseHeader",
    versions="0-1",
    flexible="1+",
    fields=struct(correlation_id=int32),
)


def request_header(key: int, version: int) -> Layout:
    """The header of a request.

    Raises:
        KeyError: no API has this key.
    """
    return REQUEST_HEADER[2 if _is_flexible(key, version) else 1]


def response_header(key: int, version: int) -> Layout:
    """The header of a response.

    Raises:
        KeyError: no API has this key.
    """
    return RESPONSE_HEADER[1 if key != API_VERSIONS_KEY and _is_flexible(key, version) else 0]


def _is_flexible(key: int, version: int) -> bool:
    from protocol_specs import api_with_key

    return version >= api_with_key(key).flexible_from
