"""JoinGroup (API key 11)."""

from __future__ import annotations

from protocol_specs.notation import Api, array, bytes_, int16, int32, since, string, struct

__all__ = ["JOIN_GROUP"]

JOIN_GROUP = Api(
    key=11,
    name="JoinGroup",
    versions="0-9",
    flexible="6+",
    request=struct(
        group_id=string,
        session_timeout_ms=int32,
        rebalance_timeout_ms=since(1).int32.default(-1),
        member_id=string,
        group_instance_id=since(5).nullable_string,
        protocol_type=string,
        protocols=array(
            name=string,
            metadata=bytes_,
        ),
        reason=since(8).nullable_string,
    ),
    response=struct(
        throttle_time_ms=since(2).int32,
        error_code=int16,
        generation_id=int32,
        protocol_type=since(7).nullable_string,
        protocol_name=string.nullable(since=7),
        leader=string,
        skip_assignment=since(9).boolean,
        member_id=string,
        members=array(
            member_id=string,
            group_instance_id=since(5).nullable_string,
            metadata=bytes_,
        ),
    ),
)
