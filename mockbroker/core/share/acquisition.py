"""Which of the records that were read a member acquires.

Rules kept here (`SharePartition.acquire`; KIP-932, KIP-1206):

- Whole batches of the log are acquired, at least up to the number of records that the member wants: it may get more. In
  RECORD_LIMIT mode it gets no more; what is left of the last batch stays available.
- Records in flight are acquired again where they are available, in the batches in which they were fetched first.
- No more records than `share.partition.max.record.locks` are in flight; up to the end offset records may still be had.
- A record that was delivered half as often as allowed, or more, comes in smaller and smaller company, at last alone, so
  that one bad record does not use up the deliveries of others.
- Records of aborted transactions are archived instead (`aborted`).
"""

from __future__ import annotations

from collections.abc import Sequence
from enum import IntEnum
from typing import TYPE_CHECKING, Final, NamedTuple

from mockbroker.core.share.aborted import without_aborted
from mockbroker.core.share.in_flight import AcquiredRecords, InFlightBatch, InFlightState, RecordState
from mockbroker.core.share.progress import archive_stale

if TYPE_CHECKING:
    from mockbroker.core.batches import Batch
    from mockbroker.core.share.share_partition import SharePartition

__all__ = ["AcquireMode", "Acquired", "Wanted", "acquire"]

#: Records may always be delivered so often before they come in smaller company.
_MIN_THROTTLE_LIMIT: Final = 2


class AcquireMode(IntEnum):
    """How many records a member gets, as in a ShareFetch."""

    BATCH_OPTIMIZED = 0
    RECORD_LIMIT = 1


class Wanted(NamedTuple):
    """What a member wants of one partition.

    Attributes:
        batch_size: records in one batch of the answer, about.
        max_records: in all; see `AcquireMode`.
        reads_committed: leave out records of aborted transactions.
    """

    member_id: str
    mode: AcquireMode
    batch_size: int
    max_records: int
    reads_committed: bool = False


class Acquired(NamedTuple):
    """What a member got, and how many records these count for."""

    records: Sequence[AcquiredRecords] = ()
    size: int = 0


def acquire(
    partition: SharePartition,
    wanted: Wanted,
    fetch_offset: int,
    batches: Sequence[Batch],
    aborted: Sequence[tuple[int, int]] = (),
) -> Acquired:
    """Acquire records for a member.

    Args:
        fetch_offset: from where the log was read.
        batches: the whole batches that were read.
        aborted: (producer id, first offset) of the aborted transactions in them.
    """
    if not partition.is_active or wanted.max_records <= 0 or not batches:
        return Acquired()
    if batches[-1].last_offset < partition.start_offset:
        return Acquired()
    limit = wanted.max_records
    last_offset = batches[-1].last_offset
    room = partition.settings.max_locks(partition.key.group_id) - partition.in_flight_count
    if room > 0:
        limit = min(limit, room)
    elif fetch_offset <= partition.end_offset:
        limit = min(limit, partition.end_offset - fetch_offset + 1)
        last_offset = min(last_offset, partition.end_offset)
    else:
        return Acquired()
    if limit <= 0:
        return Acquired()
    archive_stale(partition, fetch_offset, batches[0].base_offset)
    acquired = _Acquisition(partition, wanted, batches, last_offset, limit).run()
    if acquired.records and wanted.reads_committed and aborted:
        records = without_aborted(partition, acquired.records, batches, aborted)
        return Acquired(records, sum(one.last_offset - one.first_offset + 1 for one in records))
    return acquired


