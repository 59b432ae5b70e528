"""What one request does to one member of a consumer group: decided step by step, written as a whole.

    member      found, or made                                        (`ConsumerMembers.find`, `.find_static`)
    subscribe   the member is as the request says; a change of what is subscribed to raises the group epoch
    assign      the target assignment comes up to the group epoch
    reconcile   the member's own assignment comes up to the target

Rules kept here:

- A member whose epoch is not the coordinator's is fenced. The previous epoch is let through while the member has
  nothing but what it was given, since the answer with the new one may have been lost.
- A static member takes the place of one with its instance id that has left for a while; of another that is still
  there only if one of the two speaks the classic protocol.
- The group epoch also rises when the topics themselves have changed: seen by their hash, at the next heartbeat.

Source: `GroupMetadataManager.consumerGroupHeartbeat` and what it calls.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Final

from mockbroker.core.groups import consumer_records as records
from mockbroker.core.groups.assignors.ranges import assign_ranges
from mockbroker.core.groups.assignors.uniform import assign_uniformly
from mockbroker.core.groups.consumer import ConsumerGroup, are_homogeneous, preferred_assignor
from mockbroker.core.groups.consumer_member import ConsumerMember
from mockbroker.core.groups.consumer_reconcile import Owned, Reconciliation
from mockbroker.core.groups.consumer_regex import ConsumerRegexes, RegexChange
from mockbroker.core.groups.modern import (
    JOINING_EPOCH,
    LEAVING_STATIC_EPOCH,
    NO_PARTITIONS,
    SubscriptionCount,
    count_subscriptions,
    is_reconciled,
)
from mockbroker.core.groups.modern_assignment import Subscriber, is_due, make_targets
from protocol_specs.errors import ErrorCode, KafkaError

if TYPE_CHECKING:
    from mockbroker.core.groups.assignors.spec import Assignor
    from mockbroker.core.groups.consumer_change import ConsumerChange
    from mockbroker.core.groups.consumer_fencing import ConsumerFencing
    from mockbroker.core.groups.records import LogRecord
    from mockbroker.core.groups.shard_tables import ShardTables

__all__ = ["ConsumerMembers", "check_epoch", "check_static"]

_ASSIGNORS: Final[dict[str, Assignor]] = {"uniform": assign_uniformly, "range": assign_ranges}


class ConsumerMembers:
    """Takes those steps, for the groups of one shard."""

    __slots__ = ("_around", "_cluster", "_fencing", "_shard", "regexes")

    def __init__(self, shard: ShardTables, fencing: ConsumerFencing) -> None:
        self._shard = shard
        self._around = shard.around
        self._cluster = shard.around.cluster
        self._fencing = fencing
        self.regexes = ConsumerRegexes(shard)

    # Finding the member.

    def check_room(self, group: ConsumerGroup, member_id: str) -> None:
        """Refuse a new member of a group that is full.

        Raises:
            KafkaError: GROUP_MAX_SIZE_REACHED.
        """
        limit = self._around.limits.max_consumer_group_size
        if len(group.members) >= limit and member_id not in group.members:
            text = f"The consumer group has reached its maximum capacity of {limit} members."
            raise KafkaError(ErrorCode.GROUP_MAX_SIZE_REACHED, text)

    def find(self, group: ConsumerGroup, member_id: str, may_make: bool) -> ConsumerMember:
        """A dynamic member.

        Raises:
            KafkaError: UNKNOWN_MEMBER_ID.
        """
        return (
            ConsumerMember(member_id)
            if may_make and member_id not in group.members
            else group.member(member_id)
        )

    def find_static(
        self,
        group: ConsumerGroup,
        member_id: str,
        instance_id: str,
        may_make: bool,
        is_classic: bool,
        log_records: list[LogRecord],
    ) -> ConsumerMember:
        """A static member; a new one in the place of another under its instance id is written at once.

        Raises:
            KafkaError: UNKNOWN_MEMBER_ID, UNRELEASED_INSTANCE_ID, FENCED_INSTANCE_ID.
        """
        present = group.static_member(instance_id)
        if not may_make:
            return check_static(present, member_id, instance_id)
        if present is None:
            return self.find(group, member_id, True)
        if not is_classic and present.classic is None and present.member_epoch != LEAVING_STATIC_EPOCH:
            text = (
                f"Static member {member_id} with instance id {instance_id} cannot join the group because the "
            )
            text += f"instance id is owned by {present.member_id} member."
            raise KafkaError(ErrorCode.UNRELEASED_INSTANCE_ID, text)
        successor = present._replace(member_id=member_id, member_epoch=0, previous_member_epoch=0)
        log_records += records.member_tombstones(group.group_id, present.member_id)
        log_records.append(records.member_metadata(group.group_id, successor))
        log_records.append(records.target(group.group_id, member_id, group.target_of(present.member_id)))
        log_records.append(records.current_assignment(group.group_id, successor))
        return successor

    # Subscribing.

    def subscribe(
        self, change: ConsumerChange, allows: Callable[[str], bool] | None, *, awaits_regex: bool
    ) -> None:
        """Write the member if it is not what it was, and raise the group epoch if that makes a difference.

        Args:
            allows: whether the client may see a topic that a regular expression matches.
            awaits_regex: whether the epoch rises for a new regular expression only when it is resolved.

        Raises:
            KafkaError: INVALID_REGULAR_EXPRESSION.
        """
        group, member, updated = change.group, change.member, change.updated
        has_new_names = False
        if updated is not member and updated != member:
            change.log_records.append(records.member_metadata(group.group_id, updated))
            has_new_names = updated.subscribed_topic_names != member.subscribed_topic_names
        regex_change = self.regexes.update(change, allows)
        change.has_changed = has_new_names or regex_change is not RegexChange.NONE
        # No assignment is made for epoch 0, in which groups began before 4.3.
        is_first = group.group_epoch == 0
        rises = has_new_names or regex_change is RegexChange.RESOLVED or is_first
        if rises or (change.has_changed and not awaits_regex):
            self._raise_epoch(change, True)
        elif group.checked_version != self._cluster.version:
            self._check_topics(change)

    def _check_topics(self, change: ConsumerChange) -> None:
        """The cluster has changed since the group looked at its topics."""
        group = change.group
        if (
            change.has_changed
            or group.has_old_metadata
            or self._hash(group.subscriptions) != group.metadata_hash
        ):
            self._raise_epoch(change, False)
        else:
            change.checked_version = self._cluster.version

    def _raise_epoch(self, change: ConsumerChange, must_rise: bool) -> None:
        group, member, updated = change.group, change.member, change.updated
        subscriptions = self._subscriptions_with(change)
        metadata_hash = self._hash(subscriptions)
        regexes = group.regexes
        if member.subscribed_topic_regex != updated.subscribed_topic_regex:
            regexes = regexes.copy()
            regexes.update({member.subscribed_topic_regex: -1, updated.subscribed_topic_regex: 1})
        is_known = updated.member_id in group.members or updated.instance_id in group.static_members
        counts = {regex: count for regex, count in regexes.items() if regex and count > 0}
        change.is_homogeneous = are_homogeneous(counts, subscriptions, len(group.members) + (not is_known))
        if must_rise or metadata_hash != group.metadata_hash:
            change.group_epoch += 1
            change.log_records.append(records.group_epoch(group.group_id, change.group_epoch, metadata_hash))
        change.checked_version = self._cluster.version
        if group.has_old_metadata:
            change.log_records.append(records.partition_metadata_tombstone(group.group_id))

    def _subscriptions_with(self, change: ConsumerChange) -> dict[str, SubscriptionCount]:
        group, member, updated = change.group, change.member, change.updated
        subscriptions = dict(group.subscriptions)
        count_subscriptions(subscriptions, member.subscribed_topic_names, by_name=-1)
        count_subscriptions(subscriptions, updated.subscribed_topic_names, by_name=1)
        regex = member.subscribed_topic_regex
        if regex and regex != updated.subscribed_topic_regex and group.regexes[regex] == 1:
            resolved = group.resolved.get(regex)
            if resolved is not None:
                count_subscriptions(subscriptions, resolved.topics, by_regex=-1)
        return subscriptions

    def _hash(self, subscriptions: dict[str, SubscriptionCount]) -> int:
        return self._around.topic_hashes.of(subscriptions)

    # Assigning.

    def assign(self, change: ConsumerChange) -> None:
        """Make the target assignment if the present one is of an older epoch, and if it is time."""
        group, updated, epoch = change.group, change.updated, change.group_epoch
        clock = self._around.clock
        interval_ms = self._around.configs.of(group.group_id)["consumer.assignment.interval.ms"]
        if group.assignment_epoch >= epoch or not is_due(
            group.assignment_timestamp_ms, interval_ms, clock.now_ms
        ):
            change.target_epoch, change.target = group.assignment_epoch, group.target_for(updated)
            return
        if change.is_homogeneous is None:
            change.is_homogeneous = are_homogeneous(group.regexes, group.subscriptions, len(group.members))
        new = make_targets(
            self._cluster,
            self._assignor(change),
            _subscribers(group, updated),
            group.targets,
            is_homogeneous=change.is_homogeneous,
        )
        change.log_records += [
            records.target(group.group_id, member_id, new.targets.get(member_id, NO_PARTITIONS))
            for member_id in new.changed
        ]
        change.log_records.append(records.target_epoch(group.group_id, epoch, clock.now_ms))
        change.target_epoch, change.target = epoch, new.targets.get(updated.member_id, NO_PARTITIONS)

    def _assignor(self, change: ConsumerChange) -> Assignor:
        former, vote = change.member.server_assignor, change.updated.server_assignor
        configured = self._around.limits.consumer_assignors
        name = preferred_assignor(change.group.assignors, former, vote) or configured[0]
        return _ASSIGNORS[name if name in configured else configured[0]]

    # Reconciling.

    def reconcile(self, change: ConsumerChange, owned: Owned) -> None:
        """Bring the member's assignment nearer to the target.

        Args:
            owned: the partitions that the member says it has.

        Raises:
            KafkaError: FENCED_MEMBER_EPOCH.
        """
        group, updated = change.group, change.updated
        if not change.has_changed and is_reconciled(updated, change.target_epoch):
            return
        names = group.topics_of(updated)
        topics = self._cluster.topics_by_id

        def is_subscribed(topic_id: bytes) -> bool:
            topic = topics.get(topic_id)
            return topic is not None and topic.name in names

        reconciled = Reconciliation(
            change.target_epoch,
            change.target,
            is_subscribed=is_subscribed,
            has_subscription=bool(names),
            is_taken=group.is_taken,
            has_changed=change.has_changed,
            owned=owned,
        ).of(updated)
        if reconciled != updated:
            change.updated = reconciled
            change.has_moved = True
            change.log_records.append(records.current_assignment(group.group_id, reconciled))

    # Writing.

    def write(self, change: ConsumerChange) -> int:
        """Write it, and let the member's time run.

        Returns:
            The offset that the high watermark must reach before anybody is told; see `ShardTables.write`.

        Raises:
            KafkaError: what a client is to be told; nothing was written then.
        """
        shard, updated = self._shard, change.updated
        required = shard.write(change.log_records) if change.log_records else shard.written_offset
        group = shard.groups[change.group.group_id]
        assert isinstance(group, ConsumerGroup)
        group.checked_version = change.checked_version
        self._fencing.restart_session(group, updated)
        if group is not change.group:
            for member in group.members.values():
                if member.classic is not None:
                    self._fencing.restart_session(group, member)
        if change.has_moved and updated.classic is None:
            self._fencing.watch_revocation(group, updated)
        return required


def _subscribers(group: ConsumerGroup, updated: ConsumerMember) -> dict[str, Subscriber]:
    """All members, one of them as it is going to be."""
    subscribers = {
        member_id: Subscriber(group.topics_of(member), member.instance_id)
        for member_id, member in group.members.items()
    }
    former_id = None if updated.instance_id is None else group.static_members.get(updated.instance_id)
    if former_id is not None and former_id != updated.member_id:
        del subscribers[former_id]
    subscribers[updated.member_id] = Subscriber(group.topics_of(updated), updated.instance_id, former_id)
    return subscribers


def check_static(present: ConsumerMember | None, member_id: str, instance_id: str) -> ConsumerMember:
    """The member with an instance id, if it is the one that asks.

    Raises:
        KafkaError: UNKNOWN_MEMBER_ID, FENCED_INSTANCE_ID.
    """
    if present is None:
        raise KafkaError(ErrorCode.UNKNOWN_MEMBER_ID, f"Instance id {instance_id} is unknown.")
    if present.member_id != member_id:
        text = f"Static member {member_id} with instance id {instance_id} was fenced by member {present.member_id}."
        raise KafkaError(ErrorCode.FENCED_INSTANCE_ID, text)
    return present


def check_epoch(member: ConsumerMember, epoch: int, owned: Owned, *, may_rejoin: bool) -> None:
    """Refuse a heartbeat of another epoch.

    Args:
        may_rejoin: whether a member that is there already may join, whatever its epoch is.

    Raises:
        KafkaError: FENCED_MEMBER_EPOCH.
    """
    if epoch == member.member_epoch or (epoch == JOINING_EPOCH and may_rejoin):
        return
    if (
        epoch == member.previous_member_epoch
        and epoch < member.member_epoch
        and _has_nothing_else(member, owned)
    ):
        return
    order = "greater" if epoch > member.member_epoch else "smaller"
    raise KafkaError(
        ErrorCode.FENCED_MEMBER_EPOCH,
        f"The consumer group member has a {order} member epoch ({epoch}) than the one known by the group "
        f"coordinator ({member.member_epoch}). The member must abandon all its partitions and rejoin.",
    )


def _has_nothing_else(member: ConsumerMember, owned: Owned) -> bool:
    return (
        owned is not None
        and all(
            index in member.assigned.get(topic_id, {}) for topic_id, indexes in owned for index in indexes
        )
        and all(topic_id in member.assigned for topic_id, _ in owned)
    )
