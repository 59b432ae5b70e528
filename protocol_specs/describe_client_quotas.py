"""DescribeClientQuotas (API key 48)."""

from __future__ import annotations

from protocol_specs.notation import (
    Api,
    array,
    boolean,
    float64,
    int8,
    int16,
    int32,
    nullable_string,
    string,
    struct,
)

__all__ = ["DESCRIBE_CLIENT_QUOTAS"]

DESCRIBE_CLIENT_QUOTAS = Api(
    key=48,
    name="DescribeClientQuotas",
    versions="0-1",
    flexible="1+",
    request=struct(
        components=array(
            entity_type=string,
            match_type=int8,
            match=nullable_string,
        ),
        strict=boolean,
    ),
    response=struct(
        throttle_time_ms=int32,
        error_code=int16,
        error_message=nullable_string,
        entries=array(
            entity=array(
                entity_type=string,
                entity_name=nullable_string,
            ),
            values=array(
                key=string,
                value=float64,
            ),
        ).nullable(),
    ),
)
