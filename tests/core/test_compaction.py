from __future__ import annotations

import random
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mockbroker.wire.compression import decompress
from protocol_specs.record_batch import Record, records_of
from tests.core.log_testing import NOW_MS, LogUnderTest

DAY_MS = 86_400_000


def compacted(**overrides: Any) -> LogUnderTest:
    settings = {"cleanup_policy": "compact", "min_cleanable_dirty_ratio": 0.0, **overrides}
    return LogUnderTest(**settings)


def at(log: LogUnderTest, key: str, value: str | None) -> Record:
    return Record(
        timestamp_ms=log.clock.now_ms, key=key.encode(), value=None if value is None else value.encode()
    )


def put(log: LogUnderTest, *pairs: str, codec: int = 0, **fields: Any) -> None:
    """Each text is key=value, or key! for a tombstone."""
    records = []
    for pair in pairs:
        key, _, value = pair.rstrip("!").partition("=")
        records.append(at(log, key, None if pair.endswith("!") else value))
    log.put(*records, codec=codec, **fields)


def pairs(log: LogUnderTest) -> list[str]:
    """offset:key=value of every data record."""
    found = []
    for batch in log.batches():
        if not batch.is_control:
            for record in records_of(batch.view, decompress):
                key = (record.key or b"").decode()
                text = f"{key}!" if record.value is None else f"{key}={record.value.decode()}"
                found.append(f"{record.offset}:{text}")
    return found


class TestKeys:
    @pytest.mark.parametrize("codec", [0, 1, 2, 3, 4])
    def test_the_last_record_of_each_key_stays_at_its_offset(self, codec: int) -> None:
        log = compacted()
        put(log, "a=1", "b=1", "a=2", codec=codec)
        put(log, "c=1", "b=2", codec=codec)
        log.roll()
        put(log, "z=1")
        assert log.compact()
        assert pairs(log) == ["2:a=2", "3:c=1", "4:b=2", "5:z=1"]
        first = next(log.batches())
        assert (first.base_offset, first.last_offset, first.count, first.codec) == (0, 2, 1, codec)
        assert (log.start_offset, log.end_offset, log.cleaned_to) == (0, 6, 5)
        assert log.size_bytes == sum(len(batch.view) for batch in log.batches(0))

    def test_the_active_segment_is_never_touched(self) -> None:
        log = compacted()
        put(log, "a=1", "a=2")
        assert not log.compact()
        log.roll()
        put(log, "a=3", "a=4")
        log.compact()
        assert pairs(log) == ["1:a=2", "2:a=3", "3:a=4"]

    def test_a_batch_of_which_all_stays_is_not_built_anew(self) -> None:
        log = compacted()
        put(log, "a=1", "b=1")
        put(log, "c=1")
        log.roll()
        buffers = [batch.view.obj for batch in log.segments[0].batches()]
        log.compact()
        kept = [batch.view.obj for batch in log.segments[0].batches()]
        assert [one is other for one, other in zip(kept, buffers, strict=True)] == [True, True]

    def test_fetches_over_gaps(self) -> None:
        log = compacted()
        for number in range(6):
            put(log, f"a={number}")
        log.roll()
        put(log, "b=1")
        log.compact()
        assert pairs(log) == ["5:a=5", "6:b=1"]
        for offset in range(6):
            (view,) = log.read(offset, max_bytes=999)
            assert records_of(view)[0].offset == 5

    def test_the_last_batch_of_a_cleaning_stays_if_only_empty(self) -> None:
        log = compacted()
        put(log, "a=1")
        log.roll()
        put(log, "a=2")
        log.roll()
        log.compact()
        put(log, "a=3")
        log.roll()
        log.compact()
        assert pairs(log) == ["2:a=3"]
        log.put(at(log, "b", "1"))
        assert log.compact() is False

    def test_records_without_a_key_go(self) -> None:
        log = LogUnderTest()
        log.put("x", at(log, "a", "1"))
        log.roll()
        log.config = compacted().config
        log.compact()
        assert pairs(log) == ["1:a=1"]

    def test_other_topics_are_left_alone(self) -> None:
        log = LogUnderTest()
        log.put(at(log, "a", "1"), at(log, "a", "2"))
        log.roll()
        assert not log.compact()

    def test_append_time_stays(self) -> None:
        log = compacted(message_timestamp_type="LogAppendTime")
        put(log, "a=1", "a=2")
        log.roll()
        log.compact()
        (batch,) = log.batches()
        assert (batch.is_append_time, batch.max_timestamp) == (True, NOW_MS)


