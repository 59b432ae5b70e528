"""Blobs inside messages and internal topics: a version or a type (int16), then a struct of that version.

- Consumers' subscriptions and assignments, in JoinGroup and SyncGroup: versions only add fields at the end, so a later
  version is read as the latest known one. The broker reads the topics of a subscription and nothing else.
- Records of `__consumer_offsets`: the key is the record's type and the key struct in its only version; the value is a
  version and the value struct. No value (a tombstone) deletes what the key names.

Sources: `ConsumerProtocol`; `CoordinatorRecordSerde`, `CoordinatorRecordType` of the group coordinator.
"""

from __future__ import annotations

import struct
from typing import Any, NamedTuple

from protocol_specs import classic_group_log as classic
from protocol_specs import consumer_group_log as consumer
from protocol_specs import share_group_log as share
from protocol_specs import streams_group_log as streams
from protocol_specs.consumer_protocol import CONSUMER_PROTOCOL_SUBSCRIPTION
from protocol_specs.schema import Schema

__all__ = [
    "GROUP_RECORDS",
    "RecordType",
    "build_blob",
    "parse_blob",
    "record_type_of",
    "subscribed_topics",
]

_INT16 = struct.Struct(">h")


class RecordType(NamedTuple):
    """One type of record of a coordinator's log: the number that opens its keys, and the two structs."""

    number: int
    key: Schema
    value: Schema

    def build_key(self, key: Any) -> bytes:
        return b"".join(self.key[0].write(key, bytearray(_INT16.pack(self.number))))

    def parse_key(self, blob: bytes) -> Any:
        """The key struct.

        Raises:
            WireError: the blob ends early.
        """
        return self.key[0].read(blob, _INT16.size)[0]

    def parse_value(self, blob: bytes) -> Any:
        """The value struct, in whichever version it is.

        Raises:
            WireError, struct.error: the blob ends early.
            KeyError: there is no such version.
        """
        return self.value[_INT16.unpack_from(blob)[0]].read(blob, _INT16.size)[0]


#: Every type of record of `__consumer_offsets`, by its number.
GROUP_RECORDS: dict[int, RecordType] = {
    number: RecordType(number, key, value)
    for number, key, value in (
        (0, classic.LEGACY_OFFSET_COMMIT_KEY, classic.LEGACY_OFFSET_COMMIT_VALUE),
        (1, classic.OFFSET_COMMIT_KEY, classic.OFFSET_COMMIT_VALUE),
        (2, classic.GROUP_METADATA_KEY, classic.GROUP_METADATA_VALUE),
        (3, consumer.CONSUMER_GROUP_METADATA_KEY, consumer.CONSUMER_GROUP_METADATA_VALUE),
        (
            4,
            consumer.CONSUMER_GROUP_PARTITION_METADATA_KEY,
            consumer.CONSUMER_GROUP_PARTITION_METADATA_VALUE,
        ),
        (5, consumer.CONSUMER_GROUP_MEMBER_METADATA_KEY, consumer.CONSUMER_GROUP_MEMBER_METADATA_VALUE),
        (
            6,
            consumer.CONSUMER_GROUP_TARGET_ASSIGNMENT_METADATA_KEY,
            consumer.CONSUMER_GROUP_TARGET_ASSIGNMENT_METADATA_VALUE,
        ),
        (
            7,
            consumer.CONSUMER_GROUP_TARGET_ASSIGNMENT_MEMBER_KEY,
            consumer.CONSUMER_GROUP_TARGET_ASSIGNMENT_MEMBER_VALUE,
        ),
        (
            8,
            consumer.CONSUMER_GROUP_CURRENT_MEMBER_ASSIGNMENT_KEY,
            consumer.CONSUMER_GROUP_CURRENT_MEMBER_ASSIGNMENT_VALUE,
        ),
        (10, share.SHARE_GROUP_MEMBER_METADATA_KEY, share.SHARE_GROUP_MEMBER_METADATA_VALUE),
        (11, share.SHARE_GROUP_METADATA_KEY, share.SHARE_GROUP_METADATA_VALUE),
        (
            12,
            share.SHARE_GROUP_TARGET_ASSIGNMENT_METADATA_KEY,
            share.SHARE_GROUP_TARGET_ASSIGNMENT_METADATA_VALUE,
        ),
        (
            13,
            share.SHARE_GROUP_TARGET_ASSIGNMENT_MEMBER_KEY,
            share.SHARE_GROUP_TARGET_ASSIGNMENT_MEMBER_VALUE,
        ),
        (
            14,
            share.SHARE_GROUP_CURRENT_MEMBER_ASSIGNMENT_KEY,
            share.SHARE_GROUP_CURRENT_MEMBER_ASSIGNMENT_VALUE,
        ),
        (
            15,
            share.SHARE_GROUP_STATE_PARTITION_METADATA_KEY,
            share.SHARE_GROUP_STATE_PARTITION_METADATA_VALUE,
        ),
        (
            16,
            consumer.CONSUMER_GROUP_REGULAR_EXPRESSION_KEY,
            consumer.CONSUMER_GROUP_REGULAR_EXPRESSION_VALUE,
        ),
        (17, streams.STREAMS_GROUP_METADATA_KEY, streams.STREAMS_GROUP_METADATA_VALUE),
        (19, streams.STREAMS_GROUP_MEMBER_METADATA_KEY, streams.STREAMS_GROUP_MEMBER_METADATA_VALUE),
        (
            20,
            streams.STREAMS_GROUP_TARGET_ASSIGNMENT_METADATA_KEY,
            streams.STREAMS_GROUP_TARGET_ASSIGNMENT_METADATA_VALUE,
        ),
        (
            21,
            streams.STREAMS_GROUP_TARGET_ASSIGNMENT_MEMBER_KEY,
            streams.STREAMS_GROUP_TARGET_ASSIGNMENT_MEMBER_VALUE,
        ),
        (
            22,
            streams.STREAMS_GROUP_CURRENT_MEMBER_ASSIGNMENT_KEY,
            streams.STREAMS_GROUP_CURRENT_MEMBER_ASSIGNMENT_VALUE,
        ),
        (23, streams.STREAMS_GROUP_TOPOLOGY_KEY, streams.STREAMS_GROUP_TOPOLOGY_VALUE),
    )
}


def record_type_of(key: bytes) -> int:
    """The number that opens a record's key.

    Raises:
        struct.error: the key is shorter than a number.
    """
    number: int = _INT16.unpack_from(key)[0]
    return number


def parse_blob(schema: Schema, blob: bytes) -> tuple[int, Any]:
    """The version that opens `blob`, and the message behind it; bytes that follow are left.

    A version above the latest known one is read as that one.

    Raises:
        WireError, struct.error: the blob ends early.
        KeyError: its version is negative.
    """
    version: int = _INT16.unpack_from(blob)[0]
    return version, schema[min(version, schema.versions[-1])].read(blob, _INT16.size)[0]


def build_blob(schema: Schema, version: int, message: Any) -> bytes:
    """The bytes of `message`, with its version in front."""
    return b"".join(schema[version].write(message, bytearray(_INT16.pack(version))))


def subscribed_topics(blob: bytes) -> frozenset[str]:
    """The topics of a subscription of any version: all of them begin as version 0 does.

    Raises:
        ValueError: the blob is no subscription.
    """
    try:
        return frozenset(CONSUMER_PROTOCOL_SUBSCRIPTION[0].read(blob, _INT16.size)[0].topics)
    except Exception as error:
        raise ValueError(f"no subscription: {error}") from error
