"""Record batches as plain data, and as a line for each batch and record."""

from __future__ import annotations

import base64
import datetime
import struct
from collections.abc import Callable, Iterator
from typing import Any

from mockbroker.wire.compression import CODEC_NAMES, decompress
from protocol_specs.consumer_protocol import CONSUMER_PROTOCOL_ASSIGNMENT, CONSUMER_PROTOCOL_SUBSCRIPTION
from protocol_specs.embedded import build_blob, parse_blob
from protocol_specs.errors import KafkaError
from protocol_specs.message_set import read_message_set
from protocol_specs.record_batch import (
    Buffer,
    Record,
    batches_in,
    crc_of,
    parse_end_txn_marker,
    parse_header,
    records_of,
)
from protocol_specs.text import Style, Verbatim, to_dict
from protocol_specs.wire_types import WireError

__all__ = [
    "KeyAndValue",
    "batches_as_data",
    "batches_as_text",
    "bytes_as_text",
    "field_as_text",
    "readable",
    "time_text",
]

#: What stands for a record's key and value.
KeyAndValue = Callable[[Record], tuple[Any, Any]]

_MAGIC_AT = 16
_LONGEST_IN_TEXT = 1000


def readable(content: Any) -> Any:
    """Text where the bytes are printable text, else `{"base64": ...}`; None for None."""
    if content is None:
        return None
    try:
        text = bytes(content).decode()
    except UnicodeDecodeError:
        text = "\0"
    return text if text.isprintable() else {"base64": base64.b64encode(content).decode()}


def bytes_as_text(content: Any) -> str:
    """Printable text as it is, other bytes in hex; long ones cut."""
    text = readable(content)
    if isinstance(text, str):
        return _cut(text)
    return Verbatim(_cut(f"0x{bytes(content).hex()}"))


#: Fields of the classic group protocol that hold what consumers tell one another.
_EMBEDDED = {
    "metadata": CONSUMER_PROTOCOL_SUBSCRIPTION,
    "member_metadata": CONSUMER_PROTOCOL_SUBSCRIPTION,
    "assignment": CONSUMER_PROTOCOL_ASSIGNMENT,
    "member_assignment": CONSUMER_PROTOCOL_ASSIGNMENT,
}


def field_as_text(name: str, content: Any) -> Any:
    """A field's bytes: a consumer's subscription or assignment by its fields, anything else as `bytes_as_text`."""
    schema = _EMBEDDED.get(name)
    if schema is not None:
        try:
            version, message = parse_blob(schema, content)
            if build_blob(schema, version, message) == content:
                return {"version": version, **to_dict(schema[version], message, Style(bytes=field_as_text))}
        except (WireError, KeyError, struct.error):
            pass
    return bytes_as_text(content)


def _cut(text: str) -> str:
    return text if len(text) <= _LONGEST_IN_TEXT else f"{text[:_LONGEST_IN_TEXT]}..."


def time_text(timestamp_ms: int) -> str:
    """A timestamp as a date and time in UTC; empty where it is none."""
    if timestamp_ms < 0:
        return ""
    try:
        when = datetime.datetime.fromtimestamp(timestamp_ms / 1000, datetime.UTC)
    except (OverflowError, ValueError, OSError):
        return ""
    return f"{when:%Y-%m-%dT%H:%M:%S}.{timestamp_ms % 1000:03d}Z"


def key_and_value(record: Record) -> tuple[Any, Any]:
    """As they are."""
    return readable(record.key), readable(record.value)


def batches_as_data(records: Any, describe: KeyAndValue = key_and_value) -> list[dict[str, Any]]:
    """Every batch of a records field: header fields, then its records, or the error that kept them closed.

    Bytes after the last whole batch, as a Fetch may have, are `{"incomplete_bytes": count}`.
    """
    buffer: Buffer = b"".join(records) if isinstance(records, list) else records
    if len(buffer) > _MAGIC_AT and buffer[_MAGIC_AT] < 2:
        return [_message_set_as_data(buffer, describe)]
    batches = []
    size = 0
    for batch in batches_in(buffer):
        batches.append(_batch_as_data(batch, describe))
        size += len(batch)
    if size < len(buffer):
        batches.append({"incomplete_bytes": len(buffer) - size})
    return batches


