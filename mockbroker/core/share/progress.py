"""How a share partition gets on: the start offset moves behind what is done with, and what is gone is given up.

Rules kept here:

- The start offset moves behind the records at the beginning that are done with, over natural gaps too, but not over a
  gap that is still to be delivered.
- It is never before the start of the log. Records that the log does not have any more are archived, unless a member
  holds them; so are available ones that compaction has removed.

Source: `SharePartition.maybeUpdateCachedStateAndOffsets`, `.updateCacheAndOffsets`, `.archiveRecords`,
`.maybeArchiveStaleBatches`.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from mockbroker.core.share.in_flight import RecordState

if TYPE_CHECKING:
    from mockbroker.core.share.in_flight import InFlightBatch
    from mockbroker.core.share.share_partition import SharePartition

__all__ = ["archive", "archive_stale", "follow_log_start", "move_start"]


def move_start(partition: SharePartition) -> bool:
    """Move the start offset behind all that is done with at the beginning; whether there was any."""
    if not _can_move_start(partition):
        return False
    last_done, count = _done_at_start(partition)
    if last_done is None:
        return False
    in_flight = partition.in_flight
    if last_done == in_flight.last.last_offset:
        partition.start_offset = partition.end_offset = last_done + 1
        partition.delivery_complete_count = 0
        in_flight.clear()
        return True
    batch = in_flight.floor(last_done)
    assert batch is not None
    if last_done == batch.last_offset:
        following = in_flight.higher(last_done)
        if following is not None:
            partition.start_offset = max(partition.start_offset, following.first_offset)
        if partition.gap is not None and partition.has_gap:
            partition.start_offset = min(partition.gap.start_offset, partition.start_offset)
        in_flight.drop_before(batch.first_offset + 1)
    else:
        partition.start_offset = max(partition.start_offset, last_done + 1)
        in_flight.drop_before(batch.first_offset)
    partition.delivery_complete_count -= count
    return True


def _can_move_start(partition: SharePartition) -> bool:
    batch = partition.in_flight.floor(partition.start_offset)
    if batch is None:
        return False
    if batch.last_offset < partition.start_offset:
        return True
    state = batch.state_at(partition.start_offset)
    return not state.is_changing and state.state.is_terminal


def _done_at_start(partition: SharePartition) -> tuple[int | None, int]:
    """The last offset up to which all is done with, and how many of these records are behind the start."""
    last_done: int | None = None
    count = 0
    for batch in partition.in_flight:
        gap = partition.gap
        if gap is not None and partition.has_gap and batch.last_offset >= gap.start_offset:
            break
        if batch.whole is not None:
            if batch.whole.is_changing or not batch.whole.state.is_terminal:
                break
            last_done = batch.last_offset
            count += partition.count_from_start(batch.first_offset, batch.last_offset)
            continue
        for offset, state in batch.each.items():
            if state.is_changing or not state.state.is_terminal:
                return last_done, count
            last_done = offset
            count += offset >= partition.start_offset
    return last_done, count


def follow_log_start(partition: SharePartition, log_start: int) -> None:
    """The log begins later than it did: give up what it does not have any more."""
    if log_start <= partition.start_offset:
        return
    if not partition.in_flight:
        partition.start_offset = partition.end_offset = log_start
        partition.delivery_complete_count = 0
        return
    count = _count_done(partition, log_start)
    if archive(partition, partition.start_offset, log_start, partition.in_flight, RecordState.AVAILABLE):
        partition.finds_next = True
    partition.start_offset = log_start
    partition.delivery_complete_count -= count
    partition.end_offset = max(partition.end_offset, partition.start_offset)


def archive(
    partition: SharePartition,
    from_offset: int,
    below: int,
    batches: Iterable[InFlightBatch],
    state: RecordState,
    *,
    counts: bool = False,
) -> bool:
    """Archive the records from `from_offset` to below `below` that are in `state`; whether there were any.

    Args:
        batches: those in which they may be, in order.
        counts: whether they count as done with from now on; not where the start offset will pass them.
    """
    archived = 0
    for batch in batches:
        if batch.first_offset >= below:
            break
        whole = batch.whole
        if whole is not None:
            if whole.state is not state:
                continue
            if batch.first_offset >= from_offset and batch.last_offset < below:
                whole.archive()
                archived += batch.count
                continue
            batch.split(partition.set_lock)
        for _, own in batch.states(from_offset, below - 1):
            if own.state is state:
                own.archive()
                archived += 1
    if counts:
        partition.delivery_complete_count += archived
    return archived > 0


def archive_stale(partition: SharePartition, fetch_offset: int, base_offset: int) -> None:
    """Archive what is available from the offset that was read up to the first record that was found.

    The log has been compacted: those records are gone.
    """
    if fetch_offset >= base_offset or not partition.in_flight:
        return
    floor = partition.in_flight.floor(fetch_offset)
    covers = floor is not None and floor.last_offset >= fetch_offset
    first = floor.first_offset if floor is not None and covers else fetch_offset
    batches = partition.in_flight.between(first, base_offset - 1)
    if archive(partition, fetch_offset, base_offset, batches, RecordState.AVAILABLE, counts=True):
        partition.finds_next = True


def _count_done(partition: SharePartition, below: int) -> int:
    """How many records from the start offset to below `below` are done with."""
    start = partition.start_offset
    count = 0
    for batch in partition.in_flight.between(-1, below - 1):
        if batch.whole is not None:
            if batch.whole.state.is_terminal:
                count += partition.count_from_start(batch.first_offset, min(below - 1, batch.last_offset))
        else:
            count += sum(own.state.is_terminal for _, own in batch.states(start, below - 1))
    return count
