"""ConsumerGroupHeartbeat (KIP-848).

Kafka: `KafkaApis.handleConsumerGroupHeartbeatRequest`.
"""

from __future__ import annotations

from typing import Any

from mockbroker.core.groups.requests import ConsumerHeartbeat
from mockbroker.core.groups.results import ConsumerHeartbeatResult
from mockbroker.handlers.call import Call
from mockbroker.handlers.when_ready import when_ready
from protocol_specs.acls import AclOperation, ResourceType
from protocol_specs.consumer_group_heartbeat import CONSUMER_GROUP_HEARTBEAT
from protocol_specs.errors import ErrorCode, KafkaError

__all__ = ["handle", "is_served", "refuse"]

_RESPONSE = CONSUMER_GROUP_HEARTBEAT.response
_ASSIGNMENT = _RESPONSE.assignment


def handle(request: Any, call: Call) -> Any:
    if not is_served(call):
        return refuse(request, call, KafkaError(ErrorCode.UNSUPPORTED_VERSION))
    if not call.allows(AclOperation.READ, ResourceType.GROUP, request.group_id):
        return refuse(request, call, KafkaError(ErrorCode.GROUP_AUTHORIZATION_FAILED))

    def may_see(topic: str) -> bool:
        return call.allows(AclOperation.DESCRIBE, ResourceType.TOPIC, topic)

    names = request.subscribed_topic_names
    if names and not all(may_see(name) for name in names):
        return refuse(request, call, KafkaError(ErrorCode.TOPIC_AUTHORIZATION_FAILED))
    owned = request.topic_partitions
    heartbeat = ConsumerHeartbeat(
        request.group_id,
        request.member_id,
        request.member_epoch,
        call.version,
        call.client_id,
        call.caller.client_host,
        request.instance_id,
        request.rack_id,
        request.rebalance_timeout_ms,
        names,
        request.subscribed_topic_regex,
        request.server_assignor,
        None if owned is None else [(topic.topic_id, topic.partitions) for topic in owned],
        may_see,
    )
    return when_ready(call.core.groups.consumers.heartbeat(call.node.id, heartbeat), _pack)


def is_served(call: Call) -> bool:
    """Whether the cluster has groups of the consumer protocol."""
    core = call.core
    protocols = core.settings["group.coordinator.rebalance.protocols"]
    return core.features.level("group.version") > 0 and "consumer" in protocols


def refuse(request: Any, call: Call, error: KafkaError) -> Any:
    """The error, without a text (`ConsumerGroupHeartbeatRequest.getErrorResponse`)."""
    return _pack(ConsumerHeartbeatResult(error.code))


def _pack(result: ConsumerHeartbeatResult) -> Any:
    code, message, member_id, member_epoch, interval_ms, assignment = result
    return _RESPONSE(
        throttle_time_ms=0,
        error_code=code,
        error_message=message,
        member_id=member_id,
        member_epoch=member_epoch,
        heartbeat_interval_ms=interval_ms,
        assignment=None
        if assignment is None
        else _ASSIGNMENT(
            topic_partitions=[
                _ASSIGNMENT.topic_partitions(topic_id=topic_id, partitions=partitions)
                for topic_id, partitions in assignment
            ]
        ),
    )
