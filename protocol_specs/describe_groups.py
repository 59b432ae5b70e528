"""DescribeGroups (API key 15)."""

from __future__ import annotations

from protocol_specs.notation import Api, array, bytes_, int16, since, string, struct

__all__ = ["DESCRIBE_GROUPS"]

DESCRIBE_GROUPS = Api(
    key=15,
    name="DescribeGroups",
    versions="0-6",
    flexible="5+",
    request=struct(
        groups=array(string),
        include_authorized_operations=since(3).boolean,
    ),
    response=struct(
        throttle_time_ms=since(1).int32,
        groups=array(
            error_code=int16,
            error_message=since(6).nullable_string,
            group_id=string,
            group_state=string,
            protocol_type=string,
            protocol_data=string,
            members=array(
                member_id=string,
                group_instance_id=since(4).nullable_string,
                client_id=string,
                client_host=string,
                member_metadata=bytes_,
                member_assignment=bytes_,
            ),
            authorized_operations=since(3).int32.default(-2147483648),
        ),
    ),
)
