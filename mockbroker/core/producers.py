"""What one log knows of idempotent and transactional producers.

Rules kept here (`ProducerStateManager`, `ProducerAppendInfo`; KIP-98, KIP-890):

- A producer's batches bear consecutive sequence numbers, which wrap from the largest int32 to zero. A new epoch
  begins at zero; a producer that the log does not know may begin anywhere.
- A batch that is one of the producer's last five, by epoch and sequences, is a duplicate: it is answered with what was
  answered first, and not written.
- An epoch that is older than the last one seen is refused.
- A transaction begins in this log with the first transactional batch and ends with its marker. It is unstable until
  the marker is below the high watermark.
- What replication brings has been checked by the leader: it is taken as it is.
"""

from __future__ import annotations

from mockbroker.core.batches import Batch, OwnBatch
from mockbroker.core.producer_state import (
    CompletedTransaction,
    Origin,
    ProducerState,
    Verification,
    WrittenBatch,
)
from protocol_specs.errors import ErrorCode, KafkaError
from protocol_specs.record_batch import (
    CONTROL_FLAG,
    TRANSACTIONAL_FLAG,
    EndTxnMarker,
    advance_sequence,
    parse_end_txn_marker,
    records_of,
)

__all__ = [
    "CompletedTransaction",
    "Origin",
    "ProducerState",
    "ProducerStates",
    "Verification",
    "WrittenBatch",
]

_OF_TRANSACTIONS = TRANSACTIONAL_FLAG | CONTROL_FLAG
_MAX_INT32 = 2**31 - 1
_MAX_INT16 = 2**15 - 1
#: The transaction version of a marker whose sender does not say (`TransactionVersion.TV_UNKNOWN`).
_VERSION_UNKNOWN = -1


