"""EndTxn, and what Produce does with transactional batches in each version."""

from __future__ import annotations

import pytest

from mockbroker.core.transactions.outcome import Producer
from protocol_specs.acls import AclOperation as Op
from protocol_specs.acls import ResourceType as Kind
from protocol_specs.errors import ErrorCode
from tests.handlers.transactional import TX, Desk


def _end(desk: Desk, version: int, producer: tuple[int, int], commit: bool = True) -> tuple[int, int, int]:
    reply = desk.ask(
        "EndTxn",
        version,
        transactional_id=TX,
        producer_id=producer[0],
        producer_epoch=producer[1],
        committed=commit,
    )
    return reply.error_code, reply.producer_id, reply.producer_epoch


def test_since_version_5_the_answer_says_how_to_go_on() -> None:
    desk = Desk()
    producer = desk.init()
    assert desk.produce(13, producer).error_code == 0
    assert _end(desk, 5, producer) == (0, 0, 1)
    assert _end(desk, 5, producer) == (0, 0, 1)
    assert desk.produce(12, (0, 1), index=1).error_code == 0
    assert _end(desk, 5, (0, 1), False) == (0, 0, 2)
    assert _end(desk, 5, (0, 0)) == (ErrorCode.PRODUCER_FENCED, -1, -1)


@pytest.mark.parametrize("version", range(5))
def test_before_it_nothing_changes(version: int) -> None:
    desk = Desk()
    producer = desk.init()
    assert _end(desk, version, producer)[0] == ErrorCode.INVALID_TXN_STATE
    desk.core.transactions.add_partitions(desk.node, _producer(producer), (("orders", 0),), 0)
    assert desk.produce(11, producer).error_code == 0
    assert _end(desk, version, producer) == (0, -1, -1)
    old = ErrorCode.INVALID_PRODUCER_EPOCH if version < 2 else ErrorCode.PRODUCER_FENCED
    assert _end(desk, version, (0, 1))[0] == old
    assert _end(desk, version, (9, 0))[0] == ErrorCode.INVALID_PRODUCER_ID_MAPPING


def test_who_may() -> None:
    desk = Desk()
    desk.deny((Op.WRITE, Kind.TRANSACTIONAL_ID))
    denied = ErrorCode.TRANSACTIONAL_ID_AUTHORIZATION_FAILED
    assert _end(desk, 5, (0, 0)) == (denied, -1, -1)


# Produce


@pytest.mark.parametrize(
    ("version", "code", "text"),
    [
        (3, ErrorCode.INVALID_TXN_STATE, None),
        (8, ErrorCode.INVALID_TXN_STATE, "Partition was not added to the transaction"),
        (10, ErrorCode.INVALID_TXN_STATE, "Partition was not added to the transaction"),
        (11, ErrorCode.TRANSACTION_ABORTABLE, None),
        (12, ErrorCode.NONE, None),
        (13, ErrorCode.NONE, None),
    ],
)
def test_a_partition_that_the_client_did_not_add(version: int, code: ErrorCode, text: str | None) -> None:
    desk = Desk()
    entry = desk.produce(version, desk.init())
    assert (entry.error_code, entry.error_message) == (code, text)
    assert entry.base_offset == (-1 if code else 0)
    assert entry.log_start_offset == (0 if version >= 5 and not code else -1)


@pytest.mark.parametrize("version", [11, 13])
def test_a_stale_epoch(version: int) -> None:
    desk = Desk()
    producer_id, epoch = desk.init()
    desk.init()
    entry = desk.produce(version, (producer_id, epoch))
    assert entry.error_code == ErrorCode.INVALID_PRODUCER_EPOCH


def test_transactional_batches_need_a_transactional_id() -> None:
    desk = Desk()
    denied = ErrorCode.TRANSACTIONAL_ID_AUTHORIZATION_FAILED
    assert desk.produce(13, desk.init(), name=None).error_code == denied
    desk.deny((Op.WRITE, Kind.TRANSACTIONAL_ID))
    assert desk.produce(13, (0, 0)).error_code == denied


def _producer(producer: tuple[int, int]) -> Producer:
    return Producer(TX, *producer)
