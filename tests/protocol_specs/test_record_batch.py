from __future__ import annotations

import gzip
import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mockbroker.wire.compression import compress, decompress
from protocol_specs.errors import ErrorCode, KafkaError
from protocol_specs.record_batch import (
    HEADER_SIZE,
    TRANSACTIONAL_FLAG,
    EndTxnMarker,
    Record,
    advance_sequence,
    batches_in,
    build_batch,
    build_end_txn_marker,
    build_single,
    crc_of,
    parse_end_txn_marker,
    parse_header,
    records_of,
    restamp_time,
    stamp,
)

RECORD_LISTS = st.lists(
    st.builds(
        Record,
        offset=st.just(-1),
        timestamp_ms=st.integers(0, 2**48),
        key=st.none() | st.binary(max_size=100),
        value=st.none() | st.binary(max_size=100),
        headers=st.lists(st.tuples(st.text(max_size=9), st.none() | st.binary(max_size=9)), max_size=3),
    ),
    max_size=9,
)

#: The values x, y, z as kafka-console-producer 2.8.2 batched them.
CONSOLE_BATCH = bytes.fromhex(
    "00000000000000000000004bffffffff023a29925c000000000002000001a203c909f8000001a203c90a61"
    "ffffffffffffffffffffffffffff000000030e0000000102780010 00d2010201027900 1000d2010401027a00"
)


@given(RECORD_LISTS, st.integers(0, 2**62))
def test_records_come_back_with_offsets_that_count_from_the_base(records: list[Record], base: int) -> None:
    batch = build_batch(records, base_offset=base)
    back = records_of(batch)
    assert [record.offset for record in back] == list(range(base, base + len(records)))
    assert [(r.timestamp_ms, r.key, r.value, list(r.headers)) for r in back] == [
        (r.timestamp_ms, r.key, r.value, list(r.headers)) for r in records
    ]
    header = parse_header(batch)
    assert (header.count, header.size, header.crc) == (len(records), len(batch), crc_of(batch))
    assert header.max_timestamp == max((r.timestamp_ms for r in records), default=-1)


@given(
    st.integers(0, 70) | st.sampled_from([8191, 8192, 2**21]),
    st.none() | st.integers(0, 70) | st.sampled_from([8180, 8191, 8192, 2**21]),
    st.integers(0, 2**62),
)
def test_a_batch_of_one_record_by_hand_is_that_of_any_number(
    key_size: int, value_size: int | None, timestamp_ms: int
) -> None:
    key, value = b"k" * key_size, None if value_size is None else b"v" * value_size
    built = build_batch(
        [Record(timestamp_ms=timestamp_ms, key=key, value=value)],
        base_offset=7,
        leader_epoch=3,
        producer_id=1,
        producer_epoch=2,
        base_sequence=0,
        is_transactional=True,
    )
    single = build_single(
        key,
        value,
        timestamp_ms,
        flags=TRANSACTIONAL_FLAG,
        base_offset=7,
        leader_epoch=3,
        producer_id=1,
        producer_epoch=2,
        base_sequence=0,
    )
    assert single == built


def test_a_batch_of_the_console_producer() -> None:
    header = parse_header(CONSOLE_BATCH)
    assert (header.count, header.codec, header.magic, header.producer_id, header.leader_epoch) == (
        3,
        0,
        2,
        -1,
        -1,
    )
    assert header.crc == crc_of(CONSOLE_BATCH)
    first = header.base_timestamp
    assert records_of(CONSOLE_BATCH) == [
        Record(0, first, None, b"x"),
        Record(1, first + 105, None, b"y"),
        Record(2, first + 105, None, b"z"),
    ]
    assert build_batch(records_of(CONSOLE_BATCH)) == CONSOLE_BATCH


def _batches_on_the_wire() -> list[bytes]:
    """Everything in the recorded exchanges that looks like a batch and has the right CRC."""
    found = []
    path = Path(__file__).parent.parent / "data" / "wire" / "frames.jsonl.gz"
    for line in gzip.decompress(path.read_bytes()).splitlines():
        exchange = json.loads(line)
        if exchange["api"] not in (0, 1):
            continue
        for frame in (bytes.fromhex(exchange[side] or "") for side in ("request", "response")):
            at = -1
            while (at := frame.find(b"\x02", at + 1)) >= 0:
                for batch in batches_in(memoryview(frame)[max(at - 16, 0) :]):
                    if at >= 16 and crc_of(batch) == parse_header(batch).crc:
                        found.append(bytes(batch))
                    break
    return found


def test_every_batch_on_the_wire_is_read_and_the_uncompressed_ones_are_built_the_same() -> None:
    batches = _batches_on_the_wire()
    assert len(batches) > 100
    assert {parse_header(batch).codec for batch in batches} == {0, 1, 2, 3, 4}
    for batch in batches:
        header = parse_header(batch)
        records = records_of(batch, decompress)
        assert [record.offset for record in records][-1] == header.last_offset
        built = build_batch(
            records,
            base_offset=header.base_offset,
            leader_epoch=header.leader_epoch,
            codec=header.codec,
            compress=compress,
            producer_id=header.producer_id,
            producer_epoch=header.producer_epoch,
            base_sequence=header.base_sequence,
            is_transactional=header.is_transactional,
            is_control=header.is_control,
            append_time_ms=header.max_timestamp if header.is_append_time else None,
            keeps_offsets=True,
        )
        if header.codec or header.is_append_time:
            assert records_of(built, decompress) == records
        else:
            assert built == batch


def test_stamping_sets_base_offset_and_epoch_and_leaves_the_crc() -> None:
    batch = bytearray(CONSOLE_BATCH)
    stamp(batch, 2**40, 7)
    header = parse_header(batch)
    assert (header.base_offset, header.leader_epoch, header.last_offset) == (2**40, 7, 2**40 + 2)
    assert header.crc == crc_of(batch)


