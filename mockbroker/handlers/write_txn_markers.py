"""WriteTxnMarkers (KIP-98, KIP-664, KIP-1228): the ends of transactions, written by hand.

Kafka: `KafkaApis.handleWriteTxnMarkersRequest`.
"""

from __future__ import annotations

from typing import Any

from mockbroker.core.java_maps import concurrent_map_order, hash_order, long_hash, topic_partition_hash
from mockbroker.core.topics import CONSUMER_OFFSETS
from mockbroker.core.transactions.markers import Marker
from mockbroker.core.transactions.metadata import TopicPartition
from mockbroker.core.waiting import Pending
from mockbroker.handlers.authorized_operations import CLUSTER_NAME
from mockbroker.handlers.call import Call
from mockbroker.handlers.when_ready import when_all_ready
from protocol_specs.acls import AclOperation, ResourceType
from protocol_specs.errors import ErrorCode, KafkaError
from protocol_specs.write_txn_markers import WRITE_TXN_MARKERS

__all__ = ["handle", "refuse"]

_RESPONSE = WRITE_TXN_MARKERS.response
_MARKER = _RESPONSE.markers
_TOPIC = _MARKER.topics
_NONE = -1

#: One partition of one marker: the producer id, the partition, and what became of it or will.
_Written = tuple[int, TopicPartition, Any]


def handle(request: Any, call: Call) -> Any:
    if not call.allows(AclOperation.ALTER, ResourceType.CLUSTER, CLUSTER_NAME) and not call.allows(
        AclOperation.CLUSTER_ACTION, ResourceType.CLUSTER, CLUSTER_NAME
    ):
        raise KafkaError(ErrorCode.CLUSTER_AUTHORIZATION_FAILED)
    written: list[_Written] = []
    for asked in request.markers:
        marker = Marker(
            asked.producer_id,
            asked.producer_epoch,
            asked.transaction_result,
            asked.coordinator_epoch,
            asked.transaction_version,
        )
        written += [
            (asked.producer_id, (topic.name, index), _write(call, topic.name, index, marker))
            for topic in asked.topics
            for index in topic.partition_indexes
        ]
    return when_all_ready(
        [result for _, _, result in written],
        lambda codes: _pack([(one[0], one[1], code) for one, code in zip(written, codes, strict=True)]),
    )


def refuse(request: Any, call: Call, error: KafkaError) -> Any:
    """The error, for each partition (`WriteTxnMarkersRequest.getErrorResponse`)."""
    return _pack(
        [
            (asked.producer_id, (topic.name, index), error.code)
            for asked in request.markers
            for topic in asked.topics
            for index in topic.partition_indexes
        ]
    )


def _write(call: Call, name: str, index: int, marker: Marker) -> Any:
    """Write one marker to one partition: its code, or a Pending of it."""
    try:
        partition = call.core.cluster.partition(name, index)
    except KafkaError as error:
        return error.code
    if call.node.id not in partition.copies:
        return ErrorCode.UNKNOWN_TOPIC_OR_PARTITION
    if _NONE in (marker.producer_id, marker.producer_epoch):
        # No batch can be made of it. Only the group coordinator survives that.
        if name == CONSUMER_OFFSETS:
            return ErrorCode.UNKNOWN_SERVER_ERROR
        raise KafkaError(ErrorCode.UNKNOWN_SERVER_ERROR)
    pending = Pending()
    call.core.transactions.markers.write(call.node.id, partition, marker, pending.settle)
    return pending.reply if pending.is_settled else pending


def _pack(written: list[tuple[int, TopicPartition, ErrorCode]]) -> Any:
    """Markers of the same producer are answered as one."""
    producers: dict[int, dict[TopicPartition, ErrorCode]] = {}
    for producer_id, where, code in written:
        producers.setdefault(producer_id, {})[where] = code
    markers = []
    for producer_id in concurrent_map_order(producers, long_hash):
        codes = producers[producer_id]
        topics: dict[str, list[Any]] = {}
        for name, index in _in_order(codes):
            entry = _TOPIC.partitions(partition_index=index, error_code=codes[name, index])
            topics.setdefault(name, []).append(entry)
        markers.append(
            _MARKER(
                producer_id=producer_id,
                topics=[_TOPIC(name=name, partitions=topics[name]) for name in hash_order(topics)],
            )
        )
    return _RESPONSE(markers=markers)


def _in_order(codes: dict[TopicPartition, ErrorCode]) -> list[TopicPartition]:
    """As Kafka's maps are walked: what there is not comes into them first."""
    unknown = [key for key, code in codes.items() if code == ErrorCode.UNKNOWN_TOPIC_OR_PARTITION]
    known = [key for key in codes if key not in unknown]
    later = [known] if unknown and known else []
    return concurrent_map_order(unknown or known, lambda key: topic_partition_hash(*key), *later)
