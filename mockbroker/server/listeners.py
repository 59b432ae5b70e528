"""Listening sockets, a set for each simulated broker.

Rules kept here:

- The sockets are opened by whoever starts the cluster, in its own thread, so errors are raised there, and clients may
  connect from then on: they wait in the backlog until the server runs.
- `localhost` is 127.0.0.1 and ::1, on the same port: clients differ in which they try first.
- A broker may be closed and opened again on its port while the server runs, whatever became of its old connections.
- A connection above the `connection_creation_rate` of its address is held for a while, then closed.
- An address that has as many connections as `max.connections.per.ip` allows is refused by closing. A broker that has
  `max.connections` accepts none until one of them ends.

Kafka: `SocketServer.Acceptor`, `ConnectionQuotas`.
"""

from __future__ import annotations

import errno
import logging
import socket
from functools import partial
from typing import TYPE_CHECKING

from mockbroker.server.connection import Connection
from mockbroker.server.poller import READ
from mockbroker.wire.caller import Caller

if TYPE_CHECKING:
    from mockbroker.server.server import Server

__all__ = ["AddressInUse", "BrokerListener", "CannotListen", "open_sockets"]

#: More than Kafka's 50 (`socket.listen.backlog.size`): who opens thousands at once is not to wait for TCP's timers.
_BACKLOG = 4096

#: How many connections are accepted in one turn.
_ACCEPTS_PER_TURN = 64

#: How often a free port is tried that must be free on two addresses.
_FREE_PORT_TRIES = 50

#: Seconds without accepting after the system had no file descriptor left.
_PAUSE_WITHOUT_FILES = 0.1

_LISTENER_NAME = "PLAINTEXT"

_log = logging.getLogger("mockbroker.server")


class CannotListen(Exception):
    """A listening socket could not be opened.

    Attributes:
        host: as it was asked for.
        port: as it was asked for.
    """

    def __init__(self, host: str, port: int, why: str) -> None:
        super().__init__(f"cannot listen on {host} port {port}: {why}")
        self.host = host
        self.port = port


class AddressInUse(CannotListen):
    """The port is taken."""

    def __init__(self, host: str, port: int) -> None:
        super().__init__(host, port, "address already in use")


def open_sockets(host: str, port: int) -> list[socket.socket]:
    """Open listening sockets for `host`, all on one port. Non-blocking; they accept from now on.

    Args:
        host: an address, a name, or "localhost" for 127.0.0.1 and ::1.
        port: 0 for any that is free.

    Raises:
        AddressInUse: the port is taken.
        CannotListen: the host is not one of this machine, or the port is not allowed.
    """
    for _ in range(_FREE_PORT_TRIES):
        try:
            return _open_all(host, port)
        except OSError as error:
            if error.errno != errno.EADDRINUSE:
                raise CannotListen(host, port, (error.strerror or str(error)).lower()) from error
            if port:
                raise AddressInUse(host, port) from error
    raise AddressInUse(host, port)


def _open_all(host: str, port: int) -> list[socket.socket]:
    sockets: list[socket.socket] = []
    try:
        if host == "localhost":
            sockets.append(_open(socket.AF_INET, "127.0.0.1", port))
            port = sockets[0].getsockname()[1]
            try:
                sockets.append(_open(socket.AF_INET6, "::1", port))
            except OSError as error:
                if error.errno not in (errno.EADDRNOTAVAIL, errno.EAFNOSUPPORT):
                    raise
        else:
            # As bytes, since the codec for names that are not ASCII takes milliseconds to import.
            name = host.encode() if host.isascii() else host
            found = socket.getaddrinfo(name or None, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)
            family, _, _, _, address = found[0]
            sockets.append(_open(family, str(address[0]), port))
    except BaseException:
        for sock in sockets:
            sock.close()
        raise
    return sockets


def _open(family: int, address: str, port: int) -> socket.socket:
    sock = socket.socket(family, socket.SOCK_STREAM)
    try:
        if port:
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        sock.bind((address, port))
        # For a free port only now, lest the system give one that another process is about to listen on. Accepted
        # sockets inherit it, and it is theirs that lets the port be opened again.
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        sock.listen(_BACKLOG)
        sock.setblocking(False)
    except BaseException:
        sock.close()
        raise
    return sock


