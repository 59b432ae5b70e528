"""BrokerRegistration (API key 62)."""

from __future__ import annotations

from protocol_specs.notation import (
    Api,
    array,
    int16,
    int32,
    int64,
    nullable_string,
    since,
    string,
    struct,
    uint16,
    uuid,
)

__all__ = ["BROKER_REGISTRATION"]

BROKER_REGISTRATION = Api(
    key=62,
    name="BrokerRegistration",
    versions="0-4",
    flexible="0+",
    request=struct(
        broker_id=int32,
        cluster_id=string,
        incarnation_id=uuid,
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
        rack=nullable_string,
        is_migrating_zk_broker=since(1).boolean,
        log_dirs=since(2).array(uuid),
        previous_broker_epoch=since(3).int64.default(-1),
    ),
    response=struct(
        throttle_time_ms=int32,
        error_code=int16,
        broker_epoch=int64,
    ),
)
