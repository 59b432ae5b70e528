"""OffsetFetch (API key 9)."""

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

__all__ = ["OFFSET_FETCH"]

OFFSET_FETCH = Api(
    key=9,
    name="OffsetFetch",
    versions="0-10",
    flexible="6+",
    request=struct(
        group_id=until(7).string,
        topics=until(7)
        .array(
            name=string,
            partition_indexes=array(int32),
        )
        .nullable(since=2)
        .default(()),
        groups=since(8).array(
            group_id=string,
            member_id=since(9).nullable_string,
            member_epoch=since(9).int32.default(-1),
            topics=array(
                name=until(9).string,
                topic_id=since(10).uuid,
                partition_indexes=array(int32),
            ).nullable(),
        ),
        require_stable=since(7).boolean,
    ),
    response=struct(
        throttle_time_ms=since(3).int32,
        topics=until(7).array(
            name=string,
            partitions=array(
                partition_index=int32,
                committed_offset=int64,
                committed_leader_epoch=since(5).int32.default(-1),
                metadata=nullable_string,
                error_code=int16,
            ),
        ),
        error_code=since(2).until(7).int16,
        groups=since(8).array(
            group_id=string,
            topics=array(
                name=until(9).string,
                topic_id=since(10).uuid,
                partitions=array(
                    partition_index=int32,
                    committed_offset=int64,
                    committed_leader_epoch=int32,
                    metadata=nullable_string,
                    error_code=int16,
                ),
            ),
            error_code=int16,
        ),
    ),
)
