"""AddRaftVoter (API key 80)."""

from __future__ import annotations

from protocol_specs.notation import (
    Api,
    array,
    int16,
    int32,
    nullable_string,
    since,
    string,
    struct,
    uint16,
    uuid,
)

__all__ = ["ADD_RAFT_VOTER"]

ADD_RAFT_VOTER = Api(
    key=80,
    name="AddRaftVoter",
    versions="0-1",
    flexible="0+",
    request=struct(
        cluster_id=nullable_string,
        timeout_ms=int32,
        voter_id=int32,
        voter_directory_id=uuid,
        listeners=array(
            name=string,
            host=string,
            port=uint16,
        ),
        ack_when_committed=since(1).boolean.default(True),
    ),
    response=struct(
        throttle_time_ms=int32,
        error_code=int16,
        error_message=nullable_string,
    ),
)
