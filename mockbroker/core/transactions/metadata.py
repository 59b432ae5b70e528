"""One transactional id as the log knows it, and the steps that lead to its next version.

Rules kept here (`TransactionMetadata`, `TxnTransitMetadata`; KIP-98, KIP-360, KIP-890, KIP-1228):

- Every step gives a new version and leaves the old one alone; it counts once it is written to the log.
- A new producer with the same transactional id gets a higher epoch, which fences the one before.
- Clients never see the greatest epoch, so that the coordinator can always fence once more: where one epoch is left,
  the id gets a new producer id and begins at epoch 0.
- With epoch bumps (`client_version` 2), ending a transaction raises the epoch: the marker has the new one.
- `previous_producer_id` is what the producer id was one step before.
"""

from __future__ import annotations

from typing import Final, NamedTuple

from mockbroker.core.transactions.states import PREVIOUS_STATES, TransactionState
from protocol_specs.errors import ErrorCode, KafkaError

__all__ = [
    "MAX_EPOCH",
    "NO_EPOCH",
    "NO_PRODUCER_ID",
    "PREPARED",
    "SUPPORTS_EPOCH_BUMP",
    "TopicPartition",
    "Transaction",
    "TransactionMetadata",
    "add_partitions",
    "complete",
    "fenced_epoch",
    "increment_epoch",
    "is_epoch_exhausted",
    "new_metadata",
    "prepare_end",
    "rotate_producer_id",
]

NO_PRODUCER_ID: Final = -1
NO_EPOCH: Final = -1
MAX_EPOCH: Final = 2**15 - 1
#: The transaction.version since which ending a transaction raises the epoch.
SUPPORTS_EPOCH_BUMP: Final = 2
#: Decided, and not yet told to all partitions.
PREPARED: Final = (TransactionState.PREPARE_COMMIT, TransactionState.PREPARE_ABORT)
_NO_TIME: Final = -1

#: Topic and partition index.
TopicPartition = tuple[str, int]


class TransactionMetadata(NamedTuple):
    """One version. Times in milliseconds since the epoch.

    Attributes:
        next_producer_id: what the producer id will be when the markers are written; -1: what it is.
        last_producer_epoch: the epoch before, as the client saw it; -1 when unknown. Not in the log.
        partitions: of the open transaction, in the order in which they were added.
        start_ms: when the transaction began; -1 before the first.
        client_version: the transaction.version that the client spoke when it last changed something.
    """

    transactional_id: str
    producer_id: int
    previous_producer_id: int
    next_producer_id: int
    producer_epoch: int
    last_producer_epoch: int
    timeout_ms: int
    state: TransactionState
    partitions: tuple[TopicPartition, ...]
    start_ms: int
    updated_ms: int
    client_version: int


class Transaction:
    """A transactional id in the coordinator's table. Requests that wait for it to settle wait on it.

    Attributes:
        pending: the state that is being entered, until its record is written and replicated; None at rest.
        has_failed_fence: a fence raised the epoch but could not be written, so the next one must not raise it again.
    """

    __slots__ = ("has_failed_fence", "metadata", "pending")

    def __init__(self, metadata: TransactionMetadata) -> None:
        self.metadata = metadata
        self.pending: TransactionState | None = None
        self.has_failed_fence = False


def new_metadata(
    transactional_id: str, producer_id: int, timeout_ms: int, now_ms: int
) -> TransactionMetadata:
    """A transactional id that is new: it has no epoch until `increment_epoch`."""
    return TransactionMetadata(
        transactional_id,
        producer_id,
        NO_PRODUCER_ID,
        NO_PRODUCER_ID,
        NO_EPOCH,
        NO_EPOCH,
        timeout_ms,
        TransactionState.EMPTY,
        (),
        _NO_TIME,
        now_ms,
        0,
    )


def is_epoch_exhausted(epoch: int) -> bool:
    """Whether no client may get a higher epoch than this one."""
    return epoch >= MAX_EPOCH - 1


def _enter(metadata: TransactionMetadata, state: TransactionState) -> None:
    if metadata.state not in PREVIOUS_STATES[state]:
        raise ValueError(f"{metadata.transactional_id} cannot go from {metadata.state.name} to {state.name}")


def fenced_epoch(transaction: Transaction) -> int:
    """The epoch with which the coordinator itself aborts an ongoing transaction. No client ever gets it."""
    _enter(transaction.metadata, TransactionState.PREPARE_EPOCH_FENCE)
    epoch = transaction.metadata.producer_epoch
    return epoch if transaction.has_failed_fence or epoch == MAX_EPOCH else epoch + 1


