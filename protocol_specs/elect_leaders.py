"""ElectLeaders (API key 43)."""

from __future__ import annotations

from protocol_specs.notation import Api, array, int16, int32, nullable_string, since, string, struct

__all__ = ["ELECT_LEADERS"]

ELECT_LEADERS = Api(
    key=43,
    name="ElectLeaders",
    versions="0-2",
    flexible="2+",
    request=struct(
        election_type=since(1).int8,
        topic_partitions=array(
            topic=string,
            partitions=array(int32),
        ).nullable(),
        timeout_ms=int32.default(60_000),
    ),
    response=struct(
        throttle_time_ms=int32,
        error_code=since(1).int16,
        replica_election_results=array(
            topic=string,
            partition_result=array(
                partition_id=int32,
                error_code=int16,
                error_message=nullable_string,
            ),
        ),
    ),
)
