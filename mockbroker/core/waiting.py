"""Requests whose answer is not ready.

A handler is a plain function: it returns its reply, None where no reply is due, or a `Pending`, which
somebody settles later. `Waiting.wait` makes the common kind of Pending: an attempt that is repeated whenever one
of the things it waits for is touched, and once more, for the last time, when its time is up.

Rules kept here:

- `touch` only notes what changed. The attempts run in `flush`, when the work that touched is whole, so a waiting
  request never sees half of another request's effect. (Kafka: `ActionQueue`, `DelayedOperationPurgatory`.)
- Attempts run in the order in which their requests began to wait.
- A Pending settles once. What comes after is ignored.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable
from typing import Any

from mockbroker.core.time import Alarm, Clock

__all__ = ["NOT_YET", "Attempt", "Part", "Pending", "Waiting"]


class _NotYet:
    __slots__ = ()

    def __repr__(self) -> str:
        return "NOT_YET"


#: What an attempt returns while the answer is not ready.
NOT_YET: Any = _NotYet()

#: Called as `attempt(last=False)`: returns the reply, or NOT_YET. With `last=True` it must return a reply.
Attempt = Callable[[bool], Any]


class Pending:
    """An answer to come.

    The server sets `on_settled`, then sends `reply` when it is called. It calls `abandon` when the client is gone, and
    `hurry` when the next request has arrived behind this one on its connection.
    """

    __slots__ = ("_on_abandon", "_on_hurry", "_settled", "on_settled", "reply")

    def __init__(
        self, on_abandon: Callable[[], None] | None = None, on_hurry: Callable[[], None] | None = None
    ) -> None:
        self.reply: Any = None
        self.on_settled: Callable[[], None] | None = None
        self._settled = False
        self._on_abandon = on_abandon
        self._on_hurry = on_hurry

    @property
    def is_settled(self) -> bool:
        return self._settled

    def settle(self, reply: Any) -> None:
        """Give the answer (None: the request gets none). Ignored once settled or abandoned."""
        if self._settled:
            return
        self._settled = True
        self.reply = reply
        if self.on_settled is not None:
            self.on_settled()

    def then(self, convert: Callable[[Any], Any]) -> Pending:
        """The same wait, whose reply is what `convert` makes of this one's."""
        if self._settled:
            done = Pending()
            done.settle(convert(self.reply))
            return done
        outer = Pending(on_abandon=self.abandon, on_hurry=self.hurry)
        self.on_settled = lambda: outer.settle(convert(self.reply))
        return outer

    def abandon(self) -> None:
        """Nobody waits for the answer any more: forget the request."""
        if not self._settled:
            self._settled = True
            if self._on_abandon is not None:
                self._on_abandon()

    def hurry(self) -> None:
        """Answer now if that is harmless, since another request waits behind this one."""
        if not self._settled and self._on_hurry is not None:
            self._on_hurry()


class Part:
    """The first buffers of an answer, which leave at once, and a Pending of what follows: the same kinds of things."""

    __slots__ = ("buffers", "rest")

    def __init__(self, buffers: list[Any], rest: Pending) -> None:
        self.buffers = buffers
        self.rest = rest


class _Waiter:
    """One attempt, with the keys it listens on and the alarm that ends it."""

    __slots__ = ("alarm", "attempt", "keys", "number", "pending")

    def __init__(self, number: int, attempt: Attempt, keys: tuple[Hashable, ...]) -> None:
        self.number = number
        self.attempt = attempt
        self.keys = keys
        self.pending: Pending
        self.alarm: Alarm | None = None


class Waiting:
    """All waiting attempts of one cluster.

    Attributes:
        watchers: called at the end of each flush: whoever waits for something that no key stands for.
    """

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self.watchers: list[Callable[[], object]] = []
        self._waiters: dict[Hashable, dict[int, _Waiter]] = {}
        self._touched: dict[int, _Waiter] = {}
        self._started = 0

    def wait(self, attempt: Attempt, *, on: Iterable[Hashable], at_most: float, hurried: bool = False) -> Any:
        """Ask `attempt` now, then whenever a key of `on` was touched, and a last time when time is up.

        Args:
            attempt: returns the reply or NOT_YET; called with True it must return a reply.
            on: keys of what it waits for: a partition, say.
            at_most: seconds until the last attempt.
            hurried: whether the next request on the same connection ends the wait (a parked Fetch).

        Returns:
            The reply where the first attempt gave one, else a Pending.
        """
        reply = attempt(at_most <= 0)
        if reply is not NOT_YET:
            return reply
        self._started += 1
        waiter = _Waiter(self._started, attempt, tuple(on))
        waiter.pending = Pending(
            on_abandon=lambda: self._forget(waiter),
            on_hurry=(lambda: self._give_up(waiter)) if hurried else None,
        )
        waiter.alarm = self._clock.call_later(at_most, lambda: self._give_up(waiter))
        for key in waiter.keys:
            self._waiters.setdefault(key, {})[waiter.number] = waiter
        return waiter.pending

    def touch(self, key: Hashable) -> None:
        """Note that `key` changed: whoever waits on it tries again in the next `flush`."""
        waiters = self._waiters.get(key)
        if waiters:
            self._touched.update(waiters)

    def flush(self) -> None:
        """Let everybody try whose key was touched, and whoever they touch in turn, until all is quiet."""
        while self._touched:
            touched = sorted(self._touched)
            batch, self._touched = self._touched, {}
            for number in touched:
                waiter = batch[number]
                if waiter.pending.is_settled:
                    continue
                reply = waiter.attempt(False)
                if reply is not NOT_YET:
                    self._forget(waiter)
                    waiter.pending.settle(reply)
        if self.watchers:
            self.tell_watchers()

    def tell_watchers(self) -> None:
        """Have the watchers look at what there is now."""
        for watcher in list(self.watchers):
            watcher()

    def _give_up(self, waiter: _Waiter) -> None:
        self._forget(waiter)
        waiter.pending.settle(waiter.attempt(True))

    def _forget(self, waiter: _Waiter) -> None:
        if waiter.alarm is not None:
            waiter.alarm.cancel()
        for key in waiter.keys:
            waiters = self._waiters.get(key)
            if waiters is not None and waiters.pop(waiter.number, None) is not None and not waiters:
                del self._waiters[key]