def _batch_as_data(batch: memoryview, describe: KeyAndValue) -> dict[str, Any]:
    header = parse_header(batch)
    codec = CODEC_NAMES[header.codec] if header.codec < len(CODEC_NAMES) else str(header.codec)
    data: dict[str, Any] = {
        "base_offset": header.base_offset,
        "last_offset": header.last_offset,
        "count": header.count,
        "leader_epoch": header.leader_epoch,
        "magic": header.magic,
        "compression": codec,
        "timestamp_type": "LogAppendTime" if header.is_append_time else "CreateTime",
        "base_timestamp": header.base_timestamp,
        "max_timestamp": header.max_timestamp,
        "producer_id": header.producer_id,
        "producer_epoch": header.producer_epoch,
        "base_sequence": header.base_sequence,
        "is_transactional": header.is_transactional,
        "is_control": header.is_control,
        "crc": header.crc,
        "is_crc_right": crc_of(batch) == header.crc,
    }
    if header.delete_horizon_ms is not None:
        data["delete_horizon_ms"] = header.delete_horizon_ms
    try:
        found = records_of(batch, decompress)
    except (KafkaError, ValueError) as error:
        return {**data, "error": str(error)}
    data["records"] = [_record_as_data(one, _control if header.is_control else describe) for one in found]
    return data


def _message_set_as_data(buffer: Buffer, describe: KeyAndValue) -> dict[str, Any]:
    try:
        found = read_message_set(buffer, decompress)
    except (KafkaError, ValueError) as error:
        return {"magic": buffer[_MAGIC_AT], "error": str(error)}
    return {"magic": buffer[_MAGIC_AT], "records": [_record_as_data(one, describe) for one in found]}


def _record_as_data(record: Record, describe: KeyAndValue) -> dict[str, Any]:
    key, value = describe(record)
    data = {"offset": record.offset, "timestamp": record.timestamp_ms, "key": key, "value": value}
    if record.headers:
        data["headers"] = [[name, readable(content)] for name, content in record.headers]
    return data


def _control(record: Record) -> tuple[Any, Any]:
    """The end of a transaction (`EndTransactionMarker`), or whatever else a control record says."""
    try:
        marker = parse_end_txn_marker(record)
    except (KafkaError, struct.error):
        marker = None
    if marker is None:
        return key_and_value(record)
    return "COMMIT" if marker.is_commit else "ABORT", {"coordinator_epoch": marker.coordinator_epoch}


def batches_as_text(records: Any, describe: KeyAndValue = key_and_value) -> list[Any]:
    """For `outline`: a line for each batch, and below it one for each record."""
    return [_batch_as_text(data) for data in batches_as_data(records, describe)]


def _batch_as_text(data: dict[str, Any]) -> Any:
    if "incomplete_bytes" in data:
        return Verbatim(f"{data['incomplete_bytes']} bytes of a batch that is cut off")
    text: dict[str, Any] = {}
    if data["magic"] < 2:
        text["message set"] = Verbatim(f"magic {data['magic']}")
    else:
        text["batch"] = Verbatim(", ".join(_batch_words(data)))
    if "error" in data:
        text["error"] = Verbatim(data["error"])
    else:
        text["records"] = [Verbatim(_record_line(record)) for record in data["records"]]
    return text


def _batch_words(data: dict[str, Any]) -> Iterator[str]:
    yield f"offsets {data['base_offset']} to {data['last_offset']}"
    yield f"{data['count']} records"
    yield f"{data['timestamp_type']} {time_text(data['max_timestamp']) or data['max_timestamp']}"
    if data["compression"] != "none":
        yield str(data["compression"])
    if data["leader_epoch"] != -1:
        yield f"leader epoch {data['leader_epoch']}"
    if data["producer_id"] != -1:
        producer = f"producer {data['producer_id']} epoch {data['producer_epoch']}"
        yield f"{producer} sequence {data['base_sequence']}"
    if data["is_transactional"]:
        yield "transactional"
    if data["is_control"]:
        yield "control"
    if not data["is_crc_right"]:
        yield "wrong CRC"


def _record_line(record: dict[str, Any]) -> str:
    words = [f"offset {record['offset']}", time_text(record["timestamp"]) or f"time {record['timestamp']}"]
    words += [f"key {_short(record['key'])}", f"value {_short(record['value'])}"]
    words += [f"header {name} {_short(content)}" for name, content in record.get("headers", ())]
    return ", ".join(words)


def _short(value: Any) -> str:
    if isinstance(value, str):
        return f'"{_cut(value)}"'
    if isinstance(value, dict) and list(value) == ["base64"]:
        return bytes_as_text(base64.b64decode(value["base64"]))
    if isinstance(value, dict):
        return f"{{{', '.join(f'{name}: {_short(one)}' for name, one in value.items())}}}"
    if isinstance(value, list):
        return f"[{', '.join(map(_short, value))}]"
    return "null" if value is None else str(value)
