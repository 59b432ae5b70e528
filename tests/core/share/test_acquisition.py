"""Which records a member gets."""

from __future__ import annotations

import pytest

from mockbroker.core.batches import Batch
from mockbroker.core.share.acquisition import AcquireMode
from tests.core.clusters import batch
from tests.core.share.bench import ACCEPT, REJECT, RELEASE, ShareBench, stored

LIMIT = AcquireMode.RECORD_LIMIT


def test_all_that_is_there_is_acquired_once() -> None:
    bench = ShareBench()
    bench.produce(5, 3)

    assert bench.acquire("m1") == [(0, 7, 1)]
    assert bench.acquire("m2") == []
    assert bench.window == (0, 7)
    assert set(bench.states_of().values()) == {"ACQUIRED 1 m1"}


def test_whole_batches_are_acquired_until_there_are_enough() -> None:
    bench = ShareBench()
    bench.produce(5, 5, 5)
    assert bench.acquire("m1", records=3) == [(0, 4, 1)]
    assert bench.acquire("m2", records=6) == [(5, 14, 1)]


def test_acquired_records_are_cut_where_batches_of_the_log_begin() -> None:
    bench = ShareBench()
    bench.produce(5, 5, 5, 2)
    assert bench.acquire(batch_size=6) == [(0, 9, 1), (10, 16, 1)]
    # Each of them shares a state.
    assert len(bench.partition.in_flight) == 2

    bench = ShareBench()
    bench.produce(5, 5, 5, 2)
    assert bench.acquire(batch_size=1) == [(0, 4, 1), (5, 9, 1), (10, 14, 1), (15, 16, 1)]


def test_with_a_record_limit_no_more_are_acquired() -> None:
    bench = ShareBench()
    bench.produce(5, 5)

    assert bench.acquire("m1", records=3, mode=LIMIT) == [(0, 2, 1)]
    assert bench.states_of() == {
        **dict.fromkeys(range(3), "ACQUIRED 1 m1"),
        **dict.fromkeys((3, 4), "AVAILABLE 0"),
    }
    assert bench.acquire("m2", records=4, mode=LIMIT) == [(3, 4, 1), (5, 6, 1)]
    assert bench.acquire("m3", records=100, mode=LIMIT) == [(7, 9, 1)]
    assert bench.window == (0, 9)


def test_released_records_are_acquired_again() -> None:
    bench = ShareBench()
    bench.produce(5, 5)
    bench.acquire(batch_size=1)
    bench.acknowledge((0, 4, RELEASE))
    assert bench.partition.next_fetch_offset() == 0

    assert bench.acquire("m2") == [(0, 4, 2)]
    assert bench.acquire("m2") == []


def test_some_released_records_of_a_batch() -> None:
    bench = ShareBench()
    bench.produce(8)
    bench.acquire("m1")
    bench.acknowledge((1, 2, RELEASE), (4, 4, RELEASE))

    assert bench.acquire("m2") == [(1, 2, 2), (4, 4, 2)]
    assert [bench.states_of()[offset] for offset in range(5)] == [
        "ACQUIRED 1 m1",
        "ACQUIRED 2 m2",
        "ACQUIRED 2 m2",
        "ACQUIRED 1 m1",
        "ACQUIRED 2 m2",
    ]


def test_released_and_new_records_together() -> None:
    bench = ShareBench()
    bench.produce(4)
    bench.acquire("m1")
    bench.acknowledge((2, 3, RELEASE))
    bench.produce(3)
    assert bench.acquire("m2") == [(2, 3, 2), (4, 6, 1)]


def test_a_limit_cuts_a_batch_in_flight() -> None:
    bench = ShareBench()
    bench.produce(6)
    bench.acquire("m1")
    bench.acknowledge((0, 5, RELEASE))
    assert bench.acquire("m2", records=2, mode=LIMIT) == [(0, 1, 2)]
    # Without the limit the whole batch comes.
    assert bench.acquire("m2", records=2) == [(2, 5, 2)]


def test_no_more_records_are_in_flight_than_the_group_may_lock() -> None:
    bench = ShareBench(share_partition_max_record_locks="100")
    bench.produce(60, 60, 60)

    assert bench.acquire("m1") == [(0, 119, 1)]
    assert not bench.partition.can_acquire()
    assert bench.acquire("m1") == []

    # What is available among them may be had, and what is behind them may not.
    bench.acknowledge((30, 39, RELEASE))
    assert bench.acquire("m2") == [(30, 39, 2)]
    bench.acknowledge((0, 29, ACCEPT))
    assert bench.acquire("m2") == [(120, 179, 1)]


def test_at_the_limit_records_come_up_to_the_end_offset() -> None:
    bench = ShareBench(share_partition_max_record_locks="100")
    bench.produce(60, 60, 60)
    bench.acquire("m1")
    bench.acknowledge((110, 119, RELEASE))
    assert bench.acquire("m2") == [(110, 119, 2)]


def test_deliveries_are_counted_up_to_the_limit() -> None:
    bench = ShareBench(share_delivery_count_limit="2")
    bench.produce(2)
    for count in (1, 2):
        assert bench.acquire() == [(0, 1, count)]
        bench.acknowledge((0, 1, RELEASE))
    assert bench.acquire() == []
    assert bench.window == (2, 2)
    assert bench.written_batches() == [(0, 1, 2, 4)]


