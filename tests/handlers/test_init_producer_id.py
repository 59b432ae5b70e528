"""InitProducerId."""

from __future__ import annotations

import pytest

from protocol_specs.acls import AclOperation as Op
from protocol_specs.acls import ResourceType as Kind
from protocol_specs.errors import ErrorCode
from tests.handlers.transactional import TX, Desk


def _init(desk: Desk, version: int = 5, name: str | None = TX, **fields: int) -> tuple[int, int, int]:
    given = {"transaction_timeout_ms": 1000} | fields
    reply = desk.ask("InitProducerId", version, transactional_id=name, **given)
    return reply.error_code, reply.producer_id, reply.producer_epoch


@pytest.mark.parametrize("version", range(6))
def test_every_version(version: int) -> None:
    desk = Desk()
    assert _init(desk, version, None) == (0, 0, 0)
    assert _init(desk, version) == (0, 1, 0)
    assert _init(desk, version) == (0, 1, 1)
    assert _init(desk, version, "") == (ErrorCode.INVALID_REQUEST, -1, -1)
    too_long = _init(desk, version, transaction_timeout_ms=900_001)
    assert too_long == (ErrorCode.INVALID_TRANSACTION_TIMEOUT, -1, -1)


def test_the_timeout_does_not_matter_without_a_transactional_id() -> None:
    assert _init(Desk(), name=None, transaction_timeout_ms=2**31 - 1)[0] == 0


@pytest.mark.parametrize(
    ("version", "code"),
    [
        (3, ErrorCode.INVALID_PRODUCER_EPOCH),
        (4, ErrorCode.PRODUCER_FENCED),
        (5, ErrorCode.PRODUCER_FENCED),
    ],
)
def test_older_clients_know_no_producer_fenced(version: int, code: ErrorCode) -> None:
    desk = Desk()
    desk.init()
    assert _init(desk, version, producer_id=123_456, producer_epoch=3) == (code, -1, -1)


@pytest.mark.parametrize("name", [None, TX])
def test_id_and_epoch_come_together(name: str | None) -> None:
    desk = Desk()
    assert _init(desk, name=name, producer_id=1)[0] == ErrorCode.INVALID_REQUEST
    assert _init(desk, name=name, producer_epoch=1)[0] == ErrorCode.INVALID_REQUEST


def test_another_broker_does_not_coordinate() -> None:
    desk = Desk(brokers=2)
    reply = desk.ask(
        "InitProducerId", 5, node=3 - desk.node, transactional_id=TX, transaction_timeout_ms=1000
    )
    assert reply.error_code == ErrorCode.NOT_COORDINATOR


def test_who_may() -> None:
    desk = Desk()
    desk.deny((Op.WRITE, Kind.TRANSACTIONAL_ID))
    assert _init(desk) == (ErrorCode.TRANSACTIONAL_ID_AUTHORIZATION_FAILED, -1, -1)
    assert _init(desk, name=None)[0] == 0
    desk.deny((Op.IDEMPOTENT_WRITE, Kind.CLUSTER))
    assert _init(desk, name=None)[0] == 0
    desk.deny((Op.IDEMPOTENT_WRITE, Kind.CLUSTER), (Op.WRITE, Kind.TOPIC))
    assert _init(desk, name=None) == (ErrorCode.CLUSTER_AUTHORIZATION_FAILED, -1, -1)


def test_the_answer_waits_until_the_id_is_replicated() -> None:
    desk = Desk(brokers=2)
    index = desk.core.transactions.log.partition_index(TX)
    partition = desk.core.cluster.partition("__transaction_state", index)
    partition.pause()
    waiting = desk.send("InitProducerId", 5, transactional_id=TX, transaction_timeout_ms=1000)
    assert not waiting.is_settled
    assert _init(desk)[0] == ErrorCode.CONCURRENT_TRANSACTIONS
    partition.resume()
    desk.broker.flush()
    reply = desk.decode("InitProducerId", 5, waiting.reply)
    assert (reply.error_code, reply.producer_id, reply.producer_epoch) == (0, 0, 0)
