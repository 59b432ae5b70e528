"""DescribeUserScramCredentials (API key 50)."""

from __future__ import annotations

from protocol_specs.notation import Api, array, int8, int16, int32, nullable_string, string, struct

__all__ = ["DESCRIBE_USER_SCRAM_CREDENTIALS"]

DESCRIBE_USER_SCRAM_CREDENTIALS = Api(
    key=50,
    name="DescribeUserScramCredentials",
    versions="0-0",
    flexible="0+",
    request=struct(
        users=array(
            name=string,
        ).nullable(),
    ),
    response=struct(
        throttle_time_ms=int32,
        error_code=int16,
        error_message=nullable_string,
        results=array(
            user=string,
            error_code=int16,
            error_message=nullable_string,
            credential_infos=array(
                mechanism=int8,
                iterations=int32,
            ),
        ),
    ),
)
