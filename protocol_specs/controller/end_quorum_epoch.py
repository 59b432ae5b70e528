"""EndQuorumEpoch (API key 54)."""

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
    until,
    uuid,
)

__all__ = ["END_QUORUM_EPOCH"]

END_QUORUM_EPOCH = Api(
    key=54,
    name="EndQuorumEpoch",
    versions="0-1",
    flexible="1+",
    request=struct(
        cluster_id=nullable_string,
        topics=array(
            topic_name=string,
            partitions=array(
                partition_index=int32,
                leader_id=int32,
                leader_epoch=int32,
                preferred_successors=until(0).array(int32),
                preferred_candidates=since(1).array(
                    candidate_id=int32,
                    candidate_directory_id=uuid,
                ),
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
