"""What an ACL, or a filter for ACLs, must name: a request with an unknown number in it ends the connection.

Kafka: the constructors of `DescribeAclsRequest`, `CreateAclsRequest` and `DeleteAclsRequest`.
"""

from __future__ import annotations

from typing import Any

from mockbroker.wire.caller import Disconnect

__all__ = ["NO_AUTHORIZER", "check_acl", "check_filter"]

NO_AUTHORIZER = "No Authorizer is configured."

_UNKNOWN = 0


def check_filter(asked: Any) -> None:
    """
    Raises:
        Disconnect: an element is UNKNOWN.
    """
    _check(asked.pattern_type_filter, asked.resource_type_filter, asked.permission_type, asked.operation)


def check_acl(asked: Any) -> None:
    """
    Raises:
        Disconnect: an element is UNKNOWN.
    """
    _check(asked.resource_pattern_type, asked.resource_type, asked.permission_type, asked.operation)


def _check(*numbers: int) -> None:
    if _UNKNOWN in numbers:
        raise Disconnect("an ACL with unknown elements")
