"""Bytes into frames, with a socket that gives what it is told to."""

from __future__ import annotations

import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mockbroker.wire.framing import SCRATCH_SIZE, FrameReader

MAX = 300_000


class Stream:
    """Gives the pieces one by one, cut to the room that there is; then BlockingIOError."""

    def __init__(self, *pieces: bytes) -> None:
        self.pieces = list(pieces)
        self.rooms: list[int] = []

    def recv_into(self, buffer: bytearray | memoryview) -> int:
        if not self.pieces:
            raise BlockingIOError
        self.rooms.append(len(buffer))
        piece = self.pieces.pop(0)
        if len(piece) > len(buffer):
            self.pieces.insert(0, piece[len(buffer) :])
            piece = piece[: len(buffer)]
        buffer[: len(piece)] = piece
        return len(piece)


def framed(body: bytes) -> bytes:
    return struct.pack(">i", len(body)) + body


def reader() -> FrameReader:
    return FrameReader(bytearray(SCRATCH_SIZE), MAX)


def read_all(frames: FrameReader, stream: Stream) -> list[bytearray]:
    found: list[bytearray] = []
    while True:
        try:
            found += frames.read(stream.recv_into) or []
        except BlockingIOError:
            return found


@given(
    sizes=st.lists(st.sampled_from([0, 1, 3, 4, 5, 100, 4095, 4096, 4097, 5000, 200_000]), max_size=8),
    cuts=st.lists(st.integers(1, 150_000), max_size=30),
)
def test_frames_are_the_same_wherever_the_stream_is_cut(sizes: list[int], cuts: list[int]) -> None:
    bodies = [bytes((number + at) % 251 for at in range(size)) for number, size in enumerate(sizes)]
    data = b"".join(map(framed, bodies))
    pieces = []
    for cut in cuts:
        pieces.append(data[:cut])
        data = data[cut:]
    frames = reader()
    found = read_all(frames, Stream(*filter(None, [*pieces, data])))
    assert found == bodies
    assert all(type(frame) is bytearray for frame in found)
    assert frames.is_between_frames


def test_each_frame_has_its_own_bytes() -> None:
    frames = reader()
    one, two = read_all(frames, Stream(framed(b"one") + framed(b"two")))
    one[:] = b"changed"
    assert two == b"two"
    assert read_all(frames, Stream(framed(b"six"))) == [b"six"]
    assert two == b"two"


def test_two_connections_share_the_scratch_buffer() -> None:
    scratch = bytearray(SCRATCH_SIZE)
    a, b = FrameReader(scratch, MAX), FrameReader(scratch, MAX)
    first, second = framed(b"a" * 50), framed(b"b" * 50)
    assert a.read(Stream(first[:20]).recv_into) == []
    assert b.read(Stream(second[:30]).recv_into) == []
    assert read_all(a, Stream(first[20:])) == [b"a" * 50]
    assert read_all(b, Stream(second[30:])) == [b"b" * 50]


def test_a_large_frame_is_read_into_its_own_buffer_and_no_further() -> None:
    data = framed(bytes(200_000)) + framed(b"next")
    stream = Stream(data)
    frames = reader()
    assert [len(frame) for frame in read_all(frames, stream)] == [200_000, 4]
    assert stream.rooms == [SCRATCH_SIZE, 200_000 + 4 - SCRATCH_SIZE, SCRATCH_SIZE]


def test_memory_follows_what_has_arrived() -> None:
    stream = Stream(struct.pack(">i", 250_000) + b"x" * 1000, b"x" * 1000)
    frames = reader()
    assert read_all(frames, stream) == []
    assert sum(stream.rooms) < SCRATCH_SIZE + 16_000


@pytest.mark.parametrize("size", [-1, -(2**31), MAX + 1, 2**31 - 1])
def test_a_length_out_of_bounds_is_refused_after_the_frames_before_it(size: int) -> None:
    frames = reader()
    assert read_all(frames, Stream(framed(b"good") + struct.pack(">i", size) + b"junk")) == [b"good"]
    assert frames.refused is not None
    assert frames.refused.startswith(f"Invalid receive (size = {size}")


def test_the_largest_frame_allowed() -> None:
    frames = reader()
    assert read_all(frames, Stream(framed(bytes(MAX)))) == [bytes(MAX)]
    assert frames.refused is None


@pytest.mark.parametrize("before", [b"", b"\0", framed(b"whole"), framed(bytes(9000))[:8000]])
def test_the_end_of_the_stream_is_told(before: bytes) -> None:
    frames = reader()
    read_all(frames, Stream(*filter(None, [before])))
    assert frames.read(lambda buffer: 0) is None
