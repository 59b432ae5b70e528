"""Segments of a partition's log, as Kafka keeps them on disk: batches, one after the other."""

from __future__ import annotations

import struct
from pathlib import Path
from typing import Any

from mockbroker.cli.capture.records import KeyAndValue, key_and_value
from protocol_specs.embedded import GROUP_RECORDS, record_type_of
from protocol_specs.notation import Schema
from protocol_specs.record_batch import HEADER_SIZE, Record, crc_of, parse_header
from protocol_specs.text import to_dict
from protocol_specs.transaction_log import TRANSACTION_LOG_KEY, TRANSACTION_LOG_VALUE
from protocol_specs.wire_types import WireError

__all__ = ["describe_for", "is_segment"]

_INT16 = struct.Struct(">h")


def is_segment(path: Path, content: bytes) -> bool:
    """Whether it begins with a record batch whose CRC is right; or is called as a segment is."""
    if path.name.rpartition(".")[2] == "log" and path.stem.isdigit():
        return True
    if len(content) < HEADER_SIZE or content[16] != 2:
        return False
    header = parse_header(content)
    return 0 < header.size <= len(content) and crc_of(memoryview(content)[: header.size]) == header.crc


def describe_for(path: Path) -> KeyAndValue:
    """What keys and values mean in the topic whose partition's folder the segment lies in."""
    topic = path.resolve().parent.name.rpartition("-")[0]
    return {"__consumer_offsets": _group_record, "__transaction_state": _transaction}.get(
        topic, key_and_value
    )


def _group_record(record: Record) -> tuple[Any, Any]:
    try:
        kind = GROUP_RECORDS[record_type_of(record.key or b"")]
        key = {
            "type": kind.key.name.removesuffix("Key"),
            **to_dict(kind.key[0], kind.parse_key(record.key or b"")),
        }
        return key, _versioned(kind.value, record.value)
    except (KeyError, WireError, struct.error):
        return key_and_value(record)


def _transaction(record: Record) -> tuple[Any, Any]:
    try:
        key = TRANSACTION_LOG_KEY[0].read(record.key or b"", _INT16.size)[0]
        return to_dict(TRANSACTION_LOG_KEY[0], key), _versioned(TRANSACTION_LOG_VALUE, record.value)
    except (KeyError, WireError, struct.error):
        return key_and_value(record)


def _versioned(schema: Schema, blob: bytes | None) -> Any:
    """A value that begins with its version; None deletes."""
    if blob is None:
        return None
    layout = schema[_INT16.unpack_from(blob)[0]]
    return to_dict(layout, layout.read(blob, _INT16.size)[0])
