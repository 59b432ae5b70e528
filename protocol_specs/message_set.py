"""Message sets, magic 0 and 1: what clients before Kafka 0.11 write and read.

    MessageSet => [Offset:int64 Size:int32 Message]
    Message    => Crc:uint32 Magic:int8 Attributes:int8 Timestamp:int64 (magic 1) Key:int32+bytes Value:int32+bytes
    Attributes => bits 0-2 codec, 3 LogAppendTime (magic 1)

A message with a codec wraps others: its value is a compressed message set, its offset that of the last one inside,
and with magic 1 the offsets inside count from the first one. There are no headers, and there is no zstd.

A log of Kafka 4.x holds none of these, and Produce refuses them (`ProduceRequest.validateRecords`). They are built for
the Fetch versions of older brokers, which convert what they store. Sources: KIP-31, KIP-32; `LegacyRecord`,
`AbstractLegacyRecordBatch`, `RecordsUtil` (3.x).
"""

from __future__ import annotations

import struct
import zlib
from collections.abc import Iterable, Iterator
from typing import Final

from protocol_specs.errors import ErrorCode, KafkaError
from protocol_specs.record_batch import Buffer, Compress, Decompress, parse_header, records_of
from protocol_specs.records import NO_TIMESTAMP, Record, invalid_record

__all__ = ["build_message_set", "down_convert", "read_message_set"]

_ENTRY: Final = struct.Struct(">qi")
_CRC_MAGIC_ATTRIBUTES: Final = struct.Struct(">IbB")
_INT64: Final = struct.Struct(">q")
_INT32: Final = struct.Struct(">i")
_CODEC_MASK: Final = 0x07
_APPEND_TIME_FLAG: Final = 0x08
_SMALLEST: Final = 14
_LZ4: Final = 3
_ZSTD: Final = 4


class _Message:
    """One message, not yet opened if it wraps others."""

    __slots__ = ("attributes", "key", "magic", "offset", "timestamp_ms", "value")

    def __init__(self, offset: int, data: bytes) -> None:
        if len(data) < _SMALLEST:
            raise KafkaError(
                ErrorCode.CORRUPT_MESSAGE,
                f"Record size {len(data)} is less than the minimum record overhead ({_SMALLEST})",
            )
        crc, self.magic, self.attributes = _CRC_MAGIC_ATTRIBUTES.unpack_from(data)
        if self.magic not in (0, 1):
            raise KafkaError(ErrorCode.CORRUPT_MESSAGE, f"Invalid magic found in record: {self.magic}")
        computed = zlib.crc32(data[4:])
        if computed != crc:
            raise KafkaError(
                ErrorCode.CORRUPT_MESSAGE,
                f"Record is corrupt (stored crc = {crc}, computed crc = {computed})",
            )
        self.offset = offset
        at = 6
        self.timestamp_ms = NO_TIMESTAMP
        try:
            if self.magic:
                (self.timestamp_ms,) = _INT64.unpack_from(data, at)
                at += 8
            self.key, at = _nullable(data, at)
            self.value, at = _nullable(data, at)
        except struct.error:
            raise invalid_record("Found invalid record structure") from None


def _nullable(data: bytes, at: int) -> tuple[bytes | None, int]:
    (size,) = _INT32.unpack_from(data, at)
    at += 4
    if size < 0:
        return None, at
    if at + size > len(data):
        raise invalid_record("Found invalid record structure")
    return data[at : at + size], at + size


def _messages(data: bytes) -> Iterator[_Message]:
    """The messages of a set; a last one that is cut off is left out."""
    at = 0
    while at + _ENTRY.size <= len(data):
        offset, size = _ENTRY.unpack_from(data, at)
        at += _ENTRY.size
        if size < _SMALLEST:
            raise KafkaError(
                ErrorCode.CORRUPT_MESSAGE,
                f"Record size {size} is less than the minimum record overhead ({_SMALLEST})",
            )
        if at + size > len(data):
            return
        yield _Message(offset, data[at : at + size])
        at += size


def read_message_set(buffer: Buffer, decompress: Decompress | None = None) -> list[Record]:
    """All records of a message set, those inside wrappers too, with their absolute offsets.

    Args:
        decompress: opens wrappers; may be left out where none are expected.

    Raises:
        KafkaError: CORRUPT_MESSAGE for a wrong CRC, size or magic; INVALID_RECORD for what is otherwise malformed.
        ValueError: there is a wrapper, and `decompress` was not given or could not open it.
    """
    records: list[Record] = []
    for message in _messages(bytes(buffer)):
        if message.attributes & _CODEC_MASK:
            records += _unwrapped(message, decompress)
        else:
            records.append(Record(message.offset, message.timestamp_ms, message.key, message.value))
    return records


