"""A broker that does what the frame says, served in the background, and clients over real sockets."""

from __future__ import annotations

import select
import socket
import struct
import time
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from mockbroker.broker import Disconnect
from mockbroker.core.time import Clock
from mockbroker.core.waiting import Part, Pending, Waiting
from mockbroker.server.poller import TaskPoller, make_poller
from mockbroker.server.server import Server
from mockbroker.server.thread import BackgroundServer
from mockbroker.wire.caller import Caller

MAX_FRAME = 4_000_000


def framed(body: bytes) -> bytes:
    return struct.pack(">i", len(body)) + body


class ScriptedBroker:
    """Does what a frame's first byte says with the rest of it."""

    def __init__(self) -> None:
        self.clock = Clock(1_000_000.0)
        self.waiting = Waiting(self.clock)
        self.frames: list[bytes] = []
        self.parked: dict[bytes, Pending] = {}
        self.events: list[tuple[str, Any]] = []
        self.throttle_ms = 0

    def receive(self, frame: bytearray, caller: Caller) -> Any:
        assert type(frame) is bytearray
        self.frames.append(bytes(frame))
        what, rest = chr(frame[0]) if frame else "empty", bytes(frame[1:])
        reply = getattr(self, f"do_{what}")(rest, caller)
        self.waiting.flush()
        return reply

    def do_empty(self, rest: bytes, caller: Caller) -> Any:
        raise Disconnect("an empty frame")

    def do_e(self, rest: bytes, caller: Caller) -> Any:
        """Echo, in two buffers."""
        return [bytearray(struct.pack(">i", len(rest))), memoryview(rest)]

    def do_n(self, rest: bytes, caller: Caller) -> Any:
        """Answer nothing."""
        return None

    def do_m(self, rest: bytes, caller: Caller) -> Any:
        """Many buffers: so many numbered ones of 100 bytes."""
        count = int(rest)
        return [bytearray(struct.pack(">i", 100 * count)), *(b"%0100d" % number for number in range(count))]

    def do_p(self, rest: bytes, caller: Caller) -> Any:
        """Park under a name."""
        pending = Pending(
            on_abandon=lambda: self.events.append(("abandoned", rest)),
            on_hurry=lambda: self.hurry(rest),
        )
        self.parked[rest] = pending
        return pending

    def hurry(self, name: bytes) -> None:
        self.events.append(("hurried", name))
        if name.startswith(b"soft"):
            self.settle(name, b"hurried")

    def settle(self, name: bytes, value: bytes) -> None:
        self.parked.pop(name).settle([framed(value)])

    def do_s(self, rest: bytes, caller: Caller) -> Any:
        """Settle "name=value", and answer ok."""
        name, _, value = rest.partition(b"=")
        self.settle(name, value)
        return [framed(b"ok")]

    def do_q(self, rest: bytes, caller: Caller) -> Any:
        """Settle "name" with a Disconnect."""
        self.parked.pop(rest).settle(Disconnect("told to"))
        return [framed(b"ok")]

    def do_c(self, rest: bytes, caller: Caller) -> Any:
        """Answer the rest in two parts, of which the second is parked under a name: "name=value"."""
        name, _, value = rest.partition(b"=")
        whole = framed(value)
        self.parked[name] = pending = Pending(on_abandon=lambda: self.events.append(("abandoned", name)))
        return Part([whole[:3]], pending)

    def do_b(self, rest: bytes, caller: Caller) -> Any:
        """Answer three bytes of the rest, then no more."""
        broken = Pending()
        broken.settle(Disconnect("cut off"))
        return Part([framed(rest)[:3]], broken)

    def do_i(self, rest: bytes, caller: Caller) -> Any:
        """Answer the rest byte by byte."""
        whole = framed(rest)
        pending = Pending()
        pending.settle([whole[-1:]])
        for at in range(len(whole) - 2, 0, -1):
            before, pending = pending, Pending()
            pending.settle(Part([whole[at : at + 1]], before))
        return Part([whole[:1]], pending)

    def do_t(self, rest: bytes, caller: Caller) -> Any:
        """Answer "late" when so many seconds have passed."""
        pending = Pending()
        self.clock.call_later(float(rest), lambda: pending.settle([framed(b"late")]))
        return pending

    def do_d(self, rest: bytes, caller: Caller) -> Any:
        raise Disconnect("a request that cannot be read")

    def do_x(self, rest: bytes, caller: Caller) -> Any:
        raise ValueError("a bug")

    def throttled_ms(self, node_id: int, address: str) -> int:
        return self.throttle_ms

    def connected(self, caller: Caller) -> None:
        self.events.append(("connected", caller.connection_id))

    def disconnected(self, caller: Caller) -> None:
        self.events.append(("disconnected", caller.connection_id))

    def flush(self) -> None:
        self.waiting.flush()


