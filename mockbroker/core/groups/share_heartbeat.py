"""ShareGroupHeartbeat (KIP-932): by it alone a member joins, learns what it is to have, and leaves.

    member      found, or made
    subscribe   the member is as the request says; a change of what is subscribed to raises the group epoch, and so do
                partitions that were made ready since
    assign      the target assignment comes up to the group epoch
    reconcile   the member has what it is to have, at once

Rules kept here:

- A member whose epoch is neither the coordinator's nor the one before is fenced. So is one that is silent for
  `share.session.timeout.ms`.
- Partitions of subscribed topics whose state is not ready are made ready; they are assigned at a later heartbeat.
- The first members of an empty group are answered together, after `Limits.first_assignment_delay`, with partitions that
  were made ready meanwhile. Kafka answers at once, with nothing, and assigns with the next heartbeat
  (docs/differences.md).

Source: `GroupCoordinatorService.shareGroupHeartbeat`, `GroupMetadataManager.shareGroupHeartbeat` and what they call.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from mockbroker.core.groups import share_records as records
from mockbroker.core.groups.assignors.simple import assign_simply
from mockbroker.core.groups.consumer_member import partitions_of
from mockbroker.core.groups.modern import (
    JOINING_EPOCH,
    LEAVING_EPOCH,
    NO_PARTITIONS,
    SubscriptionCount,
    count_subscriptions,
    is_reconciled,
    subscribe_alike,
)
from mockbroker.core.groups.modern_assignment import Subscriber, is_due, make_targets
from mockbroker.core.groups.share import ShareGroup, find_share_group, new_share_group
from mockbroker.core.groups.share_member import ShareMember
from mockbroker.core.groups.share_requests import ShareHeartbeat, ShareHeartbeatResult
from mockbroker.core.groups.share_topics import NO_TOPICS, ShareTopic, to_initialize
from mockbroker.core.waiting import Pending
from protocol_specs.errors import ErrorCode, KafkaError

if TYPE_CHECKING:
    from mockbroker.core.groups.assignors.spec import Assignment
    from mockbroker.core.groups.records import LogRecord
    from mockbroker.core.groups.shard_tables import ShardTables
    from mockbroker.core.groups.share_states import ShareStateKeeper

__all__ = ["ShareHeartbeats", "check_request", "refused"]


class _Change:
    """A change in the making.

    Attributes:
        group: as it is; a new one is no part of the shard yet.
        member: as it was.
        updated: as it is to be.
        log_records: what makes it so.
        epoch: what the group's epoch is to be.
        rises: whether that is another one.
        subscriptions: of the group, with this member's.
        checked_version: the cluster's version at which the group's topics were looked at, once this is written.
        initializing: partitions that are to be made ready.
    """

    __slots__ = (
        "checked_version",
        "epoch",
        "group",
        "initializing",
        "log_records",
        "member",
        "rises",
        "subscriptions",
        "updated",
    )

    def __init__(self, group: ShareGroup, member: ShareMember) -> None:
        self.group = group
        self.member = self.updated = member
        self.log_records: list[LogRecord] = []
        self.epoch = group.group_epoch
        self.rises = False
        self.subscriptions = group.subscriptions
        self.checked_version = group.checked_version
        self.initializing: dict[bytes, ShareTopic] = {}


class ShareHeartbeats:
    """The ShareGroupHeartbeats of one shard, and the timers of its members."""

    __slots__ = ("_around", "_cluster", "_shard", "_states", "_waiting")

    def __init__(self, shard: ShardTables, states: ShareStateKeeper) -> None:
        self._shard = shard
        self._around = shard.around
        self._cluster = shard.around.cluster
        self._states = states
        #: who waits for the first assignment of its group.
        self._waiting: dict[ShareGroup, list[tuple[ShareHeartbeat, Pending]]] = {}

    def heartbeat(self, request: ShareHeartbeat) -> ShareHeartbeatResult | Pending:
        """Answer a heartbeat that `check_request` let through.

        Raises:
            KafkaError: with Kafka's code and text.
        """
        if request.member_epoch == LEAVING_EPOCH:
            return self._leave(request)
        joins = request.member_epoch == JOINING_EPOCH
        group = self._find_group(request.group_id, joins)
        change = _Change(group, self._find_member(group, request, joins))
        change.updated = _updated(change.member, request)
        self._subscribe(change)
        if joins and self._may_wait(group):
            self._write(change)
            return self._wait(request)
        return self._finish(change, request)

    # Finding the member.

    def _find_group(self, group_id: str, may_make: bool) -> ShareGroup:
        if not may_make and group_id not in self._shard.groups:
            raise KafkaError(ErrorCode.GROUP_ID_NOT_FOUND, f"Share group {group_id} not found.")
        return new_share_group(self._shard, group_id)

    def _find_member(self, group: ShareGroup, request: ShareHeartbeat, may_make: bool) -> ShareMember:
        member_id = request.member_id
        limit = self._around.limits.max_share_group_size
        if len(group.members) >= limit and member_id not in group.members:
            text = f"The share group has reached its maximum capacity of {limit} members."
            raise KafkaError(ErrorCode.GROUP_MAX_SIZE_REACHED, text)
        if may_make:
            return group.members.get(member_id) or ShareMember(member_id)
        member = group.member(member_id)
        _check_epoch(member, request.member_epoch)
        return member

    # Subscribing.

    def _subscribe(self, change: _Change) -> None:
        group, member, updated = change.group, change.member, change.updated
        if updated != member:
            change.log_records.append(records.member_metadata(group.group_id, updated))
            change.rises = updated.subscribed_topic_names != member.subscribed_topic_names
        if group.assignment_epoch >= group.group_epoch and group.has_unassigned:
            change.rises = True
        if not change.rises and group.checked_version == self._cluster.version:
            return
        change.subscriptions = subscriptions = dict(group.subscriptions)
        count_subscriptions(subscriptions, member.subscribed_topic_names, by_name=-1)
        count_subscriptions(subscriptions, updated.subscribed_topic_names, by_name=1)
        metadata_hash = self._around.topic_hashes.of(subscriptions)
        if change.rises or metadata_hash != group.metadata_hash:
            change.rises = True
            change.epoch += 1
            change.log_records.append(records.group_epoch(group.group_id, change.epoch, metadata_hash))
        change.checked_version = self._cluster.version

    # Assigning and reconciling.

    def _finish(self, change: _Change, request: ShareHeartbeat) -> ShareHeartbeatResult | Pending:
        target_epoch, target = self._assign(change)
        self._reconcile(change, target_epoch, target)
        required = self._write(change)
        updated = change.updated
        tells_assignment = (
            request.member_epoch == JOINING_EPOCH
            or request.subscribed_topic_names is not None
            or updated.assigned != change.member.assigned
        )
        result = ShareHeartbeatResult(
            member_id=updated.member_id,
            member_epoch=updated.member_epoch,
            heartbeat_interval_ms=self._around.configs.of(request.group_id)["share.heartbeat.interval.ms"],
            assignment=partitions_of(updated.assigned) if tells_assignment else None,
        )
        return self._answer(required, result)

    def _assign(self, change: _Change) -> tuple[int, Assignment]:
        """The target assignment's epoch, and the member's part: a new one where the group's epoch has risen."""
        group, updated = change.group, change.updated
        clock = self._around.clock
        interval_ms = self._around.configs.of(group.group_id)["share.assignment.interval.ms"]
        if group.assignment_epoch >= change.epoch or not is_due(
            group.assignment_timestamp_ms, interval_ms, clock.now_ms
        ):
            return group.assignment_epoch, group.target_of(updated.member_id)
        members = {**group.members, updated.member_id: updated}
        new = make_targets(
            self._cluster,
            assign_simply,
            {id: Subscriber(member.subscribed_topic_names) for id, member in members.items()},
            group.targets,
            is_homogeneous=subscribe_alike(change.subscriptions, len(members)),
            assignable=(group.topics or NO_TOPICS).assignable,
        )
        change.log_records += [
            records.target(group.group_id, member_id, new.targets.get(member_id, NO_PARTITIONS))
            for member_id in new.changed
        ]
        change.log_records.append(records.target_epoch(group.group_id, change.epoch, clock.now_ms))
        return change.epoch, new.targets.get(updated.member_id, NO_PARTITIONS)

    def _reconcile(self, change: _Change, target_epoch: int, target: Assignment) -> None:
        updated = change.updated
        if not change.rises and is_reconciled(updated, target_epoch):
            return
        topics = self._cluster.topics_by_id
        names = updated.subscribed_topic_names
        assigned = {
            topic_id: partitions
            for topic_id, partitions in target.items()
            if topic_id in topics and topics[topic_id].name in names
        }
        change.updated = updated.moved_to(target_epoch, assigned)
        if change.updated != updated:
            change.log_records.append(records.current_assignment(change.group.group_id, change.updated))

    # Writing.

    def _write(self, change: _Change) -> int:
        """Write it, let the member's time run, and have partitions made ready."""
        shard, group_id = self._shard, change.group.group_id
        topics = change.group.topics or NO_TOPICS
        initializing = to_initialize(
            self._cluster, topics, change.subscriptions, self._around.limits.share_initialize_retry_ms
        )
        if initializing:
            change.log_records.append(self._states.record(group_id, topics.initialize(initializing)))
        required = shard.write(change.log_records) if change.log_records else shard.written_offset
        group = shard.groups[group_id]
        assert isinstance(group, ShareGroup)
        group.checked_version = change.checked_version
        self.restart_session(group, change.updated.member_id)
        if initializing:
            partitions = {topic_id: topic.partitions for topic_id, topic in initializing.items()}
            self._states.begin(group_id, change.epoch, partitions)
        return required

    def _answer(self, required: int, result: ShareHeartbeatResult) -> ShareHeartbeatResult | Pending:
        answer: ShareHeartbeatResult | Pending = self._shard.when_committed(
            required, lambda error: ShareHeartbeatResult(error) if error else result
        )
        return answer

    # The first assignment.

    def _may_wait(self, group: ShareGroup) -> bool:
        return group in self._waiting or (group.is_empty and self._around.limits.first_assignment_delay > 0)

    def _wait(self, request: ShareHeartbeat) -> Pending:
        group = self._shard.groups[request.group_id]
        assert isinstance(group, ShareGroup)
        waiting = self._waiting.get(group)
        if waiting is None:
            waiting = self._waiting[group] = []
            self._around.clock.call_later(
                self._around.limits.first_assignment_delay, lambda: self._end_wait(group)
            )
        pending = Pending()
        waiting.append((request, pending))
        return pending

    def _end_wait(self, group: ShareGroup) -> None:
        for request, pending in self._waiting.pop(group):
            try:
                answer = self._finish_waiting(group, request)
            except KafkaError as error:
                answer = refused(error)
            if isinstance(answer, Pending):
                _pass_on(answer, pending)
            else:
                pending.settle(answer)

    def _finish_waiting(self, group: ShareGroup, request: ShareHeartbeat) -> ShareHeartbeatResult | Pending:
        if not self._shard.is_loaded:
            raise KafkaError(ErrorCode.NOT_COORDINATOR)
        if self._shard.groups.get(request.group_id) is not group:
            raise KafkaError(ErrorCode.UNKNOWN_MEMBER_ID)
        change = _Change(group, group.member(request.member_id))
        self._subscribe(change)
        return self._finish(change, request)

    # Going.

    def restart_session(self, group: ShareGroup, member_id: str) -> None:
        """Let a member's session run from now on."""
        timeout_ms = self._around.configs.of(group.group_id)["share.session.timeout.ms"]
        group.timers.restart_session(member_id, timeout_ms / 1000, lambda: self._lose(group, member_id))

    def loaded(self, group: ShareGroup) -> None:
        """The group was read from the log: its members' time begins now."""
        for member_id in group.members:
            self.restart_session(group, member_id)

    def _lose(self, group: ShareGroup, member_id: str) -> None:
        member = group.members.get(member_id)
        if member is not None and self._shard.groups.get(group.group_id) is group:
            self._remove(group, member)

    def _leave(self, request: ShareHeartbeat) -> ShareHeartbeatResult | Pending:
        group = find_share_group(self._shard, request.group_id)
        required = self._remove(group, group.member(request.member_id))
        result = ShareHeartbeatResult(member_id=request.member_id, member_epoch=request.member_epoch)
        return self._answer(required, result)

    def _remove(self, group: ShareGroup, member: ShareMember) -> int:
        subscriptions: dict[str, SubscriptionCount] = dict(group.subscriptions)
        count_subscriptions(subscriptions, member.subscribed_topic_names, by_name=-1)
        metadata_hash = self._around.topic_hashes.of(subscriptions)
        return self._shard.write(
            [
                *records.member_tombstones(group.group_id, member.member_id),
                records.group_epoch(group.group_id, group.group_epoch + 1, metadata_hash),
            ]
        )


