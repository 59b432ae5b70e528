"""The tables of the transaction states, against Kafka's."""

from __future__ import annotations

from itertools import product

import pytest

from mockbroker.core.transactions.ending import judge_end, judge_end_v2
from mockbroker.core.transactions.metadata import MAX_EPOCH, Transaction, new_metadata
from mockbroker.core.transactions.states import (
    END_TABLE,
    END_TABLE_V2,
    EXPIRING_STATES,
    PREVIOUS_STATES,
    STATE_NAMES,
    TransactionState,
)
from protocol_specs.errors import ErrorCode

EMPTY = TransactionState.EMPTY
ONGOING = TransactionState.ONGOING
PREPARE_COMMIT = TransactionState.PREPARE_COMMIT
PREPARE_ABORT = TransactionState.PREPARE_ABORT
COMPLETE_COMMIT = TransactionState.COMPLETE_COMMIT
COMPLETE_ABORT = TransactionState.COMPLETE_ABORT
DEAD = TransactionState.DEAD
FENCE = TransactionState.PREPARE_EPOCH_FENCE

ITS = ErrorCode.INVALID_TXN_STATE
PF = ErrorCode.PRODUCER_FENCED
BUSY = ErrorCode.CONCURRENT_TRANSACTIONS
DONE = ErrorCode.NONE
MAPPING = ErrorCode.INVALID_PRODUCER_ID_MAPPING

#: The states in which a transaction may be when EndTxn comes.
AT_REST = (EMPTY, ONGOING, PREPARE_COMMIT, PREPARE_ABORT, COMPLETE_COMMIT, COMPLETE_ABORT)


def test_numbers_and_names_are_those_of_the_log_and_of_describe() -> None:
    assert {state.value: name for state, name in STATE_NAMES.items()} == {
        0: "Empty",
        1: "Ongoing",
        2: "PrepareCommit",
        3: "PrepareAbort",
        4: "CompleteCommit",
        5: "CompleteAbort",
        6: "Dead",
        7: "PrepareEpochFence",
    }


def test_which_state_may_follow_which() -> None:
    assert dict(PREVIOUS_STATES) == {
        EMPTY: {EMPTY, COMPLETE_COMMIT, COMPLETE_ABORT},
        ONGOING: {ONGOING, EMPTY, COMPLETE_COMMIT, COMPLETE_ABORT},
        PREPARE_COMMIT: {ONGOING},
        PREPARE_ABORT: {ONGOING, FENCE, EMPTY, COMPLETE_COMMIT, COMPLETE_ABORT},
        COMPLETE_COMMIT: {PREPARE_COMMIT},
        COMPLETE_ABORT: {PREPARE_ABORT},
        DEAD: {EMPTY, COMPLETE_ABORT, COMPLETE_COMMIT},
        FENCE: {ONGOING},
    }
    assert {EMPTY, COMPLETE_COMMIT, COMPLETE_ABORT} == EXPIRING_STATES


def _transaction(state: TransactionState, epoch: int = 5) -> Transaction:
    metadata = new_metadata("tx", 7, 1000, 0)
    return Transaction(metadata._replace(state=state, producer_epoch=epoch, previous_producer_id=6))


#: state, is commit -> the verdict for the present epoch, without epoch bumps.
V1 = {
    (EMPTY, True): ITS,
    (EMPTY, False): ITS,
    (ONGOING, True): PREPARE_COMMIT,
    (ONGOING, False): PREPARE_ABORT,
    (PREPARE_COMMIT, True): BUSY,
    (PREPARE_COMMIT, False): ITS,
    (PREPARE_ABORT, True): ITS,
    (PREPARE_ABORT, False): BUSY,
    (COMPLETE_COMMIT, True): DONE,
    (COMPLETE_COMMIT, False): ITS,
    (COMPLETE_ABORT, True): ITS,
    (COMPLETE_ABORT, False): DONE,
}


@pytest.mark.parametrize(("state", "is_commit"), V1)
def test_end_without_epoch_bumps(state: TransactionState, is_commit: bool) -> None:
    transaction = _transaction(state)
    verdict = judge_end(transaction, 7, 5, is_commit=is_commit, is_from_client=True)
    assert verdict == V1[state, is_commit]
    for epoch in (4, 6):
        verdict = judge_end(transaction, 7, epoch, is_commit=is_commit, is_from_client=True)
        assert verdict is PF
    assert judge_end(transaction, 8, 5, is_commit=is_commit, is_from_client=True) is MAPPING


