"""AlterShareGroupOffsets (KIP-932).

Kafka: `KafkaApis.handleAlterShareGroupOffsetsRequest`.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from mockbroker.core.groups.share_requests import AlteredOffsets, AlteredTopic, NewShareOffsets
from mockbroker.handlers.call import Call
from mockbroker.handlers.share_groups import is_served
from mockbroker.handlers.when_ready import when_ready
from protocol_specs.acls import AclOperation, ResourceType
from protocol_specs.alter_share_group_offsets import ALTER_SHARE_GROUP_OFFSETS
from protocol_specs.errors import ErrorCode, KafkaError

__all__ = ["handle", "refuse"]

_RESPONSE = ALTER_SHARE_GROUP_OFFSETS.response
_TOPIC = _RESPONSE.responses


def handle(request: Any, call: Call) -> Any:
    if not is_served(call):
        return refuse(request, call, KafkaError(ErrorCode.UNSUPPORTED_VERSION))
    if not call.allows(AclOperation.READ, ResourceType.GROUP, request.group_id):
        return refuse(request, call, KafkaError(ErrorCode.GROUP_AUTHORIZATION_FAILED))
    asked: list[NewShareOffsets] = []
    refused: list[AlteredTopic] = []
    for topic in request.topics:
        code = _refusal(topic.topic_name, call)
        if code:
            refused.append(_refused(topic, code, call))
        else:
            offsets = [(one.partition_index, one.start_offset) for one in topic.partitions]
            asked.append(NewShareOffsets(topic.topic_name, offsets))

    def pack(altered: AlteredOffsets) -> Any:
        if altered.error_code:
            return refuse(request, call, KafkaError(altered.error_code, altered.error_message))
        return _pack(
            AlteredOffsets(_merged([topic for topic in refused if topic.partitions], altered.topics))
        )

    altering = call.core.groups.shares.changes.alter(call.node.id, request.group_id, asked)
    return when_ready(altering, pack)


def _merged(refused: Sequence[AlteredTopic], altered: Sequence[AlteredTopic]) -> list[AlteredTopic]:
    """Each topic once, with all that is to be said of its partitions."""
    topics: dict[str, AlteredTopic] = {}
    for topic in (*refused, *altered):
        known = topics.get(topic.name)
        if known is not None:
            topic = known._replace(partitions=[*known.partitions, *topic.partitions])
        topics[topic.name] = topic
    return list(topics.values())


def _refusal(topic: str, call: Call) -> ErrorCode:
    if not call.allows(AclOperation.READ, ResourceType.TOPIC, topic):
        return ErrorCode.TOPIC_AUTHORIZATION_FAILED
    if topic not in call.core.cluster.topics:
        return ErrorCode.UNKNOWN_TOPIC_OR_PARTITION
    return ErrorCode.NONE


def _refused(topic: Any, code: ErrorCode, call: Call) -> AlteredTopic:
    known = call.core.cluster.topics.get(topic.topic_name)
    return AlteredTopic(
        topic.topic_name,
        bytes(16) if known is None else known.id,
        [(one.partition_index, code, code.message) for one in topic.partitions],
    )


def refuse(request: Any, call: Call, error: KafkaError) -> Any:
    """The error, for the whole (`AlterShareGroupOffsetsRequest.getErrorResponse`)."""
    return _pack(AlteredOffsets((), error.code, error.message))


def _pack(altered: AlteredOffsets) -> Any:
    return _RESPONSE(
        throttle_time_ms=0,
        error_code=altered.error_code,
        error_message=altered.error_message,
        responses=[
            _TOPIC(
                topic_name=topic.name,
                topic_id=topic.topic_id,
                partitions=[
                    _TOPIC.partitions(partition_index=index, error_code=code, error_message=message)
                    for index, code, message in topic.partitions
                ],
            )
            for topic in altered.topics
        ],
    )
