"""StreamsGroupDescribe (API key 89)."""

from __future__ import annotations

from protocol_specs.notation import (
    Api,
    array,
    boolean,
    int16,
    int32,
    int64,
    nested,
    nullable_string,
    string,
    struct,
    uint16,
)

__all__ = ["STREAMS_GROUP_DESCRIBE"]

KEY_VALUE = struct(
    key=string,
    value=string,
)

TASK_OFFSET = struct(
    subtopology_id=string,
    partition=int32,
    offset=int64,
)

TASK_IDS = struct(
    subtopology_id=string,
    partitions=array(int32),
)

TOPIC_INFO = struct(
    name=string,
    partitions=int32,
    replication_factor=int16,
    topic_configs=array(KEY_VALUE),
)

ASSIGNMENT = struct(
    active_tasks=array(TASK_IDS),
    standby_tasks=array(TASK_IDS),
    warmup_tasks=array(TASK_IDS),
)

STREAMS_GROUP_DESCRIBE = Api(
    key=89,
    name="StreamsGroupDescribe",
    versions="0-0",
    flexible="0+",
    request=struct(
        group_ids=array(string),
        include_authorized_operations=boolean,
    ),
    response=struct(
        throttle_time_ms=int32,
        groups=array(
            error_code=int16,
            error_message=nullable_string,
            group_id=string,
            group_state=string,
            group_epoch=int32,
            assignment_epoch=int32,
            topology=nested(
                epoch=int32,
                subtopologies=array(
                    subtopology_id=string,
                    source_topics=array(string),
                    repartition_sink_topics=array(string),
                    state_changelog_topics=array(TOPIC_INFO),
                    repartition_source_topics=array(TOPIC_INFO),
                ).nullable(),
            ).nullable(),
            members=array(
                member_id=string,
                member_epoch=int32,
                instance_id=nullable_string,
                rack_id=nullable_string,
                client_id=string,
                client_host=string,
                topology_epoch=int32,
                process_id=string,
                user_endpoint=nested(
                    host=string,
                    port=uint16,
                ).nullable(),
                client_tags=array(KEY_VALUE),
                task_offsets=array(TASK_OFFSET),
                task_end_offsets=array(TASK_OFFSET),
                assignment=nested(ASSIGNMENT),
                target_assignment=nested(ASSIGNMENT),
                is_classic=boolean,
            ),
            authorized_operations=int32,
        ),
    ),
)
