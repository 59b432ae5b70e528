"""InitializeShareGroupState (API key 83)."""

from __future__ import annotations

from protocol_specs.notation import Api, array, int16, int32, int64, nullable_string, string, struct, uuid

__all__ = ["INITIALIZE_SHARE_GROUP_STATE"]

INITIALIZE_SHARE_GROUP_STATE = Api(
    key=83,
    name="InitializeShareGroupState",
    versions="0-0",
    flexible="0+",
    request=struct(
        group_id=string,
        topics=array(
            topic_id=uuid,
            partitions=array(
                partition=int32,
                state_epoch=int32,
                start_offset=int64,
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
