"""What brokers and controllers say to each other goes through relays here, which can cut one of them off.

Clients connect to the brokers themselves, so a broker that is cut off still serves them. Who opened a connection is
read from /proc, so this works on Linux only.
"""

from __future__ import annotations

import os
import socket
import threading
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

__all__ = ["Relays"]


class Relays:
    """One listening port for each node, and all connections through them.

    Args:
        pid_of: the process of a node at the moment; None while it has none.
    """

    def __init__(self, pid_of: Callable[[int], int | None]) -> None:
        self._pid_of = pid_of
        self._listeners: list[socket.socket] = []
        self._nodes: list[int] = []
        self._cut: set[int] = set()
        self._open: dict[tuple[socket.socket, socket.socket], frozenset[int]] = {}
        self._lock = threading.Lock()

    def add(self, node: int, port: int, target: int) -> None:
        """Relay what comes to `port` to `target`, where the node listens."""
        listener = socket.create_server(("127.0.0.1", port), backlog=100)
        self._listeners.append(listener)
        self._nodes.append(node)
        threading.Thread(target=self._accept, args=(listener, node, target), daemon=True).start()

    def cut(self, node: int) -> None:
        """Let nothing through from or to a node."""
        with self._lock:
            self._cut.add(node)
            ends = [pair for pair, nodes in self._open.items() if node in nodes]
        for pair in ends:
            _shut(*pair)

    def heal(self, node: int) -> None:
        """Let it be in touch again."""
        with self._lock:
            self._cut.discard(node)

    def close(self) -> None:
        for listener in self._listeners:
            _shut(listener)
        with self._lock:
            ends = list(self._open)
        for pair in ends:
            _shut(*pair)

    def _accept(self, listener: socket.socket, node: int, target: int) -> None:
        while True:
            try:
                near, address = listener.accept()
            except OSError:
                return
            threading.Thread(target=self._serve, args=(near, address[1], node, target), daemon=True).start()

    def _serve(self, near: socket.socket, port: int, node: int, target: int) -> None:
        opened_by = self._opened_by(port, near.getsockname()[1])
        if not opened_by and self._cut:
            near.close()
            return
        nodes = frozenset({node, *opened_by})
        try:
            far = socket.create_connection(("127.0.0.1", target), timeout=5)
        except OSError:
            near.close()
            return
        for end in (near, far):
            end.settimeout(None)
            end.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        with self._lock:
            is_cut = not nodes.isdisjoint(self._cut)
            self._open[near, far] = nodes
        if is_cut:
            _shut(near, far)
        back = threading.Thread(target=_pump, args=(far, near), daemon=True)
        back.start()
        _pump(near, far)
        back.join()
        with self._lock:
            del self._open[near, far]
        near.close()
        far.close()

    def _opened_by(self, port: int, to: int) -> list[int]:
        inode = _inode_of(port, to)
        return [node for node in set(self._nodes) if inode is not None and _holds(self._pid_of(node), inode)]


def _inode_of(port: int, to: int) -> str | None:
    """The socket that is connected from one port to another; each of them may have other connections too."""
    for table in ("/proc/net/tcp", "/proc/net/tcp6"):
        for line in Path(table).read_text().splitlines()[1:]:
            columns = line.split()
            ends = columns[1].rpartition(":")[2], columns[2].rpartition(":")[2]
            if ends == (f"{port:04X}", f"{to:04X}") and columns[9] != "0":
                return columns[9]
    return None


def _holds(pid: int | None, inode: str) -> bool:
    if pid is None:
        return False
    with suppress(OSError):
        for descriptor in Path(f"/proc/{pid}/fd").iterdir():
            with suppress(OSError):
                if os.readlink(descriptor) == f"socket:[{inode}]":
                    return True
    return False


def _pump(source: socket.socket, sink: socket.socket) -> None:
    with suppress(OSError):
        while data := source.recv(65536):
            sink.sendall(data)
    _shut(source, sink)


def _shut(*ends: socket.socket) -> None:
    for end in ends:
        with suppress(OSError):
            end.shutdown(socket.SHUT_RDWR)
