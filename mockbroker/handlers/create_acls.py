"""CreateAcls (KIP-140, KIP-290), without an authorizer.

Kafka: `AclApis.handleCreateAcls`.
"""

from __future__ import annotations

from typing import Any

from mockbroker.handlers.acl_elements import NO_AUTHORIZER, check_acl
from mockbroker.handlers.call import Call
from mockbroker.handlers.cluster_authorization import require_on_cluster
from protocol_specs.acls import AclOperation
from protocol_specs.create_acls import CREATE_ACLS
from protocol_specs.errors import ErrorCode, KafkaError

__all__ = ["handle", "refuse"]

_RESPONSE = CREATE_ACLS.response


def handle(request: Any, call: Call) -> Any:
    for creation in request.creations:
        check_acl(creation)
    require_on_cluster(call, AclOperation.ALTER)
    raise KafkaError(ErrorCode.SECURITY_DISABLED, NO_AUTHORIZER)


def refuse(request: Any, call: Call, error: KafkaError) -> Any:
    """The error, for each ACL (`CreateAclsRequest.getErrorResponse`)."""
    result = _RESPONSE.results(error_code=error.code, error_message=error.detail)
    return _RESPONSE(throttle_time_ms=0, results=[result] * len(request.creations))
