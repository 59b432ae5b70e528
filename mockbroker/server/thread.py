"""Servers in the background, for tests written without trio: one trio thread for all clusters of the process.

Rules kept here:

- The thread begins with the first server and ends with the last, so a process without clusters has no thread of ours.
  To join a running trio takes 0.05 ms, to begin a thread with its own 0.4 ms, once.
- What goes wrong in one server does not end the thread.
- A call from any thread runs in the trio thread, and its result or exception is the caller's.
- A forked child has neither the thread nor the clusters: it closes its copies of their sockets, so that the parent's
  ports and connections can close, and whoever calls is told.
"""

from __future__ import annotations

import logging
import os
import threading
from collections.abc import Awaitable, Callable
from contextlib import suppress
from typing import Generic, TypeVar
from weakref import WeakSet

import trio

from mockbroker.server.poller import Poller, make_poller
from mockbroker.server.server import Server

__all__ = ["BackgroundServer"]

_T = TypeVar("_T")

_log = logging.getLogger("mockbroker.server")


class _Outcome(Generic[_T]):
    """What a call in the other thread came to."""

    __slots__ = ("_done", "_error", "_function", "_result")

    def __init__(self, function: Callable[[], _T]) -> None:
        self._function = function
        self._error: BaseException | None = None
        self._done = threading.Lock()
        self._done.acquire()

    def run(self) -> None:
        try:
            self._result = self._function()
        except BaseException as error:
            self._error = error
        self._done.release()

    def wait(self) -> _T:
        self._done.acquire()
        if self._error is not None:
            try:
                raise self._error
            finally:
                self._error = None
        return self._result


class _TrioThread:
    """A daemon thread in which trio runs, until nobody uses it."""

    _lock = threading.Lock()
    _current: _TrioThread | None = None

    def __init__(self) -> None:
        self._users = 0
        self.poller = make_poller(lingers=True)
        self._nursery: trio.Nursery
        self._token: trio.lowlevel.TrioToken
        started = threading.Lock()
        started.acquire()
        self._thread = threading.Thread(
            target=trio.run, args=(self._main, started.release), name="mockbroker", daemon=True
        )
        self._thread.start()
        started.acquire()

    @classmethod
    def acquire(cls) -> _TrioThread:
        """The process's thread; begun if need be. To be given back with `release`."""
        with cls._lock:
            if cls._current is None:
                cls._current = cls()
            cls._current._users += 1
            return cls._current

    def release(self) -> None:
        with self._lock:
            self._users -= 1
            if self._users:
                return
            type(self)._current = None
        with suppress(trio.RunFinishedError):
            self.run_soon(lambda: self._nursery.cancel_scope.cancel())
        if not self.is_here:
            self._thread.join()

    @classmethod
    def forget(cls) -> None:
        """In a forked child: there is no thread."""
        cls._lock = threading.Lock()
        if cls._current is not None:
            cls._current.poller.close()
            cls._current = None

    @property
    def is_here(self) -> bool:
        """Whether this code runs in the thread."""
        return threading.get_ident() == self._thread.ident

    def run_soon(self, function: Callable[[], object]) -> None:
        self._token.run_sync_soon(function)
        self.poller.interrupt()

    def spawn(self, task: Callable[[Poller], Awaitable[object]]) -> None:
        self.run_soon(lambda: self._nursery.start_soon(task, self.poller))

    def call(self, function: Callable[[], _T]) -> _T:
        if self.is_here:
            return function()
        outcome = _Outcome(function)
        self.run_soon(outcome.run)
        return outcome.wait()

    async def _main(self, started: Callable[[], None]) -> None:
        try:
            async with trio.open_nursery() as self._nursery:
                self._token = trio.lowlevel.current_trio_token()
                self._nursery.start_soon(self.poller.run)
                started()
        finally:
            self.poller.close()


class BackgroundServer:
    """A server that runs in the process's trio thread. Safe to use from any thread.

    Args:
        server: with its listeners open already, so that errors of opening are raised where it is made.
    """

    def __init__(self, server: Server) -> None:
        self._server = server
        self._lock = threading.Lock()
        self._started = threading.Event()
        self._ended = threading.Event()
        self._is_foreign = False
        self._thread: _TrioThread | None = _TrioThread.acquire()
        _running.add(self)
        self._thread.spawn(self._run)
        self._started.wait()

    @property
    def is_running(self) -> bool:
        """Whether it was not stopped, and belongs to this process."""
        return self._thread is not None and not self._is_foreign

    @property
    def is_own_thread(self) -> bool:
        """Whether this code runs in the thread in which the server runs."""
        return self._thread is not None and self._thread.is_here

    def call(self, function: Callable[[], _T]) -> _T:
        """Run `function` as `Server.call` does, and return its result.

        Raises:
            RuntimeError: the server was stopped, or belongs to the process from which this one was forked.
            Exception: whatever `function` raises.
        """
        thread = self._thread
        if self._is_foreign:
            raise RuntimeError("this cluster runs in the parent process; a forked child cannot use it")
        if thread is None:
            raise RuntimeError("this cluster was stopped")
        return thread.call(lambda: self._call_if_running(function))

    def stop(self) -> None:
        """Close everything, and return when it is closed. Harmless when it is stopped already."""
        with self._lock:
            thread, self._thread = self._thread, None
        if thread is None or self._is_foreign:
            return
        _running.discard(self)
        with suppress(trio.RunFinishedError):
            thread.call(self._server.stop)
        if not thread.is_here:
            self._ended.wait()
        thread.release()

    def abandon(self) -> None:
        """In a forked child: this is the parent's."""
        self._is_foreign = True
        self._server.abandon()

    def _call_if_running(self, function: Callable[[], _T]) -> _T:
        if not self._server.is_running:
            raise RuntimeError("this cluster was stopped")
        return self._server.call(function)

    def started(self, value: None = None) -> None:
        """The server runs (trio's `TaskStatus`)."""
        self._started.set()

    async def _run(self, poller: Poller) -> None:
        try:
            await self._server.run(poller, task_status=self)
        except Exception:
            _log.exception("A cluster's server failed")
        finally:
            self._started.set()
            self._ended.set()


_running: WeakSet[BackgroundServer] = WeakSet()


def _after_fork_in_child() -> None:
    _TrioThread.forget()
    for server in list(_running):
        server.abandon()
    _running.clear()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_after_fork_in_child)
