"""From TCP segments to frames: both directions of each connection put together again, and answers to their requests."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from mockbroker.cli.capture.frames import Frame, identify, looks_like_request, split
from mockbroker.cli.capture.packets import ACK, SYN, Segment
from protocol_specs.wire_types import WireError

__all__ = ["Connections"]

#: A longer frame is no frame: the connection speaks something else (TLS, say).
_LONGEST_FRAME = 1 << 30
_WRAP = 1 << 32


class _Direction:
    """The bytes that one side sent, in order and once."""

    def __init__(self) -> None:
        self.stream = bytearray()
        self._next: int | None = None
        self._early: dict[int, bytes] = {}

    def begin(self, sequence: int) -> None:
        self._next = (sequence + 1) % _WRAP

    def add(self, sequence: int, payload: bytes) -> None:
        if self._next is None:
            self._next = sequence
        self._early[sequence] = max(payload, self._early.get(sequence, b""), key=len)
        while (ready := self._ready()) is not None:
            content = self._early.pop(ready)
            fresh = content[(self._next - ready) % _WRAP :]
            self.stream += fresh
            self._next = (self._next + len(fresh)) % _WRAP

    def _ready(self) -> int | None:
        """A segment that begins where the stream has come to, or before."""
        assert self._next is not None
        ahead = ((sequence, (self._next - sequence) % _WRAP) for sequence in self._early)
        return next((sequence for sequence, behind in ahead if behind < _WRAP // 2), None)

    @property
    def is_broken(self) -> bool:
        """Whether segments are missing that the capture does not have."""
        return bool(self._early)

    def frames(self) -> Iterator[bytes]:
        """The whole frames that have come since, taken out of the stream."""
        taken = list(split(self.stream))
        del self.stream[: sum(4 + len(frame) for frame in taken)]
        return iter(taken)

    @property
    def is_other_protocol(self) -> bool:
        return (
            len(self.stream) >= 4 and not 0 <= int.from_bytes(self.stream[:4], signed=True) < _LONGEST_FRAME
        )


class _Connection:
    """One connection between a client and a broker."""

    def __init__(self, client: str, broker: str) -> None:
        self.client = client
        self.broker = broker
        self.is_kafka: bool | None = None
        self._sent = {client: _Direction(), broker: _Direction()}
        self._asked: dict[int, tuple[int, int]] = {}

    def take(self, segment: Segment) -> Iterator[Frame]:
        direction = self._sent[segment.source]
        if segment.flags & SYN:
            direction.begin(segment.sequence)
        if not segment.payload or self.is_kafka is False:
            return
        direction.add(segment.sequence, segment.payload)
        where = f"{segment.source} > {segment.target}"
        if direction.is_other_protocol:
            self.is_kafka = False
            return
        for content in direction.frames():
            if segment.source == self.client:
                yield from self._request(where, content)
            elif self.is_kafka:
                yield self._response(where, content)

    def _request(self, where: str, content: bytes) -> Iterator[Frame]:
        if self.is_kafka is None:
            self.is_kafka = looks_like_request(content)
        if not self.is_kafka:
            return
        try:
            api, version = identify(content)
            self._asked[int.from_bytes(content[4:8], signed=True)] = api.key, version
        except (WireError, KeyError):
            pass
        yield Frame(where, content)

    def _response(self, where: str, content: bytes) -> Frame:
        answers = self._asked.pop(int.from_bytes(content[:4], signed=True), None)
        problem = "" if answers else "an answer to a request that is not in the capture"
        return Frame(where, content, answers or (-1, -1), problem)

    def rest(self) -> Iterator[Frame]:
        """What is left at the end of the capture."""
        for source, direction in self._sent.items():
            if self.is_kafka and (direction.stream or direction.is_broken):
                problem = "segments are missing" if direction.is_broken else "the frame is cut off"
                yield Frame(f"{source} at the end", bytes(direction.stream), problem=problem)


class Connections:
    """All connections of a capture.

    A connection is Kafka's if the client's first frame is a request; others are passed over, and counted in `others`.
    """

    def __init__(self) -> None:
        self.others = 0
        self._open: dict[frozenset[str], _Connection] = {}

    def frames(self, segments: Iterable[Segment]) -> Iterator[Frame]:
        """Every frame, as soon as its last byte has come."""
        for segment in segments:
            ends = frozenset((segment.source, segment.target))
            connection = self._open.get(ends)
            if connection is None or segment.flags & (SYN | ACK) == SYN:
                yield from self._close(connection)
                connection = self._open[ends] = _Connection(*_client_first(segment))
            yield from connection.take(segment)
        for connection in self._open.values():
            yield from self._close(connection)

    def _close(self, connection: _Connection | None) -> Iterator[Frame]:
        if connection is not None:
            self.others += not connection.is_kafka
            yield from connection.rest()


def _client_first(segment: Segment) -> tuple[str, str]:
    """Who connected to whom. Where the capture began later, the client is who asks, or has the higher port."""
    ends = segment.source, segment.target
    if segment.flags & SYN:
        return ends if not segment.flags & ACK else ends[::-1]
    if any(looks_like_request(frame) for frame in split(segment.payload)):
        return ends
    ports = [int(end.rpartition(":")[2]) for end in ends]
    return ends if ports[0] > ports[1] else ends[::-1]
