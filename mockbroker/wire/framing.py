"""Bytes into frames: each message is preceded by its length, four bytes, big-endian and signed.

Rules kept here:

- A frame is handed out without its length, as a bytearray of its own. Its bytes are copied once: a small frame from the
  buffer that all connections share, a large one by the kernel, straight to its place.
- A length below zero or above the limit is refused before anything of the frame is read. An empty frame is a frame
  (SASL tokens may be empty).
- A length is a claim. Memory follows what has arrived, so a claim alone costs next to nothing.

Kafka: `NetworkReceive`.
"""

from __future__ import annotations

from collections.abc import Callable
from struct import Struct

__all__ = ["SCRATCH_SIZE", "FrameReader"]

#: Size of the buffer into which all connections of a server read, one after the other.
SCRATCH_SIZE = 64 * 1024

#: A frame that has begun gets a buffer of its own from this size on. Of a smaller one, what has arrived is kept aside
#: and put before the next read.
_LARGE = 4096

#: How much larger than what has arrived a frame's own buffer may be.
_TRUST = 16

#: A large frame is read in this many steps at most before other connections have their turn.
_READS_PER_TURN = 16

_LENGTH = Struct(">i").unpack_from


class FrameReader:
    """Frames of one connection.

    Args:
        scratch: the shared buffer, at least `SCRATCH_SIZE` bytes.
        max_size: the largest frame allowed, in bytes (`socket.request.max.bytes`).
    """

    __slots__ = ("_filled", "_frame", "_max_size", "_partial", "_scratch", "_size", "refused")

    def __init__(self, scratch: bytearray, max_size: int) -> None:
        self._scratch = scratch
        self._max_size = max_size
        self._partial = b""
        self._frame: bytearray | None = None
        self._filled = 0
        self._size = 0
        #: Why the next frame was refused; None while all is well. Nothing can be read after that.
        self.refused: str | None = None

    @property
    def is_between_frames(self) -> bool:
        """Whether no frame has begun."""
        return self._frame is None and not self._partial

    def read(self, recv_into: Callable[[bytearray | memoryview], int]) -> list[bytearray] | None:
        """Read once (a large frame: until nothing more is there) and return the frames that are now whole.

        Args:
            recv_into: reads into a buffer and returns the number of bytes, 0 at the end of the stream.

        Returns:
            None at the end of the stream.

        Raises:
            BlockingIOError: nothing has arrived.
        """
        if self._frame is not None:
            return self._read_on(self._frame, recv_into)
        scratch = self._scratch
        partial = self._partial
        if partial:
            start = len(partial)
            with memoryview(scratch) as whole, whole[start:] as room:
                count = recv_into(room)
            scratch[:start] = partial
            self._partial = b""
        else:
            start = 0
            count = recv_into(scratch)
        return self._split(start + count) if count else None

    def _split(self, end: int) -> list[bytearray]:
        scratch = self._scratch
        frames: list[bytearray] = []
        at = 0
        while end - at >= 4:
            size = _LENGTH(scratch, at)[0]
            if not 0 <= size <= self._max_size:
                self._refuse(size)
                return frames
            stop = at + 4 + size
            if stop > end:
                if size > _LARGE:
                    self._begin(size, at + 4, end)
                    return frames
                break
            frames.append(scratch[at + 4 : stop])
            at = stop
        if at < end:
            self._partial = bytes(scratch[at:end])
        return frames

    def _refuse(self, size: int) -> None:
        larger = f" larger than {self._max_size}" if size > 0 else ""
        self.refused = f"Invalid receive (size = {size}{larger})"

    def _begin(self, size: int, start: int, end: int) -> None:
        """Give a large frame, of which `scratch[start:end]` has arrived, a buffer of its own."""
        self._size = size
        self._filled = end - start
        self._frame = frame = bytearray(self._trusted())
        with memoryview(self._scratch) as whole:
            frame[: self._filled] = whole[start:end]

    def _trusted(self) -> int:
        return min(self._size, max(_LARGE, self._filled * _TRUST))

    def _read_on(
        self, frame: bytearray, recv_into: Callable[[bytearray | memoryview], int]
    ) -> list[bytearray] | None:
        for turn in range(_READS_PER_TURN):
            if self._filled == len(frame):
                frame += bytes(self._trusted() - len(frame))
            try:
                with memoryview(frame) as whole, whole[self._filled :] as room:
                    count = recv_into(room)
            except BlockingIOError:
                if turn == 0:
                    raise
                break
            if not count:
                return None
            self._filled += count
            if self._filled == self._size:
                self._frame = None
                return [frame]
        return []