def _unwrapped(wrapper: _Message, decompress: Decompress | None) -> list[Record]:
    codec = wrapper.attributes & _CODEC_MASK
    if codec >= _ZSTD:
        raise invalid_record(
            f"Invalid wrapper compressionType found in legacy deep record iterator {wrapper.magic}"
        )
    if wrapper.value is None:
        raise invalid_record(f"Found invalid compressed record set with null value (magic = {wrapper.magic})")
    if decompress is None:
        raise ValueError(f"messages compressed with codec {codec}, and no way to decompress them")
    inside = list(_messages(decompress(codec, wrapper.value)))
    if not inside:
        raise invalid_record("Found invalid compressed record set with no inner records")
    if any(message.attributes & _CODEC_MASK for message in inside):
        raise invalid_record("Inner messages must not be compressed")
    base = 0
    if wrapper.magic and wrapper.offset:
        last = inside[-1].offset
        if wrapper.offset < last:
            raise invalid_record(
                "Found invalid wrapper offset in compressed v1 message set, wrapper offset "
                f"'{wrapper.offset}' is less than the last inner message offset '{last}' and it is not zero."
            )
        base = wrapper.offset - last
    is_append_time = wrapper.attributes & _APPEND_TIME_FLAG
    return [
        Record(
            base + message.offset,
            wrapper.timestamp_ms if is_append_time and message.magic else message.timestamp_ms,
            message.key,
            message.value,
        )
        for message in inside
    ]


def build_message_set(
    records: Iterable[Record],
    magic: int,
    *,
    codec: int = 0,
    compress: Compress | None = None,
    append_time_ms: int | None = None,
) -> bytearray:
    """Build a message set with the records' own offsets, wrapped in one message where there is a codec.

    Headers are dropped, and timestamps too with magic 0.

    Args:
        codec: 0 none, 1 gzip, 2 snappy, 3 lz4 (magic 1 only: with magic 0 its frames had a broken checksum).
        append_time_ms: the broker's time for all of them (LogAppendTime).
    """
    records = list(records)
    if append_time_ms is not None:
        records = [record._replace(timestamp_ms=append_time_ms) for record in records]
    flag = 0 if append_time_ms is None or not magic else _APPEND_TIME_FLAG
    if not codec or not records:
        return _encoded(records, magic, flag, 0)
    if compress is None or codec >= _ZSTD or (codec == _LZ4 and not magic):
        raise ValueError(f"codec {codec} is not to be had with magic {magic}")
    base = records[0].offset if magic else 0
    packed = bytes(compress(codec, bytes(_encoded(records, magic, flag, base))))
    latest = max(record.timestamp_ms for record in records)
    wrapper = Record(records[-1].offset, latest, None, packed)
    return _encoded([wrapper], magic, flag | codec, 0)


def _encoded(records: Iterable[Record], magic: int, attributes: int, base_offset: int) -> bytearray:
    out = bytearray()
    for offset, timestamp_ms, key, value, _ in records:
        body = bytearray((magic, attributes))
        if magic:
            body += _INT64.pack(timestamp_ms)
        for content in (key, value):
            body += _INT32.pack(-1 if content is None else len(content))
            body += content or b""
        out += _ENTRY.pack(offset - base_offset, 4 + len(body))
        out += zlib.crc32(body).to_bytes(4, "big")
        out += body
    return out


def down_convert(
    batches: Iterable[Buffer],
    magic: int,
    first_offset: int,
    *,
    compress: Compress,
    decompress: Decompress,
) -> bytearray:
    """Batches of magic 2 as a message set for a Fetch version that knows no more.

    Control batches are left out, and so are uncompressed records before `first_offset`, which the client asked for.
    lz4 becomes uncompressed with magic 0.

    Raises:
        KafkaError: UNSUPPORTED_COMPRESSION_TYPE for a batch in zstd.
    """
    out = bytearray()
    for batch in batches:
        header = parse_header(batch)
        if header.is_control:
            continue
        codec = header.codec
        if codec == _ZSTD:
            raise KafkaError(
                ErrorCode.UNSUPPORTED_COMPRESSION_TYPE,
                "Down-conversion of zstandard-compressed batches is not supported",
            )
        records = records_of(batch, decompress)
        if not codec:
            records = [record for record in records if record.offset >= first_offset]
        out += build_message_set(
            records,
            magic,
            codec=0 if codec == _LZ4 and not magic else codec,
            compress=compress,
            append_time_ms=header.max_timestamp if header.is_append_time else None,
        )
    return out
