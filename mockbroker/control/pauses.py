"""Delays of faults, by the brokers' clock.

They are set beside the alarms of the simulated cluster, and outlive its state: when a snapshot is restored, what was
left of each is still to pass.
"""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from mockbroker.core.waiting import Pending

if TYPE_CHECKING:
    from mockbroker.core.time import Alarm, Clock

__all__ = ["Pauses"]


class Pauses:
    """All delays of one cluster's faults."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._running: dict[int, tuple[Alarm, Pending]] = {}
        self._started = 0

    def of(self, seconds: float) -> Pending:
        """Is settled, with None, when so many seconds have passed."""
        self._started += 1
        number = self._started
        pending = Pending(on_abandon=partial(self._cancel, number))
        self._running[number] = self._set(number, seconds), pending
        return pending

    def remaining(self) -> dict[int, float]:
        """The seconds that are left of each."""
        return {number: alarm.when - self._clock.now for number, (alarm, _) in self._running.items()}

    def set_again(self, remaining: dict[int, float]) -> None:
        """Set the alarms again: the clock was put to another time, and has other alarms."""
        for number, seconds in remaining.items():
            self._running[number] = self._set(number, seconds), self._running[number][1]

    def _set(self, number: int, seconds: float) -> Alarm:
        return self._clock.call_later(seconds, partial(self._ring, number, self._clock.now + seconds))

    def _ring(self, number: int, when: float) -> None:
        # An alarm that a restored snapshot brought back is of a delay that is over, or was set again.
        if number in self._running and self._running[number][0].when == when:
            self._running.pop(number)[1].settle(None)

    def _cancel(self, number: int) -> None:
        running = self._running.pop(number, None)
        if running is not None:
            running[0].cancel()
