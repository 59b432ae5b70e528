"""OffsetForLeaderEpoch (API key 23)."""

from __future__ import annotations

from protocol_specs.notation import Api, array, int16, int32, int64, since, string, struct

__all__ = ["OFFSET_FOR_LEADER_EPOCH"]

OFFSET_FOR_LEADER_EPOCH = Api(
    key=23,
    name="OffsetForLeaderEpoch",
    versions="0-4",
    flexible="4+",
    request=struct(
        replica_id=since(3).int32.default(-2),
        topics=array(
            topic=string,
            partitions=array(
                partition=int32,
                current_leader_epoch=since(2).int32.default(-1),
                leader_epoch=int32,
            ),
        ),
    ),
    response=struct(
        throttle_time_ms=since(2).int32,
        topics=array(
            topic=string,
            partitions=array(
                error_code=int16,
                partition=int32,
                leader_epoch=since(1).int32.default(-1),
                end_offset=int64,
            ),
        ),
    ),
)
