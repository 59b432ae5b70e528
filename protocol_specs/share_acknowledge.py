"""ShareAcknowledge (API key 79)."""

from __future__ import annotations

from protocol_specs.notation import (
    Api,
    array,
    int8,
    int16,
    int32,
    int64,
    nested,
    nullable_string,
    since,
    string,
    struct,
    uuid,
)

__all__ = ["SHARE_ACKNOWLEDGE"]

SHARE_ACKNOWLEDGE = Api(
    key=79,
    name="ShareAcknowledge",
    versions="1-2",
    flexible="0+",
    request=struct(
        group_id=nullable_string,
        member_id=nullable_string,
        share_session_epoch=int32,
        is_renew_ack=since(2).boolean,
        topics=array(
            topic_id=uuid,
            partitions=array(
                partition_index=int32,
                acknowledgement_batches=array(
                    first_offset=int64,
                    last_offset=int64,
                    acknowledge_types=array(int8),
                ),
            ),
        ),
    ),
    response=struct(
        throttle_time_ms=int32,
        error_code=int16,
        error_message=nullable_string,
        acquisition_lock_timeout_ms=since(2).int32,
        responses=array(
            topic_id=uuid,
            partitions=array(
                partition_index=int32,
                error_code=int16,
                error_message=nullable_string,
                current_leader=nested(
                    leader_id=int32,
                    leader_epoch=int32,
                ),
            ),
        ),
        node_endpoints=array(
            node_id=int32,
            host=string,
            port=int32,
            rack=nullable_string,
        ),
    ),
)
