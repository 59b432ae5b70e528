"""What a broker's group coordinator has written of a group."""

from __future__ import annotations

import base64
from collections.abc import Iterator
from typing import Any

from compat_tests.differential.runner import Run
from protocol_specs.embedded import GROUP_RECORDS, RecordType, record_type_of
from protocol_specs.record_batch import batches_in, parse_header, records_of
from protocol_specs.text import to_dict, uuid_bytes

__all__ = ["written"]


def written(run: Run, group: str) -> Iterator[dict[str, Any]]:
    """The records of one group, in their order."""
    topic = "__consumer_offsets"
    metadata = run.prepare("Metadata", 12, topics=[{"name": topic}])["topics"][0]
    topic_id = uuid_bytes(metadata["topic_id"])
    for partition in metadata["partitions"]:
        asked = {"partition": partition["partition_index"], "partition_max_bytes": 1 << 20}
        topics = [{"topic_id": topic_id, "partitions": [asked]}]
        answer = run.prepare("Fetch", 16, max_bytes=1 << 24, topics=topics, session_epoch=-1)
        [fetched] = answer["responses"][0]["partitions"]
        data = base64.b64decode(fetched["records"] or "")
        batches = [batch for batch in batches_in(data) if not parse_header(batch).is_control]
        for record in (record for batch in batches for record in records_of(batch)):
            kind = GROUP_RECORDS.get(record_type_of(record.key or b""))
            if kind is None:
                continue
            key = to_dict(kind.key[0], kind.parse_key(record.key or b""))
            if group in key.values():
                yield {"type": kind.number, "key": key, "value": _value(kind, record.value)}


def _value(kind: RecordType, blob: bytes | None) -> Any:
    """A record's value as plain data, but for the hash of topics, whose ids are random."""
    if blob is None:
        return None
    version = int.from_bytes(blob[:2], "big")
    value = to_dict(kind.value[version], kind.parse_value(blob))
    if "metadata_hash" in value:
        value["metadata_hash"] = value["metadata_hash"] != 0
    return value
