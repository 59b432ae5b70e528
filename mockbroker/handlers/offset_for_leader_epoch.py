"""OffsetForLeaderEpoch (KIP-101, KIP-279, KIP-320).

Kafka: `KafkaApis.handleOffsetForLeaderEpochRequest`, `ReplicaManager.lastOffsetForLeaderEpoch`.
"""

from __future__ import annotations

from typing import Any

from mockbroker.handlers.call import Call
from protocol_specs.acls import AclOperation, ResourceType
from protocol_specs.errors import ErrorCode, KafkaError
from protocol_specs.offset_for_leader_epoch import OFFSET_FOR_LEADER_EPOCH

__all__ = ["handle"]

_RESPONSE = OFFSET_FOR_LEADER_EPOCH.response
_TOPIC = _RESPONSE.topics
_PARTITION = _TOPIC.partitions


def handle(request: Any, call: Call) -> Any:
    topics = []
    for topic in request.topics:
        may = call.allows(AclOperation.DESCRIBE, ResourceType.TOPIC, topic.topic)
        entries = []
        for asked in topic.partitions:
            try:
                if not may:
                    raise KafkaError(ErrorCode.TOPIC_AUTHORIZATION_FAILED)
                epoch, end = call.image.partition(topic.topic, asked.partition).end_offset_for_epoch(
                    asked.leader_epoch, at=call.node.id, leader_epoch=asked.current_leader_epoch
                )
            except KafkaError as error:
                entries.append(_PARTITION(error_code=error.code, partition=asked.partition, end_offset=-1))
            else:
                entries.append(
                    _PARTITION(
                        error_code=ErrorCode.NONE,
                        partition=asked.partition,
                        leader_epoch=epoch,
                        end_offset=end,
                    )
                )
        topics.append(_TOPIC(topic=topic.topic, partitions=entries))
    return _RESPONSE(topics=topics)
