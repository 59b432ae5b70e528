"""The share groups of one shard: the parts that serve them, put together."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mockbroker.core.groups.share_heartbeat import ShareHeartbeats
from mockbroker.core.groups.share_replay import ShareReplay
from mockbroker.core.groups.share_states import ShareStateKeeper

if TYPE_CHECKING:
    from mockbroker.core.groups.shard_tables import ShardTables

__all__ = ["ShareShard"]


class ShareShard:
    """Serves share groups.

    Attributes:
        states: has the state of their partitions made ready, and deleted.
        heartbeats: of their members.
        replays: what replays each type of record.
    """

    __slots__ = ("heartbeats", "replays", "states")

    def __init__(self, shard: ShardTables) -> None:
        self.states = ShareStateKeeper(shard)
        self.heartbeats = ShareHeartbeats(shard, self.states)
        self.replays = ShareReplay(shard).table()
