"""StreamsGroupHeartbeat (API key 88)."""

from __future__ import annotations

from protocol_specs.notation import (
    Api,
    array,
    boolean,
    int8,
    int16,
    int32,
    int64,
    nested,
    nullable_string,
    string,
    struct,
    uint16,
)

__all__ = ["STREAMS_GROUP_HEARTBEAT"]

KEY_VALUE = struct(
    key=string,
    value=string,
)

TASK_IDS = struct(
    subtopology_id=string,
    partitions=array(int32),
)

TASK_OFFSET = struct(
    subtopology_id=string,
    partition=int32,
    offset=int64,
)

TOPIC_PARTITION = struct(
    topic=string,
    partitions=array(int32),
)

TOPIC_INFO = struct(
    name=string,
    partitions=int32,
    replication_factor=int16,
    topic_configs=array(KEY_VALUE),
)

STREAMS_GROUP_HEARTBEAT = Api(
    key=88,
    name="StreamsGroupHeartbeat",
    versions="0-0",
    flexible="0+",
    request=struct(
        group_id=string,
        member_id=string,
        member_epoch=int32,
        endpoint_information_epoch=int32,
        instance_id=nullable_string,
        rack_id=nullable_string,
        rebalance_timeout_ms=int32,
        topology=nested(
            epoch=int32,
            subtopologies=array(
                subtopology_id=string,
                source_topics=array(string),
                source_topic_regex=array(string),
                state_changelog_topics=array(TOPIC_INFO),
                repartition_sink_topics=array(string),
                repartition_source_topics=array(TOPIC_INFO),
                copartition_groups=array(
                    source_topics=array(int16),
                    source_topic_regex=array(int16),
                    repartition_source_topics=array(int16),
                ),
            ),
        ).nullable(),
        active_tasks=array(TASK_IDS).nullable(),
        standby_tasks=array(TASK_IDS).nullable(),
        warmup_tasks=array(TASK_IDS).nullable(),
        process_id=nullable_string,
        user_endpoint=nested(
            host=string,
            port=uint16,
        ).nullable(),
        client_tags=array(KEY_VALUE).nullable(),
        task_offsets=array(TASK_OFFSET).nullable(),
        task_end_offsets=array(TASK_OFFSET).nullable(),
        shutdown_application=boolean,
    ),
    response=struct(
        throttle_time_ms=int32,
        error_code=int16,
        error_message=nullable_string,
        member_id=string,
        member_epoch=int32,
        heartbeat_interval_ms=int32,
        acceptable_recovery_lag=int32,
        task_offset_interval_ms=int32,
        status=array(
            status_code=int8,
            status_detail=string,
        ).nullable(),
        active_tasks=array(TASK_IDS).nullable(),
        standby_tasks=array(TASK_IDS).nullable(),
        warmup_tasks=array(TASK_IDS).nullable(),
        endpoint_information_epoch=int32,
        partitions_by_user_endpoint=array(
            user_endpoint=nested(
                host=string,
                port=uint16,
            ),
            active_partitions=array(TOPIC_PARTITION),
            standby_partitions=array(TOPIC_PARTITION),
        ).nullable(),
    ),
)
