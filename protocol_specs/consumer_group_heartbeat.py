"""ConsumerGroupHeartbeat (API key 68)."""

from __future__ import annotations

from protocol_specs.notation import (
    Api,
    array,
    int16,
    int32,
    nested,
    nullable_string,
    since,
    string,
    struct,
    uuid,
)

__all__ = ["CONSUMER_GROUP_HEARTBEAT"]

CONSUMER_GROUP_HEARTBEAT = Api(
    key=68,
    name="ConsumerGroupHeartbeat",
    versions="0-1",
    flexible="0+",
    request=struct(
        group_id=string,
        member_id=string,
        member_epoch=int32,
        instance_id=nullable_string,
        rack_id=nullable_string,
        rebalance_timeout_ms=int32,
        subscribed_topic_names=array(string).nullable(),
        subscribed_topic_regex=since(1).nullable_string,
        server_assignor=nullable_string,
        topic_partitions=array(
            topic_id=uuid,
            partitions=array(int32),
        ).nullable(),
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
