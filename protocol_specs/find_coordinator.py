"""FindCoordinator (API key 10)."""

from __future__ import annotations

from protocol_specs.notation import Api, int16, int32, nullable_string, since, string, struct, until

__all__ = ["FIND_COORDINATOR"]

FIND_COORDINATOR = Api(
    key=10,
    name="FindCoordinator",
    versions="0-6",
    flexible="3+",
    request=struct(
        key=until(3).string,
        key_type=since(1).int8,
        coordinator_keys=since(4).array(string),
    ),
    response=struct(
        throttle_time_ms=since(1).int32,
        error_code=until(3).int16,
        error_message=since(1).until(3).nullable_string.default(""),
        node_id=until(3).int32,
        host=until(3).string,
        port=until(3).int32,
        coordinators=since(4).array(
            key=string,
            node_id=int32,
            host=string,
            port=int32,
            error_code=int16,
            error_message=nullable_string,
        ),
    ),
)
