"""Which sockets can be read or written now: one trio task for all connections.

A task for each connection costs two to three times the CPU time for a small request: trio registers the socket
again for each wait and schedules a task for each event (benchmarks/connection_loop.py has both). So connections are
plain objects with an `on_events`, and one trio task waits for an epoll set of their sockets. When it has handled
what was ready it looks again, and where the trio run is ours alone it lingers there for a moment: a client that sends
one request after the other is then served without a round through trio's scheduler in between.
Where there is no epoll, `TaskPoller` does the same with a task for each socket.

Rules kept here:

- Callbacks run one after the other in one thread, and never inside each other. What one of them asks for with `soon`
  runs when it has returned.
- A batch is what one look at the sockets found. `at_end` is for what has to be done once for each batch.
- A callback that fails loses its own socket, with a traceback in the log; nobody else notices.
- Other tasks of the same trio run wait for a few milliseconds at most.
"""

from __future__ import annotations

import logging
import os
import select
import socket
from collections.abc import Callable
from contextlib import suppress
from functools import partial
from time import perf_counter
from typing import Protocol, TypeVar

import trio

__all__ = ["GONE", "READ", "WRITE", "EpollPoller", "Poller", "TaskPoller", "make_poller"]

#: What a socket is watched for, and what `on_events` is told. The numbers are epoll's. GONE: the peer has
#: sent its last byte, noticed although nobody reads; errors are always told, as a number beside these.
READ = 0x001
WRITE = 0x004
GONE = 0x2000

_EVENTS_PER_BATCH = 64

#: Seconds after which other tasks have their turn, where they are strangers and where they are ours.
_SHARED_TURN = 0.001
_OWN_TURN = 0.005

#: Seconds of waiting for the next request, the least that epoll can wait.
_LINGER = 0.001

_log = logging.getLogger("mockbroker.server")
_T = TypeVar("_T")


def _nothing() -> None:
    pass


class Watched(Protocol):
    """Who owns a socket."""

    def on_events(self, events: int) -> None:
        """Told when the socket is ready for something, or has failed."""

    def on_failure(self) -> None:
        """Told when `on_events` raised: the socket is to be closed."""


class Poller:
    """What both kinds share: work between events."""

    def __init__(self) -> None:
        self._watched: dict[int, Watched] = {}
        self._ready: list[Callable[[], None]] = []
        self._at_end: list[Callable[[], None]] = []
        self._is_busy = False
        self._token: trio.lowlevel.TrioToken | None = None

    def soon(self, callback: Callable[[], None]) -> None:
        """Run `callback` when the callback that runs now has returned, or very soon. Only in the trio thread."""
        self._ready.append(callback)
        if not self._is_busy and self._token is not None:
            self._token.run_sync_soon(self._run_batch, idempotent=True)

    def at_end(self, callback: Callable[[], None]) -> None:
        """Run `callback` at the end of the batch that runs now."""
        self._at_end.append(callback)

    def call(self, function: Callable[[], _T]) -> _T:
        """Run `function` as a batch of its own, or as part of the one that runs now. Only in the trio thread."""
        if self._is_busy:
            return function()
        self._is_busy = True
        try:
            return function()
        finally:
            self._end_batch()

    def interrupt(self) -> None:
        """Have trio's other tasks run now. From any thread."""

    def add(self, sock: socket.socket, watched: Watched, events: int = READ) -> None:
        """Begin to watch `sock` for `events`."""
        raise NotImplementedError

    def change(self, fd: int, events: int) -> None:
        """Watch the socket for other events from now on; 0 for none but errors."""
        raise NotImplementedError

    def remove(self, fd: int) -> None:
        """Watch it no longer. To be called before the socket is closed; unknown ones are ignored."""
        raise NotImplementedError

    async def run(self) -> None:
        """Watch, until cancelled."""
        raise NotImplementedError

    def close(self) -> None:
        """Free what the system holds for it."""

    def _run_batch(self) -> None:
        if self._ready and not self._is_busy:
            self.call(_nothing)

    def _end_batch(self) -> None:
        try:
            if self._ready:
                self._run_ready()
            while self._at_end:
                self._at_end.pop()()
        finally:
            self._is_busy = False
        if self._ready and self._token is not None:
            self._token.run_sync_soon(self._run_batch, idempotent=True)

    def _run_ready(self) -> None:
        """Run what is ready now; what that makes ready has its turn after other events."""
        ready, self._ready = self._ready, []
        for callback in ready:
            try:
                callback()
            except Exception:
                _log.exception("A callback of the server failed")

    def _tell(self, fd: int, events: int) -> None:
        watched = self._watched.get(fd)
        if watched is None:
            return
        try:
            watched.on_events(events)
        except Exception:
            _log.exception("Handling a socket's events failed")
            watched.on_failure()
        if self._ready:
            self._run_ready()


