"""DescribeTopicPartitions (KIP-966), a page at a time.

Kafka: `DescribeTopicPartitionsRequestHandler`, `KRaftMetadataCache.describeTopicResponse`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from mockbroker.core.java_strings import java_int32
from mockbroker.core.topics import INTERNAL_TOPICS, check_topic_name
from mockbroker.handlers.authorized_operations import operations_on
from mockbroker.handlers.call import Call
from protocol_specs.acls import AclOperation, ResourceType
from protocol_specs.describe_topic_partitions import DESCRIBE_TOPIC_PARTITIONS
from protocol_specs.errors import ErrorCode, KafkaError

if TYPE_CHECKING:
    from mockbroker.core.replicas import Partition
    from mockbroker.core.topics import Topic

__all__ = ["handle", "refuse"]

_RESPONSE = DESCRIBE_TOPIC_PARTITIONS.response
_TOPIC = _RESPONSE.topics
_NO_LEADER = -1


def handle(request: Any, call: Call) -> Any:
    cursor = request.cursor
    wants_all = not request.topics
    names = _asked_names(request, cursor, call)
    allowed = [name for name in names if call.allows(AclOperation.DESCRIBE, ResourceType.TOPIC, name)]
    largest = call.core.settings["max.request.partition.size.limit"]
    remaining = max(min(largest, request.response_partition_limit), 1)
    topics: list[Any] = []
    next_cursor = None
    for name in allowed:
        if remaining == 0:
            next_cursor = _RESPONSE.next_cursor(topic_name=name, partition_index=0)
            break
        start = cursor.partition_index if cursor is not None and name == cursor.topic_name else 0
        topic = call.image.topics.get(name)
        if topic is None:
            if not wants_all:
                topics.append(_failed(call, name, _why_unknown(name)))
            continue
        partitions = call.partitions_of(topic)
        end = min(len(partitions), java_int32(start + remaining))
        topics.append(_known(call, topic, start, end))
        if end < len(partitions):
            next_cursor = _RESPONSE.next_cursor(topic_name=name, partition_index=end)
            break
        remaining -= max(end - start, 0)
    if not wants_all:
        denied = [name for name in names if name not in allowed]
        topics += [_failed(call, name, ErrorCode.TOPIC_AUTHORIZATION_FAILED) for name in denied]
    return _RESPONSE(throttle_time_ms=0, topics=topics, next_cursor=next_cursor)


def refuse(request: Any, call: Call, error: KafkaError) -> Any:
    """The error, for each topic that was asked for (`DescribeTopicPartitionsRequest.getErrorResponse`)."""
    topics = [
        _TOPIC(
            error_code=error.code,
            name=topic.name,
            topic_id=bytes(16),
            is_internal=False,
            partitions=[],
            topic_authorized_operations=-(2**31),
        )
        for topic in request.topics
    ]
    return _RESPONSE(throttle_time_ms=0, topics=topics, next_cursor=None)


def _asked_names(request: Any, cursor: Any, call: Call) -> list[str]:
    first = "" if cursor is None else cursor.topic_name
    asked = [topic.name for topic in request.topics] or call.image.topics
    names = sorted({name for name in asked if name >= first})
    if cursor is not None:
        if request.topics and first not in names:
            raise KafkaError(
                ErrorCode.INVALID_REQUEST,
                f"DescribeTopicPartitionsRequest topic list should contain the cursor topic: {first}",
            )
        if cursor.partition_index < 0:
            raise KafkaError(
                ErrorCode.INVALID_REQUEST,
                "DescribeTopicPartitionsRequest cursor partition must be valid: "
                f"Cursor(topicName='{first}', partitionIndex={cursor.partition_index})",
            )
    return names


def _why_unknown(name: str) -> ErrorCode:
    try:
        check_topic_name(name)
    except KafkaError as error:
        return error.code
    return ErrorCode.UNKNOWN_TOPIC_OR_PARTITION


def _failed(call: Call, name: str, code: ErrorCode) -> Any:
    is_denied = code == ErrorCode.TOPIC_AUTHORIZATION_FAILED
    return _TOPIC(
        error_code=code,
        name=name,
        topic_id=bytes(16),
        is_internal=not is_denied and name in INTERNAL_TOPICS,
        partitions=[],
        topic_authorized_operations=(
            -(2**31) if is_denied else operations_on(call, ResourceType.TOPIC, name)
        ),
    )


def _known(call: Call, topic: Topic, start: int, end: int) -> Any:
    return _TOPIC(
        error_code=ErrorCode.NONE,
        name=topic.name,
        topic_id=topic.id,
        is_internal=topic.is_internal,
        partitions=[_partition(call, partition) for partition in topic.partitions[start:end]],
        topic_authorized_operations=operations_on(call, ResourceType.TOPIC, topic.name),
    )


def _partition(call: Call, partition: Partition) -> Any:
    state = partition.known_to(call.node)
    return _TOPIC.partitions(
        error_code=ErrorCode.NONE,
        partition_index=partition.index,
        leader_id=state.leader if state.leader in call.core.cluster.nodes else _NO_LEADER,
        leader_epoch=state.leader_epoch,
        replica_nodes=state.replicas,
        isr_nodes=state.isr,
        eligible_leader_replicas=state.elr,
        last_known_elr=state.last_known_elr,
        offline_replicas=partition.offline_replicas(call.node),
    )
