"""One partition of `__share_group_state`, as the broker that leads it keeps the share partitions that live in it.

Rules kept here:

- Decide, then write; what was written counts at once for the next request, and is answered when it is below the high
  watermark, at most `share.coordinator.write.timeout.ms` later.
- A share partition must be initialized before it is read or written. Requests with an older leader epoch, or an older
  state epoch, than the newest one seen are fenced. A read with a new leader epoch is noted in the log.
- A write becomes an update; after `share.coordinator.snapshot.update.records.per.snapshot` of them, a snapshot.
- Records before the oldest last snapshot of all share partitions are not needed any more.

Source: `ShareCoordinatorShard`, `ShareCoordinatorOffsetsManager`, `CoordinatorRuntime`.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, NamedTuple

from mockbroker.core.batches import OwnBatch
from mockbroker.core.coordinator_errors import coordinator_error
from mockbroker.core.coordinator_shard import CoordinatorShard
from mockbroker.core.producer_state import Origin
from mockbroker.core.share.state_batches import StateBatch, combine
from mockbroker.core.share.state_records import UNKNOWN_COUNT, UNKNOWN_OFFSET, LogRecord, ShareState, decode
from mockbroker.wire.compression import compress, decompress
from protocol_specs.errors import ErrorCode, KafkaError
from protocol_specs.record_batch import build_batch, records_of

if TYPE_CHECKING:
    from mockbroker.core.cluster import Cluster
    from mockbroker.core.replicas import Partition
    from mockbroker.core.share.keys import SharePartitionKey

__all__ = ["Decision", "StateResult", "StateShard"]

NONE = ErrorCode.NONE

_NEGATIVE_PARTITION = "The partition id cannot be a negative number."
_UNINITIALIZED = "{} operation on uninitialized share partition not allowed."


class StateResult(NamedTuple):
    """What became of one share partition's part of a request; `state` is what a read found."""

    error_code: ErrorCode = NONE
    error_message: str | None = None
    state: ShareState = ShareState()


class Decision(NamedTuple):
    """The records to write, and the answer once they are safe."""

    records: Sequence[LogRecord] = ()
    result: StateResult = StateResult()


