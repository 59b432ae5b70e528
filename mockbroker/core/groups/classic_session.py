"""SyncGroup, Heartbeat and LeaveGroup of classic groups.

Rules kept here:

- The leader's SyncGroup brings the assignment. It is written first; when it is safe, all that wait are told, and the
  group is stable. Who the leader left out is assigned nothing.
- A heartbeat moves the session on; its answer tells of a rebalance (`classic_states`).
- LeaveGroup takes several members, each of which may fail for itself; an administrator names a static one without its
  id (KIP-345). Those that left cause one rebalance together.

Source: `GroupMetadataManager`: classicGroupSync, classicGroupHeartbeat, classicGroupLeave.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from mockbroker.core.groups.classic import ClassicGroup
from mockbroker.core.groups.classic_states import RULES, ClassicState
from mockbroker.core.groups.results import JoinResult, LeaveResult, LeftMember, SyncResult
from mockbroker.core.waiting import Pending
from protocol_specs.errors import ErrorCode, KafkaError

if TYPE_CHECKING:
    from mockbroker.core.groups.classic_rebalance import ClassicRebalance
    from mockbroker.core.groups.requests import LeavingMember, SyncRequest
    from mockbroker.core.groups.roster import ClassicMember
    from mockbroker.core.groups.shard_tables import ShardTables

__all__ = ["ClassicSession"]


class ClassicSession:
    """What the members of one shard's groups say between two joins."""

    __slots__ = ("_rebalances", "_shard")

    def __init__(self, shard: ShardTables, rebalances: ClassicRebalance) -> None:
        self._shard = shard
        self._rebalances = rebalances

    # SyncGroup.

    def sync(self, request: SyncRequest) -> SyncResult | Pending:
        """Answer a SyncGroup, or park it until the leader has assigned."""
        group = self._shard.groups.get(request.group_id)
        try:
            if not isinstance(group, ClassicGroup) or group.is_empty:
                return SyncResult(ErrorCode.UNKNOWN_MEMBER_ID)
            member = self._check_sync(group, request)
        except KafkaError as error:
            return SyncResult(error.code)
        self._rebalances.synced(group, request.member_id)
        if group.state is ClassicState.STABLE:
            return SyncResult(
                protocol_type=group.roster.protocol_type,
                protocol_name=group.protocol_name,
                assignment=member.assignment,
            )
        syncing = member.syncing = Pending()
        if group.is_leader(request.member_id):
            self._assign(group, dict(request.assignments))
        if syncing.is_settled:
            result: SyncResult = syncing.reply
            return result
        return syncing

    def _check_sync(self, group: ClassicGroup, request: SyncRequest) -> ClassicMember:
        member = group.check_member(request.member_id, request.group_instance_id)
        if request.generation_id != group.generation_id:
            raise KafkaError(ErrorCode.ILLEGAL_GENERATION)
        if _differ(request.protocol_type, group.roster.protocol_type) or _differ(
            request.protocol_name, group.protocol_name
        ):
            raise KafkaError(ErrorCode.INCONSISTENT_GROUP_PROTOCOL)
        error = RULES[group.state].sync
        if error:
            raise KafkaError(error)
        return member

    def _assign(self, group: ClassicGroup, assignments: dict[str, bytes]) -> None:
        for member_id in group.roster.members:
            assignments.setdefault(member_id, b"")
        generation_id = group.generation_id

        def committed(error: ErrorCode) -> None:
            if group.state is not ClassicState.COMPLETING_REBALANCE or generation_id != group.generation_id:
                return
            if error:
                self._rebalances.withhold_assignments(group, error)
                self._rebalances.begin_or_complete(group)
            else:
                self._rebalances.assign(group, assignments)

        try:
            required = self._rebalances.persist(group, assignments)
        except KafkaError as error:
            committed(error.code)
        else:
            self._shard.when_committed(required, committed)

    # Heartbeat.

    def heartbeat(
        self, group_id: str, generation_id: int, member_id: str, group_instance_id: str | None
    ) -> ErrorCode:
        """Move a member's session on, and say whether it must join again."""
        group = self._shard.groups.get(group_id)
        try:
            if not isinstance(group, ClassicGroup):
                return ErrorCode.UNKNOWN_MEMBER_ID
            member = group.check_member(member_id, group_instance_id)
        except KafkaError as error:
            return error.code
        if generation_id != group.generation_id:
            return ErrorCode.ILLEGAL_GENERATION
        self._rebalances.restart_session(group, member)
        return RULES[group.state].heartbeat

    # LeaveGroup.

    def leave(self, group_id: str, members: Sequence[LeavingMember]) -> LeaveResult:
        """Let members go."""
        group = self._shard.groups.get(group_id)
        if not isinstance(group, ClassicGroup):
            return LeaveResult(
                members=[
                    LeftMember(member.member_id, member.group_instance_id, ErrorCode.UNKNOWN_MEMBER_ID)
                    for member in members
                ]
            )
        left = [
            LeftMember(member.member_id, member.group_instance_id, self._leave(group, member))
            for member in members
        ]
        if not all(member.error_code for member in left):
            try:
                if group.state in (ClassicState.STABLE, ClassicState.COMPLETING_REBALANCE):
                    self._rebalances.begin(group)
                else:
                    self._rebalances.complete_if_all_joined(group)
            except KafkaError as error:
                return LeaveResult(error.code)
        return LeaveResult(members=left)

    def _leave(self, group: ClassicGroup, leaving: LeavingMember) -> ErrorCode:
        member_id = leaving.member_id
        if not member_id:
            known_id = group.roster.static_members.get(leaving.group_instance_id or "")
            if leaving.group_instance_id is None or known_id is None:
                return ErrorCode.UNKNOWN_MEMBER_ID
            member = group.roster.members[known_id]
        elif member_id in group.roster.pending_members:
            group.roster.remove(member_id)
            return ErrorCode.NONE
        else:
            try:
                member = group.check_member(member_id, leaving.group_instance_id)
            except KafkaError as error:
                return error.code
        group.roster.answer_join(member, JoinResult(ErrorCode.UNKNOWN_MEMBER_ID))
        # Kafka forgets a SyncGroup that waits here, and its client runs into its own timeout.
        group.roster.answer_sync(member, SyncResult(ErrorCode.UNKNOWN_MEMBER_ID))
        group.roster.remove(member.member_id)
        return ErrorCode.NONE


def _differ(asked: str | None, present: str | None) -> bool:
    return asked is not None and present is not None and asked != present
