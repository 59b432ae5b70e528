from __future__ import annotations

from typing import Any

import pytest

from mockbroker.core.time_lookup import find_by_time, find_max_timestamp
from protocol_specs.record_batch import Record
from tests.core.log_testing import NOW_MS, LogUnderTest


def log_of(*times: tuple[int, ...], codec: int = 0, **overrides: Any) -> LogUnderTest:
    log = LogUnderTest(**overrides)
    for batch in times:
        log.put(*[Record(timestamp_ms=NOW_MS + time, value=b"v") for time in batch], codec=codec)
    return log


@pytest.mark.parametrize("codec", [0, 1, 2, 3, 4])
def test_the_first_record_as_late_as_asked(codec: int) -> None:
    log = log_of((10, 5, 30), (20,), (40, 50), codec=codec)
    found = [find_by_time(log, NOW_MS + time) for time in (0, 10, 11, 30, 31, 41, 51)]
    assert [item and (item.offset, item.timestamp_ms - NOW_MS) for item in found] == [
        (0, 10),
        (0, 10),
        (2, 30),
        (2, 30),
        (4, 40),
        (5, 50),
        None,
    ]


def test_not_before_the_start() -> None:
    log = log_of((10, 20), (15, 5), (18,))
    log.advance_start(1)
    found = find_by_time(log, NOW_MS + 4)
    assert found is not None
    assert found.offset == 1
    log.advance_start(2)
    found = find_by_time(log, NOW_MS + 16)
    assert found is not None
    assert found == (4, NOW_MS + 18, 0)


def test_only_the_first_segment_that_may_have_it_is_searched() -> None:
    log = log_of((100,))
    log.roll()
    log.put(Record(timestamp_ms=NOW_MS + 50, value=b"v"))
    log.advance_start(1)
    assert find_by_time(log, NOW_MS + 40) is None


def test_the_greatest_timestamp() -> None:
    log = log_of((10, 20), (30, 40, 40), (40, 7))
    assert find_max_timestamp(log) == (3, NOW_MS + 40, 0)
    log.roll()
    log.put(Record(timestamp_ms=NOW_MS + 41, value=b"v"), leader_epoch=6)
    assert find_max_timestamp(log) == (7, NOW_MS + 41, 6)


def test_no_timestamps_and_no_records() -> None:
    log = LogUnderTest()
    assert find_max_timestamp(log) is None
    assert find_by_time(log, 0) is None
    log.put(Record(value=b"v"))
    assert find_max_timestamp(log) == (0, -1, 0)
    assert find_by_time(log, 5) is None


def test_append_time() -> None:
    log = log_of((10, 20), message_timestamp_type="LogAppendTime")
    log.clock.advance(5)
    log.put("v")
    assert find_max_timestamp(log) == (2, NOW_MS + 5_000, 0)
    assert find_by_time(log, NOW_MS) == (0, NOW_MS, 0)
