"""What the transaction coordinator answers to producers."""

from __future__ import annotations

import pytest

from mockbroker.core.transactions.metadata import MAX_EPOCH
from mockbroker.core.transactions.outcome import Outcome, Producer
from mockbroker.core.transactions.states import TransactionState
from protocol_specs.errors import ErrorCode
from tests.core.transactions.bench import START_MS, TX, Bench

LAST = MAX_EPOCH - 1
NONE = ErrorCode.NONE
FENCED = ErrorCode.PRODUCER_FENCED
BUSY = ErrorCode.CONCURRENT_TRANSACTIONS
MAPPING = ErrorCode.INVALID_PRODUCER_ID_MAPPING


# InitProducerId


def test_a_new_id_gets_a_producer_id_and_epoch_0() -> None:
    bench = Bench()
    assert bench.init() == Outcome(NONE, 0, 0)
    assert bench.init("other") == Outcome(NONE, 1, 0)
    assert bench.transactions.new_producer_id(1) == 2
    assert bench.state() is TransactionState.EMPTY


def test_each_new_producer_gets_the_next_epoch() -> None:
    bench = Bench()
    assert [bench.init().producer_epoch for _ in range(3)] == [0, 1, 2]


@pytest.mark.parametrize(
    ("name", "timeout_ms", "code"),
    [
        ("", 1000, ErrorCode.INVALID_REQUEST),
        (TX, 0, ErrorCode.INVALID_TRANSACTION_TIMEOUT),
        (TX, -1, ErrorCode.INVALID_TRANSACTION_TIMEOUT),
        (TX, 900_001, ErrorCode.INVALID_TRANSACTION_TIMEOUT),
        (TX, 900_000, NONE),
        (TX, 1, NONE),
    ],
)
def test_what_init_refuses(name: str, timeout_ms: int, code: ErrorCode) -> None:
    assert Bench().init(name, timeout_ms=timeout_ms).code is code


def test_the_largest_timeout_can_be_set() -> None:
    bench = Bench(transaction_max_timeout_ms=5000)
    assert bench.init(timeout_ms=5001).code is ErrorCode.INVALID_TRANSACTION_TIMEOUT
    assert bench.init(timeout_ms=5000).code is NONE


def test_only_the_leader_of_the_right_partition_coordinates() -> None:
    bench = Bench(brokers=3)
    index = bench.transactions.log.partition_index(TX)
    assert bench.coordinator == bench.partition("__transaction_state", index).leader
    for node_id in bench.cluster.nodes:
        outcome = bench.result(bench.transactions.init_producer_id(node_id, TX, 1000))
        assert outcome.code is (NONE if node_id == bench.coordinator else ErrorCode.NOT_COORDINATOR)


def test_without_its_topic_nobody_coordinates() -> None:
    bench = Bench()
    bench.cluster.delete_topic("__transaction_state")
    assert bench.result(bench.transactions.init_producer_id(1, TX, 1000)).code is ErrorCode.NOT_COORDINATOR


def test_init_during_a_transaction_aborts_it_and_lets_the_client_come_again() -> None:
    bench = Bench()
    zombie = bench.producer()
    bench.produce(zombie, b"lost")
    assert bench.init() == Outcome(BUSY)
    assert bench.state() is TransactionState.COMPLETE_ABORT
    assert bench.markers() == [(0, 1, False)]
    assert bench.init() == Outcome(NONE, 0, 2)
    assert bench.read_committed() == []


def test_the_fenced_producer_stays_fenced() -> None:
    bench = Bench()
    zombie = bench.producer()
    bench.produce(zombie)
    bench.producer()
    assert bench.add(zombie) is FENCED
    assert bench.end(zombie, True).code is FENCED
    assert bench.end(zombie, False).code is FENCED
    assert bench.produce(zombie) is ErrorCode.INVALID_PRODUCER_EPOCH
    assert bench.init(expected=(zombie.producer_id, zombie.producer_epoch)).code is FENCED


# InitProducerId of a producer that goes on (KIP-360)


def test_a_producer_that_names_its_epoch_gets_the_next_one_and_may_repeat_that() -> None:
    bench = Bench()
    bench.init()
    assert bench.init(expected=(0, 0)) == Outcome(NONE, 0, 1)
    assert bench.init(expected=(0, 0)) == Outcome(NONE, 0, 1)
    assert bench.init(expected=(0, 1)) == Outcome(NONE, 0, 2)
    assert bench.init(expected=(0, 0)).code is FENCED


