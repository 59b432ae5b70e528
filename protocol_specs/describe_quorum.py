"""DescribeQuorum (API key 55)."""

from __future__ import annotations

from protocol_specs.notation import Api, array, int16, int32, int64, since, string, struct, uint16

__all__ = ["DESCRIBE_QUORUM"]

REPLICA_STATE = struct(
    replica_id=int32,
    replica_directory_id=since(2).uuid,
    log_end_offset=int64,
    last_fetch_timestamp=since(1).int64.default(-1),
    last_caught_up_timestamp=since(1).int64.default(-1),
)

DESCRIBE_QUORUM = Api(
    key=55,
    name="DescribeQuorum",
    versions="0-2",
    flexible="0+",
    request=struct(
        topics=array(
            topic_name=string,
            partitions=array(
                partition_index=int32,
            ),
        ),
    ),
    response=struct(
        error_code=int16,
        error_message=since(2).nullable_string.default(""),
        topics=array(
            topic_name=string,
            partitions=array(
                partition_index=int32,
                error_code=int16,
                error_message=since(2).nullable_string.default(""),
                leader_id=int32,
                leader_epoch=int32,
                high_watermark=int64,
                current_voters=array(REPLICA_STATE),
                observers=array(REPLICA_STATE),
            ),
        ),
        nodes=since(2).array(
            node_id=int32,
            listeners=array(
                name=string,
                host=string,
                port=uint16,
            ),
        ),
    ),
)
