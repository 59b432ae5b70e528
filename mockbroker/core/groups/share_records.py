"""What share groups write to `__consumer_offsets`, and what they read back.

Source: `GroupCoordinatorRecordHelpers`, `ShareGroupMember.Builder.updateWith`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import TYPE_CHECKING, Any

from mockbroker.core.groups.modern import MemberState
from mockbroker.core.groups.records import LogRecord
from mockbroker.core.groups.share_topics import ShareTopic, ShareTopics
from protocol_specs.embedded import GROUP_RECORDS

if TYPE_CHECKING:
    from mockbroker.core.groups.assignors.spec import Assignment
    from mockbroker.core.groups.share_member import ShareMember

__all__ = [
    "CURRENT_ASSIGNMENT",
    "GROUP_EPOCH",
    "MEMBER",
    "STATE_PARTITIONS",
    "TARGET",
    "TARGET_EPOCH",
    "assigned_member",
    "assignment_of",
    "current_assignment",
    "group_epoch",
    "group_tombstones",
    "member_metadata",
    "member_tombstones",
    "state_partitions",
    "subscribed_member",
    "target",
    "target_epoch",
    "topics_of",
]

MEMBER = 10
GROUP_EPOCH = 11
TARGET_EPOCH = 12
TARGET = 13
CURRENT_ASSIGNMENT = 14
STATE_PARTITIONS = 15

_MEMBER = GROUP_RECORDS[MEMBER]
_GROUP_EPOCH = GROUP_RECORDS[GROUP_EPOCH]
_TARGET_EPOCH = GROUP_RECORDS[TARGET_EPOCH]
_TARGET = GROUP_RECORDS[TARGET]
_CURRENT = GROUP_RECORDS[CURRENT_ASSIGNMENT]
_STATE_PARTITIONS = GROUP_RECORDS[STATE_PARTITIONS]


# Of the group.


def group_epoch(group_id: str, epoch: int, metadata_hash: int) -> LogRecord:
    """The group's epoch, and the hash of its topics at that time."""
    value = _GROUP_EPOCH.value(epoch=epoch, metadata_hash=metadata_hash)
    return LogRecord(_GROUP_EPOCH, _GROUP_EPOCH.key(group_id=group_id), value)


def target_epoch(group_id: str, epoch: int, timestamp_ms: int) -> LogRecord:
    """The epoch of the target assignment, and when it was made. It is written behind its members'."""
    value = _TARGET_EPOCH.value(assignment_epoch=epoch, assignment_timestamp=timestamp_ms)
    return LogRecord(_TARGET_EPOCH, _TARGET_EPOCH.key(group_id=group_id), value)


def state_partitions(group_id: str, topics: ShareTopics, name_of: Callable[[bytes], str]) -> LogRecord:
    """Of which partitions the group has state at the share coordinator.

    Args:
        name_of: tells the name of a topic.
    """
    schema = _STATE_PARTITIONS.value
    value = schema(
        initializing_topics=_topics(schema.initializing_topics, topics.initializing),
        initialized_topics=_topics(schema.initialized_topics, topics.initialized),
        deleting_topics=[
            schema.deleting_topics(topic_id=topic_id, topic_name=name_of(topic_id))
            for topic_id in sorted(topics.deleting)
        ],
    )
    return LogRecord(_STATE_PARTITIONS, _STATE_PARTITIONS.key(group_id=group_id), value)


def _topics(schema: Any, topics: Mapping[bytes, ShareTopic]) -> list[Any]:
    return [
        schema(topic_id=topic_id, topic_name=topic.name, partitions=sorted(topic.partitions))
        for topic_id, topic in topics.items()
    ]


def topics_of(value: Any, now_ms: int) -> ShareTopics:
    """What such a record says, as of now."""
    return ShareTopics(
        _topics_by_id(value.initializing_topics, now_ms),
        _topics_by_id(value.initialized_topics, now_ms),
        frozenset(topic.topic_id for topic in value.deleting_topics),
    )


def _topics_by_id(topics: Iterable[Any], now_ms: int) -> dict[bytes, ShareTopic]:
    return {
        topic.topic_id: ShareTopic(topic.topic_name, frozenset(topic.partitions), now_ms) for topic in topics
    }


def group_tombstones(group_id: str, members: Iterable[str]) -> list[LogRecord]:
    """The end of a group, with all its members."""
    ids = list(members)
    of_group = {"group_id": group_id}
    return [
        *(LogRecord(_CURRENT, _CURRENT.key(member_id=id, **of_group)) for id in ids),
        *(LogRecord(_TARGET, _TARGET.key(member_id=id, **of_group)) for id in ids),
        LogRecord(_TARGET_EPOCH, _TARGET_EPOCH.key(**of_group)),
        *(LogRecord(_MEMBER, _MEMBER.key(member_id=id, **of_group)) for id in ids),
        LogRecord(_STATE_PARTITIONS, _STATE_PARTITIONS.key(**of_group)),
        LogRecord(_GROUP_EPOCH, _GROUP_EPOCH.key(**of_group)),
    ]


# Of a member.


def member_metadata(group_id: str, member: ShareMember) -> LogRecord:
    """A member, but for its assignment."""
    value = _MEMBER.value(
        rack_id=member.rack_id,
        client_id=member.client_id,
        client_host=member.client_host,
        subscribed_topic_names=sorted(member.subscribed_topic_names),
    )
    return LogRecord(_MEMBER, _MEMBER.key(group_id=group_id, member_id=member.member_id), value)


def subscribed_member(member: ShareMember, value: Any) -> ShareMember:
    """A member, as its metadata record tells of it now."""
    return member._replace(
        rack_id=value.rack_id,
        client_id=value.client_id,
        client_host=value.client_host,
        subscribed_topic_names=frozenset(value.subscribed_topic_names),
    )


def target(group_id: str, member_id: str, assignment: Assignment) -> LogRecord:
    """What a member is to have."""
    value = _TARGET.value(topic_partitions=_partitions(_TARGET.value.topic_partitions, assignment))
    return LogRecord(_TARGET, _TARGET.key(group_id=group_id, member_id=member_id), value)


def _partitions(schema: Any, assignment: Assignment) -> list[Any]:
    return [
        schema(topic_id=topic_id, partitions=sorted(partitions))
        for topic_id, partitions in assignment.items()
    ]


def assignment_of(topics: Iterable[Any]) -> Assignment:
    """Partitions by topic id, of a list of topics with partitions."""
    return {topic.topic_id: frozenset(topic.partitions) for topic in topics}


def current_assignment(group_id: str, member: ShareMember) -> LogRecord:
    """How far a member has come."""
    value = _CURRENT.value(
        member_epoch=member.member_epoch,
        previous_member_epoch=member.previous_member_epoch,
        state=member.state,
        assigned_partitions=_partitions(_CURRENT.value.assigned_partitions, member.assigned),
    )
    return LogRecord(_CURRENT, _CURRENT.key(group_id=group_id, member_id=member.member_id), value)


def assigned_member(member: ShareMember, value: Any) -> ShareMember:
    """A member, as its current assignment record tells of it now."""
    return member._replace(
        member_epoch=value.member_epoch,
        previous_member_epoch=value.previous_member_epoch,
        state=MemberState(value.state),
        assigned=assignment_of(value.assigned_partitions),
    )


def member_tombstones(group_id: str, member_id: str) -> list[LogRecord]:
    """The end of a member."""
    return [
        LogRecord(kind, kind.key(group_id=group_id, member_id=member_id))
        for kind in (_CURRENT, _TARGET, _MEMBER)
    ]
