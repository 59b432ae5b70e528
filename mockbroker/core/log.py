"""One replica's log of one partition.

Rules kept here (`UnifiedLog`, `LocalLog`):

- Batches stay the bytes in which they came. Base offset and leader epoch are stamped in place; readers get views.
- Offsets only rise, and stay what they were when records before or between them are gone.
- A fetch from the middle of a batch gets the whole batch; so does one after the log start was moved into it.
- Nothing at or above the high watermark is deleted, and the log start never passes it.
- The log is a row of segments. Only the last one, the active segment, is written to; a new one begins when the active
  one is full (`segment.bytes`) or old (`segment.ms`), and retention drops whole segments.
- A read ends where its segment ends.

What makes a batch acceptable is in `validation`, and what a producer may do in `producers`.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Iterator
from typing import TYPE_CHECKING

from mockbroker.core.batches import Batch
from mockbroker.core.leader_epochs import LeaderEpochs
from mockbroker.core.producer_state import AbortedTransaction, CompletedTransaction, Origin, Verification
from mockbroker.core.producers import ProducerStates
from mockbroker.core.segments import Segment
from mockbroker.core.validation import validate_append
from protocol_specs.errors import ErrorCode, KafkaError

if TYPE_CHECKING:
    from mockbroker.config import LogConfig
    from mockbroker.core.time import Clock

__all__ = ["Appended", "Batch", "Log"]


class Appended:
    """What an append did.

    Attributes:
        append_time_ms: the broker's time where the topic wants it in its records, else -1. For a duplicate the
            greatest timestamp of the batch that it repeats, as Kafka answers.
        batch: as it now stands in the log; None for a duplicate, of which nothing was written.
        is_settled: whether every replica has it already, so that nobody need ask; the partition knows.
    """

    __slots__ = ("append_time_ms", "base_offset", "batch", "is_settled", "last_offset", "log_start_offset")

    is_settled: bool

    def __init__(
        self,
        base_offset: int,
        last_offset: int,
        append_time_ms: int,
        log_start_offset: int,
        batch: Batch | None,
    ) -> None:
        self.base_offset = base_offset
        self.last_offset = last_offset
        self.append_time_ms = append_time_ms
        self.log_start_offset = log_start_offset
        self.batch = batch

    @property
    def required_offset(self) -> int:
        """The high watermark with which it is committed."""
        return self.last_offset + 1


class Log:
    """A log, empty at first.

    Args:
        config: of its topic; may be replaced at any time by setting the attribute.
        partition: topic and index as Kafka prints them ("orders-0"), for error texts.
        start_offset: of the first record to come.
        verifies_transactions: whether a transaction's first batch needs a guard (KIP-890).

    Attributes:
        start_offset: records before it are gone, though their batch may still be here.
        end_offset: of the next record.
        size_bytes: of all segments.
        segments: in order, never none; the last one is active.
        cleaned_to: what lies before it was compacted.
        first_unstable_offset: start of the first transaction that is not decided below the high watermark, or None.
    """

    __slots__ = (
        "_aborted",
        "_bases",
        "_clock",
        "_high_watermark",
        "cleaned_to",
        "config",
        "end_offset",
        "leader_epochs",
        "partition",
        "producers",
        "segments",
        "size_bytes",
        "start_offset",
    )

    def __init__(
        self,
        config: LogConfig,
        clock: Clock,
        partition: str = "",
        *,
        start_offset: int = 0,
        verifies_transactions: bool = False,
    ) -> None:
        self.config = config
        self._clock = clock
        self.partition = partition
        self.start_offset = start_offset
        self.end_offset = start_offset
        self.size_bytes = 0
        self.producers = ProducerStates(partition, verifies_transactions)
        self.leader_epochs = LeaderEpochs()
        self.segments, self._bases = [Segment(start_offset, clock.now_ms)], [start_offset]
        self._aborted: list[AbortedTransaction] = []
        self._high_watermark = start_offset
        self.cleaned_to = start_offset

    @property
    def active(self) -> Segment:
        """The segment that is written to."""
        return self.segments[-1]

    @property
    def first_unstable_offset(self) -> int | None:
        return self.producers.first_unstable_offset

    @property
    def high_watermark(self) -> int:
        """What this replica knows of it. Retention, compaction and transactions need it: set it when it moves."""
        return self._high_watermark

    @high_watermark.setter
    def high_watermark(self, offset: int) -> None:
        self._high_watermark = offset
        if self.producers.first_unstable_offset is not None:
            self.producers.high_watermark_moved(offset)

    @property
    def last_stable_offset(self) -> int:
        """The first undecided transaction's start, but no more than the high watermark."""
        unstable = self.producers.first_unstable_offset
        return self._high_watermark if unstable is None else min(unstable, self._high_watermark)

    # Writing

    def append_as_leader(
        self,
        batch: Batch | memoryview,
        leader_epoch: int,
        origin: Origin = Origin.CLIENT,
        guard: Verification | None = None,
        transaction_version: int = 0,
    ) -> Appended:
        """Check a batch and write it at the end of the log, stamped in place.

        Args:
            batch: on memory that nobody else changes.
            guard: from `producers.start_verification`, for a transaction's first batch.
            transaction_version: of the transaction that a marker ends (KIP-1228).

        Raises:
            KafkaError: what `validate_append` and `ProducerStates.admit` raise; RECORD_LIST_TOO_LARGE for a batch
                larger than a segment.
        """
        if not isinstance(batch, Batch):
            batch = Batch(batch)
        now_ms = self._clock.now_ms
        config = self.config
        batch = validate_append(batch, config, now_ms, self.partition, origin)
        offset = self.end_offset
        batch.stamp(offset, leader_epoch)
        if leader_epoch != self.leader_epochs.latest:
            self.leader_epochs.assign(leader_epoch, offset)
        if len(batch.view) > config.segment_bytes:
            raise KafkaError(
                ErrorCode.RECORD_LIST_TOO_LARGE,
                f"Message batch size is {len(batch.view)} bytes in append to partition {self.partition}, which "
                f"exceeds the maximum configured segment size of {config.segment_bytes}.",
            )
        if self.segments[-1].should_roll(batch, now_ms, config):
            self.roll(offset)
        if batch.producer_id >= 0:
            written = self.producers.admit(batch, offset, origin, guard, transaction_version)
            if written is not None:
                first, last = written.first_offset, written.last_offset
                return Appended(first, last, written.timestamp_ms, self.start_offset, None)
        last_offset = self._push(batch, now_ms)
        append_time_ms = now_ms if config.is_append_time else -1
        return Appended(offset, last_offset, append_time_ms, self.start_offset, batch)

    def append(self, batch: Batch) -> None:
        """Write a batch that the leader has written, at the offsets that it has. Its bytes are shared, not copied.

        A log that is empty moves back to the batch's own beginning where its log start is within the batch.

        Raises:
            ValueError: the batch begins before the end of the log.
        """
        if batch.base_offset < self.end_offset:
            if self.start_offset != self.end_offset or batch.last_offset < self.end_offset:
                raise ValueError(
                    f"offset {batch.base_offset} in append to {self.partition} at {self.end_offset}"
                )
            self.truncate_fully(batch.base_offset)
        now_ms = self._clock.now_ms
        self.leader_epochs.assign(batch.leader_epoch, batch.base_offset)
        if self.segments[-1].should_roll(batch, now_ms, self.config):
            self.roll(batch.base_offset)
        self._push(batch, now_ms)

    def _push(self, batch: Batch, now_ms: int) -> int:
        """Put a batch at the end of the active segment; the offset of its last record."""
        last_offset = batch.base_offset + batch.last_offset_delta
        self.segments[-1].push(batch, last_offset, now_ms)
        self.size_bytes += len(batch.view)
        self.end_offset = last_offset + 1
        if batch.producer_id >= 0:
            completed = self.producers.written(batch)
            if completed is not None and completed.is_aborted:
                self._note_aborted(completed)
        return last_offset

    def _note_aborted(self, completed: CompletedTransaction) -> None:
        stable = self.producers.stable_offset_after(completed)
        self._aborted.append(AbortedTransaction(*completed[:3], stable))

    def roll(self, base_offset: int | None = None) -> None:
        """Begin a new segment at the end of the log, or at `base_offset` if that is higher."""
        base = self.end_offset if base_offset is None else max(base_offset, self.end_offset)
        if not self.active.size and self.active.base_offset == base:
            return
        self.segments.append(Segment(base, self._clock.now_ms))
        self._bases.append(base)

    # Reading

    def read(
        self, offset: int, *, below: int | None = None, max_bytes: int, at_least_one: bool = True
    ) -> list[memoryview]:
        """Batches, the first of which holds `offset` or, where that record is gone, the next one.

        Args:
            below: no batch that reaches this offset; None is the end of the log.
            max_bytes: no more than this, together; the last batch is cut there.
            at_least_one: give the first batch whatever its size.

        Raises:
            KafkaError: OFFSET_OUT_OF_RANGE before the log's start or behind its end.
        """
        if offset < self.start_offset or offset > self.end_offset:
            raise KafkaError(ErrorCode.OFFSET_OUT_OF_RANGE, self._out_of_range(offset))
        if below is None:
            below = self.end_offset
        if offset >= below:
            return []
        segments = self.segments
        for segment in segments if len(segments) == 1 else segments[self._segment_at(offset) :]:
            if segment.last_offset >= offset:
                return segment.read(offset, below, max_bytes, at_least_one)
        return []

    def batches(self, from_offset: int | None = None, below: int | None = None) -> Iterator[Batch]:
        """All batches that hold records from `from_offset` on and end before `below`, in order."""
        offset = self.start_offset if from_offset is None else from_offset
        end = self.end_offset if below is None else below
        for segment in self.segments[self._segment_at(offset) :]:
            yield from segment.batches(segment.index_of(offset), end)

    def _segment_at(self, offset: int) -> int:
        bases = self._bases
        return len(bases) - 1 if offset >= bases[-1] else max(bisect_right(bases, offset) - 1, 0)

    def _out_of_range(self, offset: int) -> str:
        is_before = offset < self.start_offset
        held = f"starting from offset: {self.start_offset}" if is_before else f"upto {self.end_offset}"
        asked = f"Received request for offset {offset} for partition {self.partition}"
        return f"{asked}, but we only have log segments {held}."

    def aborted_transactions(self, from_offset: int, to_offset: int) -> list[tuple[int, int]]:
        """(producer id, first offset) of the aborted transactions with records in this range, its end excluded."""
        found = []
        for transaction in self._aborted[self._aborted_at(from_offset) :]:
            if transaction.first_offset < to_offset:
                found.append((transaction.producer_id, transaction.first_offset))
            if transaction.last_stable_offset >= to_offset:
                break
        return found

    def aborted_in_read(self, offset: int, size: int) -> list[tuple[int, int]]:
        """`aborted_transactions` of a read of `size` bytes: as in Kafka up to the next entry of the offset index."""
        if not self._aborted:
            return []
        at = self._segment_at(offset)
        bound = self.segments[at].upper_bound(offset, size, self.config.index_interval_bytes)
        if bound is None:
            bound = self._bases[at + 1] if at + 1 < len(self._bases) else self.end_offset
        return self.aborted_transactions(offset, bound)

    def aborted_between(self, from_offset: int, to_offset: int) -> list[AbortedTransaction]:
        """The aborted transactions that reach into this range, its end excluded."""
        return [one for one in self._aborted[self._aborted_at(from_offset) :] if one.first_offset < to_offset]

    def _aborted_at(self, offset: int) -> int:
        return bisect_left(self._aborted, offset, key=lambda transaction: transaction.last_offset)

    def epoch_at(self, offset: int) -> int:
        """Leader epoch of the record at `offset`; -1 when not known."""
        return self.leader_epochs.epoch_at(offset)

    def end_offset_for(self, leader_epoch: int) -> tuple[int, int]:
        """The largest known epoch that is not above `leader_epoch`, and where it ends; (-1, -1) for none."""
        return self.leader_epochs.end_offset_for(leader_epoch, self.end_offset)

    # Cutting

    def truncate_to(self, offset: int) -> None:
        """Drop every batch that holds `offset` or later records, and end there.

        Producers are known afterwards by what the remaining batches say of them.
        """
        if offset >= self.end_offset:
            self.leader_epochs.truncate_from_end(self.end_offset)
            return
        if offset < self._bases[0]:
            self.truncate_fully(offset)
            return
        keep = bisect_right(self._bases, offset)
        for segment in self.segments[keep:]:
            self.size_bytes -= segment.size
        del self.segments[keep:], self._bases[keep:]
        self.size_bytes -= self.active.truncate_to(offset, self._clock.now_ms)
        self.end_offset = offset
        self.start_offset = min(self.start_offset, offset)
        self.leader_epochs.truncate_from_end(offset)
        self._high_watermark = min(self._high_watermark, offset)
        self.cleaned_to = min(self.cleaned_to, offset)
        self.rebuild_producers()

    def truncate_fully(self, offset: int) -> None:
        """Drop everything and start anew at `offset`."""
        self.segments, self._bases = [Segment(offset, self._clock.now_ms)], [offset]
        self.start_offset = self.end_offset = self._high_watermark = self.cleaned_to = offset
        self.size_bytes = 0
        self.leader_epochs.clear()
        self.producers.clear()
        self._aborted.clear()

    def rebuild_producers(self) -> None:
        """Learn the producers' states and the aborted transactions from the batches once more."""
        self.producers.clear()
        self._aborted.clear()
        for batch in self.batches():
            if batch.producer_id >= 0:
                completed = self.producers.written(batch)
                if completed is not None and completed.is_aborted:
                    self._note_aborted(completed)
        self.producers.high_watermark_moved(self._high_watermark)

    def advance_start(self, offset: int) -> bool:
        """Let the log begin at `offset`. Its segments go at the next retention check.

        Returns:
            Whether it moved: an offset before the present start changes nothing.

        Raises:
            KafkaError: OFFSET_OUT_OF_RANGE above the high watermark.
        """
        if offset > self._high_watermark:
            raise KafkaError(
                ErrorCode.OFFSET_OUT_OF_RANGE,
                f"Cannot increment the log start offset to {offset} of partition {self.partition} since it is "
                f"larger than the high watermark {self._high_watermark}",
            )
        if offset <= self.start_offset:
            return False
        self.start_offset = offset
        self.leader_epochs.truncate_from_start(offset)
        self.producers.high_watermark_moved(offset)
        return True

    # Upkeep

    def drop_segments(self, count: int) -> None:
        """Drop the first segments, though never the active one; the log starts behind them."""
        self.advance_start(self._bases[count])
        self.size_bytes -= sum(segment.size for segment in self.segments[:count])
        del self.segments[:count], self._bases[:count]
        del self._aborted[: self._aborted_at(self._bases[0])]

    def replace_segments(
        self, below: int, segments: list[Segment], aborted: list[AbortedTransaction]
    ) -> None:
        """Put others in the place of the segments that begin before `below`, with their aborted transactions."""
        kept = self.segments[bisect_left(self._bases, below) :]
        self.segments = segments + kept
        self._bases = [segment.base_offset for segment in self.segments]
        self.size_bytes = sum(segment.size for segment in self.segments)
        self._aborted = aborted + self._aborted[self._aborted_at(below) :]
