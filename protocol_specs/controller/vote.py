"""Vote (API key 52)."""

from __future__ import annotations

from protocol_specs.notation import (
    Api,
    array,
    boolean,
    int16,
    int32,
    int64,
    nullable_string,
    since,
    string,
    struct,
    tag,
    uint16,
)

__all__ = ["VOTE"]

VOTE = Api(
    key=52,
    name="Vote",
    versions="0-2",
    flexible="0+",
    request=struct(
        cluster_id=nullable_string,
        voter_id=since(1).int32.default(-1),
        topics=array(
            topic_name=string,
            partitions=array(
                partition_index=int32,
                replica_epoch=int32,
                replica_id=int32,
                replica_directory_id=since(1).uuid,
                voter_directory_id=since(1).uuid,
                last_offset_epoch=int32,
                last_offset=int64,
                pre_vote=since(2).boolean,
            ),
        ),
    ),
    response=struct(
        error_code=int16,
        topics=array(
            topic_name=string,
            partitions=array(
                partition_index=int32,
                error_code=int16,
                leader_id=int32,
                leader_epoch=int32,
                vote_granted=boolean,
            ),
        ),
        node_endpoints=tag(0, since=1).array(
            node_id=int32,
            host=string,
            port=uint16,
        ),
    ),
)
