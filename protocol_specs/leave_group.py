"""LeaveGroup (API key 13)."""

from __future__ import annotations

from protocol_specs.notation import Api, int16, nullable_string, since, string, struct, until

__all__ = ["LEAVE_GROUP"]

LEAVE_GROUP = Api(
    key=13,
    name="LeaveGroup",
    versions="0-5",
    flexible="4+",
    request=struct(
        group_id=string,
        member_id=until(2).string,
        members=since(3).array(
            member_id=string,
            group_instance_id=nullable_string,
            reason=since(5).nullable_string,
        ),
    ),
    response=struct(
        throttle_time_ms=since(1).int32,
        error_code=int16,
        members=since(3).array(
            member_id=string,
            group_instance_id=nullable_string,
            error_code=int16,
        ),
    ),
)
