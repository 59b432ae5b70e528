"""A classic group: its state, its generation, its members, and what follows from them without a decision.

The decisions are in `classic_rebalance`, `classic_join` and `classic_session`. Source: `ClassicGroup`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from mockbroker.core.groups import records
from mockbroker.core.groups.classic_states import RULES, ClassicState
from mockbroker.core.groups.group import CommitCheck, ExpiryBase, Group, GroupType
from mockbroker.core.groups.results import DescribedGroup, JoinedMember, JoinResult, ListedGroup, SyncResult
from mockbroker.core.groups.roster import ClassicMember, Protocols, Roster
from protocol_specs.embedded import subscribed_topics
from protocol_specs.errors import ErrorCode, KafkaError

if TYPE_CHECKING:
    from mockbroker.core.groups.offset_table import CommittedOffset
    from mockbroker.core.groups.records import LogRecord
    from mockbroker.core.time import Alarm, Clock

__all__ = ["CONSUMER_PROTOCOL_TYPE", "ClassicGroup"]

CONSUMER_PROTOCOL_TYPE = "consumer"


class ClassicGroup(Group):
    """A group whose members elect a leader that assigns. Without a protocol type it is a simple one: it holds offsets.

    Attributes:
        state_timestamp_ms: when it came into its state; None when an old record did not say.
        awaiting_sync: ids of the members whose SyncGroup of this generation has not come.
        subscribed_topics: None when they are not known.
        new_member_added: somebody joined since the initial delay began.
        join_alarm: ends the rebalance without the rest.
        sync_alarm: drops those in `awaiting_sync`.
    """

    type = GroupType.CLASSIC
    __slots__ = (
        "_clock",
        "awaiting_sync",
        "generation_id",
        "join_alarm",
        "new_member_added",
        "previous_state",
        "protocol_name",
        "roster",
        "state",
        "state_timestamp_ms",
        "subscribed_topics",
        "sync_alarm",
    )

    def __init__(self, group_id: str, clock: Clock) -> None:
        super().__init__(group_id)
        self._clock = clock
        self.state = ClassicState.EMPTY
        self.previous_state = ClassicState.DEAD
        self.state_timestamp_ms: int | None = clock.now_ms
        self.roster = Roster()
        self.protocol_name: str | None = None
        self.generation_id = 0
        self.awaiting_sync: set[str] = set()
        self.subscribed_topics: frozenset[str] | None = None
        self.new_member_added = False
        self.join_alarm: Alarm | None = None
        self.sync_alarm: Alarm | None = None

    def __repr__(self) -> str:
        return (
            f"<ClassicGroup {self.group_id!r} {self.state_name} generation {self.generation_id}, "
            f"{len(self.roster.members)} members>"
        )

    @classmethod
    def from_record(cls, group_id: str, value: Any, clock: Clock) -> ClassicGroup:
        """The group that a GroupMetadata record tells of.

        It knows each member's metadata for the chosen protocol only, so a member that joins again with more
        starts a rebalance.
        """
        group = cls(group_id, clock)
        group.state = ClassicState.STABLE if value.members else ClassicState.EMPTY
        group.state_timestamp_ms = (
            None if value.current_state_timestamp == -1 else value.current_state_timestamp
        )
        group.generation_id = value.generation
        group.protocol_name = value.protocol
        group.roster.protocol_type = value.protocol_type or None
        group.roster.leader_id = value.leader
        for member in value.members:
            restored = ClassicMember(
                member.member_id,
                member.group_instance_id,
                member.client_id,
                member.client_host,
                member.session_timeout if member.rebalance_timeout == -1 else member.rebalance_timeout,
                member.session_timeout,
                value.protocol_type,
                ((value.protocol, member.subscription),),
                member.assignment,
            )
            group.roster.add(restored, None)
        group.subscribed_topics = group.find_subscribed_topics()
        return group

    @property
    def state_name(self) -> str:
        return self.state.value

    @property
    def is_empty(self) -> bool:
        return self.state is ClassicState.EMPTY

    def move_to(self, state: ClassicState) -> None:
        """Change the state, along the table."""
        assert self.state in RULES[state].entered_from, f"{self.state} -> {state}"
        self.previous_state, self.state = self.state, state
        self.state_timestamp_ms = self._clock.now_ms

    # Members.

    def check_member(self, member_id: str, group_instance_id: str | None) -> ClassicMember:
        """The member with these ids.

        Raises:
            KafkaError: UNKNOWN_MEMBER_ID; FENCED_INSTANCE_ID when the static member has another id by now;
                COORDINATOR_NOT_AVAILABLE when the group is dead.
        """
        if self.state is ClassicState.DEAD:
            raise KafkaError(ErrorCode.COORDINATOR_NOT_AVAILABLE)
        return self.roster.check(member_id, group_instance_id)

    def supports(self, protocol_type: str, protocols: Protocols) -> bool:
        """Whether somebody with these protocols may join."""
        if self.state is ClassicState.EMPTY:
            return bool(protocol_type and protocols)
        return self.roster.supports(protocol_type, protocols)

    def is_leader(self, member_id: str) -> bool:
        return self.roster.leader_id == member_id

    # Generations.

    def cancel_join_alarm(self) -> None:
        if self.join_alarm is not None:
            self.join_alarm.cancel()
            self.join_alarm = None

    def cancel_sync_alarm(self) -> None:
        if self.sync_alarm is not None:
            self.sync_alarm.cancel()
            self.sync_alarm = None

    def begin_generation(self) -> None:
        """Count up, and choose the protocol; without members the group is empty."""
        members = self.roster.members
        self.generation_id += 1
        self.protocol_name = self.roster.select_protocol() if members else None
        self.subscribed_topics = self.find_subscribed_topics()
        self.move_to(ClassicState.COMPLETING_REBALANCE if members else ClassicState.EMPTY)
        self.awaiting_sync.clear()

    def find_subscribed_topics(self) -> frozenset[str] | None:
        """All topics that members subscribe to; None where the protocol is not the consumer's."""
        if self.roster.protocol_type != CONSUMER_PROTOCOL_TYPE:
            return None
        topics: set[str] = set()
        try:
            for member in self.roster.members.values():
                topics |= subscribed_topics(member.metadata(self.protocol_name))
        except ValueError:
            return None
        return frozenset(topics)

    def joined(self, member_id: str) -> JoinResult:
        """The answer that tells a member of the present generation; the leader's lists the members."""
        return JoinResult(
            member_id=member_id,
            generation_id=self.generation_id,
            protocol_type=self.roster.protocol_type,
            protocol_name=self.protocol_name,
            leader=self.roster.leader_id or "",
            members=self._joined_members() if self.is_leader(member_id) else (),
        )

    def _joined_members(self) -> list[JoinedMember]:
        protocol = self.protocol_name
        return [
            JoinedMember(member.member_id, member.group_instance_id, member.metadata(protocol))
            for member in self.roster.members.values()
        ]

    # What every group has.

    def listed(self) -> ListedGroup:
        return ListedGroup(self.group_id, self.roster.protocol_type or "", self.state_name, self.type.value)

    def described(self) -> DescribedGroup:
        """As DescribeGroups shows it."""
        protocol = self.protocol_name if self.state is ClassicState.STABLE else None
        return DescribedGroup(
            self.group_id,
            state=self.state_name,
            protocol_type=self.roster.protocol_type or "",
            protocol_data=protocol or "",
            members=[member.described(protocol) for member in self.roster.members.values()],
        )

    def check_commit(
        self,
        member_id: str,
        group_instance_id: str | None,
        generation_id: int,
        *,
        is_transactional: bool,
        version: int,
    ) -> CommitCheck | None:
        """Refuse a commit of an unknown member or of another generation.

        Generation -1 means a consumer that manages its partitions itself, or an administrator: let through while the
        group is empty; in a transaction also otherwise, since producers of old clients do not say more.

        Raises:
            KafkaError: UNKNOWN_MEMBER_ID, FENCED_INSTANCE_ID, ILLEGAL_GENERATION, REBALANCE_IN_PROGRESS.
        """
        if generation_id < 0 and self.state is ClassicState.EMPTY:
            return None
        if generation_id >= 0 or member_id or group_instance_id is not None:
            self.check_member(member_id, group_instance_id)
            if generation_id != self.generation_id:
                raise KafkaError(ErrorCode.ILLEGAL_GENERATION)
        elif not is_transactional:
            raise KafkaError(ErrorCode.UNKNOWN_MEMBER_ID)
        error = RULES[self.state].commit
        if error and not is_transactional:
            raise KafkaError(error)
        return None

    def touch_member(self, member_id: str) -> None:
        """Move its session on, as a heartbeat does, in the states in which commits count."""
        if self.state in (ClassicState.STABLE, ClassicState.PREPARING_REBALANCE):
            member = self.roster.members[member_id]
            if member.session is not None:
                member.session.after(member.session_timeout_ms / 1000)

    def check_fetch(self, member_id: str | None, member_epoch: int) -> None:
        return

    def check_delete_offsets(self) -> None:
        if not self.is_empty and self.roster.protocol_type != CONSUMER_PROTOCOL_TYPE:
            raise KafkaError(ErrorCode.NON_EMPTY_GROUP)

    def delete_error(self) -> ErrorCode:
        return RULES[self.state].delete

    def is_subscribed_to(self, topic: str) -> bool:
        if self.subscribed_topics is None:
            return self.roster.protocol_type == CONSUMER_PROTOCOL_TYPE
        return topic in self.subscribed_topics

    def tombstones(self) -> list[LogRecord]:
        return [records.group_tombstone(self.group_id)]

    def expiry_base(self) -> ExpiryBase | None:
        """A simple group's offsets age from their commits, an empty group's from when it became empty.

        While a group of consumers is stable, offsets of topics that nobody subscribes to age from their commits
        (KIP-211).
        """
        if self.roster.protocol_type is None:
            return _commit_time
        since = self.state_timestamp_ms
        if self.is_empty:
            return _commit_time if since is None else lambda offset: since
        if (
            self.roster.protocol_type == CONSUMER_PROTOCOL_TYPE
            and self.subscribed_topics is not None
            and self.state is ClassicState.STABLE
        ):
            return _commit_time
        return None

    def forget_deadlines(self) -> None:
        self.cancel_join_alarm()
        self.cancel_sync_alarm()
        self.roster.forget_deadlines()

    def unload(self) -> None:
        """Answer NOT_COORDINATOR to whoever waits."""
        self.forget_deadlines()
        self.move_to(ClassicState.DEAD)
        for member in self.roster.members.values():
            self.roster.answer_join(member, JoinResult(ErrorCode.NOT_COORDINATOR, member.member_id))
            self.roster.answer_sync(member, SyncResult(ErrorCode.NOT_COORDINATOR))


def _commit_time(offset: CommittedOffset) -> int:
    return offset.commit_timestamp_ms
