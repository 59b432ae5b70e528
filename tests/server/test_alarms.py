"""Real time to the core's time, in a trio run whose clock jumps."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any

import pytest
import trio
import trio.testing

from mockbroker.core.time import Clock
from mockbroker.server.alarms import Timekeeper
from mockbroker.server.poller import Poller

START = 1_700_000_000.0


def in_trio(test: Callable[[Any], Awaitable[None]]) -> Callable[[Any], None]:
    def run(self: Any) -> None:
        trio.run(test, self, clock=trio.testing.MockClock(autojump_threshold=0))

    return run


class Watch:
    """A timekeeper with a clock, and what rang when: in the core's seconds since the start, and in real ones."""

    def __init__(self) -> None:
        self.clock = Clock(START)
        self.flushes = 0
        self.rang: list[tuple[str, float]] = []
        self.keeper = Timekeeper(self.clock, self.flush, Poller())
        self.began = trio.current_time()

    def flush(self) -> None:
        self.flushes += 1

    def set(self, name: str, delay: float) -> Any:
        alarm = self.clock.call_later(delay, lambda: self.rang.append((name, round(self.real, 3))))
        self.keeper.rearm()
        return alarm

    @property
    def real(self) -> float:
        return trio.current_time() - self.began

    @property
    def core(self) -> float:
        return round(self.clock.now - START, 3)


class TestTimekeeper:
    @in_trio
    async def test_the_core_follows_real_time_at_each_tick(self) -> None:
        watch = Watch()
        await trio.sleep(2.5)
        assert watch.core == 0
        watch.keeper.tick()
        assert watch.core == 2.5

    @in_trio
    async def test_alarms_ring_by_themselves(self) -> None:
        watch = Watch()
        watch.set("second", 2)
        watch.set("first", 1)
        async with trio.open_nursery() as nursery:
            nursery.start_soon(watch.keeper.run)
            await trio.sleep(3)
            nursery.cancel_scope.cancel()
        assert watch.rang == [("first", 1), ("second", 2)]
        assert watch.flushes == 2

    @in_trio
    async def test_an_earlier_alarm_wakes_the_sleeper_earlier(self) -> None:
        watch = Watch()
        async with trio.open_nursery() as nursery:
            nursery.start_soon(watch.keeper.run)
            await trio.sleep(1)
            watch.keeper.tick()
            watch.set("late", 10)
            await trio.sleep(1)
            watch.keeper.tick()
            watch.set("early", 2)
            await trio.sleep(20)
            nursery.cancel_scope.cancel()
        assert watch.rang == [("early", 4), ("late", 11)]

    @in_trio
    async def test_a_cancelled_alarm_does_not_ring(self) -> None:
        watch = Watch()
        async with trio.open_nursery() as nursery:
            nursery.start_soon(watch.keeper.run)
            alarm = watch.set("cancelled", 1)
            watch.set("kept", 2)
            await trio.testing.wait_all_tasks_blocked()
            alarm.cancel()
            await trio.sleep(5)
            nursery.cancel_scope.cancel()
        assert watch.rang == [("kept", 2)]

    @in_trio
    async def test_a_failing_alarm_is_logged_and_the_next_rings(self) -> None:
        watch = Watch()
        watch.clock.call_later(1, lambda: [][0])
        watch.set("next", 1)
        await trio.sleep(1)
        watch.keeper.tick()
        assert watch.rang == [("next", 1)]

    @in_trio
    async def test_paused_time_stands_and_goes_on_from_there(self) -> None:
        watch = Watch()
        watch.set("alarm", 3)
        await trio.sleep(1)
        watch.keeper.pause()
        await trio.sleep(100)
        watch.keeper.tick()
        assert (watch.core, watch.rang) == (1, [])
        watch.keeper.resume()
        await trio.sleep(1)
        watch.keeper.tick()
        assert (watch.core, watch.rang) == (2, [])
        await trio.sleep(1)
        watch.keeper.tick()
        assert watch.rang == [("alarm", 103)]

    @in_trio
    async def test_the_sleeper_sleeps_while_paused(self) -> None:
        watch = Watch()
        async with trio.open_nursery() as nursery:
            nursery.start_soon(watch.keeper.run)
            watch.set("alarm", 3)
            watch.keeper.pause()
            await trio.sleep(50)
            watch.keeper.resume()
            watch.keeper.rearm()
            await trio.sleep(10)
            nursery.cancel_scope.cancel()
        assert watch.rang == [("alarm", 53)]

    @pytest.mark.parametrize("paused", [False, True])
    def test_advance_rings_what_becomes_due(self, paused: bool) -> None:
        async def main() -> None:
            watch = Watch()
            watch.set("alarm", 45)
            watch.set("later", 46)
            if paused:
                watch.keeper.pause()
            watch.keeper.advance(45)
            assert (watch.core, watch.rang) == (45, [("alarm", 0)])
            await trio.sleep(1)
            watch.keeper.tick()
            assert watch.core == (45 if paused else 46)
            with pytest.raises(ValueError, match="cannot go back"):
                watch.keeper.advance(-1)

        trio.run(main, clock=trio.testing.MockClock(autojump_threshold=0))
