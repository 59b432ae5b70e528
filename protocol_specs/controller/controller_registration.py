"""ControllerRegistration (API key 70)."""

from __future__ import annotations

from protocol_specs.notation import (
    Api,
    array,
    boolean,
    int16,
    int32,
    nullable_string,
    string,
    struct,
    uint16,
    uuid,
)

__all__ = ["CONTROLLER_REGISTRATION"]

CONTROLLER_REGISTRATION = Api(
    key=70,
    name="ControllerRegistration",
    versions="0-0",
    flexible="0+",
    request=struct(
        controller_id=int32,
        incarnation_id=uuid,
        zk_migration_ready=boolean,
        listeners=array(
            name=string,
            host=string,
            port=uint16,
            security_protocol=int16,
        ),
        features=array(
            name=string,
            min_supported_version=int16,
            max_supported_version=int16,
        ),
    ),
    response=struct(
        throttle_time_ms=int32,
        error_code=int16,
        error_message=nullable_string,
    ),
)
