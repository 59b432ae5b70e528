"""Dropping old segments, at the checks and never in between.

Rules kept here (`UnifiedLog.deleteOldSegments`):

- Segments go from the oldest on, whole, and only those whose records are all below the high watermark. When all of
  them go, a new active segment is begun first.
- Segments before the log start always go. With `delete` in `cleanup.policy` so do those beyond `retention.bytes`, and
  those whose greatest timestamp (or, with none, whose last write) is older than `retention.ms`.
- The log start moves to the first segment that is left.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from mockbroker.core.log import Log
    from mockbroker.core.segments import Segment

__all__ = ["apply_retention"]

#: Whether a segment may go, given where it ends.
_Condition = Callable[["Segment", int], bool]


def apply_retention(log: Log, now_ms: int) -> int:
    """Drop what the log's configs no longer keep.

    Returns:
        How many segments went.
    """
    config = log.config
    dropped = _drop(log, lambda segment, end: end <= log.start_offset and segment is not log.active)
    if config.is_deleted:
        if 0 <= config.retention_bytes <= log.size_bytes:
            dropped += _drop(log, _beyond(log.size_bytes - config.retention_bytes))
        if config.retention_ms >= 0:
            dropped += _drop(log, lambda segment, _: now_ms - segment.largest_timestamp > config.retention_ms)
    return dropped


def _beyond(excess: int) -> _Condition:
    def may_go(segment: Segment, _: int) -> bool:
        nonlocal excess
        if segment.size > excess:
            return False
        excess -= segment.size
        return True

    return may_go


def _drop(log: Log, may_go: _Condition) -> int:
    ends = [segment.base_offset for segment in log.segments[1:]] + [log.end_offset]
    count = 0
    for segment, end in zip(log.segments, ends, strict=True):
        is_empty_active = segment is log.active and not segment.size
        if is_empty_active or end > log.high_watermark or not may_go(segment, end):
            break
        count += 1
    if count:
        if count == len(log.segments):
            log.roll()
        log.drop_segments(count)
    return count
