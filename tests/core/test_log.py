from __future__ import annotations

import random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mockbroker.core.batches import Batch
from mockbroker.core.log import Log
from mockbroker.core.time import Clock
from protocol_specs.errors import ErrorCode, KafkaError
from protocol_specs.record_batch import Record, parse_header
from tests.core.log_testing import NOW, NOW_MS, LogUnderTest, batch_of, config


def bases(views: list[memoryview]) -> list[int]:
    return [parse_header(view).base_offset for view in views]


class TestAppend:
    def test_offsets_count_up_and_batches_are_stamped_in_place(self) -> None:
        log = LogUnderTest()
        first, second = batch_of("a", "b"), batch_of("c")
        appended = log.append_as_leader(first, 3)
        assert (appended.base_offset, appended.last_offset, appended.append_time_ms) == (0, 1, -1)
        assert log.append_as_leader(second.view, 4).base_offset == 2
        (one, two) = log.read(0, max_bytes=10_000)
        assert one.obj is first.view.obj
        assert [(h.base_offset, h.last_offset, h.leader_epoch) for h in map(parse_header, (one, two))] == [
            (0, 1, 3),
            (2, 2, 4),
        ]
        assert (log.end_offset, log.size_bytes) == (3, len(one) + len(two))
        assert log.leader_epochs.entries == [(3, 0), (4, 2)]

    def test_a_batch_that_is_refused_leaves_no_trace(self) -> None:
        log = LogUnderTest(max_message_bytes=100)
        with pytest.raises(KafkaError):
            log.put("x" * 200)
        assert (log.end_offset, log.size_bytes, log.leader_epochs.entries) == (0, 0, [])

    def test_append_time_is_answered(self) -> None:
        log = LogUnderTest(message_timestamp_type="LogAppendTime")
        assert log.put("a").append_time_ms == NOW_MS

    def test_a_batch_that_no_segment_takes(self) -> None:
        log = LogUnderTest(segment_bytes=1_048_576, max_message_bytes=2_000_000)
        with pytest.raises(KafkaError) as caught:
            log.put("x" * 1_048_600)
        assert caught.value.code is ErrorCode.RECORD_LIST_TOO_LARGE

    def test_a_follower_takes_what_the_leader_wrote(self) -> None:
        leader, follower = LogUnderTest(), LogUnderTest()
        for value in ("a", "b"):
            batch = leader.put(value, leader_epoch=2).batch
            assert batch is not None
            follower.append(batch)
        assert follower.values == ["a", "b"]
        assert follower.leader_epochs.entries == [(2, 0)]
        assert follower.read(0, max_bytes=9_999)[1].obj is leader.read(0, max_bytes=9_999)[1].obj

    def test_a_batch_within_a_larger_buffer_stays_there(self) -> None:
        log = LogUnderTest()
        first, second = (bytes(batch_of(value).view) for value in ("a", "b"))
        buffer = bytearray(b"before" + first + b"between" + second + b"after")
        starts = (6, 6 + len(first) + 7)
        for at in starts:
            log.append_as_leader(Batch(memoryview(buffer)[at : at + len(first)], at), 0)
        assert log.values == ["a", "b"]
        assert [batch.view.obj is buffer for batch in log.batches()] == [True, True]
        assert [batch.at for batch in log.batches()] == list(starts)

    def test_a_batch_of_which_nobody_says_where_it_lies_is_copied(self) -> None:
        log = LogUnderTest()
        buffer = bytearray(b"before" + bytes(batch_of("a").view))
        log.append_as_leader(memoryview(buffer)[6:], 0)
        buffer[:] = bytes(len(buffer))
        assert log.values == ["a"]

    def test_a_follower_that_begins_within_a_batch(self) -> None:
        leader = LogUnderTest()
        batch = leader.put("a", "b", "c").batch
        assert batch is not None
        follower = LogUnderTest(start_offset=2)
        follower.append(batch)
        assert (follower.start_offset, follower.end_offset) == (0, 3)

    def test_a_follower_takes_no_offset_twice(self) -> None:
        leader = LogUnderTest()
        batch = leader.put("a").batch
        assert batch is not None
        follower = LogUnderTest()
        follower.append(batch)
        with pytest.raises(ValueError, match="offset 0 in append to t-0 at 1"):
            follower.append(batch)