def test_after_a_new_producer_the_old_epoch_is_no_retry() -> None:
    bench = Bench()
    bench.init()
    bench.init(expected=(0, 0))
    bench.init()
    assert bench.init(expected=(0, 0)).code is FENCED
    assert bench.init(expected=(0, 1)).code is FENCED


def test_another_producer_id_is_fenced_but_for_an_id_that_is_new() -> None:
    bench = Bench()
    assert bench.init(expected=(99, 3)) == Outcome(NONE, 0, 0)
    assert bench.init(expected=(99, 3)).code is FENCED


def test_going_on_during_a_transaction_aborts_it() -> None:
    bench = Bench()
    producer = bench.producer()
    bench.produce(producer)
    assert bench.init(expected=(1, 0)).code is FENCED
    assert bench.init(expected=(0, 0)).code is BUSY
    assert bench.state() is TransactionState.COMPLETE_ABORT
    # The abort raised the epoch to 1; the producer's own is the last that it saw.
    assert bench.init(expected=(0, 0)) == Outcome(NONE, 0, 1)


# Epochs run out


def test_a_new_producer_gets_a_new_producer_id_when_no_epoch_is_left() -> None:
    bench = Bench()
    bench.init()
    bench.set_epoch(LAST - 1)
    assert bench.init() == Outcome(NONE, 0, LAST)
    assert bench.init() == Outcome(NONE, 1, 0)
    assert bench.metadata().previous_producer_id == 0


def test_a_producer_that_goes_on_gets_a_new_producer_id_and_may_repeat_that() -> None:
    bench = Bench()
    bench.init()
    bench.set_epoch(LAST)
    assert bench.init(expected=(0, LAST - 1)).code is ErrorCode.UNKNOWN_SERVER_ERROR
    assert bench.init(expected=(0, LAST)) == Outcome(NONE, 1, 0)
    assert bench.init(expected=(0, LAST)) == Outcome(NONE, 1, 0)
    assert bench.init(expected=(0, LAST - 1)).code is FENCED


def test_only_who_said_its_epoch_may_repeat_that() -> None:
    bench = Bench()
    bench.init()
    bench.set_epoch(LAST)
    assert bench.init() == Outcome(NONE, 1, 0)
    assert bench.init(expected=(0, LAST)).code is FENCED


@pytest.mark.parametrize("commit", [True, False])
def test_ending_with_the_last_epoch_moves_on_to_a_new_producer_id(commit: bool) -> None:
    bench = Bench()
    bench.init()
    producer = bench.set_epoch(LAST)
    bench.produce(producer)
    assert bench.end(producer, commit) == Outcome(NONE, 1, 0)
    assert bench.markers() == [(0, MAX_EPOCH, commit)]
    metadata = bench.metadata()
    assert metadata[1:6] == (1, 0, -1, 0, LAST)
    # The retry of it is known by the last epoch of the producer id before.
    assert bench.end(producer, commit) == Outcome(NONE, 1, 0)
    assert bench.end(producer, not commit).code is ErrorCode.INVALID_TXN_STATE
    assert bench.produce(Producer(TX, 1, 0)) is NONE


def test_fencing_with_the_last_epoch_moves_on_to_a_new_producer_id() -> None:
    bench = Bench()
    bench.init()
    producer = bench.set_epoch(LAST)
    bench.produce(producer)
    assert bench.init().code is BUSY
    assert bench.markers() == [(0, MAX_EPOCH, False)]
    assert bench.init() == Outcome(NONE, 1, 1)


def test_without_epoch_bumps_fencing_uses_up_the_last_epoch() -> None:
    bench = Bench(transaction_version=0)
    bench.init()
    producer = bench.set_epoch(LAST)
    bench.add(producer, version=0)
    assert bench.init().code is BUSY
    assert bench.metadata().producer_epoch == MAX_EPOCH
    assert bench.init() == Outcome(NONE, 1, 0)


# AddPartitionsToTxn


def test_the_first_partition_begins_the_transaction() -> None:
    bench = Bench()
    producer = bench.producer()
    bench.clock.advance(5)
    assert bench.add(producer, ("orders", 0)) is NONE
    bench.clock.advance(5)
    assert bench.add(producer, ("payments", 0), ("orders", 0)) is NONE
    metadata = bench.metadata()
    assert metadata.state is TransactionState.ONGOING
    assert metadata.partitions == (("orders", 0), ("payments", 0))
    assert (metadata.start_ms, metadata.updated_ms) == (START_MS + 5000, START_MS + 10_000)


