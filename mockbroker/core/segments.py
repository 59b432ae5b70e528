"""One segment of a log: batches side by side, found by offset, by position and by time.

A segment keeps the buffers in which its batches arrived, and where each batch begins there. Readers get views, made
when they ask, since a view takes more room than a small batch. Beside that it keeps three numbers for each batch, in
arrays that only rise, so that every look-up is a bisection: the last offset, the position at which the batch ends, and
the greatest timestamp up to and with it.

Source: `LogSegment`.
"""

from __future__ import annotations

from array import array
from bisect import bisect_left, bisect_right
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from mockbroker.core.batches import Batch

if TYPE_CHECKING:
    from mockbroker.config import LogConfig

__all__ = ["Segment"]

_MAX_INT32 = 2**31 - 1


class Segment:
    """Consecutive batches of a log.

    Attributes:
        base_offset: the segment's name; no record before it is in here.
        size: bytes of all batches.
        last_offset: of the last record; the one before `base_offset` while there is none.
        created_ms: when it was begun.
        modified_ms: when the last batch without a timestamp came, or `created_ms`.
    """

    __slots__ = (
        "_buffers",
        "_ends",
        "_last_offsets",
        "_peaks",
        "_starts",
        "base_offset",
        "created_ms",
        "last_offset",
        "modified_ms",
        "rolling_from_ms",
        "size",
    )

    def __init__(self, base_offset: int, now_ms: int) -> None:
        self.base_offset = base_offset
        self.last_offset = base_offset - 1
        self.size = 0
        self.created_ms = now_ms
        self.modified_ms = now_ms
        #: greatest timestamp of the first batch, from which the time to roll counts.
        self.rolling_from_ms = -1
        self._buffers: list[Any] = []
        self._starts = array("i")
        self._last_offsets = array("q")
        self._ends = array("q")
        self._peaks = array("q")

    @property
    def max_timestamp(self) -> int:
        """Greatest timestamp of all records, in ms; -1 when none has one."""
        return self._peaks[-1] if self._peaks else -1

    @property
    def largest_timestamp(self) -> int:
        """`max_timestamp`, or else when the segment was last written."""
        peak = self.max_timestamp
        return peak if peak >= 0 else self.modified_ms

    def should_roll(self, batch: Batch, now_ms: int, config: LogConfig) -> bool:
        """Whether `batch` has to begin a new segment (`LogSegment.shouldRoll`)."""
        size = self.size
        last_offset = batch.base_offset + batch.last_offset_delta
        if size + len(batch.view) > config.segment_bytes or last_offset - self.base_offset > _MAX_INT32:
            return True
        if not size:
            return False
        if self.rolling_from_ms >= 0:
            return batch.max_timestamp - self.rolling_from_ms > config.max_segment_ms
        return now_ms - self.created_ms > config.max_segment_ms

    def push(self, batch: Batch, last_offset: int, now_ms: int) -> None:
        """Add a batch behind the others."""
        view, at, max_timestamp = batch.view, batch.at, batch.max_timestamp
        buffer: Any = view.obj
        if at is None:
            at = 0
            if len(buffer) != len(view):
                buffer = bytearray(view)
        self._buffers.append(buffer)
        self._starts.append(at)
        if self.size:
            peak = self._peaks[-1]
            self._peaks.append(peak if peak > max_timestamp else max_timestamp)
        else:
            self.rolling_from_ms = max_timestamp
            self._peaks.append(max_timestamp if max_timestamp > -1 else -1)
        self.size = end = self.size + len(view)
        self.last_offset = last_offset
        self._ends.append(end)
        self._last_offsets.append(last_offset)
        if max_timestamp < 0:
            self.modified_ms = now_ms

    def index_of(self, offset: int) -> int:
        """Index of the first batch whose last record is at `offset` or behind it; the number of batches if none."""
        return bisect_left(self._last_offsets, offset)

    def read(self, offset: int, below: int, max_bytes: int, at_least_one: bool) -> list[memoryview]:
        """The batches from the one with `offset` on that end before `below`, cut after `max_bytes`.

        The first batch comes whole: where it does not fit, nothing comes, or with `at_least_one` it alone. The last
        one may be cut anywhere (`LogSegment.read`).
        """
        last_offsets, ends = self._last_offsets, self._ends
        first = bisect_left(last_offsets, offset)
        if first == len(ends):
            return []
        stop = len(ends) if last_offsets[-1] < below else bisect_left(last_offsets, below, first)
        limit = max_bytes + (ends[first - 1] if first else 0)
        if stop == first or ends[stop - 1] <= limit:
            return self._views(first, stop)
        if ends[first] > limit:
            return self._views(first, first + 1) if at_least_one else []
        stop = bisect_right(ends, limit, first, stop)
        left = limit - ends[stop - 1]
        if not left:
            return self._views(first, stop)
        views = self._views(first, stop + 1)
        views[-1] = views[-1][:left]
        return views

    def _views(self, first: int, stop: int) -> list[memoryview]:
        ends, buffers = self._ends, self._buffers
        begin = ends[first - 1] if first else 0
        views = []
        for index in range(first, stop):
            at, end = self._starts[index], ends[index]
            views.append(memoryview(buffers[index])[at : at + end - begin])
            begin = end
        return views

    def batches(self, first: int = 0, below: int | None = None) -> Iterator[Batch]:
        """The batches from the one of that index on; those that end before the offset `below`."""
        stop = len(self._ends) if below is None else bisect_left(self._last_offsets, below, first)
        for index in range(first, stop):
            yield Batch(self._views(index, index + 1)[0], self._starts[index])

    def upper_bound(self, offset: int, size: int, index_interval: int) -> int | None:
        """An offset that a read of `size` bytes from `offset` does not reach, as coarse as Kafka's offset index.

        Args:
            index_interval: bytes between two entries of that index.

        Returns:
            None where the index ends before (`LogSegment.fetchUpperBoundOffset`).
        """
        ends = self._ends
        first = self.index_of(offset)
        reached = (ends[first - 1] if first else 0) + size
        entered = position = 0
        for index, end in enumerate(ends):
            if position - entered > index_interval:
                entered = position
                if position >= reached:
                    return self._last_offsets[index]
            position = end
        return None

    def first_at_time(self, timestamp_ms: int, from_index: int) -> int:
        """Index, from `from_index` on, of the first batch that may hold a record of `timestamp_ms` or later."""
        return bisect_left(self._peaks, timestamp_ms, from_index)

    def truncate_to(self, offset: int, now_ms: int) -> int:
        """Drop the batches that hold `offset` or later records; bytes that went."""
        keep = self.index_of(offset)
        before = self.size
        for column in (self._buffers, self._starts, self._last_offsets, self._ends, self._peaks):
            del column[keep:]
        self.size = self._ends[-1] if keep else 0
        self.last_offset = self._last_offsets[-1] if keep else self.base_offset - 1
        if not keep:
            self.created_ms = now_ms
            self.rolling_from_ms = -1
        return before - self.size
