"""OffsetCommit (API key 8)."""

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
    until,
)

__all__ = ["OFFSET_COMMIT"]

OFFSET_COMMIT = Api(
    key=8,
    name="OffsetCommit",
    versions="0-10",
    flexible="8+",
    request=struct(
        group_id=string,
        generation_id_or_member_epoch=since(1).int32.default(-1),
        member_id=since(1).string,
        group_instance_id=since(7).nullable_string,
        retention_time_ms=since(2).until(4).int64.default(-1),
        topics=array(
            name=until(9).string,
            topic_id=since(10).uuid,
            partitions=array(
                partition_index=int32,
                committed_offset=int64,
                committed_leader_epoch=since(6).int32.default(-1),
                commit_timestamp=since(1).until(1).int64.default(-1),
                committed_metadata=nullable_string,
            ),
        ),
    ),
    response=struct(
        throttle_time_ms=since(3).int32,
        topics=array(
            name=until(9).string,
            topic_id=since(10).uuid,
            partitions=array(
                partition_index=int32,
                error_code=int16,
            ),
        ),
    ),
)
