"""What the connection loop costs by itself: frames echoed by our server, beside the plain ways to write one.

    python benchmarks/connection_loop.py [--rounds 3] [--requests 10000]

- ours: mockbroker's server (one trio task over epoll) with a broker that echoes;
- shared: the same as a guest in somebody else's trio run, where it does not linger;
- tasks: the same with a trio task for each socket, as on systems without epoll;
- stream: a trio task and a `trio.SocketStream` for each connection;
- thread: a thread with a blocking socket for each connection.

All run in one go, in turn. Absolute figures do not travel; ratios do.
"""

from __future__ import annotations

import argparse
import os
import select
import socket
import struct
import subprocess
import sys
import threading
import time
from statistics import median
from typing import Any

import trio

KINDS = ("ours", "shared", "tasks", "stream", "thread")
SMALL = 100
LARGE = 1_000_000
_LENGTH = struct.Struct(">i")


# The servers.


class Echo:
    """A broker that sends each frame back."""

    def __init__(self) -> None:
        from mockbroker.core.time import Clock

        self.clock = Clock(time.time())

    def receive(self, frame: bytearray, caller: Any) -> list[Any]:
        return [_LENGTH.pack(len(frame)), frame]

    def throttled_ms(self, node_id: int, address: str) -> int:
        return 0

    def connected(self, caller: Any) -> None:
        pass

    def disconnected(self, caller: Any) -> None:
        pass

    def flush(self) -> None:
        pass


def serve_ours(kind: str) -> None:
    from mockbroker.config import Settings
    from mockbroker.server.poller import TaskPoller, make_poller
    from mockbroker.server.server import Server

    server = Server(Echo(), Settings())

    async def main() -> None:
        poller = TaskPoller() if kind == "tasks" else make_poller(lingers=kind == "ours")
        announce(server.open(1, "127.0.0.1", 0))
        async with trio.open_nursery() as nursery:
            nursery.start_soon(poller.run)
            nursery.start_soon(server.run, poller)

    trio.run(main)


def serve_stream() -> None:
    async def handle(stream: trio.SocketStream) -> None:
        received = bytearray()
        async for data in stream:
            received += data
            while len(received) >= 4 and len(received) >= (end := 4 + _LENGTH.unpack_from(received)[0]):
                frame = bytes(received[:end])
                del received[:end]
                await stream.send_all(frame)

    async def main() -> None:
        (listener,) = await trio.open_tcp_listeners(0, host="127.0.0.1")
        announce(listener.socket.getsockname()[1])
        await trio.serve_listeners(handle, [listener])

    trio.run(main)


def serve_thread() -> None:
    def handle(sock: socket.socket) -> None:
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        received = bytearray()
        while data := sock.recv(65536):
            received += data
            while len(received) >= 4 and len(received) >= (end := 4 + _LENGTH.unpack_from(received)[0]):
                frame = bytes(received[:end])
                del received[:end]
                sock.sendall(frame)
        sock.close()

    with socket.create_server(("127.0.0.1", 0), backlog=1024) as listener:
        announce(listener.getsockname()[1])
        while True:
            sock, _ = listener.accept()
            threading.Thread(target=handle, args=(sock,), daemon=True).start()


def announce(port: int) -> None:
    print(port, flush=True)


def serve(kind: str) -> None:
    if kind == "stream":
        serve_stream()
    elif kind == "thread":
        serve_thread()
    else:
        serve_ours(kind)


# The client.


def connect(port: int) -> socket.socket:
    sock = socket.create_connection(("127.0.0.1", port))
    sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return sock


def framed(size: int) -> bytes:
    return _LENGTH.pack(size) + os.urandom(size)


def read(sock: socket.socket, into: memoryview) -> None:
    at = 0
    while at < len(into):
        count = sock.recv_into(into[at:])
        if not count:
            raise EOFError
        at += count


