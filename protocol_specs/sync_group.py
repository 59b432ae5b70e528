"""SyncGroup (API key 14)."""

from __future__ import annotations

from protocol_specs.notation import Api, array, bytes_, int16, int32, since, string, struct

__all__ = ["SYNC_GROUP"]

SYNC_GROUP = Api(
    key=14,
    name="SyncGroup",
    versions="0-5",
    flexible="4+",
    request=struct(
        group_id=string,
        generation_id=int32,
        member_id=string,
        group_instance_id=since(3).nullable_string,
        protocol_type=since(5).nullable_string,
        protocol_name=since(5).nullable_string,
        assignments=array(
            member_id=string,
            assignment=bytes_,
        ),
    ),
    response=struct(
        throttle_time_ms=since(1).int32,
        error_code=int16,
        protocol_type=since(5).nullable_string,
        protocol_name=since(5).nullable_string,
        assignment=bytes_,
    ),
)
