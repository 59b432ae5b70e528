"""DescribeLogDirs (API key 35)."""

from __future__ import annotations

from protocol_specs.notation import Api, array, boolean, int16, int32, int64, since, string, struct

__all__ = ["DESCRIBE_LOG_DIRS"]

DESCRIBE_LOG_DIRS = Api(
    key=35,
    name="DescribeLogDirs",
    versions="0-5",
    flexible="2+",
    request=struct(
        topics=array(
            topic=string,
            partitions=array(int32),
        ).nullable(),
    ),
    response=struct(
        throttle_time_ms=int32,
        error_code=since(3).int16,
        results=array(
            error_code=int16,
            log_dir=string,
            topics=array(
                name=string,
                partitions=array(
                    partition_index=int32,
                    partition_size=int64,
                    offset_lag=int64,
                    is_future_key=boolean,
                ),
            ),
            total_bytes=since(4).int64.default(-1),
            usable_bytes=since(4).int64.default(-1),
            is_cordoned=since(5).boolean,
        ),
    ),
)
