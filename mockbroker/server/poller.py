"""Which sockets can be read or written now: one trio task for all connections of a server.

A task for each connection costs two to three times the CPU time for a small request: trio registers the socket
again for each wait and schedules a task for each event (benchmarks/connection_loop.py has both). So connections are
plain objects with an `on_events`, and one trio task waits for an epoll set of their sockets.
Where there is no epoll, `TaskPoller` does the same with a task for each socket.

Rules kept here:

- Callbacks run one after the other in one thread, and never inside each other. What one of them asks for with `soon`
  runs when it has returned.
- A batch is what one look at the sockets found. `before_batch` runs before it (the core is told the time),
  `after_batch` after it (the core's next alarm is known).
- A callback that fails loses its own socket, with a traceback in the log; nobody else notices.
- Other tasks of the same trio run have their turn after a few batches.
"""

from __future__ import annotations

import logging
import select
import socket
from collections.abc import Callable
from functools import partial
from typing import Any, Protocol, TypeVar

import trio

__all__ = ["GONE", "READ", "WRITE", "EpollPoller", "Poller", "TaskPoller", "make_poller"]

#: What a socket is watched for, and what `on_events` is told. The numbers are epoll's. GONE: the peer has
#: sent its last byte, noticed although nobody reads; errors are always told, as a number beside these.
READ = 0x001
WRITE = 0x004
GONE = 0x2000

_BATCHES_PER_TURN = 4
_EVENTS_PER_BATCH = 64

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
        self.before_batch: Callable[[], object] = _nothing
        self.after_batch: Callable[[], object] = _nothing
        self._watched: dict[int, Watched] = {}
        self._ready: list[Callable[[], None]] = []
        self._is_busy = False
        self._token: trio.lowlevel.TrioToken | None = None

    def soon(self, callback: Callable[[], None]) -> None:
        """Run `callback` when the callback that runs now has returned, or very soon. Only in the trio thread."""
        self._ready.append(callback)
        if not self._is_busy and self._token is not None:
            self._token.run_sync_soon(self._run_batch, idempotent=True)

    def call(self, function: Callable[[], _T]) -> _T:
        """Run `function` as a batch of its own, or as part of the one that runs now. Only in the trio thread."""
        if self._is_busy:
            return function()
        self._is_busy = True
        try:
            self.before_batch()
            return function()
        finally:
            self._end_batch()

    def wake(self) -> None:
        """Run a batch in which nothing happens but what time has brought. Only in the trio thread."""
        self.call(_nothing)

    def _run_batch(self) -> None:
        if self._ready and not self._is_busy:
            self.wake()

    def _end_batch(self) -> None:
        try:
            if self._ready:
                self._run_ready()
            self.after_batch()
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

    def add(self, sock: socket.socket, watched: Watched, events: int = READ) -> None:
        """Begin to watch `sock` for `events`."""
        raise NotImplementedError

    def change(self, fd: int, events: int) -> None:
        """Watch the socket for other events from now on; 0 for none but errors."""
        raise NotImplementedError

    def remove(self, fd: int) -> None:
        """Watch it no longer. To be called before the socket is closed; unknown ones are ignored."""
        raise NotImplementedError

    async def run(self, task_status: trio.TaskStatus[None] = trio.TASK_STATUS_IGNORED) -> None:
        """Watch, until cancelled."""
        raise NotImplementedError

    def close(self) -> None:
        """Free what the system holds for it."""


class EpollPoller(Poller):
    """One trio task waits for an epoll set."""

    def __init__(self) -> None:
        super().__init__()
        self._epoll = select.epoll()

    def add(self, sock: socket.socket, watched: Watched, events: int = READ) -> None:
        fd = sock.fileno()
        self._watched[fd] = watched
        self._epoll.register(fd, events)

    def change(self, fd: int, events: int) -> None:
        self._epoll.modify(fd, events)

    def remove(self, fd: int) -> None:
        if self._watched.pop(fd, None) is not None:
            self._epoll.unregister(fd)

    def close(self) -> None:
        self._epoll.close()

    async def run(self, task_status: trio.TaskStatus[None] = trio.TASK_STATUS_IGNORED) -> None:
        self._token = trio.lowlevel.current_trio_token()
        fd = self._epoll.fileno()
        wait_readable = trio.lowlevel.wait_readable
        task_status.started()
        while True:
            await wait_readable(fd)
            for _ in range(_BATCHES_PER_TURN):
                # A single event is seldom followed by another at once.
                if self._poll() < 2:
                    break

    def _poll(self) -> int:
        found = self._epoll.poll(0, _EVENTS_PER_BATCH)
        if found:
            self._is_busy = True
            try:
                self.before_batch()
                for fd, events in found:
                    self._tell(fd, events)
            finally:
                self._end_batch()
        return len(found)


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

    async def run(self, task_status: trio.TaskStatus[None] = trio.TASK_STATUS_IGNORED) -> None:
        self._token = trio.lowlevel.current_trio_token()
        async with trio.open_nursery() as nursery:
            self._nursery = nursery
            for fd, entry in self._sockets.items():
                nursery.start_soon(self._watch, fd, entry)
            task_status.started()
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


def make_poller() -> Poller:
    """The fastest kind that this system has."""
    kind: Any = EpollPoller if hasattr(select, "epoll") else TaskPoller
    poller: Poller = kind()
    return poller
