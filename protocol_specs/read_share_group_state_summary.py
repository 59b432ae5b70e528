"""ReadShareGroupStateSummary (API key 87)."""

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
    uuid,
)

__all__ = ["READ_SHARE_GROUP_STATE_SUMMARY"]

READ_SHARE_GROUP_STATE_SUMMARY = Api(
    key=87,
    name="ReadShareGroupStateSummary",
    versions="0-1",
    flexible="0+",
    request=struct(
        group_id=string,
        topics=array(
            topic_id=uuid,
            partitions=array(
                partition=int32,
                leader_epoch=int32,
            ),
        ),
    ),
    response=struct(
        results=array(
            topic_id=uuid,
            partitions=array(
                partition=int32,
                error_code=int16,
                error_message=nullable_string,
                state_epoch=int32,
                leader_epoch=int32,
                start_offset=int64,
                delivery_complete_count=since(1).int32.default(-1),
            ),
        ),
    ),
)