def increment_epoch(
    metadata: TransactionMetadata, timeout_ms: int, expected_epoch: int | None, now_ms: int
) -> TransactionMetadata:
    """InitProducerId: the next epoch.

    Args:
        expected_epoch: the epoch that the client has, if it says so (KIP-360).

    Raises:
        KafkaError: PRODUCER_FENCED when the client's epoch is not the present one; UNKNOWN_SERVER_ERROR when no
            epoch is left and the client has another one.
    """
    _enter(metadata, TransactionState.EMPTY)
    epoch = metadata.producer_epoch
    if is_epoch_exhausted(epoch):
        raise KafkaError(
            ErrorCode.UNKNOWN_SERVER_ERROR,
            f"Cannot allocate any more producer epochs for producerId {metadata.producer_id}",
        )
    if expected_epoch is None:
        bumped, last = epoch + 1, NO_EPOCH
    elif epoch in (NO_EPOCH, expected_epoch):
        bumped, last = epoch + 1, epoch
    elif expected_epoch == metadata.last_producer_epoch:
        # A retry of a request that was done.
        bumped, last = epoch, metadata.last_producer_epoch
    else:
        raise KafkaError(ErrorCode.PRODUCER_FENCED)
    return metadata._replace(
        previous_producer_id=metadata.producer_id,
        producer_epoch=bumped,
        last_producer_epoch=last,
        timeout_ms=timeout_ms,
        state=TransactionState.EMPTY,
        partitions=(),
        start_ms=_NO_TIME,
        updated_ms=now_ms,
    )


def rotate_producer_id(
    metadata: TransactionMetadata, producer_id: int, timeout_ms: int, now_ms: int, *, keeps_last_epoch: bool
) -> TransactionMetadata:
    """InitProducerId where no epoch is left: a new producer id.

    Args:
        keeps_last_epoch: whether the client said which epoch it has, so that it may repeat the request.
    """
    _enter(metadata, TransactionState.EMPTY)
    return metadata._replace(
        producer_id=producer_id,
        previous_producer_id=metadata.producer_id,
        producer_epoch=0,
        last_producer_epoch=metadata.producer_epoch if keeps_last_epoch else NO_EPOCH,
        timeout_ms=timeout_ms,
        state=TransactionState.EMPTY,
        partitions=(),
        start_ms=_NO_TIME,
        updated_ms=now_ms,
    )


def add_partitions(
    metadata: TransactionMetadata, partitions: tuple[TopicPartition, ...], client_version: int, now_ms: int
) -> TransactionMetadata:
    """AddPartitionsToTxn: begins the transaction if there is none."""
    _enter(metadata, TransactionState.ONGOING)
    is_ongoing = metadata.state is TransactionState.ONGOING
    return metadata._replace(
        previous_producer_id=metadata.producer_id,
        state=TransactionState.ONGOING,
        partitions=tuple(dict.fromkeys(metadata.partitions + partitions)),
        start_ms=metadata.start_ms if is_ongoing else now_ms,
        updated_ms=now_ms,
        client_version=client_version,
    )


def prepare_end(
    metadata: TransactionMetadata,
    state: TransactionState,
    client_version: int,
    next_producer_id: int,
    now_ms: int,
) -> TransactionMetadata:
    """EndTxn: decided, but not yet told to the partitions.

    Args:
        state: PREPARE_COMMIT or PREPARE_ABORT.
        next_producer_id: for when no epoch is left; else -1.
    """
    _enter(metadata, state)
    epoch, last = metadata.producer_epoch, metadata.last_producer_epoch
    if client_version >= SUPPORTS_EPOCH_BUMP:
        last = epoch
        if epoch != MAX_EPOCH or state is not TransactionState.PREPARE_ABORT:
            epoch += 1
    return metadata._replace(
        previous_producer_id=metadata.producer_id,
        next_producer_id=next_producer_id,
        producer_epoch=epoch,
        last_producer_epoch=last,
        state=state,
        # An abort of what never began has no other start.
        start_ms=metadata.start_ms if metadata.state is TransactionState.ONGOING else now_ms,
        updated_ms=now_ms,
        client_version=client_version,
    )


def complete(metadata: TransactionMetadata, now_ms: int) -> TransactionMetadata:
    """All markers are written. `last_producer_epoch` stays what the client last saw, also over a new producer id."""
    is_commit = metadata.state is TransactionState.PREPARE_COMMIT
    state = TransactionState.COMPLETE_COMMIT if is_commit else TransactionState.COMPLETE_ABORT
    _enter(metadata, state)
    producer_id, epoch = metadata.producer_id, metadata.producer_epoch
    if metadata.client_version >= SUPPORTS_EPOCH_BUMP and metadata.next_producer_id != NO_PRODUCER_ID:
        producer_id, epoch = metadata.next_producer_id, 0
    return metadata._replace(
        producer_id=producer_id,
        previous_producer_id=metadata.producer_id,
        next_producer_id=NO_PRODUCER_ID,
        producer_epoch=epoch,
        state=state,
        partitions=(),
        updated_ms=now_ms,
    )
