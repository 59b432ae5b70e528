"""What groups of the protocols since KIP-848 have in common: consumer groups, share groups, streams groups.

    group epoch        rises with every change that calls for another assignment
    assignment epoch   the group epoch for which the target assignment was made
    member epoch       the assignment epoch that a member has come up to

Rules kept here:

- All state is what the group's records add up to; `checked_version`, and the timers, are kept beside it.
- A group begins in epoch 1, before 4.3 in epoch 0, with an empty target assignment of that epoch.
- A member is never changed, but replaced by another value of it.

`ModernGroup` is that of members that subscribe to topics; a streams group's members share one topology instead.

Source: `ModernGroup`, `ModernGroupMember`, `TargetAssignmentMetadata`, `SubscriptionCount`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from enum import IntEnum
from typing import TYPE_CHECKING, ClassVar, Final, Generic, NamedTuple, Protocol, TypeVar

from mockbroker.core.deadline import Deadline
from mockbroker.core.groups.group import Group
from mockbroker.core.groups.results import ListedGroup
from protocol_specs.errors import ErrorCode, KafkaError

if TYPE_CHECKING:
    from mockbroker.core.groups.assignors.spec import Assignment
    from mockbroker.core.time import Clock

__all__ = [
    "FIRST_EPOCH",
    "JOINING_EPOCH",
    "LEAVING_EPOCH",
    "LEAVING_STATIC_EPOCH",
    "NO_PARTITIONS",
    "EpochGroup",
    "EpochMember",
    "MemberState",
    "ModernGroup",
    "ModernMember",
    "SubscriptionCount",
    "Timers",
    "count_subscriptions",
    "is_reconciled",
    "subscribe_alike",
]

#: The epoch in which a group begins, since 4.3.
FIRST_EPOCH: Final = 1

#: Member epochs that say something else: a member that joins, one that leaves, and a static one that will be back.
JOINING_EPOCH: Final = 0
LEAVING_EPOCH: Final = -1
LEAVING_STATIC_EPOCH: Final = -2

NO_PARTITIONS: Final[Assignment] = {}

#: How long until what a timer was to do is tried again when it could not be written.
_RETRY_SECONDS: Final = 0.5


class MemberState(IntEnum):
    """How far a member's assignment is from its target, as its records number it."""

    #: It has the assignment of its epoch.
    STABLE = 0
    #: It must give up partitions before it can go on to the next epoch.
    UNREVOKED_PARTITIONS = 1
    #: It is in the newest epoch, but others have not given up all that it is to get.
    UNRELEASED_PARTITIONS = 2
    #: A state of a later release.
    UNKNOWN = 127

    @classmethod
    def _missing_(cls, value: object) -> MemberState:
        return cls.UNKNOWN


class EpochMember(Protocol):
    """What members of all these groups have."""

    @property
    def member_id(self) -> str: ...
    @property
    def member_epoch(self) -> int: ...
    @property
    def state(self) -> MemberState: ...


class ModernMember(EpochMember, Protocol):
    """A member that subscribes to topics."""

    @property
    def subscribed_topic_names(self) -> frozenset[str]: ...


E = TypeVar("E", bound=EpochMember)
M = TypeVar("M", bound=ModernMember)


class SubscriptionCount(NamedTuple):
    """How many members subscribe to a topic by its name, and how many regular expressions match it."""

    by_name: int = 0
    by_regex: int = 0


_NONE: Final = SubscriptionCount()


def count_subscriptions(
    counts: dict[str, SubscriptionCount], names: Iterable[str], *, by_name: int = 0, by_regex: int = 0
) -> None:
    """Add to the counts of some topics; a topic that nobody subscribes to any more goes."""
    for name in names:
        had_by_name, had_by_regex = counts.get(name, _NONE)
        count = SubscriptionCount(had_by_name + by_name, had_by_regex + by_regex)
        if count.by_name <= 0 and count.by_regex <= 0:
            counts.pop(name, None)
        else:
            counts[name] = count


def subscribe_alike(counts: Mapping[str, SubscriptionCount], members: int) -> bool:
    """Whether all members subscribe to the same topics, by name."""
    return all(count.by_name == members for count in counts.values())


def is_reconciled(member: EpochMember, epoch: int) -> bool:
    """Whether a member has all that it is to have in this assignment epoch."""
    return member.state is MemberState.STABLE and member.member_epoch == epoch


