"""AlterPartition (API key 56)."""

from __future__ import annotations

from protocol_specs.notation import Api, array, int16, int32, int64, since, struct, until

__all__ = ["ALTER_PARTITION"]

ALTER_PARTITION = Api(
    key=56,
    name="AlterPartition",
    versions="0-3",
    flexible="0+",
    request=struct(
        broker_id=int32,
        broker_epoch=int64,
        topics=array(
            topic_name=until(1).string,
            topic_id=since(2).uuid,
            partitions=array(
                partition_index=int32,
                leader_epoch=int32,
                new_isr=until(2).array(int32),
                new_isr_with_epochs=since(3).array(
                    broker_id=int32,
                    broker_epoch=int64,
                ),
                leader_recovery_state=since(1).int8,
                partition_epoch=int32,
            ),
        ),
    ),
    response=struct(
        throttle_time_ms=int32,
        error_code=int16,
        topics=array(
            topic_name=until(1).string,
            topic_id=since(2).uuid,
            partitions=array(
                partition_index=int32,
                error_code=int16,
                leader_id=int32,
                leader_epoch=int32,
                isr=array(int32),
                leader_recovery_state=since(1).int8,
                partition_epoch=int32,
            ),
        ),
    ),
)
