"""AlterClientQuotas (API key 49)."""

from __future__ import annotations

from protocol_specs.notation import (
    Api,
    array,
    boolean,
    float64,
    int16,
    int32,
    nullable_string,
    string,
    struct,
)

__all__ = ["ALTER_CLIENT_QUOTAS"]

ALTER_CLIENT_QUOTAS = Api(
    key=49,
    name="AlterClientQuotas",
    versions="0-1",
    flexible="1+",
    request=struct(
        entries=array(
            entity=array(
                entity_type=string,
                entity_name=nullable_string,
            ),
            ops=array(
                key=string,
                value=float64,
                remove=boolean,
            ),
        ),
        validate_only=boolean,
    ),
    response=struct(
        throttle_time_ms=int32,
        entries=array(
            error_code=int16,
            error_message=nullable_string,
            entity=array(
                entity_type=string,
                entity_name=nullable_string,
            ),
        ),
    ),
)