def cpu_seconds(pid: int) -> float:
    with open(f"/proc/{pid}/stat") as file:
        fields = file.read().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def lock_step(port: int, requests: int) -> float:
    """Microseconds of the median round trip."""
    message = framed(SMALL)
    room = memoryview(bytearray(len(message)))
    times = []
    with connect(port) as sock:
        for _ in range(requests):
            begun = time.perf_counter()
            sock.sendall(message)
            read(sock, room)
            times.append(time.perf_counter() - begun)
    return median(times) * 1e6


def pipelined(port: int, requests: int, depth: int = 5) -> None:
    messages = framed(SMALL) * depth
    room = memoryview(bytearray(len(messages)))
    with connect(port) as sock:
        for _ in range(requests // depth):
            sock.sendall(messages)
            read(sock, room)


def side_by_side(port: int, requests: int, connections: int = 16) -> None:
    message = framed(SMALL)
    room = memoryview(bytearray(len(message)))
    sockets = {sock.fileno(): sock for sock in (connect(port) for _ in range(connections))}
    poll = select.poll()
    for fd, sock in sockets.items():
        poll.register(fd, select.POLLIN)
        sock.sendall(message)
    left = requests
    while left > 0:
        for fd, _ in poll.poll():
            read(sockets[fd], room)
            sockets[fd].sendall(message)
            left -= 1
    for sock in sockets.values():
        read(sock, room)
        sock.close()


def large(port: int, requests: int) -> float:
    """Megabytes a second each way, one at a time."""
    message = framed(LARGE)
    room = memoryview(bytearray(len(message)))
    with connect(port) as sock:
        begun = time.perf_counter()
        for _ in range(requests):
            sender = threading.Thread(target=sock.sendall, args=(message,))
            sender.start()
            read(sock, room)
            sender.join()
        return requests * LARGE / (time.perf_counter() - begun) / 1e6


def measure(pid: int, port: int, requests: int) -> dict[str, float]:
    lock_step(port, requests // 10)
    found: dict[str, float] = {}
    cpu = cpu_seconds(pid)
    found["lock step p50 us"] = lock_step(port, requests)
    found["lock step CPU us"] = (cpu_seconds(pid) - cpu) / requests * 1e6
    cpu = cpu_seconds(pid)
    pipelined(port, requests * 4)
    found["pipelined 5 CPU us"] = (cpu_seconds(pid) - cpu) / requests / 4 * 1e6
    cpu = cpu_seconds(pid)
    side_by_side(port, requests * 2)
    found["16 connections CPU us"] = (cpu_seconds(pid) - cpu) / requests / 2 * 1e6
    found["1 MB echo MB/s"] = large(port, requests // 50)
    return found


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--serve", choices=KINDS, help=argparse.SUPPRESS)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--requests", type=int, default=10_000)
    options = parser.parse_args()
    if options.serve:
        serve(options.serve)
        return
    servers = {}
    for kind in KINDS:
        command = [sys.executable, __file__, "--serve", kind]
        servers[kind] = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    rounds: dict[str, list[dict[str, float]]] = {kind: [] for kind in KINDS}
    try:
        ports = {kind: int(server.stdout.readline()) for kind, server in servers.items() if server.stdout}
        for _ in range(options.rounds):
            for kind in KINDS:
                rounds[kind].append(measure(servers[kind].pid, ports[kind], options.requests))
    finally:
        for server in servers.values():
            server.kill()
            server.wait()
    report(rounds)


def report(rounds: dict[str, list[dict[str, float]]]) -> None:
    """Print the best of all rounds of each kind, and what part of it ours is."""
    print(f"{'':24}" + "".join(f"{kind:>10}" for kind in KINDS) + "   ours/stream  ours/thread")
    for name in rounds["ours"][0]:
        choose = max if name.endswith("/s") else min
        best = {kind: choose(each[name] for each in rounds[kind]) for kind in KINDS}
        ratios = [best["ours"] / best[kind] for kind in ("stream", "thread")]
        print(
            f"{name:24}"
            + "".join(f"{best[kind]:10.1f}" for kind in KINDS)
            + "".join(f"{r:13.2f}" for r in ratios)
        )


if __name__ == "__main__":
    main()
