"""What the group coordinator is asked: one value for each request that has more than a few fields.

Times are in milliseconds, as on the wire, and bear it in their names.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import NamedTuple

__all__ = [
    "CommitRequest",
    "CommitTopic",
    "ConsumerHeartbeat",
    "FetchGroup",
    "JoinRequest",
    "LeavingMember",
    "OffsetToCommit",
    "SyncRequest",
    "TopicPartitions",
    "TransactionalCommitRequest",
]

ZERO_UUID = bytes(16)


class JoinRequest(NamedTuple):
    """A JoinGroup.

    Attributes:
        version: of the request; it decides about member ids (v4, KIP-394) and skipped assignments (v9, KIP-814).
        client_host: the client's address.
        protocols: name and metadata of each, the preferred one first.
    """

    group_id: str
    member_id: str
    protocol_type: str
    protocols: tuple[tuple[str, bytes], ...]
    session_timeout_ms: int
    rebalance_timeout_ms: int
    version: int
    client_id: str | None
    client_host: str
    group_instance_id: str | None = None
    reason: str | None = None


class SyncRequest(NamedTuple):
    """A SyncGroup; only the leader's has assignments, as member id and bytes."""

    group_id: str
    generation_id: int
    member_id: str
    version: int
    group_instance_id: str | None = None
    protocol_type: str | None = None
    protocol_name: str | None = None
    assignments: Sequence[tuple[str, bytes]] = ()


class LeavingMember(NamedTuple):
    """One member of a LeaveGroup. An administrator names static members without a member id."""

    member_id: str
    group_instance_id: str | None = None
    reason: str | None = None


class ConsumerHeartbeat(NamedTuple):
    """A ConsumerGroupHeartbeat. What is None, or -1 of the timeout, is as the member said before.

    Attributes:
        member_epoch: 0: the member joins; -1: it leaves; -2: a static member leaves and will be back.
        client_host: the client's address.
        owned: the partitions that the member has, by topic id.
        allows_topic: whether the client may see a topic that its regular expression matches.
    """

    group_id: str
    member_id: str
    member_epoch: int
    version: int
    client_id: str | None
    client_host: str
    instance_id: str | None = None
    rack_id: str | None = None
    rebalance_timeout_ms: int = -1
    subscribed_topic_names: Sequence[str] | None = None
    subscribed_topic_regex: str | None = None
    server_assignor: str | None = None
    owned: Sequence[tuple[bytes, Sequence[int]]] | None = None
    allows_topic: Callable[[str], bool] | None = None


class OffsetToCommit(NamedTuple):
    """One partition of an OffsetCommit or TxnOffsetCommit."""

    partition: int
    offset: int
    leader_epoch: int = -1
    metadata: str | None = None


class CommitTopic(NamedTuple):
    """One topic of a commit: named up to v9 of OffsetCommit, by id from v10 on."""

    name: str
    partitions: Sequence[OffsetToCommit]
    topic_id: bytes = ZERO_UUID


class CommitRequest(NamedTuple):
    """An OffsetCommit. `generation_id` is the member epoch in groups of the consumer protocol."""

    group_id: str
    topics: Sequence[CommitTopic]
    version: int
    generation_id: int = -1
    member_id: str = ""
    group_instance_id: str | None = None
    retention_time_ms: int = -1


class TransactionalCommitRequest(NamedTuple):
    """A TxnOffsetCommit."""

    group_id: str
    topics: Sequence[CommitTopic]
    version: int
    producer_id: int
    producer_epoch: int
    generation_id: int = -1
    member_id: str = ""
    group_instance_id: str | None = None


class TopicPartitions(NamedTuple):
    """Partitions of one topic, named up to v9 of OffsetFetch, by id from v10 on."""

    name: str
    partitions: Sequence[int]
    topic_id: bytes = ZERO_UUID


class FetchGroup(NamedTuple):
    """One group of an OffsetFetch; `topics` is None to ask for everything that is committed."""

    group_id: str
    topics: Sequence[TopicPartitions] | None
    member_id: str | None = None
    member_epoch: int = -1
