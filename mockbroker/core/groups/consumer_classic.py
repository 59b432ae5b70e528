"""Members of consumer groups that speak the classic protocol, while a group migrates (KIP-848).

Rules kept here:

- JoinGroup does what a heartbeat does for the others, and is answered at once: the coordinator assigns, so nobody leads
  and nobody is waited for. SyncGroup then gives the member what it is assigned.
- The member epoch is the generation. A heartbeat's answer tells the member to join again when there is a newer
  assignment, when it has partitions to give up, and when what it waits for is free.

Source: `GroupMetadataManager`: classicGroupJoinToConsumerGroup, classicGroupSyncToConsumerGroup,
classicGroupHeartbeatToConsumerGroup, classicGroupLeaveToConsumerGroup.
"""

from __future__ import annotations

import struct
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from mockbroker.core.groups.classic import CONSUMER_PROTOCOL_TYPE
from mockbroker.core.groups.consumer import ConsumerGroup
from mockbroker.core.groups.consumer_change import ConsumerChange
from mockbroker.core.groups.consumer_member import ClassicMetadata, ConsumerMember
from mockbroker.core.groups.consumer_members import check_static
from mockbroker.core.groups.consumer_migration import assignment_blob, parse_subscription
from mockbroker.core.groups.modern import MemberState
from mockbroker.core.groups.results import JoinResult, LeaveResult, LeftMember, SyncResult
from mockbroker.core.topics import new_uuid
from protocol_specs.errors import ErrorCode, KafkaError
from protocol_specs.notation import uuid_text
from protocol_specs.wire_types import WireError

if TYPE_CHECKING:
    from mockbroker.core.groups.consumer_fencing import ConsumerFencing
    from mockbroker.core.groups.consumer_members import ConsumerMembers
    from mockbroker.core.groups.consumer_migration import ConsumerMigration
    from mockbroker.core.groups.records import LogRecord
    from mockbroker.core.groups.requests import JoinRequest, LeavingMember, SyncRequest
    from mockbroker.core.groups.shard_tables import ShardTables
    from mockbroker.core.waiting import Pending

__all__ = ["ClassicMembers"]

_MEMBER_ID_REQUIRED_SINCE = 4


