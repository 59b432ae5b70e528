"""IncrementalAlterConfigs (API key 44)."""

from __future__ import annotations

from protocol_specs.notation import Api, array, boolean, int8, int16, int32, nullable_string, string, struct

__all__ = ["INCREMENTAL_ALTER_CONFIGS"]

INCREMENTAL_ALTER_CONFIGS = Api(
    key=44,
    name="IncrementalAlterConfigs",
    versions="0-1",
    flexible="1+",
    request=struct(
        resources=array(
            resource_type=int8,
            resource_name=string,
            configs=array(
                name=string,
                config_operation=int8,
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
