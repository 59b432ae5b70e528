"""Transactional ids as records of `__transaction_state` (`TransactionLog`).

The key is an int16 record type, 0, and the transactional id; the value an int16 version and a TransactionLogValue of
that version. No value: the id is forgotten.
"""

from __future__ import annotations

import struct
from typing import Any, Final, NamedTuple

from mockbroker.core.transactions.metadata import NO_EPOCH, TopicPartition, TransactionMetadata
from mockbroker.core.transactions.states import TransactionState
from protocol_specs.record_batch import Record
from protocol_specs.transaction_log import TRANSACTION_LOG_KEY, TRANSACTION_LOG_VALUE

__all__ = ["LogEntry", "read_record", "record_of", "tombstone_of"]

_RECORD_TYPE: Final = 0
_INT16: Final = struct.Struct(">h")
#: Below transaction.version 1 the value has no tagged fields.
_FLEXIBLE_SINCE: Final = 1


class LogEntry(NamedTuple):
    """What one record says: `metadata` is None where the id is forgotten."""

    transactional_id: str
    metadata: TransactionMetadata | None


def record_of(metadata: TransactionMetadata, transaction_version: int, now_ms: int) -> Record:
    """The record that makes `metadata` what counts.

    Args:
        transaction_version: the level of the feature transaction.version.
    """
    version = 1 if transaction_version >= _FLEXIBLE_SINCE else 0
    value = TRANSACTION_LOG_VALUE(
        producer_id=metadata.producer_id,
        producer_epoch=metadata.producer_epoch,
        previous_producer_id=metadata.previous_producer_id,
        next_producer_id=metadata.next_producer_id,
        transaction_timeout_ms=metadata.timeout_ms,
        transaction_status=metadata.state.value,
        transaction_partitions=_by_topic(metadata),
        transaction_last_update_timestamp_ms=metadata.updated_ms,
        transaction_start_timestamp_ms=metadata.start_ms,
        client_transaction_version=metadata.client_version,
    )
    return Record(
        timestamp_ms=now_ms,
        key=_key_of(metadata.transactional_id),
        value=_INT16.pack(version) + TRANSACTION_LOG_VALUE[version].build(value),
    )


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
    return _INT16.pack(_RECORD_TYPE) + TRANSACTION_LOG_KEY[0].build(
        TRANSACTION_LOG_KEY(transactional_id=transactional_id)
    )


def _by_topic(metadata: TransactionMetadata) -> list[Any] | None:
    if metadata.state is TransactionState.EMPTY:
        return None
    topics: dict[str, list[int]] = {}
    for topic, index in metadata.partitions:
        topics.setdefault(topic, []).append(index)
    struct_of = TRANSACTION_LOG_VALUE.transaction_partitions
    return [struct_of(topic=topic, partition_ids=indexes) for topic, indexes in topics.items()]


def _flat(said: Any) -> tuple[TopicPartition, ...]:
    return tuple(
        (entry.topic, index) for entry in said.transaction_partitions or () for index in entry.partition_ids
    )
