"""TxnOffsetCommit (KIP-98, KIP-447, KIP-890).

The topics are checked, then the transaction is verified or the group's partition added to it, then the group decides.
Kafka: `KafkaApis.handleTxnOffsetCommitRequest`, `GroupCoordinatorService.commitTransactionalOffsets`.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from mockbroker.core.groups.requests import CommitTopic, OffsetToCommit, TransactionalCommitRequest
from mockbroker.core.groups.results import TopicErrors
from mockbroker.core.groups.topic_checks import check_commit_topics, merge
from mockbroker.core.producer_state import Verification
from mockbroker.core.topics import CONSUMER_OFFSETS
from mockbroker.core.transactions.outcome import Producer
from mockbroker.core.transactions.verification import Verdicts, txn_offset_commit_demand
from mockbroker.handlers.call import Call
from mockbroker.handlers.when_ready import and_then, when_ready
from protocol_specs.acls import AclOperation, ResourceType
from protocol_specs.errors import ErrorCode, KafkaError
from protocol_specs.txn_offset_commit import TXN_OFFSET_COMMIT

__all__ = ["handle", "refuse"]

_RESPONSE = TXN_OFFSET_COMMIT.response
_TOPIC = _RESPONSE.topics

#: The first version whose clients survive COORDINATOR_LOAD_IN_PROGRESS (KAFKA-7296).
_SURVIVES_LOADING = 2
_NO_SEQUENCE = -1


def handle(request: Any, call: Call) -> Any:
    name, group_id = request.transactional_id, request.group_id
    if not call.allows(AclOperation.WRITE, ResourceType.TRANSACTIONAL_ID, name):
        raise KafkaError(ErrorCode.TRANSACTIONAL_ID_AUTHORIZATION_FAILED)
    if not call.allows(AclOperation.READ, ResourceType.GROUP, group_id):
        raise KafkaError(ErrorCode.GROUP_AUTHORIZATION_FAILED)
    commit = _commit(request, call.version)
    accepted, refused = check_commit_topics(
        call.core.cluster, commit.topics, lambda topic: _may_read(call, topic), by_id=False
    )
    offsets = call.core.cluster.topics.get(CONSUMER_OFFSETS)
    if not accepted or not group_id or offsets is None:
        return when_ready(_write(call, commit, None), lambda topics: _pack(topics, call.version))
    partition = offsets.partitions[call.core.groups.shards.partition_for(group_id)]

    def verified(verdicts: Verdicts) -> Any:
        verdict = verdicts.get(partition)
        if isinstance(verdict, ErrorCode):
            return _pack(merge(refused, _failed(accepted, verdict)), call.version)
        return when_ready(_write(call, commit, verdict), lambda topics: _pack(topics, call.version))

    verdicts = call.core.verifier.check(
        call.node,
        Producer(name, request.producer_id, request.producer_epoch),
        {partition: _NO_SEQUENCE},
        txn_offset_commit_demand(call.version),
    )
    return and_then(verdicts, verified)


def refuse(request: Any, call: Call, error: KafkaError) -> Any:
    """The error, for each partition (`TxnOffsetCommitRequest.getErrorResponse`)."""
    return _pack(_failed(_commit(request, call.version).topics, error.code), call.version)


def _commit(request: Any, version: int) -> TransactionalCommitRequest:
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
        )
        for topic in request.topics
    ]
    return TransactionalCommitRequest(
        request.group_id,
        topics,
        version,
        request.producer_id,
        request.producer_epoch,
        request.generation_id,
        request.member_id,
        request.group_instance_id,
    )


def _may_read(call: Call, topic: str) -> bool:
    return call.allows(AclOperation.READ, ResourceType.TOPIC, topic)


def _write(call: Call, commit: TransactionalCommitRequest, guard: Verification | None) -> Any:
    return call.core.groups.commit_transactional_offsets(
        call.node.id, commit, lambda topic: _may_read(call, topic), guard
    )


def _failed(topics: Sequence[CommitTopic], code: ErrorCode) -> list[TopicErrors]:
    if code is ErrorCode.NETWORK_EXCEPTION:
        # Older clients would not retry it; this one they do, without looking for the coordinator again.
        code = ErrorCode.COORDINATOR_LOAD_IN_PROGRESS
    return [
        TopicErrors(topic.name, topic.topic_id, [(one.partition, code) for one in topic.partitions])
        for topic in topics
    ]


def _pack(topics: Sequence[TopicErrors], version: int) -> Any:
    def code_of(code: ErrorCode) -> ErrorCode:
        if version < _SURVIVES_LOADING and code is ErrorCode.COORDINATOR_LOAD_IN_PROGRESS:
            return ErrorCode.COORDINATOR_NOT_AVAILABLE
        return code

    return _RESPONSE(
        throttle_time_ms=0,
        topics=[
            _TOPIC(
                name=topic.name,
                partitions=[
                    _TOPIC.partitions(partition_index=index, error_code=code_of(code))
                    for index, code in topic.partitions
                ],
            )
            for topic in topics
        ],
    )
