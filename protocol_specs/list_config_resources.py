"""ListConfigResources (API key 74)."""

from __future__ import annotations

from protocol_specs.notation import Api, array, int8, int16, int32, since, string, struct

__all__ = ["LIST_CONFIG_RESOURCES"]

LIST_CONFIG_RESOURCES = Api(
    key=74,
    name="ListConfigResources",
    versions="0-1",
    flexible="0+",
    request=struct(
        resource_types=since(1).array(int8),
    ),
    response=struct(
        throttle_time_ms=int32,
        error_code=int16,
        config_resources=array(
            resource_name=string,
            resource_type=since(1).int8.default(16),
        ),
    ),
)
