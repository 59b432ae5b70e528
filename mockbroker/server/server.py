"""A cluster's server: its brokers' listeners, their connections, and the time, in one trio run.

Rules kept here:

- All of it, and so the core, runs in one thread; whoever comes from elsewhere uses `call`.
- Idle connections are closed by real time, not by the core's: to let an hour pass in the core is not to cut every
  client off.

Kafka: `SocketServer`.
"""

from __future__ import annotations

import logging
import socket
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from functools import partial
from typing import TYPE_CHECKING, Any, Protocol, TypeVar

import trio

from mockbroker.server.alarms import Timekeeper
from mockbroker.server.listeners import BrokerListener, open_sockets
from mockbroker.server.poller import Poller, make_poller
from mockbroker.wire.framing import SCRATCH_SIZE

if TYPE_CHECKING:
    from mockbroker.core.time import Clock
    from mockbroker.server.connection import Connection
    from mockbroker.wire.caller import Caller

__all__ = ["Broker", "Server", "Settings", "serving"]

_log = logging.getLogger("mockbroker.server")
_T = TypeVar("_T")


class Broker(Protocol):
    """What the server needs of whoever answers (`mockbroker.broker.Broker`)."""

    clock: Clock

    def receive(self, frame: bytearray, caller: Caller) -> Any:
        """Answer a frame: None, a list of buffers, or a Pending of either. Raises `Disconnect`."""

    def throttled_ms(self, node_id: int, address: str) -> int:
        """For how many milliseconds a connection that came in is to be held before it is refused; 0: it is not."""
        ...

    def connected(self, caller: Caller) -> None:
        """A client has come."""

    def disconnected(self, caller: Caller) -> None:
        """A client is gone."""

    def flush(self) -> None:
        """Let waiting requests try again."""


class Beside(Protocol):
    """What runs beside the brokers: the control plane."""

    @property
    def url(self) -> str:
        """Where it is found."""

    def start(self) -> None:
        """The server runs from now on."""

    def close(self) -> None:
        """Close the sockets; harmless when they are closed."""


class Settings(Protocol):
    """What the server needs of `mockbroker.config.Settings`."""

    def __getitem__(self, name: str) -> Any: ...
    def for_broker(self, broker_id: int) -> Any:
        """The configs in force for one broker, by name."""


