"""SaslHandshake (KIP-43) where nobody logs in, or where the login is over.

Kafka: `KafkaApis.handleSaslHandshakeRequest`.
"""

from __future__ import annotations

from typing import Any

from mockbroker.handlers.call import Call
from protocol_specs.errors import ErrorCode
from protocol_specs.sasl_handshake import SASL_HANDSHAKE

__all__ = ["handle"]

_RESPONSE = SASL_HANDSHAKE.response


def handle(request: Any, call: Call) -> Any:
    return _RESPONSE(error_code=ErrorCode.ILLEGAL_SASL_STATE, mechanisms=[])
