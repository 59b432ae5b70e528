"""What consumer groups (KIP-848) write to `__consumer_offsets`."""

from __future__ import annotations

from protocol_specs.notation import (
    array,
    bytes_,
    int8,
    int32,
    int64,
    nullable_string,
    string,
    struct,
    tag,
    uuid,
)
from protocol_specs.schema import Schema

#: Record type 8.
CONSUMER_GROUP_CURRENT_MEMBER_ASSIGNMENT_KEY = Schema(
    "ConsumerGroupCurrentMemberAssignmentKey",
    versions="0-0",
    fields=struct(
        group_id=string,
        member_id=string,
    ),
)

CONSUMER_GROUP_CURRENT_MEMBER_ASSIGNMENT_VALUE_TOPIC_PARTITIONS = struct(
    topic_id=uuid,
    partitions=array(int32),
    assignment_epochs=tag(0, since=0).array(int32).nullable().default(()),
)

#: Record type 8.
CONSUMER_GROUP_CURRENT_MEMBER_ASSIGNMENT_VALUE = Schema(
    "ConsumerGroupCurrentMemberAssignmentValue",
    versions="0-0",
    flexible="0+",
    fields=struct(
        member_epoch=int32,
        previous_member_epoch=int32,
        state=int8,
        assigned_partitions=array(CONSUMER_GROUP_CURRENT_MEMBER_ASSIGNMENT_VALUE_TOPIC_PARTITIONS),
        partitions_pending_revocation=array(CONSUMER_GROUP_CURRENT_MEMBER_ASSIGNMENT_VALUE_TOPIC_PARTITIONS),
    ),
)

#: Record type 5.
CONSUMER_GROUP_MEMBER_METADATA_KEY = Schema(
    "ConsumerGroupMemberMetadataKey",
    versions="0-0",
    fields=struct(
        group_id=string,
        member_id=string,
    ),
)

#: Record type 5.
CONSUMER_GROUP_MEMBER_METADATA_VALUE = Schema(
    "ConsumerGroupMemberMetadataValue",
    versions="0-0",
    flexible="0+",
    fields=struct(
        instance_id=nullable_string,
        rack_id=nullable_string,
        client_id=string,
        client_host=string,
        subscribed_topic_names=array(string),
        subscribed_topic_regex=nullable_string,
        rebalance_timeout_ms=int32,
        server_assignor=nullable_string,
        classic_member_metadata=tag(0, since=0)
        .struct(
            session_timeout_ms=int32,
            supported_protocols=array(
                name=string,
                metadata=bytes_,
            ),
        )
        .nullable()
        .filled(),
    ),
)

#: Record type 3.
CONSUMER_GROUP_METADATA_KEY = Schema(
    "ConsumerGroupMetadataKey",
    versions="0-0",
    fields=struct(
        group_id=string,
    ),
)

#: Record type 3.
CONSUMER_GROUP_METADATA_VALUE = Schema(
    "ConsumerGroupMetadataValue",
    versions="0-0",
    flexible="0+",
    fields=struct(
        epoch=int32,
        metadata_hash=tag(0, since=0).int64,
    ),
)

#: Record type 4.
CONSUMER_GROUP_PARTITION_METADATA_KEY = Schema(
    "ConsumerGroupPartitionMetadataKey",
    versions="0-0",
    fields=struct(
        group_id=string,
    ),
)

#: Record type 4.
CONSUMER_GROUP_PARTITION_METADATA_VALUE = Schema(
    "ConsumerGroupPartitionMetadataValue",
    versions="0-0",
    flexible="0+",
    fields=struct(
        topics=array(
            topic_id=uuid,
            topic_name=string,
            num_partitions=int32,
            partition_metadata=array(
                partition=int32,
                racks=array(string),
            ),
        ),
    ),
)

#: Record type 16.
CONSUMER_GROUP_REGULAR_EXPRESSION_KEY = Schema(
    "ConsumerGroupRegularExpressionKey",
    versions="0-0",
    fields=struct(
        group_id=string,
        regular_expression=string,
    ),
)

#: Record type 16.
CONSUMER_GROUP_REGULAR_EXPRESSION_VALUE = Schema(
    "ConsumerGroupRegularExpressionValue",
    versions="0-0",
    flexible="0+",
    fields=struct(
        topics=array(string),
        version=int64,
        timestamp=int64,
    ),
)

#: Record type 7.
CONSUMER_GROUP_TARGET_ASSIGNMENT_MEMBER_KEY = Schema(
    "ConsumerGroupTargetAssignmentMemberKey",
    versions="0-0",
    fields=struct(
        group_id=string,
        member_id=string,
    ),
)

#: Record type 7.
CONSUMER_GROUP_TARGET_ASSIGNMENT_MEMBER_VALUE = Schema(
    "ConsumerGroupTargetAssignmentMemberValue",
    versions="0-0",
    flexible="0+",
    fields=struct(
        topic_partitions=array(
            topic_id=uuid,
            partitions=array(int32),
        ),
    ),
)

#: Record type 6.
CONSUMER_GROUP_TARGET_ASSIGNMENT_METADATA_KEY = Schema(
    "ConsumerGroupTargetAssignmentMetadataKey",
    versions="0-0",
    fields=struct(
        group_id=string,
    ),
)

#: Record type 6.
CONSUMER_GROUP_TARGET_ASSIGNMENT_METADATA_VALUE = Schema(
    "ConsumerGroupTargetAssignmentMetadataValue",
    versions="0-0",
    flexible="0+",
    fields=struct(
        assignment_epoch=int32,
        assignment_timestamp=tag(0, since=0).int64,
    ),
)
