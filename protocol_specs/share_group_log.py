"""What share groups (KIP-932) write to `__consumer_offsets`."""

from __future__ import annotations

from protocol_specs.notation import array, int8, int32, int64, nullable_string, string, struct, tag, uuid
from protocol_specs.schema import Schema

#: Record type 14.
SHARE_GROUP_CURRENT_MEMBER_ASSIGNMENT_KEY = Schema(
    "ShareGroupCurrentMemberAssignmentKey",
    versions="0-0",
    fields=struct(
        group_id=string,
        member_id=string,
    ),
)

#: Record type 14.
SHARE_GROUP_CURRENT_MEMBER_ASSIGNMENT_VALUE = Schema(
    "ShareGroupCurrentMemberAssignmentValue",
    versions="0-0",
    flexible="0+",
    fields=struct(
        member_epoch=int32,
        previous_member_epoch=int32,
        state=int8,
        assigned_partitions=array(
            topic_id=uuid,
            partitions=array(int32),
        ),
    ),
)

#: Record type 10.
SHARE_GROUP_MEMBER_METADATA_KEY = Schema(
    "ShareGroupMemberMetadataKey",
    versions="0-0",
    fields=struct(
        group_id=string,
        member_id=string,
    ),
)

#: Record type 10.
SHARE_GROUP_MEMBER_METADATA_VALUE = Schema(
    "ShareGroupMemberMetadataValue",
    versions="0-0",
    flexible="0+",
    fields=struct(
        rack_id=nullable_string,
        client_id=string,
        client_host=string,
        subscribed_topic_names=array(string),
    ),
)

#: Record type 11.
SHARE_GROUP_METADATA_KEY = Schema(
    "ShareGroupMetadataKey",
    versions="0-0",
    fields=struct(
        group_id=string,
    ),
)

#: Record type 11.
SHARE_GROUP_METADATA_VALUE = Schema(
    "ShareGroupMetadataValue",
    versions="0-0",
    flexible="0+",
    fields=struct(
        epoch=int32,
        metadata_hash=int64,
    ),
)

#: Record type 15.
SHARE_GROUP_STATE_PARTITION_METADATA_KEY = Schema(
    "ShareGroupStatePartitionMetadataKey",
    versions="0-0",
    fields=struct(
        group_id=string,
    ),
)

SHARE_GROUP_STATE_PARTITION_METADATA_VALUE_TOPIC_PARTITIONS_INFO = struct(
    topic_id=uuid,
    topic_name=string,
    partitions=array(int32),
)

#: Record type 15.
SHARE_GROUP_STATE_PARTITION_METADATA_VALUE = Schema(
    "ShareGroupStatePartitionMetadataValue",
    versions="0-0",
    flexible="0+",
    fields=struct(
        initializing_topics=array(SHARE_GROUP_STATE_PARTITION_METADATA_VALUE_TOPIC_PARTITIONS_INFO),
        initialized_topics=array(SHARE_GROUP_STATE_PARTITION_METADATA_VALUE_TOPIC_PARTITIONS_INFO),
        deleting_topics=array(
            topic_id=uuid,
            topic_name=string,
        ),
    ),
)

#: Record type 13.
SHARE_GROUP_TARGET_ASSIGNMENT_MEMBER_KEY = Schema(
    "ShareGroupTargetAssignmentMemberKey",
    versions="0-0",
    fields=struct(
        group_id=string,
        member_id=string,
    ),
)

#: Record type 13.
SHARE_GROUP_TARGET_ASSIGNMENT_MEMBER_VALUE = Schema(
    "ShareGroupTargetAssignmentMemberValue",
    versions="0-0",
    flexible="0+",
    fields=struct(
        topic_partitions=array(
            topic_id=uuid,
            partitions=array(int32),
        ),
    ),
)

#: Record type 12.
SHARE_GROUP_TARGET_ASSIGNMENT_METADATA_KEY = Schema(
    "ShareGroupTargetAssignmentMetadataKey",
    versions="0-0",
    fields=struct(
        group_id=string,
    ),
)

#: Record type 12.
SHARE_GROUP_TARGET_ASSIGNMENT_METADATA_VALUE = Schema(
    "ShareGroupTargetAssignmentMetadataValue",
    versions="0-0",
    flexible="0+",
    fields=struct(
        assignment_epoch=int32,
        assignment_timestamp=tag(0, since=0).int64,
    ),
)
