"""Keeping the last record of each key.

Rules kept here (`LogCleanerManager`, `Cleaner`, `CleanedTransactionMetadata`, `MemoryRecords.filterTo`; KIP-58,
KIP-354, KIP-534):

- Cleaned is what lies below the active segment, below the last stable offset, and is older than
  `min.compaction.lag.ms`; in whole segments. What was not cleaned before is dirty.
- A cleaning is due when more than `min.cleanable.dirty.ratio` of the bytes are dirty, or when the first dirty
  segment is older than `max.compaction.lag.ms`.
- A record stays when the dirty part has no later one of its key. Records keep their offsets, and batches their first
  and last one, so that sequences stay what they were.
- A cleaning that meets a tombstone dates it: it is dropped by one that comes `delete.retention.ms` later. So is the
  marker of a transaction of which no record is left.
- Records of aborted transactions go, their markers only after them.
- A producer's last batch stays, emptied if need be: it tells its last sequence. So does the last one that was cleaned.
- Small segments are joined, up to `segment.bytes`.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, NamedTuple

from mockbroker.core.batches import Batch
from mockbroker.core.segments import Segment
from mockbroker.wire.compression import compress, decompress
from protocol_specs.record_batch import Record, build_batch, parse_end_txn_marker, records_of

if TYPE_CHECKING:
    from mockbroker.core.log import Log
    from mockbroker.core.producer_state import AbortedTransaction

__all__ = ["compact"]

_MAX_INT32 = 2**31 - 1


def compact(log: Log, now_ms: int) -> bool:
    """Clean the log if that is due.

    Returns:
        Whether it was.
    """
    if not log.config.is_compacted:
        return False
    first_dirty = log.cleaned_to
    if not log.start_offset <= first_dirty <= log.end_offset:
        first_dirty = log.start_offset
    end = _first_uncleanable(log, first_dirty, now_ms)
    if not _is_due(log, first_dirty, end, now_ms):
        return False
    last_offsets = _map_keys(log, first_dirty, end)
    cleaning = _Cleaning(log, last_offsets, end, now_ms)
    cleaned = [
        cleaning.join(group)
        for group in _groups([segment for segment in log.segments if segment.base_offset < end], log, end)
    ]
    log.replace_segments(end, cleaned, cleaning.aborted)
    log.cleaned_to = end
    return True


def _first_uncleanable(log: Log, first_dirty: int, now_ms: int) -> int:
    """Base offset of the first segment that must not be cleaned."""
    limit = min(log.last_stable_offset, log.active.base_offset)
    lag_ms = log.config.min_compaction_lag_ms
    if lag_ms > 0:
        for segment in _inactive_from(log, first_dirty):
            if segment.largest_timestamp > now_ms - lag_ms:
                limit = min(limit, segment.base_offset)
                break
    inactive = _inactive_from(log, max(first_dirty, limit))
    return (inactive[0] if inactive else log.active).base_offset


def _inactive_from(log: Log, offset: int) -> list[Segment]:
    """From the segment that holds `offset` to the last one before the active."""
    if offset >= log.active.base_offset:
        return []
    following = [segment.base_offset for segment in log.segments[1:]]
    return [segment for segment, end in zip(log.segments[:-1], following, strict=True) if end > offset]


def _is_due(log: Log, first_dirty: int, end: int, now_ms: int) -> bool:
    clean = sum(segment.size for segment in log.segments if segment.base_offset < first_dirty)
    dirty = sum(
        segment.size for segment in _inactive_from(log, min(first_dirty, end)) if segment.base_offset < end
    )
    if not dirty:
        return False
    times = [segment.rolling_from_ms for segment in _inactive_from(log, first_dirty)]
    first_time = min((time for time in times if time > 0), default=now_ms)
    if first_time < now_ms - max(log.config.max_compaction_lag_ms, 0):
        return True
    return dirty / (clean + dirty) > log.config.min_cleanable_dirty_ratio


def _map_keys(log: Log, first_dirty: int, end: int) -> dict[bytes, int]:
    """The offset of each key's last record in the dirty part."""
    transactions = _Transactions(log.aborted_between(first_dirty, end))
    last_offsets: dict[bytes, int] = {}
    for batch in log.batches(first_dirty, end):
        if batch.is_control:
            transactions.meet_marker(batch)
        elif not transactions.meet(batch):
            for record in records_of(batch.view, decompress):
                if record.key is not None and record.offset >= first_dirty:
                    last_offsets[record.key] = record.offset
    return last_offsets


def _groups(segments: list[Segment], log: Log, end: int) -> Iterable[list[Segment]]:
    """Neighbours that fit into one segment together."""
    group: list[Segment] = []
    size = 0
    following = [segment.base_offset for segment in segments[1:]] + [end]
    for segment, next_base in zip(segments, following, strict=True):
        if group and (
            size + segment.size > log.config.segment_bytes
            or (segment.size and next_base - 1 - group[0].base_offset > _MAX_INT32)
        ):
            yield group
            group, size = [], 0
        group.append(segment)
        size += segment.size
    if group:
        yield group


