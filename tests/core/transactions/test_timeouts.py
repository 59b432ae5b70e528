"""Transactions that take too long, and ids that nobody uses; all on a told clock."""

from __future__ import annotations

import pytest

from mockbroker.core.brokers import move_leader
from mockbroker.core.transactions.log_records import read_record
from mockbroker.core.transactions.states import TransactionState
from protocol_specs.errors import ErrorCode, KafkaError
from protocol_specs.record_batch import records_of
from tests.core.transactions.bench import TX, Bench

DAY = 86_400


def test_a_transaction_that_is_open_too_long_is_aborted_at_the_next_check() -> None:
    bench = Bench()
    producer = bench.producer()
    bench.clock.advance(3)
    bench.produce(producer, b"lost")
    bench.clock.advance(66.9)
    assert bench.state() is TransactionState.ONGOING
    bench.clock.advance(0.1)  # 70 s after the start: the first check later than 63 s
    assert bench.state() is TransactionState.COMPLETE_ABORT
    assert bench.markers() == [(0, 1, False)]
    assert bench.end(producer, True).code is ErrorCode.INVALID_TXN_STATE
    assert bench.produce(producer) is ErrorCode.INVALID_PRODUCER_EPOCH
    # An abort is what the producer wants: it learns the epoch with which it may go on (KIP-890).
    assert bench.end(producer, False) == (ErrorCode.NONE, 0, 1)


def test_a_transaction_without_a_timeout_stays_open() -> None:
    """One of a distributed transaction (KIP-939), which says so by the greatest timeout that there is."""
    bench = Bench()
    producer = bench.producer()
    transaction = bench.transactions.log.find(TX)
    assert transaction is not None
    transaction.metadata = transaction.metadata._replace(timeout_ms=2**31 - 1)
    bench.produce(producer, b"kept")
    bench.clock.advance(30 * DAY)
    assert bench.state() is TransactionState.ONGOING
    assert bench.end(producer).code is ErrorCode.NONE


def test_without_epoch_bumps_a_timeout_fences_the_producer() -> None:
    bench = Bench(transaction_version=1)
    producer = bench.producer()
    bench.add(producer, version=0)
    bench.clock.advance(70)
    assert bench.state() is TransactionState.COMPLETE_ABORT
    for commit in (True, False):
        assert bench.end(producer, commit, version=0).code is ErrorCode.PRODUCER_FENCED


def test_the_timeout_is_the_producers_own_and_counts_from_the_beginning() -> None:
    bench = Bench()
    bench.init(timeout_ms=15_000)
    producer = bench.set_epoch(0)
    bench.add(producer, ("orders", 0))
    bench.clock.advance(12)
    bench.add(producer, ("orders", 1))
    bench.clock.advance(7.9)
    assert bench.state() is TransactionState.ONGOING
    bench.clock.advance(0.1)
    assert bench.state() is TransactionState.COMPLETE_ABORT


def test_exactly_its_timeout_is_not_too_long() -> None:
    bench = Bench()
    bench.init(timeout_ms=20_000)
    bench.add(bench.set_epoch(0))
    bench.clock.advance(20)
    assert bench.state() is TransactionState.ONGOING
    bench.clock.advance(10)
    assert bench.state() is TransactionState.COMPLETE_ABORT


def test_the_check_can_come_more_often() -> None:
    bench = Bench(transaction_abort_timed_out_transaction_cleanup_interval_ms=100)
    bench.init(timeout_ms=1000)
    bench.add(bench.set_epoch(0))
    bench.clock.advance(1.05)
    assert bench.state() is TransactionState.ONGOING
    bench.clock.advance(0.05)
    assert bench.state() is TransactionState.COMPLETE_ABORT


def test_each_transaction_is_checked_also_after_the_first_alarm() -> None:
    bench = Bench()
    for name, timeout_ms in (("a", 5000), ("b", 25_000), ("c", 45_000)):
        bench.init(name, timeout_ms=timeout_ms)
        bench.add(bench.set_epoch(0, name))
    counts = []
    for _ in range(6):
        bench.clock.advance(10)
        counts.append(sum(bench.state(name) is TransactionState.COMPLETE_ABORT for name in "abc"))
    assert counts == [1, 1, 2, 2, 3, 3]


def test_the_timeout_moves_with_the_coordinator() -> None:
    bench = Bench(brokers=2)
    bench.produce(bench.producer())
    index = bench.transactions.log.partition_index(TX)
    move_leader(bench.cluster, "__transaction_state", index, to=3 - bench.coordinator)
    bench.clock.advance(70)
    assert bench.state() is TransactionState.COMPLETE_ABORT


def test_an_id_that_is_not_used_is_forgotten() -> None:
    bench = Bench()
    producer = bench.producer()
    bench.produce(producer)
    bench.end(producer)
    bench.clock.advance(7 * DAY - 1)
    assert bench.state() is TransactionState.COMPLETE_COMMIT
    bench.clock.advance(1)
    with pytest.raises(KafkaError) as caught:
        bench.metadata()
    assert caught.value.code is ErrorCode.TRANSACTIONAL_ID_NOT_FOUND
    partition = bench.partition("__transaction_state", bench.transactions.log.partition_index(TX))
    last = [record for batch in partition.log.batches() for record in records_of(batch.view)][-1]
    assert read_record(last) == (TX, None)
    # Whoever comes now is new.
    assert bench.init() == (ErrorCode.NONE, 1, 0)


def test_use_keeps_an_id_and_an_open_transaction_too() -> None:
    bench = Bench(transactional_id_expiration_ms=2 * 3_600_000, transaction_max_timeout_ms=2**31 - 1)
    bench.init("used")
    bench.init("open", timeout_ms=2**31 - 1)
    bench.add(bench.set_epoch(0, "open"))
    bench.init("idle")
    bench.clock.advance(3600)
    bench.init("used")
    bench.clock.advance(3600)
    assert _known(bench, "used", "open", "idle") == ["used", "open"]
    bench.clock.advance(3600)
    assert _known(bench, "used", "open", "idle") == ["open"]


def _known(bench: Bench, *names: str) -> list[str]:
    return [name for name in names if bench.transactions.log.find(name) is not None]


def test_a_week_of_many_ids_takes_no_time() -> None:
    bench = Bench()
    for number in range(1200):
        bench.init(f"tx-{number}")
    bench.clock.advance(8 * DAY)
    assert all(not shard.transactions for shard in bench.transactions.log.shards())
