"""Java's priority queue: what comes first among equals."""

from __future__ import annotations

import pytest

from mockbroker.core.java_queue import PriorityQueue


def drained(ranks: list[tuple[str, float]]) -> list[str]:
    by_name = dict(ranks)
    queue = PriorityQueue(by_name, key=by_name.__getitem__)
    return [queue.poll() for _ in range(len(queue))]


def test_the_least_comes_first() -> None:
    assert drained([("c", 3), ("a", 1), ("d", 4), ("b", 2), ("e", 5)]) == ["a", "b", "c", "d", "e"]


def test_equals_come_as_in_java() -> None:
    # As java.util.PriorityQueue gives them.
    assert "".join(drained([(name, 0) for name in "abcde"])) == "aedcb"
    assert "".join(drained([(name, at % 2 == 0) for at, name in enumerate("abcdef")])) == "bdfaec"


def test_an_empty_queue_has_nothing() -> None:
    queue: PriorityQueue[str] = PriorityQueue([], key=len)
    with pytest.raises(IndexError):
        queue.poll()
