"""DescribeTopicPartitions (API key 75)."""

from __future__ import annotations

from protocol_specs.notation import (
    Api,
    array,
    boolean,
    int16,
    int32,
    nested,
    nullable_string,
    string,
    struct,
    uuid,
)

__all__ = ["DESCRIBE_TOPIC_PARTITIONS"]

DESCRIBE_TOPIC_PARTITIONS = Api(
    key=75,
    name="DescribeTopicPartitions",
    versions="0-0",
    flexible="0+",
    request=struct(
        topics=array(
            name=string,
        ),
        response_partition_limit=int32,
        cursor=nested(
            topic_name=string,
            partition_index=int32,
        ).nullable(),
    ),
    response=struct(
        throttle_time_ms=int32,
        topics=array(
            error_code=int16,
            name=nullable_string,
            topic_id=uuid,
            is_internal=boolean,
            partitions=array(
                error_code=int16,
                partition_index=int32,
                leader_id=int32,
                leader_epoch=int32,
                replica_nodes=array(int32),
                isr_nodes=array(int32),
                eligible_leader_replicas=array(int32).nullable(),
                last_known_elr=array(int32).nullable(),
                offline_replicas=array(int32),
            ),
            topic_authorized_operations=int32,
        ),
        next_cursor=nested(
            topic_name=string,
            partition_index=int32,
        ).nullable(),
    ),
)