class Server:
    """The sockets of one cluster.

    Args:
        broker: who answers.
        settings: the cluster's configs.
    """

    def __init__(self, broker: Broker, settings: Settings) -> None:
        self.broker = broker
        self.settings = settings
        self.scratch = bytearray(SCRATCH_SIZE)
        self.max_frame_size: int = settings["socket.request.max.bytes"]
        self.poller: Poller
        self.timekeeper: Timekeeper
        self.listeners: dict[int, BrokerListener] = {}
        self.beside: Beside | None = None
        self._nursery: trio.Nursery | None = None
        self._connections = 0

    @property
    def is_running(self) -> bool:
        return self._nursery is not None

    def add(self, node_id: int, sockets: list[socket.socket]) -> int:
        """Take over a broker's listening sockets; from another thread only while the server does not run.

        Returns:
            Their port.
        """
        listener = self.listeners[node_id] = BrokerListener(self, node_id, sockets)
        if self.is_running:
            listener.start()
        return listener.port

    def open(self, node_id: int, host: str, port: int) -> int:
        """Listen for a broker, as `add` does.

        Raises:
            CannotListen: see `open_sockets`.
        """
        return self.add(node_id, open_sockets(host, port))

    def close(self, node_id: int, *, abruptly: bool = False) -> None:
        """Stop listening for a broker and close its connections; abruptly: as when its process is killed."""
        listener = self.listeners.pop(node_id, None)
        if listener is not None:
            listener.close(abruptly=abruptly)

    def close_all(self) -> None:
        """Close everything; also a server that never ran."""
        for node_id in list(self.listeners):
            self.close(node_id)
        if self.beside is not None:
            self.beside.close()

    def abandon(self) -> None:
        """In a forked child: close its copies of the sockets, and leave the parent's alone."""
        for listener in self.listeners.values():
            for sock in listener.sockets:
                sock.close()
            for connection in listener.connections:
                connection.abandon()
        if self.beside is not None:
            self.beside.close()

    async def run(
        self, poller: Poller, *, task_status: trio.TaskStatus[None] = trio.TASK_STATUS_IGNORED
    ) -> None:
        """Serve until cancelled or told to `stop`; then everything is closed.

        Args:
            poller: watches the sockets, and is run by somebody else.
        """
        self.poller = poller
        self.timekeeper = Timekeeper(self.broker.clock, self.broker.flush, poller)
        try:
            async with trio.open_nursery() as nursery:
                self._nursery = nursery
                for listener in self.listeners.values():
                    listener.start()
                if self.beside is not None:
                    self.beside.start()
                nursery.start_soon(self.timekeeper.run)
                nursery.start_soon(self._close_idle, self.settings["connections.max.idle.ms"] / 1000)
                task_status.started()
        finally:
            self._nursery = None
            poller.call(self.close_all)

    def stop(self) -> None:
        """Have `run` end. Only in the trio thread."""
        if self._nursery is not None:
            self._nursery.cancel_scope.cancel()

    def call(self, function: Callable[[], _T]) -> _T:
        """Run `function` on the core as a request is run: at the right time, and waiting requests notice what it did.

        Only in the trio thread.
        """

        def at_the_right_time() -> _T:
            self.timekeeper.begin()
            try:
                return function()
            finally:
                self.broker.flush()

        return self.poller.call(at_the_right_time)

    def later(self, seconds: float, function: Callable[[], None]) -> None:
        """Run `function` after so many seconds of real time."""

        async def wait() -> None:
            await trio.sleep(seconds)
            self.poller.call(function)

        if self._nursery is not None:
            self._nursery.start_soon(wait)

    def spawn(self, task: Callable[..., Awaitable[object]], *arguments: Any) -> None:
        """Have a task run beside the connections, until this server ends. Only in the trio thread, while it runs.

        The task is to see to its own errors: one that escapes ends the server.
        """
        assert self._nursery is not None
        self._nursery.start_soon(task, *arguments)

    def next_connection_id(self) -> int:
        """A number for a new connection, unique in the cluster's life."""
        self._connections += 1
        return self._connections

    def on_opened(self, connection: Connection, port: int) -> None:
        """A listener tells that a client has come, from its `port`."""
        caller = connection.caller
        _log.debug(
            "Broker %d: connection %d from %s:%d",
            caller.node_id,
            caller.connection_id,
            caller.client_host,
            port,
        )
        self.broker.connected(caller)

    def on_closed(self, connection: Connection, reason: str) -> None:
        """A connection tells that it has closed."""
        self.timekeeper.begin()
        caller = connection.caller
        _log.debug("Broker %d: closed connection %d: %s", caller.node_id, caller.connection_id, reason)
        try:
            self.broker.disconnected(caller)
        except Exception:
            _log.exception("The end of connection %d failed", caller.connection_id)

    async def _close_idle(self, at_most: float) -> None:
        """Close connections on which nothing came for so many seconds; below zero: never."""
        if at_most < 0:
            return
        while True:
            oldest = trio.current_time() - at_most
            idle = []
            next_active = oldest + at_most
            for listener in self.listeners.values():
                for connection in listener.connections:
                    if connection.active_at <= oldest:
                        idle.append(connection)
                    elif connection.active_at < next_active:
                        next_active = connection.active_at
            if idle:
                self.poller.call(partial(_close_each, idle))
            await trio.sleep_until(max(next_active + at_most, trio.current_time() + at_most / 20 + 0.01))


def _close_each(connections: list[Connection]) -> None:
    for connection in connections:
        connection.close("it was idle")


@asynccontextmanager
async def serving(server: Server, *, lingers: bool = False) -> AsyncIterator[None]:
    """Have `server` run beside the block, in the caller's trio run; it ends with the block.

    Args:
        lingers: see `EpollPoller`.
    """
    poller = make_poller(lingers=lingers)
    try:
        async with trio.open_nursery() as nursery:
            nursery.start_soon(poller.run)
            await nursery.start(server.run, poller)
            try:
                yield
            finally:
                nursery.cancel_scope.cancel()
    finally:
        poller.close()
