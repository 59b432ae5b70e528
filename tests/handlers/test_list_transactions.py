"""ListTransactions."""

from __future__ import annotations

from typing import Any

import pytest

from protocol_specs.acls import AclOperation as Op
from protocol_specs.acls import ResourceType as Kind
from protocol_specs.errors import ErrorCode
from tests.handlers.transactional import Desk


@pytest.fixture
def desk() -> Desk:
    """Ids app-1 (empty), app-2 (open for 5 s), other (empty); producer ids 0, 1, 2."""
    desk = Desk()
    desk.init("app-1")
    producer = desk.init("app-2")
    desk.produce(13, producer, name="app-2")
    desk.init("other")
    desk.core.clock.advance(5)
    return desk


def _list(desk: Desk, version: int, **fields: Any) -> Any:
    given = {"state_filters": [], "producer_id_filters": []} | fields
    return desk.ask("ListTransactions", version, **given)


def _names(desk: Desk, version: int, **fields: Any) -> list[str]:
    return sorted(state.transactional_id for state in _list(desk, version, **fields).transaction_states)


@pytest.mark.parametrize("version", range(3))
def test_states_and_producer_ids(desk: Desk, version: int) -> None:
    assert _names(desk, version) == ["app-1", "app-2", "other"]
    assert _names(desk, version, state_filters=["Ongoing"]) == ["app-2"]
    assert _names(desk, version, producer_id_filters=[0, 2]) == ["app-1", "other"]
    reply = _list(desk, version, state_filters=["Ongoing", "What"])
    assert list(reply.unknown_state_filters) == ["What"]
    (state,) = reply.transaction_states
    assert (state.transactional_id, state.producer_id, state.transaction_state) == ("app-2", 1, "Ongoing")


def test_duration_since_version_1(desk: Desk) -> None:
    assert _names(desk, 1, duration_filter=4999, state_filters=["Ongoing"]) == ["app-2"]
    assert _names(desk, 1, duration_filter=5000, state_filters=["Ongoing"]) == []


def test_a_pattern_since_version_2(desk: Desk) -> None:
    assert _names(desk, 2, transactional_id_pattern=r"app-\d") == ["app-1", "app-2"]
    assert _names(desk, 2, transactional_id_pattern="app") == []
    assert _names(desk, 2, transactional_id_pattern="") == ["app-1", "app-2", "other"]
    reply = _list(desk, 2, transactional_id_pattern="(?=app)")
    assert reply.error_code == ErrorCode.INVALID_REGULAR_EXPRESSION
    assert list(reply.transaction_states) == []


def test_who_may(desk: Desk) -> None:
    desk.deny((Op.DESCRIBE, Kind.TRANSACTIONAL_ID))
    reply = _list(desk, 2)
    assert (reply.error_code, list(reply.transaction_states)) == (0, [])
