"""A consumer group (KIP-848): its members, what they have, what they subscribe to.

    Empty         no members
    Assigning     the group epoch is ahead of the assignment's: a target assignment has to be made
    Reconciling   there is a target, and somebody has not come up to it
    Stable        everybody has what the target says
    Dead          in name only: a group that is gone is no group

Source: `ConsumerGroup`.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from enum import Enum
from typing import TYPE_CHECKING

from mockbroker.core.groups import consumer_records as records
from mockbroker.core.groups.classic import CONSUMER_PROTOCOL_TYPE
from mockbroker.core.groups.consumer_member import ConsumerMember
from mockbroker.core.groups.group import CommitCheck, ExpiryBase, GroupType
from mockbroker.core.groups.modern import (
    FIRST_EPOCH,
    MemberState,
    ModernGroup,
    SubscriptionCount,
    count_subscriptions,
    is_reconciled,
    subscribe_alike,
)
from mockbroker.core.groups.results import DescribedConsumerGroup
from mockbroker.core.java_maps import hash_order
from protocol_specs.errors import ErrorCode, KafkaError

if TYPE_CHECKING:
    from mockbroker.core.groups.assignors.spec import Assignment
    from mockbroker.core.groups.offset_table import CommittedOffset
    from mockbroker.core.groups.records import LogRecord
    from mockbroker.core.groups.resolved_regex import ResolvedRegex
    from mockbroker.core.time import Clock

__all__ = [
    "ConsumerGroup",
    "ConsumerGroupState",
    "are_homogeneous",
    "preferred_assignor",
]

_MEMBER_EPOCH_IN_COMMIT_SINCE = 9


class ConsumerGroupState(Enum):
    """A state, under the name that clients see."""

    EMPTY = "Empty"
    ASSIGNING = "Assigning"
    RECONCILING = "Reconciling"
    STABLE = "Stable"
    DEAD = "Dead"


class ConsumerGroup(ModernGroup[ConsumerMember]):
    """One group.

    Attributes:
        static_members: member id by group instance id.
        assignors: how many members ask for each server-side assignor.
        regexes: how many members subscribe to each regular expression.
        resolved: what each of them was found to match, once it is known.
        classic_members: how many members speak the classic protocol.
        classic_support: of those, how many support each of its protocols.
        has_old_metadata: its log holds the topics' metadata, as brokers before 4.1 wrote them.
    """

    type = GroupType.CONSUMER
    protocol_type = CONSUMER_PROTOCOL_TYPE
    gives_way = True
    __slots__ = (
        "_partition_epochs",
        "assignors",
        "classic_members",
        "classic_support",
        "has_old_metadata",
        "regexes",
        "resolved",
        "static_members",
    )

    def __init__(self, group_id: str, clock: Clock, first_epoch: int = FIRST_EPOCH) -> None:
        super().__init__(group_id, clock, first_epoch)
        self.static_members: dict[str, str] = {}
        self.assignors: Counter[str] = Counter()
        self.regexes: Counter[str] = Counter()
        self.resolved: dict[str, ResolvedRegex] = {}
        self.classic_members = 0
        self.classic_support: Counter[str] = Counter()
        self.has_old_metadata = False
        #: the member epoch of who has a partition, by topic id and partition.
        self._partition_epochs: dict[bytes, dict[int, int]] = {}

    @property
    def state(self) -> ConsumerGroupState:
        if not self.members:
            return ConsumerGroupState.EMPTY
        if self.group_epoch > self.assignment_epoch:
            return ConsumerGroupState.ASSIGNING
        if all(is_reconciled(member, self.assignment_epoch) for member in self.members.values()):
            return ConsumerGroupState.STABLE
        return ConsumerGroupState.RECONCILING

    @property
    def state_name(self) -> str:
        return self.state.value

    # Members.

    def static_member(self, instance_id: str | None) -> ConsumerMember | None:
        """The member with an instance id, if there is one."""
        member_id = None if instance_id is None else self.static_members.get(instance_id)
        return None if member_id is None else self.members[member_id]

    def put_member(self, member: ConsumerMember) -> None:
        former = self.members.get(member.member_id)
        super().put_member(member)
        if former is not None:
            self._forget_partitions(former)
        self._note_partitions(member)
        if former is None or _counted(former) != _counted(member):
            self._count(former, -1)
            self._count(member, 1)
        if member.instance_id is not None:
            self.static_members[member.instance_id] = member.member_id

    def drop_member(self, member_id: str) -> ConsumerMember | None:
        former = super().drop_member(member_id)
        if former is not None:
            self._forget_partitions(former)
            self._count(former, -1)
            if former.instance_id is not None:
                self.static_members.pop(former.instance_id, None)
        return former

    def _count(self, member: ConsumerMember | None, number: int) -> None:
        if member is None:
            return
        _add(self.assignors, member.server_assignor, number)
        _add(self.regexes, member.subscribed_topic_regex, number)
        if member.classic is not None:
            self.classic_members += number
            for name, _ in member.classic.protocols:
                _add(self.classic_support, name, number)

    # Partitions.

    def is_taken(self, topic_id: bytes, partition: int) -> bool:
        """Whether a member has the partition, or has yet to give it up."""
        return partition in self._partition_epochs.get(topic_id, ())

    def awaits_partitions(self, member: ConsumerMember) -> bool:
        """Whether others have not given up all that a member is to get."""
        if member.state is not MemberState.UNRELEASED_PARTITIONS:
            return False
        return any(
            index not in member.assigned.get(topic_id, {}) and self.is_taken(topic_id, index)
            for topic_id, partitions in self.target_of(member.member_id).items()
            for index in partitions
        )

    def _note_partitions(self, member: ConsumerMember) -> None:
        for epochs in (member.assigned, member.pending_revocation):
            for topic_id, partitions in epochs.items():
                taken = self._partition_epochs.setdefault(topic_id, {})
                taken.update(dict.fromkeys(partitions, member.member_epoch))

    def _forget_partitions(self, member: ConsumerMember) -> None:
        for epochs in (member.assigned, member.pending_revocation):
            for topic_id, partitions in epochs.items():
                taken = self._partition_epochs.get(topic_id)
                if taken is None:
                    continue
                for index in partitions:
                    # Another member may have it by now, since records of several members come one by one.
                    if taken.get(index) == member.member_epoch:
                        del taken[index]
                if not taken:
                    del self._partition_epochs[topic_id]

    def target_for(self, member: ConsumerMember) -> Assignment:
        """What a member is to have; a static one that took another's place has the other's target."""
        if member.instance_id is None:
            return self.target_of(member.member_id)
        return self.target_of(self.static_members.get(member.instance_id))

    # Subscriptions.

    def resolve(self, regex: str, resolved: ResolvedRegex | None) -> None:
        """Take in what a regular expression matches; None where nobody subscribes to it any more."""
        former = self.resolved.pop(regex, None)
        if former is not None:
            count_subscriptions(self.subscriptions, former.topics, by_regex=-1)
        if resolved is not None:
            self.resolved[regex] = resolved
            count_subscriptions(self.subscriptions, resolved.topics, by_regex=1)

    def topics_of(self, member: ConsumerMember) -> frozenset[str]:
        """The topics that a member subscribes to, by name or by a regular expression that is resolved."""
        resolved = self.resolved.get(member.subscribed_topic_regex)
        return member.subscribed_topic_names | resolved.topics if resolved else member.subscribed_topic_names

    def supports_classic(self, protocol_type: str, protocols: Iterable[str]) -> bool:
        """Whether somebody with these protocols of the classic kind may join."""
        names = list(protocols)
        if protocol_type != CONSUMER_PROTOCOL_TYPE:
            return False
        if self.is_empty:
            return bool(names)
        return any(self.classic_support[name] == self.classic_members for name in names)

    # What every group has.

    def check_commit(
        self,
        member_id: str,
        group_instance_id: str | None,
        generation_id: int,
        *,
        is_transactional: bool,
        version: int,
    ) -> CommitCheck | None:
        """Refuse a commit of an unknown member, or of another epoch.

        A member that has not learned of its newest epoch may still commit partitions that it was given in an epoch
        that it knows (KIP-1251).

        Raises:
            KafkaError: UNKNOWN_MEMBER_ID, STALE_MEMBER_EPOCH, UNSUPPORTED_VERSION; ILLEGAL_GENERATION for members
                that speak the classic protocol.
        """
        if generation_id < 0 and self.is_empty:
            return None
        is_anonymous = generation_id == -1 and not member_id and group_instance_id is None
        if is_transactional and is_anonymous:
            return None
        member = self.member(member_id)
        if not is_transactional and member.classic is None and version < _MEMBER_EPOCH_IN_COMMIT_SINCE:
            text = "OffsetCommit version 9 or above must be used by members using the consumer group protocol"
            raise KafkaError(ErrorCode.UNSUPPORTED_VERSION, text)
        if generation_id == member.member_epoch:
            return None
        if generation_id > member.member_epoch:
            raise _stale(member)

        def check(topic: str, topic_id: bytes, partition: int) -> None:
            epoch = member.assignment_epoch(topic_id, partition)
            if epoch is None or generation_id < epoch:
                raise _stale(member)

        return check

    def check_fetch(self, member_id: str | None, member_epoch: int) -> None:
        if member_id is None and member_epoch < 0:
            return
        member = self.member(member_id or "")
        if member_epoch != member.member_epoch:
            raise _stale(member)

    def check_delete_offsets(self) -> None:
        return

    def expiry_base(self) -> ExpiryBase | None:
        return _commit_time

    def tombstones(self) -> list[LogRecord]:
        return records.group_tombstones(self.group_id, self.members, self.resolved)

    def described(self, default_assignor: str) -> DescribedConsumerGroup:
        """As ConsumerGroupDescribe shows it."""
        return DescribedConsumerGroup(
            self.group_id,
            state=self.state_name,
            group_epoch=self.group_epoch,
            assignment_epoch=self.assignment_epoch,
            assignor_name=preferred_assignor(self.assignors) or default_assignor,
            members=[member.described(self.target_of(member.member_id)) for member in self.members.values()],
        )


def are_homogeneous(
    regexes: Mapping[str, int], subscriptions: Mapping[str, SubscriptionCount], members: int
) -> bool:
    """Whether, with these counts, all of so many members subscribe to the same topics."""
    if not regexes:
        return subscribe_alike(subscriptions, members)
    if next(iter(regexes.values())) != members:
        return False
    return all(count == (0, 1) for count in subscriptions.values())


def preferred_assignor(
    counts: Mapping[str, int], former: str | None = None, vote: str | None = None
) -> str | None:
    """The assignor that most members ask for; None where nobody asks for one.

    Args:
        counts: how many ask for each.
        former: what a member asked for that now asks for `vote`.
    """
    ordered = {name: counts[name] for name in hash_order(counts)}
    if former:
        ordered[former] -= 1
        if not ordered[former]:
            del ordered[former]
    if vote in ordered:
        ordered[vote] += 1
    elif vote:
        # Kafka's HashMap has both names in one bucket, and the one that is added stands in front: it decides a tie.
        ordered = {vote: 1, **ordered}
    return max(ordered, key=ordered.__getitem__, default=None)


def _counted(member: ConsumerMember) -> tuple[object, ...]:
    return member.subscribed_topic_regex, member.server_assignor, member.classic


def _add(counts: Counter[str], name: str | None, number: int) -> None:
    if name:
        counts[name] += number
        if counts[name] <= 0:
            del counts[name]


def _stale(member: ConsumerMember) -> KafkaError:
    return KafkaError(
        ErrorCode.STALE_MEMBER_EPOCH if member.classic is None else ErrorCode.ILLEGAL_GENERATION
    )


def _commit_time(offset: CommittedOffset) -> int:
    return offset.commit_timestamp_ms
