"""What EndTxn is to do: the checks that come before `states.END_TABLE` and `END_TABLE_V2`.

Rules kept here (`TransactionCoordinator.endTransaction`, `.endTransactionWithTV1`; KIP-890):

- Without epoch bumps the epoch must be the present one; only the coordinator itself, when it fences, comes with a
  higher one.
- With epoch bumps an EndTxn whose epoch is one below the present one is a retry of the EndTxn that raised it; so is one
  with the last epoch of the previous producer id. Whatever else is not the present epoch is fenced.
"""

from __future__ import annotations

from mockbroker.core.transactions.metadata import MAX_EPOCH, PREPARED, Transaction
from mockbroker.core.transactions.states import END_TABLE, END_TABLE_V2, TransactionState, Verdict
from protocol_specs.errors import ErrorCode

__all__ = ["judge_end", "judge_end_v2"]

_FENCE = TransactionState.PREPARE_EPOCH_FENCE
_COMPLETE = (TransactionState.COMPLETE_COMMIT, TransactionState.COMPLETE_ABORT)


def judge_end(
    transaction: Transaction, producer_id: int, epoch: int, *, is_commit: bool, is_from_client: bool
) -> Verdict:
    """EndTxn without epoch bumps."""
    metadata = transaction.metadata
    if metadata.producer_id != producer_id:
        return ErrorCode.INVALID_PRODUCER_ID_MAPPING
    if epoch < metadata.producer_epoch or (is_from_client and epoch != metadata.producer_epoch):
        return ErrorCode.PRODUCER_FENCED
    if transaction.pending is not None and transaction.pending is not _FENCE:
        return ErrorCode.CONCURRENT_TRANSACTIONS
    return END_TABLE[metadata.state, is_commit]


def judge_end_v2(
    transaction: Transaction, producer_id: int, epoch: int, *, is_commit: bool, is_from_client: bool
) -> Verdict:
    """EndTxn with epoch bumps."""
    metadata, pending = transaction.metadata, transaction.pending
    if pending is not None and pending is not _FENCE:
        # First of all: the client may use a producer id that is still being entered.
        return ErrorCode.CONCURRENT_TRANSACTIONS
    present, state = metadata.producer_epoch, metadata.state
    is_fence = pending is _FENCE
    retries_overflow = (
        not is_fence
        and metadata.previous_producer_id == producer_id
        and epoch == MAX_EPOCH - 1
        and present == 0
    )
    retries_bump = not is_fence and present == epoch + 1
    if metadata.producer_id != producer_id and not retries_overflow:
        return ErrorCode.INVALID_PRODUCER_ID_MAPPING
    if is_fence:
        is_valid = epoch == present if is_from_client else epoch >= present
    elif state in PREPARED:
        is_valid = retries_bump
    elif state in _COMPLETE:
        is_valid = retries_bump or retries_overflow or epoch == present
    else:
        is_valid = epoch == present
    if not is_valid:
        return ErrorCode.PRODUCER_FENCED
    return END_TABLE_V2[state, is_commit, retries_bump or retries_overflow]
