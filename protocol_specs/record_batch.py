"""Record batches, magic 2: the header, the records inside, control records, and stamping in place.

    RecordBatch => BaseOffset:int64 Length:int32 LeaderEpoch:int32 Magic:int8 Crc:uint32 Attributes:int16
                   LastOffsetDelta:int32 BaseTimestamp:int64 MaxTimestamp:int64 ProducerId:int64
                   ProducerEpoch:int16 BaseSequence:int32 Count:int32 [Record]
    Attributes  => bits 0-2 codec, 3 LogAppendTime, 4 transactional, 5 control,
                   6 BaseTimestamp is the delete horizon

The CRC-32C covers everything from Attributes on, so base offset and leader epoch are set without touching it.

Sources: KIP-98, KIP-534 (delete horizon); `DefaultRecordBatch`, `DefaultRecord`, `ControlRecordType`,
`EndTransactionMarker`. Errors carry the code and the text that a broker answers for the same bytes.
"""

from __future__ import annotations

import struct
from collections.abc import Callable, Iterable, Iterator
from typing import Any, Final, NamedTuple

from protocol_specs.errors import ErrorCode, KafkaError
from protocol_specs.records import (
    NO_TIMESTAMP,
    Record,
    encode_only_record,
    encode_records,
    invalid_record,
    read_records,
)

__all__ = [
    "HEADER_SIZE",
    "NO_TIMESTAMP",
    "BatchHeader",
    "Buffer",
    "EndTxnMarker",
    "Record",
    "batches_in",
    "build_batch",
    "build_end_txn_marker",
    "build_single",
    "crc_of",
    "parse_end_txn_marker",
    "parse_header",
    "records_of",
    "restamp_time",
    "stamp",
]

Buffer = bytes | bytearray | memoryview
#: `decompress(codec, data)`
Decompress = Callable[[int, Buffer], bytes]
#: `compress(codec, data)`
Compress = Callable[[int, Buffer], Buffer]

HEADER_SIZE: Final = 61
CODEC_MASK: Final = 0x07
APPEND_TIME_FLAG: Final = 0x08
TRANSACTIONAL_FLAG: Final = 0x10
CONTROL_FLAG: Final = 0x20
DELETE_HORIZON_FLAG: Final = 0x40

_FLAGS: Final = (APPEND_TIME_FLAG, TRANSACTIONAL_FLAG, CONTROL_FLAG, DELETE_HORIZON_FLAG)

#: All fields of the header in wire order.
HEADER: Final = struct.Struct(">qiibIhiqqqhii")
_MAX_INT32: Final = 2**31 - 1
_LENGTH: Final = struct.Struct(">i")
_INT64: Final = struct.Struct(">q")
_CRC: Final = struct.Struct(">I")
_CONTROL_KEY: Final = struct.Struct(">hh")
_ABORT_KEY, _COMMIT_KEY = (_CONTROL_KEY.pack(0, kind) for kind in range(2))
_MARKER_VALUE: Final = struct.Struct(">hi")


class BatchHeader:
    """The 61 bytes before the records. `length` counts the bytes after itself, as on the wire."""

    __slots__ = (
        "attributes",
        "base_offset",
        "base_sequence",
        "base_timestamp",
        "count",
        "crc",
        "last_offset_delta",
        "leader_epoch",
        "length",
        "magic",
        "max_timestamp",
        "producer_epoch",
        "producer_id",
    )

    def __init__(
        self,
        base_offset: int,
        length: int,
        leader_epoch: int,
        magic: int,
        crc: int,
        attributes: int,
        last_offset_delta: int,
        base_timestamp: int,
        max_timestamp: int,
        producer_id: int,
        producer_epoch: int,
        base_sequence: int,
        count: int,
    ) -> None:
        self.base_offset = base_offset
        self.length = length
        self.leader_epoch = leader_epoch
        self.magic = magic
        self.crc = crc
        self.attributes = attributes
        self.last_offset_delta = last_offset_delta
        self.base_timestamp = base_timestamp
        self.max_timestamp = max_timestamp
        self.producer_id = producer_id
        self.producer_epoch = producer_epoch
        self.base_sequence = base_sequence
        self.count = count

    def __repr__(self) -> str:
        return f"BatchHeader({', '.join(f'{name}={getattr(self, name)}' for name in self.__slots__)})"

    @property
    def size(self) -> int:
        """Bytes of the whole batch."""
        return 12 + self.length

    @property
    def last_offset(self) -> int:
        return self.base_offset + self.last_offset_delta

    @property
    def last_sequence(self) -> int:
        """Sequence of the last record, -1 when the producer is not idempotent."""
        if self.base_sequence < 0:
            return -1
        return advance_sequence(self.base_sequence, self.last_offset_delta)

    @property
    def codec(self) -> int:
        return self.attributes & CODEC_MASK

    @property
    def is_append_time(self) -> bool:
        """Whether all records bear the broker's time, which is `max_timestamp` (LogAppendTime)."""
        return bool(self.attributes & APPEND_TIME_FLAG)

    @property
    def is_transactional(self) -> bool:
        return bool(self.attributes & TRANSACTIONAL_FLAG)

    @property
    def is_control(self) -> bool:
        return bool(self.attributes & CONTROL_FLAG)

    @property
    def delete_horizon_ms(self) -> int | None:
        """From when on compaction may drop the batch's tombstones and markers; None when not yet known."""
        return self.base_timestamp if self.attributes & DELETE_HORIZON_FLAG else None


