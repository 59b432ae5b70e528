"""AddPartitionsToTxn: the clients' form up to version 3, the brokers' since."""

from __future__ import annotations

from typing import Any

import pytest

from protocol_specs.acls import AclOperation as Op
from protocol_specs.acls import ResourceType as Kind
from protocol_specs.add_partitions_to_txn import ADD_PARTITIONS_TO_TXN
from protocol_specs.errors import ErrorCode
from tests.handlers.transactional import TX, Desk

_REQUEST = ADD_PARTITIONS_TO_TXN.request
Codes = dict[tuple[str, int], int]


def _client(desk: Desk, version: int, producer: tuple[int, int], *places: tuple[str, int]) -> Codes:
    topic = _REQUEST.v3_and_below_topics
    reply = desk.ask(
        "AddPartitionsToTxn",
        version,
        v3_and_below_transactional_id=TX,
        v3_and_below_producer_id=producer[0],
        v3_and_below_producer_epoch=producer[1],
        v3_and_below_topics=[topic(name=name, partitions=[index]) for name, index in places],
    )
    return _codes(reply.results_by_topic_v3_and_below)


def _codes(results: Any) -> Codes:
    return {
        (topic.name, one.partition_index): one.partition_error_code
        for topic in results
        for one in topic.results_by_partition
    }


def _transaction(
    producer: tuple[int, int], *places: tuple[str, int], name: str = TX, verify_only: bool = False
) -> Any:
    struct = _REQUEST.transactions
    return struct(
        transactional_id=name,
        producer_id=producer[0],
        producer_epoch=producer[1],
        verify_only=verify_only,
        topics=[struct.topics(name=topic, partitions=[index]) for topic, index in places],
    )


def _broker(desk: Desk, version: int, *transactions: Any) -> dict[str, Codes]:
    reply = desk.ask("AddPartitionsToTxn", version, transactions=transactions)
    assert reply.error_code == 0
    return {one.transactional_id: _codes(one.topic_results) for one in reply.results_by_transaction}


@pytest.mark.parametrize("version", range(4))
def test_clients_add_all_or_nothing(version: int) -> None:
    desk = Desk()
    producer = desk.init()
    assert _client(desk, version, producer, ("orders", 0), ("missing", 0), ("orders", 7)) == {
        ("orders", 0): ErrorCode.OPERATION_NOT_ATTEMPTED,
        ("missing", 0): ErrorCode.UNKNOWN_TOPIC_OR_PARTITION,
        ("orders", 7): ErrorCode.UNKNOWN_TOPIC_OR_PARTITION,
    }
    assert desk.core.transactions.queries.describe(desk.node, TX).partitions == ()
    assert _client(desk, version, producer, ("orders", 0), ("payments", 0)) == {
        ("orders", 0): 0,
        ("payments", 0): 0,
    }
    metadata = desk.core.transactions.queries.describe(desk.node, TX)
    assert metadata.partitions == (("orders", 0), ("payments", 0))
    assert metadata.client_version == 0
    mapping = ErrorCode.INVALID_PRODUCER_ID_MAPPING
    assert _client(desk, version, (99, 0), ("orders", 0)) == {("orders", 0): mapping}


@pytest.mark.parametrize(
    ("version", "code"),
    [
        (0, ErrorCode.INVALID_PRODUCER_EPOCH),
        (1, ErrorCode.INVALID_PRODUCER_EPOCH),
        (2, ErrorCode.PRODUCER_FENCED),
        (3, ErrorCode.PRODUCER_FENCED),
    ],
)
def test_older_clients_know_no_producer_fenced(version: int, code: ErrorCode) -> None:
    desk = Desk()
    producer_id, epoch = desk.init()
    assert _client(desk, version, (producer_id, epoch + 1), ("orders", 0)) == {("orders", 0): code}


