"""AddPartitionsToTxn (KIP-98, KIP-588, KIP-890): by clients up to version 3, by brokers for several transactions since.

Either all partitions of a transaction are added or none. Kafka: `KafkaApis.handleAddPartitionsToTxnRequest`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

from mockbroker.core.java_maps import hash_order, scala_map_order, topic_partition_hash
from mockbroker.core.topics import INTERNAL_TOPICS
from mockbroker.core.transactions.metadata import TopicPartition
from mockbroker.core.transactions.outcome import Producer
from mockbroker.handlers.authorized_operations import CLUSTER_NAME
from mockbroker.handlers.call import Call
from mockbroker.handlers.fenced import fenced_code
from mockbroker.handlers.when_ready import when_all_ready, when_ready
from protocol_specs.acls import AclOperation, ResourceType
from protocol_specs.add_partitions_to_txn import ADD_PARTITIONS_TO_TXN
from protocol_specs.errors import ErrorCode, KafkaError

__all__ = ["handle", "refuse"]

_RESPONSE = ADD_PARTITIONS_TO_TXN.response
_RESULT = _RESPONSE.results_by_transaction
_TOPIC = _RESULT.topic_results
_TOPIC_V3 = _RESPONSE.results_by_topic_v3_and_below

#: The first version for brokers, and the first whose clients know PRODUCER_FENCED.
_FOR_BROKERS = 4
_KNOWS_FENCED = 2

_Codes = dict[TopicPartition, ErrorCode]
#: Of one transaction: the code of each partition, or one for all, which are then answered as they were asked for.
_Result = _Codes | ErrorCode


def handle(request: Any, call: Call) -> Any:
    if call.version < _FOR_BROKERS:
        producer = Producer(
            request.v3_and_below_transactional_id,
            request.v3_and_below_producer_id,
            request.v3_and_below_producer_epoch,
        )
        topics = request.v3_and_below_topics
        return when_ready(_add(call, producer, _flat(topics)), lambda result: _pack_v3(topics, result))
    if not call.allows(AclOperation.CLUSTER_ACTION, ResourceType.CLUSTER, CLUSTER_NAME):
        raise KafkaError(ErrorCode.CLUSTER_AUTHORIZATION_FAILED)
    return when_all_ready(
        [_add_or_verify(call, transaction) for transaction in request.transactions],
        lambda results: _RESPONSE(
            throttle_time_ms=0,
            results_by_transaction=[
                _RESULT(
                    transactional_id=transaction.transactional_id,
                    topic_results=_pack(transaction.topics, result, _TOPIC),
                )
                for transaction, result in zip(request.transactions, results, strict=True)
            ],
        ),
    )


def refuse(request: Any, call: Call, error: KafkaError) -> Any:
    """The error, for each partition up to version 3 (`AddPartitionsToTxnRequest.getErrorResponse`)."""
    if call.version < _FOR_BROKERS:
        return _pack_v3(request.v3_and_below_topics, error.code)
    return _RESPONSE(throttle_time_ms=0, error_code=error.code)


def _flat(topics: Iterable[Any]) -> tuple[TopicPartition, ...]:
    return tuple((topic.name, index) for topic in topics for index in topic.partitions)


def _add_or_verify(call: Call, transaction: Any) -> Any:
    producer = Producer(transaction.transactional_id, transaction.producer_id, transaction.producer_epoch)
    partitions = _flat(transaction.topics)
    if not transaction.verify_only:
        return _add(call, producer, partitions)
    refused = _refused(call, partitions, lambda topic: True)
    if refused:
        return refused
    # Twice through a HashSet or HashMap: into buckets, and out of them.
    ordered = hash_order(dict.fromkeys(partitions), lambda key: topic_partition_hash(*key))
    return call.core.transactions.verify_partitions(call.node.id, producer, tuple(ordered))


def _add(call: Call, producer: Producer, partitions: tuple[TopicPartition, ...]) -> Any:
    """The result, or a Pending of it."""
    is_client = call.version < _FOR_BROKERS
    name = producer.transactional_id
    if is_client and not call.allows(AclOperation.WRITE, ResourceType.TRANSACTIONAL_ID, name):
        return ErrorCode.TRANSACTIONAL_ID_AUTHORIZATION_FAILED

    def may_write(topic: str) -> bool:
        return topic not in INTERNAL_TOPICS and call.allows(AclOperation.WRITE, ResourceType.TOPIC, topic)

    refused = _refused(call, partitions, may_write if is_client else lambda topic: True)
    if refused:
        return refused
    result = call.core.transactions.add_partitions(call.node.id, producer, partitions, 0 if is_client else 2)
    return when_ready(
        result,
        lambda outcome: fenced_code(outcome.code, call.version, known_since=_KNOWS_FENCED),
    )


def _refused(call: Call, partitions: tuple[TopicPartition, ...], may_write: Callable[[str], bool]) -> _Codes:
    """Why nothing is added: what is wrong with some partitions, and that the others were not tried."""
    topics = call.core.cluster.topics
    codes = dict.fromkeys(partitions, ErrorCode.OPERATION_NOT_ATTEMPTED)
    is_refused = False
    for name, index in partitions:
        topic = topics.get(name)
        if not may_write(name):
            codes[name, index] = ErrorCode.TOPIC_AUTHORIZATION_FAILED
        elif topic is None or not 0 <= index < len(topic.partitions):
            codes[name, index] = ErrorCode.UNKNOWN_TOPIC_OR_PARTITION
        else:
            continue
        is_refused = True
    return _in_order(codes) if is_refused else {}


def _in_order(codes: _Codes) -> _Codes:
    """As Kafka puts together what is wrong, and what was not tried for that."""
    order = scala_map_order(codes, lambda key: topic_partition_hash(*key))
    return {key: codes[key] for key in order}


def _pack_v3(asked: Iterable[Any], result: _Result) -> Any:
    return _RESPONSE.make(throttle_time_ms=0, results_by_topic_v3_and_below=_pack(asked, result, _TOPIC_V3))


def _pack(asked: Iterable[Any], result: _Result, struct: Any) -> list[Any]:
    topics: list[tuple[str, list[tuple[int, ErrorCode]]]]
    if isinstance(result, dict):
        by_name: dict[str, list[tuple[int, ErrorCode]]] = {}
        for (name, index), code in result.items():
            by_name.setdefault(name, []).append((index, code))
        topics = [(name, by_name[name]) for name in hash_order(by_name)]
    else:
        topics = [(topic.name, [(index, result) for index in topic.partitions]) for topic in asked]
    make, make_result = struct.make, struct.results_by_partition.make
    return [
        make(
            name=name,
            results_by_partition=[
                make_result(partition_index=index, partition_error_code=code) for index, code in codes
            ],
        )
        for name, codes in topics
    ]
