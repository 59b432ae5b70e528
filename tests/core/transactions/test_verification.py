"""Transactional batches are written only where their transaction is known to be open (KIP-890)."""

from __future__ import annotations

from typing import Any

import pytest

from mockbroker.core.brokers import isolate, kill
from mockbroker.core.nodes import Node
from mockbroker.core.producer_state import Verification
from mockbroker.core.transactions.outcome import Producer
from mockbroker.core.transactions.states import TransactionState
from mockbroker.core.transactions.verification import (
    Demand,
    produce_demand,
    produce_refusal,
    txn_offset_commit_demand,
)
from mockbroker.core.waiting import Pending
from protocol_specs.errors import ErrorCode, KafkaError
from tests.core.clusters import batch
from tests.core.transactions.bench import TX, Bench

ADD, VERIFY, OLD = Demand.ADD_PARTITION, Demand.VERIFY_ONLY, Demand.VERIFY_ONLY_OLD_CODES
NONE = ErrorCode.NONE
BUSY = ErrorCode.CONCURRENT_TRANSACTIONS
ABORTABLE = ErrorCode.TRANSACTION_ABORTABLE
OTHER_STATE = ErrorCode.INVALID_TXN_STATE


def _check(bench: Bench, producer: Producer, demand: Demand, node: Node | None = None) -> Any:
    partition = bench.partition()
    verdicts = bench.core.verifier.check(
        node or bench.cluster.nodes[partition.leader], producer, {partition: 0}, demand
    )
    return verdicts if isinstance(verdicts, Pending) else verdicts.get(partition)


def test_what_each_version_asks_for() -> None:
    assert [produce_demand(version) for version in (3, 10, 11, 12, 13)] == [OLD, OLD, VERIFY, ADD, ADD]
    assert [txn_offset_commit_demand(version) for version in (0, 3, 4, 5)] == [OLD, OLD, VERIFY, ADD]


@pytest.mark.parametrize(("demand", "code"), [(OLD, OTHER_STATE), (VERIFY, ABORTABLE)])
def test_older_clients_must_have_added_the_partition(demand: Demand, code: ErrorCode) -> None:
    bench = Bench()
    producer = bench.producer()
    assert bench.produce(producer, demand=demand) is code
    bench.add(producer, version=0)
    assert bench.produce(producer, demand=demand) is NONE
    assert bench.produce(producer, sequence=1, demand=demand) is NONE


def test_for_newer_clients_the_leader_adds_the_partition() -> None:
    bench = Bench()
    producer = bench.producer()
    assert bench.produce(producer, index=2) is NONE
    assert bench.metadata().partitions == (("orders", 2),)
    assert bench.metadata().client_version == 2


def test_once_the_transaction_is_open_here_nobody_is_asked() -> None:
    bench = Bench()
    producer = bench.producer()
    bench.produce(producer)
    bench.cluster.delete_topic("__transaction_state")
    assert _check(bench, producer, ADD) is None
    assert bench.produce(producer, sequence=1) is NONE


@pytest.mark.parametrize("demand", [OLD, VERIFY, ADD])
def test_what_the_coordinator_says(demand: Demand) -> None:
    bench = Bench()
    producer = bench.producer()
    assert _check(bench, producer._replace(producer_epoch=4), demand) is ErrorCode.INVALID_PRODUCER_EPOCH
    mapping = ErrorCode.INVALID_PRODUCER_ID_MAPPING
    assert _check(bench, producer._replace(producer_id=4), demand) is mapping
    assert _check(bench, producer._replace(transactional_id="?"), demand) is mapping


def test_an_epoch_that_the_log_knows_as_old_is_refused_without_asking() -> None:
    bench = Bench()
    producer = bench.producer()
    bench.produce(producer)
    bench.end(producer)
    bench.cluster.delete_topic("__transaction_state")
    assert _check(bench, producer, ADD) is ErrorCode.INVALID_PRODUCER_EPOCH


def test_a_partition_that_the_broker_does_not_lead_is_left_to_the_append() -> None:
    bench = Bench(brokers=2)
    follower = next(node for node in bench.cluster.nodes.values() if node.id != bench.partition().leader)
    assert _check(bench, bench.producer(), ADD, follower) is None
    assert bench.state() is TransactionState.EMPTY


@pytest.mark.parametrize("demand", [OLD, VERIFY, ADD])
def test_nobody_coordinates(demand: Demand) -> None:
    bench = Bench()
    producer = bench.producer()
    bench.cluster.delete_topic("__transaction_state")
    assert _check(bench, producer, demand) is ErrorCode.COORDINATOR_NOT_AVAILABLE


def _bench_with_far_coordinator() -> tuple[Bench, Node]:
    """Two brokers, whose coordinator is not the leader of orders-0."""
    bench = Bench(brokers=2)
    leader = 3 - bench.coordinator
    bench.cluster.delete_topic("orders")
    bench.cluster.create_topic("orders", assignments=[(0, [leader])])
    return bench, bench.cluster.nodes[leader]


@pytest.mark.parametrize("demand", [VERIFY, ADD])
def test_a_coordinator_that_is_not_reached(demand: Demand) -> None:
    bench, node = _bench_with_far_coordinator()
    producer = bench.producer()
    isolate(bench.cluster, bench.coordinator)
    assert _check(bench, producer, demand, node) is ErrorCode.NETWORK_EXCEPTION


