"""AlterUserScramCredentials (API key 51)."""

from __future__ import annotations

from protocol_specs.notation import Api, array, bytes_, int8, int16, int32, nullable_string, string, struct

__all__ = ["ALTER_USER_SCRAM_CREDENTIALS"]

ALTER_USER_SCRAM_CREDENTIALS = Api(
    key=51,
    name="AlterUserScramCredentials",
    versions="0-0",
    flexible="0+",
    request=struct(
        deletions=array(
            name=string,
            mechanism=int8,
        ),
        upsertions=array(
            name=string,
            mechanism=int8,
            iterations=int32,
            salt=bytes_,
            salted_password=bytes_,
        ),
    ),
    response=struct(
        throttle_time_ms=int32,
        results=array(
            user=string,
            error_code=int16,
            error_message=nullable_string,
        ),
    ),
)
