"""The states of a transaction, and the tables that go with them.

Rules kept here (`TransactionState`, `TransactionCoordinator.endTransaction`; KIP-98, KIP-890):

- A transaction moves only along `PREVIOUS_STATES`.
- How EndTxn is answered follows from the state, from what it asks for and, with epoch bumps, from whether it repeats an
  EndTxn that was done before: `END_TABLE` without epoch bumps, `END_TABLE_V2` with them.

    Empty           nothing yet          -> Ongoing, PrepareAbort (v2), Dead
    Ongoing         has partitions       -> Ongoing, PrepareCommit, PrepareAbort, PrepareEpochFence
    PrepareCommit   markers being written -> CompleteCommit
    PrepareAbort    markers being written -> CompleteAbort
    CompleteCommit  committed            -> Empty, Ongoing, PrepareAbort (v2), Dead
    CompleteAbort   aborted              -> Empty, Ongoing, PrepareAbort (v2), Dead
    PrepareEpochFence  about to be aborted by a new epoch -> PrepareAbort; only ever pending
    Dead            the transactional id expires; only ever pending
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import IntEnum
from types import MappingProxyType
from typing import Final

from protocol_specs.errors import ErrorCode

__all__ = [
    "END_TABLE",
    "END_TABLE_V2",
    "EXPIRING_STATES",
    "PREVIOUS_STATES",
    "STATE_NAMES",
    "TransactionState",
    "Verdict",
]


class TransactionState(IntEnum):
    """The number is the one in the log."""

    EMPTY = 0
    ONGOING = 1
    PREPARE_COMMIT = 2
    PREPARE_ABORT = 3
    COMPLETE_COMMIT = 4
    COMPLETE_ABORT = 5
    DEAD = 6
    PREPARE_EPOCH_FENCE = 7


#: What EndTxn comes to: the state to enter, or the code to answer.
Verdict = TransactionState | ErrorCode

_EMPTY = TransactionState.EMPTY
_ONGOING = TransactionState.ONGOING
_PREPARE_COMMIT = TransactionState.PREPARE_COMMIT
_PREPARE_ABORT = TransactionState.PREPARE_ABORT
_COMPLETE_COMMIT = TransactionState.COMPLETE_COMMIT
_COMPLETE_ABORT = TransactionState.COMPLETE_ABORT
_FENCE = TransactionState.PREPARE_EPOCH_FENCE
_INVALID = ErrorCode.INVALID_TXN_STATE
_CONCURRENT = ErrorCode.CONCURRENT_TRANSACTIONS
_DONE = ErrorCode.NONE

#: As DescribeTransactions and ListTransactions name them.
STATE_NAMES: Final = MappingProxyType(
    {
        _EMPTY: "Empty",
        _ONGOING: "Ongoing",
        _PREPARE_COMMIT: "PrepareCommit",
        _PREPARE_ABORT: "PrepareAbort",
        _COMPLETE_COMMIT: "CompleteCommit",
        _COMPLETE_ABORT: "CompleteAbort",
        TransactionState.DEAD: "Dead",
        _FENCE: "PrepareEpochFence",
    }
)

#: From which states a state may be entered.
PREVIOUS_STATES: Final = MappingProxyType(
    {
        _EMPTY: frozenset({_EMPTY, _COMPLETE_COMMIT, _COMPLETE_ABORT}),
        _ONGOING: frozenset({_ONGOING, _EMPTY, _COMPLETE_COMMIT, _COMPLETE_ABORT}),
        _PREPARE_COMMIT: frozenset({_ONGOING}),
        _PREPARE_ABORT: frozenset({_ONGOING, _FENCE, _EMPTY, _COMPLETE_COMMIT, _COMPLETE_ABORT}),
        _COMPLETE_COMMIT: frozenset({_PREPARE_COMMIT}),
        _COMPLETE_ABORT: frozenset({_PREPARE_ABORT}),
        TransactionState.DEAD: frozenset({_EMPTY, _COMPLETE_COMMIT, _COMPLETE_ABORT}),
        _FENCE: frozenset({_ONGOING}),
    }
)

#: In which states a transactional id that nobody uses may be forgotten.
EXPIRING_STATES: Final = frozenset({_EMPTY, _COMPLETE_COMMIT, _COMPLETE_ABORT})

#: (state, is commit) -> the state to enter, or the code to answer. For clients without epoch bumps.
END_TABLE: Final[Mapping[tuple[TransactionState, bool], Verdict]] = MappingProxyType(
    {
        (_EMPTY, True): _INVALID,
        (_EMPTY, False): _INVALID,
        (_ONGOING, True): _PREPARE_COMMIT,
        (_ONGOING, False): _PREPARE_ABORT,
        (_PREPARE_COMMIT, True): _CONCURRENT,
        (_PREPARE_COMMIT, False): _INVALID,
        (_PREPARE_ABORT, True): _INVALID,
        (_PREPARE_ABORT, False): _CONCURRENT,
        (_COMPLETE_COMMIT, True): _DONE,
        (_COMPLETE_COMMIT, False): _INVALID,
        (_COMPLETE_ABORT, True): _INVALID,
        (_COMPLETE_ABORT, False): _DONE,
    }
)

#: (state, is commit, is retry) -> the same, with epoch bumps. A client may abort what has not begun, since it may not
#: know whether it has. Combinations that are not here were refused for their epoch before.
END_TABLE_V2: Final[Mapping[tuple[TransactionState, bool, bool], Verdict]] = MappingProxyType(
    {
        (_EMPTY, True, False): _INVALID,
        (_EMPTY, False, False): _PREPARE_ABORT,
        (_ONGOING, True, False): _PREPARE_COMMIT,
        (_ONGOING, False, False): _PREPARE_ABORT,
        (_PREPARE_COMMIT, True, True): _CONCURRENT,
        (_PREPARE_COMMIT, False, True): _INVALID,
        (_PREPARE_ABORT, True, True): _INVALID,
        (_PREPARE_ABORT, False, True): _CONCURRENT,
        (_COMPLETE_COMMIT, True, False): _INVALID,
        (_COMPLETE_COMMIT, True, True): _DONE,
        (_COMPLETE_COMMIT, False, False): _PREPARE_ABORT,
        (_COMPLETE_COMMIT, False, True): _INVALID,
        (_COMPLETE_ABORT, True, False): _INVALID,
        (_COMPLETE_ABORT, True, True): _INVALID,
        (_COMPLETE_ABORT, False, False): _PREPARE_ABORT,
        (_COMPLETE_ABORT, False, True): _DONE,
    }
)
