"""Every row of a record's state table: what happens to it in a state, and which state follows."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import pytest

from mockbroker.core.share.in_flight import InFlightState, Lock, RecordState
from mockbroker.core.time import Clock

AVAILABLE, ACQUIRED = RecordState.AVAILABLE, RecordState.ACQUIRED
ACKNOWLEDGED, ARCHIVED = RecordState.ACKNOWLEDGED, RecordState.ARCHIVED
LIMIT = 3


class Row(NamedTuple):
    """`before` is how often the record was delivered until then; `holder` whose it is after."""

    state: RecordState
    before: int
    action: Callable[[InFlightState], bool | None]
    may: bool | None
    then: RecordState
    counted: int
    holder: str


def acquire(record: InFlightState) -> bool:
    return record.acquire("m2")


def accept(record: InFlightState) -> bool:
    return record.move_to(ACKNOWLEDGED, LIMIT)


def release(record: InFlightState) -> bool:
    return record.move_to(AVAILABLE, LIMIT)


def reject(record: InFlightState) -> bool:
    return record.move_to(ARCHIVED, LIMIT)


def archive(record: InFlightState) -> None:
    record.archive()


ROWS = [
    Row(AVAILABLE, 0, acquire, True, ACQUIRED, 1, "m2"),
    Row(AVAILABLE, 2, acquire, True, ACQUIRED, 3, "m2"),
    Row(AVAILABLE, 1, accept, False, AVAILABLE, 1, ""),
    Row(AVAILABLE, 1, release, False, AVAILABLE, 1, ""),
    Row(AVAILABLE, 1, reject, False, AVAILABLE, 1, ""),
    Row(AVAILABLE, 1, archive, None, ARCHIVED, 1, ""),
    Row(ACQUIRED, 1, acquire, False, ACQUIRED, 1, "m1"),
    Row(ACQUIRED, 1, accept, True, ACKNOWLEDGED, 1, ""),
    Row(ACQUIRED, 2, release, True, AVAILABLE, 2, ""),
    Row(ACQUIRED, 3, release, True, ARCHIVED, 3, ""),
    Row(ACQUIRED, 1, reject, True, ARCHIVED, 1, ""),
    Row(ACQUIRED, 1, archive, None, ARCHIVED, 1, ""),
    *(
        Row(state, 1, action, False, state, 1, "")
        for state in (ACKNOWLEDGED, ARCHIVED)
        for action in (acquire, accept, release, reject)
    ),
]


def record_in(state: RecordState, count: int) -> InFlightState:
    return InFlightState(state, count, "m1" if state is ACQUIRED else "")


@pytest.mark.parametrize("row", ROWS, ids=lambda row: f"{row.state.name}-{row.before}-{row.action.__name__}")
def test_row(row: Row) -> None:
    record = record_in(row.state, row.before)

    assert row.action(record) is row.may

    assert (record.state, record.delivery_count, record.member_id) == (row.then, row.counted, row.holder)


@pytest.mark.parametrize("row", [row for row in ROWS if row.action in (accept, release, reject) and row.may])
@pytest.mark.parametrize("is_committed", [True, False])
def test_a_change_counts_when_it_is_written(row: Row, is_committed: bool) -> None:
    record = record_in(row.state, row.before)
    wanted = {"accept": ACKNOWLEDGED, "release": AVAILABLE, "reject": ARCHIVED}[row.action.__name__]
    assert record.start_move(wanted, LIMIT)

    # Until then nothing else may happen to it.
    assert record.is_changing
    assert not record.is_available
    assert not any(action(record) for action in (acquire, accept, release, reject))

    record.complete_move(is_committed)
    assert not record.is_changing
    assert (record.state, record.member_id) == ((row.then, "") if is_committed else (row.state, "m1"))
    assert record.delivery_count == row.before


@pytest.mark.parametrize("count", [1, LIMIT])
@pytest.mark.parametrize("is_committed", [True, False])
def test_a_lock_may_run_out_meanwhile(count: int, is_committed: bool) -> None:
    clock = Clock(0.0)
    record = record_in(ACQUIRED, count)
    record.lock = Lock(clock, 5.0, lambda: None)
    record.start_move(ACKNOWLEDGED, LIMIT)
    clock.advance(6)

    record.complete_move(is_committed)

    spent = ARCHIVED if count >= LIMIT else AVAILABLE
    assert record.state is (ACKNOWLEDGED if is_committed else spent)
    assert record.member_id == ""
    assert not record.lock


def test_what_is_given_up_meanwhile_stays_so() -> None:
    record = record_in(ACQUIRED, 1)
    record.start_move(AVAILABLE, LIMIT)
    record.archive()

    record.complete_move(False)

    assert record.state is ARCHIVED
