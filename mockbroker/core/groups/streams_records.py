"""What streams groups write to `__consumer_offsets`, and what they read back.

Source: `StreamsCoordinatorRecordHelpers`, `StreamsGroupMember.Builder.updateWith`.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from mockbroker.core.groups.modern import MemberState
from mockbroker.core.groups.records import LogRecord
from mockbroker.core.groups.streams_tasks import MemberTasks, Tasks, TaskSet, task_lists
from protocol_specs.embedded import GROUP_RECORDS

if TYPE_CHECKING:
    from mockbroker.core.groups.streams_member import StreamsMember
    from mockbroker.core.groups.streams_topology import Subtopology, TopicInfo

__all__ = [
    "CURRENT_ASSIGNMENT",
    "GROUP_EPOCH",
    "MEMBER",
    "TARGET",
    "TARGET_EPOCH",
    "TOPOLOGY",
    "assigned_member",
    "current_assignment",
    "group_epoch",
    "group_tombstones",
    "member_metadata",
    "member_tombstones",
    "target",
    "target_epoch",
    "tasks_of",
    "told_member",
    "topology",
]

GROUP_EPOCH = 17
MEMBER = 19
TARGET_EPOCH = 20
TARGET = 21
CURRENT_ASSIGNMENT = 22
TOPOLOGY = 23

_GROUP_EPOCH = GROUP_RECORDS[GROUP_EPOCH]
_MEMBER = GROUP_RECORDS[MEMBER]
_TARGET_EPOCH = GROUP_RECORDS[TARGET_EPOCH]
_TARGET = GROUP_RECORDS[TARGET]
_CURRENT = GROUP_RECORDS[CURRENT_ASSIGNMENT]
_TOPOLOGY = GROUP_RECORDS[TOPOLOGY]

#: The states of members have numbers of their own here.
_NUMBERS = {
    MemberState.STABLE: 1,
    MemberState.UNREVOKED_PARTITIONS: 2,
    MemberState.UNRELEASED_PARTITIONS: 3,
    MemberState.UNKNOWN: 127,
}
_STATES = {number: state for state, number in _NUMBERS.items()}


# Of the group.


def group_epoch(
    group_id: str, epoch: int, metadata_hash: int, validated_topology_epoch: int, configs: Mapping[str, str]
) -> LogRecord:
    """The group's epoch, with the hash of its topics and the configs of its assignment at that time."""
    value = _GROUP_EPOCH.value(
        epoch=epoch,
        metadata_hash=metadata_hash,
        validated_topology_epoch=validated_topology_epoch,
        last_assignment_configs=[
            _GROUP_EPOCH.value.last_assignment_configs(key=name, value=configs[name])
            for name in sorted(configs)
        ],
    )
    return LogRecord(_GROUP_EPOCH, _GROUP_EPOCH.key(group_id=group_id), value)


def target_epoch(group_id: str, epoch: int, timestamp_ms: int) -> LogRecord:
    """The epoch of the target assignment, and when it was made. It is written behind its members'."""
    value = _TARGET_EPOCH.value(assignment_epoch=epoch, assignment_timestamp=timestamp_ms)
    return LogRecord(_TARGET_EPOCH, _TARGET_EPOCH.key(group_id=group_id), value)


def topology(group_id: str, epoch: int, subtopologies: Iterable[Subtopology]) -> LogRecord:
    """The topology of the application, as its first member told it."""
    schema = _TOPOLOGY.value.subtopologies
    value = _TOPOLOGY.value(
        epoch=epoch,
        subtopologies=[
            schema(
                subtopology_id=part.subtopology_id,
                source_topics=part.source_topics,
                source_topic_regex=part.source_topic_regex,
                state_changelog_topics=_topics(schema.state_changelog_topics, part.changelog_topics),
                repartition_sink_topics=part.repartition_sink_topics,
                repartition_source_topics=_topics(
                    schema.repartition_source_topics, part.repartition_source_topics
                ),
                copartition_groups=[
                    schema.copartition_groups(**group._asdict()) for group in part.copartition_groups
                ],
            )
            for part in subtopologies
        ],
    )
    return LogRecord(_TOPOLOGY, _TOPOLOGY.key(group_id=group_id), value)


def _topics(schema: Any, topics: Sequence[TopicInfo]) -> list[Any]:
    return [
        schema(
            name=topic.name,
            partitions=topic.partitions,
            replication_factor=topic.replication_factor,
            topic_configs=[schema.topic_configs(key=key, value=value) for key, value in topic.configs],
        )
        for topic in topics
    ]


def group_tombstones(group_id: str, members: Iterable[str]) -> list[LogRecord]:
    """The end of a group, with all its members."""
    ids = list(members)
    of_group = {"group_id": group_id}
    return [
        *(LogRecord(_CURRENT, _CURRENT.key(member_id=id, **of_group)) for id in ids),
        *(LogRecord(_TARGET, _TARGET.key(member_id=id, **of_group)) for id in ids),
        LogRecord(_TARGET_EPOCH, _TARGET_EPOCH.key(**of_group)),
        *(LogRecord(_MEMBER, _MEMBER.key(member_id=id, **of_group)) for id in ids),
        LogRecord(_GROUP_EPOCH, _GROUP_EPOCH.key(**of_group)),
        LogRecord(_TOPOLOGY, _TOPOLOGY.key(**of_group)),
    ]


