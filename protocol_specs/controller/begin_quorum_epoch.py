"""BeginQuorumEpoch (API key 53)."""

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
    tag,
    uint16,
)

__all__ = ["BEGIN_QUORUM_EPOCH"]

BEGIN_QUORUM_EPOCH = Api(
    key=53,
    name="BeginQuorumEpoch",
    versions="0-1",
    flexible="1+",
    request=struct(
        cluster_id=nullable_string,
        voter_id=since(1).int32.default(-1),
        topics=array(
            topic_name=string,
            partitions=array(
                partition_index=int32,
                voter_directory_id=since(1).uuid,
                leader_id=int32,
                leader_epoch=int32,
            ),
        ),
        leader_endpoints=since(1).array(
            name=string,
            host=string,
            port=uint16,
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
            ),
        ),
        node_endpoints=tag(0, since=1).array(
            node_id=int32,
            host=string,
            port=uint16,
        ),
    ),
)
