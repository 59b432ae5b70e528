"""One partition of `__consumer_offsets`, as the broker that leads it coordinates the groups that live in it.

Rules kept here:

- Decide, then write: records go to the partition's log first, then `replay` makes the tables what they say. The state
  of a classic group is the exception that Kafka makes, too: members come and go unwritten, and a record is written when
  a generation is assigned; it is replayed only when the shard is loaded.
- A write is answered when it is below the high watermark, at most `offsets.commit.timeout.ms` later.
- Whoever only reads sees what lies below the high watermark: `committed`. While that is behind, it is a second set of
  tables, which replays the log up to there; usually it is the shard itself.
- A shard is loaded by replaying the whole log, and unloaded when its broker no longer leads: whoever waits is told so.
- What serves the newer kinds of groups is imported when the first group of that kind is met: few clusters have all.

Source: `CoordinatorRuntime`, `CoordinatorLoaderImpl`, `GroupCoordinatorShard`.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

from mockbroker.core.groups import records
from mockbroker.core.groups.classic import ClassicGroup
from mockbroker.core.groups.classic_join import ClassicJoin
from mockbroker.core.groups.classic_rebalance import ClassicRebalance
from mockbroker.core.groups.classic_session import ClassicSession
from mockbroker.core.groups.group import GroupType
from mockbroker.core.groups.group_kinds import is_consumer_group, is_streams_group
from mockbroker.core.groups.results import JoinResult, SyncResult
from mockbroker.core.groups.shard_tables import ShardTables, Tables
from mockbroker.wire.compression import decompress
from protocol_specs.errors import ErrorCode, KafkaError
from protocol_specs.record_batch import parse_end_txn_marker, records_of

if TYPE_CHECKING:
    from mockbroker.core.batches import Batch
    from mockbroker.core.groups.consumer_shard import ConsumerShard
    from mockbroker.core.groups.group import Group
    from mockbroker.core.groups.offset_table import OffsetTable
    from mockbroker.core.groups.records import LogRecord
    from mockbroker.core.groups.requests import JoinRequest, LeavingMember, SyncRequest
    from mockbroker.core.groups.results import LeaveResult
    from mockbroker.core.groups.share_shard import ShareShard
    from mockbroker.core.groups.streams_shard import StreamsShard
    from mockbroker.core.groups.surroundings import Surroundings
    from mockbroker.core.replicas import Partition
    from mockbroker.core.time import Alarm
    from mockbroker.core.waiting import Pending

__all__ = ["Shard"]


class _Committed(NamedTuple):
    groups: dict[str, Group]
    offsets: OffsetTable


class Shard(ShardTables):
    """The groups of one partition, on one broker, in one leader epoch, and what serves them."""

    __slots__ = (
        "_behind",
        "_check_alarm",
        "_consumers",
        "_former",
        "_joins",
        "_rebalances",
        "_replayed_to",
        "_sessions",
        "_shares",
        "_streams",
    )

    def __init__(self, around: Surroundings, partition: Partition, broker_id: int) -> None:
        super().__init__(around, partition, broker_id)
        self._rebalances = ClassicRebalance(self)
        self._joins = ClassicJoin(self, self._rebalances)
        self._sessions = ClassicSession(self, self._rebalances)
        self._consumers: ConsumerShard | None = None
        self._shares: ShareShard | None = None
        self._streams: StreamsShard | None = None
        self._replays[records.OFFSET_COMMIT] = self._replay_offset
        self._replays[records.GROUP_METADATA] = self._replay_group
        self._check_alarm: Alarm | None = None
        #: how far `_replay_below` came.
        self._replayed_to = 0
        #: what reads see while the high watermark is behind, once it was.
        self._behind: Shard | None = None
        #: classic groups that are gone, and the offset that the high watermark must reach until nobody sees them.
        self._former: dict[str, tuple[int, Group]] = {}

    def __repr__(self) -> str:
        return f"<Shard {self.partition.index} on broker {self.broker_id}, {len(self.groups)} groups>"

    # The newer kinds of groups.

    @property
    def consumers(self) -> ConsumerShard:
        """What serves consumer groups."""
        if self._consumers is None:
            from mockbroker.core.groups.consumer_shard import ConsumerShard

            self._consumers = ConsumerShard(self, self._rebalances)
        return self._consumers

    @property
    def shares(self) -> ShareShard:
        """What serves share groups."""
        if self._shares is None:
            from mockbroker.core.groups.share_shard import ShareShard

            self._shares = ShareShard(self)
        return self._shares

    @property
    def streams(self) -> StreamsShard:
        """What serves streams groups."""
        if self._streams is None:
            from mockbroker.core.groups.streams_shard import StreamsShard

            self._streams = StreamsShard(self)
        return self._streams

    def topic_created(self) -> None:
        """Have members whose regular expressions may match it look again."""
        if self._consumers is not None:
            self._consumers.regexes.newest_topic_version = self.around.cluster.version

    def forget_topic(self, topic_id: bytes) -> list[LogRecord]:
        """What is to be written when a topic is gone, beside its offsets."""
        return [] if self._shares is None else self._shares.states.forget_topic(topic_id)

    # The classic protocol: members of a consumer group may speak it too.

    def join(self, request: JoinRequest) -> JoinResult | Pending:
        """Answer a JoinGroup, or park it until the rebalance ends."""
        group = self.groups.get(request.group_id)
        if is_consumer_group(group) and not group.is_empty:
            try:
                return self.consumers.classic_members.join(group, request)
            except KafkaError as error:
                return JoinResult(error.code)
        return self._joins.join(request)

    def sync(self, request: SyncRequest) -> SyncResult | Pending:
        """Answer a SyncGroup, or park it until the leader has assigned."""
        group = self.groups.get(request.group_id)
        if is_consumer_group(group) and not group.is_empty:
            try:
                return self.consumers.classic_members.sync(group, request)
            except KafkaError as error:
                return SyncResult(error.code)
        return self._sessions.sync(request)

    def heartbeat(
        self, group_id: str, generation_id: int, member_id: str, group_instance_id: str | None
    ) -> ErrorCode:
        """Move a member's session on, and say whether it must join again."""
        group = self.groups.get(group_id)
        if is_consumer_group(group):
            try:
                return self.consumers.classic_members.heartbeat(
                    group, generation_id, member_id, group_instance_id
                )
            except KafkaError as error:
                return error.code
        return self._sessions.heartbeat(group_id, generation_id, member_id, group_instance_id)

    def leave(self, group_id: str, members: Sequence[LeavingMember]) -> LeaveResult:
        """Let members go.

        Raises:
            KafkaError: a consumer group's members cannot go, since that cannot be written.
        """
        group = self.groups.get(group_id)
        if is_consumer_group(group):
            return self.consumers.classic_members.leave(group, members)
        return self._sessions.leave(group_id, members)

    # Its life.

    def load(self, check: Callable[[Shard], None]) -> None:
        """Replay the whole log, and let time run for what it tells of.

        Args:
            check: called every `offsets.retention.check.interval.ms`.

        Raises:
            ValueError: the log holds what is no record of a coordinator.
        """
        self._replay_below(self._log.end_offset)
        for group in list(self.groups.values()):
            if isinstance(group, ClassicGroup):
                self._rebalances.loaded(group)
            else:
                self._loaded(group)
        self._check_later(check)

    def _loaded(self, group: Any) -> None:
        if group.type is GroupType.CONSUMER:
            self.consumers.fencing.loaded(group)
        elif group.type is GroupType.SHARE:
            self.shares.heartbeats.loaded(group)
        else:
            self.streams.fencing.loaded(group)

    def _check_later(self, check: Callable[[Shard], None]) -> None:
        def ring() -> None:
            self._check_later(check)
            check(self)

        self._check_alarm = self.around.clock.call_later(self.around.limits.offsets_check_interval, ring)

    def unload(self) -> None:
        """Tell whoever waits that the coordinator is elsewhere, and stop all deadlines."""
        self.is_loaded = False
        if self._check_alarm is not None:
            self._check_alarm.cancel()
        for group in self.groups.values():
            group.unload()
        self.around.waiting.touch(self.partition)

    # Reading.

    @property
    def committed(self) -> Tables:
        """The groups and offsets as what is below the high watermark tells of them; not to be changed."""
        log = self._log
        high_watermark = log.high_watermark
        if high_watermark >= log.end_offset:
            self._former.clear()
            return self
        behind = self._behind
        if behind is None or behind._replayed_to < log.cleaned_to:
            # Compaction may have taken tombstones away that it has not seen.
            behind = self._behind = Shard(self.around, self.partition, self.broker_id)
        behind._replay_below(high_watermark)
        self._former = {id: one for id, one in self._former.items() if one[0] > high_watermark}
        live = self.groups | {id: group for id, (_, group) in self._former.items()}
        groups = {id: _as_it_lives(group, live.get(id)) for id, group in behind.groups.items()}
        return _Committed(groups, behind.offsets)

    def forget_group(self, group_id: str) -> None:
        group = self.groups.get(group_id)
        if isinstance(group, ClassicGroup) and self._check_alarm is not None:
            self._note_former(group)
        super().forget_group(group_id)

    def _note_former(self, group: ClassicGroup) -> None:
        """Of a shard that is loaded: what a group was at the high watermark."""
        high_watermark, end_offset = self._log.high_watermark, self._log.end_offset
        known = self._former.get(group.group_id)
        if high_watermark < end_offset and (known is None or known[0] <= high_watermark):
            self._former[group.group_id] = end_offset, group

    # Replaying.

    def _replay_below(self, offset: int) -> None:
        for batch in self._log.batches(self._replayed_to, offset):
            self._replay_batch(batch)
        self._replayed_to = offset

    def _replay_of(self, number: int) -> Callable[[LogRecord, int, int], None] | None:
        if number not in self._replays:
            for others in (self.consumers.replays, self.shares.replays, self.streams.replays):
                self._replays.update(others)
        return super()._replay_of(number)

    def _replay_batch(self, batch: Batch) -> None:
        log_records = records_of(batch.view, decompress)
        if batch.is_control:
            for record in log_records:
                marker = parse_end_txn_marker(record)
                if marker is not None:
                    self.offsets.replay_marker(batch.producer_id, marker.is_commit)
            return
        for record in log_records:
            decoded = records.decode(record.key, record.value)
            if decoded is not None:
                self.replay(decoded, record.offset, batch.producer_id)

    def _replay_offset(self, record: LogRecord, offset: int, producer_id: int) -> None:
        if record.value is not None and record.key.group not in self.groups:
            self.classic_group(record.key.group)
        self.offsets.replay_commit(record.key, record.value, offset, producer_id)

    def _replay_group(self, record: LogRecord, offset: int, producer_id: int) -> None:
        group_id = record.key.group
        self.forget_group(group_id)
        if record.value is not None:
            self.groups[group_id] = ClassicGroup.from_record(group_id, record.value, self.around.clock)


def _as_it_lives(committed: Group, live: Group | None) -> Group:
    """A group with what its log does not tell: all that happens in a classic one, and how a topology fits."""
    if isinstance(committed, ClassicGroup):
        return live if isinstance(live, ClassicGroup) else committed
    if is_streams_group(committed) and is_streams_group(live) and committed.topology == live.topology:
        committed.configured = live.configured
    return committed
