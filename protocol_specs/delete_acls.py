"""DeleteAcls (API key 31)."""

from __future__ import annotations

from protocol_specs.notation import Api, array, int8, int16, int32, nullable_string, since, string, struct

__all__ = ["DELETE_ACLS"]

DELETE_ACLS = Api(
    key=31,
    name="DeleteAcls",
    versions="0-3",
    flexible="2+",
    request=struct(
        filters=array(
            resource_type_filter=int8,
            resource_name_filter=nullable_string,
            pattern_type_filter=since(1).int8.default(3),
            principal_filter=nullable_string,
            host_filter=nullable_string,
            operation=int8,
            permission_type=int8,
        ),
    ),
    response=struct(
        throttle_time_ms=int32,
        filter_results=array(
            error_code=int16,
            error_message=nullable_string,
            matching_acls=array(
                error_code=int16,
                error_message=nullable_string,
                resource_type=int8,
                resource_name=string,
                pattern_type=since(1).int8.default(3),
                principal=string,
                host=string,
                operation=int8,
                permission_type=int8,
            ),
        ),
    ),
)