def test_a_coordinator_that_is_down() -> None:
    bench, node = _bench_with_far_coordinator()
    producer = bench.producer()
    index = bench.transactions.log.partition_index(TX)
    bench.cluster.delete_topic("__transaction_state")
    placed = [(one, [bench.coordinator]) for one in range(3)]
    bench.cluster.create_topic("__transaction_state", assignments=placed)
    kill(bench.cluster, bench.coordinator)
    assert bench.partition("__transaction_state", index).leader == -1
    assert _check(bench, producer, ADD, node) is ErrorCode.COORDINATOR_NOT_AVAILABLE


# While the transaction before is being ended


def _ending() -> tuple[Bench, Producer]:
    """A transaction whose marker in payments-0 waits; the producer to go on as."""
    bench = Bench(brokers=3)
    producer = bench.producer()
    bench.produce(producer, topic="payments")
    bench.partition("payments").pause()
    bench.end(producer)
    assert bench.state() is TransactionState.PREPARE_COMMIT
    return bench, producer._replace(producer_epoch=1)


def test_who_adds_is_let_in_as_soon_as_the_end_is_written() -> None:
    bench, producer = _ending()
    verdicts = _check(bench, producer, ADD)
    bench.clock.advance(0.05)
    assert not verdicts.is_settled
    bench.partition("payments").resume()
    bench.core.waiting.flush()
    assert isinstance(verdicts.reply[bench.partition()], Verification)
    assert bench.metadata().partitions == (("orders", 0),)


def test_who_adds_waits_only_so_long() -> None:
    bench, producer = _ending()
    verdicts = _check(bench, producer, ADD)
    bench.clock.advance(0.099)
    assert not verdicts.is_settled
    bench.clock.advance(0.002)
    assert verdicts.reply[bench.partition()] is BUSY


def test_who_adds_waits_until_that_is_replicated() -> None:
    bench = Bench(brokers=3)
    producer = bench.producer()
    log = bench.partition("__transaction_state", bench.transactions.log.partition_index(TX))
    log.pause()
    verdicts = _check(bench, producer, ADD)
    bench.clock.advance(0.5)
    assert not verdicts.is_settled
    log.resume()
    bench.core.waiting.flush()
    assert isinstance(verdicts.reply[bench.partition()], Verification)
    assert bench.state() is TransactionState.ONGOING


@pytest.mark.parametrize("demand", [OLD, VERIFY])
def test_who_verifies_is_told_at_once(demand: Demand) -> None:
    bench, producer = _ending()
    assert _check(bench, producer, demand) is BUSY


# Guards


def _append(bench: Bench, producer: Producer, guard: Verification | None = None) -> ErrorCode:
    view = batch(
        b"v",
        producer_id=producer.producer_id,
        producer_epoch=producer.producer_epoch,
        base_sequence=0,
        is_transactional=True,
    )
    try:
        bench.partition().append(view, guard=guard)
    except KafkaError as error:
        return error.code
    return NONE


def test_without_a_guard_nothing_is_written() -> None:
    bench = Bench()
    producer = bench.producer()
    bench.add(producer)
    assert _append(bench, producer) is OTHER_STATE
    assert _append(bench, producer, _check(bench, producer, VERIFY)) is NONE


def test_an_end_that_comes_between_makes_the_guard_worthless() -> None:
    bench = Bench()
    producer = bench.producer()
    bench.add(producer, version=0)
    guard = _check(bench, producer, VERIFY)
    bench.end(producer, False, version=0)
    assert _append(bench, producer, guard) is OTHER_STATE
    assert bench.read_committed() == []
    assert bench.partition().last_stable_offset == bench.partition().log_end_offset


def test_verification_can_be_switched_off_at_any_time() -> None:
    bench = Bench()
    producer = bench.producer()
    bench.core.settings.set_dynamic(None, {"transaction.partition.verification.enable": "false"})
    assert _check(bench, producer, VERIFY) is None
    assert _append(bench, producer) is NONE


# What Produce answers


@pytest.mark.parametrize(
    ("code", "demand", "answer"),
    [
        (OTHER_STATE, OLD, (OTHER_STATE, "Partition was not added to the transaction")),
        (ABORTABLE, VERIFY, (ABORTABLE, None)),
        (BUSY, ADD, (BUSY, None)),
        (ErrorCode.INVALID_PRODUCER_EPOCH, ADD, (ErrorCode.INVALID_PRODUCER_EPOCH, None)),
        *[
            (
                code,
                VERIFY,
                (
                    ErrorCode.NOT_ENOUGH_REPLICAS,
                    "Unable to verify the partition has been added to the transaction. "
                    f"Underlying error: {code.name}",
                ),
            )
            for code in (
                BUSY,
                ErrorCode.NETWORK_EXCEPTION,
                ErrorCode.COORDINATOR_LOAD_IN_PROGRESS,
                ErrorCode.COORDINATOR_NOT_AVAILABLE,
                ErrorCode.NOT_COORDINATOR,
            )
        ],
    ],
)
def test_what_produce_answers(code: ErrorCode, demand: Demand, answer: tuple[ErrorCode, str | None]) -> None:
    assert produce_refusal(code, demand) == answer
