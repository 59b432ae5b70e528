"""One client's connection: bytes in, frames to the broker, answers out, in order.

Rules kept here:

- Frames of one read are answered in order, and leave in one `sendmsg`.
- While an answer is pending, later frames are held, not executed, as Kafka mutes the channel. The socket is read on:
  its end abandons the request, and the arrival of the next frame hurries it. What is held is bounded.
- While the client does not take its answers, nothing more is read or executed.
- A client that has ended its side still gets what was answered, unless an answer is pending: then it is gone.
- Whatever goes wrong ends this connection only.
- A connection executes a bounded number of frames in one turn.

Kafka: `SocketServer.Processor`, `Selector`.
"""

from __future__ import annotations

import logging
import socket
import struct
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any, Protocol

from mockbroker.broker import Disconnect
from mockbroker.core.waiting import Part, Pending
from mockbroker.server.poller import GONE, READ, WRITE
from mockbroker.wire.framing import FrameReader

if TYPE_CHECKING:
    from mockbroker.server.listeners import BrokerListener
    from mockbroker.server.server import Server
    from mockbroker.wire.caller import Caller

__all__ = ["Buffer", "Connection", "SocketTransport", "Transport"]

Buffer = bytes | bytearray | memoryview

#: Frames executed in one turn of a connection.
_FRAMES_PER_TURN = 64

#: Answers are sent when so many buffers, or bytes of their own, have come together. Record bytes are not counted: they
#: are the log's. The number of buffers in one `sendmsg` may be 1024 at most (IOV_MAX).
_BUFFERS_PER_SEND = 512
_BYTES_PER_SEND = 256 * 1024

#: While an answer is pending, reading stops when so many later frames, or bytes of them, are held.
_HELD_FRAMES = 256
_HELD_BYTES = 1024 * 1024

_RESET_ON_CLOSE = struct.pack("ii", 1, 0)

_log = logging.getLogger("mockbroker.server")


class Transport(Protocol):
    """A non-blocking stream of bytes: a plain socket, or later TLS over one.

    `recv_into` and `send` raise BlockingIOError when nothing can be done now, and OSError when the connection is lost.
    """

    recv_into: Callable[[bytearray | memoryview], int]

    def send(self, buffers: Sequence[Buffer]) -> int:
        """Send what the system takes, and return the number of bytes."""

    def close(self, *, abruptly: bool) -> None:
        """Close; abruptly: the peer gets a reset, and unsent bytes are lost."""


class SocketTransport:
    """A plain TCP socket."""

    __slots__ = ("_send", "_sendmsg", "_sock", "recv_into")

    def __init__(self, sock: socket.socket) -> None:
        self._sock = sock
        self.recv_into: Callable[[bytearray | memoryview], int] = sock.recv_into
        self._send = sock.send
        self._sendmsg = sock.sendmsg

    def send(self, buffers: Sequence[Buffer]) -> int:
        if len(buffers) == 1:
            return self._send(buffers[0])
        return self._sendmsg(buffers if len(buffers) <= 1024 else buffers[:1024])

    def close(self, *, abruptly: bool) -> None:
        if abruptly:
            self._sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET_ON_CLOSE)
        self._sock.close()


