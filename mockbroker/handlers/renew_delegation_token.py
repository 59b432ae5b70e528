"""RenewDelegationToken (KIP-48). Only authenticated channels may ask for it.

Kafka: `KafkaApis.handleRenewTokenRequest`.
"""

from __future__ import annotations

from typing import Any

from mockbroker.handlers.call import Call
from protocol_specs.errors import ErrorCode
from protocol_specs.renew_delegation_token import RENEW_DELEGATION_TOKEN

__all__ = ["handle"]

_RESPONSE = RENEW_DELEGATION_TOKEN.response
_NO_TIME = -1


def handle(request: Any, call: Call) -> Any:
    return _RESPONSE(
        error_code=ErrorCode.DELEGATION_TOKEN_REQUEST_NOT_ALLOWED,
        expiry_timestamp_ms=_NO_TIME,
        throttle_time_ms=0,
    )
