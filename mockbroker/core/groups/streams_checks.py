"""What is refused of a StreamsGroupHeartbeat.

Kafka 4.3 does not support static members, regular expressions of source topics, warm-up tasks, and tasks' offsets yet.

Source: `GroupCoordinatorService.throwIfStreamsGroupHeartbeatRequestIsInvalid` and `...UsingUnsupportedFeatures`,
`GroupMetadataManager.throwIfStreamsGroupMemberEpochIsInvalid`, `.throwIfRequestContainsInvalidTasks`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from mockbroker.core.groups.modern import JOINING_EPOCH, LEAVING_STATIC_EPOCH
from protocol_specs.errors import ErrorCode, KafkaError

if TYPE_CHECKING:
    from mockbroker.core.groups.streams_configure import ConfiguredTopology
    from mockbroker.core.groups.streams_member import StreamsMember
    from mockbroker.core.groups.streams_messages import StreamsHeartbeat
    from mockbroker.core.groups.streams_tasks import OwnedTasks, TaskSet

__all__ = ["check_epoch", "check_request", "check_tasks"]


def check_request(request: StreamsHeartbeat) -> None:
    """Refuse what no member may say.

    Raises:
        KafkaError: INVALID_REQUEST, STREAMS_INVALID_TOPOLOGY.
    """
    _check_supported(request)
    epoch = request.member_epoch
    for text, name in (
        (request.member_id, "MemberId"),
        (request.group_id, "GroupId"),
        (request.instance_id, "InstanceId"),
        (request.rack_id, "RackId"),
    ):
        # Java's trim() takes away spaces and all control characters before them.
        if text is not None and all(char <= " " for char in text):
            raise _invalid(f"{name} can't be empty.")
    if epoch == JOINING_EPOCH:
        _check_join(request)
    elif epoch == LEAVING_STATIC_EPOCH:
        raise _invalid("InstanceId can't be null.")
    elif epoch < LEAVING_STATIC_EPOCH:
        raise _invalid(f"MemberEpoch is {epoch}, but must be greater than or equal to -2.")
    kinds = (request.active, request.standby, request.warmup)
    if None in kinds and any(kind is not None for kind in kinds):
        raise _invalid("If one task-type is non-null, all must be non-null.")
    if epoch != JOINING_EPOCH and request.topology is not None:
        raise _invalid("Topology can only be provided when (re-)joining.")


def _check_supported(request: StreamsHeartbeat) -> None:
    if request.instance_id is not None:
        raise _invalid("Static membership is not yet supported.")
    if request.says_offsets:
        raise _invalid("TaskOffsets are not supported yet.")
    if request.says_end_offsets:
        raise _invalid("TaskEndOffsets are not supported yet.")
    if request.warmup:
        raise _invalid("WarmupTasks are not supported yet.")
    if request.topology is not None and any(
        part.source_topic_regex for part in request.topology.subtopologies
    ):
        raise _invalid("Regular expressions for source topics are not supported yet.")


def _check_join(request: StreamsHeartbeat) -> None:
    if request.rebalance_timeout_ms == -1:
        raise _invalid("RebalanceTimeoutMs must be provided in first request.")
    for owned, name in (
        (request.active, "ActiveTasks"),
        (request.standby, "StandbyTasks"),
        (request.warmup, "WarmupTasks"),
    ):
        if owned is None or owned:
            raise _invalid(f"{name} must be empty when (re-)joining.")
    if request.topology is None:
        raise _invalid("Topology must be non-null when (re-)joining.")
    for part in request.topology.subtopologies:
        for topic in part.changelog_topics:
            if topic.partitions:
                raise KafkaError(
                    ErrorCode.STREAMS_INVALID_TOPOLOGY,
                    f"Changelog topic {topic.name} must have an undefined partition count, but it is set to "
                    f"{topic.partitions}.",
                )


def _invalid(text: str) -> KafkaError:
    return KafkaError(ErrorCode.INVALID_REQUEST, text)


def check_epoch(member: StreamsMember, request: StreamsHeartbeat) -> None:
    """Refuse a heartbeat of another epoch.

    Raises:
        KafkaError: FENCED_MEMBER_EPOCH.
    """
    epoch = request.member_epoch
    if epoch == member.member_epoch:
        return
    has = member.assigned.tasks
    says = (request.active, request.standby, request.warmup)
    if (
        epoch < member.member_epoch
        and epoch == member.previous_member_epoch
        and all(_are_among(owned, given) for owned, given in zip(says, has, strict=True))
    ):
        return
    order = "greater" if epoch > member.member_epoch else "smaller"
    raise KafkaError(
        ErrorCode.FENCED_MEMBER_EPOCH,
        f"The streams group member has a {order} member epoch ({epoch}) than the one known by the group "
        f"coordinator ({member.member_epoch}). The member must abandon all its partitions and rejoin.",
    )


def _are_among(owned: OwnedTasks, given: TaskSet) -> bool:
    return owned is not None and all(id in given and given[id].issuperset(of) for id, of in owned)


def check_tasks(configured: ConfiguredTopology, request: StreamsHeartbeat) -> None:
    """Refuse tasks that there are not.

    Raises:
        KafkaError: INVALID_REQUEST.
    """
    parts = configured.subtopologies or {}
    for owned in (request.active, request.standby, request.warmup):
        for id, indexes in owned or ():
            if id not in parts:
                raise _invalid(f"Subtopology {id} does not exist in the topology.")
            tasks = parts[id].tasks
            for index in indexes:
                if not 0 <= index < tasks:
                    text = f"Task {index} for subtopology {id} is invalid. "
                    text += f"Number of tasks for this subtopology: {tasks}"
                    raise _invalid(text)
