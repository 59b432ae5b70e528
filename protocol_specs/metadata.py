"""Metadata (API key 3)."""

from __future__ import annotations

from protocol_specs.notation import Api, array, int16, int32, since, string, struct

__all__ = ["METADATA"]

METADATA = Api(
    key=3,
    name="Metadata",
    versions="0-13",
    flexible="9+",
    request=struct(
        topics=array(
            topic_id=since(10).uuid,
            name=string.nullable(since=10),
        ).nullable(since=1),
        allow_auto_topic_creation=since(4).boolean.default(True),
        include_cluster_authorized_operations=since(8).until(10).boolean,
        include_topic_authorized_operations=since(8).boolean,
    ),
    response=struct(
        throttle_time_ms=since(3).int32,
        brokers=array(
            node_id=int32,
            host=string,
            port=int32,
            rack=since(1).nullable_string,
        ),
        cluster_id=since(2).nullable_string,
        controller_id=since(1).int32.default(-1),
        topics=array(
            error_code=int16,
            name=string.nullable(since=12),
            topic_id=since(10).uuid,
            is_internal=since(1).boolean,
            partitions=array(
                error_code=int16,
                partition_index=int32,
                leader_id=int32,
                leader_epoch=since(7).int32.default(-1),
                replica_nodes=array(int32),
                isr_nodes=array(int32),
                offline_replicas=since(5).array(int32),
            ),
            topic_authorized_operations=since(8).int32.default(-2147483648),
        ),
        cluster_authorized_operations=since(8).until(10).int32.default(-2147483648),
        error_code=since(13).int16,
    ),
)
