"""ConsumerGroupDescribe (API key 69)."""

from __future__ import annotations

from protocol_specs.notation import (
    Api,
    array,
    boolean,
    int16,
    int32,
    nested,
    nullable_string,
    since,
    string,
    struct,
    uuid,
)

__all__ = ["CONSUMER_GROUP_DESCRIBE"]

ASSIGNMENT = struct(
    topic_partitions=array(
        topic_id=uuid,
        topic_name=string,
        partitions=array(int32),
    ),
)

CONSUMER_GROUP_DESCRIBE = Api(
    key=69,
    name="ConsumerGroupDescribe",
    versions="0-1",
    flexible="0+",
    request=struct(
        group_ids=array(string),
        include_authorized_operations=boolean,
    ),
    response=struct(
        throttle_time_ms=int32,
        groups=array(
            error_code=int16,
            error_message=nullable_string,
            group_id=string,
            group_state=string,
            group_epoch=int32,
            assignment_epoch=int32,
            assignor_name=string,
            members=array(
                member_id=string,
                instance_id=nullable_string,
                rack_id=nullable_string,
                member_epoch=int32,
                client_id=string,
                client_host=string,
                subscribed_topic_names=array(string),
                subscribed_topic_regex=nullable_string,
                assignment=nested(ASSIGNMENT),
                target_assignment=nested(ASSIGNMENT),
                member_type=since(1).int8.default(-1),
            ),
            authorized_operations=int32,
        ),
    ),
)
