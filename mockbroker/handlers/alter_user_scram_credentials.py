"""AlterUserScramCredentials (KIP-554).

Kafka: `ControllerApis.handleAlterUserScramCredentials`, `ScramControlManager.alterCredentials`.
"""

from __future__ import annotations

from typing import Any

from mockbroker.core.security.scram import Deletion, Upsertion
from mockbroker.handlers.call import Call
from mockbroker.handlers.cluster_authorization import require_on_cluster
from protocol_specs.acls import AclOperation
from protocol_specs.alter_user_scram_credentials import ALTER_USER_SCRAM_CREDENTIALS
from protocol_specs.errors import ErrorCode, KafkaError

__all__ = ["handle", "refuse"]

_RESPONSE = ALTER_USER_SCRAM_CREDENTIALS.response


def handle(request: Any, call: Call) -> Any:
    require_on_cluster(call, AclOperation.ALTER)
    outcomes = call.core.scram.alter(
        [Deletion(one.name, one.mechanism) for one in request.deletions],
        [
            Upsertion(one.name, one.mechanism, one.iterations, one.salt, one.salted_password)
            for one in request.upsertions
        ],
    )
    results = [
        _result(user, ErrorCode.NONE, None) if error is None else _result(user, error.code, error.detail)
        for user, error in outcomes.items()
    ]
    return _RESPONSE(throttle_time_ms=0, results=results)


def refuse(request: Any, call: Call, error: KafkaError) -> Any:
    """The error, for each user (`AlterUserScramCredentialsRequest.getErrorResponse`)."""
    users = sorted({one.name for one in (*request.deletions, *request.upsertions)})
    results = [_result(user, error.code, error.detail) for user in users]
    return _RESPONSE(throttle_time_ms=0, results=results)


def _result(user: str, code: ErrorCode, message: str | None) -> Any:
    return _RESPONSE.results(user=user, error_code=code, error_message=message)
