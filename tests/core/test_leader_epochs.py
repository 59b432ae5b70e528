from __future__ import annotations

import pytest

from mockbroker.core.leader_epochs import LeaderEpochs


def epochs(*entries: tuple[int, int]) -> LeaderEpochs:
    cache = LeaderEpochs()
    for epoch, start in entries:
        cache.assign(epoch, start)
    return cache


def test_an_epoch_begins_once() -> None:
    cache = epochs((0, 0), (0, 5), (2, 9), (2, 9), (2, 30))
    assert cache.entries == [(0, 0), (2, 9)]
    assert cache.latest == 2


@pytest.mark.parametrize(
    ("late", "left"),
    [
        ((3, 20), [(0, 0), (1, 10), (3, 20)]),
        ((2, 25), [(0, 0), (1, 10), (2, 20)]),
        ((3, 10), [(0, 0), (3, 10)]),
        ((3, 5), [(0, 0), (3, 5)]),
        ((1, 15), [(0, 0), (1, 15)]),
        ((2, 15), [(0, 0), (1, 10), (2, 15)]),
    ],
)
def test_what_contradicts_a_new_entry_goes(late: tuple[int, int], left: list[tuple[int, int]]) -> None:
    cache = epochs((0, 0), (1, 10), (2, 20))
    cache.assign(*late)
    assert cache.entries == left
    assert cache.latest == left[-1][0]


@pytest.mark.parametrize(
    ("asked", "answer"),
    [(-1, (-1, -1)), (0, (0, 20)), (1, (1, 20)), (2, (2, 40)), (3, (2, 40)), (5, (5, 99)), (6, (-1, -1))],
)
def test_where_epochs_end(asked: int, answer: tuple[int, int]) -> None:
    cache = epochs((1, 10), (2, 20), (5, 40))
    assert cache.end_offset_for(asked, 99) == (answer if asked else (0, 10))


def test_where_an_epoch_ends_that_nothing_was_written_in() -> None:
    assert LeaderEpochs().end_offset_for(0, 0) == (-1, -1)
    assert LeaderEpochs().end_offset_for(-1, 0) == (-1, -1)


def test_truncation_from_the_end() -> None:
    cache = epochs((0, 0), (1, 10), (2, 20))
    cache.truncate_from_end(20)
    assert (cache.entries, cache.latest) == ([(0, 0), (1, 10)], 1)
    cache.truncate_from_end(11)
    assert cache.latest == 1
    cache.truncate_from_end(0)
    assert (cache.entries, cache.latest) == ([], -1)


def test_truncation_from_the_start_keeps_the_epoch_in_force_there() -> None:
    cache = epochs((0, 0), (1, 10), (2, 20))
    cache.truncate_from_start(15)
    assert cache.entries == [(1, 15), (2, 20)]
    cache.truncate_from_start(20)
    assert cache.entries == [(2, 20)]
    cache.truncate_from_start(25)
    assert cache.entries == [(2, 25)]
    cache.truncate_from_start(1)
    assert cache.entries == [(2, 25)]


def test_the_epoch_of_an_offset() -> None:
    cache = epochs((1, 10), (2, 20))
    assert [cache.epoch_at(offset) for offset in (9, 10, 19, 20, 1_000)] == [-1, 1, 1, 2, 2]


def test_cleared() -> None:
    cache = epochs((1, 10))
    cache.clear()
    assert (cache.entries, cache.latest) == ([], -1)
