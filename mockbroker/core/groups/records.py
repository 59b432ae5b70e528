"""What the group coordinator writes to `__consumer_offsets`, and how it reads it back.

Source: `GroupCoordinatorRecordHelpers`, `CoordinatorRecordSerde`.
"""

from __future__ import annotations

import struct
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from protocol_specs.embedded import GROUP_RECORDS, RecordType, build_blob, record_type_of
from protocol_specs.wire_types import WireError

if TYPE_CHECKING:
    from mockbroker.config.catalog import Catalog
    from mockbroker.core.groups.offset_table import CommittedOffset

__all__ = [
    "GROUP_METADATA",
    "LEGACY_OFFSET_COMMIT",
    "OFFSET_COMMIT",
    "LogRecord",
    "decode",
    "group_tombstone",
    "newest_versions",
    "offset_commit",
    "offset_tombstone",
]

LEGACY_OFFSET_COMMIT = 0
OFFSET_COMMIT = 1
GROUP_METADATA = 2

#: Offsets that expire at a time of their own (commits of v2 to v4) need the one version that has the field.
_OFFSET_VERSION, _EXPIRING_OFFSET_VERSION = 4, 1

#: The newest version of a value that a release writes, by record type, with the release that went on to the next.
_NEWEST_VERSIONS: Final = (
    ("2.1", OFFSET_COMMIT, 1),
    ("4.1", OFFSET_COMMIT, 3),
    ("2.1", GROUP_METADATA, 1),
)

_OFFSET_RECORD = GROUP_RECORDS[OFFSET_COMMIT]
_GROUP_RECORD = GROUP_RECORDS[GROUP_METADATA]


_ALL_VERSIONS: Final[Mapping[int, int]] = {}


class LogRecord(NamedTuple):
    """One record: its type, its key and value as messages of `protocol_specs`, and the version of the value.

    A value of None deletes what the key names.
    """

    type: RecordType
    key: Any
    value: Any = None
    version: int = 0

    def encode(self, newest: Mapping[int, int] = _ALL_VERSIONS) -> tuple[bytes, bytes | None]:
        """Key and value as they stand in the log.

        Args:
            newest: the newest version of a value that may be written, by the number of its type.
        """
        key = self.type.build_key(self.key)
        if self.value is None:
            return key, None
        version = min(self.version, newest.get(self.type.number, self.version))
        return key, build_blob(self.type.value, version, self.value)


def newest_versions(catalog: Catalog) -> Mapping[int, int]:
    """The newest version of a value that a release writes, by the number of its type, where it is not the last."""
    newest: dict[int, int] = {}
    for release, number, version in _NEWEST_VERSIONS:
        if catalog.is_before(release):
            newest.setdefault(number, version)
    return newest


def decode(key: bytes | None, value: bytes | None) -> LogRecord | None:
    """Read a record; None for one of a type that there is not, which Kafka passes over too.

    A commit of the oldest type reads as one of today's.

    Raises:
        ValueError: key or value are not what the type says.
    """
    try:
        record_type = GROUP_RECORDS.get(record_type_of(key or b""))
        if record_type is None:
            return None
        message = None if value is None else record_type.parse_value(value)
        if record_type.number == LEGACY_OFFSET_COMMIT:
            record_type, message = _OFFSET_RECORD, _from_legacy(message)
        return LogRecord(record_type, record_type.parse_key(key or b""), message)
    except (WireError, KeyError, struct.error) as error:
        raise ValueError(f"no record of a group coordinator: {error}") from error


def _from_legacy(value: Any) -> Any:
    if value is None:
        return None
    return _OFFSET_RECORD.value(
        offset=value.offset, metadata=value.metadata, commit_timestamp=value.commit_timestamp
    )


def offset_commit(group_id: str, topic: str, partition: int, offset: CommittedOffset) -> LogRecord:
    """A committed offset."""
    value = _OFFSET_RECORD.value(
        offset=offset.offset,
        leader_epoch=offset.leader_epoch,
        metadata=offset.metadata,
        commit_timestamp=offset.commit_timestamp_ms,
        expire_timestamp=offset.expire_timestamp_ms,
        topic_id=offset.topic_id,
    )
    version = _OFFSET_VERSION if offset.expire_timestamp_ms == -1 else _EXPIRING_OFFSET_VERSION
    return LogRecord(_OFFSET_RECORD, _offset_key(group_id, topic, partition), value, version)


def offset_tombstone(group_id: str, topic: str, partition: int) -> LogRecord:
    """The end of a committed offset."""
    return LogRecord(_OFFSET_RECORD, _offset_key(group_id, topic, partition))


def _offset_key(group_id: str, topic: str, partition: int) -> Any:
    return _OFFSET_RECORD.key(group=group_id, topic=topic, partition=partition)


def group_tombstone(group_id: str) -> LogRecord:
    """The end of a classic group."""
    return LogRecord(_GROUP_RECORD, _GROUP_RECORD.key(group=group_id))
