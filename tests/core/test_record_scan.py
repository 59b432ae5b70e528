from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mockbroker.core.record_scan import lengths_fit, scan_records
from protocol_specs.errors import KafkaError
from protocol_specs.record_batch import Record
from protocol_specs.records import encode_records, read_records

RECORDS = st.lists(
    st.builds(
        Record,
        offset=st.integers(0, 2**31 - 1),
        timestamp_ms=st.integers(-(2**40), 2**40) | st.integers(0, 200),
        key=st.none() | st.binary(max_size=200),
        value=st.none() | st.binary(max_size=200) | st.just(bytes(20_000)),
        headers=st.lists(st.tuples(st.text(max_size=70), st.none() | st.binary(max_size=70)), max_size=2),
    ),
    min_size=1,
    max_size=6,
)


@given(RECORDS, st.booleans(), st.integers(0, 3))
def test_a_scan_sees_what_a_reader_sees(records: list[Record], counts_up: bool, before: int) -> None:
    data = bytes(before) + encode_records(records, 0, None if counts_up else 0)
    times = [record.timestamp_ms for record in records]
    offsets = list(range(len(records))) if counts_up else [record.offset for record in records]
    assert scan_records(data, before, len(records)) == (
        min(times),
        max(times),
        any(record.key is None for record in records),
        offsets == list(range(len(records))),
    )
    assert lengths_fit(data, before, len(records))


@given(RECORDS, st.integers(-1, 1))
def test_a_wrong_count_or_a_missing_byte_is_seen(records: list[Record], change: int) -> None:
    data = bytes(encode_records(records, 0, None))
    count = len(records) + change
    if change:
        assert scan_records(data, 0, count) is None
        assert not lengths_fit(data, 0, count)
    else:
        assert scan_records(data[:-1], 0, count) is None
        assert not lengths_fit(data[:-1], 0, count)
        assert scan_records(data + b"\0", 0, count) is None
        assert not lengths_fit(data + b"\0", 0, count)


@given(st.binary(max_size=50), st.integers(1, 4))
def test_whatever_passes_a_scan_can_be_read(data: bytes, count: int) -> None:
    if scan_records(data, 0, count) is not None:
        assert len(read_records(data, count, 0, 0)) == count


@given(st.data())
def test_one_byte_altered(data: st.DataObject) -> None:
    records = data.draw(RECORDS)
    body = encode_records(records, 0, None)
    at = data.draw(st.integers(0, min(len(body), 600) - 1))
    body[at] ^= data.draw(st.integers(1, 255))
    scan = scan_records(body, 0, len(records))
    try:
        read = read_records(bytes(body), len(records), 0, 0)
    except KafkaError:
        assert scan is None
    else:
        if scan is not None:
            assert scan[:2] == (min(r.timestamp_ms for r in read), max(r.timestamp_ms for r in read))


@given(
    st.lists(st.tuples(st.integers(1, 300), st.sampled_from([0, 1, 60, 100, 9_000])), min_size=1, max_size=5),
    st.integers(-1, 1),
)
def test_runs_of_records_of_one_size(runs: list[tuple[int, int]], change: int) -> None:
    records = [Record(value=bytes(size)) for count, size in runs for _ in range(count)]
    body = bytes(encode_records(records, 0, None))
    assert lengths_fit(memoryview(body), 0, len(records) + change) == (not change)
    assert not lengths_fit(body + b"\0", 0, len(records))


def test_a_length_in_a_run_that_is_another() -> None:
    body = encode_records([Record(value=bytes(100))] * 60, 0, None)
    size = len(body) // 60
    for index in range(60):
        wrong = bytearray(body)
        wrong[index * size] -= 2
        assert not lengths_fit(wrong, 0, 60)


@pytest.mark.parametrize("body", [b"\xff" * 12, b"\x80" * 12, b"\x0f" + bytes(20)])
def test_a_length_that_is_none(body: bytes) -> None:
    assert scan_records(body, 0, 1) is None
    assert not lengths_fit(body, 0, 1)
