"""JoinGroup of classic groups.

Rules kept here:

- A new member is given an id. From v4 on a dynamic one has to come back with it (KIP-394); until then the id is
  outstanding, for a session timeout.
- A static member that comes without its id takes its old place under a new one (KIP-345). In a stable group whose
  protocol stays the same there is no rebalance: the member is told of the present generation, from v9 on also that it
  leads without having to assign (KIP-814).
- What a member's rejoin does in each state is in `classic_states`.
- `group.max.size` counts, during a rebalance, those that have joined.

Source: `GroupMetadataManager.classicGroupJoin` and what it calls.
"""

from __future__ import annotations

import uuid
from typing import TYPE_CHECKING

from mockbroker.core.groups import classic_records
from mockbroker.core.groups.classic import ClassicGroup
from mockbroker.core.groups.classic_states import RULES, ClassicState
from mockbroker.core.groups.results import JoinResult
from mockbroker.core.groups.roster import ClassicMember
from mockbroker.core.waiting import Pending
from protocol_specs.errors import ErrorCode, KafkaError

if TYPE_CHECKING:
    from mockbroker.core.groups.classic_rebalance import ClassicRebalance
    from mockbroker.core.groups.group import Group
    from mockbroker.core.groups.requests import JoinRequest
    from mockbroker.core.groups.shard_tables import ShardTables

__all__ = ["ClassicJoin"]

_MEMBER_ID_REQUIRED_SINCE = 4
_SKIP_ASSIGNMENT_SINCE = 9


