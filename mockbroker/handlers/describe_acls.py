"""DescribeAcls (KIP-140, KIP-290), without an authorizer.

Kafka: `AclApis.handleDescribeAcls`, `DescribeAclsRequest.normalizeAndValidate`.
"""

from __future__ import annotations

from typing import Any

from mockbroker.handlers.acl_elements import check_filter
from mockbroker.handlers.call import Call
from mockbroker.handlers.cluster_authorization import require_on_cluster
from protocol_specs.acls import AclOperation
from protocol_specs.describe_acls import DESCRIBE_ACLS
from protocol_specs.errors import ErrorCode

__all__ = ["handle"]

_RESPONSE = DESCRIBE_ACLS.response


def handle(request: Any, call: Call) -> Any:
    check_filter(request)
    require_on_cluster(call, AclOperation.DESCRIBE)
    return _RESPONSE(
        throttle_time_ms=0,
        error_code=ErrorCode.SECURITY_DISABLED,
        error_message="No Authorizer is configured on the broker",
        resources=[],
    )
