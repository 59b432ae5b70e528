from __future__ import annotations

from typing import Any

from mockbroker.core.log import Log
from protocol_specs.record_batch import Record
from tests.core.log_testing import NOW_MS, LogUnderTest

DAY_MS = 86_400_000


def log_of_segments(count: int, *, days_apart: int = 0, **overrides: Any) -> LogUnderTest:
    """Segments of one record each, the last one of the present."""
    log = LogUnderTest(**overrides)
    for number in range(count):
        if number:
            log.roll()
        age_ms = (count - 1 - number) * days_apart * DAY_MS
        log.put(Record(timestamp_ms=NOW_MS - age_ms, value=b"v"))
    return log


def bases(log: Log) -> list[int]:
    return [segment.base_offset for segment in log.segments]


def test_nothing_goes_before_the_check() -> None:
    log = LogUnderTest(retention_ms=1_000)
    log.put(Record(timestamp_ms=NOW_MS - DAY_MS, value=b"v"))
    assert log.values == ["v"]
    assert log.apply_retention() == 1
    assert log.values == []


def test_by_time() -> None:
    log = log_of_segments(10, days_apart=1)
    assert log.apply_retention() == 2
    assert (bases(log)[0], log.start_offset, len(log.values)) == (2, 2, 8)
    assert log.size_bytes == sum(segment.size for segment in log.segments)
    log.clock.advance(3 * DAY_MS / 1000)
    assert log.apply_retention() == 3


def test_a_segment_that_is_just_as_old_as_allowed_stays() -> None:
    log = log_of_segments(1, retention_ms=1_000)
    log.clock.advance(1)
    assert log.apply_retention() == 0
    log.clock.advance(0.001)
    assert log.apply_retention() == 1


def test_the_active_segment_goes_too_and_offsets_go_on() -> None:
    log = log_of_segments(2, retention_ms=1_000)
    log.clock.advance(10)
    assert log.apply_retention() == 2
    assert (log.start_offset, log.end_offset, log.size_bytes, bases(log)) == (2, 2, 0, [2])
    assert log.apply_retention() == 0
    assert log.put("w").base_offset == 2


def test_a_young_segment_keeps_the_old_ones_behind_it() -> None:
    log = LogUnderTest(retention_ms=1_000)
    log.put(Record(timestamp_ms=NOW_MS + 60_000, value=b"from the future"))
    log.roll()
    log.put(Record(timestamp_ms=NOW_MS - DAY_MS, value=b"old"))
    log.clock.advance(10)
    assert log.apply_retention() == 0


def test_without_timestamps_the_last_write_counts() -> None:
    log = LogUnderTest(retention_ms=5_000)
    log.put(Record(value=b"v"))
    log.clock.advance(3)
    log.put(Record(value=b"v"))
    log.clock.advance(3)
    assert log.apply_retention() == 0
    log.clock.advance(3)
    assert log.apply_retention() == 1


def test_by_size() -> None:
    log = log_of_segments(5)
    size = log.size_bytes // 5
    log.config.retention_bytes = 3 * size
    assert log.apply_retention() == 2
    log.config.retention_bytes = 3 * size - 1
    assert log.apply_retention() == 0
    log.config.retention_bytes = 2 * size
    assert log.apply_retention() == 1
    assert (log.start_offset, bases(log)) == (3, [3, 4])
    log.config.retention_bytes = 0
    assert log.apply_retention() == 2
    assert log.size_bytes == 0


def test_nothing_at_or_above_the_high_watermark() -> None:
    log = log_of_segments(4, retention_ms=1_000)
    log.clock.advance(10)
    log.high_watermark = 2
    assert log.apply_retention() == 2
    assert log.start_offset == 2
    assert log.apply_retention() == 0


def test_what_lies_before_the_start_goes_whatever_the_policy() -> None:
    log = LogUnderTest(cleanup_policy="compact")
    for number in range(4):
        if number:
            log.roll()
        log.put(Record(timestamp_ms=NOW_MS, key=b"k", value=b"v"))
    log.clock.advance(100 * DAY_MS / 1000)
    assert log.apply_retention() == 0
    log.advance_start(2)
    assert bases(log) == [0, 1, 2, 3]
    assert log.apply_retention() == 2
    assert bases(log) == [2, 3]
    log.advance_start(4)
    assert log.apply_retention() == 1
    assert bases(log) == [3]


def test_no_limits() -> None:
    log = log_of_segments(3, days_apart=500, retention_ms=-1)
    assert log.apply_retention() == 0


def test_aborted_transactions_go_with_their_segments() -> None:
    log = LogUnderTest(retention_ms=1_000)
    for number in range(2):
        log.put("v", producer_id=1, producer_epoch=0, base_sequence=number, is_transactional=True)
        log.end_transaction(1, 0, commit=False)
        log.roll()
        log.clock.advance(10)
    log.put("w")
    assert log.aborted_transactions(0, 9) == [(1, 0), (1, 2)]
    log.config.retention_ms = 15_000
    assert log.apply_retention() == 1
    assert log.aborted_transactions(0, 9) == [(1, 2)]
