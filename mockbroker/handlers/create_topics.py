"""CreateTopics (KIP-4, KIP-464, KIP-525, KIP-599).

Kafka: `ControllerApis.createTopics`, `ReplicationControlManager.createTopics`.
"""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Any

from mockbroker.core.java_maps import hash_order
from mockbroker.core.topic_admin import check_batch
from mockbroker.handlers.authorized_operations import CLUSTER_NAME
from mockbroker.handlers.call import Call
from mockbroker.handlers.config_order import in_hash_order
from mockbroker.handlers.deadline import check_deadline
from mockbroker.handlers.throttle import mutations_of
from protocol_specs.acls import AclOperation, ResourceType
from protocol_specs.create_topics import CREATE_TOPICS
from protocol_specs.errors import ErrorCode, KafkaError

if TYPE_CHECKING:
    from mockbroker.core.throttling import Mutations
    from mockbroker.core.topics import Topic

__all__ = ["create", "handle", "refuse"]

_RESPONSE = CREATE_TOPICS.response
_RESULT = _RESPONSE.topics
_CLUSTER_METADATA = "__cluster_metadata"

#: The first version that is refused what is above its quota (KIP-599).
_STRICT_SINCE = 6
#: The first version that tells the configs (KIP-525).
_TELLS_CONFIGS = 5

#: Entries of the answer, encoded, by the configs that a topic has of its own.
_Encoded = dict[tuple[tuple[str, str], ...], list[bytes]]


def handle(request: Any, call: Call) -> Any:
    return _RESPONSE[call.version].build(create(request, call))


def create(request: Any, call: Call) -> Any:
    """Create the topics; the answer, with the configs in it encoded already."""
    times = Counter(topic.name for topic in request.topics)
    allowed = [
        topic for topic in request.topics if times[topic.name] == 1 and _why_not(call, topic.name) is None
    ]
    if allowed:
        check_deadline(request.timeout_ms)
    counts = (len(topic.assignments) or topic.num_partitions for topic in allowed)
    check_batch(counts, call.core.settings.catalog)
    mutations = mutations_of(call, strict_since=_STRICT_SINCE)
    encoded: _Encoded = {}
    results = [_create(request, topic, call, mutations, encoded) for topic in allowed]
    twice = hash_order([name for name, count in times.items() if count > 1])
    results += [
        _failed(name, KafkaError(ErrorCode.INVALID_REQUEST, "Duplicate topic name.")) for name in twice
    ]
    for name in hash_order(times):
        error = _why_not(call, name) if times[name] == 1 else None
        if error is not None:
            results.append(_failed(name, error))
    return _RESPONSE(throttle_time_ms=0 if mutations is None else mutations.throttle_ms, topics=results)


def refuse(request: Any, call: Call, error: KafkaError) -> Any:
    """The error, for each topic (`CreateTopicsRequest.getErrorResponse`)."""
    results = [
        _RESULT(name=topic.name, error_code=error.code, error_message=error.detail)
        for topic in request.topics
    ]
    return _RESPONSE(topics=results)


def _why_not(call: Call, name: str) -> KafkaError | None:
    profile = call.core.profile
    if name == _CLUSTER_METADATA and not profile.is_before("3.0"):
        if profile.is_before("3.9"):
            return KafkaError(ErrorCode.TOPIC_AUTHORIZATION_FAILED, "Authorization failed.")
        text = f"Creation of internal topic {_CLUSTER_METADATA} is prohibited."
        return KafkaError(ErrorCode.INVALID_REQUEST, text)
    if call.allows(AclOperation.CREATE, ResourceType.CLUSTER, CLUSTER_NAME) or call.allows(
        AclOperation.CREATE, ResourceType.TOPIC, name
    ):
        return None
    return KafkaError(ErrorCode.TOPIC_AUTHORIZATION_FAILED, "Authorization failed.")


def _create(request: Any, asked: Any, call: Call, mutations: Mutations | None, encoded: _Encoded) -> Any:
    try:
        topic = call.core.cluster.create_topic(
            asked.name,
            partitions=asked.num_partitions,
            replication_factor=asked.replication_factor,
            assignments=[(one.partition_index, one.broker_ids) for one in asked.assignments],
            configs={config.name: config.value for config in in_hash_order(asked.configs)},
            validate_only=request.validate_only,
            admit=None if mutations is None else mutations.record,
        )
    except KafkaError as error:
        refused = _failed(asked.name, error)
        refused.error_message = error.detail
        return refused
    result = _RESULT(
        name=topic.name,
        topic_id=topic.id,
        error_code=ErrorCode.NONE,
        error_message=None,
    )
    if call.version < _TELLS_CONFIGS:
        return result
    if call.allows(AclOperation.DESCRIBE_CONFIGS, ResourceType.TOPIC, topic.name):
        result.num_partitions = len(topic.partitions)
        result.replication_factor = topic.replication_factor
        own = tuple(topic.overrides.items())
        if own not in encoded:
            encoded[own] = _configs(call, topic)
        result.configs = encoded[own]
    else:
        result.topic_config_error_code = ErrorCode.TOPIC_AUTHORIZATION_FAILED
    return result


def _configs(call: Call, topic: Topic) -> list[bytes]:
    entries = call.core.configs.topic_entries(
        topic.overrides, call.node.id, shows_internal=call.core.profile.is_before("3.9")
    )
    schema = _RESULT.configs
    return [
        schema[call.version].build(
            schema(
                name=entry.name,
                value=entry.value,
                read_only=entry.is_read_only,
                config_source=entry.source,
                is_sensitive=entry.is_sensitive,
            )
        )
        for entry in sorted(entries)
    ]


def _failed(name: str, error: KafkaError) -> Any:
    return _RESULT(name=name, error_code=error.code, error_message=error.message)
