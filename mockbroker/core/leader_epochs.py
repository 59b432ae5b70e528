"""Which leader epoch began at which offset, in one replica's log.

Rules kept here (`LeaderEpochFileCache`, KIP-101, KIP-279):

- Epochs and start offsets both rise. An entry that would break that replaces those it contradicts.
- An epoch ends where the next known one begins, the latest at the end of the log.
- When the log loses its beginning, the epoch in force there begins at the new start.
"""

from __future__ import annotations

from bisect import bisect_right

__all__ = ["NO_EPOCH", "NO_OFFSET", "LeaderEpochs"]

NO_EPOCH = -1
NO_OFFSET = -1


class LeaderEpochs:
    """The epochs of one log, in order."""

    __slots__ = ("_epochs", "_starts", "latest")

    def __init__(self) -> None:
        self._epochs: list[int] = []
        self._starts: list[int] = []
        #: the latest epoch, -1 while there is none.
        self.latest = NO_EPOCH

    @property
    def entries(self) -> list[tuple[int, int]]:
        """(epoch, start offset) of all, in order."""
        return list(zip(self._epochs, self._starts, strict=True))

    def assign(self, epoch: int, start_offset: int) -> None:
        """Note that records of `epoch` begin at `start_offset`, unless that is known."""
        epochs, starts = self._epochs, self._starts
        if epochs and epochs[-1] == epoch and starts[-1] <= start_offset:
            return
        while epochs and (epochs[-1] >= epoch or starts[-1] >= start_offset):
            epochs.pop()
            starts.pop()
        epochs.append(epoch)
        starts.append(start_offset)
        self.latest = epoch

    def truncate_from_end(self, end_offset: int) -> None:
        """Forget the epochs that begin at `end_offset` or later."""
        while self._starts and self._starts[-1] >= end_offset:
            self._epochs.pop()
            self._starts.pop()
        self.latest = self._epochs[-1] if self._epochs else NO_EPOCH

    def truncate_from_start(self, start_offset: int) -> None:
        """Forget the epochs that end before `start_offset`, which is where the log begins now."""
        before = bisect_right(self._starts, start_offset)
        if before:
            del self._epochs[: before - 1], self._starts[: before - 1]
            self._starts[0] = start_offset

    def clear(self) -> None:
        """Forget all."""
        self._epochs.clear()
        self._starts.clear()
        self.latest = NO_EPOCH

    def epoch_at(self, offset: int) -> int:
        """The epoch that `offset` belongs to; -1 when it lies before the first."""
        at = bisect_right(self._starts, offset)
        return self._epochs[at - 1] if at else NO_EPOCH

    def earliest_at(self, start_offset: int) -> int:
        """The first epoch, if it begins no later than the log's `start_offset`; else -1."""
        return self._epochs[0] if self._starts and self._starts[0] <= start_offset else NO_EPOCH

    def end_offset_for(self, epoch: int, log_end_offset: int) -> tuple[int, int]:
        """The largest known epoch that is not above `epoch`, and the offset at which it ends.

        Returns:
            (-1, -1) when `epoch` is -1 or later than all. An epoch before the first comes back itself, with the
            first one's start.
        """
        epochs = self._epochs
        if epoch == NO_EPOCH:
            return NO_EPOCH, NO_OFFSET
        if epoch == self.latest:
            return epoch, log_end_offset
        higher = bisect_right(epochs, epoch)
        if higher == len(epochs):
            return NO_EPOCH, NO_OFFSET
        return (epochs[higher - 1] if higher else epoch), self._starts[higher]
