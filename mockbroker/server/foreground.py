"""A server in the main thread, until a signal says stop."""

from __future__ import annotations

import signal
from collections.abc import Callable

import trio

from mockbroker.server.server import Server, serving

__all__ = ["serve_until_signal"]


def serve_until_signal(server: Server, on_ready: Callable[[], object]) -> None:
    """Run `server` in this thread, the main one, until SIGINT or SIGTERM.

    Args:
        on_ready: called once clients are served.
    """
    trio.run(_serve, server, on_ready)


async def _serve(server: Server, on_ready: Callable[[], object]) -> None:
    with trio.open_signal_receiver(signal.SIGINT, signal.SIGTERM) as signals:
        async with serving(server, lingers=True):
            on_ready()
            async for _ in signals:
                break
