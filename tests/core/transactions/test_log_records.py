"""Transactional ids in `__transaction_state`, in Kafka's format."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mockbroker.core.transactions.log_records import encode, encode_by_spec, read_record, tombstone_of
from mockbroker.core.transactions.metadata import TransactionMetadata
from mockbroker.core.transactions.states import TransactionState
from protocol_specs.record_batch import Record, records_of
from tests.core.transactions.bench import TX, Bench

METADATA = TransactionMetadata(
    "tx",
    producer_id=7,
    previous_producer_id=6,
    next_producer_id=8,
    producer_epoch=3,
    last_producer_epoch=-1,
    timeout_ms=60_000,
    state=TransactionState.PREPARE_COMMIT,
    partitions=(("orders", 2), ("orders", 0), ("payments", 0)),
    start_ms=1000,
    updated_ms=2000,
    client_version=2,
)


def record_of(metadata: TransactionMetadata, transaction_version: int) -> Record:
    key, value = encode(metadata, transaction_version)
    return Record(key=key, value=value)


def test_the_bytes_are_those_that_kafka_writes() -> None:
    key, value = encode(METADATA, 2)
    assert key == bytes.fromhex("0000 0002 7478")
    assert value == bytes.fromhex(
        "0001"  # version
        "0000000000000007 0003 0000ea60 02"  # producer id, epoch, timeout, state
        "03 076f7264657273 03 00000002 00000000 00 097061796d656e7473 02 00000000 00"  # partitions
        "00000000000007d0 00000000000003e8"  # last update, start
        "03 00 08 0000000000000006 01 08 0000000000000008 02 02 0002"  # tags: previous, next, version
    )


@settings(max_examples=60, deadline=None)
@given(
    st.sampled_from(list(TransactionState)),
    st.lists(st.tuples(st.sampled_from(["a", "\u00e9" * 100, "b" * 249]), st.integers(0, 2**31 - 1))),
    st.tuples(*[st.integers(-1, 2**63 - 1)] * 3),
    st.tuples(*[st.integers(-1, 2**15 - 1)] * 2),
    st.integers(0, 2),
)
def test_the_encoder_by_hand_writes_what_the_spec_says(
    state: TransactionState,
    partitions: list[tuple[str, int]],
    ids: tuple[int, int, int],
    epochs: tuple[int, int],
    client_version: int,
) -> None:
    metadata = METADATA._replace(
        state=state,
        partitions=tuple(partitions),
        producer_id=ids[0],
        previous_producer_id=ids[1],
        next_producer_id=ids[2],
        producer_epoch=epochs[0],
        client_version=client_version,
    )
    assert encode(metadata, 2)[1] == encode_by_spec(metadata, 1)


def test_below_version_1_there_are_no_tags() -> None:
    record = record_of(METADATA._replace(partitions=()), 0)
    assert record.value == bytes.fromhex(
        "0000 0000000000000007 0003 0000ea60 02 00000000 00000000000007d0 00000000000003e8"
    )


def test_an_empty_transaction_has_null_partitions() -> None:
    empty = METADATA._replace(state=TransactionState.EMPTY, partitions=())
    record = record_of(empty, 0)
    assert record.value is not None
    assert record.value[17:21] == b"\xff\xff\xff\xff"
    entry = read_record(record)
    assert entry is not None
    assert entry.metadata is not None
    assert entry.metadata.partitions == ()


@pytest.mark.parametrize("state", [state for state in TransactionState if state != TransactionState.EMPTY])
def test_what_is_written_is_read_back(state: TransactionState) -> None:
    metadata = METADATA._replace(state=state)
    entry = read_record(record_of(metadata, 2))
    assert entry is not None
    assert entry.transactional_id == "tx"
    assert entry.metadata == metadata
    assert isinstance(entry.metadata.state, TransactionState)


def test_a_tombstone_and_records_that_are_not_known() -> None:
    assert read_record(tombstone_of("tx", 5)) == ("tx", None)
    assert read_record(Record(key=b"\0\1\0\0", value=b"")) is None
    assert read_record(Record(key=b"\0\0\0\1x", value=b"\0\7")) is None
    assert read_record(Record(key=None, value=b"")) is None


def test_each_step_is_a_record_of_its_own() -> None:
    bench = Bench()
    producer = bench.producer()
    bench.produce(producer)
    bench.end(producer)
    partition = bench.partition("__transaction_state", bench.transactions.log.partition_index(TX))
    states = []
    for batch in partition.log.batches():
        assert not batch.is_transactional
        for record in records_of(batch.view):
            entry = read_record(record)
            assert entry is not None
            assert entry.metadata is not None
            states.append(entry.metadata.state.name)
    assert states == ["EMPTY", "ONGOING", "PREPARE_COMMIT", "COMPLETE_COMMIT"]
