"""DeleteRecords (KIP-107).

Kafka: `KafkaApis.handleDeleteRecordsRequest`, `ReplicaManager.deleteRecords`.
"""

from __future__ import annotations

from itertools import chain
from typing import TYPE_CHECKING, Any

from mockbroker.core.java_maps import grouped_by_topic, scala_map_order, topic_partition_hash
from mockbroker.core.waiting import NOT_YET
from mockbroker.handlers.call import Call
from protocol_specs.acls import AclOperation, ResourceType
from protocol_specs.delete_records import DELETE_RECORDS
from protocol_specs.errors import ErrorCode, KafkaError

if TYPE_CHECKING:
    from mockbroker.core.replicas import Partition

__all__ = ["handle"]

_RESPONSE = DELETE_RECORDS.response
_TOPIC = _RESPONSE.topics
_PARTITION = _TOPIC.partitions
_UNKNOWN_LOW_WATERMARK = -1


def handle(request: Any, call: Call) -> Any:
    waiting: list[tuple[Any, Partition, int]] = []
    # What is asked of one partition twice is what is asked last; Kafka keeps it in a map.
    wanted: dict[str, dict[int, Any]] = {}
    for topic in request.topics:
        for asked in topic.partitions:
            wanted.setdefault(topic.name, {})[asked.partition_index] = asked
    topics = []
    for name, indexes in _in_order(call, wanted):
        entries = []
        for index in indexes:
            asked = wanted[name][index]
            entry = _PARTITION(
                partition_index=asked.partition_index,
                low_watermark=_UNKNOWN_LOW_WATERMARK,
                error_code=ErrorCode.NONE,
            )
            entries.append(entry)
            try:
                partition = _find(call, name, asked.partition_index)
                waiting.append((entry, partition, partition.delete_records(asked.offset, at=call.node.id)))
            except KafkaError as error:
                entry.error_code = error.code
        topics.append(_TOPIC(name=name, partitions=entries))
    reply = _RESPONSE(throttle_time_ms=0, topics=topics)

    def attempt(last: bool) -> Any:
        waiting[:] = [one for one in waiting if not _is_settled(*one, call, last)]
        return NOT_YET if waiting else reply

    return call.core.waiting.wait(
        attempt, on=[partition for _, partition, _ in waiting], at_most=request.timeout_ms / 1000
    )


def _in_order(call: Call, wanted: dict[str, dict[int, Any]]) -> list[tuple[str, list[int]]]:
    """As Kafka's map is walked, which is a mutable one where there is anything to be deleted from."""
    keys = [(name, index) for name, partitions in wanted.items() for index in partitions]
    if any(_is_there(call, *key) for key in keys):
        return grouped_by_topic(keys)
    denied = [key for key in keys if not _may_delete(call, key[0])]
    unknown = [key for key in keys if key not in denied]
    refused = [scala_map_order(some, lambda key: topic_partition_hash(*key)) for some in (denied, unknown)]
    return grouped_by_topic(chain.from_iterable(refused), is_immutable=True)


def _is_there(call: Call, name: str, index: int) -> bool:
    topic = call.core.cluster.topics.get(name)
    return topic is not None and 0 <= index < len(topic.partitions) and _may_delete(call, name)


def _may_delete(call: Call, name: str) -> bool:
    return call.allows(AclOperation.DELETE, ResourceType.TOPIC, name)


def _find(call: Call, name: str, index: int) -> Partition:
    if not _may_delete(call, name):
        raise KafkaError(ErrorCode.TOPIC_AUTHORIZATION_FAILED)
    topic = call.core.cluster.topics.get(name)
    if topic is not None and topic.is_internal:
        raise KafkaError(ErrorCode.INVALID_TOPIC_EXCEPTION)
    found: Partition = call.core.cluster.partition(name, index)
    return found


def _is_settled(entry: Any, partition: Partition, wanted: int, call: Call, last: bool) -> bool:
    """Whether every live replica has moved its log start, or that failed, which the entry then says."""
    try:
        low_watermark = partition.low_watermark(at=call.node.id)
    except KafkaError as error:
        entry.error_code = error.code
        return True
    if low_watermark >= wanted:
        entry.low_watermark = low_watermark
        return True
    if last:
        entry.error_code = ErrorCode.REQUEST_TIMED_OUT
    return last
