"""Records as they stand inside a batch of magic 2: reading and writing.

    Record => Length:varint Attributes:int8 TimestampDelta:varlong OffsetDelta:varint
              Key:varint+bytes Value:varint+bytes [HeaderKey:varint+string HeaderValue:varint+bytes]

Numbers are zigzag varints; a length of -1 means null. Source: `DefaultRecord`. Errors carry the code and the
text that a broker answers for the same bytes.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final, NamedTuple

from protocol_specs.errors import ErrorCode, KafkaError

__all__ = ["NO_TIMESTAMP", "Record", "encode_only_record", "encode_records", "invalid_record", "read_records"]

NO_TIMESTAMP: Final = -1

#: Sizes below 64 as varints.
_SMALL_SIZES: Final = tuple(bytes((size << 1,)) for size in range(64))


class Record(NamedTuple):
    """One record. Timestamps are in milliseconds since the epoch, -1 for none."""

    offset: int = -1
    timestamp_ms: int = NO_TIMESTAMP
    key: bytes | None = None
    value: bytes | None = None
    headers: Sequence[tuple[str, bytes | None]] = ()


def invalid_record(text: str) -> KafkaError:
    """The error for record bytes that break the format."""
    return KafkaError(ErrorCode.INVALID_RECORD, text)


def read_records(
    data: bytes,
    count: int,
    base_offset: int,
    base_timestamp: int,
    append_time_ms: int | None = None,
    *,
    heeds_lengths: bool = True,
) -> list[Record]:
    """The records of a batch from their uncompressed bytes.

    Args:
        append_time_ms: the timestamp of all of them, in a LogAppendTime batch.
        heeds_lengths: whether each record has to be as long as it says. A broker that checks a compressed batch
            passes over that (`DefaultRecord.readPartiallyFrom`).

    Raises:
        KafkaError: INVALID_RECORD when `data` is not exactly `count` well formed records; UNKNOWN_SERVER_ERROR for a
            record length that does not end, as a broker answers.
    """
    if count < 0:
        raise invalid_record(f"Found invalid record count {count} in magic v2 batch")
    records: list[Record] = []
    at = 0
    try:
        for _ in range(count):
            size, at = _length(data, at) if heeds_lengths else _varint(data, at)
            if heeds_lengths and (size < 0 or size > len(data) - at):
                raise invalid_record(
                    f"Invalid record size: expected {size} bytes in record payload, "
                    f"but instead the buffer has only {len(data) - at} remaining bytes."
                )
            start = at
            delta, at = _varint(data, at + 1, longest=10)
            offset_delta, at = _varint(data, at)
            key, at = _nullable(data, at)
            value, at = _nullable(data, at)
            headers, at = _headers(data, at) if data[at] else ((), at + 1)
            if heeds_lengths and at - start != size:
                raise invalid_record(
                    f"Invalid record size: expected to read {size} bytes in record payload, "
                    f"but instead read {at - start}"
                )
            timestamp = base_timestamp + delta if append_time_ms is None else append_time_ms
            records.append(Record(base_offset + offset_delta, timestamp, key, value, headers))
    except IndexError:
        raise invalid_record("Incorrect declared batch size, premature EOF reached") from None
    if count and at != len(data):
        raise invalid_record("Incorrect declared batch size, records still remaining in file")
    return records


def _length(data: bytes, at: int) -> tuple[int, int]:
    try:
        return _varint(data, at)
    except KafkaError:
        raise KafkaError(ErrorCode.UNKNOWN_SERVER_ERROR, "Varint is too long") from None


def _varint(data: bytes, at: int, longest: int = 5) -> tuple[int, int]:
    byte = data[at]
    at += 1
    if byte < 0x80:
        return (byte >> 1) ^ -(byte & 1), at
    raw, shift = byte & 0x7F, 7
    while True:
        byte = data[at]
        at += 1
        raw |= (byte & 0x7F) << shift
        if byte < 0x80:
            return (raw >> 1) ^ -(raw & 1), at
        shift += 7
        if shift >= 7 * longest:
            raise invalid_record("Found invalid record structure")


def _nullable(data: bytes, at: int) -> tuple[bytes | None, int]:
    size, at = _varint(data, at)
    if size < 0:
        return None, at
    end = at + size
    if end > len(data):
        raise invalid_record("Found invalid record structure")
    return data[at:end], end


def _headers(data: bytes, at: int) -> tuple[list[tuple[str, bytes | None]], int]:
    count, at = _varint(data, at)
    if count < 0:
        raise invalid_record(f"Found invalid number of record headers {count}")
    if count > len(data) - at:
        raise invalid_record(
            f"Found invalid number of record headers. {count} is larger than the remaining size of the buffer"
        )
    headers = []
    for _ in range(count):
        name, at = _nullable(data, at)
        if name is None:
            raise invalid_record("Invalid negative header key size -1")
        value, at = _nullable(data, at)
        headers.append((name.decode("utf-8", "replace"), value))
    return headers, at


def encode_records(records: Sequence[Record], base_timestamp: int, base_offset: int | None) -> bytearray:
    """The bytes of `records`; their offsets count from zero, or with `base_offset` are their own."""
    body = bytearray()
    for index, (offset, timestamp_ms, key, value, headers) in enumerate(records):
        record = bytearray(1)
        _put_varint(record, timestamp_ms - base_timestamp)
        _put_varint(record, index if base_offset is None else offset - base_offset)
        _put_nullable(record, key)
        _put_nullable(record, value)
        record += _size(len(headers))
        for name, content in headers:
            _put_nullable(record, name.encode())
            _put_nullable(record, content)
        body += _size(len(record))
        body += record
    return body


def encode_only_record(key: bytes, value: bytes | None) -> bytes:
    """The bytes of the only record of a batch, of the batch's own timestamp and without headers."""
    if value is None:
        record = b"\0\0\0" + _size(len(key)) + key + b"\1\0"
    else:
        record = b"\0\0\0" + _size(len(key)) + key + _size(len(value)) + value + b"\0"
    return _size(len(record)) + record


def _size(size: int) -> bytes:
    if size < 64:
        return _SMALL_SIZES[size]
    if size < 64 * 128:
        return bytes((size << 1 & 0x7F | 0x80, size >> 6))
    out = bytearray()
    _put_varint(out, size)
    return bytes(out)


def _put_varint(out: bytearray, number: int) -> None:
    raw = (number << 1) ^ (number >> 63)
    while raw > 0x7F:
        out.append(raw & 0x7F | 0x80)
        raw >>= 7
    out.append(raw)


def _put_nullable(out: bytearray, content: bytes | None) -> None:
    if content is None:
        out.append(1)
    else:
        out += _size(len(content))
        out += content