class BrokerListener:
    """The listening sockets of one simulated broker, and the connections that came in by them.

    Args:
        server: who runs them.
        node_id: the broker's id.
        sockets: from `open_sockets`.
    """

    def __init__(self, server: Server, node_id: int, sockets: list[socket.socket]) -> None:
        self.node_id = node_id
        self.connections: set[Connection] = set()
        self.port: int = sockets[0].getsockname()[1]
        self._server = server
        self._sockets = {sock.fileno(): sock for sock in sockets}
        self._count_of: dict[str, int] = {}
        self._held: set[socket.socket] = set()
        self._is_full = False
        self._is_started = False

    @property
    def sockets(self) -> list[socket.socket]:
        """The listening sockets; none once closed."""
        return list(self._sockets.values())

    def start(self) -> None:
        """Accept from now on."""
        self._is_started = True
        for sock in self._sockets.values():
            self._server.poller.add(sock, _Acceptor(self, sock))

    def close(self, *, abruptly: bool = False) -> None:
        """Close the sockets and the connections.

        Args:
            abruptly: reset the connections, as the end of a process without clean-up does.
        """
        for fd, sock in self._sockets.items():
            if self._is_started:
                self._server.poller.remove(fd)
            sock.close()
        self._sockets.clear()
        for sock in self._held:
            sock.close()
        self._held.clear()
        for connection in list(self.connections):
            connection.close("the broker stopped", abruptly=abruptly)

    def accept(self, sock: socket.socket) -> None:
        """Accept who waits, as far as there is room."""
        for _ in range(_ACCEPTS_PER_TURN):
            if len(self.connections) >= self._limit("max.connections"):
                self._is_full = True
                self._watch(0)
                return
            try:
                accepted, address = sock.accept()
            except BlockingIOError:
                return
            except OSError as error:
                if error.errno in (errno.EMFILE, errno.ENFILE, errno.ENOBUFS, errno.ENOMEM):
                    _log.error("Broker %d cannot accept connections: %s", self.node_id, error.strerror)
                    self._watch(0)
                    self._server.later(_PAUSE_WITHOUT_FILES, self._accept_again)
                    return
                continue  # The client was gone before it was accepted.
            self._welcome(accepted, address)

    def forget(self, connection: Connection) -> None:
        """A connection has closed."""
        self.connections.discard(connection)
        host = connection.caller.client_host
        left = self._count_of.pop(host, 1) - 1
        if left:
            self._count_of[host] = left
        if self._is_full:
            self._accept_again()

    def _welcome(self, sock: socket.socket, address: tuple[str, int]) -> None:
        host, port = address[:2]
        throttle_ms = self._server.broker.throttled_ms(self.node_id, host)
        if throttle_ms:
            self._held.add(sock)
            self._server.later(throttle_ms / 1000, partial(self._refuse, sock))
            return
        count = self._count_of.get(host, 0)
        if count >= self._limit("max.connections.per.ip"):
            _log.info("Refused a connection from %s: there are %d already", host, count)
            sock.close()
            return
        try:
            local = sock.getsockname()[:2]
            sock.setblocking(False)
            sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        except OSError:
            sock.close()
            return
        self._count_of[host] = count + 1
        server = self._server
        caller = Caller(
            server.next_connection_id(),
            self.node_id,
            listener=_LISTENER_NAME,
            client_host=host,
            client_port=port,
            local_address=local,
        )
        connection = Connection(server, self, sock, caller)
        self.connections.add(connection)
        server.on_opened(connection, port)

    def _refuse(self, sock: socket.socket) -> None:
        self._held.discard(sock)
        sock.close()

    def _limit(self, name: str) -> int:
        limit: int = self._server.settings.for_broker(self.node_id)[name]
        return limit

    def _accept_again(self) -> None:
        self._is_full = False
        self._watch(READ)

    def _watch(self, events: int) -> None:
        for fd in self._sockets:
            self._server.poller.change(fd, events)


class _Acceptor:
    """A listening socket, as the poller sees it."""

    __slots__ = ("_listener", "_sock")

    def __init__(self, listener: BrokerListener, sock: socket.socket) -> None:
        self._listener = listener
        self._sock = sock

    def on_events(self, events: int) -> None:
        """Accept."""
        self._listener.accept(self._sock)

    def on_failure(self) -> None:
        """Go on: one client's failure is not the others'."""
