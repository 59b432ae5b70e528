"""BrokerHeartbeat (API key 63)."""

from __future__ import annotations

from protocol_specs.notation import Api, boolean, int16, int32, int64, struct, tag, uuid

__all__ = ["BROKER_HEARTBEAT"]

BROKER_HEARTBEAT = Api(
    key=63,
    name="BrokerHeartbeat",
    versions="0-2",
    flexible="0+",
    request=struct(
        broker_id=int32,
        broker_epoch=int64,
        current_metadata_offset=int64,
        want_fence=boolean,
        want_shut_down=boolean,
        offline_log_dirs=tag(0, since=1).array(uuid),
        cordoned_log_dirs=tag(1, since=2).array(uuid).nullable(),
    ),
    response=struct(
        throttle_time_ms=int32,
        error_code=int16,
        is_caught_up=boolean,
        is_fenced=boolean,
        should_shut_down=boolean,
    ),
)
