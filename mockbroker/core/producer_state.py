"""What one log remembers of each producer (`ProducerStateEntry`, `VerificationStateEntry`)."""

from __future__ import annotations

from collections import deque
from enum import Enum
from typing import NamedTuple

__all__ = [
    "AbortedTransaction",
    "CompletedTransaction",
    "Origin",
    "ProducerState",
    "Verification",
    "WrittenBatch",
]

#: How many of a producer's batches are remembered to know duplicates by.
WINDOW = 5


class Origin(Enum):
    """Who appends (`AppendOrigin`)."""

    CLIENT = "client"
    COORDINATOR = "coordinator"
    REPLICATION = "replication"


class WrittenBatch(NamedTuple):
    """A batch of a producer's window."""

    first_sequence: int
    last_sequence: int
    first_offset: int
    last_offset: int
    timestamp_ms: int


class CompletedTransaction(NamedTuple):
    """A transaction that a marker has ended; `last_offset` is the marker's."""

    producer_id: int
    first_offset: int
    last_offset: int
    is_aborted: bool


class AbortedTransaction(NamedTuple):
    """`last_offset` is the marker's; all before `last_stable_offset` was decided with it."""

    producer_id: int
    first_offset: int
    last_offset: int
    last_stable_offset: int


class ProducerState:
    """One producer, as this log knows it.

    Attributes:
        epoch: -1 before its first batch.
        coordinator_epoch: of the last marker; -1 before the first.
        last_timestamp_ms: greatest timestamp of its last batch, or the time of its last marker.
        txn_first_offset: where its open transaction begins; None when there is none.
        batches: the last five of this epoch.
    """

    __slots__ = (
        "batches",
        "coordinator_epoch",
        "epoch",
        "last_timestamp_ms",
        "producer_id",
        "txn_first_offset",
    )

    def __init__(self, producer_id: int) -> None:
        self.producer_id = producer_id
        self.epoch = -1
        self.coordinator_epoch = -1
        self.last_timestamp_ms = -1
        self.txn_first_offset: int | None = None
        self.batches: deque[WrittenBatch] = deque(maxlen=WINDOW)

    @property
    def last_sequence(self) -> int:
        """Sequence of its last record in this epoch; -1 when there is none."""
        return self.batches[-1].last_sequence if self.batches else -1

    @property
    def last_offset(self) -> int:
        """Offset of its last data record in this epoch; -1 when there is none."""
        return self.batches[-1].last_offset if self.batches else -1

    def move_to(self, epoch: int) -> None:
        """Begin a new epoch, unless it is the present one."""
        if self.epoch != epoch:
            self.batches.clear()
            self.epoch = epoch


class Verification:
    """That a producer's transaction is being verified with its coordinator (KIP-890). Itself is the guard.

    Attributes:
        lowest_sequence: the lowest one that waits to be verified: no later one may be written before it.
    """

    __slots__ = ("began_ms", "epoch", "lowest_sequence", "supports_epoch_bump")

    def __init__(self, sequence: int, epoch: int, supports_epoch_bump: bool, began_ms: int) -> None:
        self.lowest_sequence = sequence
        self.epoch = epoch
        self.supports_epoch_bump = supports_epoch_bump
        self.began_ms = began_ms

    def update(self, sequence: int, epoch: int) -> None:
        """Take note of a further batch that waits to be verified."""
        if (epoch == self.epoch and sequence < self.lowest_sequence) or epoch > self.epoch:
            self.lowest_sequence = sequence
            self.epoch = epoch
