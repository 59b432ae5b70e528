"""DeleteRecords (API key 21)."""

from __future__ import annotations

from protocol_specs.notation import Api, array, int16, int32, int64, string, struct

__all__ = ["DELETE_RECORDS"]

DELETE_RECORDS = Api(
    key=21,
    name="DeleteRecords",
    versions="0-2",
    flexible="2+",
    request=struct(
        topics=array(
            name=string,
            partitions=array(
                partition_index=int32,
                offset=int64,
            ),
        ),
        timeout_ms=int32,
    ),
    response=struct(
        throttle_time_ms=int32,
        topics=array(
            name=string,
            partitions=array(
                partition_index=int32,
                low_watermark=int64,
                error_code=int16,
            ),
        ),
    ),
)