class _Transactions:
    """Which transactions are open at the batch that is met, and which of them were aborted."""

    def __init__(self, aborted: list[AbortedTransaction]) -> None:
        self._to_come = sorted(aborted, key=lambda one: one.first_offset, reverse=True)
        #: by producer; whether a batch of it was met.
        self._aborted: dict[int, tuple[AbortedTransaction, bool]] = {}
        self._committed: set[int] = set()
        #: aborted transactions that still have batches, in the order of their markers.
        self.left: list[AbortedTransaction] = []

    def meet(self, batch: Batch) -> bool:
        """Pass a data batch; whether it is of an aborted transaction."""
        self._begin_up_to(batch.last_offset)
        if not batch.is_transactional:
            return False
        known = self._aborted.get(batch.producer_id)
        if known is None:
            self._committed.add(batch.producer_id)
            return False
        self._aborted[batch.producer_id] = (known[0], True)
        return True

    def meet_marker(self, batch: Batch) -> bool:
        """Pass a control batch; whether no batch of its transaction was met."""
        self._begin_up_to(batch.last_offset)
        records = records_of(batch.view)
        if not records:
            return True
        marker = parse_end_txn_marker(records[0])
        if marker is None:
            return False
        if marker.is_commit:
            had_batches = batch.producer_id in self._committed
            self._committed.discard(batch.producer_id)
            return not had_batches
        transaction, had_batches = self._aborted.pop(batch.producer_id, (None, False))
        if transaction is not None and had_batches:
            self.left.append(transaction)
            return False
        return True

    def _begin_up_to(self, offset: int) -> None:
        while self._to_come and self._to_come[-1].first_offset <= offset:
            transaction = self._to_come.pop()
            self._aborted.setdefault(transaction.producer_id, (transaction, False))


class _LastRecord(NamedTuple):
    offset: int
    epoch: int


class _Cleaning:
    """One run over the log's segments below `end`."""

    def __init__(self, log: Log, last_offsets: dict[bytes, int], end: int, now_ms: int) -> None:
        self._log = log
        self._last_offsets = last_offsets
        self._end = end
        self._now_ms = now_ms
        self._transactions = _Transactions(log.aborted_between(0, end))
        self._last_records = {
            state.producer_id: _LastRecord(state.last_offset, state.epoch)
            for state in log.producers.producers.values()
        }

    @property
    def aborted(self) -> list[AbortedTransaction]:
        """The aborted transactions that readers still have to know."""
        return self._transactions.left

    def join(self, group: list[Segment]) -> Segment:
        """One segment of what stays of several."""
        joined = Segment(group[0].base_offset, group[-1].created_ms)
        for segment in group:
            for found in segment.batches():
                batch = self._clean(found)
                if batch is not None:
                    joined.push(batch, batch.last_offset, self._now_ms)
        joined.modified_ms = group[-1].modified_ms
        return joined

    def _clean(self, batch: Batch) -> Batch | None:
        """What stays of one batch."""
        is_spent = (
            self._transactions.meet_marker(batch) if batch.is_control else self._transactions.meet(batch)
        )
        is_discarded = is_spent
        if is_spent and batch.is_control:
            horizon_ms = batch.delete_horizon_ms
            is_discarded = horizon_ms is not None and horizon_ms <= self._now_ms
        stays_if_empty = batch.last_offset + 1 == self._end or self._is_last_of_producer(batch)
        if is_discarded and not stays_if_empty:
            return None
        records = [] if is_discarded else records_of(batch.view, decompress)
        retained = [record for record in records if batch.is_control or self._is_retained(batch, record)]
        if retained:
            has_tombstone = any(record.value is None for record in retained)
            horizon_ms = batch.delete_horizon_ms
            if horizon_ms is None and (has_tombstone or (is_spent and batch.is_control)):
                horizon_ms = self._now_ms + self._log.config.delete_retention_ms
            elif len(retained) == len(records):
                return batch
            return _rebuilt(batch, retained, horizon_ms)
        return _rebuilt(batch, [], None) if stays_if_empty else None

    def _is_last_of_producer(self, batch: Batch) -> bool:
        """Whether it tells a producer's last sequence, or its epoch where there is no data batch."""
        last = self._last_records.get(batch.producer_id)
        if last is None:
            return False
        if last.offset >= 0:
            return batch.last_offset == last.offset
        return batch.is_control and batch.producer_epoch == last.epoch

    def _is_retained(self, batch: Batch, record: Record) -> bool:
        if record.key is None or record.offset < self._last_offsets.get(record.key, -1):
            return False
        horizon_ms = batch.delete_horizon_ms
        return record.value is not None or horizon_ms is None or self._now_ms < horizon_ms


def _rebuilt(batch: Batch, records: list[Record], delete_horizon_ms: int | None) -> Batch:
    built = build_batch(
        records,
        base_offset=batch.base_offset,
        leader_epoch=batch.leader_epoch,
        codec=batch.codec if records else 0,
        compress=compress,
        producer_id=batch.producer_id,
        producer_epoch=batch.producer_epoch,
        base_sequence=batch.base_sequence,
        is_transactional=batch.is_transactional,
        is_control=batch.is_control,
        append_time_ms=batch.max_timestamp if batch.is_append_time else None,
        delete_horizon_ms=delete_horizon_ms,
        keeps_offsets=True,
        last_offset_delta=batch.last_offset_delta,
        max_timestamp_ms=batch.max_timestamp,
    )
    return Batch(memoryview(built))