class StateShard(CoordinatorShard):
    """The share partitions of one partition, on one broker, in one leader epoch.

    Attributes:
        states: what is known of each share partition.
        pruned_to: records before it were deleted.
    """

    __slots__ = (
        "_leader_epochs",
        "_redundant_below",
        "_snapshots",
        "_state_epochs",
        "_updates",
        "pruned_to",
        "states",
    )

    def __init__(self, cluster: Cluster, partition: Partition, broker_id: int) -> None:
        super().__init__(cluster, partition, broker_id)
        self.states: dict[SharePartitionKey, ShareState] = {}
        self._leader_epochs: dict[SharePartitionKey, int] = {}
        self._state_epochs: dict[SharePartitionKey, int] = {}
        #: updates since the last snapshot that came for their number.
        self._updates: dict[SharePartitionKey, int] = {}
        #: offset of each share partition's last snapshot.
        self._snapshots: dict[SharePartitionKey, int] = {}
        self._redundant_below: int | None = None
        self.pruned_to: int | None = None

    def __repr__(self) -> str:
        return f"<StateShard {self.partition.index} on broker {self.broker_id}, {len(self.states)} states>"

    # Its life.

    def load(self) -> None:
        """Replay the whole log.

        Raises:
            ValueError: the log holds what is no record of a share coordinator.
        """
        for batch in self._log.batches():
            if not batch.is_control:
                for record in records_of(batch.view, decompress):
                    decoded = decode(record)
                    if decoded is not None:
                        self._replay(decoded, record.offset)

    def unload(self) -> None:
        """Tell whoever waits that the coordinator is elsewhere."""
        self.is_loaded = False
        self._cluster.waiting.touch(self.partition)

    # Deciding. Each returns what to write and what to answer then, and raises KafkaError where it refuses.

    def initialize(self, key: SharePartitionKey, state_epoch: int, start_offset: int) -> Decision:
        """Begin anew, whatever was before."""
        _check_partition(key)
        self._check_state_epoch(key, state_epoch)
        self._check_topic(key)
        before = self.states.get(key)
        now_ms = self._cluster.clock.now_ms
        state = ShareState(
            snapshot_epoch=0 if before is None else before.snapshot_epoch + 1,
            state_epoch=state_epoch,
            start_offset=start_offset,
            delivery_complete_count=UNKNOWN_COUNT if start_offset == UNKNOWN_OFFSET else 0,
            created_ms=now_ms,
            written_ms=now_ms,
        )
        return Decision((LogRecord(key, state),))

    def read(self, key: SharePartitionKey, leader_epoch: int) -> Decision:
        """The state, for a leader that begins; a new leader epoch is written down."""
        _check_partition(key)
        state = self._initialized(key, "Read")
        self._check_leader_epoch(key, leader_epoch)
        self._check_topic(key)
        result = StateResult(state=state)
        if leader_epoch in (-1, self._leader_epochs.get(key)):
            return Decision((), result)
        update = ShareState(
            leader_epoch=leader_epoch,
            start_offset=state.start_offset,
            delivery_complete_count=state.delivery_complete_count,
        )
        return Decision((self._changed(key, update),), result)

    def write(
        self, key: SharePartitionKey, state_epoch: int, leader_epoch: int, change: ShareState
    ) -> Decision:
        """Lay a change over the state: its start offset, its count and its batches."""
        _check_partition(key)
        state = self._initialized(key, "Write")
        self._check_leader_epoch(key, leader_epoch)
        self._check_state_epoch(key, state_epoch)
        self._check_topic(key)
        return Decision((self._changed(key, change._replace(leader_epoch=state.leader_epoch)),))

    def delete(self, key: SharePartitionKey) -> Decision:
        """Forget a share partition; one that is not known is as good as deleted."""
        _check_partition(key)
        self._check_topic(key)
        return Decision((LogRecord(key, None),) if key in self.states else ())

    def summarize(self, key: SharePartitionKey) -> Decision:
        """The state as it is; one that is not known has its defaults."""
        _check_partition(key)
        self._check_topic(key)
        return Decision((), StateResult(state=self.states.get(key, ShareState())))

    def snapshot_idle(self, min_age_ms: int) -> list[LogRecord]:
        """Snapshots of what was not snapshotted for so long, so that older records can go."""
        if all(state.created_ms != state.written_ms for state in self.states.values()):
            return []
        now_ms = self._cluster.clock.now_ms
        return [
            LogRecord(key, state._replace(snapshot_epoch=state.snapshot_epoch + 1, written_ms=now_ms))
            for key, state in self.states.items()
            if now_ms - state.written_ms >= min_age_ms
        ]

    def forget_topic(self, topic_id: bytes) -> list[LogRecord]:
        """The records that delete all share partitions of a topic."""
        return [LogRecord(key, None) for key in self.states if key.topic_id == topic_id]

    @property
    def redundant_below(self) -> int | None:
        """The offset before which no record is needed; None: all are."""
        offset = self._redundant_below
        return offset if offset is not None and offset > 0 else None

    def _initialized(self, key: SharePartitionKey, operation: str) -> ShareState:
        state = self.states.get(key)
        if state is None:
            raise KafkaError(ErrorCode.INVALID_REQUEST, _UNINITIALIZED.format(operation))
        return state

    def _check_leader_epoch(self, key: SharePartitionKey, leader_epoch: int) -> None:
        if leader_epoch != -1 and self._leader_epochs.get(key, leader_epoch) > leader_epoch:
            raise KafkaError(ErrorCode.FENCED_LEADER_EPOCH)

    def _check_state_epoch(self, key: SharePartitionKey, state_epoch: int) -> None:
        if state_epoch != -1 and self._state_epochs.get(key, state_epoch) > state_epoch:
            raise KafkaError(ErrorCode.FENCED_STATE_EPOCH)

    def _check_topic(self, key: SharePartitionKey) -> None:
        topic = self._cluster.topics_by_id.get(key.topic_id)
        if topic is None or key.partition >= len(topic.partitions):
            raise KafkaError(ErrorCode.UNKNOWN_TOPIC_OR_PARTITION)

    def _changed(self, key: SharePartitionKey, change: ShareState) -> LogRecord:
        state = self.states[key]
        limit: int = self._cluster.settings["share.coordinator.snapshot.update.records.per.snapshot"]
        if self._updates.get(key, 0) < limit:
            batches = _alone(change.batches, change.start_offset)
            update = change._replace(snapshot_epoch=state.snapshot_epoch, batches=batches)
            return LogRecord(key, update, is_update=True)
        now_ms = self._cluster.clock.now_ms
        snapshot = state.updated(change)._replace(
            snapshot_epoch=state.snapshot_epoch + 1, created_ms=now_ms, written_ms=now_ms
        )
        return LogRecord(key, snapshot)

    # Writing.

    @property
    def _write_timeout(self) -> float:
        timeout_ms: int = self._cluster.settings["share.coordinator.write.timeout.ms"]
        return timeout_ms / 1000

    def append(self, log_records: Sequence[LogRecord]) -> int:
        """Append records as one batch, and replay them.

        Returns:
            The offset that the high watermark must reach before the write is answered.

        Raises:
            KafkaError: what a client is to be told; nothing was written then.
        """
        settings, now_ms = self._cluster.settings, self._cluster.clock.now_ms
        codec: int = settings["share.coordinator.state.topic.compression.codec"]
        batch = build_batch(
            [record.encode(now_ms) for record in log_records],
            codec=codec,
            compress=compress if codec else None,
        )
        try:
            if len(batch) > self._log.config.max_message_bytes:
                raise KafkaError(ErrorCode.MESSAGE_TOO_LARGE)
            appended = self.partition.append(OwnBatch(batch), at=self.broker_id, origin=Origin.COORDINATOR)
        except KafkaError as error:
            raise KafkaError(coordinator_error(error.code), error.message) from error
        for offset, record in enumerate(log_records, appended.base_offset):
            self._replay(record, offset)
        return appended.required_offset

    # Replaying.

    def _replay(self, record: LogRecord, offset: int) -> None:
        if record.is_update:
            if record.state is not None:
                self._replay_update(record.key, record.state)
        else:
            self._replay_snapshot(record.key, record.state, offset)

    def _replay_snapshot(self, key: SharePartitionKey, state: ShareState | None, offset: int) -> None:
        if state is None:
            self.states.pop(key, None)
            self._leader_epochs.pop(key, None)
            self._state_epochs.pop(key, None)
            self._updates.pop(key, None)
        else:
            _raise_to(self._leader_epochs, key, state.leader_epoch)
            _raise_to(self._state_epochs, key, state.state_epoch)
            self.states[key] = state
            limit = self._cluster.settings["share.coordinator.snapshot.update.records.per.snapshot"]
            if self._updates.get(key, -1) >= limit:
                self._updates[key] = 0
        self._snapshots[key] = offset
        self._redundant_below = min(self._snapshots.values())
        if state is None:
            del self._snapshots[key]

    def _replay_update(self, key: SharePartitionKey, update: ShareState) -> None:
        _raise_to(self._leader_epochs, key, update.leader_epoch)
        state = self.states.get(key)
        self.states[key] = update if state is None else state.updated(update)
        self._updates[key] = self._updates.get(key, 0) + 1


def _check_partition(key: SharePartitionKey) -> None:
    if key.partition < 0:
        raise KafkaError(ErrorCode.INVALID_REQUEST, _NEGATIVE_PARTITION)


def _alone(batches: tuple[StateBatch, ...], start_offset: int) -> tuple[StateBatch, ...]:
    return combine((), batches, start_offset)


def _raise_to(table: dict[SharePartitionKey, int], key: SharePartitionKey, value: int) -> None:
    if table.get(key, value - 1) < value:
        table[key] = value
