"""The members of a classic group: who they are, who leads, what all of them support, who waits for an answer.

Rules kept here:

- The first member leads; when the leader goes, another takes over.
- A static member (KIP-345) keeps its place while its member id changes; whoever waits under the old id is fenced.
- Everybody has joined when all members' JoinGroups wait and no member id that was handed out (KIP-394) is outstanding.
- The protocol is the one that most members prefer among those that all support.

Source: `ClassicGroup`, `ClassicGroupMember`.
"""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

from mockbroker.core.groups.results import DescribedMember, JoinResult, SyncResult
from mockbroker.core.java_maps import bucket_order
from protocol_specs.errors import ErrorCode, KafkaError

if TYPE_CHECKING:
    from mockbroker.core.deadline import Deadline
    from mockbroker.core.waiting import Pending

__all__ = ["ClassicMember", "Protocols", "Roster"]

#: Name and metadata of each, the preferred one first.
Protocols = tuple[tuple[str, bytes], ...]


class ClassicMember:
    """A member.

    Attributes:
        client_host: as Kafka prints an address: "/127.0.0.1".
        protocols: name and metadata, the preferred one first.
        is_new: its first JoinGroup is not answered yet, so it cannot send heartbeats.
        joining: its JoinGroup, while that waits.
        syncing: its SyncGroup, while that waits.
        session: when it counts as lost.
    """

    __slots__ = (
        "assignment",
        "client_host",
        "client_id",
        "group_instance_id",
        "is_new",
        "joining",
        "member_id",
        "protocol_type",
        "protocols",
        "rebalance_timeout_ms",
        "session",
        "session_timeout_ms",
        "syncing",
    )

    def __init__(
        self,
        member_id: str,
        group_instance_id: str | None,
        client_id: str,
        client_host: str,
        rebalance_timeout_ms: int,
        session_timeout_ms: int,
        protocol_type: str,
        protocols: Protocols,
        assignment: bytes = b"",
    ) -> None:
        self.member_id = member_id
        self.group_instance_id = group_instance_id
        self.client_id = client_id
        self.client_host = client_host
        self.rebalance_timeout_ms = rebalance_timeout_ms
        self.session_timeout_ms = session_timeout_ms
        self.protocol_type = protocol_type
        self.protocols = protocols
        self.assignment = assignment
        self.is_new = False
        self.joining: Pending | None = None
        self.syncing: Pending | None = None
        self.session: Deadline | None = None

    def metadata(self, protocol: str | None) -> bytes:
        """Its metadata for a protocol that it supports."""
        return next(metadata for name, metadata in self.protocols if name == protocol)

    @property
    def is_excused(self) -> bool:
        """Whether its session may run out without a loss: it waits for us, not we for it."""
        return not self.is_new and (self.joining is not None or self.syncing is not None)

    def described(self, protocol: str | None) -> DescribedMember:
        """As DescribeGroups shows it; without metadata for a protocol of None."""
        metadata = b"" if protocol is None else self.metadata(protocol)
        return DescribedMember(
            self.member_id,
            self.group_instance_id,
            self.client_id,
            self.client_host,
            metadata,
            self.assignment,
        )


