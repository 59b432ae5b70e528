"""DeleteAcls (KIP-140, KIP-290), without an authorizer.

Kafka: `AclApis.handleDeleteAcls`.
"""

from __future__ import annotations

from typing import Any

from mockbroker.handlers.acl_elements import NO_AUTHORIZER, check_filter
from mockbroker.handlers.call import Call
from mockbroker.handlers.cluster_authorization import require_on_cluster
from protocol_specs.acls import AclOperation
from protocol_specs.delete_acls import DELETE_ACLS
from protocol_specs.errors import ErrorCode, KafkaError

__all__ = ["handle", "refuse"]

_RESPONSE = DELETE_ACLS.response


def handle(request: Any, call: Call) -> Any:
    for one in request.filters:
        check_filter(one)
    require_on_cluster(call, AclOperation.ALTER)
    raise KafkaError(ErrorCode.SECURITY_DISABLED, NO_AUTHORIZER)


def refuse(request: Any, call: Call, error: KafkaError) -> Any:
    """The error, for each filter (`DeleteAclsRequest.getErrorResponse`)."""
    result = _RESPONSE.filter_results(error_code=error.code, error_message=error.detail, matching_acls=[])
    return _RESPONSE(throttle_time_ms=0, filter_results=[result] * len(request.filters))
