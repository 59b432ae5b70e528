"""Putting back what a graph of objects held."""

from __future__ import annotations

import random
from collections import deque
from functools import partial
from typing import Any

from mockbroker.control.memento import Memento


class TestMemento:
    def test_containers_and_their_order(self) -> None:
        state: dict[str, Any] = {
            "list": [1, 2],
            "dict": {"b": 1, "a": 2},
            "set": {1},
            "deque": deque([1, 2], maxlen=2),
            "tuple": ([1],),
        }
        memento = Memento([state])
        for _ in range(2):
            state["list"].append(3)
            state["dict"]["c"] = 3
            del state["dict"]["b"]
            state["set"].clear()
            state["deque"].append(3)
            state["tuple"][0].append(2)
            state["new"] = 1
            memento.restore()
            assert state["list"] == [1, 2]
            assert list(state["dict"].items()) == [("b", 1), ("a", 2)]
            assert state["set"] == {1}
            assert state["deque"] == deque([1, 2])
            assert state["tuple"] == ([1],)
            assert "new" not in state

    def test_closures_partials_and_methods(self) -> None:
        class Box:
            def __init__(self) -> None:
                self.inner = [1]

            def method(self) -> list[int]:
                return self.inner

        Box.__module__ = "mockbroker.core.box"

        def closure() -> Any:
            count = 0

            def step() -> int:
                nonlocal count
                count += 1
                return count

            return step

        box, step, held = Box(), closure(), [1]
        state = [box.method, step, partial(print, held)]
        memento = Memento([state])
        step()
        box.inner = [9]
        held.append(2)
        memento.restore()
        assert (step(), box.inner, held) == (1, [1], [1])

    def test_luck(self) -> None:
        rng = random.Random(1)
        memento = Memento([[rng]])
        first = [rng.random() for _ in range(3)]
        memento.restore()
        assert [rng.random() for _ in range(3)] == first

    def test_what_is_left_alone(self) -> None:
        mine = [1]
        memento = Memento([[mine]], leave=[mine])
        mine.append(2)
        memento.restore()
        assert mine == [1, 2]
