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
# Commits are frequent, so the schemas are not asked each time.
_make_response, _make_topic, _make_partition = _RESPONSE.make, _TOPIC.make, _TOPIC.partitions.make


def handle(request: Any, call: Call) -> Any:
    if not call.allows(AclOperation.READ, ResourceType.GROUP, request.group_id):
        return refuse(request, call, KafkaError(ErrorCode.GROUP_AUTHORIZATION_FAILED))
    if call.version == 0 and not call.core.profile.is_before("3.0"):
        return _refuse_for_zookeeper(request, call)
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

    def pack(topics: Sequence[TopicErrors]) -> Any:
        return _pack(_before_4_0(topics) if call.core.profile.is_before("4.0") else topics)

    return when_ready(call.core.groups.commit_offsets(call.node.id, commit, may_read), pack)


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


def _refuse_for_zookeeper(request: Any, call: Call) -> Any:
    """Offsets of version 0 were kept in ZooKeeper, which is no more; what there is not is found first."""
    answered = []
    for topic in request.topics:
        found = call.image.topics.get(topic.name)
        count = 0 if found is None else len(call.partitions_of(found))
        unknown, known = ErrorCode.UNKNOWN_TOPIC_OR_PARTITION, ErrorCode.UNSUPPORTED_VERSION
        indexes = [one.partition_index for one in topic.partitions]
        codes = [(index, known if 0 <= index < count else unknown) for index in indexes]
        if codes:
            answered.append(TopicErrors(topic.name, topic.topic_id, codes))
    return _pack(answered)


def _before_4_0(topics: Sequence[TopicErrors]) -> list[TopicErrors]:
    """The older coordinator had no other word for a generation of a group that it did not know."""
    return [
        topic._replace(
            partitions=[
                (index, ErrorCode.ILLEGAL_GENERATION if code is ErrorCode.GROUP_ID_NOT_FOUND else code)
                for index, code in topic.partitions
            ]
        )
        for topic in topics
    ]


def _pack(topics: Sequence[TopicErrors]) -> Any:
    return _make_response(
        topics=[
            _make_topic(
                name=topic.name,
                topic_id=topic.topic_id,
                partitions=[
                    _make_partition(partition_index=index, error_code=code)
                    for index, code in topic.partitions
                ],
            )
            for topic in topics
        ]
    )