def test_append_time_is_the_time_of_every_record_and_makes_the_crc_anew() -> None:
    batch = bytearray(CONSOLE_BATCH)
    restamp_time(batch, 5_000, is_append_time=True)
    header = parse_header(batch)
    assert header.is_append_time
    assert header.crc == crc_of(batch) != parse_header(CONSOLE_BATCH).crc
    assert [record.timestamp_ms for record in records_of(batch)] == [5_000] * 3
    restamp_time(batch, parse_header(CONSOLE_BATCH).max_timestamp, is_append_time=False)
    assert batch == CONSOLE_BATCH


@pytest.mark.parametrize("is_commit", [True, False])
def test_end_txn_markers(is_commit: bool) -> None:
    batch = build_end_txn_marker(
        EndTxnMarker(is_commit, 3), producer_id=4000, producer_epoch=2, timestamp_ms=99, base_offset=12
    )
    header = parse_header(batch)
    assert header.is_control
    assert header.is_transactional
    assert (header.producer_id, header.producer_epoch, header.base_sequence, header.count) == (4000, 2, -1, 1)
    (record,) = records_of(batch)
    assert record.key == bytes((0, 0, 0, is_commit))
    assert record.value == b"\0\0\0\0\0\3"
    assert parse_end_txn_marker(record) == EndTxnMarker(is_commit, 3)


@pytest.mark.parametrize(
    ("key", "value"),
    [
        (b"\0\0\0", b"\0\0\0\0\0\3"),
        (b"\xff\xff\0\1", b""),
        (b"\0\0\0\1", b"\0"),
        (b"\0\0\0\1", b"\xff\xff1234"),
    ],
)
def test_broken_markers(key: bytes, value: bytes) -> None:
    with pytest.raises(KafkaError) as caught:
        parse_end_txn_marker(Record(key=key, value=value))
    assert caught.value.code == ErrorCode.INVALID_RECORD


def test_control_records_of_other_kinds_end_no_transaction() -> None:
    assert parse_end_txn_marker(Record(key=b"\0\0\0\2", value=b"")) is None


@pytest.mark.parametrize(
    ("count", "text"),
    [
        (-1, "Found invalid record count -1 in magic v2 batch"),
        (2, "Incorrect declared batch size, records still remaining in file"),
        (4, "Incorrect declared batch size, premature EOF reached"),
    ],
)
def test_wrong_counts(count: int, text: str) -> None:
    batch = bytearray(CONSOLE_BATCH)
    batch[57:61] = count.to_bytes(4, "big", signed=True)
    with pytest.raises(KafkaError) as caught:
        records_of(batch)
    assert (caught.value.code, caught.value.message) == (ErrorCode.INVALID_RECORD, text)


@given(st.binary(max_size=40), st.integers(1, 4))
def test_garbage_is_told_from_records(data: bytes, count: int) -> None:
    batch = bytearray(CONSOLE_BATCH[:HEADER_SIZE]) + data
    batch[8:12] = (len(batch) - 12).to_bytes(4, "big")
    batch[57:61] = count.to_bytes(4, "big")
    try:
        outcome: object = len(records_of(batch))
    except KafkaError as error:
        outcome = error.code
    assert outcome in (count, ErrorCode.INVALID_RECORD, ErrorCode.UNKNOWN_SERVER_ERROR)


def test_a_header_that_is_cut_off() -> None:
    with pytest.raises(KafkaError) as caught:
        parse_header(CONSOLE_BATCH, len(CONSOLE_BATCH) - 60)
    assert caught.value.code == ErrorCode.CORRUPT_MESSAGE


def test_batches_in_a_buffer_leave_out_a_last_one_that_is_cut_off() -> None:
    buffer = CONSOLE_BATCH * 3
    assert list(batches_in(buffer)) == [CONSOLE_BATCH] * 3
    assert list(batches_in(buffer[:-1])) == [CONSOLE_BATCH] * 2
    assert list(batches_in(b"")) == []


def test_compressed_records_need_a_decompressor() -> None:
    batch = build_batch([Record(value=b"v")], codec=1, compress=compress)
    with pytest.raises(ValueError, match="codec 1"):
        records_of(batch)
    with pytest.raises(ValueError, match="codec 1"):
        build_batch([Record(value=b"v")], codec=1)


def test_an_empty_batch_keeps_its_last_offset_as_compaction_needs() -> None:
    batch = build_batch(
        [], base_offset=7, last_offset_delta=4, max_timestamp_ms=55, producer_id=1, producer_epoch=0
    )
    header = parse_header(batch)
    assert (header.last_offset, header.count, header.max_timestamp, header.base_timestamp) == (11, 0, 55, -1)
    assert records_of(batch) == []


def test_gaps_and_the_delete_horizon() -> None:
    records = [Record(5, 1_000, b"k", None), Record(9, 1_200, b"l", b"v")]
    batch = build_batch(
        records, base_offset=4, keeps_offsets=True, last_offset_delta=8, delete_horizon_ms=77_000
    )
    header = parse_header(batch)
    assert (header.delete_horizon_ms, header.max_timestamp, header.last_offset) == (77_000, 1_200, 12)
    assert records_of(batch) == records
    assert parse_header(CONSOLE_BATCH).delete_horizon_ms is None


def test_sequences_wrap() -> None:
    assert advance_sequence(2**31 - 1, 1) == 0
    assert advance_sequence(2**31 - 2, 3) == 1
    header = parse_header(
        build_batch([Record()] * 3, producer_id=1, producer_epoch=0, base_sequence=2**31 - 2)
    )
    assert header.last_sequence == 0
    assert parse_header(CONSOLE_BATCH).last_sequence == -1
