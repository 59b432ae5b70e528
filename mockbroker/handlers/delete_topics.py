"""DeleteTopics (KIP-4, KIP-516, KIP-599).

Kafka: `ControllerApis.deleteTopics`.
"""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Any

from mockbroker.handlers.authorized_operations import CLUSTER_NAME
from mockbroker.handlers.call import Call
from mockbroker.handlers.deadline import check_deadline
from mockbroker.handlers.throttle import mutations_of
from protocol_specs.acls import AclOperation, ResourceType
from protocol_specs.delete_topics import DELETE_TOPICS
from protocol_specs.errors import ErrorCode, KafkaError

if TYPE_CHECKING:
    from mockbroker.core.throttling import Mutations

__all__ = ["handle", "refuse"]

_RESPONSE = DELETE_TOPICS.response
_RESULT = _RESPONSE.responses
_ZERO_UUID = bytes(16)

#: The first version whose clients know TOPIC_DELETION_DISABLED.
_KNOWS_DISABLED = 3

#: The first version that is refused what is above its quota (KIP-599).
_STRICT_SINCE = 5


def handle(request: Any, call: Call) -> Any:
    if not call.core.settings["delete.topic.enable"]:
        if call.version < _KNOWS_DISABLED:
            raise KafkaError(ErrorCode.INVALID_REQUEST, "This version does not support topic deletion.")
        raise KafkaError(ErrorCode.TOPIC_DELETION_DISABLED)
    results: list[Any] = []
    names, ids = _unique(request, results)
    if names or ids:
        check_deadline(request.timeout_ms)
    topics = call.core.cluster.topics_by_id
    doomed: dict[bytes, str] = {}
    for topic_id in ids:
        topic = topics.get(topic_id)
        if topic is None:
            results.append(_result(None, topic_id, KafkaError(ErrorCode.UNKNOWN_TOPIC_ID)))
        elif _may(call, AclOperation.DELETE, topic.name):
            doomed[topic_id] = topic.name
        else:
            shown = topic.name if _may(call, AclOperation.DESCRIBE, topic.name) else None
            results.append(_result(shown, topic_id, KafkaError(ErrorCode.TOPIC_AUTHORIZATION_FAILED)))
    for name in names:
        _add_by_name(call, name, doomed, results)
    mutations = mutations_of(call, strict_since=_STRICT_SINCE)
    results += [_delete(call, topic_id, name, mutations) for topic_id, name in doomed.items()]
    return _RESPONSE(throttle_time_ms=0 if mutations is None else mutations.throttle_ms, responses=results)


def refuse(request: Any, call: Call, error: KafkaError) -> Any:
    """The error, for each topic (`DeleteTopicsRequest.getErrorResponse`)."""
    asked = [(topic.name, topic.topic_id) for topic in request.topics]
    asked += [(name, _ZERO_UUID) for name in request.topic_names]
    results = [_RESULT(name=name, topic_id=topic_id, error_code=error.code) for name, topic_id in asked]
    return _RESPONSE(responses=results)


def _delete(call: Call, topic_id: bytes, name: str, mutations: Mutations | None) -> Any:
    cluster = call.core.cluster
    if mutations is not None:
        try:
            mutations.record(len(cluster.topic(name).partitions))
        except KafkaError as error:
            refused = _result(name, topic_id, error)
            refused.error_message = error.detail
            return refused
    cluster.delete_topic(name)
    return _result(name, topic_id)


def _may(call: Call, operation: AclOperation, name: str) -> bool:
    return call.allows(AclOperation.DELETE, ResourceType.CLUSTER, CLUSTER_NAME) or call.allows(
        operation, ResourceType.TOPIC, name
    )


def _add_by_name(call: Call, name: str, doomed: dict[bytes, str], results: list[Any]) -> None:
    topic = call.core.cluster.topics.get(name)
    error = None
    topic_id = _ZERO_UUID
    if not _may(call, AclOperation.DESCRIBE, name):
        error = KafkaError(ErrorCode.TOPIC_AUTHORIZATION_FAILED)
    elif topic is None:
        error = KafkaError(ErrorCode.UNKNOWN_TOPIC_OR_PARTITION)
    elif not _may(call, AclOperation.DELETE, name):
        error = KafkaError(ErrorCode.TOPIC_AUTHORIZATION_FAILED)
    elif topic.id in doomed:
        del doomed[topic.id]
        topic_id = topic.id
        error = _invalid("The provided topic name maps to an ID that was already supplied.")
    else:
        doomed[topic.id] = name
        return
    results.append(_result(name, topic_id, error))


def _unique(request: Any, results: list[Any]) -> tuple[list[str], list[bytes]]:
    """The names and ids that were given once; what is wrong with the others goes into `results`."""
    names = Counter(request.topic_names)
    ids: Counter[bytes] = Counter()
    for topic in request.topics:
        if topic.name is None:
            if topic.topic_id == _ZERO_UUID:
                error = _invalid("Neither topic name nor id were specified.")
                results.append(_result(None, _ZERO_UUID, error))
            else:
                ids[topic.topic_id] += 1
        elif topic.topic_id == _ZERO_UUID:
            names[topic.name] += 1
        else:
            error = _invalid("You may not specify both topic name and topic id.")
            results.append(_result(topic.name, topic.topic_id, error))
    for name, times in names.items():
        if times > 1:
            results.append(_result(name, _ZERO_UUID, _invalid("Duplicate topic name.")))
    for topic_id, times in ids.items():
        if times > 1:
            results.append(_result(None, topic_id, _invalid("Duplicate topic id.")))
    return [name for name, n in names.items() if n == 1], [id for id, n in ids.items() if n == 1]


def _invalid(text: str) -> KafkaError:
    return KafkaError(ErrorCode.INVALID_REQUEST, text)


def _result(name: str | None, topic_id: bytes, error: KafkaError | None = None) -> Any:
    return _RESULT(
        name=name,
        topic_id=topic_id,
        error_code=ErrorCode.NONE if error is None else error.code,
        error_message=None if error is None else error.message,
    )
