"""What makes a batch acceptable to a leader's log.

Rules kept here (`ProduceRequest.validateRecords`, `UnifiedLog.analyzeAndValidateRecords`, `LogValidator`):

- A Produce request brings exactly one batch of magic 2 for each partition; a rest that is no whole batch is ignored.
- The batch fits `max.message.bytes`, and its CRC is right.
- A client's batch begins at offset 0, says as many records as its last offset delta, is no control batch, and has a
  sequence if it has a producer id.
- Every record is well formed; has a key where the topic is compacted; and, with CreateTime, a timestamp in range.
- Records that break the last two are named one by one, with the batch refused as a whole.
- The header's greatest timestamp becomes the records' own, or the broker's time with LogAppendTime.
- Where `compression.type` names another codec the batch is built anew.

Kafka reads every record for that. Here a loop over small numbers does it (`record_scan`), as far as it is cheap: all of
each record up to 32 records (0.7 us each), or of however many there are where the topic's configs ask about them; of
more only the lengths, which must tile the batch (0.15 us each, next to nothing for records of one size). Compressed
batches above 64 KiB are not opened unless a config asks. What is found to be wrong is read once more, record by
record, for Kafka's own error.
"""

from __future__ import annotations

import struct
from functools import partial
from typing import TYPE_CHECKING, Final

from mockbroker.core.batches import Batch, OwnBatch
from mockbroker.core.java_strings import java_int64
from mockbroker.core.producer_state import Origin
from mockbroker.core.record_scan import Scan, lengths_fit, scan_records
from mockbroker.wire.compression import CODECS, ZSTD, CodecError, compress, decompress
from protocol_specs.errors import ErrorCode, KafkaError
from protocol_specs.record_batch import (
    APPEND_TIME_FLAG,
    CONTROL_FLAG,
    HEADER_SIZE,
    NO_TIMESTAMP,
    Buffer,
    Record,
    build_batch,
    crc_of,
    records_of,
)
from protocol_specs.records import read_records

if TYPE_CHECKING:
    from mockbroker.config import LogConfig

__all__ = ["RecordsRejected", "first_batch_size", "is_one_batch", "produced_batch", "validate_append"]

_READ_ALL_UP_TO: Final = 32
_OPEN_UP_TO_BYTES: Final = 64 * 1024
_LENGTH: Final = struct.Struct(">i").unpack_from
_SMALLEST_RECORD_V0: Final = 14
_SIZE_UP_TO_MAGIC: Final = 17
_SIZE_UP_TO_PRODUCER_ID: Final = 51
_LEVELS: Final = {1: "compression_gzip_level", 3: "compression_lz4_level", 4: "compression_zstd_level"}


class RecordsRejected(KafkaError):
    """Some records of a batch were refused, and the batch with them.

    This is the one error of an append whose text Kafka sends along in a Produce answer.

    Attributes:
        record_errors: (index in the batch, text) of each.
    """

    def __init__(self, code: ErrorCode, message: str, record_errors: list[tuple[int, str]]) -> None:
        super().__init__(code, message)
        self.record_errors = record_errors


def produced_batch(records: memoryview | None, version: int, at: int | None = None) -> Batch:
    """The batch that a partition of a Produce request brings.

    Args:
        version: of the request.
        at: where in their buffer the records begin; None: not known.

    Raises:
        KafkaError: INVALID_RECORD unless it is exactly one batch of magic 2, CORRUPT_MESSAGE for an impossible size or
            magic, UNSUPPORTED_COMPRESSION_TYPE for zstd before version 7, UNKNOWN_SERVER_ERROR for null.
    """
    if records is None:
        raise KafkaError(ErrorCode.UNKNOWN_SERVER_ERROR)
    size = len(records)
    batch = Batch(records, at) if size >= HEADER_SIZE else None
    if batch is None or batch.magic != 2 or batch.length != size - 12:
        batch = Batch(_only_batch(records, version), at)
    if version < 7 and batch.codec >= ZSTD:
        if batch.codec > ZSTD:
            raise _unknown_codec(batch)
        raise KafkaError(
            ErrorCode.UNSUPPORTED_COMPRESSION_TYPE,
            f"Produce requests with version {version} are not allowed to use ZStandard compression",
        )
    return batch


