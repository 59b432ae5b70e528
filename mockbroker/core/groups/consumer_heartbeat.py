"""ConsumerGroupHeartbeat (KIP-848): by it alone a member joins, learns what it is to have, and leaves.

Rules kept here:

- The assignment is told where the member joins, says all that it has to say, or is to have something else than before;
  otherwise it is as the member knows it.
- The first members of an empty group are answered together, after `Limits.first_assignment_delay`: so those that start
  at the same time share the first assignment, and do not have to wait for one another's next heartbeat. Each is a
  member at once. Kafka answers without a delay (docs/differences.md).
- A heartbeat that changes nothing writes nothing.

Source: `GroupCoordinatorService.consumerGroupHeartbeat`, `GroupMetadataManager.consumerGroupHeartbeat`.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from mockbroker.core.groups.consumer import ConsumerGroup
from mockbroker.core.groups.consumer_change import ConsumerChange
from mockbroker.core.groups.consumer_member import ConsumerMember, partitions_of
from mockbroker.core.groups.consumer_members import check_epoch, check_static
from mockbroker.core.groups.modern import JOINING_EPOCH, LEAVING_EPOCH, LEAVING_STATIC_EPOCH
from mockbroker.core.groups.results import ConsumerHeartbeatResult
from mockbroker.core.java_maps import hash_order
from mockbroker.core.topics import new_uuid
from mockbroker.core.waiting import Pending
from protocol_specs.errors import ErrorCode, KafkaError
from protocol_specs.notation import uuid_text

if TYPE_CHECKING:
    from mockbroker.core.groups.consumer_fencing import ConsumerFencing
    from mockbroker.core.groups.consumer_members import ConsumerMembers
    from mockbroker.core.groups.consumer_migration import ConsumerMigration
    from mockbroker.core.groups.records import LogRecord
    from mockbroker.core.groups.requests import ConsumerHeartbeat
    from mockbroker.core.groups.shard_tables import ShardTables, Tables

__all__ = ["ConsumerHeartbeats", "check_request", "find_group", "refused"]

_MEMBER_ID_REQUIRED_SINCE = 1


class ConsumerHeartbeats:
    """The ConsumerGroupHeartbeats of one shard."""

    __slots__ = ("_around", "_fencing", "_members", "_migration", "_shard", "_waiting")

    def __init__(
        self,
        shard: ShardTables,
        members: ConsumerMembers,
        fencing: ConsumerFencing,
        migration: ConsumerMigration,
    ) -> None:
        self._shard = shard
        self._around = shard.around
        self._members = members
        self._fencing = fencing
        self._migration = migration
        #: who waits for the first assignment of its group.
        self._waiting: dict[ConsumerGroup, list[tuple[ConsumerHeartbeat, Pending]]] = {}

    def heartbeat(self, request: ConsumerHeartbeat) -> ConsumerHeartbeatResult | Pending:
        """Answer a heartbeat that `check_request` let through.

        Raises:
            KafkaError: with Kafka's code and text.
        """
        if request.member_epoch in (LEAVING_EPOCH, LEAVING_STATIC_EPOCH):
            return self._leave(request)
        if not request.member_id:
            request = request._replace(member_id=uuid_text(new_uuid(self._around.random)))
        change = self._change(request)
        change.updated = _updated(change.member, request)
        self._members.subscribe(change, request.allows_topic, awaits_regex=True)
        if request.member_epoch == JOINING_EPOCH and self._may_wait(change.group):
            self._members.write(change)
            return self._wait(request)
        return self._finish(change, request)

    def _change(self, request: ConsumerHeartbeat) -> ConsumerChange:
        joins = request.member_epoch == JOINING_EPOCH
        log_records: list[LogRecord] = []
        group = self._migration.group_to_join(request.group_id, joins, log_records)
        self._members.check_room(group, request.member_id)
        if request.instance_id is None:
            member = self._members.find(group, request.member_id, joins)
        else:
            member = self._members.find_static(
                group, request.member_id, request.instance_id, joins, False, log_records
            )
        may_rejoin = self._around.limits.may_rejoin or request.instance_id is not None
        check_epoch(member, request.member_epoch, request.owned, may_rejoin=may_rejoin)
        return ConsumerChange(group, member, log_records)

    def _finish(
        self, change: ConsumerChange, request: ConsumerHeartbeat
    ) -> ConsumerHeartbeatResult | Pending:
        self._members.assign(change)
        self._members.reconcile(change, request.owned)
        required = self._members.write(change)
        updated = change.updated
        tells_assignment = (
            request.member_epoch == JOINING_EPOCH
            or updated.assigned != change.member.assigned
            or _is_full(request)
        )
        result = ConsumerHeartbeatResult(
            member_id=updated.member_id,
            member_epoch=updated.member_epoch,
            heartbeat_interval_ms=self._around.configs.of(request.group_id)["consumer.heartbeat.interval.ms"],
            assignment=partitions_of(updated.assigned) if tells_assignment else None,
        )
        return self._answer(required, result)

    def _answer(self, required: int, result: ConsumerHeartbeatResult) -> ConsumerHeartbeatResult | Pending:
        answer: ConsumerHeartbeatResult | Pending = self._shard.when_committed(
            required, lambda error: ConsumerHeartbeatResult(error) if error else result
        )
        return answer

    # The first assignment.

    def _may_wait(self, group: ConsumerGroup) -> bool:
        return group in self._waiting or (group.is_empty and self._around.limits.first_assignment_delay > 0)

    def _wait(self, request: ConsumerHeartbeat) -> Pending:
        group = self._shard.groups[request.group_id]
        assert isinstance(group, ConsumerGroup)
        waiting = self._waiting.get(group)
        if waiting is None:
            waiting = self._waiting[group] = []
            self._around.clock.call_later(
                self._around.limits.first_assignment_delay, lambda: self._end_wait(group)
            )
        pending = Pending()
        waiting.append((request, pending))
        return pending

    def _end_wait(self, group: ConsumerGroup) -> None:
        for request, pending in self._waiting.pop(group):
            try:
                self._finish_waiting(group, request, pending)
            except KafkaError as error:
                pending.settle(refused(error))

    def _finish_waiting(self, group: ConsumerGroup, request: ConsumerHeartbeat, pending: Pending) -> None:
        if not self._shard.is_loaded:
            raise KafkaError(ErrorCode.NOT_COORDINATOR)
        if self._shard.groups.get(request.group_id) is not group:
            raise KafkaError(ErrorCode.UNKNOWN_MEMBER_ID)
        change = ConsumerChange(group, group.member(request.member_id), [])
        change.has_changed = True
        answer = self._finish(change, request)
        if isinstance(answer, Pending):
            answer.on_settled = lambda: pending.settle(answer.reply)
        else:
            pending.settle(answer)

    # Leaving.

    def _leave(self, request: ConsumerHeartbeat) -> ConsumerHeartbeatResult | Pending:
        group = find_group(self._shard, request.group_id)
        if request.instance_id is None:
            member = group.member(request.member_id)
        else:
            present = group.static_member(request.instance_id)
            member = check_static(present, request.member_id, request.instance_id)
        if request.member_epoch == LEAVING_STATIC_EPOCH:
            required = self._fencing.leave_for_a_while(group, member)
        else:
            required = self._fencing.fence(group, [member])
        result = ConsumerHeartbeatResult(member_id=request.member_id, member_epoch=request.member_epoch)
        return self._answer(required, result)


def find_group(tables: Tables, group_id: str) -> ConsumerGroup:
    """A consumer group.

    Raises:
        KafkaError: GROUP_ID_NOT_FOUND.
    """
    group = tables.groups.get(group_id)
    if isinstance(group, ConsumerGroup):
        return group
    text = f"Group {group_id} not found." if group is None else f"Group {group_id} is not a consumer group."
    raise KafkaError(ErrorCode.GROUP_ID_NOT_FOUND, text)


def refused(error: KafkaError) -> ConsumerHeartbeatResult:
    """The answer to a heartbeat that is refused; what the coordinator trips over has no text."""
    message = None if error.code is ErrorCode.UNKNOWN_SERVER_ERROR else error.detail
    return ConsumerHeartbeatResult(error.code, message)


def check_request(request: ConsumerHeartbeat, assignors: Iterable[str]) -> None:
    """Refuse what no member may say.

    Args:
        assignors: names of the server-side assignors.

    Raises:
        KafkaError: INVALID_REQUEST, UNSUPPORTED_ASSIGNOR.
    """
    epoch = request.member_epoch
    if request.version >= _MEMBER_ID_REQUIRED_SINCE or epoch > 0 or epoch == LEAVING_EPOCH:
        _check_given(request.member_id, "MemberId")
    _check_given(request.group_id, "GroupId")
    _check_given(request.instance_id, "InstanceId")
    _check_given(request.rack_id, "RackId")
    if epoch == JOINING_EPOCH:
        _check_join(request)
    elif epoch == LEAVING_STATIC_EPOCH and request.instance_id is None:
        raise _invalid("InstanceId can't be null.")
    elif epoch < LEAVING_STATIC_EPOCH:
        raise _invalid("MemberEpoch is invalid.")
    assignor = request.server_assignor
    if assignor is not None and assignor not in assignors:
        text = f"ServerAssignor {assignor} is not supported. Supported assignors: "
        raise KafkaError(ErrorCode.UNSUPPORTED_ASSIGNOR, f"{text}{', '.join(hash_order(assignors))}.")


def _check_given(text: str | None, name: str) -> None:
    # Java's trim() takes away spaces and all control characters before them.
    if text is not None and all(char <= " " for char in text):
        raise _invalid(f"{name} can't be empty.")


def _check_join(request: ConsumerHeartbeat) -> None:
    if request.rebalance_timeout_ms == -1:
        raise _invalid("RebalanceTimeoutMs must be provided in first request.")
    if request.owned is None or request.owned:
        raise _invalid("TopicPartitions must be empty when (re-)joining.")
    if request.subscribed_topic_names is None and request.subscribed_topic_regex is None:
        text = "Either SubscribedTopicNames or SubscribedTopicRegex must be non-null when (re-)joining."
        raise _invalid(text)


def _invalid(text: str) -> KafkaError:
    return KafkaError(ErrorCode.INVALID_REQUEST, text)


def _is_full(request: ConsumerHeartbeat) -> bool:
    """Whether the member says all that it has to say, as it does after an error, too."""
    return (
        request.rebalance_timeout_ms != -1
        and request.owned is not None
        and (request.subscribed_topic_names is not None or request.subscribed_topic_regex is not None)
    )


def _updated(member: ConsumerMember, request: ConsumerHeartbeat) -> ConsumerMember:
    """The member as the request says; itself where that is nothing new."""
    names, regex = request.subscribed_topic_names, request.subscribed_topic_regex
    client_id, client_host = request.client_id or "", f"/{request.client_host}"
    says_nothing = (
        names is None
        and regex is None
        and request.rack_id is None
        and request.server_assignor is None
        and request.rebalance_timeout_ms == -1
        and member.classic is None
    )
    if says_nothing and member.client_id == client_id and member.client_host == client_host:
        return member
    timeout_ms = request.rebalance_timeout_ms
    return member._replace(
        instance_id=request.instance_id or member.instance_id,
        rack_id=request.rack_id or member.rack_id,
        rebalance_timeout_ms=member.rebalance_timeout_ms if timeout_ms == -1 else timeout_ms,
        client_id=client_id,
        client_host=client_host,
        subscribed_topic_names=member.subscribed_topic_names if names is None else frozenset(names),
        subscribed_topic_regex=member.subscribed_topic_regex if regex is None else regex,
        server_assignor=request.server_assignor or member.server_assignor,
        classic=None,
    )