class EndTxnMarker(NamedTuple):
    """What the one record of a control batch says: how a transaction ended."""

    is_commit: bool
    coordinator_epoch: int


def advance_sequence(sequence: int, by: int) -> int:
    """Add to a sequence number, which wraps from the largest int32 to zero."""
    return (sequence + by) & _MAX_INT32


def parse_header(buffer: Buffer, at: int = 0) -> BatchHeader:
    """Read the header of the batch that begins at `at`.

    Raises:
        KafkaError: CORRUPT_MESSAGE when fewer than 61 bytes are there.
    """
    try:
        return BatchHeader(*HEADER.unpack_from(buffer, at))
    except struct.error:
        raise KafkaError(
            ErrorCode.CORRUPT_MESSAGE,
            f"Record batch is corrupt (the size {max(len(buffer) - at, 0)} "
            f"is smaller than the minimum allowed overhead {HEADER_SIZE})",
        ) from None


def batches_in(buffer: Buffer) -> Iterator[memoryview]:
    """The whole batches that `buffer` holds, one after the other; a last one that is cut off is left out."""
    view = memoryview(buffer)
    at, end = 0, len(view)
    while at + HEADER_SIZE <= end:
        size = 12 + _LENGTH.unpack_from(view, at + 8)[0]
        if size < HEADER_SIZE or at + size > end:
            return
        yield view[at : at + size]
        at += size


def crc_of(batch: Buffer) -> int:
    """The CRC-32C that belongs into the header of `batch`, which ends where the buffer ends."""
    return _crc32c((batch if batch.__class__ is memoryview else memoryview(batch))[21:])


def stamp(batch: bytearray | memoryview, base_offset: int, leader_epoch: int) -> None:
    """Set base offset and leader epoch, as a broker does when it appends."""
    _INT64.pack_into(batch, 0, base_offset)
    _LENGTH.pack_into(batch, 12, leader_epoch)


def restamp_time(batch: bytearray | memoryview, max_timestamp: int, *, is_append_time: bool) -> None:
    """Set the greatest timestamp and its type, and the CRC that follows from it."""
    attributes = batch[22] | APPEND_TIME_FLAG if is_append_time else batch[22] & ~APPEND_TIME_FLAG
    batch[21] = 0  # as Kafka, which keeps only the low byte when it writes the attributes
    batch[22] = attributes
    _INT64.pack_into(batch, 35, max_timestamp)
    _CRC.pack_into(batch, 17, crc_of(batch))


def records_of(batch: Buffer, decompress: Decompress | None = None) -> list[Record]:
    """All records of the batch that `batch` begins with.

    Args:
        decompress: opens compressed records; may be left out where none are expected.

    Raises:
        KafkaError: INVALID_RECORD when the records are not what the header says, CORRUPT_MESSAGE when the
            header is cut off.
        ValueError: the records are compressed and `decompress` was not given, or it could not read them.
    """
    header = parse_header(batch)
    data: Buffer = memoryview(batch)[HEADER_SIZE : header.size]
    if header.codec and header.count:
        if decompress is None:
            raise ValueError(f"records compressed with codec {header.codec}, and no way to decompress them")
        data = decompress(header.codec, data)
    append_time_ms = header.max_timestamp if header.is_append_time else None
    return read_records(bytes(data), header.count, header.base_offset, header.base_timestamp, append_time_ms)


