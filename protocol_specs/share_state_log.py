"""What the share coordinator (KIP-932) writes to `__share_group_state`."""

from __future__ import annotations

from protocol_specs.notation import array, int8, int16, int32, int64, string, struct, tag, uuid
from protocol_specs.schema import Schema

#: Record type 0.
SHARE_SNAPSHOT_KEY = Schema(
    "ShareSnapshotKey",
    versions="0-0",
    fields=struct(
        group_id=string,
        topic_id=uuid,
        partition=int32,
    ),
)

#: Record type 0.
SHARE_SNAPSHOT_VALUE = Schema(
    "ShareSnapshotValue",
    versions="0-0",
    flexible="0+",
    fields=struct(
        snapshot_epoch=int32,
        state_epoch=int32,
        leader_epoch=int32,
        start_offset=int64,
        delivery_complete_count=tag(0, since=0).int32.default(-1),
        create_timestamp=int64,
        write_timestamp=int64,
        state_batches=array(
            first_offset=int64,
            last_offset=int64,
            delivery_state=int8,
            delivery_count=int16,
        ),
    ),
)

#: Record type 1.
SHARE_UPDATE_KEY = Schema(
    "ShareUpdateKey",
    versions="0-0",
    fields=struct(
        group_id=string,
        topic_id=uuid,
        partition=int32,
    ),
)

#: Record type 1.
SHARE_UPDATE_VALUE = Schema(
    "ShareUpdateValue",
    versions="0-0",
    flexible="0+",
    fields=struct(
        snapshot_epoch=int32,
        leader_epoch=int32,
        start_offset=int64,
        delivery_complete_count=tag(0, since=0).int32.default(-1),
        state_batches=array(
            first_offset=int64,
            last_offset=int64,
            delivery_state=int8,
            delivery_count=int16,
        ),
    ),
)
