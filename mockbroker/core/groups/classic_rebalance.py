"""Rebalances of classic groups: when one begins, how long it waits, what its end means for each member.

Rules kept here:

- The first members of an empty group wait for others: `group.initial.rebalance.delay.ms`, again and again while new
  ones come, but no longer than the longest rebalance timeout.
- Any other rebalance ends as soon as all known members have joined again. When the rebalance timeout is over, dynamic
  members that have not are dropped, static ones (KIP-345) stay; if nobody has joined it goes on.
- A member is lost when its session runs out while it is not waiting for us.
- After the join, whoever does not send SyncGroup within the rebalance timeout is dropped.
- Members that name a protocol twice may be left without one to agree on. The join phase does not end then: the request
  that would have ended it fails, and where it was to end by itself everybody goes on waiting.

Source: `GroupMetadataManager`: prepareRebalance, completeClassicGroupJoin, expirePendingSync and what they call.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from typing import TYPE_CHECKING

from mockbroker.core.deadline import Deadline
from mockbroker.core.groups import classic_records
from mockbroker.core.groups.classic_states import RULES, ClassicState
from mockbroker.core.groups.results import JoinResult, SyncResult
from protocol_specs.errors import ErrorCode, KafkaError

if TYPE_CHECKING:
    from mockbroker.core.groups.classic import ClassicGroup
    from mockbroker.core.groups.roster import ClassicMember
    from mockbroker.core.groups.shard_tables import ShardTables

__all__ = ["ClassicRebalance"]


class ClassicRebalance:
    """The rebalances of one shard's groups."""

    __slots__ = ("_clock", "_limits", "_shard")

    def __init__(self, shard: ShardTables) -> None:
        self._shard = shard
        self._clock = shard.around.clock
        self._limits = shard.around.limits

    # Sessions.

    def restart_session(
        self, group: ClassicGroup, member: ClassicMember, seconds: float | None = None
    ) -> None:
        """Let a member's session run from now on: `seconds`, or what the member asked for."""
        if member.session is None:
            member.session = Deadline(self._clock, lambda: self._survive(lambda: self._lose(group, member)))
        member.session.after(member.session_timeout_ms / 1000 if seconds is None else seconds)

    def await_member(self, group: ClassicGroup, member_id: str, seconds: float) -> None:
        """Keep an id that was handed out for so long."""
        deadline = Deadline(self._clock, lambda: self._survive(lambda: self._lose_pending(group, member_id)))
        group.roster.pending_members[member_id] = deadline
        deadline.after(seconds)

    def loaded(self, group: ClassicGroup) -> None:
        """The group was read from the log: its members' sessions begin now."""
        members = group.roster.members
        for member in members.values():
            self.restart_session(group, member)
        if len(members) > self._limits.max_group_size:
            self.begin(group)

    @staticmethod
    def _survive(action: Callable[[], None]) -> None:
        """Do what is due, of whose failure nobody is told."""
        with suppress(KafkaError):
            action()

    def _lose(self, group: ClassicGroup, member: ClassicMember) -> None:
        if member.is_excused:
            return
        group.roster.answer_join(member, JoinResult(ErrorCode.UNKNOWN_MEMBER_ID))
        group.roster.remove(member.member_id)
        self.member_gone(group)

    def _lose_pending(self, group: ClassicGroup, member_id: str) -> None:
        group.roster.remove(member_id)
        if group.state is ClassicState.PREPARING_REBALANCE and group.roster.has_all_joined:
            self.complete(group)

    def member_gone(self, group: ClassicGroup) -> None:
        """A member was lost: the others must share its part, or were only waiting for it."""
        if group.state in (ClassicState.STABLE, ClassicState.COMPLETING_REBALANCE):
            self.begin(group)
        elif group.state is ClassicState.PREPARING_REBALANCE and group.roster.has_all_joined:
            self.complete(group)

    # The join phase.

    def begin_or_complete(self, group: ClassicGroup) -> None:
        """Begin a rebalance; where one runs, end it if that was all it waited for.

        Raises:
            KafkaError: see `complete`.
        """
        if group.state in RULES[ClassicState.PREPARING_REBALANCE].entered_from:
            self.begin(group)
        else:
            self.complete_if_all_joined(group)

    def begin(self, group: ClassicGroup) -> None:
        """Ask all members to join again; in an empty group, wait for the first ones.

        Raises:
            KafkaError: see `complete`.
        """
        if group.state is ClassicState.COMPLETING_REBALANCE:
            self.withhold_assignments(group, ErrorCode.REBALANCE_IN_PROGRESS)
        group.cancel_sync_alarm()
        is_initial = group.is_empty
        group.move_to(ClassicState.PREPARING_REBALANCE)
        if is_initial:
            delay_ms = self._limits.initial_rebalance_delay_ms
            remaining_ms = max(group.roster.rebalance_timeout_ms - delay_ms, 0)
            self._join_within(group, delay_ms, lambda: self._end_delay(group, delay_ms, remaining_ms))
        elif group.roster.has_all_joined:
            self.complete(group)
        else:
            self._join_within(group, group.roster.rebalance_timeout_ms, lambda: self.complete(group))

    def _join_within(self, group: ClassicGroup, milliseconds: int, action: Callable[[], None]) -> None:
        group.join_alarm = self._clock.call_later(milliseconds / 1000, lambda: self._survive(action))

    def _end_delay(self, group: ClassicGroup, delay_ms: int, remaining_ms: int) -> None:
        if not group.new_member_added or not remaining_ms:
            self.complete(group)
            return
        group.new_member_added = False
        next_delay_ms = min(self._limits.initial_rebalance_delay_ms, remaining_ms)
        next_remaining_ms = max(remaining_ms - delay_ms, 0)
        self._join_within(
            group, next_delay_ms, lambda: self._end_delay(group, next_delay_ms, next_remaining_ms)
        )

    def complete_if_all_joined(self, group: ClassicGroup) -> None:
        """End the join phase unless somebody is missing, or the initial delay runs.

        Raises:
            KafkaError: see `complete`.
        """
        if (
            group.state is ClassicState.PREPARING_REBALANCE
            and group.previous_state is not ClassicState.EMPTY
            and group.roster.has_all_joined
        ):
            self.complete(group)

    def complete(self, group: ClassicGroup) -> None:
        """End the join phase: the next generation is of those that have joined.

        Raises:
            KafkaError: UNKNOWN_SERVER_ERROR when they agree on no protocol; the join phase goes on then.
        """
        group.cancel_join_alarm()
        roster = group.roster
        for member in list(roster.members.values()):
            if member.joining is None and member.group_instance_id is None:
                group.roster.remove(member.member_id)
        if not roster.elect_joined_leader() and roster.members:
            self._join_within(group, roster.rebalance_timeout_ms, lambda: self.complete(group))
            return
        group.begin_generation()
        if not group.is_empty:
            self._announce(group)
            return
        # A lost record does no harm: the former generation, read back, times out.
        with suppress(KafkaError):
            self.persist(group, {})

    def _announce(self, group: ClassicGroup) -> None:
        """Tell all members of their new generation, and wait for their SyncGroups."""
        members = list(group.roster.members.values())
        for member in members:
            self.restart_session(group, member)
            member.is_new = False
            group.awaiting_sync.add(member.member_id)
        group.sync_alarm = self._clock.call_later(
            group.roster.rebalance_timeout_ms / 1000,
            lambda: self._survive(lambda: self._drop_unsynced(group)),
        )
        for member in members:
            group.roster.answer_join(member, group.joined(member.member_id))

    # The sync phase.

    def synced(self, group: ClassicGroup, member_id: str) -> None:
        """A member's SyncGroup has come."""
        group.awaiting_sync.discard(member_id)
        if not group.awaiting_sync:
            group.cancel_sync_alarm()

    def _drop_unsynced(self, group: ClassicGroup) -> None:
        for member_id in list(group.awaiting_sync):
            group.roster.remove(member_id)
        self.begin(group)

    def assign(self, group: ClassicGroup, assignments: dict[str, bytes]) -> None:
        """The leader has assigned: the group is stable, and everybody is told."""
        for member in group.roster.members.values():
            member.assignment = assignments.get(member.member_id, b"")
        group.move_to(ClassicState.STABLE)
        self._propagate(group, ErrorCode.NONE)

    def withhold_assignments(self, group: ClassicGroup, error: ErrorCode) -> None:
        """There will be no assignment in this generation: tell whoever waits for one."""
        for member in group.roster.members.values():
            member.assignment = b""
        self._propagate(group, error)

    def _propagate(self, group: ClassicGroup, error: ErrorCode) -> None:
        protocol_type, protocol_name = (
            (None, None) if error else (group.roster.protocol_type, group.protocol_name)
        )
        for member in list(group.roster.members.values()):
            result = SyncResult(error, protocol_type, protocol_name, member.assignment)
            if group.roster.answer_sync(member, result):
                self.restart_session(group, member)

    # Writing.

    def persist(self, group: ClassicGroup, assignments: dict[str, bytes]) -> int:
        """Write the group as it stands, with these assignments; see `ShardTables.write`.

        Raises:
            KafkaError: what a client is to be told.
        """
        return self._shard.write([classic_records.group_metadata(group, assignments)], replay=False)