#: state, is commit -> the verdict for a retry (the epoch before) and for the present epoch.
V2 = {
    (EMPTY, False): (PF, PREPARE_ABORT),
    (EMPTY, True): (PF, ITS),
    (ONGOING, False): (PF, PREPARE_ABORT),
    (ONGOING, True): (PF, PREPARE_COMMIT),
    (PREPARE_COMMIT, False): (ITS, PF),
    (PREPARE_COMMIT, True): (BUSY, PF),
    (PREPARE_ABORT, False): (BUSY, PF),
    (PREPARE_ABORT, True): (ITS, PF),
    (COMPLETE_COMMIT, False): (ITS, PREPARE_ABORT),
    (COMPLETE_COMMIT, True): (DONE, ITS),
    (COMPLETE_ABORT, False): (DONE, PREPARE_ABORT),
    (COMPLETE_ABORT, True): (ITS, ITS),
}


@pytest.mark.parametrize(("state", "is_commit"), V2)
def test_end_with_epoch_bumps(state: TransactionState, is_commit: bool) -> None:
    transaction = _transaction(state)
    verdicts = tuple(
        judge_end_v2(transaction, 7, epoch, is_commit=is_commit, is_from_client=True) for epoch in (4, 5)
    )
    assert verdicts == V2[state, is_commit]
    for epoch in (3, 6):
        assert judge_end_v2(transaction, 7, epoch, is_commit=is_commit, is_from_client=True) is PF
    assert judge_end_v2(transaction, 8, 5, is_commit=is_commit, is_from_client=True) is MAPPING


@pytest.mark.parametrize(
    ("state", "is_commit", "verdict"),
    [
        (COMPLETE_COMMIT, True, DONE),
        (COMPLETE_COMMIT, False, ITS),
        (COMPLETE_ABORT, True, ITS),
        (COMPLETE_ABORT, False, DONE),
        (ONGOING, True, PF),
        (EMPTY, False, PF),
    ],
)
def test_end_that_repeats_the_one_that_used_up_the_epochs(
    state: TransactionState, is_commit: bool, verdict: ErrorCode
) -> None:
    transaction = _transaction(state, epoch=0)
    assert judge_end_v2(transaction, 6, MAX_EPOCH - 1, is_commit=is_commit, is_from_client=True) is verdict
    assert judge_end_v2(transaction, 6, MAX_EPOCH - 2, is_commit=is_commit, is_from_client=True) is MAPPING


@pytest.mark.parametrize(("judge", "pending"), [*product((judge_end, judge_end_v2), (EMPTY, ONGOING, DEAD))])
def test_end_while_a_step_is_under_way(judge: type, pending: TransactionState) -> None:
    transaction = _transaction(ONGOING)
    transaction.pending = pending
    assert judge(transaction, 7, 5, is_commit=True, is_from_client=True) is BUSY


def test_what_is_checked_before_a_step_under_way_depends_on_epoch_bumps() -> None:
    transaction = _transaction(ONGOING)
    transaction.pending = PREPARE_COMMIT
    assert judge_end(transaction, 8, 5, is_commit=True, is_from_client=True) is MAPPING
    assert judge_end(transaction, 7, 4, is_commit=True, is_from_client=True) is PF
    assert judge_end_v2(transaction, 8, 5, is_commit=True, is_from_client=True) is BUSY
    assert judge_end_v2(transaction, 7, 4, is_commit=True, is_from_client=True) is BUSY


@pytest.mark.parametrize("judge", [judge_end, judge_end_v2])
def test_only_the_coordinator_itself_may_come_with_a_higher_epoch(judge: type) -> None:
    transaction = _transaction(ONGOING)
    transaction.pending = FENCE
    assert judge(transaction, 7, 6, is_commit=False, is_from_client=False) is PREPARE_ABORT
    assert judge(transaction, 7, 4, is_commit=False, is_from_client=False) is PF
    assert judge(transaction, 7, 6, is_commit=False, is_from_client=True) is PF
    assert judge(transaction, 7, 5, is_commit=False, is_from_client=True) is PREPARE_ABORT


def test_every_row_is_tested() -> None:
    assert set(END_TABLE) == set(V1) == set(product(AT_REST, (True, False)))
    tested = {
        (state, is_commit, is_retry)
        for (state, is_commit), verdicts in V2.items()
        for is_retry, verdict in zip((True, False), verdicts, strict=True)
        if verdict is not PF
    }
    assert set(END_TABLE_V2) == tested
