"""DeleteShareGroupState (API key 86)."""

from __future__ import annotations

from protocol_specs.notation import Api, array, int16, int32, nullable_string, string, struct, uuid

__all__ = ["DELETE_SHARE_GROUP_STATE"]

DELETE_SHARE_GROUP_STATE = Api(
    key=86,
    name="DeleteShareGroupState",
    versions="0-0",
    flexible="0+",
    request=struct(
        group_id=string,
        topics=array(
            topic_id=uuid,
            partitions=array(
                partition=int32,
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
