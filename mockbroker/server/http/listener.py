"""Where the control plane listens. Nothing of HTTP is imported here: that waits for the first connection.

Rules kept here:

- The socket is opened by whoever starts the control plane, so errors are raised there.
- On an address that is not loopback there is no control plane without a token.
- What goes wrong in a connection ends that connection only.
"""

from __future__ import annotations

import logging
import socket
from typing import TYPE_CHECKING, Any

import trio

from mockbroker.server.http.loopback import is_loopback
from mockbroker.server.listeners import AddressInUse, open_sockets

if TYPE_CHECKING:
    from mockbroker.server.cluster import ServedCluster

__all__ = ["DEFAULT_PORT", "ControlListener", "TokenNeeded", "control_url", "open_control"]

#: Where the control plane listens when that is free.
DEFAULT_PORT = 9099

#: Seconds without accepting after the system had no file descriptor left.
_PAUSE_WITHOUT_FILES = 0.1

_log = logging.getLogger("mockbroker.control")


class TokenNeeded(ValueError):
    """The control plane is to listen on an address that others reach, without a token."""


def control_url(served: ServedCluster) -> str:
    """Where a cluster's control plane is; opened on a free port of loopback if need be. See `open_control`."""
    control = served.server.beside
    return (open_control(served, port=0) if control is None else control).url


def open_control(
    served: ServedCluster, host: str = "127.0.0.1", port: int | None = None, token: str | None = None
) -> ControlListener:
    """Open the control plane of a cluster. It serves as long as the cluster's server runs.

    From another thread only while the server does not run.

    Args:
        port: None: the default one where it is free, else any; 0: any.
        token: what whoever asks must bring; None: nothing.

    Raises:
        TokenNeeded: the address is not loopback, and there is no token.
        CannotListen: the port is taken, or the host is not of this machine.
    """
    if not token and not is_loopback(host):
        raise TokenNeeded(
            f"the control address {host} is not loopback, so it needs --control-token or MOCKBROKER_CONTROL_TOKEN"
        )
    control = ControlListener(served, _open(host, port), host, token or None)
    served.server.beside = control
    if served.server.is_running:
        control.start()
    return control


def _open(host: str, port: int | None) -> list[socket.socket]:
    if port is not None:
        return open_sockets(host, port)
    try:
        return open_sockets(host, DEFAULT_PORT)
    except AddressInUse:
        return open_sockets(host, 0)


class ControlListener:
    """The control plane's listening sockets."""

    def __init__(
        self, served: ServedCluster, sockets: list[socket.socket], host: str, token: str | None
    ) -> None:
        self.served = served
        self.host = host
        self.token = token
        self.port: int = sockets[0].getsockname()[1]
        self._sockets = sockets
        self._app: Any = None

    @property
    def url(self) -> str:
        """Where it is found, without a path and without a slash at the end."""
        host = "127.0.0.1" if self.host in ("", "0.0.0.0") else "::1" if self.host == "::" else self.host
        return f"http://[{host}]:{self.port}" if ":" in host else f"http://{host}:{self.port}"

    def start(self) -> None:
        """Accept, in the server's trio run."""
        for sock in self._sockets:
            self.served.server.spawn(self._accept, sock)

    def close(self) -> None:
        """Close the sockets; harmless when they are closed."""
        for sock in self._sockets:
            sock.close()

    async def _accept(self, sock: socket.socket) -> None:
        listener = trio.socket.from_stdlib_socket(sock)
        while True:
            try:
                accepted, _ = await listener.accept()
            except OSError as error:
                if sock.fileno() < 0:
                    return
                _log.warning("Cannot accept a connection to the control plane: %s", error)
                await trio.sleep(_PAUSE_WITHOUT_FILES)
                continue
            self.served.server.spawn(self._serve, trio.SocketStream(accepted))

    async def _serve(self, stream: trio.SocketStream) -> None:
        try:
            from mockbroker.server.http.app import App
            from mockbroker.server.http.connection import serve_connection

            if self._app is None:
                self._app = App(self.served, self.host, self.token)
            async with stream:
                await serve_connection(stream, self._app)
        except trio.BrokenResourceError:
            pass
        except Exception:
            _log.exception("A connection to the control plane failed")