class _Acquisition:
    """One call of `acquire` beyond its first checks."""

    __slots__ = (
        "_batches",
        "_is_limited",
        "_last_offset",
        "_left",
        "_max_deliveries",
        "_partition",
        "_result",
        "_throttle_limit",
        "_wanted",
        "_wants_more",
    )

    def __init__(
        self,
        partition: SharePartition,
        wanted: Wanted,
        batches: Sequence[Batch],
        last_offset: int,
        limit: int,
    ) -> None:
        self._partition = partition
        self._wanted = wanted
        self._batches = batches
        self._last_offset = last_offset
        self._is_limited = wanted.mode is AcquireMode.RECORD_LIMIT
        self._max_deliveries = partition.settings.max_deliveries(partition.key.group_id)
        self._throttle_limit = max(_MIN_THROTTLE_LIMIT, -(-self._max_deliveries // 2))
        self._result: list[AcquiredRecords] = []
        #: records still to be acquired; negative when a batch brought more.
        self._left = limit
        self._wants_more = True

    def run(self) -> Acquired:
        partition, limit = self._partition, self._left
        base = first_base = self._batches[0].base_offset
        floor = partition.in_flight.floor(base)
        if floor is None:
            base = max(base, partition.start_offset)
        elif floor.last_offset >= base:
            base = floor.first_offset
        known = partition.in_flight.between(min(first_base, base), self._last_offset)
        if not known:
            self._acquire_new(base, self._last_offset)
            return Acquired(self._result, limit - self._left)
        self._acquire_known(known, base)
        last_known = known[-1].last_offset
        if self._wants_more and self._left > 0 and last_known < self._last_offset:
            self._acquire_new(last_known + 1, self._last_offset)
        if self._result:
            partition.narrow_gap(self._result[-1].last_offset + 1)
        return Acquired(self._result, limit - self._left)

    # Records in flight.

    def _acquire_known(self, known: Sequence[InFlightBatch], base: int) -> None:
        partition = self._partition
        gap_from = base
        for batch in known:
            if self._left <= 0 or not self._wants_more:
                return
            if partition.has_gap:
                if gap_from < batch.first_offset:
                    self._acquire_new(gap_from, batch.first_offset - 1)
                gap_from = batch.last_offset + 1
                if self._left <= 0:
                    return
            self._acquire_batch(batch)

    def _acquire_batch(self, batch: InFlightBatch) -> None:
        first_read = self._batches[0].base_offset
        is_throttled = self._is_throttled(batch)
        if is_throttled and self._result:
            self._wants_more = False
            return
        is_covered = first_read <= batch.first_offset and batch.last_offset <= self._last_offset
        has_too_many = self._is_limited and batch.count > self._left
        whole = batch.whole
        if whole is not None:
            if not whole.is_available:
                return
            if is_covered and not has_too_many and not is_throttled:
                self._take_whole(batch, whole)
                return
            batch.split(self._partition.set_lock)
        count = self._take_some(batch)
        self._left -= count
        if is_throttled and count:
            self._wants_more = False

    def _take_whole(self, batch: InFlightBatch, whole: InFlightState) -> None:
        whole.acquire(self._wanted.member_id)
        whole.lock = self._partition.set_lock(batch.first_offset, batch.last_offset)
        self._result.append(AcquiredRecords(batch.first_offset, batch.last_offset, whole.delivery_count))
        self._left -= batch.count

    def _take_some(self, batch: InFlightBatch) -> int:
        """Acquire records of a batch that each have a state of their own; how many."""
        taken: list[AcquiredRecords] = []
        at_most: int | None = None
        limit = self._max_deliveries
        for offset, state in batch.states(self._batches[0].base_offset, self._last_offset):
            if not state.is_available:
                continue
            count = state.delivery_count
            if limit > _MIN_THROTTLE_LIMIT and count == limit - 1 and taken:
                break
            if count >= self._throttle_limit and at_most is None:
                at_most = max(1, len(batch.each) >> (count - self._throttle_limit + 1))
            state.acquire(self._wanted.member_id)
            state.lock = self._partition.set_lock(offset, offset)
            taken.append(AcquiredRecords(offset, offset, state.delivery_count))
            if state.delivery_count == limit and limit > _MIN_THROTTLE_LIMIT:
                break
            if (self._is_limited and len(taken) == self._left) or len(taken) == at_most:
                break
        self._result += _joined(taken)
        return len(taken)

    def _is_throttled(self, batch: InFlightBatch) -> bool:
        """Whether an available record of the batch should come in smaller company."""
        if batch.whole is not None:
            return batch.whole.is_available and batch.whole.delivery_count >= self._throttle_limit
        return any(
            state.is_available and state.delivery_count >= self._throttle_limit
            for _, state in batch.states(self._batches[0].base_offset, self._last_offset)
        )

    # New records.

    def _acquire_new(self, first_offset: int, last_offset: int) -> None:
        """Acquire records that are not in flight yet."""
        partition = self._partition
        if not partition.in_flight:
            first_offset = max(first_offset, partition.end_offset)
        if self._left < last_offset - first_offset + 1:
            reached = self._end_of_batch(first_offset + self._left - 1)
            last_offset = min(reached, last_offset) if partition.has_gap else reached
        if self._is_limited and last_offset - first_offset + 1 > self._left:
            acquired = [self._put_limited(first_offset, last_offset)]
        else:
            acquired = self._cut(first_offset, last_offset)
            for records in acquired:
                self._put(records)
        if partition.in_flight.first.first_offset == first_offset:
            partition.start_offset = first_offset
        partition.end_offset = max(partition.end_offset, last_offset)
        if self._is_limited:
            last_offset = acquired[0].last_offset
        partition.narrow_gap(last_offset + 1)
        self._result += acquired
        self._left -= last_offset - first_offset + 1

    def _end_of_batch(self, offset: int) -> int:
        """The last offset of the batch of the log that holds `offset`; `offset` itself where none does."""
        for batch in self._batches:
            if batch.base_offset <= offset <= batch.last_offset:
                return batch.last_offset
        return offset

    def _cut(self, first_offset: int, last_offset: int) -> list[AcquiredRecords]:
        """New records in batches of about the size that is wanted, cut where batches of the log begin."""
        cut = []
        size = self._wanted.batch_size
        if not self._is_limited and last_offset - first_offset + 1 > size:
            for batch in self._batches:
                if batch.base_offset > last_offset:
                    break
                if batch.base_offset - first_offset >= size:
                    cut.append(AcquiredRecords(first_offset, batch.base_offset - 1, 1))
                    first_offset = batch.base_offset
        cut.append(AcquiredRecords(first_offset, last_offset, 1))
        return cut

    def _put(self, records: AcquiredRecords) -> None:
        first, last, _ = records
        lock = self._partition.set_lock(first, last)
        state = InFlightState(RecordState.ACQUIRED, 1, self._wanted.member_id, lock)
        self._partition.in_flight.put(InFlightBatch(first, last, state))

    def _put_limited(self, first_offset: int, last_offset: int) -> AcquiredRecords:
        """Put a batch in flight of which only as many records are acquired as are wanted."""
        partition = self._partition
        last_taken = first_offset + self._left - 1
        batch = InFlightBatch(first_offset, last_offset, InFlightState(RecordState.AVAILABLE, 0))
        for offset, state in batch.split(partition.set_lock).items():
            if offset > last_taken:
                break
            state.acquire(self._wanted.member_id)
            state.lock = partition.set_lock(offset, offset)
        partition.in_flight.put(batch)
        partition.finds_next = True
        return AcquiredRecords(first_offset, last_taken, 1)


def _joined(taken: Sequence[AcquiredRecords]) -> list[AcquiredRecords]:
    """Neighbours with the same delivery count as one."""
    joined: list[AcquiredRecords] = []
    for records in taken:
        if joined:
            last = joined[-1]
            if last.last_offset + 1 == records.first_offset and last.delivery_count == records.delivery_count:
                joined[-1] = last._replace(last_offset=records.last_offset)
                continue
        joined.append(records)
    return joined
