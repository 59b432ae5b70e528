"""A ShareFetch that waits, and how much it gives."""

from __future__ import annotations

from typing import Any

import pytest

from mockbroker.core.share.fetching import Fetched
from mockbroker.core.waiting import Pending
from protocol_specs.errors import ErrorCode
from tests.core.share.bench import ACCEPT, RELEASE, ShareBench


def ranges(answer: Any, bench: ShareBench, index: int = 0) -> list[tuple[int, ...]]:
    if isinstance(answer, Pending):
        assert answer.is_settled
        answer = answer.reply
    return [tuple(one) for one in answer[bench.topic.id, index].acquired]


def test_an_append_wakes_it() -> None:
    bench = ShareBench()
    waiting = bench.fetching(wait=5)
    assert isinstance(waiting, Pending)
    bench.produce(3)
    assert ranges(waiting, bench) == [(0, 2, 1)]


def test_released_records_wake_it() -> None:
    bench = ShareBench()
    bench.produce(3)
    bench.acquire("m1")
    waiting = bench.fetching("m2", wait=5)
    bench.acknowledge((0, 1, RELEASE))
    assert ranges(waiting, bench) == [(0, 1, 2)]


def test_a_lock_that_runs_out_wakes_it() -> None:
    bench = ShareBench()
    bench.produce(3)
    bench.acquire("m1")
    waiting = bench.fetching("m2", wait=60)
    bench.cluster.clock.advance(30)
    bench.cluster.waiting.flush()
    assert ranges(waiting, bench) == [(0, 2, 2)]


def test_room_for_more_locks_wakes_it() -> None:
    bench = ShareBench(share_partition_max_record_locks="100")
    bench.produce(100, 5)
    bench.acquire("m1", records=100)
    waiting = bench.fetching("m2", wait=5)
    bench.acknowledge((0, 49, ACCEPT))
    assert ranges(waiting, bench) == [(100, 104, 1)]


def test_only_one_of_two_gets_new_records() -> None:
    bench = ShareBench()
    first, second = bench.fetching("m1", wait=5), bench.fetching("m2", wait=5)
    bench.produce(3)
    assert ranges(first, bench) == [(0, 2, 1)]
    assert not second.is_settled
    bench.produce(2)
    assert ranges(second, bench) == [(3, 4, 1)]


def test_time_runs_out() -> None:
    bench = ShareBench()
    waiting = bench.fetching(wait=5, partitions=(0, 1))
    bench.initialize(bench.written(), index=1)
    bench.cluster.clock.advance(5)
    # Share partition 1 was not initialized when it was asked for.
    assert waiting.reply == {
        (bench.topic.id, 0): Fetched(),
        (bench.topic.id, 1): Fetched(ErrorCode.UNKNOWN_SERVER_ERROR),
    }


def test_it_waits_for_as_many_bytes_as_it_wants() -> None:
    bench = ShareBench()
    waiting = bench.fetching(wait=5, min_bytes=150)
    bench.produce(1)
    assert not waiting.is_settled
    bench.produce(1)
    assert ranges(waiting, bench) == [(0, 1, 1)]


def test_what_is_there_comes_when_time_runs_out() -> None:
    bench = ShareBench()
    waiting = bench.fetching(wait=5, min_bytes=10_000)
    bench.produce(1)
    bench.cluster.clock.advance(5)
    assert ranges(waiting, bench) == [(0, 0, 1)]


def test_a_client_that_is_gone_acquires_nothing() -> None:
    bench = ShareBench()
    waiting = bench.fetching("m1", wait=5)
    waiting.abandon()
    bench.produce(3)
    assert bench.acquire("m2") == [(0, 2, 1)]


def test_partitions_share_the_bytes() -> None:
    bench = ShareBench()
    bench.initialize(bench.written(), index=1)
    bench.produce(1, 1, 1, 1, index=0)
    bench.produce(1, 1, 1, 1, index=1)
    size = bench.log.log.size_bytes // 4

    answer = bench.fetching(partitions=(0, 1), max_bytes=4 * size)

    assert ranges(answer, bench, 0) == [(0, 1, 1)]
    assert ranges(answer, bench, 1) == [(0, 1, 1)]


def test_partitions_share_the_records() -> None:
    bench = ShareBench()
    bench.initialize(bench.written(), index=1)
    bench.produce(4, index=0)
    bench.produce(4, index=1)
    answer = bench.fetching(partitions=(1, 0), records=4)
    assert ranges(answer, bench, 1) == [(0, 3, 1)]
    assert ranges(answer, bench, 0) == []


@pytest.mark.parametrize("max_bytes", [1, 10])
def test_the_first_batch_comes_whatever_its_size(max_bytes: int) -> None:
    bench = ShareBench()
    bench.produce(2, 2)
    assert bench.acquire(max_bytes=max_bytes) == [(0, 1, 1)]


def test_no_bytes_at_all() -> None:
    bench = ShareBench()
    bench.produce(2)
    assert bench.fetching(max_bytes=0) == {}
    assert bench.fetch(max_bytes=-1).error_code is ErrorCode.UNKNOWN_SERVER_ERROR


def test_a_batch_that_was_cut_is_left_for_later() -> None:
    bench = ShareBench()
    bench.produce(2, 2)
    size = bench.log.log.size_bytes // 2
    assert bench.acquire(max_bytes=size + 20) == [(0, 1, 1)]
    assert bench.acquire() == [(2, 3, 1)]
