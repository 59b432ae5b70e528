"""DescribeDelegationToken (KIP-48, KIP-373). Only authenticated channels may ask for it.

Kafka: `KafkaApis.handleDescribeTokensRequest`.
"""

from __future__ import annotations

from typing import Any

from mockbroker.handlers.call import Call
from protocol_specs.describe_delegation_token import DESCRIBE_DELEGATION_TOKEN
from protocol_specs.errors import ErrorCode

__all__ = ["handle"]

_RESPONSE = DESCRIBE_DELEGATION_TOKEN.response


def handle(request: Any, call: Call) -> Any:
    return _RESPONSE(error_code=ErrorCode.DELEGATION_TOKEN_REQUEST_NOT_ALLOWED, tokens=[], throttle_time_ms=0)
