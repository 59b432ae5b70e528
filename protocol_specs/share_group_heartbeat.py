"""ShareGroupHeartbeat (API key 76)."""

from __future__ import annotations

from protocol_specs.notation import Api, array, int16, int32, nested, nullable_string, string, struct, uuid

__all__ = ["SHARE_GROUP_HEARTBEAT"]

SHARE_GROUP_HEARTBEAT = Api(
    key=76,
    name="ShareGroupHeartbeat",
    versions="1-1",
    flexible="0+",
    request=struct(
        group_id=string,
        member_id=string,
        member_epoch=int32,
        rack_id=nullable_string,
        subscribed_topic_names=array(string).nullable(),
    ),
    response=struct(
        throttle_time_ms=int32,
        error_code=int16,
        error_message=nullable_string,
        member_id=nullable_string,
        member_epoch=int32,
        heartbeat_interval_ms=int32,
        assignment=nested(
            topic_partitions=array(
                topic_id=uuid,
                partitions=array(int32),
            ),
        ).nullable(),
    ),
)
