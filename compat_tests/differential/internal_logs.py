"""What a broker's coordinators have written to their topics."""

from __future__ import annotations

import base64
from collections.abc import Iterator
from itertools import groupby
from typing import Any

from compat_tests.differential.runner import Run
from protocol_specs.embedded import GROUP_RECORDS, RecordType, record_type_of
from protocol_specs.record_batch import (
    BatchHeader,
    Record,
    batches_in,
    parse_end_txn_marker,
    parse_header,
    records_of,
)
from protocol_specs.share_state_log import (
    SHARE_SNAPSHOT_KEY,
    SHARE_SNAPSHOT_VALUE,
    SHARE_UPDATE_KEY,
    SHARE_UPDATE_VALUE,
)
from protocol_specs.text import to_dict, uuid_bytes
from protocol_specs.transaction_log import TRANSACTION_LOG_KEY, TRANSACTION_LOG_VALUE

__all__ = ["of_group", "of_share_states", "of_transaction"]

_TRANSACTIONS = {0: RecordType(0, TRANSACTION_LOG_KEY, TRANSACTION_LOG_VALUE)}
_SHARE_STATES = {
    0: RecordType(0, SHARE_SNAPSHOT_KEY, SHARE_SNAPSHOT_VALUE),
    1: RecordType(1, SHARE_UPDATE_KEY, SHARE_UPDATE_VALUE),
}


def of_group(run: Run, group: str) -> list[dict[str, Any]]:
    """The records of one group, in their order, and the markers of the transactions that had a part in it."""
    return _of(run, "__consumer_offsets", GROUP_RECORDS, group)


def of_transaction(run: Run, transactional_id: str) -> list[dict[str, Any]]:
    """The records of one transactional id, in their order."""
    return _of(run, "__transaction_state", _TRANSACTIONS, transactional_id)


def of_share_states(run: Run, group: str) -> list[dict[str, Any]]:
    """The records of the share partitions of one group, in their order."""
    return _of(run, "__share_group_state", _SHARE_STATES, group)


def _of(run: Run, topic: str, types: dict[int, RecordType], name: str) -> list[dict[str, Any]]:
    found = list(_found(run, topic, types, name))
    # Kafka walks a hash table when it deletes: tombstones of one type that stand together come in any order.
    together = groupby(found, lambda one: "value" in one and one["value"] is None and one["type"])
    return [one for kind, run_of in together for one in (sorted(run_of, key=repr) if kind else run_of)]


def _found(run: Run, topic: str, types: dict[int, RecordType], name: str) -> Iterator[dict[str, Any]]:
    producers = set()
    for header, record in _records(run, topic):
        if header.is_control:
            marker = parse_end_txn_marker(record)
            if marker is not None and header.producer_id in producers:
                yield {"marker": list(marker), **_producer_of(header)}
            continue
        kind = types.get(record_type_of(record.key or b""))
        if kind is None:
            continue
        key = to_dict(kind.key[0], kind.parse_key(record.key or b""))
        if name in key.values():
            if header.is_transactional:
                producers.add(header.producer_id)
            yield {"type": kind.number, "key": key, **_value(kind, record.value), **_producer_of(header)}


def _records(run: Run, topic: str) -> Iterator[tuple[BatchHeader, Record]]:
    metadata = run.prepare("Metadata", 12, topics=[{"name": topic}])["topics"][0]
    topic_id = uuid_bytes(metadata["topic_id"])
    for partition in metadata["partitions"]:
        asked = {"partition": partition["partition_index"], "partition_max_bytes": 1 << 20}
        topics = [{"topic_id": topic_id, "partitions": [asked]}]
        answer = run.prepare("Fetch", 16, max_bytes=1 << 24, topics=topics, session_epoch=-1)
        [fetched] = answer["responses"][0]["partitions"]
        for batch in batches_in(base64.b64decode(fetched["records"] or "")):
            header = parse_header(batch)
            for record in records_of(batch):
                yield header, record


def _producer_of(header: BatchHeader) -> dict[str, Any]:
    if not header.is_transactional:
        return {}
    return {"producer_id": header.producer_id, "producer_epoch": header.producer_epoch}


def _value(kind: RecordType, blob: bytes | None) -> dict[str, Any]:
    """A record's value as plain data, but for what no two clusters share: the hash of topics, the cluster's version."""
    if blob is None:
        return {"version": None, "value": None}
    version = int.from_bytes(blob[:2], "big")
    value = to_dict(kind.value[version], kind.parse_value(blob))
    for name in ("metadata_hash", "version"):
        if name in value:
            value[name] = value[name] != 0
    return {"version": version, "value": value}