def test_partitions_that_are_there_already_cost_no_record() -> None:
    bench = Bench()
    producer = bench.producer()
    bench.add(producer, ("orders", 0), ("orders", 1))
    index = bench.transactions.log.partition_index(TX)
    end = bench.partition("__transaction_state", index).log_end_offset
    for partitions in ([("orders", 1)], [("orders", 1), ("orders", 0)]):
        assert bench.add(producer, *partitions) is NONE
        assert bench.partition("__transaction_state", index).log_end_offset == end


def test_what_adding_refuses() -> None:
    bench = Bench()
    assert bench.add(Producer("", 0, 0)) is ErrorCode.INVALID_REQUEST
    assert bench.add(Producer(TX, 0, 0)) is MAPPING
    producer = bench.producer()
    assert bench.add(producer._replace(producer_id=9)) is MAPPING
    assert bench.add(producer._replace(producer_epoch=1)) is FENCED
    asked = bench.result(bench.transactions.add_partitions(7, producer, (("orders", 0),), 2))
    assert asked.code is ErrorCode.NOT_COORDINATOR


def test_partitions_are_verified_without_a_change() -> None:
    bench = Bench()
    producer = bench.producer()

    def verify(producer: Producer, *partitions: tuple[str, int]) -> list[ErrorCode]:
        codes = bench.transactions.verify_partitions(bench.coordinator, producer, partitions)
        return list(codes.values())

    assert verify(producer, ("orders", 0)) == [ErrorCode.TRANSACTION_ABORTABLE]
    bench.add(producer, ("orders", 0))
    assert verify(producer, ("orders", 0), ("orders", 1)) == [NONE, ErrorCode.TRANSACTION_ABORTABLE]
    assert verify(producer._replace(producer_epoch=3), ("orders", 0)) == [FENCED]
    assert verify(producer._replace(producer_id=3), ("orders", 0)) == [MAPPING]
    assert verify(producer._replace(transactional_id="?"), ("orders", 0)) == [MAPPING]
    assert verify(producer._replace(transactional_id=""), ("orders", 0)) == [ErrorCode.INVALID_REQUEST]


# EndTxn


@pytest.mark.parametrize("commit", [True, False])
def test_with_epoch_bumps_the_end_raises_the_epoch_and_the_marker_has_it(commit: bool) -> None:
    bench = Bench()
    producer = bench.producer()
    bench.produce(producer, b"1")
    assert bench.end(producer, commit) == Outcome(NONE, 0, 1)
    assert bench.markers() == [(0, 1, commit)]
    complete = TransactionState.COMPLETE_COMMIT if commit else TransactionState.COMPLETE_ABORT
    assert (bench.state(), bench.metadata().partitions) == (complete, ())
    assert bench.read_committed() == ([b"1"] if commit else [])


@pytest.mark.parametrize("commit", [True, False])
def test_without_epoch_bumps_the_epoch_stays(commit: bool) -> None:
    bench = Bench()
    producer = bench.producer()
    bench.add(producer, version=0)
    assert bench.end(producer, commit, version=0) == Outcome(NONE)
    assert bench.markers() == [(0, 0, commit)]
    assert bench.metadata().producer_epoch == 0
    # Repeating it is fine as long as nothing new has begun.
    assert bench.end(producer, commit, version=0) == Outcome(NONE)
    assert bench.end(producer, not commit, version=0).code is ErrorCode.INVALID_TXN_STATE


def test_a_retried_end_is_answered_as_the_first_was() -> None:
    bench = Bench()
    producer = bench.producer()
    bench.produce(producer)
    assert bench.end(producer) == bench.end(producer) == Outcome(NONE, 0, 1)
    assert bench.markers() == [(0, 1, True)]


def test_aborting_what_never_began_raises_the_epoch() -> None:
    bench = Bench()
    producer = bench.producer()
    bench.clock.advance(3)
    assert bench.end(producer, False) == Outcome(NONE, 0, 1)
    assert bench.state() is TransactionState.COMPLETE_ABORT
    assert bench.metadata().start_ms == START_MS + 3000
    assert bench.end(producer._replace(producer_epoch=1), True).code is ErrorCode.INVALID_TXN_STATE


def test_end_of_an_id_that_nobody_has() -> None:
    bench = Bench()
    for version in (0, 2):
        assert bench.end(Producer("", 0, 0), version=version) == Outcome(ErrorCode.INVALID_REQUEST)
        assert bench.end(Producer(TX, 0, 0), version=version) == Outcome(MAPPING)
        outcome = bench.transactions.end(7, Producer(TX, 0, 0), True, version)
        assert bench.result(outcome) == Outcome(ErrorCode.NOT_COORDINATOR)
