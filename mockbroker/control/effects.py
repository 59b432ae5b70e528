"""What faults do to an answer: other numbers, other metadata, damaged records. Messages are copied, not changed."""

from __future__ import annotations

import struct
from collections.abc import Callable, Mapping
from copy import copy
from typing import Any

from mockbroker.control.asked import Asked
from mockbroker.control.fault_spec import key_of_api, version_span
from mockbroker.control.fields import Place
from mockbroker.control.matching import Matcher
from protocol_specs.record_batch import batches_in, crc_of

__all__ = ["alter"]

#: Where things stand in a batch.
_OFFSET = struct.Struct(">q")
_CRC_AT, _ATTRIBUTES_AT = 17, 21
_CRC = struct.Struct(">I")
_UNKNOWN_CODEC = 7

_FETCH, _SHARE_FETCH = 1, 78


def alter(reply: Any, asked: Asked, matcher: Matcher, effects: Mapping[str, Any]) -> Any:
    """The reply with what `throttle`, `metadata`, `versions` and `corrupt` do to it."""
    for name, value in effects.items():
        change = _CHANGES.get(name)
        if change is not None:
            reply = change(copy(reply), asked, matcher, value)
    return reply


def _throttle(reply: Any, asked: Asked, matcher: Matcher, throttle_ms: int) -> Any:
    """Of a client above its quota nothing is refused, but it is given no records (KIP-219)."""
    if "throttle_time_ms" in reply.schema.fields:
        reply.throttle_time_ms = throttle_ms
    if throttle_ms and asked.key == _FETCH:
        reply.responses = []
        if asked.request.session_epoch <= 0:
            reply.session_id = 0  # none is begun
    elif throttle_ms and asked.key == _SHARE_FETCH:
        reply.responses = [_acknowledged(topic) for topic in reply.responses]
    return reply


def _acknowledged(topic: Any) -> Any:
    """What was acknowledged is answered all the same; what was acquired is lost to the member until its lock ends."""
    return _but(topic, partitions=[_but(each, records=b"", acquired_records=()) for each in topic.partitions])


def _metadata(reply: Any, asked: Asked, matcher: Matcher, wanted: Mapping[str, Any]) -> Any:
    if "without_broker" in wanted:
        reply.brokers = [each for each in reply.brokers if each.node_id != wanted["without_broker"]]
    if "controller_id" in wanted:
        reply.controller_id = wanted["controller_id"]
    addresses = {int(node_id): address for node_id, address in wanted.get("addresses", {}).items()}
    if addresses:
        reply.brokers = [_moved(each, addresses.get(each.node_id)) for each in reply.brokers]
    changes = {
        field: wanted[name]
        for name, field in (("leader", "leader_id"), ("leader_epoch", "leader_epoch"))
        if name in wanted
    }
    if changes:
        reply.topics = [_led(topic, matcher, changes) for topic in reply.topics]
    return reply


def _moved(broker: Any, address: str | None) -> Any:
    if address is None:
        return broker
    host, _, port = address.rpartition(":")
    return _but(broker, host=host.strip("[]"), port=int(port))


def _led(topic: Any, matcher: Matcher, changes: dict[str, int]) -> Any:
    return _but(
        topic,
        partitions=[
            _but(each, **changes) if matcher.is_meant(Place(topic.name, each.partition_index)) else each
            for each in topic.partitions
        ],
    )


def _but(message: Any, **changes: Any) -> Any:
    changed = copy(message)
    for name, value in changes.items():
        setattr(changed, name, value)
    return changed


def _versions(reply: Any, asked: Asked, matcher: Matcher, wanted: Mapping[str, str | None]) -> Any:
    spans = {
        key_of_api(api): None if span is None else version_span(span, "versions")
        for api, span in wanted.items()
    }
    entries = []
    for entry in reply.api_keys:
        span = spans.get(entry.api_key, range(0))
        if span is None:
            continue
        if span:
            entry = _but(
                entry,
                min_version=max(span[0], entry.min_version),
                max_version=min(span[-1], entry.max_version),
            )
        entries.append(entry)
    reply.api_keys = entries
    return reply


def _corrupt(reply: Any, asked: Asked, matcher: Matcher, how: str) -> Any:
    damage = _DAMAGES[how]
    topics = []
    for topic in reply.responses:
        named = asked.named(Place(getattr(topic, "topic", None) or topic.topic_id)).topic
        partitions = [
            _but(each, records=damage(_joined(each.records)))
            if each.records and matcher.is_meant(Place(named, each.partition_index))
            else each
            for each in topic.partitions
        ]
        topics.append(_but(topic, partitions=partitions))
    reply.responses = topics
    return reply


def _joined(records: Any) -> bytearray:
    return bytearray(b"".join(records) if isinstance(records, list) else records)


def _with_bad_crc(records: bytearray) -> bytearray:
    records[_CRC_AT] ^= 0xFF
    return records


def _truncated(records: bytearray) -> bytearray:
    """The first batch without its last bytes, and nothing behind it."""
    first = next(batches_in(records), memoryview(records))
    return records[: max(1, len(first) - 10)]


def _with_unknown_codec(records: bytearray) -> bytearray:
    first = next(batches_in(records), None)
    if first is not None:
        first[_ATTRIBUTES_AT + 1] |= _UNKNOWN_CODEC
        _CRC.pack_into(first, _CRC_AT, crc_of(first))
    return records


def _with_gap(records: bytearray) -> bytearray:
    """The last batch with offsets that are one higher."""
    last = None
    for batch in batches_in(records):
        last = batch
    if last is not None:
        _OFFSET.pack_into(last, 0, _OFFSET.unpack_from(last)[0] + 1)
    return records


_DAMAGES: dict[str, Callable[[bytearray], bytearray]] = {
    "crc": _with_bad_crc,
    "truncated": _truncated,
    "codec": _with_unknown_codec,
    "gap": _with_gap,
}
_CHANGES: dict[str, Callable[[Any, Asked, Matcher, Any], Any]] = {
    "throttle": _throttle,
    "metadata": _metadata,
    "versions": _versions,
    "corrupt": _corrupt,
}