def _pass_on(answer: Pending, pending: Pending) -> None:
    answer.on_settled = lambda: pending.settle(answer.reply)


def refused(error: KafkaError) -> ShareHeartbeatResult:
    """The answer to a heartbeat that is refused."""
    return ShareHeartbeatResult(error.code, error.detail)


def check_request(request: ShareHeartbeat) -> None:
    """Refuse what no member may say.

    Raises:
        KafkaError: INVALID_REQUEST.
    """
    given = (("MemberId", request.member_id), ("GroupId", request.group_id), ("RackId", request.rack_id))
    for name, text in given:
        # Java's trim() takes away spaces and all control characters before them.
        if text is not None and all(char <= " " for char in text):
            raise _invalid(f"{name} can't be empty.")
    if request.member_epoch == JOINING_EPOCH and not request.subscribed_topic_names:
        raise _invalid("SubscribedTopicNames must be set in first request.")
    if request.member_epoch < LEAVING_EPOCH:
        raise _invalid("MemberEpoch is invalid.")


def _invalid(text: str) -> KafkaError:
    return KafkaError(ErrorCode.INVALID_REQUEST, text)


def _check_epoch(member: ShareMember, epoch: int) -> None:
    present, previous = member.member_epoch, member.previous_member_epoch
    if epoch == present:
        return
    known = f"epoch ({epoch}) than the one known by the group coordinator ({present})"
    rejoin = "The member must abandon all its partitions and rejoin."
    if epoch > present:
        text = f"The share group member has a greater member {known}. {rejoin}"
    elif epoch != previous:
        text = (
            f"The share group member has a smaller member {known}, and it does not match the previous member "
        )
        text += f"epoch ({previous}). {rejoin}"
    else:
        return
    raise KafkaError(ErrorCode.FENCED_MEMBER_EPOCH, text)


def _updated(member: ShareMember, request: ShareHeartbeat) -> ShareMember:
    """The member as the request says."""
    names = request.subscribed_topic_names
    return member._replace(
        rack_id=member.rack_id if request.rack_id is None else request.rack_id,
        client_id=request.client_id or "",
        client_host=f"/{request.client_host}",
        subscribed_topic_names=member.subscribed_topic_names if names is None else frozenset(names),
    )