def is_one_batch(records: memoryview) -> bool:
    """Whether it is what nearly every request brings: one whole batch of magic 2, and nothing else."""
    size = len(records)
    return size >= HEADER_SIZE and records[16] == 2 and _LENGTH(records, 8)[0] == size - 12


def _only_batch(records: memoryview, version: int) -> memoryview:
    """The one batch that these bytes begin with, where they are more or less than that; raises as `produced_batch`."""
    size = first_batch_size(records)
    if size is None:
        raise _invalid(
            f"Produce requests with version {version} must have at least one record batch per partition"
        )
    if records[16] != 2:
        raise _invalid(
            f"Produce requests with version {version} are only allowed to contain record batches with "
            "magic version 2"
        )
    if size < len(records):
        if first_batch_size(records[size:]) is not None:
            raise _invalid(
                f"Produce requests with version {version} are only allowed to contain exactly one record "
                "batch per partition"
            )
        records = records[:size]
    if size < HEADER_SIZE:
        # Kafka looks for the producer id before it checks the size.
        code = (
            ErrorCode.CORRUPT_MESSAGE if size >= _SIZE_UP_TO_PRODUCER_ID else ErrorCode.UNKNOWN_SERVER_ERROR
        )
        raise KafkaError(code)
    return records


def first_batch_size(records: memoryview) -> int | None:
    """Bytes of the batch that `records` begins with; None when it is not all there (`ByteBufferLogInputStream`).

    Raises:
        KafkaError: CORRUPT_MESSAGE for an impossible size or magic.
    """
    if len(records) < 12:
        return None
    length: int = _LENGTH(records, 8)[0]
    if length < _SMALLEST_RECORD_V0:
        raise KafkaError(
            ErrorCode.CORRUPT_MESSAGE,
            f"Record size {length} is less than the minimum record overhead ({_SMALLEST_RECORD_V0})",
        )
    if len(records) < _SIZE_UP_TO_MAGIC:
        return None
    if records[16] > 2:
        magic = records[16] - 256 if records[16] > 127 else records[16]
        raise KafkaError(ErrorCode.CORRUPT_MESSAGE, f"Invalid magic found in record: {magic}")
    return 12 + length if 12 + length <= len(records) else None


def validate_append(
    batch: Batch, config: LogConfig, now_ms: int, partition: str, origin: Origin = Origin.CLIENT
) -> Batch:
    """Check a batch that is to be appended by the leader, and give it the timestamps and the codec of the topic.

    Args:
        partition: topic and index as Kafka prints them, for error texts.

    Returns:
        The same batch, or the one that takes its place where it had to be built anew.

    Raises:
        KafkaError: INVALID_RECORD, MESSAGE_TOO_LARGE, CORRUPT_MESSAGE; UNKNOWN_SERVER_ERROR for records that cannot be
            decompressed.
        RecordsRejected: INVALID_RECORD or INVALID_TIMESTAMP, with the records that are to blame.
    """
    if origin is Origin.CLIENT and batch.base_offset != 0:
        raise _invalid(
            f"The baseOffset of the record batch in the append to {partition} should be 0, but it is "
            f"{batch.base_offset}"
        )
    view = batch.view
    if len(view) > config.max_message_bytes:
        raise KafkaError(
            ErrorCode.MESSAGE_TOO_LARGE,
            f"The record batch size in the append to {partition} is {len(view)} bytes which exceeds the "
            f"maximum configured value of {config.max_message_bytes}).",
        )
    codec = batch.attributes & 7
    target = codec if config.compression_type == "producer" else CODECS[config.compression_type]
    is_kept = target == codec or (codec == 0 and batch.is_control)
    if isinstance(batch, OwnBatch) and is_kept and not config.is_append_time:
        return batch
    if crc_of(view) != batch.crc:
        raise KafkaError(
            ErrorCode.CORRUPT_MESSAGE,
            f"Record is corrupt (stored crc = {batch.crc}) in topic partition {partition}.",
        )
    if codec > ZSTD:
        raise _unknown_codec(batch)
    if origin is Origin.CLIENT:
        count = batch.count
        if (
            batch.last_offset_delta + 1 != count
            or count <= 0
            or batch.attributes & CONTROL_FLAG
            or (batch.base_sequence < 0 <= batch.producer_id)
        ):
            raise _header_error(batch, partition)
    if not is_kept:
        records = _all_records(batch)
        _check_records(batch, records, config, now_ms, partition)
        return _rebuilt(batch, records, target, config, now_ms, partition)
    return _check_in_place(batch, codec, config, now_ms, partition)


