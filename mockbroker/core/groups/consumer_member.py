"""A member of a consumer group (KIP-848).

Source: `ConsumerGroupMember`.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

from mockbroker.core.groups.modern import MemberState
from mockbroker.core.groups.results import DescribedConsumer

__all__ = ["ClassicMetadata", "ConsumerMember", "Epochs", "partitions_of"]

#: The epoch in which a member was given each partition, by topic id.
Epochs = Mapping[bytes, Mapping[int, int]]

_NOTHING: Epochs = {}


class ClassicMetadata(NamedTuple):
    """What a member has that speaks the classic protocol: name and metadata of each of its protocols."""

    session_timeout_ms: int
    protocols: tuple[tuple[str, bytes], ...]


class ConsumerMember(NamedTuple):
    """A member, as its records tell of it.

    Attributes:
        client_host: as Kafka prints an address: "/127.0.0.1".
        subscribed_topic_regex: "" for none.
        assigned: the partitions that it may read.
        pending_revocation: those that it has to give up, and has not yet.
        classic: None: it speaks the consumer protocol.
    """

    member_id: str
    member_epoch: int = 0
    previous_member_epoch: int = -1
    state: MemberState = MemberState.STABLE
    instance_id: str | None = None
    rack_id: str | None = None
    rebalance_timeout_ms: int = -1
    client_id: str = ""
    client_host: str = ""
    subscribed_topic_names: frozenset[str] = frozenset()
    subscribed_topic_regex: str = ""
    server_assignor: str | None = None
    assigned: Epochs = _NOTHING
    pending_revocation: Epochs = _NOTHING
    classic: ClassicMetadata | None = None

    def moved_to(self, epoch: int, state: MemberState, assigned: Epochs, pending: Epochs) -> ConsumerMember:
        """The same member in another epoch; the present one becomes the previous one."""
        return self._replace(
            member_epoch=epoch,
            previous_member_epoch=self.member_epoch,
            state=state,
            assigned=assigned,
            pending_revocation=pending,
        )

    @property
    def owned(self) -> Epochs:
        """What it has: its own, and what it has yet to give up."""
        if not self.pending_revocation:
            return self.assigned
        topic_ids = dict.fromkeys((*self.assigned, *self.pending_revocation))
        return {id: {**self.assigned.get(id, {}), **self.pending_revocation.get(id, {})} for id in topic_ids}

    def assignment_epoch(self, topic_id: bytes, partition: int) -> int | None:
        """The epoch in which it was given a partition that is its own, or that it has yet to give up."""
        for epochs in (self.assigned, self.pending_revocation):
            epoch = epochs.get(topic_id, {}).get(partition)
            if epoch is not None:
                return epoch
        return None

    def described(self, target: Mapping[bytes, frozenset[int]]) -> DescribedConsumer:
        """As ConsumerGroupDescribe shows it: what it has yet to give up is among what it has."""
        return DescribedConsumer(
            self.member_id,
            self.instance_id,
            self.rack_id,
            self.member_epoch,
            self.client_id,
            self.client_host,
            sorted(self.subscribed_topic_names),
            self.subscribed_topic_regex,
            partitions_of(self.owned),
            partitions_of(target),
            self.classic is not None,
        )


def partitions_of(
    assignment: Mapping[bytes, Mapping[int, int] | frozenset[int]],
) -> list[tuple[bytes, list[int]]]:
    """Topic ids, each with its partitions in order."""
    return [(topic_id, sorted(partitions)) for topic_id, partitions in assignment.items()]
