"""ShareGroupDescribe (API key 77)."""

from __future__ import annotations

from protocol_specs.notation import (
    Api,
    array,
    boolean,
    int16,
    int32,
    nested,
    nullable_string,
    string,
    struct,
    uuid,
)

__all__ = ["SHARE_GROUP_DESCRIBE"]

SHARE_GROUP_DESCRIBE = Api(
    key=77,
    name="ShareGroupDescribe",
    versions="1-1",
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
                rack_id=nullable_string,
                member_epoch=int32,
                client_id=string,
                client_host=string,
                subscribed_topic_names=array(string),
                assignment=nested(
                    topic_partitions=array(
                        topic_id=uuid,
                        topic_name=string,
                        partitions=array(int32),
                    ),
                ),
            ),
            authorized_operations=int32,
        ),
    ),
)
