"""Laying newer ranges of records over older ones."""

from __future__ import annotations

import random
from itertools import pairwise

import pytest

from mockbroker.core.share.state_batches import StateBatch, combine

AVAILABLE, ACKNOWLEDGED, ARCHIVED = 0, 2, 4


def b(first: int, last: int, count: int = 1, state: int = AVAILABLE) -> StateBatch:
    return StateBatch(first, last, count, state)


@pytest.mark.parametrize(
    ("so_far", "newer", "expected"),
    [
        ([], [], []),
        ([b(0, 9)], [], [b(0, 9)]),
        ([], [b(0, 9)], [b(0, 9)]),
        # The same state: overlapping and neighbouring ranges become one.
        ([b(0, 9)], [b(0, 9)], [b(0, 9)]),
        ([b(0, 9)], [b(3, 5)], [b(0, 9)]),
        ([b(0, 9)], [b(5, 14)], [b(0, 14)]),
        ([b(0, 9)], [b(10, 14)], [b(0, 14)]),
        ([b(0, 9)], [b(11, 14)], [b(0, 9), b(11, 14)]),
        # Neighbours in different states stay two.
        ([b(0, 9)], [b(10, 14, 2)], [b(0, 9), b(10, 14, 2)]),
        # The same place: the higher count wins, then the higher state, whichever is newer.
        ([b(0, 9, 2)], [b(0, 9, 1, ARCHIVED)], [b(0, 9, 2)]),
        ([b(0, 9, 1)], [b(0, 9, 1, ACKNOWLEDGED)], [b(0, 9, 1, ACKNOWLEDGED)]),
        # The same beginning.
        ([b(0, 4)], [b(0, 9, 2)], [b(0, 9, 2)]),
        ([b(0, 4, 2)], [b(0, 9)], [b(0, 4, 2), b(5, 9)]),
        # One within the other.
        ([b(0, 9)], [b(3, 5, 2)], [b(0, 2), b(3, 5, 2), b(6, 9)]),
        ([b(0, 9, 2)], [b(3, 5)], [b(0, 9, 2)]),
        # The same end.
        ([b(0, 9)], [b(5, 9, 2)], [b(0, 4), b(5, 9, 2)]),
        ([b(0, 9, 2)], [b(5, 9)], [b(0, 9, 2)]),
        # One after the other.
        ([b(0, 9)], [b(5, 14, 2)], [b(0, 4), b(5, 14, 2)]),
        ([b(0, 9, 2)], [b(5, 14)], [b(0, 9, 2), b(10, 14)]),
    ],
)
def test_two_ranges(so_far: list[StateBatch], newer: list[StateBatch], expected: list[StateBatch]) -> None:
    assert list(combine(so_far, newer, -1)) == expected


def test_what_lies_before_the_start_is_cut_off() -> None:
    batches = [b(0, 4), b(5, 9, 2), b(10, 14, 3)]

    assert combine(batches, (), 7) == (b(7, 9, 2), b(10, 14, 3))
    assert combine((), [b(0, 4)], 5) == ()
    assert combine((), [b(0, 4)], 4) == (b(4, 4),)


def test_each_record_ends_in_the_highest_of_its_states() -> None:
    rng = random.Random(7)
    for _ in range(300):
        batches = []
        for _ in range(rng.randrange(1, 12)):
            first = rng.randrange(30)
            batches.append(b(first, first + rng.randrange(8), rng.randrange(1, 4), rng.choice((0, 2, 4))))
        start = rng.choice((-1, 5, 20))
        cut = rng.randrange(len(batches))
        combined = combine(batches[:cut], batches[cut:], start)

        ranks: dict[int, tuple[int, int]] = {}
        for batch in batches:
            for offset in range(max(batch.first_offset, start), batch.last_offset + 1):
                ranks[offset] = max(ranks.get(offset, (0, 0)), batch.rank)
        said = {o: c.rank for c in combined for o in range(c.first_offset, c.last_offset + 1)}
        assert said == ranks
        for one, next_one in pairwise(combined):
            assert one.last_offset < next_one.first_offset
