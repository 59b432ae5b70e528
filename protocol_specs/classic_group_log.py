"""What classic groups and offset commits write to `__consumer_offsets` (`GroupCoordinatorRecordHelpers`)."""

from __future__ import annotations

from protocol_specs.notation import array, bytes_, int32, int64, nullable_string, since, string, struct, tag
from protocol_specs.schema import Schema

#: Record type 1.
OFFSET_COMMIT_KEY = Schema(
    "OffsetCommitKey",
    versions="0-0",
    fields=struct(
        group=string,
        topic=string,
        partition=int32,
    ),
)

#: Record type 1.
OFFSET_COMMIT_VALUE = Schema(
    "OffsetCommitValue",
    versions="0-4",
    flexible="4+",
    fields=struct(
        offset=int64,
        leader_epoch=since(3).int32.default(-1),
        metadata=string,
        commit_timestamp=int64,
        expire_timestamp=since(1).until(1).int64.default(-1),
        topic_id=tag(0, since=4).uuid,
    ),
)

#: Record type 0.
LEGACY_OFFSET_COMMIT_KEY = Schema(
    "LegacyOffsetCommitKey",
    versions="0-0",
    fields=struct(
        group=string,
        topic=string,
        partition=int32,
    ),
)

#: Record type 0.
LEGACY_OFFSET_COMMIT_VALUE = Schema(
    "LegacyOffsetCommitValue",
    versions="0-0",
    fields=struct(
        offset=int64,
        metadata=string,
        commit_timestamp=int64,
    ),
)

#: Record type 2.
GROUP_METADATA_KEY = Schema(
    "GroupMetadataKey",
    versions="0-0",
    fields=struct(
        group=string,
    ),
)

#: Record type 2.
GROUP_METADATA_VALUE = Schema(
    "GroupMetadataValue",
    versions="0-4",
    flexible="4+",
    fields=struct(
        protocol_type=string,
        generation=int32,
        protocol=nullable_string,
        leader=nullable_string,
        current_state_timestamp=since(2).int64.default(-1),
        members=array(
            member_id=string,
            group_instance_id=since(3).nullable_string,
            client_id=string,
            client_host=string,
            rebalance_timeout=since(1).int32.default(-1),
            session_timeout=int32,
            subscription=bytes_,
            assignment=bytes_,
        ),
    ),
)