class EpollPoller(Poller):
    """One trio task waits for an epoll set.

    Args:
        lingers: whether it may keep the trio run waiting for a moment: true where only we have tasks in it.
    """

    def __init__(self, *, lingers: bool = False) -> None:
        super().__init__()
        self._epoll = select.epoll()
        self._linger = _LINGER if lingers else 0
        self._turn = _OWN_TURN if lingers else _SHARED_TURN
        self._is_lingering = False
        self._is_interrupted = False
        self._interrupted, self._interrupt = os.pipe()
        os.set_blocking(self._interrupted, False)
        os.set_blocking(self._interrupt, False)
        self._epoll.register(self._interrupted, READ)

    def add(self, sock: socket.socket, watched: Watched, events: int = READ) -> None:
        fd = sock.fileno()
        self._watched[fd] = watched
        self._epoll.register(fd, events)

    def change(self, fd: int, events: int) -> None:
        self._epoll.modify(fd, events)

    def remove(self, fd: int) -> None:
        if self._watched.pop(fd, None) is not None:
            self._epoll.unregister(fd)

    def interrupt(self) -> None:
        if self._is_lingering:
            with suppress(OSError):
                os.write(self._interrupt, b"!")

    def close(self) -> None:
        if not self._epoll.closed:
            self._epoll.close()
            os.close(self._interrupted)
            os.close(self._interrupt)

    async def run(self) -> None:
        self._token = trio.lowlevel.current_trio_token()
        fd = self._epoll.fileno()
        wait_readable = trio.lowlevel.wait_readable
        while True:
            await wait_readable(fd)
            self._take_turn()

    def _take_turn(self) -> None:
        """Handle batches until nothing more comes, or others have waited long enough."""
        until = perf_counter() + self._turn
        poll = self._epoll.poll
        found = poll(0, _EVENTS_PER_BATCH)
        while found:
            self._handle(found)
            if self._is_interrupted or perf_counter() > until:
                break
            self._is_lingering = True
            found = poll(self._linger, _EVENTS_PER_BATCH)
            self._is_lingering = False

    def _handle(self, found: list[tuple[int, int]]) -> None:
        self._is_busy = True
        self._is_interrupted = False
        try:
            for fd, events in found:
                if fd == self._interrupted:
                    os.read(fd, 100)
                    self._is_interrupted = True
                else:
                    self._tell(fd, events)
        finally:
            self._end_batch()


class _Socket:
    """A socket that a task of its own waits for."""

    __slots__ = ("events", "scope", "sock")

    def __init__(self, sock: socket.socket, events: int) -> None:
        self.sock = sock
        self.events = events
        self.scope = trio.CancelScope()


class TaskPoller(Poller):
    """A trio task for each socket: for systems without epoll. It does not notice GONE."""

    def __init__(self) -> None:
        super().__init__()
        self._sockets: dict[int, _Socket] = {}
        self._nursery: trio.Nursery | None = None

    def add(self, sock: socket.socket, watched: Watched, events: int = READ) -> None:
        fd = sock.fileno()
        self._watched[fd] = watched
        self._sockets[fd] = entry = _Socket(sock, events)
        if self._nursery is not None:
            self._nursery.start_soon(self._watch, fd, entry)

    def change(self, fd: int, events: int) -> None:
        entry = self._sockets[fd]
        entry.events = events
        entry.scope.cancel()

    def remove(self, fd: int) -> None:
        entry = self._sockets.pop(fd, None)
        if entry is not None:
            del self._watched[fd]
            entry.scope.cancel()
            trio.lowlevel.notify_closing(entry.sock)

    async def run(self) -> None:
        self._token = trio.lowlevel.current_trio_token()
        async with trio.open_nursery() as nursery:
            self._nursery = nursery
            for fd, entry in self._sockets.items():
                nursery.start_soon(self._watch, fd, entry)
            await trio.sleep_forever()

    async def _watch(self, fd: int, entry: _Socket) -> None:
        while self._sockets.get(fd) is entry:
            ready = 0
            entry.scope = trio.CancelScope()
            with entry.scope:
                ready = await self._wait(entry)
            if ready and self._sockets.get(fd) is entry:
                self.call(partial(self._tell, fd, ready))

    async def _wait(self, entry: _Socket) -> int:
        events = entry.events
        try:
            if events & WRITE:
                await trio.lowlevel.wait_writable(entry.sock)
                return WRITE
            if events & READ:
                await trio.lowlevel.wait_readable(entry.sock)
                return READ
            await trio.sleep_forever()
        except trio.ClosedResourceError:
            pass
        return 0


def make_poller(*, lingers: bool = False) -> Poller:
    """The fastest kind that this system has.

    Args:
        lingers: see `EpollPoller`.
    """
    if hasattr(select, "epoll"):
        return EpollPoller(lingers=lingers)
    return TaskPoller()
