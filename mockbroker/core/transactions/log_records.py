"""Transactional ids as records of `__transaction_state` (`TransactionLog`).

The key is an int16 record type, 0, and the transactional id; the value an int16 version and a TransactionLogValue of
that version. No value: the id is forgotten.
"""

from __future__ import annotations

import struct
from functools import lru_cache
from typing import Any, Final, NamedTuple

from mockbroker.core.transactions.metadata import (
    NO_EPOCH,
    NO_PRODUCER_ID,
    TopicPartition,
    TransactionMetadata,
)
from mockbroker.core.transactions.states import TransactionState
from protocol_specs.emit import pack_uvarint
from protocol_specs.record_batch import Record
from protocol_specs.transaction_log import TRANSACTION_LOG_KEY, TRANSACTION_LOG_VALUE

__all__ = ["LogEntry", "encode", "encode_by_spec", "read_record", "tombstone_of"]

_RECORD_TYPE: Final = 0
_INT16: Final = struct.Struct(">h")
_KEY: Final = struct.Struct(">hh")
#: Version, producer id, epoch, timeout, state; then partitions, times, tags.
_HEAD: Final = struct.Struct(">hqhib")
_TIMES: Final = struct.Struct(">qq")
_TAGGED_INT64: Final = struct.Struct(">BBq")
_TAGGED_INT16: Final = struct.Struct(">BBh")
#: Below transaction.version 1 the value has no tagged fields.
_FLEXIBLE_SINCE: Final = 1


class LogEntry(NamedTuple):
    """What one record says: `metadata` is None where the id is forgotten."""

    transactional_id: str
    metadata: TransactionMetadata | None


def encode(metadata: TransactionMetadata, transaction_version: int) -> tuple[bytes, bytes]:
    """Key and value of the record that makes `metadata` what counts.

    Args:
        transaction_version: the level of the feature transaction.version.
    """
    is_flexible = transaction_version >= _FLEXIBLE_SINCE
    value = _encode_v1(metadata) if is_flexible else encode_by_spec(metadata)
    return _key_of(metadata.transactional_id), value


def encode_by_spec(metadata: TransactionMetadata, version: int = 0) -> bytes:
    """The value of a record, in any version."""
    topics = TRANSACTION_LOG_VALUE.transaction_partitions
    is_null = metadata.state is TransactionState.EMPTY
    partitions = _by_topic(metadata.partitions)
    value = TRANSACTION_LOG_VALUE(
        producer_id=metadata.producer_id,
        producer_epoch=metadata.producer_epoch,
        previous_producer_id=metadata.previous_producer_id,
        next_producer_id=metadata.next_producer_id,
        transaction_timeout_ms=metadata.timeout_ms,
        transaction_status=metadata.state.value,
        transaction_partitions=None
        if is_null
        else [topics(topic=topic, partition_ids=indexes) for topic, indexes in partitions.items()],
        transaction_last_update_timestamp_ms=metadata.updated_ms,
        transaction_start_timestamp_ms=metadata.start_ms,
        client_transaction_version=metadata.client_version,
    )
    return _INT16.pack(version) + TRANSACTION_LOG_VALUE[version].build(value)


def _encode_v1(metadata: TransactionMetadata) -> bytes:
    """The same in version 1, by hand: every transaction writes three of them."""
    head = _HEAD.pack(1, metadata.producer_id, metadata.producer_epoch, metadata.timeout_ms, metadata.state)
    is_null = metadata.state is TransactionState.EMPTY
    partitions = b"\0" if is_null else _encode_partitions(metadata.partitions)
    times = _TIMES.pack(metadata.updated_ms, metadata.start_ms)
    tags = []
    if metadata.previous_producer_id != NO_PRODUCER_ID:
        tags.append(_TAGGED_INT64.pack(0, 8, metadata.previous_producer_id))
    if metadata.next_producer_id != NO_PRODUCER_ID:
        tags.append(_TAGGED_INT64.pack(1, 8, metadata.next_producer_id))
    if metadata.client_version:
        tags.append(_TAGGED_INT16.pack(2, 2, metadata.client_version))
    return b"".join((head, partitions, times, bytes((len(tags),)), *tags))


@lru_cache(maxsize=64)
def _encode_partitions(partitions: tuple[TopicPartition, ...]) -> bytes:
    """A compact array; asked for again when the transaction ends, and often by the next one."""
    topics = _by_topic(partitions)
    out = bytearray(pack_uvarint(len(topics) + 1))
    for topic, indexes in topics.items():
        name = topic.encode()
        out += pack_uvarint(len(name) + 1)
        out += name
        out += pack_uvarint(len(indexes) + 1)
        out += struct.pack(f">{len(indexes)}i", *indexes)
        out.append(0)
    return bytes(out)


def tombstone_of(transactional_id: str, now_ms: int) -> Record:
    """The record that makes the coordinator forget an id."""
    return Record(timestamp_ms=now_ms, key=_key_of(transactional_id))


def read_record(record: Record) -> LogEntry | None:
    """What a record says; None when it is of a type or version that is not known, which is passed over."""
    key, value = record.key, record.value
    if key is None or _INT16.unpack_from(key)[0] != _RECORD_TYPE:
        return None
    transactional_id: str = TRANSACTION_LOG_KEY[0].read(key, _INT16.size)[0].transactional_id
    if value is None:
        return LogEntry(transactional_id, None)
    version = _INT16.unpack_from(value)[0]
    if version not in TRANSACTION_LOG_VALUE.versions:
        return None
    said = TRANSACTION_LOG_VALUE[version].read(value, _INT16.size)[0]
    return LogEntry(
        transactional_id,
        TransactionMetadata(
            transactional_id,
            said.producer_id,
            said.previous_producer_id,
            said.next_producer_id,
            said.producer_epoch,
            NO_EPOCH,
            said.transaction_timeout_ms,
            TransactionState(said.transaction_status),
            _flat(said),
            said.transaction_start_timestamp_ms,
            said.transaction_last_update_timestamp_ms,
            said.client_transaction_version,
        ),
    )


def _key_of(transactional_id: str) -> bytes:
    name = transactional_id.encode()
    return _KEY.pack(_RECORD_TYPE, len(name)) + name


def _by_topic(partitions: tuple[TopicPartition, ...]) -> dict[str, list[int]]:
    topics: dict[str, list[int]] = {}
    for topic, index in partitions:
        topics.setdefault(topic, []).append(index)
    return topics


def _flat(said: Any) -> tuple[TopicPartition, ...]:
    return tuple(
        (entry.topic, index) for entry in said.transaction_partitions or () for index in entry.partition_ids
    )