def _header_error(batch: Batch, partition: str) -> KafkaError:
    count, last = batch.count, batch.last_offset_delta
    if last < 0:
        return _invalid(f"Batch has an invalid offset range: [0, {last}] in topic partition {partition}")
    if count <= 0:
        return _invalid(f"Invalid reported count for record batch: {count} in topic partition {partition}")
    if count != last + 1:
        return _invalid(
            f"Inconsistent batch offset range [0, {last}] and count of records {count} in topic partition "
            f"{partition}"
        )
    if batch.is_control:
        return _invalid(f"Clients are not allowed to write control records in topic partition {partition}")
    return _invalid(
        f"Invalid sequence number {batch.base_sequence} in record batch with producerId {batch.producer_id} in "
        f"topic partition {partition}"
    )


def _check_in_place(batch: Batch, codec: int, config: LogConfig, now_ms: int, partition: str) -> Batch:
    is_create_time = not config.is_append_time
    latest_ms = now_ms + config.message_timestamp_after_max_ms
    max_timestamp = batch.max_timestamp
    asks = (
        config.judges_records
        or batch.attributes & APPEND_TIME_FLAG
        or (is_create_time and max_timestamp > latest_ms)
    )
    data: Buffer | None = batch.view
    at = HEADER_SIZE
    if codec:
        data = _opened(batch) if asks or batch.length <= _OPEN_UP_TO_BYTES else None
        at = 0
    if data is None:
        pass
    elif asks or batch.count <= _READ_ALL_UP_TO:
        scan = scan_records(data, at, batch.count, not codec)
        greatest = NO_TIMESTAMP if scan is None else batch.base_timestamp + scan[1]
        if (
            scan is None
            or (is_create_time and greatest > latest_ms)
            or ((asks or codec) and _is_suspect(batch, scan, config, now_ms, codec))
        ):
            max_timestamp = _max_timestamp_read(batch, data, at, config, now_ms, partition)
        else:
            max_timestamp = max(greatest, NO_TIMESTAMP)
    elif not lengths_fit(data, at, batch.count):
        max_timestamp = _max_timestamp_read(batch, data, at, config, now_ms, partition)
    if not is_create_time:
        batch.restamp_time(now_ms, is_append_time=True)
    elif max_timestamp != batch.max_timestamp or batch.attributes & APPEND_TIME_FLAG:
        batch.restamp_time(max_timestamp, is_append_time=False)
    return batch


def _is_suspect(batch: Batch, scan: Scan, config: LogConfig, now_ms: int, codec: int) -> bool:
    """Whether an error, or a batch built anew, may come of what a scan found."""
    least, greatest, lacks_key, is_consecutive = scan
    if batch.attributes & APPEND_TIME_FLAG or (codec and not is_consecutive):
        return True
    if lacks_key and config.is_compacted:
        return True
    base = batch.base_timestamp
    return not config.is_append_time and (
        base + greatest - now_ms > config.message_timestamp_after_max_ms
        or now_ms - base - least > config.message_timestamp_before_max_ms
    )


def _max_timestamp_read(
    batch: Batch, data: Buffer, at: int, config: LogConfig, now_ms: int, partition: str
) -> int:
    """The greatest timestamp of records that stay as they are, each of them read and checked."""
    records = read_records(
        bytes(data[at:]),
        batch.count,
        batch.base_offset,
        batch.base_timestamp,
        batch.max_timestamp if batch.is_append_time else None,
        heeds_lengths=not batch.codec,
    )
    _check_records(batch, records, config, now_ms, partition)
    if batch.codec and any(record.offset != index for index, record in enumerate(records)):
        # Kafka sets out to build the batch anew, but has not kept its keys and values.
        raise KafkaError(
            ErrorCode.UNKNOWN_SERVER_ERROR, "offsets in a compressed batch do not count up one by one"
        )
    return max([NO_TIMESTAMP, *(record.timestamp_ms for record in records)])


