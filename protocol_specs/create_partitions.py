"""CreatePartitions (API key 37)."""

from __future__ import annotations

from protocol_specs.notation import Api, array, boolean, int16, int32, nullable_string, string, struct

__all__ = ["CREATE_PARTITIONS"]

CREATE_PARTITIONS = Api(
    key=37,
    name="CreatePartitions",
    versions="0-3",
    flexible="2+",
    request=struct(
        topics=array(
            name=string,
            count=int32,
            assignments=array(
                broker_ids=array(int32),
            ).nullable(),
        ),
        timeout_ms=int32,
        validate_only=boolean,
    ),
    response=struct(
        throttle_time_ms=int32,
        results=array(
            name=string,
            error_code=int16,
            error_message=nullable_string,
        ),
    ),
)
