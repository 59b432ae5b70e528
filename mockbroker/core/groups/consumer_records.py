"""What consumer groups write to `__consumer_offsets`, and what they read back.

Source: `GroupCoordinatorRecordHelpers`, `ConsumerGroupMember.Builder.updateWith`.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any

from mockbroker.core.groups.consumer_member import ClassicMetadata, ConsumerMember, Epochs
from mockbroker.core.groups.modern import MemberState
from mockbroker.core.groups.records import LogRecord
from protocol_specs.embedded import GROUP_RECORDS

if TYPE_CHECKING:
    from mockbroker.core.groups.assignors.spec import Assignment
    from mockbroker.core.groups.resolved_regex import ResolvedRegex

__all__ = [
    "CURRENT_ASSIGNMENT",
    "GROUP_EPOCH",
    "MEMBER",
    "PARTITION_METADATA",
    "REGEX",
    "TARGET",
    "TARGET_EPOCH",
    "assigned_member",
    "assignment_of",
    "current_assignment",
    "epochs_of",
    "group_epoch",
    "group_tombstones",
    "member_metadata",
    "member_tombstones",
    "partition_metadata_tombstone",
    "regex",
    "regex_tombstone",
    "subscribed_member",
    "target",
    "target_epoch",
]

GROUP_EPOCH = 3
PARTITION_METADATA = 4
MEMBER = 5
TARGET_EPOCH = 6
TARGET = 7
CURRENT_ASSIGNMENT = 8
REGEX = 16

_GROUP_EPOCH = GROUP_RECORDS[GROUP_EPOCH]
_PARTITION_METADATA = GROUP_RECORDS[PARTITION_METADATA]
_MEMBER = GROUP_RECORDS[MEMBER]
_TARGET_EPOCH = GROUP_RECORDS[TARGET_EPOCH]
_TARGET = GROUP_RECORDS[TARGET]
_CURRENT = GROUP_RECORDS[CURRENT_ASSIGNMENT]
_REGEX = GROUP_RECORDS[REGEX]


# Of the group.


def group_epoch(group_id: str, epoch: int, metadata_hash: int) -> LogRecord:
    """The group's epoch, and the hash of its topics at that time."""
    value = _GROUP_EPOCH.value(epoch=epoch, metadata_hash=metadata_hash)
    return LogRecord(_GROUP_EPOCH, _GROUP_EPOCH.key(group_id=group_id), value)


def target_epoch(group_id: str, epoch: int, timestamp_ms: int) -> LogRecord:
    """The epoch of the target assignment, and when it was made. It is written behind its members'."""
    value = _TARGET_EPOCH.value(assignment_epoch=epoch, assignment_timestamp=timestamp_ms)
    return LogRecord(_TARGET_EPOCH, _TARGET_EPOCH.key(group_id=group_id), value)


def partition_metadata_tombstone(group_id: str) -> LogRecord:
    """The end of what brokers before 4.1 wrote of the topics."""
    return LogRecord(_PARTITION_METADATA, _PARTITION_METADATA.key(group_id=group_id))


def regex(group_id: str, expression: str, resolved: ResolvedRegex) -> LogRecord:
    """What a regular expression was found to match."""
    value = _REGEX.value(
        topics=sorted(resolved.topics), version=resolved.version, timestamp=resolved.timestamp_ms
    )
    return LogRecord(_REGEX, _REGEX.key(group_id=group_id, regular_expression=expression), value)


def regex_tombstone(group_id: str, expression: str) -> LogRecord:
    """Nobody subscribes to a regular expression any more."""
    return LogRecord(_REGEX, _REGEX.key(group_id=group_id, regular_expression=expression))


def group_tombstones(group_id: str, members: Iterable[str], regexes: Iterable[str]) -> list[LogRecord]:
    """The end of a group, with all its members."""
    ids = list(members)
    of_group = {"group_id": group_id}
    return [
        *(LogRecord(_CURRENT, _CURRENT.key(member_id=id, **of_group)) for id in ids),
        *(LogRecord(_TARGET, _TARGET.key(member_id=id, **of_group)) for id in ids),
        LogRecord(_TARGET_EPOCH, _TARGET_EPOCH.key(**of_group)),
        *(LogRecord(_MEMBER, _MEMBER.key(member_id=id, **of_group)) for id in ids),
        *(regex_tombstone(group_id, expression) for expression in regexes),
        partition_metadata_tombstone(group_id),
        LogRecord(_GROUP_EPOCH, _GROUP_EPOCH.key(**of_group)),
    ]


# Of a member.