class ProducerStates:
    """All producers of one log.

    Args:
        partition: topic and index as Kafka prints them, for error texts.
        verifies: whether a transaction's first batch needs a guard (`transaction.partition.verification.enable`).

    Attributes:
        producers: by producer id.
        first_unstable_offset: start of the first transaction that is open, or whose marker is not yet below the high
            watermark; None when there is none.
    """

    __slots__ = (
        "_ongoing",
        "_partition",
        "_unreplicated",
        "_verifications",
        "first_unstable_offset",
        "producers",
        "verifies",
    )

    def __init__(self, partition: str, verifies: bool = False) -> None:
        self._partition = partition
        self.verifies = verifies
        self.producers: dict[int, ProducerState] = {}
        self.first_unstable_offset: int | None = None
        #: first offset -> producer id; offsets rise, so the first one entered is the earliest.
        self._ongoing: dict[int, int] = {}
        #: first offset -> offset of the marker.
        self._unreplicated: dict[int, int] = {}
        self._verifications: dict[int, Verification] = {}

    # Before an append

    def admit(
        self,
        batch: Batch,
        offset: int,
        origin: Origin,
        guard: Verification | None = None,
        transaction_version: int = 0,
    ) -> WrittenBatch | None:
        """Whether a producer's batch may be written at `offset`.

        Args:
            guard: from `start_verification`.
            transaction_version: of a marker's transaction (KIP-1228).

        Returns:
            None when it may; the batch that it repeats when it was written before.

        Raises:
            KafkaError: OUT_OF_ORDER_SEQUENCE_NUMBER, INVALID_PRODUCER_EPOCH, INVALID_TXN_STATE,
                TRANSACTION_COORDINATOR_FENCED, INVALID_RECORD for a broken marker, or UNKNOWN_SERVER_ERROR for
                one that leaves its transaction's version open.
        """
        state = self.producers.get(batch.producer_id)
        if origin is Origin.CLIENT and state is not None and state.epoch == batch.producer_epoch:
            first, last = batch.base_sequence, batch.last_sequence
            for written in state.batches:
                if written[0] == first and written[1] == last:
                    return written
        if batch.attributes & _OF_TRANSACTIONS:
            if origin is not Origin.REPLICATION and batch.is_transactional:
                self._check_verified(batch, state, guard)
            if batch.is_control:
                self._check_marker(batch, state, offset, origin, transaction_version)
                return None
        if state is not None and batch.producer_epoch < state.epoch and origin is not Origin.REPLICATION:
            raise self._stale_epoch(batch, state, offset, "<", "TV-1")
        if origin is Origin.CLIENT:
            self._check_sequence(batch, state, offset)
        if state is not None and state.txn_first_offset is not None and not batch.is_transactional:
            raise KafkaError(
                ErrorCode.INVALID_TXN_STATE,
                f"Expected transactional write from producer {batch.producer_id} at offset "
                f"(offset={offset}, segment=[-1:-1]) in partition {self._partition}",
            )
        return None

    def _check_verified(self, batch: Batch, state: ProducerState | None, guard: Verification | None) -> None:
        if state is not None:
            if state.txn_first_offset is not None and state.epoch == batch.producer_epoch:
                return
            if batch.producer_epoch < state.epoch:
                raise KafkaError(
                    ErrorCode.INVALID_PRODUCER_EPOCH,
                    f"Epoch of producer {batch.producer_id} is {batch.producer_epoch}, which is smaller than the "
                    f"last seen epoch {state.epoch}",
                )
        if self.verifies and not batch.is_control:
            known = self._verifications.get(batch.producer_id)
            if guard is None or known is not guard:
                raise KafkaError(ErrorCode.INVALID_TXN_STATE, "Record was not part of an ongoing transaction")

    def _check_sequence(self, batch: Batch, state: ProducerState | None, offset: int) -> None:
        first = batch.base_sequence
        verification = self._verifications.get(batch.producer_id)
        if verification is not None:
            if verification.supports_epoch_bump and first != 0 and (state is None or not state.batches):
                raise self._out_of_order(
                    f"Invalid sequence number for producer {batch.producer_id}",
                    offset,
                    f"{first} (incoming seq. number). Expected sequence 0 for transactions v2 idempotent "
                    "producer with no existing state.",
                )
            if first > verification.lowest_sequence:
                raise self._out_of_order(
                    f"Out of order sequence number for producer {batch.producer_id}",
                    offset,
                    f"{first} (incoming seq. number), {verification.lowest_sequence} (earliest seen sequence)",
                )
        if state is None or state.epoch == -1:
            return
        if batch.producer_epoch != state.epoch:
            if first != 0:
                raise self._out_of_order(
                    f"Invalid sequence number for new epoch of producer {batch.producer_id}",
                    offset,
                    f"{batch.producer_epoch} (request epoch), {first} (seq. number), "
                    f"{state.epoch} (current producer epoch)",
                )
            return
        last = state.last_sequence
        if first != last + 1 and not (first == 0 and last == _MAX_INT32):
            raise self._out_of_order(
                f"Out of order sequence number for producer {batch.producer_id}",
                offset,
                f"{first} (incoming seq. number), {last} (current end sequence number)",
            )

    def _out_of_order(self, what: str, offset: int, detail: str) -> KafkaError:
        return KafkaError(
            ErrorCode.OUT_OF_ORDER_SEQUENCE_NUMBER,
            f"{what} at offset {offset} in partition {self._partition}: {detail}",
        )

    def _check_marker(
        self, batch: Batch, state: ProducerState | None, offset: int, origin: Origin, version: int
    ) -> None:
        marker = _marker_of(batch)
        if marker is None or origin is Origin.REPLICATION:
            return
        if version == _VERSION_UNKNOWN:
            text = (
                "transactionVersion must be explicitly specified, cannot use default value TV_UNKNOWN "
                f"for origin {origin.name}"
            )
            raise KafkaError(ErrorCode.UNKNOWN_SERVER_ERROR, text)
        if state is None:
            return
        epoch = batch.producer_epoch
        if version < 2:
            if epoch < state.epoch:
                raise self._stale_epoch(batch, state, offset, "<", f"TV{version}")
        elif epoch <= state.epoch:
            # A marker that comes again after its transaction has ended is harmless (KAFKA-19999).
            is_retry = epoch == state.epoch and (state.txn_first_offset is None or epoch == _MAX_INT16)
            if not is_retry:
                raise self._stale_epoch(batch, state, offset, "<=", f"TV{version}")
        if state.coordinator_epoch > marker.coordinator_epoch:
            raise KafkaError(
                ErrorCode.TRANSACTION_COORDINATOR_FENCED,
                f"Invalid coordinator epoch for producerId {batch.producer_id} at offset {offset} in partition "
                f"{self._partition}: {marker.coordinator_epoch} (zombie), {state.coordinator_epoch} (current)",
            )

    def _stale_epoch(
        self, batch: Batch, state: ProducerState, offset: int, comparison: str, version: str
    ) -> KafkaError:
        return KafkaError(
            ErrorCode.INVALID_PRODUCER_EPOCH,
            f"Epoch of producer {batch.producer_id} at offset {offset} in {self._partition} is "
            f"{batch.producer_epoch}, which is {comparison} the last seen epoch {state.epoch} ({version})",
        )

    # After an append

    def written(self, batch: Batch) -> CompletedTransaction | None:
        """Take note of a producer's batch that now stands in the log.

        Returns:
            The transaction that it ended, if it was a marker and there was one.
        """
        producer_id, offset, timestamp_ms = batch.producer_id, batch.base_offset, batch.max_timestamp
        is_transactional = batch.attributes & _OF_TRANSACTIONS
        if is_transactional:
            self._verified(batch)
            if batch.is_control:
                return self._ended(batch)
        state = self.producers.get(producer_id)
        if state is None:
            state = self.producers[producer_id] = ProducerState(producer_id)
        if state.epoch != batch.producer_epoch:
            state.move_to(batch.producer_epoch)
        first, delta = batch.base_sequence, batch.last_offset_delta
        last = advance_sequence(first, delta) if first >= 0 else -1
        state.batches.append(WrittenBatch(first, last, offset, offset + delta, timestamp_ms))
        state.last_timestamp_ms = timestamp_ms
        if is_transactional and state.txn_first_offset is None:
            state.txn_first_offset = offset
            self._ongoing[offset] = producer_id
            self._find_first_unstable()
        return None

    def _verified(self, batch: Batch) -> None:
        verification = self._verifications.get(batch.producer_id)
        if verification is None:
            return
        # With epoch bumps, a marker of the epoch that is being verified ended the transaction before it.
        if not (
            verification.supports_epoch_bump
            and batch.is_control
            and batch.producer_epoch == verification.epoch
        ):
            del self._verifications[batch.producer_id]

    def _ended(self, batch: Batch) -> CompletedTransaction | None:
        marker = _marker_of(batch)
        if marker is None:
            return None
        producer_id = batch.producer_id
        state = self.producers.get(producer_id)
        if state is None:
            state = self.producers[producer_id] = ProducerState(producer_id)
        first, state.txn_first_offset = state.txn_first_offset, None
        state.move_to(batch.producer_epoch)
        state.coordinator_epoch = marker.coordinator_epoch
        state.last_timestamp_ms = batch.max_timestamp
        if first is None:
            return None
        del self._ongoing[first]
        self._unreplicated[first] = batch.base_offset
        self._find_first_unstable()
        return CompletedTransaction(producer_id, first, batch.base_offset, not marker.is_commit)

    def stable_offset_after(self, completed: CompletedTransaction) -> int:
        """Where the last stable offset will be once `completed` is below the high watermark."""
        return next(iter(self._ongoing), completed.last_offset + 1)

    def high_watermark_moved(self, high_watermark: int) -> None:
        """Transactions whose markers are below `high_watermark` are stable now."""
        unreplicated = self._unreplicated
        if unreplicated:
            for first in [first for first, marker in unreplicated.items() if marker < high_watermark]:
                del unreplicated[first]
            self._find_first_unstable()

    def _find_first_unstable(self) -> None:
        first = next(iter(self._ongoing), None)
        for other in self._unreplicated:
            if first is None or other < first:
                first = other
        self.first_unstable_offset = first

    # Verification (KIP-890)

    def start_verification(
        self, producer_id: int, sequence: int, epoch: int, supports_epoch_bump: bool, now_ms: int
    ) -> Verification | None:
        """Begin to verify that a producer's transaction is open, before its first batch here is appended.

        Returns:
            The guard to append with; None when its transaction is open here, so that there is nothing to verify.

        Raises:
            KafkaError: INVALID_PRODUCER_EPOCH for an epoch that is older than the last one seen.
        """
        state = self.producers.get(producer_id)
        if state is not None:
            if epoch < state.epoch:
                raise KafkaError(
                    ErrorCode.INVALID_PRODUCER_EPOCH,
                    f"Epoch of producer {producer_id} is {epoch}, which is smaller than the last seen epoch "
                    f"{state.epoch}",
                )
            if state.txn_first_offset is not None and state.epoch == epoch:
                return None
        verification = self._verifications.get(producer_id)
        if verification is None:
            verification = Verification(sequence, epoch, supports_epoch_bump, now_ms)
            self._verifications[producer_id] = verification
        verification.update(sequence, epoch)
        return verification

    # Upkeep

    def remove_expired(self, now_ms: int, expiration_ms: int) -> None:
        """Forget producers without an open transaction that wrote nothing for `producer.id.expiration.ms`."""
        for state in list(self.producers.values()):
            if state.txn_first_offset is None and now_ms - state.last_timestamp_ms >= expiration_ms:
                del self.producers[state.producer_id]
        for producer_id, verification in list(self._verifications.items()):
            if now_ms - verification.began_ms >= expiration_ms:
                del self._verifications[producer_id]

    def clear(self) -> None:
        """Forget all producers and transactions, to be told of what is in the log once more."""
        self.producers.clear()
        self._ongoing.clear()
        self._unreplicated.clear()
        self.first_unstable_offset = None


def _marker_of(batch: Batch) -> EndTxnMarker | None:
    if isinstance(batch, OwnBatch):
        return batch.marker
    records = records_of(batch.view)
    return parse_end_txn_marker(records[0]) if records else None
