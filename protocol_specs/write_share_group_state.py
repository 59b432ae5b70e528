"""WriteShareGroupState (API key 85)."""

from __future__ import annotations

from protocol_specs.notation import (
    Api,
    array,
    int8,
    int16,
    int32,
    int64,
    nullable_string,
    since,
    string,
    struct,
    uuid,
)

__all__ = ["WRITE_SHARE_GROUP_STATE"]

WRITE_SHARE_GROUP_STATE = Api(
    key=85,
    name="WriteShareGroupState",
    versions="0-1",
    flexible="0+",
    request=struct(
        group_id=string,
        topics=array(
            topic_id=uuid,
            partitions=array(
                partition=int32,
                state_epoch=int32,
                leader_epoch=int32,
                start_offset=int64,
                delivery_complete_count=since(1).int32.default(-1),
                state_batches=array(
                    first_offset=int64,
                    last_offset=int64,
                    delivery_state=int8,
                    delivery_count=int16,
                ),
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
            ),
        ),
    ),
)