def build_batch(
    records: Iterable[Record],
    *,
    base_offset: int = 0,
    leader_epoch: int = -1,
    codec: int = 0,
    compress: Compress | None = None,
    producer_id: int = -1,
    producer_epoch: int = -1,
    base_sequence: int = -1,
    is_transactional: bool = False,
    is_control: bool = False,
    append_time_ms: int | None = None,
    delete_horizon_ms: int | None = None,
    keeps_offsets: bool = False,
    last_offset_delta: int | None = None,
    max_timestamp_ms: int | None = None,
) -> bytearray:
    """Build one batch.

    Args:
        records: their offsets are ignored and counted from `base_offset`, unless `keeps_offsets`.
        codec: 0 none, 1 gzip, 2 snappy, 3 lz4, 4 zstd; needs `compress`.
        append_time_ms: makes it a LogAppendTime batch of that time.
        delete_horizon_ms: sets the flag and the base timestamp (KIP-534).
        last_offset_delta: where it is not the last record's, as in a compacted batch.
        max_timestamp_ms: of a batch without records.
    """
    records = list(records)
    base_timestamp = delete_horizon_ms
    if base_timestamp is None:
        base_timestamp = records[0].timestamp_ms if records else NO_TIMESTAMP
    body: Buffer = encode_records(records, base_timestamp, base_offset if keeps_offsets else None)
    if codec and records:
        if compress is None:
            raise ValueError(f"codec {codec} needs a way to compress")
        body = compress(codec, body)
    if last_offset_delta is None:
        last_offset_delta = records[-1].offset - base_offset if keeps_offsets else len(records) - 1
    flags = (append_time_ms is not None, is_transactional, is_control, delete_horizon_ms is not None)
    attributes = codec | sum(flag for flag, is_set in zip(_FLAGS, flags, strict=True) if is_set)
    if append_time_ms is not None:
        max_timestamp_ms = append_time_ms
    elif records:
        max_timestamp_ms = max(record.timestamp_ms for record in records)
    max_timestamp = NO_TIMESTAMP if max_timestamp_ms is None else max_timestamp_ms
    start = (base_offset, HEADER_SIZE - 12 + len(body), leader_epoch, 2, 0)
    span = (attributes, last_offset_delta, base_timestamp, max_timestamp)
    producer = (producer_id, producer_epoch, base_sequence)
    batch = bytearray(HEADER.pack(*start, *span, *producer, len(records)))
    batch += body
    _CRC.pack_into(batch, 17, crc_of(batch))
    return batch


def build_single(
    key: bytes,
    value: bytes | None,
    timestamp_ms: int,
    *,
    flags: int = 0,
    base_offset: int = 0,
    leader_epoch: int = -1,
    producer_id: int = -1,
    producer_epoch: int = -1,
    base_sequence: int = -1,
) -> bytearray:
    """Build a batch of one record without headers, uncompressed: what a broker itself writes all the time.

    Args:
        flags: TRANSACTIONAL_FLAG, CONTROL_FLAG.
    """
    record = encode_only_record(key, value)
    start = (base_offset, HEADER_SIZE - 12 + len(record), leader_epoch, 2, 0)
    producer = (producer_id, producer_epoch, base_sequence)
    batch = bytearray(HEADER.pack(*start, flags, 0, timestamp_ms, timestamp_ms, *producer, 1))
    batch += record
    _CRC.pack_into(batch, 17, _crc32c(memoryview(batch)[21:]))
    return batch


def build_end_txn_marker(
    marker: EndTxnMarker,
    *,
    producer_id: int,
    producer_epoch: int,
    timestamp_ms: int,
    base_offset: int = 0,
    leader_epoch: int = -1,
) -> bytearray:
    """The control batch that commits or aborts a producer's transaction in one partition."""
    return build_single(
        _COMMIT_KEY if marker.is_commit else _ABORT_KEY,
        _MARKER_VALUE.pack(0, marker.coordinator_epoch),
        timestamp_ms,
        flags=TRANSACTIONAL_FLAG | CONTROL_FLAG,
        base_offset=base_offset,
        leader_epoch=leader_epoch,
        producer_id=producer_id,
        producer_epoch=producer_epoch,
    )


def parse_end_txn_marker(record: Record) -> EndTxnMarker | None:
    """What a control record says about its transaction; None for other kinds of control record.

    Raises:
        KafkaError: INVALID_RECORD when key or value are not of the control record's schema.
    """
    key, value = record.key or b"", record.value or b""
    if len(key) < _CONTROL_KEY.size:
        raise invalid_record(
            "Invalid value size found for control record key. "
            f"Must have at least {_CONTROL_KEY.size} bytes, but found only {len(key)}"
        )
    version, kind = _CONTROL_KEY.unpack_from(key)
    if version < 0:
        raise invalid_record(
            f"Invalid version found for control record: {version}. May indicate data corruption"
        )
    if kind not in (0, 1):
        return None
    if len(value) < _MARKER_VALUE.size:
        raise invalid_record("Found invalid record structure")
    version, coordinator_epoch = _MARKER_VALUE.unpack_from(value)
    if version < 0:
        raise invalid_record(
            f"Invalid version found for end transaction marker: {version}. May indicate data corruption"
        )
    return EndTxnMarker(kind == 1, coordinator_epoch)


def _load_crc32c(data: Any) -> int:
    global _crc32c
    from crc32c import crc32c as native

    _crc32c = native
    return native(data)


#: The compiled CRC-32C. Its package takes tens of milliseconds to import, so that waits for the first batch.
_crc32c: Callable[[Any], int] = _load_crc32c
