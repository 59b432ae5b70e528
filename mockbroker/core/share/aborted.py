"""Records of aborted transactions: archived as soon as they are acquired, so that nobody gets them.

Source: `SharePartition.maybeFilterAbortedTransactionalAcquiredRecords` and what it calls.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

from mockbroker.core.share.in_flight import RecordState
from mockbroker.core.share.progress import archive
from protocol_specs.record_batch import parse_end_txn_marker, records_of

if TYPE_CHECKING:
    from mockbroker.core.batches import Batch
    from mockbroker.core.share.in_flight import AcquiredRecords
    from mockbroker.core.share.share_partition import SharePartition

__all__ = ["without_aborted"]


def without_aborted(
    partition: SharePartition,
    acquired: Sequence[AcquiredRecords],
    batches: Iterable[Batch],
    aborted: Sequence[tuple[int, int]],
) -> list[AcquiredRecords]:
    """Archive the records of aborted transactions, and leave them out.

    Args:
        batches: what was read of the log.
        aborted: (producer id, first offset) of the aborted transactions in it.
    """
    left = list(acquired)
    for batch in _aborted_batches(batches, aborted):
        first, last = batch.base_offset, batch.last_offset
        floor = partition.in_flight.floor(first)
        known = partition.in_flight.between(first if floor is None else floor.first_offset, last)
        archive(partition, first, last + 1, known, RecordState.ACQUIRED, counts=True)
        left = [part for records in left for part in _cut_out(records, first, last)]
    return left


def _cut_out(records: AcquiredRecords, first: int, last: int) -> list[AcquiredRecords]:
    """What is left of `records` without the offsets from `first` to `last`."""
    if records.last_offset < first or records.first_offset > last:
        return [records]
    parts = []
    if records.first_offset < first:
        parts.append(records._replace(last_offset=first - 1))
    if records.last_offset > last:
        parts.append(records._replace(first_offset=last + 1))
    return parts


def _aborted_batches(batches: Iterable[Batch], aborted: Sequence[tuple[int, int]]) -> list[Batch]:
    waiting = sorted(aborted, key=lambda transaction: transaction[1], reverse=True)
    open_ids: set[int] = set()
    found = []
    for batch in batches:
        if batch.producer_id < 0:
            continue
        while waiting and waiting[-1][1] <= batch.last_offset:
            open_ids.add(waiting.pop()[0])
        if _is_abort_marker(batch):
            open_ids.discard(batch.producer_id)
        elif batch.is_transactional and batch.producer_id in open_ids:
            found.append(batch)
    return found


def _is_abort_marker(batch: Batch) -> bool:
    if not batch.is_control:
        return False
    marker = parse_end_txn_marker(records_of(batch.view)[0])
    return marker is not None and not marker.is_commit
