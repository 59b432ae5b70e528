"""CreatePartitions (KIP-195, KIP-599).

Kafka: `ControllerApis.createPartitions`, `ReplicationControlManager.createPartitions`.
"""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Any

from mockbroker.core.java_maps import hash_order
from mockbroker.handlers.call import Call
from mockbroker.handlers.deadline import check_deadline
from mockbroker.handlers.throttle import mutations_of
from protocol_specs.acls import AclOperation, ResourceType
from protocol_specs.create_partitions import CREATE_PARTITIONS
from protocol_specs.errors import ErrorCode, KafkaError

if TYPE_CHECKING:
    from mockbroker.core.throttling import Mutations

__all__ = ["handle"]

_RESPONSE = CREATE_PARTITIONS.response
_RESULT = _RESPONSE.results

#: The first version that is refused what is above its quota (KIP-599).
_STRICT_SINCE = 3
#: The controller writes no more records at once (`QuorumController.MAX_RECORDS_PER_USER_OP`).
_MAX_RECORDS = 10_000


def handle(request: Any, call: Call) -> Any:
    times = Counter(topic.name for topic in request.topics)
    results = [
        _result(name, KafkaError(ErrorCode.INVALID_REQUEST, "Duplicate topic name."))
        for name in hash_order([name for name, count in times.items() if count > 1])
    ]
    if len(results) < len(times):
        check_deadline(request.timeout_ms)
    mutations = mutations_of(call, strict_since=_STRICT_SINCE)
    asked = {topic.name: topic for topic in request.topics}
    topics = [asked[name] for name in hash_order(times) if times[name] == 1]
    denied = [
        topic for topic in topics if not call.allows(AclOperation.ALTER, ResourceType.TOPIC, topic.name)
    ]
    results += [
        _RESULT(name=topic.name, error_code=ErrorCode.TOPIC_AUTHORIZATION_FAILED, error_message=None)
        for topic in denied
    ]
    results += [_create(request, topic, call, mutations) for topic in topics if topic not in denied]
    return _RESPONSE(throttle_time_ms=0 if mutations is None else mutations.throttle_ms, results=results)


def _create(request: Any, topic: Any, call: Call, mutations: Mutations | None) -> Any:
    assignments = None
    if topic.assignments is not None:
        assignments = [assignment.broker_ids for assignment in topic.assignments]
    known = call.core.cluster.topics.get(topic.name)
    if known is not None and assignments is None and topic.count - len(known.partitions) > _MAX_RECORDS:
        return _result(topic.name, KafkaError(ErrorCode.UNKNOWN_SERVER_ERROR))
    try:
        call.core.cluster.create_partitions(
            topic.name,
            topic.count,
            assignments=assignments,
            validate_only=request.validate_only,
            admit=None if mutations is None else mutations.record,
        )
    except KafkaError as error:
        return _result(topic.name, error)
    return _result(topic.name, None)


def _result(name: str, error: KafkaError | None) -> Any:
    return _RESULT(
        name=name,
        error_code=ErrorCode.NONE if error is None else error.code,
        error_message=None if error is None else error.detail,
    )
