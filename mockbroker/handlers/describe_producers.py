"""DescribeProducers (KIP-664). Any replica answers.

Kafka: `KafkaApis.handleDescribeProducersRequest`, `Partition.activeProducerState`.
"""

from __future__ import annotations

from typing import Any

from mockbroker.core.topics import Topic, check_topic_name
from mockbroker.handlers.call import Call
from protocol_specs.acls import AclOperation, ResourceType
from protocol_specs.describe_producers import DESCRIBE_PRODUCERS
from protocol_specs.errors import ErrorCode, KafkaError

__all__ = ["handle", "refuse"]

_RESPONSE = DESCRIBE_PRODUCERS.response
_TOPIC = _RESPONSE.topics
_PARTITION = _TOPIC.partitions
_PRODUCER = _PARTITION.active_producers


def handle(request: Any, call: Call) -> Any:
    return _RESPONSE(
        throttle_time_ms=0,
        topics=[_TOPIC(name=asked.name, partitions=_partitions(call, asked)) for asked in request.topics],
    )


def refuse(request: Any, call: Call, error: KafkaError) -> Any:
    """The error, for each partition (`DescribeProducersRequest.getErrorResponse`)."""
    return _RESPONSE(
        throttle_time_ms=0,
        topics=[
            _TOPIC(
                name=asked.name,
                partitions=[_failed(index, error.code, None) for index in asked.partition_indexes],
            )
            for asked in request.topics
        ],
    )


def _partitions(call: Call, asked: Any) -> list[Any]:
    try:
        topic = _find_topic(call, asked.name)
    except KafkaError as error:
        return [_failed(index, error.code, error.message) for index in asked.partition_indexes]
    return [_describe(call, topic, index) for index in asked.partition_indexes]


def _find_topic(call: Call, name: str) -> Topic:
    check_topic_name(name)
    if not call.allows(AclOperation.READ, ResourceType.TOPIC, name):
        raise KafkaError(ErrorCode.TOPIC_AUTHORIZATION_FAILED)
    topic: Topic = call.core.cluster.topic(name)
    return topic


def _describe(call: Call, topic: Topic, index: int) -> Any:
    if not 0 <= index < len(topic.partitions):
        return _failed(index, ErrorCode.UNKNOWN_TOPIC_OR_PARTITION, None)
    replica = topic.partitions[index].copies.get(call.node.id)
    if replica is None:
        return _failed(index, ErrorCode.NOT_LEADER_OR_FOLLOWER, None)
    return _PARTITION(
        partition_index=index,
        error_code=ErrorCode.NONE,
        error_message=None,
        active_producers=[
            _PRODUCER(
                producer_id=state.producer_id,
                producer_epoch=state.epoch,
                last_sequence=state.last_sequence,
                last_timestamp=state.last_timestamp_ms,
                coordinator_epoch=state.coordinator_epoch,
                current_txn_start_offset=-1 if state.txn_first_offset is None else state.txn_first_offset,
            )
            for state in replica.log.producers.producers.values()
        ],
    )


def _failed(index: int, code: ErrorCode, message: str | None) -> Any:
    return _PARTITION(partition_index=index, error_code=code, error_message=message, active_producers=[])
