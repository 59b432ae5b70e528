"""DescribeProducers (API key 61)."""

from __future__ import annotations

from protocol_specs.notation import Api, array, int16, int32, int64, nullable_string, string, struct

__all__ = ["DESCRIBE_PRODUCERS"]

DESCRIBE_PRODUCERS = Api(
    key=61,
    name="DescribeProducers",
    versions="0-0",
    flexible="0+",
    request=struct(
        topics=array(
            name=string,
            partition_indexes=array(int32),
        ),
    ),
    response=struct(
        throttle_time_ms=int32,
        topics=array(
            name=string,
            partitions=array(
                partition_index=int32,
                error_code=int16,
                error_message=nullable_string,
                active_producers=array(
                    producer_id=int64,
                    producer_epoch=int32,
                    last_sequence=int32,
                    last_timestamp=int64,
                    coordinator_epoch=int32,
                    current_txn_start_offset=int64,
                ),
            ),
        ),
    ),
)
