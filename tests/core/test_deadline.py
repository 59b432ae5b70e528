from __future__ import annotations

from mockbroker.core.deadline import Deadline
from mockbroker.core.time import Clock


def test_a_deadline_that_moves_later_rings_once_at_its_last_time() -> None:
    clock = Clock(100.0)
    rung: list[float] = []
    deadline = Deadline(clock, lambda: rung.append(clock.now))

    deadline.after(10)
    for _ in range(5):
        clock.advance(3)
        deadline.after(10)
    clock.advance(9)
    assert not rung
    assert deadline.when == 125.0
    clock.advance(100)

    assert rung == [125.0]
    assert deadline.when is None


def test_a_deadline_may_move_earlier() -> None:
    clock = Clock()
    rung: list[float] = []
    deadline = Deadline(clock, lambda: rung.append(clock.now))

    deadline.after(300)
    deadline.after(10)
    clock.advance(1000)

    assert rung == [10.0]


def test_a_cancelled_deadline_never_rings_and_may_be_set_again() -> None:
    clock = Clock()
    rung: list[float] = []
    deadline = Deadline(clock, lambda: rung.append(clock.now))

    deadline.cancel()
    deadline.after(5)
    deadline.cancel()
    clock.advance(10)
    deadline.after(5)
    clock.advance(10)

    assert rung == [15.0]
    assert clock.next_alarm is None


def test_a_deadline_may_set_itself_again() -> None:
    clock = Clock()
    rung: list[float] = []

    def ring() -> None:
        rung.append(clock.now)
        deadline.after(5)

    deadline = Deadline(clock, ring)
    deadline.after(0)
    clock.advance(11)

    assert rung == [0.0, 5.0, 10.0]


def test_moving_it_costs_no_alarm() -> None:
    clock = Clock()
    deadline = Deadline(clock, lambda: None)
    deadline.after(10)
    first = clock.next_alarm

    for _ in range(1000):
        deadline.after(20)

    assert clock.next_alarm == first