class Roster:
    """The members of one group.

    Attributes:
        members: by member id, in the order in which they came.
        static_members: member id by group instance id.
        pending_members: ids that were handed out, and how long they keep.
        leader_id: None while there is no member.
        protocol_type: what the members speak; kept when the last one leaves; None before the first one came.
        joining_count: how many members' JoinGroups wait.
    """

    __slots__ = (
        "_support",
        "joining_count",
        "leader_id",
        "members",
        "pending_members",
        "protocol_type",
        "static_members",
    )

    def __init__(self) -> None:
        self.members: dict[str, ClassicMember] = {}
        self.static_members: dict[str, str] = {}
        self.pending_members: dict[str, Deadline] = {}
        self.leader_id: str | None = None
        self.protocol_type: str | None = None
        self.joining_count = 0
        #: how many members support a protocol.
        self._support: Counter[str] = Counter()

    @property
    def has_all_joined(self) -> bool:
        return len(self.members) == self.joining_count and not self.pending_members

    @property
    def rebalance_timeout_ms(self) -> int:
        """The longest that a member asked for; 0 without members."""
        return max((member.rebalance_timeout_ms for member in self.members.values()), default=0)

    def check(self, member_id: str, group_instance_id: str | None) -> ClassicMember:
        """The member with these ids.

        Raises:
            KafkaError: UNKNOWN_MEMBER_ID; FENCED_INSTANCE_ID when the static member has another id by now.
        """
        if group_instance_id is not None:
            known_id = self.static_members.get(group_instance_id)
            if known_id is not None and known_id != member_id:
                raise KafkaError(ErrorCode.FENCED_INSTANCE_ID)
            if known_id is None:
                raise KafkaError(ErrorCode.UNKNOWN_MEMBER_ID)
        member = self.members.get(member_id)
        if member is None:
            raise KafkaError(ErrorCode.UNKNOWN_MEMBER_ID)
        return member

    def supports(self, protocol_type: str, protocols: Protocols) -> bool:
        """Whether these protocols go together with those of the members."""
        size = len(self.members)
        return protocol_type == self.protocol_type and any(
            self._support[name] == size for name, _ in protocols
        )

    # Who comes and goes.

    def add(self, member: ClassicMember, joining: Pending | None) -> None:
        """Take in a member that `supports` let through."""
        if member.group_instance_id is not None:
            self.static_members[member.group_instance_id] = member.member_id
        if not self.members:
            self.protocol_type = member.protocol_type
        if self.leader_id is None:
            self.leader_id = member.member_id
        self.members[member.member_id] = member
        self._support.update(name for name, _ in member.protocols)
        self._park(member, joining)
        self._forget_pending(member.member_id)

    def update(
        self,
        member: ClassicMember,
        protocols: Protocols,
        rebalance_timeout_ms: int,
        session_timeout_ms: int,
        joining: Pending | None,
    ) -> None:
        """Take over what a member that joins again says."""
        self._support.subtract(name for name, _ in member.protocols)
        member.protocols = protocols
        self._support.update(name for name, _ in protocols)
        member.rebalance_timeout_ms = rebalance_timeout_ms
        member.session_timeout_ms = session_timeout_ms
        self._park(member, joining)

    def remove(self, member_id: str) -> None:
        """Drop a member, or an id that was handed out; unknown ids are ignored."""
        member = self.members.pop(member_id, None)
        if member is not None:
            self._support.subtract(name for name, _ in member.protocols)
            self._park(member, None)
            if member.group_instance_id is not None:
                self.static_members.pop(member.group_instance_id, None)
            if member.session is not None:
                member.session.cancel()
        if self.leader_id == member_id:
            self.leader_id = next(iter(self.members), None)
        self._forget_pending(member_id)

    def replace_static(self, group_instance_id: str, new_id: str) -> ClassicMember:
        """Give a static member a new id."""
        old_id = self.static_members[group_instance_id]
        old = self.members.pop(old_id)
        self.answer_join(old, JoinResult(ErrorCode.FENCED_INSTANCE_ID, old_id))
        self.answer_sync(old, SyncResult(ErrorCode.FENCED_INSTANCE_ID))
        if old.session is not None:
            old.session.cancel()
        new = ClassicMember(
            new_id,
            group_instance_id,
            old.client_id,
            old.client_host,
            old.rebalance_timeout_ms,
            old.session_timeout_ms,
            old.protocol_type,
            old.protocols,
            old.assignment,
        )
        self.members[new_id] = new
        if self.leader_id == old_id:
            self.leader_id = new_id
        self.static_members[group_instance_id] = new_id
        return new

    def _park(self, member: ClassicMember, joining: Pending | None) -> None:
        self.joining_count += (joining is not None) - (member.joining is not None)
        member.joining = joining

    def _forget_pending(self, member_id: str) -> None:
        deadline = self.pending_members.pop(member_id, None)
        if deadline is not None:
            deadline.cancel()

    # Answers.

    def answer_join(self, member: ClassicMember, result: JoinResult) -> bool:
        """Answer its waiting JoinGroup; False when it has none."""
        pending = member.joining
        if pending is None:
            return False
        self._park(member, None)
        pending.settle(result)
        return True

    def answer_sync(self, member: ClassicMember, result: SyncResult) -> bool:
        """Answer its waiting SyncGroup; False when it has none."""
        pending = member.syncing
        if pending is None:
            return False
        member.syncing = None
        pending.settle(result)
        return True

    # What they agree on.

    def elect_joined_leader(self) -> bool:
        """Let a member lead whose JoinGroup waits; False when there is none."""
        leader = None if self.leader_id is None else self.members[self.leader_id]
        if leader is None:
            return False
        if leader.joining is None:
            joined = next((member for member in self.members.values() if member.joining is not None), None)
            if joined is None:
                return False
            self.leader_id = joined.member_id
        return True

    def select_protocol(self) -> str:
        """The protocol with the most votes: each member gives one to the first of its own that all support.

        A protocol that a member names twice counts twice, so that no number of members fits it.

        Raises:
            KafkaError: UNKNOWN_SERVER_ERROR when there is none for a member to vote for.
        """
        votes = Counter(self._vote(member) for member in self.members.values())
        most = max(votes.values())
        # Kafka counts in a HashMap, whose order decides a tie.
        return min((name for name, count in votes.items() if count == most), key=bucket_order)

    def _vote(self, member: ClassicMember) -> str:
        size = len(self.members)
        for name, _ in member.protocols:
            if self._support[name] == size:
                return name
        text = "Member does not support any of the candidate protocols"
        raise KafkaError(ErrorCode.UNKNOWN_SERVER_ERROR, text)

    def forget_deadlines(self) -> None:
        """Let no member count as lost any more."""
        for deadline in self.pending_members.values():
            deadline.cancel()
        for member in self.members.values():
            if member.session is not None:
                member.session.cancel()
