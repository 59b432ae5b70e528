"""AlterShareGroupOffsets (API key 91)."""

from __future__ import annotations

from protocol_specs.notation import Api, array, int16, int32, int64, nullable_string, string, struct, uuid

__all__ = ["ALTER_SHARE_GROUP_OFFSETS"]

ALTER_SHARE_GROUP_OFFSETS = Api(
    key=91,
    name="AlterShareGroupOffsets",
    versions="0-0",
    flexible="0+",
    request=struct(
        group_id=string,
        topics=array(
            topic_name=string,
            partitions=array(
                partition_index=int32,
                start_offset=int64,
            ),
        ),
    ),
    response=struct(
        throttle_time_ms=int32,
        error_code=int16,
        error_message=nullable_string,
        responses=array(
            topic_name=string,
            topic_id=uuid,
            partitions=array(
                partition_index=int32,
                error_code=int16,
                error_message=nullable_string,
            ),
        ),
    ),
)