class ClassicMembers:
    """What such members of one shard's groups say. All methods raise KafkaError where the request is refused."""

    __slots__ = ("_cluster", "_fencing", "_members", "_migration", "_shard")

    def __init__(
        self,
        shard: ShardTables,
        members: ConsumerMembers,
        fencing: ConsumerFencing,
        migration: ConsumerMigration,
    ) -> None:
        self._shard = shard
        self._cluster = shard.around.cluster
        self._members = members
        self._fencing = fencing
        self._migration = migration

    # JoinGroup.

    def join(self, group: ConsumerGroup, request: JoinRequest) -> JoinResult | Pending:
        """Answer a JoinGroup to a group that has members."""
        if not self._shard.around.limits.allows_migration:
            raise KafkaError(ErrorCode.INCONSISTENT_GROUP_PROTOCOL)
        member_id = request.member_id or uuid_text(new_uuid(self._shard.around.random))
        self._members.check_room(group, member_id)
        names = [name for name, _ in request.protocols]
        if not group.supports_classic(request.protocol_type, names):
            raise KafkaError(ErrorCode.INCONSISTENT_GROUP_PROTOCOL)
        instance_id = request.group_instance_id
        if instance_id is None and not request.member_id and request.version >= _MEMBER_ID_REQUIRED_SINCE:
            return JoinResult(ErrorCode.MEMBER_ID_REQUIRED, member_id)
        log_records: list[LogRecord] = []
        if instance_id is None:
            member = self._members.find(group, member_id, True)
        else:
            member = self._members.find_static(
                group, member_id, instance_id, not request.member_id, True, log_records
            )
        change = ConsumerChange(group, member, log_records)
        return self._join(change, request)

    def _join(self, change: ConsumerChange, request: JoinRequest) -> JoinResult | Pending:
        group = change.group
        replaced = group.static_member(request.group_instance_id)
        downgrades = replaced is not None and self._migration.may_downgrade_for(group, replaced)
        subscription = _subscription(request)
        change.updated = _updated(change.member, request, subscription)
        self._members.subscribe(change, None, awaits_regex=False)
        owned = [
            (self._cluster.topics[topic.topic].id, topic.partitions)
            for topic in subscription.owned_partitions
            if topic.topic in self._cluster.topics
        ]
        if downgrades:
            required = self._downgrade(change, owned)
        else:
            self._members.assign(change)
            self._members.reconcile(change, owned)
            required = self._members.write(change)
            self._await_sync(change.updated, request)
        updated = change.updated
        result = JoinResult(
            member_id=updated.member_id,
            generation_id=updated.member_epoch,
            protocol_type=CONSUMER_PROTOCOL_TYPE,
            protocol_name=request.protocols[0][0],
        )
        answer: JoinResult | Pending = self._shard.when_committed(
            required, lambda error: JoinResult(error) if error else result
        )
        return answer

    def _downgrade(self, change: ConsumerChange, owned: Any) -> int:
        """The last member of the consumer protocol is replaced by this one."""
        group = change.group
        rebalances = group.assignment_epoch < change.group_epoch
        if not rebalances:
            change.target_epoch, change.target = group.assignment_epoch, group.target_for(change.updated)
            self._members.reconcile(change, owned)
        return self._migration.downgrade(
            group, joining=change.updated, rebalances=rebalances, log_records=change.log_records
        )

    def _await_sync(self, member: ConsumerMember, request: JoinRequest) -> None:
        group = self._shard.groups[request.group_id]
        assert isinstance(group, ConsumerGroup)
        self._fencing.await_sync(group, member, request.rebalance_timeout_ms / 1000)

    # SyncGroup, Heartbeat, LeaveGroup.

    def sync(self, group: ConsumerGroup, request: SyncRequest) -> SyncResult | Pending:
        """Give a member what it is assigned."""
        member = self._member(group, request.member_id, request.group_instance_id, request.generation_id)
        assert member.classic is not None
        name, metadata = member.classic.protocols[0]
        if request.protocol_type not in (None, CONSUMER_PROTOCOL_TYPE) or request.protocol_name not in (
            None,
            name,
        ):
            raise KafkaError(ErrorCode.INCONSISTENT_GROUP_PROTOCOL)
        if (
            group.assignment_epoch > member.member_epoch
            and member.state is not MemberState.UNREVOKED_PARTITIONS
        ):
            self._fencing.await_join(group, member)
            raise KafkaError(ErrorCode.REBALANCE_IN_PROGRESS)
        self._fencing.synced(group, member)
        assignment = assignment_blob(self._cluster, member.assigned, metadata)
        result = SyncResult(
            protocol_type=request.protocol_type, protocol_name=request.protocol_name, assignment=assignment
        )
        answer: SyncResult | Pending = self._shard.when_committed(
            self._shard.written_offset, lambda error: SyncResult(error) if error else result
        )
        return answer

    def heartbeat(
        self, group: ConsumerGroup, generation_id: int, member_id: str, group_instance_id: str | None
    ) -> ErrorCode:
        """Move a member's session on, and say whether it must join again."""
        member = self._member(group, member_id, group_instance_id, generation_id)
        self._fencing.restart_session(group, member)
        state = member.state
        if (
            member.member_epoch < group.assignment_epoch
            or state is MemberState.UNREVOKED_PARTITIONS
            or (state is MemberState.UNRELEASED_PARTITIONS and not group.awaits_partitions(member))
        ):
            self._fencing.await_join(group, member)
            return ErrorCode.REBALANCE_IN_PROGRESS
        return ErrorCode.NONE

    def leave(self, group: ConsumerGroup, members: Sequence[LeavingMember]) -> LeaveResult:
        """Let members go, also such as speak the consumer protocol."""
        left: list[LeftMember] = []
        gone: list[ConsumerMember] = []
        for leaving in members:
            error = ErrorCode.NONE
            try:
                gone.append(_leaving(group, leaving))
            except KafkaError as refusal:
                error = refusal.code
            left.append(LeftMember(leaving.member_id, leaving.group_instance_id, error))
        self._fencing.fence(group, gone)
        return LeaveResult(members=left)

    def _member(
        self, group: ConsumerGroup, member_id: str, group_instance_id: str | None, generation_id: int
    ) -> ConsumerMember:
        if group_instance_id is None:
            member = group.member(member_id)
        else:
            present = group.static_member(group_instance_id)
            member = check_static(present, member_id, group_instance_id)
        if member.classic is None:
            raise KafkaError(ErrorCode.UNKNOWN_MEMBER_ID)
        if member.member_epoch != generation_id:
            raise KafkaError(ErrorCode.ILLEGAL_GENERATION)
        return member


def _leaving(group: ConsumerGroup, leaving: LeavingMember) -> ConsumerMember:
    instance_id = leaving.group_instance_id
    if instance_id is None:
        return group.member(leaving.member_id)
    present = group.static_member(instance_id)
    if present is not None and not leaving.member_id:
        return present
    return check_static(present, leaving.member_id, instance_id)


def _subscription(request: JoinRequest) -> Any:
    """All protocols tell the same subscription."""
    try:
        return parse_subscription(request.protocols[0][1])
    except (WireError, struct.error, KeyError):
        raise KafkaError(ErrorCode.UNKNOWN_SERVER_ERROR) from None


def _updated(member: ConsumerMember, request: JoinRequest, subscription: Any) -> ConsumerMember:
    timeout_ms = request.rebalance_timeout_ms
    return member._replace(
        instance_id=request.group_instance_id or member.instance_id,
        rack_id=subscription.rack_id or member.rack_id,
        rebalance_timeout_ms=member.rebalance_timeout_ms if timeout_ms == -1 else timeout_ms,
        client_id=request.client_id or "",
        client_host=f"/{request.client_host}",
        subscribed_topic_names=frozenset(subscription.topics),
        subscribed_topic_regex="",
        classic=ClassicMetadata(request.session_timeout_ms, request.protocols),
    )
