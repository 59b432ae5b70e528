"""DeleteShareGroupOffsets (API key 92)."""

from __future__ import annotations

from protocol_specs.notation import Api, array, int16, int32, nullable_string, string, struct, uuid

__all__ = ["DELETE_SHARE_GROUP_OFFSETS"]

DELETE_SHARE_GROUP_OFFSETS = Api(
    key=92,
    name="DeleteShareGroupOffsets",
    versions="0-0",
    flexible="0+",
    request=struct(
        group_id=string,
        topics=array(
            topic_name=string,
        ),
    ),
    response=struct(
        throttle_time_ms=int32,
        error_code=int16,
        error_message=nullable_string,
        responses=array(
            topic_name=string,
            topic_id=uuid,
            error_code=int16,
            error_message=nullable_string,
        ),
    ),
)
