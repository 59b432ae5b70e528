"""CreateAcls (API key 30)."""

from __future__ import annotations

from protocol_specs.notation import Api, array, int8, int16, int32, nullable_string, since, string, struct

__all__ = ["CREATE_ACLS"]

CREATE_ACLS = Api(
    key=30,
    name="CreateAcls",
    versions="0-3",
    flexible="2+",
    request=struct(
        creations=array(
            resource_type=int8,
            resource_name=string,
            resource_pattern_type=since(1).int8.default(3),
            principal=string,
            host=string,
            operation=int8,
            permission_type=int8,
        ),
    ),
    response=struct(
        throttle_time_ms=int32,
        results=array(
            error_code=int16,
            error_message=nullable_string,
        ),
    ),
)
