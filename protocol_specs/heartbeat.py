"""Heartbeat (API key 12)."""

from __future__ import annotations

from protocol_specs.notation import Api, int16, int32, since, string, struct

__all__ = ["HEARTBEAT"]

HEARTBEAT = Api(
    key=12,
    name="Heartbeat",
    versions="0-4",
    flexible="4+",
    request=struct(
        group_id=string,
        generation_id=int32,
        member_id=string,
        group_instance_id=since(3).nullable_string,
    ),
    response=struct(
        throttle_time_ms=since(1).int32,
        error_code=int16,
    ),
)
