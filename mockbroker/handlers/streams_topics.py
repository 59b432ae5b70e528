"""Creating the internal topics of streams applications, in the name of the member that a heartbeat comes from.

Rules kept here:

- A member that may not create all of them creates none, and is told so.
- Why a topic could not be created is told in later answers, for two heartbeat intervals; until then nobody tries again.

Kafka: `KafkaApis.handleStreamsGroupHeartbeat`, `AutoTopicCreationManager.createStreamsInternalTopics`.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Final

from mockbroker.core.groups.streams_messages import Status, StatusCode
from mockbroker.handlers import create_topics
from mockbroker.handlers.authorized_operations import CLUSTER_NAME
from mockbroker.handlers.call import Call
from protocol_specs.acls import AclOperation, ResourceType
from protocol_specs.create_topics import CREATE_TOPICS
from protocol_specs.errors import KafkaError

if TYPE_CHECKING:
    from mockbroker.core.groups.streams_messages import StreamsHeartbeatResult
    from mockbroker.core.groups.streams_topology import InternalTopic

__all__ = ["create_missing_topics"]

_REQUEST = CREATE_TOPICS.request
_NEWEST: Final = 7
_ERRORS_TOLD: Final = 3
_BROKERS_DEFAULT: Final = -1


def create_missing_topics(call: Call, result: StreamsHeartbeatResult) -> StreamsHeartbeatResult:
    """Create the topics that an answer says are missing; the answer, with why they cannot be created."""
    missing = result.missing_topics
    names = [topic.name for topic in missing]
    denied = _denied(call, names)
    if denied:
        return _add(result, f"; Unauthorized to CREATE on topics {', '.join(denied)}.")
    known = call.core.groups.streams.creation_errors
    errors = known.of(names)
    seconds = 2 * result.heartbeat_interval_ms / 1000
    for name, why in _create(call, [topic for topic in missing if topic.name not in errors]):
        known.note(name, why, seconds)
    if not errors:
        return result
    told = ", ".join(f"{name} ({why})" for name, why in list(errors.items())[:_ERRORS_TOLD])
    more = len(errors) - _ERRORS_TOLD
    return _add(result, f"; Creation failed: {told}{f' and {more} more' if more > 0 else ''}.")


def _denied(call: Call, names: Sequence[str]) -> list[str]:
    if call.allows(AclOperation.CREATE, ResourceType.CLUSTER, CLUSTER_NAME):
        return []
    return [name for name in names if not call.allows(AclOperation.CREATE, ResourceType.TOPIC, name)]


def _create(call: Call, topics: Sequence[InternalTopic]) -> list[tuple[str, str]]:
    """As the client itself would create them; those that were not, and why."""
    if not topics:
        return []
    request = _REQUEST(
        topics=[
            _REQUEST.topics(
                name=topic.name,
                num_partitions=topic.partitions,
                replication_factor=topic.replication_factor or _BROKERS_DEFAULT,
                assignments=[],
                configs=[
                    _REQUEST.topics.configs(name=name, value=value) for name, value in topic.configs.items()
                ],
            )
            for topic in topics
        ],
        timeout_ms=call.core.settings["request.timeout.ms"],
        validate_only=False,
    )
    forwarded = Call(call.core, call.node, _NEWEST, call.client_id, call.caller)
    try:
        answer = create_topics.create(request, forwarded)
    except KafkaError as error:
        answer = create_topics.refuse(request, forwarded, error)
    return [
        (topic.name, topic.error_message or str(KafkaError(topic.error_code).message))
        for topic in answer.topics
        if topic.error_code
    ]


def _add(result: StreamsHeartbeatResult, text: str) -> StreamsHeartbeatResult:
    code = StatusCode.MISSING_INTERNAL_TOPICS
    statuses = [
        Status(code, status.detail + text) if status.code == code else status for status in result.statuses
    ]
    return result._replace(statuses=statuses)
