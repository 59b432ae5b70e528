"""A clock that is told the time, and alarms that ring in order.

Rules kept here:

- Time moves only when somebody says so (`advance_to`, `advance`), and never backwards.
- Alarms ring in the order of their times; equal times ring in the order in which they were set.
- While an alarm rings, `now` is the alarm's own time, so whatever it starts is dated exactly.
- An alarm that an action sets for a time that has already come rings in the same advance.
"""

from __future__ import annotations

import heapq
from collections.abc import Callable
from itertools import count

__all__ = ["Alarm", "Clock"]

#: Cancelled alarms stay in the heap until they outnumber the live ones, but never fewer than this.
_SWEEP_AT_LEAST = 64


class Alarm:
    """One action due at one time. Made by `Clock.call_at`; `cancel` makes it never ring."""

    __slots__ = ("_clock", "action", "when")

    def __init__(self, clock: Clock, when: float, action: Callable[[], None]) -> None:
        self._clock = clock
        self.when = when
        self.action: Callable[[], None] | None = action

    @property
    def is_set(self) -> bool:
        """Whether it is still going to ring."""
        return self.action is not None

    def cancel(self) -> None:
        """Never ring. Harmless when it has rung or was cancelled before."""
        if self.action is not None:
            self.action = None
            self._clock._cancelled_one()


class Clock:
    """The core's only source of time.

    Args:
        now: seconds since the epoch at which it stands at first.
    """

    def __init__(self, now: float = 0.0) -> None:
        self.now = now
        self._alarms: list[tuple[float, int, Alarm]] = []
        self._order = count()
        self._cancelled = 0

    @property
    def now_ms(self) -> int:
        """Milliseconds since the epoch, as Kafka dates records."""
        return int(self.now * 1000)

    @property
    def next_alarm(self) -> float | None:
        """When the next alarm is due, in seconds since the epoch; None while no alarm is set."""
        alarms = self._alarms
        while alarms and alarms[0][2].action is None:
            heapq.heappop(alarms)
            self._cancelled -= 1
        return alarms[0][0] if alarms else None

    def call_at(self, when: float, action: Callable[[], None]) -> Alarm:
        """Ring `action` at `when` (seconds since the epoch), in a later `advance_to`, never now."""
        alarm = Alarm(self, when, action)
        heapq.heappush(self._alarms, (when, next(self._order), alarm))
        return alarm

    def call_later(self, delay: float, action: Callable[[], None]) -> Alarm:
        """Ring `action` when `delay` seconds have passed."""
        return self.call_at(self.now + delay, action)

    def advance(self, seconds: float) -> None:
        """Let `seconds` pass; every alarm that becomes due has rung on return."""
        self.advance_to(self.now + seconds)

    def advance_to(self, when: float) -> None:
        """Let time pass until `when`. A time that has gone by already changes nothing."""
        while (due := self.next_alarm) is not None and due <= when:
            self.ring_next()
        if when > self.now:
            self.now = when

    def shift(self, seconds: float) -> None:
        """Set it to another time, earlier or later, and all its alarms with it: nothing rings."""
        self.now += seconds
        for _, _, alarm in self._alarms:
            alarm.when += seconds
        # The order stays, and so does the heap.
        self._alarms[:] = [(when + seconds, order, alarm) for when, order, alarm in self._alarms]

    def ring_next(self) -> None:
        """Ring the one alarm that is due first, moving `now` to its time.

        Raises:
            IndexError: no alarm is set.
        """
        if self.next_alarm is None:
            raise IndexError("no alarm is set")
        when, _, alarm = heapq.heappop(self._alarms)
        action, alarm.action = alarm.action, None
        if when > self.now:
            self.now = when
        if action is not None:
            action()

    def _cancelled_one(self) -> None:
        self._cancelled += 1
        if self._cancelled > _SWEEP_AT_LEAST and self._cancelled * 2 > len(self._alarms):
            self._alarms = [entry for entry in self._alarms if entry[2].action is not None]
            heapq.heapify(self._alarms)
            self._cancelled = 0
