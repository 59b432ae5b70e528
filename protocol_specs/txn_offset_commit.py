"""TxnOffsetCommit (API key 28)."""

from __future__ import annotations

from protocol_specs.notation import Api, array, int16, int32, int64, nullable_string, since, string, struct

__all__ = ["TXN_OFFSET_COMMIT"]

TXN_OFFSET_COMMIT = Api(
    key=28,
    name="TxnOffsetCommit",
    versions="0-5",
    flexible="3+",
    request=struct(
        transactional_id=string,
        group_id=string,
        producer_id=int64,
        producer_epoch=int16,
        generation_id=since(3).int32.default(-1),
        member_id=since(3).string,
        group_instance_id=since(3).nullable_string,
        topics=array(
            name=string,
            partitions=array(
                partition_index=int32,
                committed_offset=int64,
                committed_leader_epoch=since(2).int32.default(-1),
                committed_metadata=nullable_string,
            ),
        ),
    ),
    response=struct(
        throttle_time_ms=int32,
        topics=array(
            name=string,
            partitions=array(
                partition_index=int32,
                error_code=int16,
            ),
        ),
    ),
)