# Of a member.


def member_metadata(group_id: str, member: StreamsMember) -> LogRecord:
    """A member, but for its tasks."""
    endpoint = member.user_endpoint
    value = _MEMBER.value(
        instance_id=member.instance_id,
        rack_id=member.rack_id,
        client_id=member.client_id,
        client_host=member.client_host,
        rebalance_timeout_ms=member.rebalance_timeout_ms,
        topology_epoch=member.topology_epoch,
        process_id=member.process_id,
        user_endpoint=None
        if endpoint is None
        else _MEMBER.value.user_endpoint(host=endpoint[0], port=endpoint[1]),
        client_tags=[
            _MEMBER.value.client_tags(key=name, value=member.client_tags[name])
            for name in sorted(member.client_tags)
        ],
    )
    return LogRecord(_MEMBER, _MEMBER.key(group_id=group_id, member_id=member.member_id), value)


def told_member(member: StreamsMember, value: Any) -> StreamsMember:
    """A member, as its metadata record tells of it now."""
    endpoint = value.user_endpoint
    return member._replace(
        instance_id=value.instance_id,
        rack_id=value.rack_id,
        client_id=value.client_id,
        client_host=value.client_host,
        rebalance_timeout_ms=value.rebalance_timeout_ms,
        topology_epoch=value.topology_epoch,
        process_id=value.process_id,
        user_endpoint=None if endpoint is None else (endpoint.host, endpoint.port),
        client_tags={tag.key: tag.value for tag in value.client_tags},
    )


def target(group_id: str, member_id: str, tasks: Tasks) -> LogRecord:
    """What a member is to have."""
    schema = _TARGET.value
    value = schema(
        active_tasks=_task_ids(schema.active_tasks, tasks.active),
        standby_tasks=_task_ids(schema.standby_tasks, tasks.standby),
        warmup_tasks=_task_ids(schema.warmup_tasks, tasks.warmup),
    )
    return LogRecord(_TARGET, _TARGET.key(group_id=group_id, member_id=member_id), value)


def tasks_of(value: Any) -> Tasks:
    """What a target assignment record says."""
    return Tasks(_tasks(value.active_tasks), _tasks(value.standby_tasks), _tasks(value.warmup_tasks))


def current_assignment(group_id: str, member: StreamsMember) -> LogRecord:
    """How far a member has come."""
    schema = _CURRENT.value
    has, pending = member.assigned, member.pending_revocation
    value = schema(
        member_epoch=member.member_epoch,
        previous_member_epoch=member.previous_member_epoch,
        state=_NUMBERS[member.state],
        active_tasks=_task_epochs(schema.active_tasks, has),
        standby_tasks=_task_ids(schema.standby_tasks, has.standby),
        warmup_tasks=_task_ids(schema.warmup_tasks, has.warmup),
        active_tasks_pending_revocation=_task_epochs(schema.active_tasks_pending_revocation, pending),
        standby_tasks_pending_revocation=_task_ids(schema.standby_tasks_pending_revocation, pending.standby),
        warmup_tasks_pending_revocation=_task_ids(schema.warmup_tasks_pending_revocation, pending.warmup),
    )
    return LogRecord(_CURRENT, _CURRENT.key(group_id=group_id, member_id=member.member_id), value)


def assigned_member(member: StreamsMember, value: Any) -> StreamsMember:
    """A member, as its current assignment record tells of it now."""
    epoch = value.member_epoch
    return member._replace(
        member_epoch=epoch,
        previous_member_epoch=value.previous_member_epoch,
        state=_STATES.get(value.state, MemberState.UNKNOWN),
        assigned=MemberTasks(
            _epochs(value.active_tasks, epoch), _tasks(value.standby_tasks), _tasks(value.warmup_tasks)
        ),
        pending_revocation=MemberTasks(
            _epochs(value.active_tasks_pending_revocation, epoch),
            _tasks(value.standby_tasks_pending_revocation),
            _tasks(value.warmup_tasks_pending_revocation),
        ),
    )


def _task_ids(schema: Any, tasks: TaskSet) -> list[Any]:
    return [schema(subtopology_id=id, partitions=partitions) for id, partitions in task_lists(tasks)]


def _task_epochs(schema: Any, tasks: MemberTasks) -> list[Any]:
    active = tasks.active
    return [
        schema(
            subtopology_id=id,
            partitions=partitions,
            assignment_epochs=[active[id][index] for index in partitions],
        )
        for id, partitions in task_lists(active)
    ]


def _tasks(task_ids: Iterable[Any]) -> TaskSet:
    return {of.subtopology_id: frozenset(of.partitions) for of in task_ids}


def _epochs(task_ids: Iterable[Any], member_epoch: int) -> dict[str, dict[int, int]]:
    """Records of brokers before 4.3 tell no epochs: the member's own then stands for them."""
    return {
        of.subtopology_id: (
            dict(zip(of.partitions, of.assignment_epochs, strict=True))
            if len(of.assignment_epochs or ()) == len(of.partitions)
            else dict.fromkeys(of.partitions, member_epoch)
        )
        for of in task_ids
    }


def member_tombstones(group_id: str, member_id: str) -> list[LogRecord]:
    """The end of a member."""
    return [
        LogRecord(kind, kind.key(group_id=group_id, member_id=member_id))
        for kind in (_CURRENT, _TARGET, _MEMBER)
    ]
