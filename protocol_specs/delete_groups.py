"""DeleteGroups (API key 42)."""

from __future__ import annotations

from protocol_specs.notation import Api, array, int16, int32, string, struct

__all__ = ["DELETE_GROUPS"]

DELETE_GROUPS = Api(
    key=42,
    name="DeleteGroups",
    versions="0-2",
    flexible="2+",
    request=struct(
        groups_names=array(string),
    ),
    response=struct(
        throttle_time_ms=int32,
        results=array(
            group_id=string,
            error_code=int16,
        ),
    ),
)