class ClassicJoin:
    """The JoinGroups of one shard."""

    __slots__ = ("_rebalances", "_shard")

    def __init__(self, shard: ShardTables, rebalances: ClassicRebalance) -> None:
        self._shard = shard
        self._rebalances = rebalances

    def join(self, request: JoinRequest) -> JoinResult | Pending:
        """Answer a JoinGroup, or park it until the rebalance ends."""
        former = self._shard.groups.get(request.group_id)
        if isinstance(former, ClassicGroup):
            try:
                return self._join(former, request)
            except KafkaError as error:
                return JoinResult(error.code)
        if former is not None and not (former.gives_way and former.is_empty):
            return JoinResult(ErrorCode.INCONSISTENT_GROUP_PROTOCOL)
        if request.member_id:
            return JoinResult(ErrorCode.UNKNOWN_MEMBER_ID, request.member_id)
        return self._join_first(former, request)

    def _join_first(self, former: Group | None, request: JoinRequest) -> JoinResult | Pending:
        """Make the group, in the place of an empty one of another type where there is one."""
        group_id = request.group_id
        log_records = [] if former is None else former.tombstones()
        self._shard.groups.pop(group_id, None)
        group = self._shard.classic_group(group_id)
        result = self._join(group, request)
        try:
            self._shard.write([*log_records, classic_records.empty_group(group)], replay=False)
        except KafkaError as error:
            self._shard.forget_group(group_id)
            if former is not None:
                self._shard.groups[group_id] = former
            return JoinResult(error.code)
        return result

    def _join(self, group: ClassicGroup, request: JoinRequest) -> JoinResult | Pending:
        if not self._has_room(group, request.member_id):
            group.roster.remove(request.member_id)
            return JoinResult(ErrorCode.GROUP_MAX_SIZE_REACHED)
        error = RULES[group.state].join
        if not error and not group.supports(request.protocol_type, request.protocols):
            error = ErrorCode.INCONSISTENT_GROUP_PROTOCOL
        if error:
            return JoinResult(error, request.member_id)
        if not request.member_id:
            return self._join_new(group, request)
        if request.member_id not in group.roster.pending_members:
            return self._rejoin(group, request)
        if request.group_instance_id is not None:
            # Ids are only handed out to dynamic members. Kafka's coordinator trips over this one.
            return JoinResult(ErrorCode.UNKNOWN_SERVER_ERROR)
        return self._add(group, request, request.member_id)

    def _has_room(self, group: ClassicGroup, member_id: str) -> bool:
        if group.is_empty or group.state is ClassicState.DEAD:
            return True
        limit = self._shard.around.limits.max_group_size
        member = group.roster.members.get(member_id)
        if group.state is ClassicState.PREPARING_REBALANCE:
            is_joining = member is not None and member.joining is not None
            return is_joining or group.roster.joining_count < limit
        return member is not None or len(group.roster.members) < limit

    # New members.

    def _join_new(self, group: ClassicGroup, request: JoinRequest) -> JoinResult | Pending:
        instance_id = request.group_instance_id
        member_id = self._new_member_id(request)
        if instance_id is not None:
            if instance_id in group.roster.static_members:
                return self._replace(group, request, member_id)
            return self._add(group, request, member_id)
        if request.version < _MEMBER_ID_REQUIRED_SINCE:
            return self._add(group, request, member_id)
        self._rebalances.await_member(group, member_id, request.session_timeout_ms / 1000)
        return JoinResult(ErrorCode.MEMBER_ID_REQUIRED, member_id)

    def _new_member_id(self, request: JoinRequest) -> str:
        prefix = request.group_instance_id
        if prefix is None:
            prefix = "null" if request.client_id is None else request.client_id
        suffix = uuid.UUID(int=self._shard.around.random.getrandbits(128), version=4)
        return f"{prefix}-{suffix}"

    def _add(self, group: ClassicGroup, request: JoinRequest, member_id: str) -> JoinResult | Pending:
        member = ClassicMember(
            member_id,
            request.group_instance_id,
            request.client_id or "",
            f"/{request.client_host}",
            _rebalance_timeout_ms(request),
            request.session_timeout_ms,
            request.protocol_type,
            request.protocols,
        )
        member.is_new = True
        if group.state is ClassicState.PREPARING_REBALANCE and group.previous_state is ClassicState.EMPTY:
            group.new_member_added = True
        joining = Pending()
        group.roster.add(member, joining)
        self._rebalances.restart_session(group, member, self._shard.around.limits.new_member_join_timeout)
        self._rebalances.begin_or_complete(group)
        return _answer_of(joining)

    # Members that are known.

    def _rejoin(self, group: ClassicGroup, request: JoinRequest) -> JoinResult | Pending:
        try:
            member = group.check_member(request.member_id, request.group_instance_id)
        except KafkaError as error:
            return JoinResult(error.code, request.member_id)
        rules = RULES[group.state]
        if rules.rejoin:
            return JoinResult(rules.rejoin, request.member_id)
        starts_rebalance = (
            rules.rejoin_rebalances
            or (rules.leader_rejoin_rebalances and group.is_leader(request.member_id))
            or member.protocols != request.protocols
        )
        if not starts_rebalance:
            return group.joined(request.member_id)
        joining = Pending()
        self._update(group, member, request, joining)
        self._rebalances.begin_or_complete(group)
        return _answer_of(joining)

    def _update(
        self, group: ClassicGroup, member: ClassicMember, request: JoinRequest, joining: Pending
    ) -> None:
        group.roster.update(
            member, request.protocols, _rebalance_timeout_ms(request), request.session_timeout_ms, joining
        )

    # A static member that comes back under a new id.

    def _replace(self, group: ClassicGroup, request: JoinRequest, member_id: str) -> JoinResult | Pending:
        instance_id = request.group_instance_id
        assert instance_id is not None
        former = group.roster.members[group.roster.static_members[instance_id]]
        former_leader_id = group.roster.leader_id or ""
        member = group.roster.replace_static(instance_id, member_id)
        self._rebalances.restart_session(group, member)
        joining = Pending()
        self._update(group, member, request, joining)
        if group.state is ClassicState.STABLE:
            if group.roster.select_protocol() == group.protocol_name:
                return self._keep_generation(group, request, former, member, former_leader_id)
            self._rebalances.begin_or_complete(group)
        elif group.state is ClassicState.COMPLETING_REBALANCE:
            # The leader may be assigning to the former id at this moment.
            self._rebalances.begin(group)
        else:
            self._rebalances.complete_if_all_joined(group)
        return _answer_of(joining)

    def _keep_generation(
        self,
        group: ClassicGroup,
        request: JoinRequest,
        former: ClassicMember,
        member: ClassicMember,
        former_leader_id: str,
    ) -> JoinResult | Pending:
        """Write the new id; once that is safe the member goes on in the present generation, else the old id stays."""
        joining = member.joining
        assert joining is not None
        skips = request.version >= _SKIP_ASSIGNMENT_SINCE

        def committed(error: ErrorCode) -> None:
            if error:
                self._revert(group, former, member, error, former_leader_id)
                return
            result = group.joined(member.member_id)
            if skips:
                result = result._replace(skip_assignment=group.is_leader(member.member_id))
            else:
                # Not told that it leads, it will not assign; a stable group would ignore what it assigned.
                result = result._replace(leader=former_leader_id, members=())
            group.roster.answer_join(member, result)

        try:
            assignments = {id: other.assignment for id, other in group.roster.members.items()}
            required = self._rebalances.persist(group, assignments)
        except KafkaError as error:
            committed(error.code)
        else:
            self._shard.when_committed(required, committed)
        return _answer_of(joining)

    def _revert(
        self,
        group: ClassicGroup,
        former: ClassicMember,
        member: ClassicMember,
        error: ErrorCode,
        former_leader_id: str,
    ) -> None:
        joining = member.joining
        if joining is None or group.roster.members.get(member.member_id) is not member:
            return
        assert member.group_instance_id is not None
        group.roster.update(
            member, former.protocols, former.rebalance_timeout_ms, former.session_timeout_ms, None
        )
        restored = group.roster.replace_static(member.group_instance_id, former.member_id)
        self._rebalances.restart_session(group, restored)
        result = group.joined("")._replace(error_code=error, leader=former_leader_id)
        joining.settle(result)


def _rebalance_timeout_ms(request: JoinRequest) -> int:
    """Version 0 has none: the session timeout stands for it."""
    return request.session_timeout_ms if request.version == 0 else request.rebalance_timeout_ms


def _answer_of(pending: Pending) -> JoinResult | Pending:
    if pending.is_settled:
        result: JoinResult = pending.reply
        return result
    return pending