class TestRead:
    def test_whole_batches_from_the_one_that_holds_the_offset(self) -> None:
        log = LogUnderTest()
        for count in (3, 1, 2):
            log.put(*["v"] * count)
        assert [bases(log.read(offset, max_bytes=9_999)) for offset in range(7)] == [
            [0, 3, 4],
            [0, 3, 4],
            [0, 3, 4],
            [3, 4],
            [4],
            [4],
            [],
        ]

    def test_limits(self) -> None:
        log = LogUnderTest()
        for _ in range(4):
            log.put("v")
        size = log.size_bytes // 4
        for fitting in range(5):
            for extra in (0, size - 1):
                limit = fitting * size + extra
                read = log.read(0, max_bytes=limit, at_least_one=False)
                assert bases(read[:fitting]) == list(range(fitting))
                # The first batch comes whole or not at all; the last is cut where the limit is.
                assert sum(map(len, read)) == (min(limit, 4 * size) if fitting else 0)
        assert bases(log.read(1, max_bytes=2 * size)) == [1, 2]
        assert bases(log.read(1, max_bytes=1)) == [1]
        assert log.read(1, max_bytes=0, at_least_one=False) == []
        assert bases(log.read(0, below=2, max_bytes=9_999)) == [0, 1]
        assert log.read(2, below=2, max_bytes=9_999) == []
        assert log.read(3, below=2, max_bytes=9_999) == []

    def test_a_batch_that_reaches_the_limit_is_left_out(self) -> None:
        log = LogUnderTest()
        log.put("a")
        log.put("b", "c")
        assert bases(log.read(0, below=2, max_bytes=9_999)) == [0]
        assert log.read(1, below=2, max_bytes=9_999) == []

    @pytest.mark.parametrize("offset", [-1, 4, 11])
    def test_out_of_range(self, offset: int) -> None:
        log = LogUnderTest()
        for _ in range(10):
            log.put("v")
        log.advance_start(5)
        with pytest.raises(KafkaError) as caught:
            log.read(offset, max_bytes=1)
        assert caught.value.code is ErrorCode.OFFSET_OUT_OF_RANGE
        assert log.read(10, max_bytes=1) == []

    def test_a_read_ends_where_its_segment_ends(self) -> None:
        log = LogUnderTest()
        log.put("a")
        log.roll()
        log.put("b")
        assert [bases(log.read(offset, max_bytes=9_999)) for offset in (0, 1)] == [[0], [1]]
        assert log.values == ["a", "b"]

    def test_an_empty_segment_is_passed_over(self) -> None:
        log = LogUnderTest()
        log.put("a")
        log.roll()
        log.put("b")
        log.segments[0].truncate_to(0, NOW_MS)
        assert bases(log.read(0, max_bytes=9_999)) == [1]

    def test_batches_for_whoever_loads(self) -> None:
        log = LogUnderTest()
        for _ in range(3):
            log.put("v", "w")
            log.roll()
        assert [batch.base_offset for batch in log.batches()] == [0, 2, 4]
        assert [batch.base_offset for batch in log.batches(3)] == [2, 4]
        assert [batch.base_offset for batch in log.batches(1, below=5)] == [0, 2]


class TestSegments:
    def test_full(self) -> None:
        log = LogUnderTest(segment_bytes=1_048_576)
        for _ in range(30):
            log.put("x" * 100_000)
        assert [len(list(segment.batches())) for segment in log.segments] == [10, 10, 10]
        assert [segment.base_offset for segment in log.segments] == [0, 10, 20]
        assert sum(segment.size for segment in log.segments) == log.size_bytes

    def test_old_by_the_records_times(self) -> None:
        log = LogUnderTest(segment_ms=1_000)
        for later in (0, 1_000, 1_001, 1_500, 2_002):
            log.put(Record(timestamp_ms=NOW_MS + later, value=b"v"))
        assert [segment.base_offset for segment in log.segments] == [0, 2, 4]

    def test_old_by_the_clock_where_records_have_no_time(self) -> None:
        log = LogUnderTest(segment_ms=1_000)
        log.put(Record(value=b"v"))
        log.clock.advance(1)
        log.put(Record(value=b"v"))
        log.clock.advance(0.5)
        log.put(Record(value=b"v"))
        assert [segment.base_offset for segment in log.segments] == [0, 2]

    def test_an_empty_segment_does_not_grow_old(self) -> None:
        log = LogUnderTest(segment_ms=1_000)
        log.clock.advance(100)
        log.put("v")
        log.roll()
        log.roll()
        assert [segment.base_offset for segment in log.segments] == [0, 1]

    def test_compacted_topics_roll_for_their_maximum_lag(self) -> None:
        log = LogUnderTest(cleanup_policy="compact", max_compaction_lag_ms=500)
        for later in (0, 500, 501):
            log.put(Record(timestamp_ms=NOW_MS + later, key=b"k"))
        assert [segment.base_offset for segment in log.segments] == [0, 2]


