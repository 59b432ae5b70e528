"""DescribeTransactions."""

from __future__ import annotations

from typing import Any

from protocol_specs.acls import AclOperation as Op
from protocol_specs.acls import ResourceType as Kind
from protocol_specs.errors import ErrorCode
from tests.handlers.transactional import START, TX, Desk


def _describe(desk: Desk, *names: str, node: int | None = None) -> list[Any]:
    reply = desk.ask("DescribeTransactions", 0, node=node, transactional_ids=names)
    return list(reply.transaction_states)


def test_an_open_transaction() -> None:
    desk = Desk()
    producer = desk.init()
    desk.core.clock.advance(3)
    for index in (1, 0):
        desk.produce(13, producer, index=index)
    (state,) = _describe(desk, TX)
    assert (state.error_code, state.transactional_id, state.transaction_state) == (0, TX, "Ongoing")
    assert (state.transaction_timeout_ms, state.transaction_start_time_ms) == (
        60_000,
        int(START * 1000) + 3000,
    )
    assert (state.producer_id, state.producer_epoch) == (0, 0)
    assert [(topic.topic, list(topic.partitions)) for topic in state.topics] == [("orders", [0, 1])]


def test_what_is_refused() -> None:
    desk = Desk(brokers=2)
    states = _describe(desk, "?", "")
    assert [state.transactional_id for state in states] == ["?", ""]
    assert [state.error_code for state in states][1] == ErrorCode.INVALID_REQUEST
    (elsewhere,) = _describe(desk, TX, node=3 - desk.node)
    assert elsewhere.error_code == ErrorCode.NOT_COORDINATOR
    (unknown,) = _describe(desk, TX)
    assert unknown.error_code == ErrorCode.TRANSACTIONAL_ID_NOT_FOUND
    assert (unknown.transaction_state, unknown.producer_id, unknown.producer_epoch) == ("", 0, 0)


def test_who_may() -> None:
    desk = Desk()
    desk.produce(13, desk.init())
    desk.deny((Op.DESCRIBE, Kind.TOPIC))
    (state,) = _describe(desk, TX)
    assert (state.error_code, list(state.topics)) == (0, [])
    desk.deny((Op.DESCRIBE, Kind.TRANSACTIONAL_ID))
    (state,) = _describe(desk, TX)
    assert state.error_code == ErrorCode.TRANSACTIONAL_ID_AUTHORIZATION_FAILED
