"""DescribeAcls (API key 29)."""

from __future__ import annotations

from protocol_specs.notation import Api, array, int8, int16, int32, nullable_string, since, string, struct

__all__ = ["DESCRIBE_ACLS"]

DESCRIBE_ACLS = Api(
    key=29,
    name="DescribeAcls",
    versions="0-3",
    flexible="2+",
    request=struct(
        resource_type_filter=int8,
        resource_name_filter=nullable_string,
        pattern_type_filter=since(1).int8.default(3),
        principal_filter=nullable_string,
        host_filter=nullable_string,
        operation=int8,
        permission_type=int8,
    ),
    response=struct(
        throttle_time_ms=int32,
        error_code=int16,
        error_message=nullable_string,
        resources=array(
            resource_type=int8,
            resource_name=string,
            pattern_type=since(1).int8.default(3),
            acls=array(
                principal=string,
                host=string,
                operation=int8,
                permission_type=int8,
            ),
        ),
    ),
)
