"""Message sets of magic 0 and 1, as clients from before Kafka 0.11 write and read them.

Only emulated releases before 4.0 serve such versions. What comes is kept as a batch of magic 2, and what goes out is
converted down, as brokers did whose `log.message.format.version` was their own.

Kafka: `LogValidator.convertAndAssignOffsetsNonCompressed`, `LazyDownConversionRecords`.
"""

from __future__ import annotations

from collections.abc import Sequence

from mockbroker.core.batches import Batch
from mockbroker.core.validation import produced_batch
from mockbroker.wire.compression import CodecError, compress, decompress
from protocol_specs.errors import ErrorCode, KafkaError
from protocol_specs.message_set import down_convert, read_message_set
from protocol_specs.record_batch import build_batch

__all__ = ["FIRST_FETCH_OF_BATCHES", "FIRST_PRODUCE_OF_BATCHES", "as_batch", "as_message_set"]

#: The first versions that carry batches of magic 2 (KIP-98).
FIRST_PRODUCE_OF_BATCHES = 3
FIRST_FETCH_OF_BATCHES = 4

#: The first version of Fetch whose clients know timestamps (KIP-32).
_FIRST_FETCH_OF_MAGIC_1 = 2

_MAGIC_AT, _ATTRIBUTES_AT, _CODEC_MASK = 16, 17, 0x07
_MAGIC_OF_BATCHES = 2
#: The first version that allows every codec.
_FIRST_PRODUCE_OF_ZSTD = 7


def as_batch(records: memoryview | None, at: int | None = None) -> Batch:
    """A produced message set as one batch.

    Raises:
        KafkaError: CORRUPT_MESSAGE, INVALID_RECORD.
    """
    if records is not None and len(records) > _MAGIC_AT and records[_MAGIC_AT] == _MAGIC_OF_BATCHES:
        # What is in them is not looked at before version 3, so batches are taken as well.
        return produced_batch(records, _FIRST_PRODUCE_OF_ZSTD, at)
    if records is None or len(records) <= _ATTRIBUTES_AT:
        raise KafkaError(ErrorCode.CORRUPT_MESSAGE)
    try:
        found = read_message_set(records, decompress)
    except (CodecError, ValueError) as error:
        raise KafkaError(ErrorCode.CORRUPT_MESSAGE, str(error)) from error
    if not found:
        raise KafkaError(ErrorCode.INVALID_RECORD)
    numbered = [record._replace(offset=number) for number, record in enumerate(found)]
    codec = records[_ATTRIBUTES_AT] & _CODEC_MASK
    return Batch(memoryview(build_batch(numbered, codec=codec, compress=compress)))


def as_message_set(views: Sequence[memoryview], version: int, offset: int) -> list[bytearray]:
    """What was read, for a Fetch of this version from `offset` on; a batch that was cut is left out.

    Raises:
        KafkaError: UNSUPPORTED_COMPRESSION_TYPE.
    """
    whole = [view for view in views if _is_whole(view)]
    magic = 1 if version >= _FIRST_FETCH_OF_MAGIC_1 else 0
    return [down_convert(whole, magic, offset, compress=compress, decompress=decompress)]


def _is_whole(view: memoryview) -> bool:
    return len(view) >= 12 and len(view) == int.from_bytes(view[8:12]) + 12
