from __future__ import annotations

import zlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mockbroker.wire.compression import compress, decompress
from protocol_specs.errors import ErrorCode, KafkaError
from protocol_specs.message_set import build_message_set, down_convert, read_message_set
from protocol_specs.record_batch import EndTxnMarker, Record, build_batch, build_end_txn_marker

RECORDS = [Record(7, 1_000, b"k", b"one"), Record(9, 3_000, None, b"two"), Record(10, 2_000, b"", None)]

#: One message of magic 1 with timestamp 1000, key "k", value "v", at offset 5, as kafka-python builds it.
ONE_OF_MAGIC_1 = bytes.fromhex("000000000000000500000018e4e321bc010000000000000003e8000000016b0000000176")


def test_one_message_byte_for_byte() -> None:
    assert build_message_set([Record(5, 1_000, b"k", b"v")], 1) == ONE_OF_MAGIC_1
    assert read_message_set(ONE_OF_MAGIC_1) == [Record(5, 1_000, b"k", b"v")]


@pytest.mark.parametrize(("magic", "codec"), [(0, 0), (0, 1), (0, 2), (1, 0), (1, 1), (1, 2), (1, 3)])
def test_round_trip(magic: int, codec: int) -> None:
    data = build_message_set(RECORDS, magic, codec=codec, compress=compress)
    expected = RECORDS if magic else [record._replace(timestamp_ms=-1) for record in RECORDS]
    assert read_message_set(data, decompress) == expected


@given(
    st.lists(
        st.builds(
            Record,
            offset=st.integers(0, 2**40),
            timestamp_ms=st.integers(0, 2**41),
            key=st.none() | st.binary(max_size=50),
            value=st.none() | st.binary(max_size=50),
            headers=st.just(()),
        ),
        min_size=1,
        max_size=5,
        unique_by=lambda record: record.offset,
    ).map(lambda records: sorted(records, key=lambda record: record.offset)),
    st.sampled_from([0, 1, 3]),
)
def test_any_records(records: list[Record], codec: int) -> None:
    assert (
        read_message_set(build_message_set(records, 1, codec=codec, compress=compress), decompress) == records
    )


def test_offsets_inside_a_wrapper_count_from_the_first() -> None:
    data = build_message_set(RECORDS, 1, codec=1, compress=compress)
    assert int.from_bytes(data[:8]) == 10
    assert int.from_bytes(data[18:26]) == 3_000
    size = int.from_bytes(data[30:34], signed=True)
    inside = decompress(1, data[34 : 34 + size])
    assert [record.offset for record in read_message_set(inside)] == [0, 2, 3]
    in_magic_0 = build_message_set(RECORDS, 0, codec=1, compress=compress)
    inside = decompress(1, in_magic_0[26:])
    assert [record.offset for record in read_message_set(inside)] == [7, 9, 10]


def test_append_time() -> None:
    for codec in (0, 1):
        data = build_message_set(RECORDS, 1, codec=codec, compress=compress, append_time_ms=5_000)
        assert [record.timestamp_ms for record in read_message_set(data, decompress)] == [5_000] * 3
        assert data[17] & 0x08


def test_a_last_message_that_is_cut_off_is_left_out() -> None:
    data = build_message_set(RECORDS, 1)
    assert read_message_set(data[:-1]) == RECORDS[:2]
    assert read_message_set(data[:5]) == []


def corrupt(at: int, value: int) -> bytes:
    data = bytearray(ONE_OF_MAGIC_1)
    data[at] = value
    return bytes(data)


@pytest.mark.parametrize(
    "data",
    [corrupt(-1, 0), corrupt(12, 0), corrupt(16, 2), corrupt(11, 13), corrupt(8, 255)],
    ids=["value", "crc", "magic", "size", "negative size"],
)
def test_corrupt_messages(data: bytes) -> None:
    with pytest.raises(KafkaError) as caught:
        read_message_set(data)
    assert caught.value.code is ErrorCode.CORRUPT_MESSAGE