class TestWhen:
    def test_when_enough_is_dirty(self) -> None:
        log = compacted(min_cleanable_dirty_ratio=0.5)
        put(log, *[f"k{number}=x" for number in range(10)])
        log.roll()
        assert log.compact()
        put(log, *[f"k{number}=y" for number in range(4)])
        log.roll()
        assert not log.compact()
        put(log, *[f"k{number}=z" for number in range(10)])
        log.roll()
        assert log.compact()
        assert len(pairs(log)) == 10

    def test_when_the_first_dirty_segment_is_older_than_the_maximum_lag(self) -> None:
        log = compacted(min_cleanable_dirty_ratio=1.0, max_compaction_lag_ms=5_000)
        put(log, "a=1", "a=2")
        log.roll()
        log.clock.advance(5)
        assert not log.compact()
        log.clock.advance(0.001)
        assert log.compact()

    def test_not_before_the_minimum_lag(self) -> None:
        log = compacted(min_compaction_lag_ms=5_000)
        put(log, "a=1", "a=2")
        log.roll()
        log.clock.advance(3)
        put(log, "a=3", "a=4")
        log.roll()
        log.clock.advance(2)
        assert log.compact()
        assert pairs(log) == ["1:a=2", "2:a=3", "3:a=4"]
        log.clock.advance(3)
        assert log.compact()
        assert pairs(log) == ["3:a=4"]

    def test_not_beyond_the_last_stable_offset(self) -> None:
        log = compacted()
        put(log, "a=1", "a=2")
        log.roll()
        put(log, "a=3", producer_id=1, producer_epoch=0, base_sequence=0, is_transactional=True)
        log.roll()
        put(log, "a=4")
        log.roll()
        assert log.compact()
        assert (pairs(log), log.cleaned_to) == (["1:a=2", "2:a=3", "3:a=4"], 2)

    def test_what_was_truncated_is_dirty_again(self) -> None:
        log = compacted()
        put(log, "a=1")
        put(log, "b=1")
        log.roll()
        log.compact()
        log.truncate_to(1)
        assert log.cleaned_to == 1
        put(log, "a=2")
        log.roll()
        assert log.compact()
        assert pairs(log) == ["1:a=2"]


class TestTombstones:
    def test_they_stay_for_their_time(self) -> None:
        log = compacted(delete_retention_ms=DAY_MS)
        put(log, "a=1", "b=1", "a!")
        log.roll()
        put(log, "z=1")
        log.compact()
        assert pairs(log) == ["1:b=1", "2:a!", "3:z=1"]
        assert next(log.batches()).delete_horizon_ms == NOW_MS + DAY_MS
        log.clock.advance(DAY_MS / 1000 - 1)
        log.roll()
        assert log.compact()
        assert "2:a!" in pairs(log)
        log.clock.advance(1)
        put(log, "y=1")
        log.roll()
        assert log.compact()
        assert pairs(log) == ["1:b=1", "3:z=1", "4:y=1"]
        assert next(log.batches()).delete_horizon_ms == NOW_MS + DAY_MS

    def test_a_key_that_comes_back(self) -> None:
        log = compacted()
        put(log, "a!")
        put(log, "a=2")
        log.roll()
        log.compact()
        assert pairs(log) == ["1:a=2"]


class TestProducers:
    def test_the_last_sequence_survives(self) -> None:
        log = compacted()
        put(log, "a=1", producer_id=1, producer_epoch=0, base_sequence=0)
        put(log, "a=2", producer_id=1, producer_epoch=0, base_sequence=1)
        put(log, "a=3", producer_id=2, producer_epoch=0, base_sequence=7)
        put(log, "b=1")
        log.roll()
        log.compact()
        assert pairs(log) == ["2:a=3", "3:b=1"]
        assert [(batch.producer_id, batch.count) for batch in log.batches()] == [(1, 0), (2, 1), (-1, 1)]
        log.rebuild_producers()
        assert {key: state.last_sequence for key, state in log.producers.producers.items()} == {1: 1, 2: 7}