def _check_records(
    batch: Batch, records: list[Record], config: LogConfig, now_ms: int, partition: str
) -> None:
    """Check each record by itself (`LogValidator.validateRecord`)."""
    errors = []
    code = ErrorCode.INVALID_RECORD
    for index, record in enumerate(records):
        if config.is_compacted and record.key is None:
            errors.append(
                (index, f"Compacted topic cannot accept message without key in topic partition {partition}")
            )
        elif text := _timestamp_error(batch, record, config, now_ms):
            code = ErrorCode.INVALID_TIMESTAMP
            errors.append((index, text))
    if not errors:
        return
    if code is ErrorCode.INVALID_TIMESTAMP:
        message = "One or more records have been rejected due to invalid timestamp"
    else:
        shown = ", ".join(f"RecordError(batchIndex={index}, message='{text}')" for index, text in errors[:3])
        message = (
            f"One or more records have been rejected due to {len(errors)} record errors in total, and only "
            f"showing the first three errors at most: [{shown}]"
        )
    raise RecordsRejected(code, message, errors)


def _timestamp_error(batch: Batch, record: Record, config: LogConfig, now_ms: int) -> str | None:
    timestamp = record.timestamp_ms
    if not config.is_append_time and timestamp != -1:
        before, after = config.message_timestamp_before_max_ms, config.message_timestamp_after_max_ms
        if now_ms - timestamp > before or timestamp - now_ms > after:
            return (
                f"Timestamp {timestamp} of message with offset {record.offset} is out of range. The timestamp "
                f"should be within [{now_ms - before}, {java_int64(now_ms + after)}]"
            )
    elif batch.is_append_time:
        kind = "PartialDefaultRecord" if batch.codec else "DefaultRecord"
        return (
            f"Invalid timestamp type in message {kind}(offset={record.offset}, timestamp={timestamp}, "
            f"key={len(record.key or b'')} bytes, value={len(record.value or b'')} bytes). Producer should not "
            "set timestamp type to LogAppendTime."
        )
    return None


def _opened(batch: Batch) -> bytes:
    try:
        return decompress(batch.codec, batch.view[HEADER_SIZE:])
    except CodecError as error:
        raise _unreadable(error) from error


def _all_records(batch: Batch) -> list[Record]:
    try:
        return records_of(batch.view, decompress)
    except CodecError as error:
        raise _unreadable(error) from error


def _rebuilt(
    batch: Batch, records: list[Record], codec: int, config: LogConfig, now_ms: int, partition: str
) -> Batch:
    if any(record.timestamp_ms < NO_TIMESTAMP for record in records):
        raise KafkaError(ErrorCode.UNKNOWN_SERVER_ERROR, "Invalid negative timestamp")
    level = getattr(config, _LEVELS[codec]) if codec in _LEVELS else None
    built = build_batch(
        records,
        codec=codec,
        compress=partial(compress, level=level),
        producer_id=batch.producer_id,
        producer_epoch=batch.producer_epoch,
        base_sequence=batch.base_sequence,
        is_transactional=batch.is_transactional,
        append_time_ms=now_ms if config.is_append_time else None,
    )
    if len(built) > config.max_message_bytes:
        raise KafkaError(
            ErrorCode.MESSAGE_TOO_LARGE,
            f"Message batch size is {len(built)} bytes in append topartition {partition} which exceeds the "
            f"maximum configured size of {config.max_message_bytes}.",
        )
    return Batch(memoryview(built))


def _invalid(text: str) -> KafkaError:
    return KafkaError(ErrorCode.INVALID_RECORD, text)


def _unknown_codec(batch: Batch) -> KafkaError:
    return KafkaError(ErrorCode.UNKNOWN_SERVER_ERROR, f"Unknown compression type id: {batch.codec}")


def _unreadable(error: CodecError) -> KafkaError:
    return KafkaError(ErrorCode.UNKNOWN_SERVER_ERROR, f"Failed to decompress record stream: {error}")
