"""ListGroups (API key 16)."""

from __future__ import annotations

from protocol_specs.notation import Api, array, int16, since, string, struct

__all__ = ["LIST_GROUPS"]

LIST_GROUPS = Api(
    key=16,
    name="ListGroups",
    versions="0-5",
    flexible="3+",
    request=struct(
        states_filter=since(4).array(string),
        types_filter=since(5).array(string),
    ),
    response=struct(
        throttle_time_ms=since(1).int32,
        error_code=int16,
        groups=array(
            group_id=string,
            protocol_type=string,
            group_state=since(4).string,
            group_type=since(5).string,
        ),
    ),
)