def member_metadata(group_id: str, member: ConsumerMember) -> LogRecord:
    """A member, but for its assignment."""
    classic = None
    if member.classic is not None:
        schema = _MEMBER.value.classic_member_metadata
        classic = schema(
            session_timeout_ms=member.classic.session_timeout_ms,
            supported_protocols=[
                schema.supported_protocols(name=name, metadata=metadata)
                for name, metadata in member.classic.protocols
            ],
        )
    value = _MEMBER.value(
        instance_id=member.instance_id,
        rack_id=member.rack_id,
        client_id=member.client_id,
        client_host=member.client_host,
        subscribed_topic_names=sorted(member.subscribed_topic_names),
        subscribed_topic_regex=member.subscribed_topic_regex,
        rebalance_timeout_ms=member.rebalance_timeout_ms,
        server_assignor=member.server_assignor,
        classic_member_metadata=classic,
    )
    return LogRecord(_MEMBER, _MEMBER.key(group_id=group_id, member_id=member.member_id), value)


def subscribed_member(member: ConsumerMember, value: Any) -> ConsumerMember:
    """A member, as its metadata record tells of it now."""
    metadata = value.classic_member_metadata
    classic = None
    if metadata is not None:
        protocols = tuple((protocol.name, protocol.metadata) for protocol in metadata.supported_protocols)
        classic = ClassicMetadata(metadata.session_timeout_ms, protocols)
    return member._replace(
        instance_id=value.instance_id,
        rack_id=value.rack_id,
        client_id=value.client_id,
        client_host=value.client_host,
        subscribed_topic_names=frozenset(value.subscribed_topic_names),
        subscribed_topic_regex=value.subscribed_topic_regex or "",
        rebalance_timeout_ms=value.rebalance_timeout_ms,
        server_assignor=value.server_assignor,
        classic=classic,
    )


def target(group_id: str, member_id: str, assignment: Assignment) -> LogRecord:
    """What a member is to have."""
    value = _TARGET.value(
        topic_partitions=[
            _TARGET.value.topic_partitions(topic_id=topic_id, partitions=sorted(partitions))
            for topic_id, partitions in assignment.items()
        ]
    )
    return LogRecord(_TARGET, _TARGET.key(group_id=group_id, member_id=member_id), value)


def assignment_of(value: Any) -> Assignment:
    """What a target assignment record says."""
    return {topic.topic_id: frozenset(topic.partitions) for topic in value.topic_partitions}


def current_assignment(group_id: str, member: ConsumerMember) -> LogRecord:
    """How far a member has come."""
    value = _CURRENT.value(
        member_epoch=member.member_epoch,
        previous_member_epoch=member.previous_member_epoch,
        state=member.state,
        assigned_partitions=_topics(_CURRENT.value.assigned_partitions, member.assigned),
        partitions_pending_revocation=_topics(
            _CURRENT.value.partitions_pending_revocation, member.pending_revocation
        ),
    )
    return LogRecord(_CURRENT, _CURRENT.key(group_id=group_id, member_id=member.member_id), value)


def _topics(schema: Any, epochs: Epochs) -> list[Any]:
    topics = []
    for topic_id, partitions in epochs.items():
        indexes = sorted(partitions)
        given = [partitions[index] for index in indexes]
        topics.append(schema(topic_id=topic_id, partitions=indexes, assignment_epochs=given))
    return topics


def assigned_member(member: ConsumerMember, value: Any) -> ConsumerMember:
    """A member, as its current assignment record tells of it now."""
    return member._replace(
        member_epoch=value.member_epoch,
        previous_member_epoch=value.previous_member_epoch,
        state=MemberState(value.state),
        assigned=_epochs(value.assigned_partitions, value.member_epoch),
        pending_revocation=_epochs(value.partitions_pending_revocation, value.member_epoch),
    )


def _epochs(topics: Iterable[Any], member_epoch: int) -> Epochs:
    """Records of brokers before 4.3 tell no epochs: the member's own then stands for them."""
    return {
        topic.topic_id: (
            dict(zip(topic.partitions, topic.assignment_epochs, strict=True))
            if len(topic.assignment_epochs or ()) == len(topic.partitions)
            else dict.fromkeys(topic.partitions, max(member_epoch, 0))
        )
        for topic in topics
    }


def epochs_of(assignment: Mapping[bytes, Iterable[int]], epoch: int) -> Epochs:
    """An assignment that was given in one epoch."""
    return {topic_id: dict.fromkeys(partitions, epoch) for topic_id, partitions in assignment.items()}


def member_tombstones(group_id: str, member_id: str) -> list[LogRecord]:
    """The end of a member."""
    return [
        LogRecord(kind, kind.key(group_id=group_id, member_id=member_id))
        for kind in (_CURRENT, _TARGET, _MEMBER)
    ]
