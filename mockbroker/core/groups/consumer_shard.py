"""The consumer groups of one shard: the parts that serve them, put together."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mockbroker.core.groups.consumer_classic import ClassicMembers
from mockbroker.core.groups.consumer_fencing import ConsumerFencing
from mockbroker.core.groups.consumer_heartbeat import ConsumerHeartbeats
from mockbroker.core.groups.consumer_members import ConsumerMembers
from mockbroker.core.groups.consumer_migration import ConsumerMigration
from mockbroker.core.groups.consumer_replay import ConsumerReplay

if TYPE_CHECKING:
    from mockbroker.core.groups.classic_rebalance import ClassicRebalance
    from mockbroker.core.groups.shard_tables import ShardTables

__all__ = ["ConsumerShard"]


class ConsumerShard:
    """Serves consumer groups.

    Attributes:
        heartbeats: of members that speak the consumer protocol.
        classic_members: serves those that speak the classic one.
        fencing: the members' timers.
        regexes: what members' regular expressions match.
        replays: what replays each type of record.
    """

    __slots__ = ("classic_members", "fencing", "heartbeats", "regexes", "replays")

    def __init__(self, shard: ShardTables, rebalances: ClassicRebalance) -> None:
        migration = ConsumerMigration(shard, rebalances)
        self.fencing = ConsumerFencing(shard, migration)
        members = ConsumerMembers(shard, self.fencing)
        self.regexes = members.regexes
        self.heartbeats = ConsumerHeartbeats(shard, members, self.fencing, migration)
        self.classic_members = ClassicMembers(shard, members, self.fencing, migration)
        self.replays = ConsumerReplay(shard).table()