def test_clients_must_not_add_internal_topics() -> None:
    desk = Desk()
    place = ("__transaction_state", 0)
    codes = _client(desk, 3, desk.init(), place, ("orders", 0))
    assert codes == {
        place: ErrorCode.TOPIC_AUTHORIZATION_FAILED,
        ("orders", 0): ErrorCode.OPERATION_NOT_ATTEMPTED,
    }


def test_who_may() -> None:
    desk = Desk()
    producer = desk.init()
    desk.deny((Op.WRITE, Kind.TRANSACTIONAL_ID), (Op.CLUSTER_ACTION, Kind.CLUSTER))
    denied = ErrorCode.TRANSACTIONAL_ID_AUTHORIZATION_FAILED
    assert _client(desk, 3, producer, ("orders", 0)) == {("orders", 0): denied}
    reply = desk.ask("AddPartitionsToTxn", 5, transactions=[_transaction(producer, ("orders", 0))])
    assert (reply.error_code, list(reply.results_by_transaction)) == (
        ErrorCode.CLUSTER_AUTHORIZATION_FAILED,
        [],
    )
    desk.deny((Op.WRITE, Kind.TOPIC))
    assert _client(desk, 3, producer, ("orders", 0)) == {("orders", 0): ErrorCode.TOPIC_AUTHORIZATION_FAILED}
    assert _broker(desk, 5, _transaction(producer, ("orders", 0)))[TX] == {("orders", 0): 0}


@pytest.mark.parametrize("version", [4, 5])
def test_brokers_add_and_verify_several_transactions(version: int) -> None:
    desk = Desk()
    producer, other = desk.init(), desk.init("other")
    added = _broker(
        desk,
        version,
        _transaction(producer, ("orders", 0), ("__transaction_state", 1)),
        _transaction(other, ("orders", 0), name="other", verify_only=True),
        _transaction((99, 0), ("orders", 0), name="nobody"),
    )
    assert added == {
        TX: {("orders", 0): 0, ("__transaction_state", 1): 0},
        "other": {("orders", 0): ErrorCode.TRANSACTION_ABORTABLE},
        "nobody": {("orders", 0): ErrorCode.INVALID_PRODUCER_ID_MAPPING},
    }
    assert desk.core.transactions.queries.describe(desk.node, TX).client_version == 2
    verified = _broker(
        desk,
        version,
        _transaction(producer, ("orders", 0), ("orders", 1), verify_only=True),
        _transaction(other, ("missing", 0), ("orders", 1), name="other", verify_only=True),
    )
    assert verified == {
        TX: {("orders", 0): 0, ("orders", 1): ErrorCode.TRANSACTION_ABORTABLE},
        "other": {
            ("missing", 0): ErrorCode.UNKNOWN_TOPIC_OR_PARTITION,
            ("orders", 1): ErrorCode.OPERATION_NOT_ATTEMPTED,
        },
    }


def test_one_answer_for_all_waits_for_the_last() -> None:
    desk = Desk(brokers=2)
    names = {desk.core.transactions.log.partition_index(name): name for name in ("a", "b", "c")}
    node = desk.node = desk.core.transactions.find_coordinator(names[0])
    producer = desk.init(names[0])
    partition = desk.core.cluster.partition("__transaction_state", 0)
    partition.pause()
    waiting = desk.send(
        "AddPartitionsToTxn",
        5,
        transactions=[
            _transaction(producer, ("orders", 0), name=names[0]),
            _transaction((9, 9), ("orders", 0), name="?"),
        ],
        node=node,
    )
    assert not waiting.is_settled
    partition.resume()
    desk.broker.flush()
    reply = desk.decode("AddPartitionsToTxn", 5, waiting.reply)
    results = [_codes(one.topic_results)["orders", 0] for one in reply.results_by_transaction]
    assert results[0] == 0
    assert results[1] in (ErrorCode.INVALID_PRODUCER_ID_MAPPING, ErrorCode.NOT_COORDINATOR)
