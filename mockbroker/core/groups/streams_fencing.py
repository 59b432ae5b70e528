"""How members of streams groups go: they leave, or their time is up.

Rules kept here:

- A member is lost when its session runs out, and when it has not given up tasks within its rebalance timeout.
- Whoever goes takes the group epoch up by one. Tasks are assigned anew at the next heartbeat of another member.

Source: `GroupMetadataManager.streamsGroupLeave`, `.streamsGroupFenceMember` and its timers.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from mockbroker.core.groups import streams_records as records
from mockbroker.core.groups.modern import MemberState

if TYPE_CHECKING:
    from mockbroker.core.groups.shard_tables import ShardTables
    from mockbroker.core.groups.streams import StreamsGroup
    from mockbroker.core.groups.streams_member import StreamsMember

__all__ = ["StreamsFencing"]

#: A kind of timer besides sessions.
_REVOKE: Final = "revoke"


class StreamsFencing:
    """The timers of one shard's streams groups, and what they do."""

    __slots__ = ("_around", "_shard")

    def __init__(self, shard: ShardTables) -> None:
        self._shard = shard
        self._around = shard.around

    def restart_session(self, group: StreamsGroup, member_id: str) -> None:
        """Let a member's session run from now on."""
        timeout_ms = self._around.configs.of(group.group_id)["streams.session.timeout.ms"]
        group.timers.restart_session(member_id, timeout_ms / 1000, lambda: self._lose(group, member_id))

    def watch_revocation(self, group: StreamsGroup, member: StreamsMember) -> None:
        """Give a member its rebalance timeout to give up tasks; let it be once it has none to give up."""
        member_id, epoch = member.member_id, member.member_epoch
        if member.state is not MemberState.UNREVOKED_PARTITIONS:
            group.timers.stop(_REVOKE, member_id)
            return

        def expire() -> None:
            present = group.members.get(member_id)
            if present is not None and present.member_epoch == epoch:
                self._lose(group, member_id)

        group.timers.start(_REVOKE, member_id, member.rebalance_timeout_ms / 1000, expire)

    def loaded(self, group: StreamsGroup) -> None:
        """The group was read from the log: its members' time begins now."""
        for member in group.members.values():
            self.restart_session(group, member.member_id)
            if member.state is MemberState.UNREVOKED_PARTITIONS:
                self.watch_revocation(group, member)

    def _lose(self, group: StreamsGroup, member_id: str) -> None:
        if member_id in group.members and self._shard.groups.get(group.group_id) is group:
            self.fence(group, member_id)

    def fence(self, group: StreamsGroup, member_id: str) -> int:
        """Remove a member.

        Returns:
            The offset that the high watermark must reach before anybody is told; see `ShardTables.write`.

        Raises:
            KafkaError: what a client is to be told; nothing was written then.
        """
        group_id = group.group_id
        epoch = records.group_epoch(
            group_id,
            group.group_epoch + 1,
            group.metadata_hash,
            group.validated_topology_epoch,
            group.assignment_configs,
        )
        return self._shard.write([*records.member_tombstones(group_id, member_id), epoch])
