"""DescribeShareGroupOffsets (API key 90)."""

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

__all__ = ["DESCRIBE_SHARE_GROUP_OFFSETS"]

DESCRIBE_SHARE_GROUP_OFFSETS = Api(
    key=90,
    name="DescribeShareGroupOffsets",
    versions="0-1",
    flexible="0+",
    request=struct(
        groups=array(
            group_id=string,
            topics=array(
                topic_name=string,
                partitions=array(int32),
            ).nullable(),
        ),
    ),
    response=struct(
        throttle_time_ms=int32,
        groups=array(
            group_id=string,
            topics=array(
                topic_name=string,
                topic_id=uuid,
                partitions=array(
                    partition_index=int32,
                    start_offset=int64,
                    leader_epoch=int32,
                    lag=since(1).int64.default(-1),
                    error_code=int16,
                    error_message=nullable_string,
                ),
            ),
            error_code=int16,
            error_message=nullable_string,
        ),
    ),
)
