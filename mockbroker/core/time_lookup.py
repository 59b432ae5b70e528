"""Finding records by their time, as ListOffsets asks.

Rules kept here (`UnifiedLog.fetchOffsetByTimestamp`, `FileRecords.searchForTimestamp`):

- By time: the first record, at or behind the log start, whose timestamp is the one asked for or later. Only the first
  segment that may have one is searched.
- The greatest timestamp: the first record that bears it. It may lie before the log start.
- Batches are opened, and decompressed if need be, to find the record.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from mockbroker.wire.compression import decompress
from protocol_specs.record_batch import records_of

if TYPE_CHECKING:
    from mockbroker.core.log import Log
    from mockbroker.core.segments import Segment

__all__ = ["TimeAndOffset", "find_by_time", "find_max_timestamp"]


class TimeAndOffset(NamedTuple):
    """A record found by its time."""

    offset: int
    timestamp_ms: int
    leader_epoch: int


def find_by_time(log: Log, timestamp_ms: int) -> TimeAndOffset | None:
    """The first record of `timestamp_ms` or later."""
    for segment in log.segments:
        if segment.largest_timestamp >= timestamp_ms:
            return _search(segment, timestamp_ms, log.start_offset)
    return None


def find_max_timestamp(log: Log) -> TimeAndOffset | None:
    """The first record that has the greatest timestamp; None in an empty log."""
    segment = max(log.segments, key=lambda segment: segment.max_timestamp)
    return _search(segment, segment.max_timestamp, 0)


def _search(segment: Segment, timestamp_ms: int, from_offset: int) -> TimeAndOffset | None:
    at = segment.first_at_time(timestamp_ms, segment.index_of(from_offset))
    for batch in segment.batches(at):
        if batch.max_timestamp >= timestamp_ms:
            for record in records_of(batch.view, decompress):
                if record.timestamp_ms >= timestamp_ms and record.offset >= from_offset:
                    return TimeAndOffset(record.offset, record.timestamp_ms, batch.leader_epoch)
    return None
