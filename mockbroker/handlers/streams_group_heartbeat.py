"""StreamsGroupHeartbeat (KIP-1071).

Kafka: `KafkaApis.handleStreamsGroupHeartbeat`.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from functools import partial
from typing import Any

from mockbroker.core.groups.streams_messages import (
    AskedTopology,
    EndpointPartitions,
    StreamsHeartbeat,
    StreamsHeartbeatResult,
)
from mockbroker.core.groups.streams_tasks import OwnedTasks, task_lists
from mockbroker.core.groups.streams_topology import subtopologies_of
from mockbroker.core.topics import INTERNAL_TOPICS, check_topic_name
from mockbroker.handlers.call import Call
from mockbroker.handlers.streams_topics import create_missing_topics
from mockbroker.handlers.when_ready import when_ready
from protocol_specs.acls import AclOperation, ResourceType
from protocol_specs.errors import ErrorCode, KafkaError
from protocol_specs.streams_group_heartbeat import STREAMS_GROUP_HEARTBEAT

__all__ = ["handle", "is_served", "refuse"]

_RESPONSE = STREAMS_GROUP_HEARTBEAT.response
_ENDPOINT = _RESPONSE.partitions_by_user_endpoint


def handle(request: Any, call: Call) -> Any:
    if not is_served(call):
        return refuse(request, call, KafkaError(ErrorCode.UNSUPPORTED_VERSION))
    if not call.allows(AclOperation.READ, ResourceType.GROUP, request.group_id):
        return refuse(request, call, KafkaError(ErrorCode.GROUP_AUTHORIZATION_FAILED))
    topology = None
    if request.topology is not None:
        topology = AskedTopology(request.topology.epoch, subtopologies_of(request.topology))
        refused = _check_topics(topology, call)
        if refused is not None:
            return _pack(refused)
    endpoint, tags = request.user_endpoint, request.client_tags
    heartbeat = StreamsHeartbeat(
        request.group_id,
        request.member_id,
        request.member_epoch,
        call.client_id,
        call.caller.client_host,
        request.endpoint_information_epoch,
        request.instance_id,
        request.rack_id,
        request.rebalance_timeout_ms,
        topology,
        _owned(request.active_tasks),
        _owned(request.standby_tasks),
        _owned(request.warmup_tasks),
        request.process_id,
        None if endpoint is None else (endpoint.host, endpoint.port),
        None if tags is None else [(tag.key, tag.value) for tag in tags],
        request.task_offsets is not None,
        request.task_end_offsets is not None,
        request.shutdown_application,
        partial(create_missing_topics, call),
    )
    return when_ready(call.core.groups.streams.heartbeat(call.node.id, heartbeat), _pack)


def is_served(call: Call) -> bool:
    """Whether the cluster has groups of the streams protocol."""
    core = call.core
    protocols = core.settings["group.coordinator.rebalance.protocols"]
    return core.features.level("streams.version") > 0 and "streams" in protocols


def refuse(request: Any, call: Call, error: KafkaError) -> Any:
    """The error, without a text (`StreamsGroupHeartbeatRequest.getErrorResponse`)."""
    return _pack(StreamsHeartbeatResult(error.code))


def _check_topics(topology: AskedTopology, call: Call) -> StreamsHeartbeatResult | None:
    """Why a topology may not name the topics that it names."""
    names = dict.fromkeys(
        name
        for part in topology.subtopologies
        for name in (
            *part.source_topics,
            *part.repartition_sink_topics,
            *(topic.name for topic in part.repartition_source_topics),
            *(topic.name for topic in part.changelog_topics),
        )
    )
    internal = ",".join(name for name in names if name in INTERNAL_TOPICS)
    if internal:
        text = f"Use of Kafka internal topics {internal} in a Kafka Streams topology is prohibited."
        return StreamsHeartbeatResult(ErrorCode.STREAMS_INVALID_TOPOLOGY, text)
    invalid = [name for name in names if not _is_valid(name)]
    if invalid:
        text = f"Topic names {','.join(invalid)} are not valid topic names."
        return StreamsHeartbeatResult(ErrorCode.STREAMS_INVALID_TOPOLOGY, text)
    if not all(call.allows(AclOperation.DESCRIBE, ResourceType.TOPIC, name) for name in names):
        return StreamsHeartbeatResult(ErrorCode.TOPIC_AUTHORIZATION_FAILED)
    return None


def _is_valid(name: str) -> bool:
    try:
        check_topic_name(name)
    except KafkaError:
        return False
    return True


def _owned(tasks: Sequence[Any] | None) -> OwnedTasks:
    return None if tasks is None else [(of.subtopology_id, of.partitions) for of in tasks]


def _pack(result: StreamsHeartbeatResult) -> Any:
    tasks, endpoints = result.tasks, result.endpoints
    return _RESPONSE(
        throttle_time_ms=0,
        error_code=result.error_code,
        error_message=result.error_message,
        member_id=result.member_id,
        member_epoch=result.member_epoch,
        heartbeat_interval_ms=result.heartbeat_interval_ms,
        acceptable_recovery_lag=0,
        task_offset_interval_ms=0,
        status=[_RESPONSE.status(status_code=code, status_detail=detail) for code, detail in result.statuses],
        active_tasks=None if tasks is None else _task_ids(_RESPONSE.active_tasks, tasks.active),
        standby_tasks=None if tasks is None else _task_ids(_RESPONSE.standby_tasks, tasks.standby),
        warmup_tasks=None if tasks is None else _task_ids(_RESPONSE.warmup_tasks, tasks.warmup),
        endpoint_information_epoch=result.endpoint_epoch,
        partitions_by_user_endpoint=None if endpoints is None else [_endpoint(one) for one in endpoints],
    )


def _task_ids(schema: Any, tasks: Mapping[str, frozenset[int]]) -> list[Any]:
    return [schema(subtopology_id=id, partitions=partitions) for id, partitions in task_lists(tasks)]


def _endpoint(known: EndpointPartitions) -> Any:
    (host, port), active, standby = known
    return _ENDPOINT(
        user_endpoint=_ENDPOINT.user_endpoint(host=host, port=port),
        active_partitions=_partitions(_ENDPOINT.active_partitions, active),
        standby_partitions=_partitions(_ENDPOINT.standby_partitions, standby),
    )


def _partitions(schema: Any, topics: Iterable[tuple[str, Sequence[int]]]) -> list[Any]:
    return [schema(topic=name, partitions=partitions) for name, partitions in topics]
