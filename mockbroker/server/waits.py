"""Waiting for something in a cluster: a thread that blocks, or a trio task."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import trio

from mockbroker.control.waits import Watch

if TYPE_CHECKING:
    from mockbroker.control.control import Control
    from mockbroker.control.waits import Wait
    from mockbroker.server.server import Server
    from mockbroker.server.thread import BackgroundServer

__all__ = ["wait_in_task", "wait_in_thread"]


class _Outcome:
    """What became of a wait."""

    def __init__(self, tell: Callable[[], object]) -> None:
        self._tell = tell
        self.found: Any = None
        self.error: BaseException | None = None

    def end(self, found: Any, error: BaseException | None) -> None:
        self.found, self.error = found, error
        self._tell()

    def result(self) -> Any:
        if self.error is not None:
            raise self.error
        return self.found


def wait_in_thread(background: BackgroundServer, control: Control, wait: Wait, timeout: float) -> Any:
    """Block this thread until the wait is over.

    Args:
        timeout: seconds of real time.

    Returns:
        What the wait gives.

    Raises:
        WaitTimeout: it has not come in time.
        RuntimeError: this is the thread in which the cluster runs.
    """
    if background.is_own_thread:
        raise RuntimeError("the cluster runs in this thread, which cannot wait for it")
    ended = threading.Event()
    outcome = _Outcome(ended.set)
    watch = Watch(wait, control.watchers, outcome.end)
    background.call(watch.begin)
    if not ended.wait(timeout):
        background.call(watch.end)
        if not ended.is_set():
            raise background.call(lambda: control.waits.timeout(wait, timeout))
    return outcome.result()


async def wait_in_task(server: Server, control: Control, wait: Wait, timeout: float) -> Any:
    """Let this task wait, in the trio run in which the cluster runs. See `wait_in_thread`.

    Raises:
        WaitTimeout: it has not come in time.
    """
    ended = trio.Event()
    outcome = _Outcome(ended.set)
    watch = Watch(wait, control.watchers, outcome.end)
    server.call(watch.begin)
    try:
        with trio.move_on_after(timeout):
            await ended.wait()
    finally:
        watch.end()
    if not ended.is_set():
        raise server.call(lambda: control.waits.timeout(wait, timeout))
    return outcome.result()