def test_records_that_fail_often_come_in_smaller_and_smaller_company() -> None:
    bench = ShareBench(share_delivery_count_limit="5")
    bench.produce(8)
    for count in (1, 2, 3):
        assert bench.acquire() == [(0, 7, count)]
        bench.acknowledge((0, 7, RELEASE))
    # From three deliveries on half of the batch comes, then one record alone.
    assert bench.acquire() == [(0, 3, 4)]
    assert bench.acquire() == [(4, 7, 4)]
    bench.acknowledge((0, 7, RELEASE))
    for offset in range(8):
        assert bench.acquire() == [(offset, offset, 5)]


def test_other_records_do_not_come_with_one_that_fails_often() -> None:
    bench = ShareBench(share_delivery_count_limit="5", state=stored((0, 3, 1, 0), (4, 5, 3, 0), (6, 7, 1, 0)))
    bench.produce(4, 2, 2)
    assert bench.acquire() == [(0, 3, 2)]
    assert bench.acquire() == [(4, 4, 4)]
    assert bench.acquire() == [(5, 5, 4)]
    assert bench.acquire() == [(6, 7, 2)]


def test_the_last_delivery_is_of_one_record() -> None:
    bench = ShareBench(share_delivery_count_limit="3", state=stored((0, 0, 1, 0), (1, 1, 2, 0)))
    bench.produce(2)
    assert bench.acquire() == [(0, 0, 2)]
    assert bench.acquire() == [(1, 1, 3)]


def test_only_batches_with_acquired_records_are_sent() -> None:
    bench = ShareBench()
    bench.produce(2, 2, 2, 2)
    bench.acquire(batch_size=1)
    bench.acknowledge((2, 3, RELEASE), (4, 4, RELEASE))

    fetched = bench.fetch("m2")

    assert [tuple(one) for one in fetched.acquired] == [(2, 3, 2), (4, 4, 2)]
    assert [bytes(view[:8])[-1] for view in fetched.records] == [2, 4]


def test_gaps_that_the_coordinator_left_are_delivered() -> None:
    bench = ShareBench(state=stored((3, 4, 1, 2), (8, 9, 2, 0)))
    bench.produce(3, 2, 3, 2, 5)

    assert bench.acquire(records=3) == [(0, 2, 1)]
    assert bench.partition.has_gap
    assert bench.partition.next_fetch_offset() == 5
    assert bench.acquire(records=4) == [(5, 7, 1), (8, 9, 3)]
    assert bench.acquire() == [(10, 14, 1)]
    assert bench.partition.gap is None
    bench.acknowledge((0, 2, ACCEPT))
    assert bench.window == (5, 14)


def test_the_start_does_not_move_over_a_gap() -> None:
    bench = ShareBench(state=stored((2, 3, 1, 0)))
    bench.produce(2, 2, 2)
    assert bench.acquire(records=1) == [(0, 1, 1)]
    assert bench.acquire(records=1) == [(2, 3, 2)]
    bench.acknowledge((2, 3, ACCEPT))
    assert bench.window == (0, 3)
    bench.acknowledge((0, 1, REJECT))
    assert bench.window == (4, 4)


def test_a_fetch_from_the_middle_of_a_batch_begins_at_the_start_offset() -> None:
    bench = ShareBench(state=stored(start=3))
    bench.produce(8)
    assert bench.acquire() == [(3, 7, 1)]
    assert bench.window == (3, 7)


def test_a_start_in_a_batch_that_is_partly_known() -> None:
    bench = ShareBench(state=stored((5, 6, 1, 2), start=3))
    bench.produce(10)
    assert bench.acquire() == [(3, 4, 1), (7, 9, 1)]


@pytest.mark.parametrize("mode", list(AcquireMode))
def test_nobody_who_wants_no_records_gets_any(mode: AcquireMode) -> None:
    bench = ShareBench()
    bench.produce(3)
    assert bench.acquire(records=-1, mode=mode) == []
    assert bench.fetching(records=0, mode=mode) == {}


def test_compacted_records_are_given_up() -> None:
    bench = ShareBench(state=stored((0, 3, 1, 0), (4, 7, 2, 0), (8, 8, 1, 0)))
    bench.produce(4)
    put_at(bench, 8, 2)
    assert bench.acquire(records=1) == [(0, 3, 2)]

    assert bench.acquire() == [(8, 8, 2), (9, 9, 1)]

    assert [bench.states_of()[offset] for offset in (4, 7)] == ["ARCHIVED 2", "ARCHIVED 2"]
    assert bench.partition.delivery_complete_count == 4
    bench.acknowledge((0, 3, ACCEPT))
    assert bench.window == (8, 9)


def test_half_of_a_batch_was_compacted() -> None:
    bench = ShareBench(state=stored((0, 7, 1, 0)))
    put_at(bench, 5, 3)
    assert bench.acquire() == [(5, 7, 2)]
    assert bench.states_of()[4] == "ARCHIVED 1"
    assert bench.states_of()[5] == "ACQUIRED 2 m1"


def put_at(bench: ShareBench, offset: int, size: int) -> None:
    """Append a batch behind a natural gap, as compaction leaves it."""
    log = bench.log.log
    log.append(Batch(batch(*[b"value"] * size, base_offset=offset)))
    log.high_watermark = log.end_offset
