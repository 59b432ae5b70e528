"""The steps from one version of a transactional id to the next."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from mockbroker.core.transactions import metadata as steps
from mockbroker.core.transactions.metadata import MAX_EPOCH, Transaction, TransactionMetadata, new_metadata
from mockbroker.core.transactions.states import PREVIOUS_STATES, TransactionState

S = TransactionState

#: state to enter -> the step that enters it.
STEPS: dict[S, Callable[[TransactionMetadata], object]] = {
    S.EMPTY: lambda metadata: steps.increment_epoch(metadata, 1000, None, 5),
    S.ONGOING: lambda metadata: steps.add_partitions(metadata, (("orders", 0),), 2, 5),
    S.PREPARE_COMMIT: lambda metadata: steps.prepare_end(metadata, S.PREPARE_COMMIT, 2, -1, 5),
    S.PREPARE_ABORT: lambda metadata: steps.prepare_end(metadata, S.PREPARE_ABORT, 2, -1, 5),
    S.PREPARE_EPOCH_FENCE: lambda metadata: steps.fenced_epoch(Transaction(metadata)),
}


def _in(state: S, epoch: int = 5) -> TransactionMetadata:
    return new_metadata("tx", 7, 1000, 0)._replace(state=state, producer_epoch=epoch, start_ms=1)


@pytest.mark.parametrize("entered", STEPS)
@pytest.mark.parametrize("state", list(S))
def test_a_state_is_entered_only_from_where_it_may_be(state: S, entered: S) -> None:
    metadata = _in(state)
    if state in PREVIOUS_STATES[entered]:
        STEPS[entered](metadata)
        return
    with pytest.raises(ValueError, match=rf"tx cannot go from {state.name} to {entered.name}"):
        STEPS[entered](metadata)


@pytest.mark.parametrize("state", list(S))
def test_only_what_is_decided_can_be_completed(state: S) -> None:
    metadata = _in(state)
    if state is S.PREPARE_COMMIT:
        assert steps.complete(metadata, 9).state is S.COMPLETE_COMMIT
    elif state is S.PREPARE_ABORT:
        assert steps.complete(metadata, 9).state is S.COMPLETE_ABORT
    else:
        with pytest.raises(ValueError, match="cannot go"):
            steps.complete(metadata, 9)


def test_every_step_remembers_the_producer_id_before_it() -> None:
    metadata = _in(S.EMPTY)
    rotated = steps.rotate_producer_id(metadata, 8, 1000, 5, keeps_last_epoch=True)
    assert (rotated.producer_id, rotated.previous_producer_id) == (8, 7)
    begun = steps.add_partitions(rotated, (("orders", 0),), 2, 6)
    assert (begun.producer_id, begun.previous_producer_id) == (8, 8)


def test_only_an_abort_goes_on_from_the_greatest_epoch() -> None:
    metadata = _in(S.ONGOING, MAX_EPOCH)
    assert steps.prepare_end(metadata, S.PREPARE_ABORT, 2, 9, 5).producer_epoch == MAX_EPOCH
    assert steps.fenced_epoch(Transaction(metadata)) == MAX_EPOCH


def test_a_fence_that_failed_raises_the_epoch_only_once() -> None:
    transaction = Transaction(_in(S.ONGOING))
    assert steps.fenced_epoch(transaction) == 6
    transaction.has_failed_fence = True
    assert steps.fenced_epoch(transaction) == 5
