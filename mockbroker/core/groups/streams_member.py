"""A member of a streams group (KIP-1071).

Source: `StreamsGroupMember`.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

from mockbroker.core.groups.modern import MemberState
from mockbroker.core.groups.streams_messages import DescribedStreams, Endpoint
from mockbroker.core.groups.streams_tasks import MemberTasks, Tasks

__all__ = ["NOTHING", "StreamsMember"]

NOTHING = MemberTasks()
_NO_TAGS: Mapping[str, str] = {}


class StreamsMember(NamedTuple):
    """A member, as its records tell of it.

    Attributes:
        client_host: as Kafka prints an address: "/127.0.0.1".
        topology_epoch: of the topology that it was built with.
        process_id: members of one process share it, and their state stores.
        user_endpoint: where its application answers queries of its own.
        assigned: the tasks that it may run.
        pending_revocation: those that it has to give up, and has not yet.
    """

    member_id: str
    member_epoch: int = 0
    previous_member_epoch: int = 0
    state: MemberState = MemberState.STABLE
    instance_id: str | None = None
    rack_id: str | None = None
    rebalance_timeout_ms: int = -1
    client_id: str = ""
    client_host: str = ""
    topology_epoch: int = -1
    process_id: str = ""
    user_endpoint: Endpoint | None = None
    client_tags: Mapping[str, str] = _NO_TAGS
    assigned: MemberTasks = NOTHING
    pending_revocation: MemberTasks = NOTHING

    def moved_to(
        self, epoch: int, state: MemberState, assigned: MemberTasks, pending: MemberTasks
    ) -> StreamsMember:
        """The same member in another epoch; the present one becomes the previous one."""
        return self._replace(
            member_epoch=epoch,
            previous_member_epoch=self.member_epoch,
            state=state,
            assigned=assigned,
            pending_revocation=pending,
        )

    def described(self, target: Tasks) -> DescribedStreams:
        """As StreamsGroupDescribe shows it."""
        return DescribedStreams(
            self.member_id,
            self.member_epoch,
            self.instance_id,
            self.rack_id,
            self.client_id,
            self.client_host,
            self.topology_epoch,
            self.process_id,
            self.user_endpoint,
            self.client_tags,
            self.assigned.tasks,
            target,
        )