class Timers:
    """The timers of one group's members. They are not written: after a move of the coordinator they begin anew."""

    __slots__ = ("_clock", "_others", "sessions")

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        #: when a member counts as lost, by member id.
        self.sessions: dict[str, Deadline] = {}
        self._others: dict[tuple[str, str], Deadline] = {}

    def restart_session(self, member_id: str, seconds: float, expire: Callable[[], None]) -> None:
        """Let a member's session run from now on; `expire` is kept from the first time."""
        session = self.sessions.get(member_id)
        if session is None:
            session = self.sessions[member_id] = self._deadline(expire)
        session.after(seconds)

    def start(self, kind: str, member_id: str, seconds: float, action: Callable[[], None]) -> None:
        """Start a timer of another kind, in place of one that runs."""
        self.stop(kind, member_id)
        self._others[kind, member_id] = deadline = self._deadline(action)
        deadline.after(seconds)

    def start_once(self, kind: str, member_id: str, seconds: float, action: Callable[[], None]) -> None:
        """Start a timer, unless it runs."""
        running = self._others.get((kind, member_id))
        if running is None or running.when is None:
            self.start(kind, member_id, seconds, action)

    def is_running(self, kind: str, member_id: str) -> bool:
        """Whether a timer of another kind has been started and has not rung."""
        deadline = self._others.get((kind, member_id))
        return deadline is not None and deadline.when is not None

    def stop(self, kind: str, member_id: str) -> None:
        deadline = self._others.pop((kind, member_id), None)
        if deadline is not None:
            deadline.cancel()

    def stop_member(self, member_id: str) -> None:
        """The member is gone."""
        session = self.sessions.pop(member_id, None)
        if session is not None:
            session.cancel()
        if self._others:
            for kind, id in list(self._others):
                if id == member_id:
                    self.stop(kind, id)

    def stop_all(self) -> None:
        for deadline in (*self.sessions.values(), *self._others.values()):
            deadline.cancel()
        self.sessions.clear()
        self._others.clear()

    def _deadline(self, action: Callable[[], None]) -> Deadline:
        def ring() -> None:
            try:
                action()
            except KafkaError:
                deadline.after(_RETRY_SECONDS)

        deadline = Deadline(self._clock, ring)
        return deadline


class EpochGroup(Group, Generic[E]):
    """A group whose assignment the coordinator makes.

    Attributes:
        members: by member id.
        assignment_timestamp_ms: when the target assignment was made, 0 where that is not known.
        metadata_hash: of the group's topics, when the group epoch last rose.
        checked_version: the cluster's version at which the hash was last compared with its topics.
    """

    protocol_type: ClassVar[str]
    __slots__ = (
        "assignment_epoch",
        "assignment_timestamp_ms",
        "checked_version",
        "group_epoch",
        "members",
        "metadata_hash",
        "timers",
    )

    def __init__(self, group_id: str, clock: Clock, first_epoch: int = FIRST_EPOCH) -> None:
        super().__init__(group_id)
        self.members: dict[str, E] = {}
        self.group_epoch = first_epoch
        self.assignment_epoch = first_epoch
        self.assignment_timestamp_ms = 0
        self.metadata_hash = 0
        self.checked_version = -1
        self.timers = Timers(clock)

    def __repr__(self) -> str:
        return (
            f"<{type(self).__name__} {self.group_id!r} {self.state_name} epoch {self.group_epoch}, "
            f"{len(self.members)} members>"
        )

    @property
    def is_empty(self) -> bool:
        return not self.members

    def member(self, member_id: str) -> E:
        """A member.

        Raises:
            KafkaError: UNKNOWN_MEMBER_ID.
        """
        member = self.members.get(member_id)
        if member is None:
            text = f"Member {member_id} is not a member of group {self.group_id}."
            raise KafkaError(ErrorCode.UNKNOWN_MEMBER_ID, text)
        return member

    # What every group has.

    def listed(self) -> ListedGroup:
        return ListedGroup(self.group_id, self.protocol_type, self.state_name, self.type.value)

    def delete_error(self) -> ErrorCode:
        return ErrorCode.NONE if self.is_empty else ErrorCode.NON_EMPTY_GROUP

    def forget_deadlines(self) -> None:
        self.timers.stop_all()

    def unload(self) -> None:
        self.forget_deadlines()


class ModernGroup(EpochGroup[M]):
    """A group whose members subscribe to topics, and are given partitions of them.

    Attributes:
        targets: what each member is to have.
        subscriptions: of topics, those that do not exist included.
    """

    __slots__ = ("subscriptions", "targets")

    def __init__(self, group_id: str, clock: Clock, first_epoch: int = FIRST_EPOCH) -> None:
        super().__init__(group_id, clock, first_epoch)
        self.targets: dict[str, Assignment] = {}
        self.subscriptions: dict[str, SubscriptionCount] = {}

    def put_member(self, member: M) -> None:
        """Take in a member, or what became of one."""
        former = self.members.get(member.member_id)
        self.members[member.member_id] = member
        names = member.subscribed_topic_names
        if former is None:
            count_subscriptions(self.subscriptions, names, by_name=1)
        elif former.subscribed_topic_names != names:
            count_subscriptions(self.subscriptions, former.subscribed_topic_names, by_name=-1)
            count_subscriptions(self.subscriptions, names, by_name=1)

    def drop_member(self, member_id: str) -> M | None:
        """Forget a member, with its timers; gives what it was."""
        former = self.members.pop(member_id, None)
        if former is not None:
            count_subscriptions(self.subscriptions, former.subscribed_topic_names, by_name=-1)
        self.timers.stop_member(member_id)
        return former

    def target_of(self, member_id: str | None) -> Assignment:
        """What a member is to have; nothing where there is no such member."""
        return NO_PARTITIONS if member_id is None else self.targets.get(member_id, NO_PARTITIONS)

    def is_subscribed_to(self, topic: str) -> bool:
        return topic in self.subscriptions
