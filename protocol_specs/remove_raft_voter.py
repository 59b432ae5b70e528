"""RemoveRaftVoter (API key 81)."""

from __future__ import annotations

from protocol_specs.notation import Api, int16, int32, nullable_string, struct, uuid

__all__ = ["REMOVE_RAFT_VOTER"]

REMOVE_RAFT_VOTER = Api(
    key=81,
    name="RemoveRaftVoter",
    versions="0-0",
    flexible="0+",
    request=struct(
        cluster_id=nullable_string,
        voter_id=int32,
        voter_directory_id=uuid,
    ),
    response=struct(
        throttle_time_ms=int32,
        error_code=int16,
        error_message=nullable_string,
    ),
)
