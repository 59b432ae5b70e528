"""AlterPartitionReassignments (API key 45)."""

from __future__ import annotations

from protocol_specs.notation import Api, array, int16, int32, nullable_string, since, string, struct

__all__ = ["ALTER_PARTITION_REASSIGNMENTS"]

ALTER_PARTITION_REASSIGNMENTS = Api(
    key=45,
    name="AlterPartitionReassignments",
    versions="0-1",
    flexible="0+",
    request=struct(
        timeout_ms=int32.default(60_000),
        allow_replication_factor_change=since(1).boolean.default(True),
        topics=array(
            name=string,
            partitions=array(
                partition_index=int32,
                replicas=array(int32).nullable(),
            ),
        ),
    ),
    response=struct(
        throttle_time_ms=int32,
        allow_replication_factor_change=since(1).boolean.default(True),
        error_code=int16,
        error_message=nullable_string,
        responses=array(
            name=string,
            partitions=array(
                partition_index=int32,
                error_code=int16,
                error_message=nullable_string,
            ),
        ),
    ),
)
