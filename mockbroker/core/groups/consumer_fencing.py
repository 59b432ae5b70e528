"""How members of consumer groups go: they leave, or their time is up.

Rules kept here:

- A member is lost when its session runs out, when it has not given up partitions within its rebalance timeout, and, if
  it speaks the classic protocol, when it has not joined again or not sent SyncGroup within that time.
- Whoever goes takes the group epoch up by one. If only members of the classic protocol stay, the group may become a
  classic one (`consumer_migration`).
- A static member that says so (-2) keeps its place until its session runs out.

Source: `GroupMetadataManager.consumerGroupLeave`, `.consumerGroupFenceMembers` and its timers.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from typing import TYPE_CHECKING, Final

from mockbroker.core.groups import consumer_records as records
from mockbroker.core.groups.consumer import ConsumerGroup
from mockbroker.core.groups.modern import LEAVING_STATIC_EPOCH, MemberState, count_subscriptions

if TYPE_CHECKING:
    from mockbroker.core.groups.consumer_member import ConsumerMember
    from mockbroker.core.groups.consumer_migration import ConsumerMigration
    from mockbroker.core.groups.records import LogRecord
    from mockbroker.core.groups.shard_tables import ShardTables

__all__ = ["ConsumerFencing"]

#: Kinds of timers besides sessions.
_REVOKE: Final = "revoke"
_JOIN: Final = "join"
_SYNC: Final = "sync"


class ConsumerFencing:
    """The timers of one shard's consumer groups, and what they do."""

    __slots__ = ("_around", "_migration", "_shard")

    def __init__(self, shard: ShardTables, migration: ConsumerMigration) -> None:
        self._shard = shard
        self._around = shard.around
        self._migration = migration

    # Timers.

    def restart_session(self, group: ConsumerGroup, member: ConsumerMember) -> None:
        """Let a member's session run from now on."""
        group_id, member_id = group.group_id, member.member_id
        if member.classic is None:
            timeout_ms = self._around.configs.of(group_id)["consumer.session.timeout.ms"]
        else:
            timeout_ms = member.classic.session_timeout_ms
        group.timers.restart_session(member_id, timeout_ms / 1000, lambda: self._lose(group, member_id))

    def watch_revocation(self, group: ConsumerGroup, member: ConsumerMember) -> None:
        """Give a member its rebalance timeout to give up partitions; let it be once it has none to give up."""
        member_id, epoch = member.member_id, member.member_epoch
        if member.state is not MemberState.UNREVOKED_PARTITIONS:
            group.timers.stop(_REVOKE, member_id)
            return

        def expire() -> None:
            present = group.members.get(member_id)
            if present is not None and present.member_epoch == epoch:
                self._lose(group, member_id)

        group.timers.start(_REVOKE, member_id, member.rebalance_timeout_ms / 1000, expire)

    def await_join(self, group: ConsumerGroup, member: ConsumerMember) -> None:
        """A member of the classic protocol was told to join again."""
        member_id = member.member_id
        seconds = member.rebalance_timeout_ms / 1000
        group.timers.start_once(_JOIN, member_id, seconds, lambda: self._lose(group, member_id))

    def await_sync(self, group: ConsumerGroup, member: ConsumerMember, seconds: float) -> None:
        """A member of the classic protocol has joined."""
        member_id = member.member_id
        group.timers.stop(_JOIN, member_id)
        self.restart_session(group, member)
        group.timers.start(_SYNC, member_id, seconds, lambda: self._lose(group, member_id))

    def synced(self, group: ConsumerGroup, member: ConsumerMember) -> None:
        """A member of the classic protocol has its assignment."""
        group.timers.stop(_SYNC, member.member_id)
        self.restart_session(group, member)

    def loaded(self, group: ConsumerGroup) -> None:
        """The group was read from the log: its members' time begins now.

        A member of the classic protocol, too, has the group's session timeout until it is heard of.
        """
        for member in group.members.values():
            self.restart_session(group, member._replace(classic=None))
            if member.state is MemberState.UNREVOKED_PARTITIONS:
                self.watch_revocation(group, member)

    def _lose(self, group: ConsumerGroup, member_id: str) -> None:
        member = group.members.get(member_id)
        if member is not None and self._shard.groups.get(group.group_id) is group:
            self.fence(group, [member])

    # Going.

    def fence(self, group: ConsumerGroup, members: Iterable[ConsumerMember]) -> int:
        """Remove members.

        Returns:
            The offset that the high watermark must reach before anybody is told; see `ShardTables.write`.

        Raises:
            KafkaError: what a client is to be told; nothing was written then.
        """
        gone = {member.member_id: member for member in members}
        if not gone:
            return self._shard.written_offset
        if self._migration.may_downgrade_without(group, gone.values()):
            return self._migration.downgrade(group, leaving=gone, rebalances=True)
        log_records: list[LogRecord] = []
        for member_id in gone:
            log_records += records.member_tombstones(group.group_id, member_id)
        subscriptions = dict(group.subscriptions)
        for member in gone.values():
            count_subscriptions(subscriptions, member.subscribed_topic_names, by_name=-1)
        regexes = Counter(member.subscribed_topic_regex for member in gone.values())
        for regex, count in regexes.items():
            if regex and group.regexes[regex] == count:
                log_records.append(records.regex_tombstone(group.group_id, regex))
                if regex in group.resolved:
                    count_subscriptions(subscriptions, group.resolved[regex].topics, by_regex=-1)
        metadata_hash = self._around.topic_hashes.of(subscriptions)
        log_records.append(records.group_epoch(group.group_id, group.group_epoch + 1, metadata_hash))
        return self._shard.write(log_records)

    def leave_for_a_while(self, group: ConsumerGroup, member: ConsumerMember) -> int:
        """A static member will be back: note it; what it has was given in epoch 0, to who comes in its place.

        Returns, raises:
            As `fence`.
        """
        left = member._replace(
            member_epoch=LEAVING_STATIC_EPOCH,
            assigned={topic_id: dict.fromkeys(epochs, 0) for topic_id, epochs in member.assigned.items()},
            pending_revocation={},
        )
        return self._shard.write([records.current_assignment(group.group_id, left)])