class TestStart:
    def test_it_moves_into_a_batch_which_stays(self) -> None:
        log = LogUnderTest()
        log.put("a", "b", "c")
        assert log.advance_start(1)
        assert log.values == ["b", "c"]
        assert bases(log.read(1, max_bytes=1)) == [0]
        assert log.size_bytes
        assert not log.advance_start(1)
        assert not log.advance_start(0)

    def test_it_stays_below_the_high_watermark(self) -> None:
        log = LogUnderTest()
        log.put("a", "b", "c")
        log.high_watermark = 2
        with pytest.raises(KafkaError) as caught:
            log.advance_start(3)
        assert caught.value.code is ErrorCode.OFFSET_OUT_OF_RANGE
        assert log.advance_start(2)

    def test_epochs_follow(self) -> None:
        log = LogUnderTest()
        for epoch in range(3):
            log.put("v", "w", leader_epoch=epoch)
        log.advance_start(3)
        assert log.leader_epochs.entries == [(1, 3), (2, 4)]
        assert (log.epoch_at(3), log.end_offset_for(1), log.end_offset_for(2)) == (1, (1, 4), (2, 6))


class TestTruncation:
    def test_batches_that_hold_the_offset_go(self) -> None:
        log = LogUnderTest()
        for epoch, values in enumerate((("a",), ("b", "c"), ("d",))):
            log.put(*values, leader_epoch=epoch)
        log.truncate_to(2)
        assert log.values == ["a"]
        assert (log.end_offset, log.high_watermark) == (2, 2)
        assert log.leader_epochs.entries == [(0, 0), (1, 1)]
        assert log.size_bytes == sum(len(view) for view in log.read(0, max_bytes=9_999))
        assert log.put("e", leader_epoch=5).base_offset == 2

    def test_to_the_end_or_beyond_it(self) -> None:
        log = LogUnderTest()
        log.put("a")
        log.leader_epochs.assign(7, 1)
        log.truncate_to(5)
        assert (log.values, log.end_offset, log.leader_epochs.entries) == (["a"], 1, [(0, 0)])

    def test_over_several_segments(self) -> None:
        log = LogUnderTest()
        for value in "abcd":
            log.put(value)
            log.roll()
        log.truncate_to(1)
        assert (log.values, [segment.base_offset for segment in log.segments]) == (["a"], [0, 1])
        log.put("x")
        assert log.values == ["a", "x"]

    def test_before_everything(self) -> None:
        log = LogUnderTest(start_offset=10)
        log.put("a")
        log.truncate_to(5)
        assert (log.start_offset, log.end_offset, log.size_bytes, log.values) == (5, 5, 0, [])
        assert log.put("b").base_offset == 5

    def test_below_the_start(self) -> None:
        log = LogUnderTest()
        log.put("a")
        log.put("b")
        log.advance_start(2)
        log.truncate_to(1)
        assert (log.start_offset, log.end_offset, log.high_watermark) == (1, 1, 1)


@settings(max_examples=60, deadline=None)
@given(st.lists(st.integers(1, 5), min_size=1, max_size=30), st.randoms(use_true_random=False))
def test_reads_agree_with_a_plain_list(counts: list[int], chance: random.Random) -> None:
    log = LogUnderTest()
    batches: list[Batch] = []
    for count in counts:
        batch = log.put(*["x" * chance.randrange(80)] * count).batch
        assert batch is not None
        batches.append(batch)
        if chance.random() < 0.2:
            log.roll()
    for _ in range(20):
        offset = chance.randrange(log.end_offset + 1)
        below = chance.randrange(log.end_offset + 1)
        limit = chance.randrange(1_000)
        expected: list[int] = []
        total = 0
        for batch in batches if offset < below else []:
            if batch.last_offset < offset or batch.last_offset >= below:
                continue
            if expected and total >= limit:
                break
            total += len(batch.view)
            expected.append(batch.base_offset)
        read = log.read(offset, below=below, max_bytes=limit)
        whole = read if sum(map(len, read)) < limit else read[:-1]
        assert bases(whole) == expected[: len(whole)]
        assert bool(read) == bool(expected)


def test_many_batches_are_found_at_once() -> None:
    log = Log(config(), Clock(NOW), "t-0")
    batch = batch_of("v")
    for _ in range(50_000):
        log.segments[0].push(batch, log.end_offset, NOW_MS)
        log.end_offset += 1
    assert len(log.read(49_990, max_bytes=10**9)) == 10
    assert len(log.read(0, max_bytes=len(batch.view) * 1_000)) == 1_000
