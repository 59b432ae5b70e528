"""UpdateRaftVoter (API key 82)."""

from __future__ import annotations

from protocol_specs.notation import (
    Api,
    array,
    int16,
    int32,
    nested,
    nullable_string,
    string,
    struct,
    tag,
    uint16,
    uuid,
)

__all__ = ["UPDATE_RAFT_VOTER"]

UPDATE_RAFT_VOTER = Api(
    key=82,
    name="UpdateRaftVoter",
    versions="0-0",
    flexible="0+",
    request=struct(
        cluster_id=nullable_string,
        current_leader_epoch=int32,
        voter_id=int32,
        voter_directory_id=uuid,
        listeners=array(
            name=string,
            host=string,
            port=uint16,
        ),
        kraft_version_feature=nested(
            min_supported_version=int16,
            max_supported_version=int16,
        ),
    ),
    response=struct(
        throttle_time_ms=int32,
        error_code=int16,
        current_leader=tag(0, since=0).struct(
            leader_id=int32.default(-1),
            leader_epoch=int32.default(-1),
            host=string,
            port=int32,
        ),
    ),
)