class TestTransactions:
    @staticmethod
    def write(log: LogUnderTest, pair: str, sequence: int, producer: int = 1) -> None:
        put(log, pair, producer_id=producer, producer_epoch=0, base_sequence=sequence, is_transactional=True)

    def test_aborted_records_go_at_once_and_their_marker_later(self) -> None:
        log = compacted(delete_retention_ms=1_000)
        put(log, "a=1")
        self.write(log, "a=2", 0)
        log.end_transaction(1, 0, commit=False)
        self.write(log, "c=1", 1)
        log.end_transaction(1, 0, commit=True)
        log.roll()
        log.compact()
        assert pairs(log) == ["0:a=1", "3:c=1"]
        assert log.aborted_transactions(0, 9) == [(1, 1)]
        put(log, "x=1")
        log.roll()
        log.compact()
        assert log.aborted_transactions(0, 9) == []
        assert [batch.base_offset for batch in log.batches() if batch.is_control] == [2, 4]
        log.clock.advance(2)
        put(log, "x=2")
        log.roll()
        log.compact()
        assert [batch.base_offset for batch in log.batches() if batch.is_control] == [4]

    def test_an_aborted_one_that_ends_beyond_the_cleaned_part(self) -> None:
        log = compacted()
        put(log, "a=1")
        self.write(log, "a=2", 0)
        put(log, "b=1")
        log.roll()
        put(log, "b=2")
        log.end_transaction(1, 0, commit=False)
        assert log.compact()
        assert pairs(log) == ["0:a=1", "2:b=1", "3:b=2"]
        assert log.aborted_transactions(0, 9) == [(1, 1)]

    def test_a_producers_last_marker_stays_for_its_epoch(self) -> None:
        log = compacted(delete_retention_ms=0)
        self.write(log, "a=1", 0)
        log.end_transaction(1, 1, commit=True, version=2)
        put(log, "a=2")
        log.roll()
        for _ in range(3):
            log.compact()
            put(log, "a=3")
            log.roll()
            log.clock.advance(1)
        assert [batch.producer_epoch for batch in log.batches() if batch.is_control] == [1]


def test_small_segments_are_joined() -> None:
    log = compacted(segment_bytes=1_048_576)
    for number in range(8):
        log.put(at(log, f"k{number}", "x" * 300_000))
        log.roll()
    log.put(at(log, "k0", "y"))
    log.roll()
    assert len(log.segments) == 10
    log.compact()
    assert [segment.base_offset for segment in log.segments] == [0, 3, 6, 9]
    assert all(segment.size <= 1_048_576 for segment in log.segments)
    assert len(pairs(log)) == 8


@settings(max_examples=60, deadline=None)
@given(
    st.lists(st.tuples(st.integers(0, 4), st.booleans()), min_size=1, max_size=60),
    st.randoms(use_true_random=False),
)
def test_what_a_reader_sums_up_is_the_same_before_and_after(
    steps: list[tuple[int, bool]], chance: random.Random
) -> None:
    log = compacted(delete_retention_ms=DAY_MS)
    for number, (key, is_tombstone) in enumerate(steps):
        put(log, f"k{key}!" if is_tombstone else f"k{key}={number}", codec=chance.choice([0, 3]))
        if chance.random() < 0.2:
            log.roll()
        if chance.random() < 0.1:
            log.compact()

    def table() -> dict[str, str]:
        state: dict[str, str] = {}
        for pair in pairs(log):
            key, _, value = pair.partition(":")[2].rstrip("!").partition("=")
            state[key] = value
        return state

    before, end = table(), log.end_offset
    log.roll()
    log.compact()
    assert (table(), log.end_offset) == (before, end)
    kept = [pair.partition(":")[2].rstrip("!").partition("=")[0] for pair in pairs(log)]
    assert len(kept) == len(set(kept))