class Connection:
    """One accepted connection.

    Args:
        server: the cluster's server.
        listener: who accepted it.
        sock: the accepted socket, non-blocking.
        caller: what the broker knows of the client.
    """

    __slots__ = (
        "_ending",
        "_events",
        "_fd",
        "_held",
        "_held_bytes",
        "_listener",
        "_out",
        "_pending",
        "_poller",
        "_reader",
        "_receive",
        "_server",
        "_timekeeper",
        "_transport",
        "active_at",
        "caller",
        "is_closed",
    )

    def __init__(self, server: Server, listener: BrokerListener, sock: socket.socket, caller: Caller) -> None:
        self._server = server
        self._listener = listener
        self._poller = server.poller
        self._timekeeper = server.timekeeper
        self._receive = server.broker.receive
        self._transport: Transport = SocketTransport(sock)
        self._reader = FrameReader(server.scratch, server.max_frame_size)
        self._fd = sock.fileno()
        self._out: list[Buffer] = []
        self._held: list[bytearray] = []
        self._held_bytes = 0
        self._pending: Pending | None = None
        self._ending: str | None = None
        self._events = READ
        #: When the client last sent something, in trio's time.
        self.active_at = server.timekeeper.real_now
        self.caller = caller
        self.is_closed = False
        self._poller.add(sock, self, READ)

    # What the poller tells

    def on_events(self, events: int) -> None:
        """Read, write or give up, as the socket allows."""
        try:
            if events & READ:
                self._read()
            elif events & WRITE:
                self._go_on()
            else:
                self.close("the client closed it")
        except OSError as error:
            self.close(f"it was lost: {error.strerror or error}")

    def on_failure(self) -> None:
        """Close: what `on_events` did has a bug."""
        self.close("of an internal error")

    def close(self, reason: str, *, abruptly: bool = False) -> None:
        """Close at once; a pending answer is abandoned. Harmless when it is closed already.

        Args:
            reason: completes "closed, because ...", for the log.
            abruptly: reset the connection, as a process that is killed does.
        """
        if self.is_closed:
            return
        self.is_closed = True
        self._poller.remove(self._fd)
        self._transport.close(abruptly=abruptly)
        self._out.clear()
        self._held.clear()
        pending, self._pending = self._pending, None
        if pending is not None:
            pending.abandon()
        self._listener.forget(self)
        self._server.on_closed(self, reason)

    def abandon(self) -> None:
        """In a forked child: close its copy of the socket."""
        self._transport.close(abruptly=False)

    # Reading and executing

    def _read(self) -> None:
        if self._held and self._pending is None:
            return
        try:
            frames = self._reader.read(self._transport.recv_into)
        except BlockingIOError:
            return
        if frames is None:
            if self._pending is not None:
                self.close("the client closed it")
            else:
                self._end("the client closed it")
            return
        self._timekeeper.begin()
        self.active_at = self._timekeeper.real_now
        if self._pending is not None:
            self._hold(frames)
        elif frames:
            self._execute(frames)
        if self._reader.refused is not None and not self.is_closed:
            self._warn(self._reader.refused)
            self._end(self._reader.refused)

    def _execute(self, frames: list[bytearray]) -> None:
        """Have the broker answer `frames`, and send. What is not to be executed now is held."""
        receive = self._receive
        caller = self.caller
        out = self._out
        size = 0
        for number, frame in enumerate(frames, 1):
            try:
                answer = receive(frame, caller)
                if answer is None:
                    continue
                if answer.__class__ is list:
                    out += answer
                    size += len(answer[0])
                elif not self._take(answer):
                    self._hold(frames[number:])
                    break
            except Disconnect as reason:
                self._fail(str(reason), is_intended=reason.is_intended)
                break
            except Exception:
                _log.exception("A request on connection %d failed", caller.connection_id)
                self._fail("internal error")
                break
            if self.is_closed:
                break
            if number == _FRAMES_PER_TURN or size > _BYTES_PER_SEND or len(out) > _BUFFERS_PER_SEND:
                self._hold(frames[number:])
                self._poller.soon(self._go_on)
                break
        self._send()

    def _take(self, answer: Pending | Part) -> bool:
        """Take what is there of an answer; what is yet to come is waited for.

        Returns:
            Whether that was all.

        Raises:
            Disconnect: that is the reply.
        """
        found: Any = answer
        if found.__class__ is not Part:
            if not found.is_settled:
                self._wait_for(found)
                return False
            found = found.reply
        if isinstance(found, Disconnect):
            raise found
        if found.__class__ is Part:
            self._out += found.buffers
            self._wait_for(found.rest)
            return False
        if found:
            self._out += found
        return True

    def _wait_for(self, pending: Pending) -> None:
        self._pending = pending
        if pending.is_settled:
            # What was taken so far is to leave on its own.
            self._poller.soon(self._answer_pending)
        else:
            # It is called inside another connection's request, or inside an alarm.
            pending.on_settled = lambda: self._poller.soon(self._answer_pending)

    def _answer_pending(self) -> None:
        pending, self._pending = self._pending, None
        if pending is None:
            return
        try:
            self._take(pending)
        except Disconnect as reason:
            self._fail(str(reason), is_intended=reason.is_intended)
        self._go_on()

    def _go_on(self) -> None:
        """Send what is left, then execute what is held."""
        if self.is_closed:
            return
        try:
            self._send()
            if self._held and self._pending is None and not self._out:
                self._timekeeper.begin()
                frames, self._held = self._held, []
                self._held_bytes = 0
                self._execute(frames)
        except OSError as error:
            self.close(f"it was lost: {error.strerror or error}")

    def _hold(self, frames: list[bytearray]) -> None:
        if frames:
            self._held += frames
            self._held_bytes += sum(map(len, frames))
            if self._pending is not None:
                self._pending.hurry()
            self._watch()

    # Sending and ending

    def _send(self) -> None:
        """Send what is there. What the system does not take now waits for `WRITE`."""
        if self.is_closed:
            return
        out = self._out
        while out:
            try:
                sent = self._transport.send(out)
            except BlockingIOError:
                break
            done = 0
            for buffer in out:
                if sent < len(buffer):
                    break
                sent -= len(buffer)
                done += 1
            del out[:done]
            if sent:
                out[0] = memoryview(out[0])[sent:]
        self._watch()

    def _end(self, reason: str) -> None:
        """Read no more, and close when all that came before is executed and answered."""
        self._ending = reason
        self._watch()

    def _fail(self, reason: str, *, is_intended: bool = False) -> None:
        """Execute nothing more, and close when what came before is answered."""
        self._held.clear()
        if not is_intended:
            self._warn(reason)
        self._end(reason)

    def _watch(self) -> None:
        """Watch the socket for what can be used now."""
        if self.is_closed:
            return
        if self._out:
            events = WRITE
        elif self._pending is not None:
            has_room = len(self._held) < _HELD_FRAMES and self._held_bytes < _HELD_BYTES
            events = READ if has_room and self._ending is None else GONE
        elif self._ending is None:
            events = READ
        elif self._held:
            events = 0
        else:
            self.close(self._ending)
            return
        if events != self._events:
            self._events = events
            self._poller.change(self._fd, events)

    def _warn(self, reason: str) -> None:
        caller = self.caller
        _log.warning("Closing connection %d from %s: %s", caller.connection_id, caller.client_host, reason)
