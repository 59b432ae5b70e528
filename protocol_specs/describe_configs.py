"""DescribeConfigs (API key 32)."""

from __future__ import annotations

from protocol_specs.notation import (
    Api,
    array,
    boolean,
    int8,
    int16,
    int32,
    nullable_string,
    since,
    string,
    struct,
    until,
)

__all__ = ["DESCRIBE_CONFIGS"]

DESCRIBE_CONFIGS = Api(
    key=32,
    name="DescribeConfigs",
    versions="0-4",
    flexible="4+",
    request=struct(
        resources=array(
            resource_type=int8,
            resource_name=string,
            configuration_keys=array(string).nullable(),
        ),
        include_synonyms=since(1).boolean,
        include_documentation=since(3).boolean,
    ),
    response=struct(
        throttle_time_ms=int32,
        results=array(
            error_code=int16,
            error_message=nullable_string,
            resource_type=int8,
            resource_name=string,
            configs=array(
                name=string,
                value=nullable_string,
                read_only=boolean,
                is_default=until(0).boolean,
                config_source=since(1).int8.default(-1),
                is_sensitive=boolean,
                synonyms=since(1).array(
                    name=string,
                    value=nullable_string,
                    source=int8,
                ),
                config_type=since(3).int8,
                documentation=since(3).nullable_string.default(""),
            ),
        ),
    ),
)
