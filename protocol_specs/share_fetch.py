"""ShareFetch (API key 78)."""

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
    records,
    since,
    string,
    struct,
    uuid,
)

__all__ = ["SHARE_FETCH"]

SHARE_FETCH = Api(
    key=78,
    name="ShareFetch",
    versions="1-2",
    flexible="0+",
    request=struct(
        group_id=nullable_string,
        member_id=nullable_string,
        share_session_epoch=int32,
        max_wait_ms=int32,
        min_bytes=int32,
        max_bytes=int32,
        max_records=int32,
        batch_size=int32,
        share_acquire_mode=since(2).int8,
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
        forgotten_topics_data=array(
            topic_id=uuid,
            partitions=array(int32),
        ),
    ),
    response=struct(
        throttle_time_ms=int32,
        error_code=int16,
        error_message=nullable_string,
        acquisition_lock_timeout_ms=int32,
        responses=array(
            topic_id=uuid,
            partitions=array(
                partition_index=int32,
                error_code=int16,
                error_message=nullable_string,
                acknowledge_error_code=int16,
                acknowledge_error_message=nullable_string,
                current_leader=nested(
                    leader_id=int32,
                    leader_epoch=int32,
                ),
                records=records,
                acquired_records=array(
                    first_offset=int64,
                    last_offset=int64,
                    delivery_count=int16,
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
