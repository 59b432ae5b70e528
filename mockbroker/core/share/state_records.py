"""What the share coordinator knows of a share partition, and how it stands in `__share_group_state`.

A snapshot is the whole of it; an update is laid over the last snapshot and the updates since. A snapshot of no value
deletes. Key and value each open with an int16: the record's type, the value's version.

Source: `ShareGroupOffset`, `ShareCoordinatorRecordHelpers`, `ShareCoordinatorRecordSerde`.
"""

from __future__ import annotations

import struct
from typing import Final, NamedTuple

from mockbroker.core.share.keys import SharePartitionKey
from mockbroker.core.share.state_batches import StateBatch, combine, pack, unpack
from protocol_specs.embedded import RecordType, build_blob, record_type_of
from protocol_specs.record_batch import Record
from protocol_specs.share_state_log import (
    SHARE_SNAPSHOT_KEY,
    SHARE_SNAPSHOT_VALUE,
    SHARE_UPDATE_KEY,
    SHARE_UPDATE_VALUE,
)
from protocol_specs.wire_types import WireError

__all__ = ["UNKNOWN_COUNT", "UNKNOWN_OFFSET", "LogRecord", "ShareState", "decode"]

#: The start offset before anything was fetched, and the count of what is done with then.
UNKNOWN_OFFSET: Final = -1
UNKNOWN_COUNT: Final = -1

_SNAPSHOT: Final = RecordType(0, SHARE_SNAPSHOT_KEY, SHARE_SNAPSHOT_VALUE)
_UPDATE: Final = RecordType(1, SHARE_UPDATE_KEY, SHARE_UPDATE_VALUE)
_TYPES: Final = {record_type.number: record_type for record_type in (_SNAPSHOT, _UPDATE)}
_VALUE_VERSION: Final = 0


class ShareState(NamedTuple):
    """A share partition as the coordinator keeps it. Of an update: what changes; it has neither state epoch nor times.

    Attributes:
        snapshot_epoch: counts the snapshots.
        state_epoch: of the group's initialization of the partition; a new one forgets all that was before.
        leader_epoch: of the leader that wrote or read last.
        start_offset: what lies before it is done with; -1: not known yet.
        delivery_complete_count: records behind `start_offset` that are done with; -1: not known.
        created_ms, written_ms: of the last snapshot; they differ where the coordinator made it by itself.
    """

    snapshot_epoch: int = 0
    state_epoch: int = 0
    leader_epoch: int = 0
    start_offset: int = UNKNOWN_OFFSET
    delivery_complete_count: int = UNKNOWN_COUNT
    batches: tuple[StateBatch, ...] = ()
    created_ms: int = 0
    written_ms: int = 0

    def updated(self, update: ShareState) -> ShareState:
        """This state with an update laid over it."""
        start_offset = self.start_offset if update.start_offset == UNKNOWN_OFFSET else update.start_offset
        return self._replace(
            start_offset=start_offset,
            delivery_complete_count=update.delivery_complete_count,
            leader_epoch=self.leader_epoch if update.leader_epoch == -1 else update.leader_epoch,
            batches=combine(self.batches, update.batches, start_offset),
        )


class LogRecord(NamedTuple):
    """One record: a snapshot or an update of one share partition; a snapshot of None deletes it."""

    key: SharePartitionKey
    state: ShareState | None
    is_update: bool = False

    def encode(self, now_ms: int) -> Record:
        """The record as it stands in the log."""
        record_type = _UPDATE if self.is_update else _SNAPSHOT
        key = record_type.build_key(record_type.key(**self.key._asdict()))
        if self.state is None:
            return Record(timestamp_ms=now_ms, key=key)
        return Record(timestamp_ms=now_ms, key=key, value=self._value(record_type, self.state))

    def _value(self, record_type: RecordType, state: ShareState) -> bytes:
        fields = {
            "snapshot_epoch": state.snapshot_epoch,
            "leader_epoch": state.leader_epoch,
            "start_offset": state.start_offset,
            "delivery_complete_count": state.delivery_complete_count,
            "state_batches": pack(state.batches, record_type.value.state_batches),
        }
        if not self.is_update:
            fields |= {
                "state_epoch": state.state_epoch,
                "create_timestamp": state.created_ms,
                "write_timestamp": state.written_ms,
            }
        return build_blob(record_type.value, _VALUE_VERSION, record_type.value(**fields))


def decode(record: Record) -> LogRecord | None:
    """Read a record; None for one of a type or version that there is not, which is passed over.

    Raises:
        ValueError: key or value are not what the type says.
    """
    try:
        record_type = _TYPES.get(record_type_of(record.key or b""))
        if record_type is None:
            return None
        said = record_type.parse_key(record.key or b"")
        key = SharePartitionKey(said.group_id, said.topic_id, said.partition)
        is_update = record_type is _UPDATE
        if record.value is None:
            return LogRecord(key, None, is_update)
        value = record_type.parse_value(record.value)
    except KeyError:
        return None
    except (WireError, struct.error) as error:
        raise ValueError(f"no record of a share coordinator: {error}") from error
    state = ShareState(
        value.snapshot_epoch,
        0 if is_update else value.state_epoch,
        value.leader_epoch,
        value.start_offset,
        value.delivery_complete_count,
        unpack(value.state_batches),
        0 if is_update else value.create_timestamp,
        0 if is_update else value.write_timestamp,
    )
    return LogRecord(key, state, is_update)
