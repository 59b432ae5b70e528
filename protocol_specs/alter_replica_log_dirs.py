"""AlterReplicaLogDirs (API key 34)."""

from __future__ import annotations

from protocol_specs.notation import Api, array, int16, int32, string, struct

__all__ = ["ALTER_REPLICA_LOG_DIRS"]

ALTER_REPLICA_LOG_DIRS = Api(
    key=34,
    name="AlterReplicaLogDirs",
    versions="0-2",
    flexible="2+",
    request=struct(
        dirs=array(
            path=string,
            topics=array(
                name=string,
                partitions=array(int32),
            ),
        ),
    ),
    response=struct(
        throttle_time_ms=int32,
        results=array(
            topic_name=string,
            partitions=array(
                partition_index=int32,
                error_code=int16,
            ),
        ),
    ),
)
