"""AssignReplicasToDirs (API key 73)."""

from __future__ import annotations

from protocol_specs.notation import Api, array, int16, int32, int64, struct, uuid

__all__ = ["ASSIGN_REPLICAS_TO_DIRS"]

ASSIGN_REPLICAS_TO_DIRS = Api(
    key=73,
    name="AssignReplicasToDirs",
    versions="0-0",
    flexible="0+",
    request=struct(
        broker_id=int32,
        broker_epoch=int64,
        directories=array(
            id=uuid,
            topics=array(
                topic_id=uuid,
                partitions=array(
                    partition_index=int32,
                ),
            ),
        ),
    ),
    response=struct(
        throttle_time_ms=int32,
        error_code=int16,
        directories=array(
            id=uuid,
            topics=array(
                topic_id=uuid,
                partitions=array(
                    partition_index=int32,
                    error_code=int16,
                ),
            ),
        ),
    ),
)
