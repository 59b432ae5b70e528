"""OffsetDelete (API key 47)."""

from __future__ import annotations

from protocol_specs.notation import Api, array, int16, int32, string, struct

__all__ = ["OFFSET_DELETE"]

OFFSET_DELETE = Api(
    key=47,
    name="OffsetDelete",
    versions="0-0",
    flexible=None,
    request=struct(
        group_id=string,
        topics=array(
            name=string,
            partitions=array(
                partition_index=int32,
            ),
        ),
    ),
    response=struct(
        error_code=int16,
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
