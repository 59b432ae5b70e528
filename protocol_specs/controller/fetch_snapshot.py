"""FetchSnapshot (API key 59)."""

from __future__ import annotations

from protocol_specs.notation import (
    Api,
    array,
    int16,
    int32,
    int64,
    nested,
    records,
    string,
    struct,
    tag,
    uint16,
)

__all__ = ["FETCH_SNAPSHOT"]

FETCH_SNAPSHOT = Api(
    key=59,
    name="FetchSnapshot",
    versions="0-1",
    flexible="0+",
    request=struct(
        cluster_id=tag(0, since=0).nullable_string,
        replica_id=int32,
        max_bytes=int32,
        topics=array(
            name=string,
            partitions=array(
                partition=int32,
                current_leader_epoch=int32,
                snapshot_id=nested(
                    end_offset=int64,
                    epoch=int32,
                ),
                position=int64,
                replica_directory_id=tag(0, since=1).uuid,
            ),
        ),
    ),
    response=struct(
        throttle_time_ms=int32,
        error_code=int16,
        topics=array(
            name=string,
            partitions=array(
                index=int32,
                error_code=int16,
                snapshot_id=nested(
                    end_offset=int64,
                    epoch=int32,
                ),
                current_leader=tag(0, since=0).struct(
                    leader_id=int32,
                    leader_epoch=int32,
                ),
                size=int64,
                position=int64,
                unaligned_records=records,
            ),
        ),
        node_endpoints=tag(0, since=1).array(
            node_id=int32,
            host=string,
            port=uint16,
        ),
    ),
)
