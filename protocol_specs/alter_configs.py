"""AlterConfigs (API key 33)."""

from __future__ import annotations

from protocol_specs.notation import Api, array, boolean, int8, int16, int32, nullable_string, string, struct

__all__ = ["ALTER_CONFIGS"]

ALTER_CONFIGS = Api(
    key=33,
    name="AlterConfigs",
    versions="0-2",
    flexible="2+",
    request=struct(
        resources=array(
            resource_type=int8,
            resource_name=string,
            configs=array(
                name=string,
                value=nullable_string,
            ),
        ),
        validate_only=boolean,
    ),
    response=struct(
        throttle_time_ms=int32,
        responses=array(
            error_code=int16,
            error_message=nullable_string,
            resource_type=int8,
            resource_name=string,
        ),
    ),
)