def wrapping(inside: bytes | None, codec: int, offset: int) -> bytes:
    data = bytearray(build_message_set([Record(offset, 0, None, inside)], 1))
    data[17] = codec
    data[12:16] = zlib.crc32(data[16:]).to_bytes(4)
    return bytes(data)


@pytest.mark.parametrize(
    ("data", "text"),
    [
        (wrapping(b"", 4, 0), "Invalid wrapper compressionType"),
        (wrapping(None, 1, 0), "null value"),
        (wrapping(compress(1, b""), 1, 0), "no inner records"),
        (
            wrapping(compress(1, bytes(build_message_set(RECORDS, 1))), 1, 3),
            "wrapper offset '3' is less than",
        ),
        (wrapping(compress(1, wrapping(b"", 1, 0)), 1, 0), "Inner messages must not be compressed"),
    ],
)
def test_wrappers_that_are_none(data: bytes, text: str) -> None:
    with pytest.raises(KafkaError, match=text) as caught:
        read_message_set(data, decompress)
    assert caught.value.code is ErrorCode.INVALID_RECORD


def test_a_wrapper_at_offset_0_as_old_librdkafka_wrote_it() -> None:
    inside = bytes(build_message_set([Record(0, 5, None, b"a"), Record(1, 5, None, b"b")], 1))
    assert [
        record.offset for record in read_message_set(wrapping(compress(1, inside), 1, 0), decompress)
    ] == [0, 1]


def test_wrappers_need_a_codec() -> None:
    with pytest.raises(ValueError, match="codec 1"):
        read_message_set(build_message_set(RECORDS, 1, codec=1, compress=compress))
    for magic, codec in ((0, 3), (1, 4)):
        with pytest.raises(ValueError, match=f"codec {codec}"):
            build_message_set(RECORDS, magic, codec=codec, compress=compress)


class TestDownConversion:
    @staticmethod
    def convert(*batches: bytearray, magic: int = 1, first_offset: int = 0) -> bytearray:
        return down_convert(batches, magic, first_offset, compress=compress, decompress=decompress)

    def test_uncompressed_records_before_the_asked_one_are_left_out(self) -> None:
        batch = build_batch([Record(value=b"a", headers=[("h", b"1")]), Record(value=b"b")], base_offset=4)
        assert [r.offset for r in read_message_set(self.convert(batch, first_offset=5))] == [5]
        assert read_message_set(self.convert(batch)) == [Record(4, value=b"a"), Record(5, value=b"b")]
        assert self.convert(batch, first_offset=9) == b""

    @pytest.mark.parametrize("magic", [0, 1])
    @pytest.mark.parametrize("codec", [1, 2, 3])
    def test_compressed_ones_come_whole(self, codec: int, magic: int) -> None:
        batch = build_batch(
            [Record(value=b"a"), Record(value=b"b")], base_offset=4, codec=codec, compress=compress
        )
        data = self.convert(batch, magic=magic, first_offset=4)
        assert [r.offset for r in read_message_set(data, decompress)] == [4, 5]
        assert data[17] & 7 == (0 if codec == 3 and not magic else codec)

    def test_control_batches_are_left_out(self) -> None:
        marker = build_end_txn_marker(EndTxnMarker(True, 0), producer_id=1, producer_epoch=0, timestamp_ms=0)
        assert self.convert(marker) == b""

    def test_zstd_is_refused(self) -> None:
        with pytest.raises(KafkaError) as caught:
            self.convert(build_batch([Record(value=b"a")], codec=4, compress=compress))
        assert caught.value.code is ErrorCode.UNSUPPORTED_COMPRESSION_TYPE

    def test_append_time(self) -> None:
        data = self.convert(build_batch([Record(value=b"a")], append_time_ms=77))
        assert read_message_set(data)[0].timestamp_ms == 77
