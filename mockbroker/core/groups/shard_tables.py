"""The groups and offsets of one partition of `__consumer_offsets`, and the log that they add up from.

What serves the groups stands on this, and writes through it: records go to the partition's log first, then `replay`
makes the tables what they say. A write takes `offsets.commit.timeout.ms` at most.

Source: `CoordinatorRuntime`, `GroupMetadataManager`.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, NamedTuple, Protocol

from mockbroker.core.batches import OwnBatch, marker_batch
from mockbroker.core.coordinator_errors import coordinator_error
from mockbroker.core.coordinator_shard import CoordinatorShard
from mockbroker.core.groups.classic import ClassicGroup
from mockbroker.core.groups.offset_table import NO_PRODUCER, OffsetTable
from mockbroker.core.producer_state import Origin
from mockbroker.wire.compression import compress
from protocol_specs.errors import ErrorCode, KafkaError
from protocol_specs.record_batch import (
    HEADER_SIZE,
    TRANSACTIONAL_FLAG,
    EndTxnMarker,
    Record,
    build_batch,
    build_single,
)

if TYPE_CHECKING:
    from mockbroker.core.groups.group import Group
    from mockbroker.core.groups.records import LogRecord
    from mockbroker.core.groups.surroundings import Surroundings
    from mockbroker.core.producer_state import Verification
    from mockbroker.core.replicas import Partition
    from mockbroker.core.transactions.markers import Marker

__all__ = ["Producer", "Replays", "ShardTables", "Tables"]

#: What makes the tables what a record says, given its offset and its producer's id, by the number of the record's type.
Replays = dict[int, Callable[["LogRecord", int, int], None]]

#: Bytes around a record's key and value in a batch, at most.
_RECORD_OVERHEAD = 21


class Producer(NamedTuple):
    """A transactional producer, whose marker is to decide about what it writes.

    Attributes:
        guard: what the verification of its transaction gave (KIP-890).
    """

    id: int
    epoch: int
    guard: Verification | None = None


_NOBODY = Producer(NO_PRODUCER, -1)


class Tables(Protocol):
    """What one partition tells of groups."""

    @property
    def groups(self) -> dict[str, Group]:
        """Every group by its id, whatever its type."""

    @property
    def offsets(self) -> OffsetTable:
        """Their committed offsets."""


class ShardTables(CoordinatorShard):
    """The groups of one partition, on one broker, in one leader epoch.

    Attributes:
        groups: every group by its id, whatever its type.
        offsets: their committed offsets.
    """

    __slots__ = ("_replays", "around", "groups", "offsets")

    def __init__(self, around: Surroundings, partition: Partition, broker_id: int) -> None:
        super().__init__(around.cluster, partition, broker_id)
        self.around = around
        self.groups: dict[str, Group] = {}
        self.offsets = OffsetTable()
        self._replays: Replays = {}

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

    @property
    def _write_timeout(self) -> float:
        return self.around.limits.commit_timeout

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
        newest = self.around.limits.record_versions
        encoded = [record.encode(newest) for record in log_records]
        is_transactional = producer.id != NO_PRODUCER
        if len(encoded) == 1 and not codec:
            batch = build_single(
                *encoded[0],
                now_ms,
                flags=TRANSACTIONAL_FLAG if is_transactional else 0,
                producer_id=producer.id,
                producer_epoch=producer.epoch,
                base_sequence=0,
            )
        else:
            batch = build_batch(
                [Record(-1, now_ms, key, value) for key, value in encoded],
                codec=codec,
                compress=compress if codec else None,
                producer_id=producer.id,
                producer_epoch=producer.epoch,
                base_sequence=0,
                is_transactional=is_transactional,
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
            key, value = record.encode(self.around.limits.record_versions)
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
        batch = marker_batch(
            EndTxnMarker(marker.is_commit, marker.coordinator_epoch),
            producer_id=marker.producer_id,
            producer_epoch=marker.producer_epoch,
            timestamp_ms=self.around.clock.now_ms,
        )
        result = self.partition.append(
            batch,
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
                OwnBatch(batch), at=self.broker_id, origin=Origin.COORDINATOR, guard=guard
            )
        except KafkaError as error:
            raise KafkaError(coordinator_error(error.code)) from error
        return result.base_offset, result.required_offset

    def replay(self, record: LogRecord, offset: int, producer_id: int = NO_PRODUCER) -> None:
        """Make the tables what one record says. Records of types that nothing here handles change nothing."""
        replay = self._replay_of(record.type.number)
        if replay is not None:
            replay(record, offset, producer_id)

    def _replay_of(self, number: int) -> Callable[[LogRecord, int, int], None] | None:
        return self._replays.get(number)
