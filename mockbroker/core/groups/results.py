"""What the group coordinator answers. The defaults are those of Kafka's response messages."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from protocol_specs.errors import ErrorCode

__all__ = [
    "ConsumerHeartbeatResult",
    "DeletedOffsets",
    "DescribedConsumer",
    "DescribedConsumerGroup",
    "DescribedGroup",
    "DescribedMember",
    "FetchedGroup",
    "FetchedOffset",
    "FetchedTopic",
    "JoinResult",
    "JoinedMember",
    "LeaveResult",
    "LeftMember",
    "ListedGroup",
    "SyncResult",
    "TopicErrors",
]

NONE = ErrorCode.NONE
ZERO_UUID = bytes(16)


class JoinedMember(NamedTuple):
    """A member as its leader sees it."""

    member_id: str
    group_instance_id: str | None
    metadata: bytes


class JoinResult(NamedTuple):
    """The answer to a JoinGroup; only the leader's lists the members.

    A protocol name of None stands on the wire as "" before v7.
    """

    error_code: ErrorCode = NONE
    member_id: str = ""
    generation_id: int = -1
    protocol_type: str | None = None
    protocol_name: str | None = None
    leader: str = ""
    skip_assignment: bool = False
    members: Sequence[JoinedMember] = ()


class SyncResult(NamedTuple):
    """The answer to a SyncGroup."""

    error_code: ErrorCode = NONE
    protocol_type: str | None = None
    protocol_name: str | None = None
    assignment: bytes = b""


class LeftMember(NamedTuple):
    """What became of one member of a LeaveGroup."""

    member_id: str
    group_instance_id: str | None
    error_code: ErrorCode


class LeaveResult(NamedTuple):
    """The answer to a LeaveGroup. Before v3 its error code is the one member's, where there is no other."""

    error_code: ErrorCode = NONE
    members: Sequence[LeftMember] = ()


class ConsumerHeartbeatResult(NamedTuple):
    """The answer to a ConsumerGroupHeartbeat.

    Attributes:
        assignment: partitions by topic id; None: as the member knows it.
    """

    error_code: ErrorCode = NONE
    error_message: str | None = None
    member_id: str | None = None
    member_epoch: int = 0
    heartbeat_interval_ms: int = 0
    assignment: Sequence[tuple[bytes, Sequence[int]]] | None = None


class TopicErrors(NamedTuple):
    """Partitions of one topic, each with what became of it."""

    name: str
    topic_id: bytes
    partitions: list[tuple[int, ErrorCode]]


class FetchedOffset(NamedTuple):
    """A committed offset as OffsetFetch answers it: -1 where there is none."""

    partition: int
    offset: int = -1
    leader_epoch: int = -1
    metadata: str = ""
    error_code: ErrorCode = NONE


class FetchedTopic(NamedTuple):
    """The offsets of one topic."""

    name: str
    topic_id: bytes
    partitions: list[FetchedOffset]


class FetchedGroup(NamedTuple):
    """One group's part of an OffsetFetch. Before v2 its error stands at every partition that was asked for."""

    group_id: str
    error_code: ErrorCode = NONE
    topics: Sequence[FetchedTopic] = ()


class ListedGroup(NamedTuple):
    """A group as ListGroups shows it."""

    group_id: str
    protocol_type: str
    state: str
    type: str


class DescribedMember(NamedTuple):
    """A member as DescribeGroups shows it; its metadata only while the group is stable."""

    member_id: str
    group_instance_id: str | None
    client_id: str
    client_host: str
    metadata: bytes
    assignment: bytes


class DescribedGroup(NamedTuple):
    """A group as DescribeGroups shows it."""

    group_id: str
    error_code: ErrorCode = NONE
    error_message: str | None = None
    state: str = ""
    protocol_type: str = ""
    protocol_data: str = ""
    members: Sequence[DescribedMember] = ()


class DescribedConsumer(NamedTuple):
    """A member as ConsumerGroupDescribe shows it; partitions by topic id, in no order."""

    member_id: str
    instance_id: str | None
    rack_id: str | None
    member_epoch: int
    client_id: str
    client_host: str
    subscribed_topic_names: Sequence[str]
    subscribed_topic_regex: str
    assignment: Sequence[tuple[bytes, Sequence[int]]]
    target: Sequence[tuple[bytes, Sequence[int]]]
    is_classic: bool


class DescribedConsumerGroup(NamedTuple):
    """A group as ConsumerGroupDescribe shows it."""

    group_id: str
    error_code: ErrorCode = NONE
    error_message: str | None = None
    state: str = ""
    group_epoch: int = 0
    assignment_epoch: int = 0
    assignor_name: str = ""
    members: Sequence[DescribedConsumer] = ()


class DeletedOffsets(NamedTuple):
    """The answer to an OffsetDelete; with an error there are no topics."""

    error_code: ErrorCode = NONE
    topics: Sequence[TopicErrors] = ()