class Limits(dict[str, int]):
    """Settings that are the same for every broker."""

    def for_broker(self, broker_id: int) -> Limits:
        return self


class Client:
    """A blocking socket that speaks in frames."""

    def __init__(self, port: int, host: str = "127.0.0.1") -> None:
        self.sock = socket.create_connection((host, port), timeout=5)
        self.sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)

    def send(self, *bodies: bytes) -> None:
        self.sock.sendall(b"".join(map(framed, bodies)))

    def receive(self) -> bytes:
        (size,) = struct.unpack(">i", self.read(4))
        return self.read(size)

    def read(self, size: int) -> bytes:
        data = bytearray()
        while len(data) < size:
            part = self.sock.recv(size - len(data))
            if not part:
                raise EOFError(f"the server closed the connection after {bytes(data)!r}")
            data += part
        return bytes(data)

    def ask(self, body: bytes) -> bytes:
        self.send(body)
        return self.receive()

    def is_closed_by_server(self) -> bool:
        """Whether the server closes the connection within 5 seconds, having sent nothing more."""
        try:
            return self.sock.recv(1) == b""
        except ConnectionResetError:
            return True

    def is_quiet(self, seconds: float = 0.03) -> bool:
        return not select.select([self.sock], [], [], seconds)[0]

    def close(self) -> None:
        self.sock.close()


class Fixture:
    """A running server with one broker, and what a test needs to look at it."""

    def __init__(self, **limits: int) -> None:
        self.broker = ScriptedBroker()
        self.limits = Limits(
            {
                "socket.request.max.bytes": MAX_FRAME,
                "connections.max.idle.ms": 600_000,
                "max.connections": 2**31 - 1,
                "max.connections.per.ip": 2**31 - 1,
                **{name.replace("_", "."): value for name, value in limits.items()},
            }
        )
        self.server = Server(self.broker, self.limits)
        self.port = self.server.open(1, "127.0.0.1", 0)
        self.background = BackgroundServer(self.server)
        self.clients: list[Client] = []

    def connect(self) -> Client:
        client = Client(self.port)
        self.clients.append(client)
        return client

    def connection(self, number: int) -> Any:
        """The server's side of the connection that was accepted as the `number`-th; None where there is none."""
        for listener in self.server.listeners.values():
            for connection in list(listener.connections):
                if connection.caller.connection_id == number:
                    return connection
        return None

    def wait_for(self, what: Callable[[], bool]) -> None:
        deadline = time.monotonic() + 5
        while not what():
            assert time.monotonic() < deadline, f"it did not happen: {self.broker.events}"
            time.sleep(0.001)

    def wait_for_event(self, *event: Any) -> None:
        self.wait_for(lambda: event in self.broker.events)

    def close(self) -> None:
        for client in self.clients:
            client.close()
        self.background.stop()


def make_task_poller(*, lingers: bool) -> TaskPoller:
    return TaskPoller()


@pytest.fixture(params=[make_poller, make_task_poller])
def make_server(
    request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Callable[..., Fixture]]:
    """Makes running servers; limits are settings, with underscores for dots."""
    monkeypatch.setattr("mockbroker.server.thread.make_poller", request.param)
    made: list[Fixture] = []

    def make(**limits: int) -> Fixture:
        made.append(Fixture(**limits))
        return made[-1]

    yield make
    for fixture in made:
        fixture.close()


@pytest.fixture
def running(make_server: Callable[..., Fixture]) -> Fixture:
    return make_server()
