"""SaslAuthenticate (KIP-152) where nobody logs in, or where the login is over.

Kafka: `KafkaApis.handleSaslAuthenticateRequest`.
"""

from __future__ import annotations

from typing import Any

from mockbroker.handlers.call import Call
from protocol_specs.errors import ErrorCode
from protocol_specs.sasl_authenticate import SASL_AUTHENTICATE

__all__ = ["handle"]

_RESPONSE = SASL_AUTHENTICATE.response


def handle(request: Any, call: Call) -> Any:
    return _RESPONSE(
        error_code=ErrorCode.ILLEGAL_SASL_STATE,
        error_message="SaslAuthenticate request received after successful authentication",
        auth_bytes=b"",
    )
