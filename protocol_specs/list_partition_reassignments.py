"""ListPartitionReassignments (API key 46)."""

from __future__ import annotations

from protocol_specs.notation import Api, array, int16, int32, nullable_string, string, struct

__all__ = ["LIST_PARTITION_REASSIGNMENTS"]

LIST_PARTITION_REASSIGNMENTS = Api(
    key=46,
    name="ListPartitionReassignments",
    versions="0-0",
    flexible="0+",
    request=struct(
        timeout_ms=int32.default(60_000),
        topics=array(
            name=string,
            partition_indexes=array(int32),
        ).nullable(),
    ),
    response=struct(
        throttle_time_ms=int32,
        error_code=int16,
        error_message=nullable_string,
        topics=array(
            name=string,
            partitions=array(
                partition_index=int32,
                replicas=array(int32),
                adding_replicas=array(int32),
                removing_replicas=array(int32),
            ),
        ),
    ),
)
