"""How a member of a consumer group comes from what it has to what it is to have, one heartbeat at a time.

| state        | when                                                  | goes on to                             |
|--------------|-------------------------------------------------------|----------------------------------------|
| STABLE       | the target is of another epoch                        | the next assignment                    |
| STABLE       | it changed its subscription                           | without topics not subscribed to       |
| UNREVOKED    | it still has, or may have, what it is to give up      | stays; loses what it unsubscribed from |
| UNREVOKED    | it says that it has given up all that                 | the next assignment                    |
| UNRELEASED   | always                                                | the next assignment                    |
| UNKNOWN      | it says that it has nothing                           | the next assignment                    |

The next assignment: what is not in the target is to be given up first, in the present epoch (UNREVOKED_PARTITIONS).
Then the member is in the target's epoch, and gets what nobody else has. While some of that is missing it is
UNRELEASED_PARTITIONS, else STABLE.

Source: `CurrentAssignmentBuilder`.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from mockbroker.core.groups.modern import MemberState
from protocol_specs.errors import ErrorCode, KafkaError

if TYPE_CHECKING:
    from mockbroker.core.groups.assignors.spec import Assignment
    from mockbroker.core.groups.consumer_member import ConsumerMember, Epochs

__all__ = ["Owned", "Reconciliation"]

#: The partitions that a member says it has, by topic id; None where it does not say.
Owned = Sequence[tuple[bytes, Sequence[int]]] | None
_STABLE, _UNREVOKED = MemberState.STABLE, MemberState.UNREVOKED_PARTITIONS
_UNRELEASED, _UNKNOWN = MemberState.UNRELEASED_PARTITIONS, MemberState.UNKNOWN


class Reconciliation:
    """One member's way to its target.

    Args:
        epoch: of the target.
        is_subscribed: whether the member subscribes to a topic that exists.
        has_subscription: whether it subscribes to anything.
        is_taken: whether somebody, this member included, has a partition.
        has_changed: whether this heartbeat changed the subscription.
    """

    __slots__ = (
        "_has_changed",
        "_has_subscription",
        "_is_subscribed",
        "_is_taken",
        "_owned",
        "epoch",
        "target",
    )

    def __init__(
        self,
        epoch: int,
        target: Assignment,
        *,
        is_subscribed: Callable[[bytes], bool],
        has_subscription: bool,
        is_taken: Callable[[bytes, int], bool],
        has_changed: bool,
        owned: Owned,
    ) -> None:
        self.epoch = epoch
        self.target = target
        self._is_subscribed = is_subscribed
        self._has_subscription = has_subscription
        self._is_taken = is_taken
        self._has_changed = has_changed
        self._owned = owned

    def of(self, member: ConsumerMember) -> ConsumerMember:
        """The member as it is next; itself where nothing changes.

        Raises:
            KafkaError: FENCED_MEMBER_EPOCH: its state is of a later release, and it has partitions.
        """
        state = member.state
        if state is _STABLE and member.member_epoch == self.epoch:
            return self._without_unsubscribed(member) if self._has_changed else member
        if state is _UNREVOKED and self._may_own(member.pending_revocation):
            return self._without_unsubscribed(member) if self._has_changed else member
        if state is _UNKNOWN:
            if self._owned is None or self._owned:
                text = "The consumer group member is in a unknown state. "
                text += "The member must abandon all its partitions and rejoin."
                raise KafkaError(ErrorCode.FENCED_MEMBER_EPOCH, text)
            return self._next(member, self.epoch)
        return self._next(member, member.member_epoch)

    def _may_own(self, epochs: Epochs) -> bool:
        """Whether the member has any of these partitions, as far as it is known."""
        if self._owned is None:
            return True
        return any(
            index in epochs[topic_id]
            for topic_id, indexes in self._owned
            if topic_id in epochs
            for index in indexes
        )

    def _without_unsubscribed(self, member: ConsumerMember) -> ConsumerMember:
        lost = {id: epochs for id, epochs in member.assigned.items() if not self._is_subscribed(id)}
        if not lost and (self._has_subscription or member.pending_revocation):
            return member
        kept = {id: epochs for id, epochs in member.assigned.items() if id not in lost}
        pending = dict(member.pending_revocation)
        for topic_id, epochs in lost.items():
            pending[topic_id] = {**pending.get(topic_id, {}), **epochs}
        if pending and self._may_own(pending):
            return member.moved_to(member.member_epoch, _UNREVOKED, kept, pending)
        return member.moved_to(member.member_epoch, member.state, kept, member.pending_revocation)

    def _next(self, member: ConsumerMember, epoch: int) -> ConsumerMember:
        kept: dict[bytes, dict[int, int]] = {}
        pending: dict[bytes, dict[int, int]] = {}
        added: dict[bytes, set[int]] = {}
        is_short = False
        for topic_id in dict.fromkeys((*self.target, *member.assigned)):
            target = self.target.get(topic_id, frozenset())
            if not self._is_subscribed(topic_id):
                target = frozenset()
            present = member.assigned.get(topic_id, {})
            for index, since in present.items():
                (kept if index in target else pending).setdefault(topic_id, {})[index] = since
            own = member.pending_revocation.get(topic_id, {})
            for index in target:
                if index in present:
                    continue
                # What the member itself had to give up is free for it.
                if self._is_taken(topic_id, index) and index not in own:
                    is_short = True
                else:
                    added.setdefault(topic_id, set()).add(index)
        if pending and self._may_own(pending):
            return member.moved_to(epoch, _UNREVOKED, kept, pending)
        for topic_id, indexes in added.items():
            kept.setdefault(topic_id, {}).update(dict.fromkeys(indexes, self.epoch))
        return member.moved_to(self.epoch, _UNRELEASED if is_short else _STABLE, kept, {})
