"""ListOffsets (API key 2)."""

from __future__ import annotations

from protocol_specs.notation import Api, array, int16, int32, int64, since, string, struct, until

__all__ = ["LIST_OFFSETS"]

LIST_OFFSETS = Api(
    key=2,
    name="ListOffsets",
    versions="0-11",
    flexible="6+",
    request=struct(
        replica_id=int32,
        isolation_level=since(2).int8,
        topics=array(
            name=string,
            partitions=array(
                partition_index=int32,
                current_leader_epoch=since(4).int32.default(-1),
                timestamp=int64,
                max_num_offsets=until(0).int32.default(1),
            ),
        ),
        timeout_ms=since(10).int32,
    ),
    response=struct(
        throttle_time_ms=since(2).int32,
        topics=array(
            name=string,
            partitions=array(
                partition_index=int32,
                error_code=int16,
                old_style_offsets=until(0).array(int64),
                timestamp=since(1).int64.default(-1),
                offset=since(1).int64.default(-1),
                leader_epoch=since(4).int32.default(-1),
            ),
        ),
    ),
)
