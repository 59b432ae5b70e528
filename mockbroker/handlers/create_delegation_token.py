"""CreateDelegationToken (KIP-48, KIP-373). Only authenticated channels may ask for tokens.

Kafka: `KafkaApis.handleCreateTokenRequest`, `CreateDelegationTokenResponse.prepareResponse`.
"""

from __future__ import annotations

from typing import Any

from mockbroker.handlers.call import Call
from mockbroker.wire.caller import ANONYMOUS
from protocol_specs.create_delegation_token import CREATE_DELEGATION_TOKEN
from protocol_specs.errors import ErrorCode, KafkaError

__all__ = ["handle", "refuse"]

_RESPONSE = CREATE_DELEGATION_TOKEN.response
_NO_TIME = -1


def handle(request: Any, call: Call) -> Any:
    requester = _parts(call.caller.principal)
    owner = requester
    if request.owner_principal_name:
        if request.owner_principal_type is None:
            # Kafka stumbles over it.
            raise KafkaError(ErrorCode.UNKNOWN_SERVER_ERROR)
        owner = request.owner_principal_type, request.owner_principal_name
    return _refusal(ErrorCode.DELEGATION_TOKEN_REQUEST_NOT_ALLOWED, owner, requester)


def refuse(request: Any, call: Call, error: KafkaError) -> Any:
    """The error, of nobody's token (`CreateDelegationTokenRequest.getErrorResponse`)."""
    return _refusal(error.code, _parts(ANONYMOUS), _parts(ANONYMOUS))


def _parts(principal: str) -> tuple[str, str]:
    kind, _, name = principal.partition(":")
    return kind, name


def _refusal(code: ErrorCode, owner: tuple[str, str], requester: tuple[str, str]) -> Any:
    return _RESPONSE(
        error_code=code,
        principal_type=owner[0],
        principal_name=owner[1],
        token_requester_principal_type=requester[0],
        token_requester_principal_name=requester[1],
        issue_timestamp_ms=_NO_TIME,
        expiry_timestamp_ms=_NO_TIME,
        max_timestamp_ms=_NO_TIME,
        token_id="",
        hmac=b"",
        throttle_time_ms=0,
    )
