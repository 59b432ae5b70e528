"""DescribeUserScramCredentials (KIP-554).

Kafka: `KafkaApis.handleDescribeUserScramCredentialsRequest`, `ScramImage.describe`.
"""

from __future__ import annotations

from typing import Any

from mockbroker.core.java_maps import hash_order
from mockbroker.handlers.call import Call
from mockbroker.handlers.cluster_authorization import require_on_cluster
from protocol_specs.acls import AclOperation
from protocol_specs.describe_user_scram_credentials import DESCRIBE_USER_SCRAM_CREDENTIALS
from protocol_specs.errors import ErrorCode, KafkaError

__all__ = ["handle", "refuse"]

_RESPONSE = DESCRIBE_USER_SCRAM_CREDENTIALS.response
_RESULT = _RESPONSE.results


def handle(request: Any, call: Call) -> Any:
    require_on_cluster(call, AclOperation.DESCRIBE)
    users = None if request.users is None else [user.name for user in request.users]
    found = call.core.scram.describe(users)
    results = [_result(user, found[user]) for user in hash_order(found)]
    return _RESPONSE(throttle_time_ms=0, error_code=ErrorCode.NONE, error_message="", results=results)


def refuse(request: Any, call: Call, error: KafkaError) -> Any:
    """The error, also for each user, who is not named (`DescribeUserScramCredentialsRequest.getErrorResponse`)."""
    result = _RESULT(user="", error_code=error.code, error_message=error.detail, credential_infos=[])
    return _RESPONSE(
        throttle_time_ms=0,
        error_code=error.code,
        error_message=error.detail,
        results=[result] * len(request.users or ()),
    )


def _result(user: str, found: Any) -> Any:
    if isinstance(found, KafkaError):
        return _RESULT(user=user, error_code=found.code, error_message=found.message, credential_infos=[])
    infos = [
        _RESULT.credential_infos(mechanism=mechanism, iterations=credential.iterations)
        for mechanism, credential in sorted(found.items())
    ]
    return _RESULT(user=user, error_code=ErrorCode.NONE, error_message="", credential_infos=infos)
