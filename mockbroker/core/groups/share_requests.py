"""What share groups are asked, and what they answer. The defaults are those of Kafka's messages."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from protocol_specs.errors import ErrorCode

__all__ = [
    "AlteredOffsets",
    "AlteredTopic",
    "DeletedShareOffsets",
    "DeletedTopic",
    "DescribedShareGroup",
    "DescribedShareMember",
    "NewShareOffsets",
    "ShareGroupOffsets",
    "ShareHeartbeat",
    "ShareHeartbeatResult",
    "ShareOffset",
    "ShareOffsetsTopic",
]

NONE = ErrorCode.NONE
ZERO_UUID = bytes(16)


class ShareHeartbeat(NamedTuple):
    """A ShareGroupHeartbeat. What is None is as the member said before.

    Attributes:
        member_epoch: 0: the member joins; -1: it leaves.
        client_host: the client's address.
    """

    group_id: str
    member_id: str
    member_epoch: int
    client_id: str | None
    client_host: str
    rack_id: str | None = None
    subscribed_topic_names: Sequence[str] | None = None


class ShareHeartbeatResult(NamedTuple):
    """The answer to a ShareGroupHeartbeat.

    Attributes:
        assignment: partitions by topic id; None: as the member knows it.
    """

    error_code: ErrorCode = NONE
    error_message: str | None = None
    member_id: str | None = None
    member_epoch: int = 0
    heartbeat_interval_ms: int = 0
    assignment: Sequence[tuple[bytes, Sequence[int]]] | None = None


class DescribedShareMember(NamedTuple):
    """A member as ShareGroupDescribe shows it: partitions by topic id."""

    member_id: str
    rack_id: str | None
    member_epoch: int
    client_id: str
    client_host: str
    subscribed_topic_names: Sequence[str]
    assignment: Sequence[tuple[bytes, Sequence[int]]]


class DescribedShareGroup(NamedTuple):
    """A group as ShareGroupDescribe shows it."""

    group_id: str
    error_code: ErrorCode = NONE
    error_message: str | None = None
    state: str = ""
    group_epoch: int = 0
    assignment_epoch: int = 0
    assignor_name: str = ""
    members: Sequence[DescribedShareMember] = ()


class ShareOffset(NamedTuple):
    """Where a share group is in a partition; -1 where that is not known."""

    partition: int
    start_offset: int = -1
    leader_epoch: int = 0
    lag: int = -1
    error_code: ErrorCode = NONE
    error_message: str | None = None


class ShareOffsetsTopic(NamedTuple):
    """The offsets of one topic."""

    name: str
    topic_id: bytes
    partitions: Sequence[ShareOffset]


class ShareGroupOffsets(NamedTuple):
    """One group's part of a DescribeShareGroupOffsets."""

    group_id: str
    topics: Sequence[ShareOffsetsTopic] = ()
    error_code: ErrorCode = NONE
    error_message: str | None = None


class NewShareOffsets(NamedTuple):
    """Where a group is to go on in a topic: offsets with their partitions."""

    name: str
    offsets: Sequence[tuple[int, int]]


class AlteredTopic(NamedTuple):
    """Partitions of one topic, each with what became of it."""

    name: str
    topic_id: bytes
    partitions: list[tuple[int, ErrorCode, str | None]]


class AlteredOffsets(NamedTuple):
    """The answer to an AlterShareGroupOffsets; with an error there are no topics."""

    topics: Sequence[AlteredTopic] = ()
    error_code: ErrorCode = NONE
    error_message: str | None = None


class DeletedTopic(NamedTuple):
    """What became of the offsets of one topic."""

    name: str
    topic_id: bytes = ZERO_UUID
    error_code: ErrorCode = NONE
    error_message: str | None = None


class DeletedShareOffsets(NamedTuple):
    """The answer to a DeleteShareGroupOffsets; with an error there are no topics."""

    topics: Sequence[DeletedTopic] = ()
    error_code: ErrorCode = NONE
    error_message: str | None = None
