"""Produce (API key 0)."""

from __future__ import annotations

from protocol_specs.notation import (
    Api,
    array,
    int16,
    int32,
    int64,
    nullable_records,
    nullable_string,
    since,
    string,
    struct,
    tag,
    until,
)

__all__ = ["PRODUCE"]

PRODUCE = Api(
    key=0,
    name="Produce",
    versions="0-13",
    flexible="9+",
    request=struct(
        transactional_id=since(3).nullable_string,
        acks=int16,
        timeout_ms=int32,
        topic_data=array(
            name=until(12).string,
            topic_id=since(13).uuid,
            partition_data=array(
                index=int32,
                records=nullable_records,
            ),
        ),
    ),
    response=struct(
        responses=array(
            name=until(12).string,
            topic_id=since(13).uuid,
            partition_responses=array(
                index=int32,
                error_code=int16,
                base_offset=int64,
                log_append_time_ms=since(2).int64.default(-1),
                log_start_offset=since(5).int64.default(-1),
                record_errors=since(8).array(
                    batch_index=int32,
                    batch_index_error_message=nullable_string,
                ),
                error_message=since(8).nullable_string,
                current_leader=tag(0, since=10).struct(
                    leader_id=int32.default(-1),
                    leader_epoch=int32.default(-1),
                ),
            ),
        ),
        throttle_time_ms=since(1).int32,
        node_endpoints=tag(0, since=10).array(
            node_id=int32,
            host=string,
            port=int32,
            rack=nullable_string,
        ),
    ),
)
