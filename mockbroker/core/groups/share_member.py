"""A member of a share group (KIP-932).

Source: `ShareGroupMember`, `ShareGroupAssignmentBuilder`.
"""

from __future__ import annotations

from typing import NamedTuple

from mockbroker.core.groups.assignors.spec import Assignment
from mockbroker.core.groups.modern import NO_PARTITIONS, MemberState

__all__ = ["ShareMember"]


class ShareMember(NamedTuple):
    """A member, as its records tell of it.

    Attributes:
        client_host: as Kafka prints an address: "/127.0.0.1".
        assigned: the partitions that it may read.
    """

    member_id: str
    member_epoch: int = 0
    previous_member_epoch: int = -1
    state: MemberState = MemberState.STABLE
    rack_id: str | None = None
    client_id: str = ""
    client_host: str = ""
    subscribed_topic_names: frozenset[str] = frozenset()
    assigned: Assignment = NO_PARTITIONS

    def moved_to(self, epoch: int, assigned: Assignment) -> ShareMember:
        """The same member with what it is to have in an epoch: nobody has to give up anything first."""
        if epoch == self.member_epoch:
            return self._replace(assigned=assigned)
        return self._replace(
            member_epoch=epoch,
            previous_member_epoch=self.member_epoch,
            state=MemberState.STABLE,
            assigned=assigned,
        )
