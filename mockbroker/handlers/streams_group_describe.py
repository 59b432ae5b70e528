"""StreamsGroupDescribe (KIP-1071).

Kafka: `KafkaApis.handleStreamsGroupDescribe`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from mockbroker.core.groups.streams_messages import (
    DescribedStreams,
    DescribedStreamsGroup,
    DescribedSubtopology,
    DescribedTopology,
)
from mockbroker.core.groups.streams_tasks import Tasks, task_lists
from mockbroker.handlers.authorized_operations import NOT_ASKED, operations_on
from mockbroker.handlers.call import Call
from mockbroker.handlers.group_order import by_coordinator
from mockbroker.handlers.streams_group_heartbeat import is_served
from protocol_specs.acls import AclOperation, ResourceType
from protocol_specs.errors import ErrorCode, KafkaError
from protocol_specs.streams_group_describe import STREAMS_GROUP_DESCRIBE

if TYPE_CHECKING:
    from mockbroker.core.groups.streams_topology import InternalTopic

__all__ = ["handle", "refuse"]

_RESPONSE = STREAMS_GROUP_DESCRIBE.response
_GROUP = _RESPONSE.groups
_TOPOLOGY = _GROUP.topology
_SUBTOPOLOGY = _TOPOLOGY.subtopologies
_MEMBER = _GROUP.members


def handle(request: Any, call: Call) -> Any:
    if not is_served(call):
        return refuse(request, call, KafkaError(ErrorCode.UNSUPPORTED_VERSION))
    allowed, described = [], []
    for group_id in request.group_ids:
        if call.allows(AclOperation.DESCRIBE, ResourceType.GROUP, group_id):
            allowed.append(group_id)
        else:
            described.append(DescribedStreamsGroup(group_id, ErrorCode.GROUP_AUTHORIZATION_FAILED))
    described += call.core.groups.streams.describe(call.node.id, by_coordinator(call, allowed))
    shows_operations = request.include_authorized_operations
    return _RESPONSE(
        throttle_time_ms=0,
        groups=[_pack(_visible(group, call), call, shows_operations) for group in described],
    )


def refuse(request: Any, call: Call, error: KafkaError) -> Any:
    """The error, for each group (`StreamsGroupDescribeRequest.getErrorResponse`)."""
    groups = [DescribedStreamsGroup(group_id, error.code) for group_id in request.group_ids]
    return _RESPONSE(throttle_time_ms=0, groups=[_pack(group, call, False) for group in groups])


def _visible(group: DescribedStreamsGroup, call: Call) -> DescribedStreamsGroup:
    """The group, or a refusal where it has a topic that the client may not see."""
    names = {
        name
        for part in (() if group.topology is None else group.topology.subtopologies)
        for name in (
            *part.source_topics,
            *part.repartition_sink_topics,
            *(topic.name for topic in part.repartition_source_topics),
            *(topic.name for topic in part.changelog_topics),
        )
    }
    if all(call.allows(AclOperation.DESCRIBE, ResourceType.TOPIC, name) for name in sorted(names)):
        return group
    text = "The described group uses topics that the client is not authorized to describe."
    return DescribedStreamsGroup(group.group_id, ErrorCode.TOPIC_AUTHORIZATION_FAILED, text)


def _pack(group: DescribedStreamsGroup, call: Call, shows_operations: bool) -> Any:
    return _GROUP(
        error_code=group.error_code,
        error_message=group.error_message,
        group_id=group.group_id,
        group_state=group.state,
        group_epoch=group.group_epoch,
        assignment_epoch=group.assignment_epoch,
        topology=None if group.topology is None else _pack_topology(group.topology),
        members=[_pack_member(member) for member in group.members],
        authorized_operations=(
            operations_on(call, ResourceType.GROUP, group.group_id)
            if shows_operations and not group.error_code
            else NOT_ASKED
        ),
    )


def _pack_topology(topology: DescribedTopology) -> Any:
    return _TOPOLOGY(
        epoch=topology.epoch, subtopologies=[_pack_subtopology(part) for part in topology.subtopologies]
    )


def _pack_subtopology(part: DescribedSubtopology) -> Any:
    return _SUBTOPOLOGY(
        subtopology_id=part.subtopology_id,
        source_topics=part.source_topics,
        repartition_sink_topics=part.repartition_sink_topics,
        state_changelog_topics=_topics(_SUBTOPOLOGY.state_changelog_topics, part.changelog_topics),
        repartition_source_topics=_topics(
            _SUBTOPOLOGY.repartition_source_topics, part.repartition_source_topics
        ),
    )


def _topics(schema: Any, topics: Sequence[InternalTopic]) -> list[Any]:
    return [
        schema(
            name=topic.name,
            partitions=topic.partitions,
            replication_factor=topic.replication_factor,
            topic_configs=[
                schema.topic_configs(key=name, value=value) for name, value in topic.configs.items()
            ],
        )
        for topic in topics
    ]


def _pack_member(member: DescribedStreams) -> Any:
    endpoint = member.user_endpoint
    return _MEMBER(
        member_id=member.member_id,
        member_epoch=member.member_epoch,
        instance_id=member.instance_id,
        rack_id=member.rack_id,
        client_id=member.client_id,
        client_host=member.client_host,
        topology_epoch=member.topology_epoch,
        process_id=member.process_id,
        user_endpoint=None if endpoint is None else _MEMBER.user_endpoint(host=endpoint[0], port=endpoint[1]),
        client_tags=[_MEMBER.client_tags(key=key, value=value) for key, value in member.client_tags.items()],
        task_offsets=[],
        task_end_offsets=[],
        assignment=_pack_tasks(_MEMBER.assignment, member.tasks),
        target_assignment=_pack_tasks(_MEMBER.target_assignment, member.target),
        is_classic=False,
    )


def _pack_tasks(schema: Any, tasks: Tasks) -> Any:
    return schema(
        active_tasks=_task_ids(schema.active_tasks, tasks.active),
        standby_tasks=_task_ids(schema.standby_tasks, tasks.standby),
        warmup_tasks=_task_ids(schema.warmup_tasks, tasks.warmup),
    )


def _task_ids(schema: Any, tasks: Mapping[str, frozenset[int]]) -> list[Any]:
    return [schema(subtopology_id=id, partitions=partitions) for id, partitions in task_lists(tasks)]
