"""Tells the core the time, and wakes it for its alarms.

The core's clock starts at the wall's time and follows a monotonic one: trio's own, so that both go together where a
test brings a clock for trio. A test may pause it, let it jump ahead, and let it go on from where it then stands.

Rules kept here:

- The core learns the time before each batch of frames, so all that one batch does is dated alike.
- After each alarm the waiting requests have their turn, before the next alarm rings.
- The sleeper's deadline moves forward at once when an earlier alarm is set. When the alarm that it sleeps for is
  cancelled, it wakes for nothing, at most once: that is cheaper than to follow each cancelled Fetch.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from math import inf

import trio

from mockbroker.core.time import Clock
from mockbroker.server.poller import Poller

__all__ = ["Timekeeper"]

_log = logging.getLogger("mockbroker.server")


class Timekeeper:
    """Maps real time to the core's time. To be used inside one trio run.

    Args:
        clock: the core's clock, standing where it starts.
        flush: lets the waiting requests try again.
        poller: runs what has to be done at the end of a batch.
    """

    def __init__(self, clock: Clock, flush: Callable[[], object], poller: Poller) -> None:
        self._clock = clock
        self._flush = flush
        self._poller = poller
        #: Whether the core has been told the time in this batch.
        self.has_told = False
        self._real_time: Callable[[], float] = trio.current_time
        #: Real time at the beginning of this batch, in trio's seconds.
        self.real_now = trio.current_time()
        self._ahead = clock.now - self.real_now
        self._is_paused = False
        self._scope: trio.CancelScope | None = None
        self._wakes_at = inf

    @property
    def is_paused(self) -> bool:
        return self._is_paused

    def begin(self) -> None:
        """Tell the core the time, if that has not been done in this batch. At its end the next alarm is looked at."""
        if not self.has_told:
            self.has_told = True
            self._poller.at_end(self._end_batch)
            self.tick()

    def tick(self) -> None:
        """Tell the core what time it is; what is due by now rings."""
        self.real_now = self._real_time()
        if self._is_paused:
            return
        now = self.real_now + self._ahead
        clock = self._clock
        due = clock.next_alarm
        if due is not None and due <= now:
            self._ring_until(now)
        if now > clock.now:
            clock.now = now

    def pause(self) -> None:
        """Stop the core's time where it is."""
        self.tick()
        self._is_paused = True

    def resume(self) -> None:
        """Let the core's time go on from where it stands."""
        if self._is_paused:
            self._ahead = self._clock.now - self._real_time()
            self._is_paused = False

    def advance(self, seconds: float) -> None:
        """Let `seconds` of the core's time pass at once, paused or not; what becomes due has rung on return.

        Raises:
            ValueError: time cannot go back.
        """
        if seconds < 0:
            raise ValueError(f"time cannot go back: {seconds} seconds")
        if not self._is_paused:
            self._ahead += seconds
            self.tick()
            return
        until = self._clock.now + seconds
        self._ring_until(until)
        self._clock.advance_to(until)

    def rebase(self) -> None:
        """The core's clock was set to another time, and has other alarms: let its time go on from there."""
        self._ahead = self._clock.now - self._real_time()
        self._wakes_at = inf
        self.rearm()

    def rearm(self) -> None:
        """Have the sleeper wake in time for the next alarm."""
        due = self._clock.next_alarm
        if due is None or self._is_paused:
            return
        when = due - self._ahead
        if when < self._wakes_at:
            self._wakes_at = when
            if self._scope is not None:
                self._scope.deadline = when

    async def run(self) -> None:
        """Sleep until the next alarm is due, ring it, and so on, until cancelled."""
        while True:
            self._wakes_at = inf
            self.rearm()
            with trio.CancelScope(deadline=self._wakes_at) as self._scope:
                await trio.sleep_forever()
            self._poller.call(self.begin)

    def _end_batch(self) -> None:
        self.has_told = False
        self.rearm()

    def _ring_until(self, when: float) -> None:
        clock = self._clock
        while (due := clock.next_alarm) is not None and due <= when:
            try:
                clock.ring_next()
                self._flush()
            except Exception:
                _log.exception("An alarm failed")
