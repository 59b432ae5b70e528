"""The streams groups of one shard: the parts that serve them, put together."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mockbroker.core.groups.streams_change import StreamsMembers
from mockbroker.core.groups.streams_fencing import StreamsFencing
from mockbroker.core.groups.streams_heartbeat import StreamsHeartbeats
from mockbroker.core.groups.streams_replay import StreamsReplay

if TYPE_CHECKING:
    from mockbroker.core.groups.shard_tables import ShardTables

__all__ = ["StreamsShard"]


class StreamsShard:
    """Serves streams groups.

    Attributes:
        heartbeats: of their members.
        fencing: the members' timers.
        replays: what replays each type of record.
    """

    __slots__ = ("fencing", "heartbeats", "replays")

    def __init__(self, shard: ShardTables) -> None:
        self.fencing = StreamsFencing(shard)
        self.heartbeats = StreamsHeartbeats(shard, StreamsMembers(shard, self.fencing), self.fencing)
        self.replays = StreamsReplay(shard).table()
