"""One partition of `__consumer_offsets`, as the broker that leads it coordinates the groups that live in it.

Rules kept here:

- Decide, then write: records go to the partition's log first, then `replay` makes the tables what they say. The state
  of a classic group is the exception that Kafka makes, too: members come and go unwritten, and a record is written when
  a generation is assigned; it is replayed only when the shard is loaded.
- A write is answered when it is below the high watermark, at most `offsets.commit.timeout.ms` later.
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
from mockbroker.core.groups.offset_table import NO_PRODUCER, OffsetTable
from mockbroker.core.groups.records import LogRecord
from mockbroker.core.producer_state import Origin
from mockbroker.core.waiting import NOT_YET
from mockbroker.wire.compression import compress, decompress
from protocol_specs.errors import ErrorCode, KafkaError
from protocol_specs.record_batch import (
    HEADER_SIZE,
    EndTxnMarker,
    Record,
    build_batch,
    build_end_txn_marker,
    parse_end_txn_marker,
    records_of,
)

if TYPE_CHECKING:
    from mockbroker.core.batches import Batch
    from mockbroker.core.groups.consumer_shard import ConsumerShard
    from mockbroker.core.groups.group import Group
    from mockbroker.core.groups.share_shard import ShareShard
    from mockbroker.core.groups.streams_shard import StreamsShard
    from mockbroker.core.groups.surroundings import Surroundings
    from mockbroker.core.producer_state import Verification
    from mockbroker.core.replicas import Partition
    from mockbroker.core.time import Alarm
    from mockbroker.core.transactions.markers import Marker

__all__ = ["Producer", "Shard", "coordinator_error"]

#: Bytes around a record's key and value in a batch, at most.
_RECORD_OVERHEAD = 21

#: What clients of a coordinator are told instead of what the log said.
_CLIENT_ERRORS = {
    ErrorCode.UNKNOWN_TOPIC_OR_PARTITION: ErrorCode.COORDINATOR_NOT_AVAILABLE,
    ErrorCode.NOT_ENOUGH_REPLICAS: ErrorCode.COORDINATOR_NOT_AVAILABLE,
    ErrorCode.REQUEST_TIMED_OUT: ErrorCode.COORDINATOR_NOT_AVAILABLE,
    ErrorCode.NOT_LEADER_OR_FOLLOWER: ErrorCode.NOT_COORDINATOR,
    ErrorCode.KAFKA_STORAGE_ERROR: ErrorCode.NOT_COORDINATOR,
    ErrorCode.MESSAGE_TOO_LARGE: ErrorCode.UNKNOWN_SERVER_ERROR,
    ErrorCode.RECORD_LIST_TOO_LARGE: ErrorCode.UNKNOWN_SERVER_ERROR,
    ErrorCode.INVALID_FETCH_SIZE: ErrorCode.UNKNOWN_SERVER_ERROR,
}


def coordinator_error(code: ErrorCode) -> ErrorCode:
    """The code that a client of a coordinator gets for a failed write.

    Source: `CoordinatorOperationExceptionHelper`.
    """
    return _CLIENT_ERRORS.get(code, code)


class Producer(NamedTuple):
    """A transactional producer, whose marker is to decide about what it writes.

    Attributes:
        guard: what the verification of its transaction gave (KIP-890).
    """

    id: int
    epoch: int
    guard: Verification | None = None


_NOBODY = Producer(NO_PRODUCER, -1)


class Shard:
    """The groups of one partition, on one broker, in one leader epoch.

    Attributes:
        groups: every group of the shard by its id, whatever its type.
        offsets: their committed offsets.
        is_loaded: False once it was unloaded: this broker does not coordinate these groups any more.
    """

    __slots__ = (
        "_check_alarm",
        "_consumers",
        "_log",
        "_node",
        "_replays",
        "_shares",
        "_streams",
        "around",
        "broker_id",
        "groups",
        "is_loaded",
        "joins",
        "leader_epoch",
        "offsets",
        "partition",
        "rebalances",
        "sessions",
    )

    def __init__(self, around: Surroundings, partition: Partition, broker_id: int) -> None:
        replica = partition.replica_at(broker_id)
        self.around = around
        self.partition = partition
        self.broker_id = broker_id
        self.leader_epoch = replica.state.leader_epoch
        self._log = replica.log
        self._node = around.cluster.nodes[broker_id]
        self.groups: dict[str, Group] = {}
        self.offsets = OffsetTable()
        self.rebalances = ClassicRebalance(self)
        self.joins = ClassicJoin(self, self.rebalances)
        self.sessions = ClassicSession(self, self.rebalances)
        self._consumers: ConsumerShard | None = None
        self._shares: ShareShard | None = None
        self._streams: StreamsShard | None = None
        self._replays: dict[int, Callable[[LogRecord, int, int], None]] = {
            records.OFFSET_COMMIT: self._replay_offset,
            records.GROUP_METADATA: self._replay_group,
        }
        self._check_alarm: Alarm | None = None
        self.is_loaded = True

    def __repr__(self) -> str:
        return f"<Shard {self.partition.index} on broker {self.broker_id}, {len(self.groups)} groups>"

    # The newer kinds of groups.

    @property
    def consumers(self) -> ConsumerShard:
        """What serves consumer groups."""
        if self._consumers is None:
            from mockbroker.core.groups.consumer_shard import ConsumerShard

            self._consumers = ConsumerShard(self)
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

    # Its life.

    @property
    def is_current(self) -> bool:
        """Whether its broker runs and still leads the partition, as far as it knows, and in the same epoch."""
        replica = self.partition.copies.get(self.broker_id)
        return (
            replica is not None
            and self._node.is_running
            and replica.log is self._log
            and replica.state.leader == self.broker_id
            and replica.state.leader_epoch == self.leader_epoch
        )

    def load(self, check: Callable[[Shard], None]) -> None:
        """Replay the whole log, and let time run for what it tells of.

        Args:
            check: called every `offsets.retention.check.interval.ms`.

        Raises:
            ValueError: the log holds what is no record of a coordinator.
        """
        for batch in self._log.batches():
            self._replay_batch(batch)
        for group in list(self.groups.values()):
            if isinstance(group, ClassicGroup):
                self.rebalances.loaded(group)
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

    # Groups.

    def classic_group(self, group_id: str) -> ClassicGroup:
        """The classic group of this name; a new simple one where there is none.

        Raises:
            KafkaError: GROUP_ID_NOT_FOUND when there is one of another type.
        """
        group = self.groups.get(group_id)
        if group is None:
            group = self.groups[group_id] = ClassicGroup(group_id, self.around.clock)
        if not isinstance(group, ClassicGroup):
            raise KafkaError(ErrorCode.GROUP_ID_NOT_FOUND, f"Group {group_id} is not a classic group.")
        return group

    def forget_group(self, group_id: str) -> None:
        """Drop a group from the table, with its deadlines."""
        group = self.groups.pop(group_id, None)
        if group is not None:
            group.forget_deadlines()

    # Writing.

    def write(
        self,
        log_records: Sequence[LogRecord],
        *,
        replay: bool = True,
        producer: Producer = _NOBODY,
    ) -> int:
        """Append records as one batch, and replay them.

        Args:
            replay: False for what the tables say already: a classic group's metadata.

        Returns:
            The offset that the high watermark must reach before the write is answered.

        Raises:
            KafkaError: what a client is to be told; nothing was written then.
        """
        codec = self.around.limits.compression_codec
        now_ms = self.around.clock.now_ms
        encoded = [record.encode() for record in log_records]
        batch = build_batch(
            [Record(timestamp_ms=now_ms, key=key, value=value) for key, value in encoded],
            codec=codec,
            compress=compress if codec else None,
            producer_id=producer.id,
            producer_epoch=producer.epoch,
            base_sequence=0,
            is_transactional=producer.id != NO_PRODUCER,
        )
        base_offset, required = self._append(batch, producer.guard)
        if replay:
            for offset, record in enumerate(log_records, base_offset):
                self.replay(record, offset, producer.id)
        return required

    def write_apart(self, log_records: Sequence[LogRecord]) -> None:
        """Append records that need not stay together, in as many batches as it takes; see `write`."""
        limit = self._log.config.max_message_bytes
        chunk: list[LogRecord] = []
        size = HEADER_SIZE
        for record in log_records:
            key, value = record.encode()
            length = len(key) + len(value or b"") + _RECORD_OVERHEAD
            if chunk and size + length > limit:
                self.write(chunk)
                chunk, size = [], HEADER_SIZE
            chunk.append(record)
            size += length
        self.write(chunk)

    def write_marker(self, marker: Marker) -> int:
        """End a producer's transaction over offsets of this shard.

        Returns:
            The offset that the high watermark must reach before the write is answered.

        Raises:
            KafkaError: what the log refuses, as it is: the transaction coordinator acts on it.
        """
        batch = build_end_txn_marker(
            EndTxnMarker(marker.is_commit, marker.coordinator_epoch),
            producer_id=marker.producer_id,
            producer_epoch=marker.producer_epoch,
            timestamp_ms=self.around.clock.now_ms,
        )
        result = self.partition.append(
            memoryview(batch),
            at=self.broker_id,
            origin=Origin.COORDINATOR,
            transaction_version=marker.transaction_version,
        )
        self.offsets.replay_marker(marker.producer_id, marker.is_commit)
        return result.required_offset

    def _append(self, batch: bytearray, guard: Verification | None) -> tuple[int, int]:
        limit = self._log.config.max_message_bytes
        try:
            if len(batch) > limit:
                raise KafkaError(ErrorCode.MESSAGE_TOO_LARGE)
            result = self.partition.append(
                memoryview(batch), at=self.broker_id, origin=Origin.COORDINATOR, guard=guard
            )
        except KafkaError as error:
            raise KafkaError(coordinator_error(error.code)) from error
        return result.base_offset, result.required_offset

    @property
    def written_offset(self) -> int:
        """Where the log ends: all that was written is answered once the high watermark is here."""
        return self._log.end_offset

    def when_committed(self, required: int, reply: Callable[[ErrorCode], Any]) -> Any:
        """Call `reply` once the high watermark has reached `required`, or cannot any more.

        Args:
            reply: makes the answer, given NONE, NOT_COORDINATOR or COORDINATOR_NOT_AVAILABLE.

        Returns:
            The answer, or a Pending.
        """
        log = self._log
        if log.high_watermark >= required:
            return reply(ErrorCode.NONE)

        def attempt(last: bool) -> Any:
            if not self.is_loaded:
                return reply(ErrorCode.NOT_COORDINATOR)
            if log.high_watermark >= required:
                return reply(ErrorCode.NONE)
            return reply(ErrorCode.COORDINATOR_NOT_AVAILABLE) if last else NOT_YET

        around = self.around
        return around.waiting.wait(attempt, on=(self.partition,), at_most=around.limits.commit_timeout)

    # Replaying.

    def replay(self, record: LogRecord, offset: int, producer_id: int = NO_PRODUCER) -> None:
        """Make the tables what one record says. Records of types that nothing here handles change nothing."""
        number = record.type.number
        if number not in self._replays:
            for others in (self.consumers.replays, self.shares.replays, self.streams.replays):
                self._replays.update(others)
        replay = self._replays.get(number)
        if replay is not None:
            replay(record, offset, producer_id)

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
