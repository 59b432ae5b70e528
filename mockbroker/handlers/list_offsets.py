"""ListOffsets (KIP-79, KIP-734, KIP-405, KIP-1023).

Kafka: `KafkaApis.handleListOffsetRequest`, `ReplicaManager.fetchOffset`.
"""

from __future__ import annotations

from collections import Counter
from functools import partial
from typing import Any

from mockbroker.core.java_maps import scala_map_order, scala_trie_order, topic_partition_hash
from mockbroker.core.java_strings import string_hash
from mockbroker.core.replica import EARLIEST_TIMESTAMP, LATEST_TIMESTAMP, SPECIAL_TIMESTAMPS, Isolation
from mockbroker.handlers.call import Call
from protocol_specs.acls import AclOperation, ResourceType
from protocol_specs.errors import ErrorCode, KafkaError
from protocol_specs.list_offsets import LIST_OFFSETS

__all__ = ["handle", "refuse"]

_RESPONSE = LIST_OFFSETS.response
_TOPIC = _RESPONSE.topics
_PARTITION = _TOPIC.partitions

_UNKNOWN = -1
_CONSUMER = -1
_DEBUGGING = -2

#: The first version whose clients know OFFSET_NOT_AVAILABLE.
_KNOWS_NOT_AVAILABLE = 5


def handle(request: Any, call: Call) -> Any:
    if request.isolation_level not in (Isolation.READ_UNCOMMITTED, Isolation.READ_COMMITTED):
        raise KafkaError(ErrorCode.UNKNOWN_SERVER_ERROR)
    times = Counter((topic.name, one.partition_index) for topic in request.topics for one in topic.partitions)
    isolation = request.isolation_level if request.replica_id == _CONSUMER else Isolation.LOG_END
    # 4.0 began to gather the answers in maps.
    is_in_order = call.core.profile.is_before("4.0")
    answered, refused, found = [], [], dict[str, list[Any]]()
    for topic in request.topics:
        if not call.allows(AclOperation.DESCRIBE, ResourceType.TOPIC, topic.name):
            refused.append(_refused(topic, ErrorCode.TOPIC_AUTHORIZATION_FAILED))
            continue
        for asked in topic.partitions:
            index = asked.partition_index
            try:
                if times[topic.name, index] > 1 and call.version > 0:
                    raise KafkaError(ErrorCode.INVALID_REQUEST)
                entry = _find(call, topic.name, asked, request.replica_id, isolation)
            except KafkaError as error:
                entry = _failed(index, _in_version(error.code, call.version))
            found.setdefault(topic.name, []).append(entry)
        if is_in_order:
            answered.append(_TOPIC(name=topic.name, partitions=found.pop(topic.name, [])))
    topics = answered or [
        _TOPIC(name=name, partitions=_ordered(name, found[name])) for name in _topic_order(found)
    ]
    return _RESPONSE(topics=topics + refused)


def _topic_order(found: dict[str, list[Any]]) -> list[str]:
    """As a map of topics is walked into which a map of partitions was grouped (`ReplicaManager.fetchOffset`)."""
    return list(found) if len(found) < 2 else scala_trie_order(found, string_hash)


def _ordered(name: str, entries: list[Any]) -> list[Any]:
    by_index = {entry.partition_index: entry for entry in entries}
    if len(by_index) < 2:
        return list(by_index.values())
    return [by_index[index] for index in scala_map_order(by_index, partial(topic_partition_hash, name))]


def refuse(request: Any, call: Call, error: KafkaError) -> Any:
    """The error, for each partition (`ListOffsetsRequest.getErrorResponse`)."""
    return _RESPONSE(topics=[_refused(topic, error.code) for topic in request.topics])


def _refused(topic: Any, code: ErrorCode) -> Any:
    return _TOPIC(
        name=topic.name, partitions=[_failed(one.partition_index, code) for one in topic.partitions]
    )


def _find(call: Call, topic: str, asked: Any, replica_id: int, isolation: int) -> Any:
    if call.version == 0:
        return _find_before(call, topic, asked)
    timestamp_ms = asked.timestamp
    if timestamp_ms < 0 and SPECIAL_TIMESTAMPS.get(timestamp_ms, call.version + 1) > call.version:
        raise KafkaError(ErrorCode.UNSUPPORTED_VERSION)
    found = call.image.partition(topic, asked.partition_index).offset_for_time(
        timestamp_ms,
        at=call.node.id,
        isolation=isolation,
        leader_epoch=asked.current_leader_epoch,
        leader_only=replica_id != _DEBUGGING,
    )
    return _PARTITION(
        partition_index=asked.partition_index,
        error_code=ErrorCode.NONE,
        timestamp=found.timestamp_ms,
        offset=found.offset,
        leader_epoch=found.leader_epoch,
    )


def _find_before(call: Call, topic: str, asked: Any) -> Any:
    """Version 0: the starts of segments up to a time, the latest first, before them the end (`fetchOffsetsBefore`)."""
    if asked.timestamp < EARLIEST_TIMESTAMP and not call.core.profile.is_before("3.9"):
        raise KafkaError(ErrorCode.UNSUPPORTED_VERSION)
    partition = call.image.partition(topic, asked.partition_index)
    replica = partition.replica_at(call.node.id)
    replica.check_epoch(_UNKNOWN, True)
    log = replica.log
    begun = [(segment.created_ms, max(segment.base_offset, log.start_offset)) for segment in log.segments]
    if log.segments[-1].size:
        begun.append((call.core.clock.now_ms, log.high_watermark))
    if asked.timestamp == EARLIEST_TIMESTAMP:
        begun = begun[:1]
    elif asked.timestamp != LATEST_TIMESTAMP:
        begun = [one for one in begun if one[0] <= asked.timestamp]
    offsets = [offset for _, offset in reversed(begun)]
    return _PARTITION(
        partition_index=asked.partition_index,
        error_code=ErrorCode.NONE,
        old_style_offsets=offsets[: max(asked.max_num_offsets, 0)],
    )


def _in_version(code: ErrorCode, version: int) -> ErrorCode:
    if code == ErrorCode.OFFSET_NOT_AVAILABLE and version < _KNOWS_NOT_AVAILABLE:
        return ErrorCode.LEADER_NOT_AVAILABLE
    return code


def _failed(index: int, code: ErrorCode) -> Any:
    return _PARTITION(partition_index=index, error_code=code, timestamp=_UNKNOWN, offset=_UNKNOWN)
