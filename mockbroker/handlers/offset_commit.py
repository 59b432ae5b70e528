"""OffsetCommit (KIP-320, KIP-345, KIP-848, KIP-848's topic ids).

Kafka: `KafkaApis.handleOffsetCommitRequest`.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from mockbroker.core.groups.requests import CommitRequest, CommitTopic, OffsetToCommit
from mockbroker.core.groups.results import TopicErrors
from mockbroker.handlers.call import Call
from mockbroker.handlers.when_ready import when_ready
from protocol_specs.acls import AclOperation, ResourceType
from protocol_specs.errors import ErrorCode, KafkaError
from protocol_specs.offset_commit import OFFSET_COMMIT

__all__ = ["handle", "refuse"]

_RESPONSE = OFFSET_COMMIT.response
_TOPIC = _RESPONSE.topics


def handle(request: Any, call: Call) -> Any:
    if not call.allows(AclOperation.READ, ResourceType.GROUP, request.group_id):
        return refuse(request, call, KafkaError(ErrorCode.GROUP_AUTHORIZATION_FAILED))
    topics = [
        CommitTopic(
            topic.name,
            [
                OffsetToCommit(
                    one.partition_index,
                    one.committed_offset,
                    one.committed_leader_epoch,
                    one.committed_metadata,
                )
                for one in topic.partitions
            ],
            topic.topic_id,
        )
        for topic in request.topics
    ]
    commit = CommitRequest(
        request.group_id,
        topics,
        call.version,
        request.generation_id_or_member_epoch,
        request.member_id,
        request.group_instance_id,
        request.retention_time_ms,
    )

    def may_read(topic: str) -> bool:
        return call.allows(AclOperation.READ, ResourceType.TOPIC, topic)

    return when_ready(call.core.groups.commit_offsets(call.node.id, commit, may_read), _pack)


def refuse(request: Any, call: Call, error: KafkaError) -> Any:
    """The error, for each partition (`OffsetCommitRequest.getErrorResponse`)."""
    return _pack(
        [
            TopicErrors(
                topic.name, topic.topic_id, [(one.partition_index, error.code) for one in topic.partitions]
            )
            for topic in request.topics
        ]
    )


def _pack(topics: Sequence[TopicErrors]) -> Any:
    return _RESPONSE(
        topics=[
            _TOPIC(
                name=topic.name,
                topic_id=topic.topic_id,
                partitions=[
                    _TOPIC.partitions(partition_index=index, error_code=code)
                    for index, code in topic.partitions
                ],
            )
            for topic in topics
        ]
    )
