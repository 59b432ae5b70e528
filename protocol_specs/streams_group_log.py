"""What streams groups (KIP-1071) write to `__consumer_offsets`."""

from __future__ import annotations

from protocol_specs.notation import (
    array,
    int8,
    int16,
    int32,
    int64,
    nested,
    nullable_string,
    string,
    struct,
    tag,
    uint16,
)
from protocol_specs.schema import Schema

#: Record type 22.
STREAMS_GROUP_CURRENT_MEMBER_ASSIGNMENT_KEY = Schema(
    "StreamsGroupCurrentMemberAssignmentKey",
    versions="0-0",
    fields=struct(
        group_id=string,
        member_id=string,
    ),
)

STREAMS_GROUP_CURRENT_MEMBER_ASSIGNMENT_VALUE_TASK_IDS = struct(
    subtopology_id=string,
    partitions=array(int32),
    assignment_epochs=tag(0, since=0).array(int32).nullable().default(()),
)

#: Record type 22.
STREAMS_GROUP_CURRENT_MEMBER_ASSIGNMENT_VALUE = Schema(
    "StreamsGroupCurrentMemberAssignmentValue",
    versions="0-0",
    flexible="0+",
    fields=struct(
        member_epoch=int32,
        previous_member_epoch=int32,
        state=int8,
        active_tasks=array(STREAMS_GROUP_CURRENT_MEMBER_ASSIGNMENT_VALUE_TASK_IDS),
        standby_tasks=array(STREAMS_GROUP_CURRENT_MEMBER_ASSIGNMENT_VALUE_TASK_IDS),
        warmup_tasks=array(STREAMS_GROUP_CURRENT_MEMBER_ASSIGNMENT_VALUE_TASK_IDS),
        active_tasks_pending_revocation=array(STREAMS_GROUP_CURRENT_MEMBER_ASSIGNMENT_VALUE_TASK_IDS),
        standby_tasks_pending_revocation=array(STREAMS_GROUP_CURRENT_MEMBER_ASSIGNMENT_VALUE_TASK_IDS),
        warmup_tasks_pending_revocation=array(STREAMS_GROUP_CURRENT_MEMBER_ASSIGNMENT_VALUE_TASK_IDS),
    ),
)

#: Record type 19.
STREAMS_GROUP_MEMBER_METADATA_KEY = Schema(
    "StreamsGroupMemberMetadataKey",
    versions="0-0",
    fields=struct(
        group_id=string,
        member_id=string,
    ),
)

#: Record type 19.
STREAMS_GROUP_MEMBER_METADATA_VALUE = Schema(
    "StreamsGroupMemberMetadataValue",
    versions="0-0",
    flexible="0+",
    fields=struct(
        instance_id=nullable_string,
        rack_id=nullable_string,
        client_id=string,
        client_host=string,
        rebalance_timeout_ms=int32,
        topology_epoch=int32,
        process_id=string,
        user_endpoint=nested(
            host=string,
            port=uint16,
        ).nullable(),
        client_tags=array(
            key=string,
            value=string,
        ),
    ),
)

#: Record type 17.
STREAMS_GROUP_METADATA_KEY = Schema(
    "StreamsGroupMetadataKey",
    versions="0-0",
    fields=struct(
        group_id=string,
    ),
)

#: Record type 17.
STREAMS_GROUP_METADATA_VALUE = Schema(
    "StreamsGroupMetadataValue",
    versions="0-0",
    flexible="0+",
    fields=struct(
        epoch=int32,
        metadata_hash=int64,
        validated_topology_epoch=tag(0, since=0).int32.default(-1),
        last_assignment_configs=tag(1, since=0)
        .array(
            key=string,
            value=string,
        )
        .nullable()
        .default(()),
    ),
)

#: Record type 21.
STREAMS_GROUP_TARGET_ASSIGNMENT_MEMBER_KEY = Schema(
    "StreamsGroupTargetAssignmentMemberKey",
    versions="0-0",
    fields=struct(
        group_id=string,
        member_id=string,
    ),
)

STREAMS_GROUP_TARGET_ASSIGNMENT_MEMBER_VALUE_TASK_IDS = struct(
    subtopology_id=string,
    partitions=array(int32),
)

#: Record type 21.
STREAMS_GROUP_TARGET_ASSIGNMENT_MEMBER_VALUE = Schema(
    "StreamsGroupTargetAssignmentMemberValue",
    versions="0-0",
    flexible="0+",
    fields=struct(
        active_tasks=array(STREAMS_GROUP_TARGET_ASSIGNMENT_MEMBER_VALUE_TASK_IDS),
        standby_tasks=array(STREAMS_GROUP_TARGET_ASSIGNMENT_MEMBER_VALUE_TASK_IDS),
        warmup_tasks=array(STREAMS_GROUP_TARGET_ASSIGNMENT_MEMBER_VALUE_TASK_IDS),
    ),
)

#: Record type 20.
STREAMS_GROUP_TARGET_ASSIGNMENT_METADATA_KEY = Schema(
    "StreamsGroupTargetAssignmentMetadataKey",
    versions="0-0",
    fields=struct(
        group_id=string,
    ),
)

#: Record type 20.
STREAMS_GROUP_TARGET_ASSIGNMENT_METADATA_VALUE = Schema(
    "StreamsGroupTargetAssignmentMetadataValue",
    versions="0-0",
    flexible="0+",
    fields=struct(
        assignment_epoch=int32,
        assignment_timestamp=tag(0, since=0).int64,
    ),
)

#: Record type 23.
STREAMS_GROUP_TOPOLOGY_KEY = Schema(
    "StreamsGroupTopologyKey",
    versions="0-0",
    fields=struct(
        group_id=string,
    ),
)

STREAMS_GROUP_TOPOLOGY_VALUE_TOPIC_INFO = struct(
    name=string,
    partitions=int32,
    replication_factor=int16,
    topic_configs=array(
        key=string,
        value=string,
    ),
)

#: Record type 23.
STREAMS_GROUP_TOPOLOGY_VALUE = Schema(
    "StreamsGroupTopologyValue",
    versions="0-0",
    flexible="0+",
    fields=struct(
        epoch=int32,
        subtopologies=array(
            subtopology_id=string,
            source_topics=array(string),
            source_topic_regex=array(string),
            state_changelog_topics=array(STREAMS_GROUP_TOPOLOGY_VALUE_TOPIC_INFO),
            repartition_sink_topics=array(string),
            repartition_source_topics=array(STREAMS_GROUP_TOPOLOGY_VALUE_TOPIC_INFO),
            copartition_groups=array(
                source_topics=array(int16),
                source_topic_regex=array(int16),
                repartition_source_topics=array(int16),
            ),
        ),
    ),
)
