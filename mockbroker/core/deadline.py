"""A deadline that moves often and is met rarely: a member's session, say.

Moving it later costs an assignment: the alarm that is already set rings too early, sees the new deadline, and is set
again. Only moving it earlier touches the clock.
"""

from __future__ import annotations

from collections.abc import Callable

from mockbroker.core.time import Alarm, Clock

__all__ = ["Deadline"]


class Deadline:
    """One action due at a time that moves.

    Args:
        clock: whose time it goes by.
        action: called once when the deadline is met; it may set the deadline again.
    """

    __slots__ = ("_action", "_alarm", "_clock", "_when")

    def __init__(self, clock: Clock, action: Callable[[], None]) -> None:
        self._clock = clock
        self._action = action
        self._when: float | None = None
        self._alarm: Alarm | None = None

    @property
    def when(self) -> float | None:
        """When it is due, in seconds since the epoch; None while it is not set."""
        return self._when

    def after(self, seconds: float) -> None:
        """Set it, or move it, to `seconds` from now."""
        when = self._when = self._clock.now + seconds
        alarm = self._alarm
        if alarm is None:
            self._alarm = self._clock.call_at(when, self._ring)
        elif when < alarm.when:
            alarm.cancel()
            self._alarm = self._clock.call_at(when, self._ring)

    def cancel(self) -> None:
        """Never meet it, unless it is set again."""
        self._when = None
        if self._alarm is not None:
            self._alarm.cancel()
            self._alarm = None

    def _ring(self) -> None:
        when = self._when
        assert when is not None
        if when > self._clock.now:
            self._alarm = self._clock.call_at(when, self._ring)
            return
        self._when = self._alarm = None
        self._action()
