from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mockbroker.core.batches import Batch, OwnBatch, marker_batch
from mockbroker.core.producer_state import Origin
from mockbroker.core.validation import RecordsRejected, produced_batch, validate_append
from mockbroker.wire.compression import compress, decompress
from protocol_specs.errors import ErrorCode, KafkaError
from protocol_specs.record_batch import (
    EndTxnMarker,
    Record,
    build_batch,
    build_single,
    crc_of,
    parse_header,
    records_of,
)
from tests.core.log_testing import NOW_MS, altered, batch_of, config

HOUR_MS = 3_600_000


def refusal(batch: Batch, origin: Origin = Origin.CLIENT, **overrides: object) -> KafkaError:
    with pytest.raises(KafkaError) as caught:
        validate_append(batch, config(**overrides), NOW_MS, "t-0", origin)
    return caught.value


def accepted(batch: Batch, origin: Origin = Origin.CLIENT, **overrides: object) -> Batch:
    result = validate_append(batch, config(**overrides), NOW_MS, "t-0", origin)
    assert crc_of(result.view) == result.crc == parse_header(result.view).crc
    return result


def outcome_of_append(batch: Batch) -> object:
    try:
        return records_of(accepted(batch, message_timestamp_after_max_ms=2**62).view)
    except KafkaError as error:
        return str(error)


def outcome_of_reading(batch: Batch) -> object:
    try:
        return records_of(batch.view)
    except KafkaError as error:
        return str(error)


class TestProducedBatch:
    def test_exactly_one_batch_of_magic_2(self) -> None:
        data = build_batch([Record(value=b"v")])
        assert produced_batch(memoryview(data), 3).view == data

    @pytest.mark.parametrize(
        ("data", "code", "text"),
        [
            (b"", ErrorCode.INVALID_RECORD, "at least one record batch"),
            (bytes(11), ErrorCode.INVALID_RECORD, "at least one record batch"),
            (
                bytes(8) + b"\0\0\0\x0d" + bytes(13),
                ErrorCode.CORRUPT_MESSAGE,
                "Record size 13 is less than the min",
            ),
            (bytes(8) + b"\xff\xff\xff\xff" + bytes(9), ErrorCode.CORRUPT_MESSAGE, "Record size -1 is less"),
            (bytes(8) + b"\0\0\0\x10" + bytes(4), ErrorCode.INVALID_RECORD, "at least one record batch"),
            (
                bytes(8) + b"\0\0\0\x10" + bytes(4) + b"\3" + bytes(20),
                ErrorCode.CORRUPT_MESSAGE,
                "Invalid magic found in record: 3",
            ),
            (
                bytes(8) + b"\0\0\0\x10" + bytes(4) + b"\xff" + bytes(20),
                ErrorCode.CORRUPT_MESSAGE,
                "record: -1",
            ),
            (
                bytes(8) + b"\0\0\0\x10" + bytes(4) + b"\1" + bytes(11),
                ErrorCode.INVALID_RECORD,
                "magic version 2",
            ),
            (
                bytes(8) + b"\0\0\0\x10" + bytes(4) + b"\2" + bytes(11),
                ErrorCode.UNKNOWN_SERVER_ERROR,
                None,
            ),
            (
                bytes(8) + b"\0\0\0\x2a" + bytes(4) + b"\2" + bytes(37),
                ErrorCode.CORRUPT_MESSAGE,
                None,
            ),
        ],
    )
    def test_what_is_no_batch(self, data: bytes, code: ErrorCode, text: str | None) -> None:
        with pytest.raises(KafkaError, match=text) as caught:
            produced_batch(memoryview(data), 9)
        assert caught.value.code is code

    def test_null(self) -> None:
        with pytest.raises(KafkaError) as caught:
            produced_batch(None, 9)
        assert caught.value.code is ErrorCode.UNKNOWN_SERVER_ERROR

    def test_a_batch_that_is_cut_off_is_none(self) -> None:
        data = build_batch([Record(value=b"v")])
        with pytest.raises(KafkaError, match="at least one record batch"):
            produced_batch(memoryview(data)[:-1], 9)

    def test_two_batches_are_one_too_many(self) -> None:
        data = build_batch([Record(value=b"v")])
        with pytest.raises(KafkaError, match="exactly one record batch per partition") as caught:
            produced_batch(memoryview(data + data), 9)
        assert caught.value.code is ErrorCode.INVALID_RECORD

    @pytest.mark.parametrize("rest", [b"rubbish", bytes(8) + b"\0\1\0\0" + bytes(40)])
    def test_a_rest_that_is_no_whole_batch_is_left_out(self, rest: bytes) -> None:
        data = build_batch([Record(value=b"v")])
        assert produced_batch(memoryview(data + rest), 9).view == data

    def test_a_rest_with_an_impossible_size(self) -> None:
        with pytest.raises(KafkaError) as caught:
            produced_batch(memoryview(build_batch([Record(value=b"v")]) + bytes(12)), 9)
        assert caught.value.code is ErrorCode.CORRUPT_MESSAGE

    def test_zstd_came_with_version_7(self) -> None:
        data = memoryview(build_batch([Record(value=b"v")], codec=4, compress=compress))
        assert produced_batch(data, 7).codec == 4
        with pytest.raises(KafkaError) as caught:
            produced_batch(data, 6)
        assert caught.value.code is ErrorCode.UNSUPPORTED_COMPRESSION_TYPE


class TestHeader:
    @pytest.mark.parametrize(
        ("at", "layout", "value", "text"),
        [
            (0, ">q", 5, "The baseOffset of the record batch in the append to t-0 should be 0, but it is 5"),
            (23, ">i", -1, "Batch has an invalid offset range: [0, -1] in topic partition t-0"),
            (57, ">i", 0, "Invalid reported count for record batch: 0 in topic partition t-0"),
            (57, ">i", -7, "Invalid reported count for record batch: -7 in topic partition t-0"),
            (
                57,
                ">i",
                3,
                "Inconsistent batch offset range [0, 1] and count of records 3 in topic partition t-0",
            ),
            (21, ">h", 0x20, "Clients are not allowed to write control records in topic partition t-0"),
            (
                43,
                ">q",
                9,
                "Invalid sequence number -1 in record batch with producerId 9 in topic partition t-0",
            ),
        ],
    )
    def test_invalid(self, at: int, layout: str, value: int, text: str) -> None:
        error = refusal(altered(batch_of("a", "b"), at, layout, value))
        assert (error.code, error.message) == (ErrorCode.INVALID_RECORD, text)
        assert not isinstance(error, RecordsRejected)

    def test_a_wrong_crc(self) -> None:
        batch = batch_of("a")
        batch.view[-2] ^= 1
        error = refusal(batch)
        assert error.code is ErrorCode.CORRUPT_MESSAGE
        assert error.message == f"Record is corrupt (stored crc = {batch.crc}) in topic partition t-0."

    def test_too_large(self) -> None:
        size = len(batch_of("a" * 100).view)
        accepted(batch_of("a" * 100), max_message_bytes=size)
        error = refusal(batch_of("a" * 100), max_message_bytes=size - 1)
        assert error.code is ErrorCode.MESSAGE_TOO_LARGE
        assert error.message == (
            f"The record batch size in the append to t-0 is {size} bytes which exceeds the maximum configured "
            f"value of {size - 1})."
        )

    @pytest.mark.parametrize("codec", [5, 7])
    def test_a_codec_that_does_not_exist(self, codec: int) -> None:
        assert refusal(altered(batch_of("a"), 21, ">h", codec)).code is ErrorCode.UNKNOWN_SERVER_ERROR

    def test_coordinators_write_control_records_and_anywhere(self) -> None:
        accepted(
            batch_of(Record(0, NOW_MS, b"\0\0\0\1", b"\0\0\0\0\0\0"), is_control=True), Origin.COORDINATOR
        )


#: More than are read one by one, and more than are walked over.
COUNTS = [1, 2, 20, 100, 1_500]


class TestRecords:
    @pytest.mark.parametrize("codec", [0, 1, 2, 3, 4])
    @pytest.mark.parametrize("count", COUNTS)
    def test_well_formed_ones_stay_as_they_are(self, count: int, codec: int) -> None:
        batch = batch_of(*["some value"] * count, codec=codec)
        before = bytes(batch.view)
        assert accepted(batch) is batch
        assert batch.view == before

    @pytest.mark.parametrize("codec", [0, 1, 2, 3, 4])
    @pytest.mark.parametrize("count", COUNTS[:-1])
    @pytest.mark.parametrize(
        ("change", "text"),
        [
            (1, "Incorrect declared batch size, premature EOF reached"),
            (-1, "Incorrect declared batch size, records still remaining in file"),
        ],
    )
    def test_a_count_that_is_not_so(self, count: int, codec: int, change: int, text: str) -> None:
        if count + change == 0:
            return
        batch = batch_of(*["v"] * count, codec=codec)
        batch = altered(batch, 57, ">i", count + change)
        error = refusal(altered(batch, 23, ">i", count + change - 1))
        assert (error.code, error.message) == (ErrorCode.INVALID_RECORD, text)

    def test_a_count_above_what_has_room(self) -> None:
        batch = altered(batch_of(*["v"] * 1_500), 57, ">i", 5_000)
        assert refusal(altered(batch, 23, ">i", 4_999)).code is ErrorCode.INVALID_RECORD

    @given(st.binary(max_size=60), st.sampled_from([1, 2, 40]))
    def test_rubbish_in_place_of_records(self, rubbish: bytes, count: int) -> None:
        data = build_batch([Record(value=b"v")])[:61] + rubbish
        data[8:12] = (len(data) - 12).to_bytes(4, "big")
        batch = altered(Batch(memoryview(data)), 57, ">i", count)
        batch = altered(batch, 23, ">i", count - 1)
        assert outcome_of_append(batch) == outcome_of_reading(batch)

    @pytest.mark.parametrize("codec", [1, 2, 3, 4])
    def test_compressed_data_that_cannot_be_read(self, codec: int) -> None:
        batch = batch_of(*["some value"] * 50, codec=codec)
        batch.view[61:] = bytes(len(batch.view) - 61)
        assert refusal(altered(batch, 23, ">i", 49)).code is ErrorCode.UNKNOWN_SERVER_ERROR

    @pytest.mark.parametrize("codec", [0, 3])
    @pytest.mark.parametrize("count", COUNTS)
    def test_compacted_topics_need_keys(self, count: int, codec: int) -> None:
        records = [Record(timestamp_ms=NOW_MS, key=b"k", value=b"v")] * count
        accepted(batch_of(*records, codec=codec), cleanup_policy="compact")
        error = refusal(
            batch_of(*records, Record(timestamp_ms=NOW_MS, value=b"v"), codec=codec), cleanup_policy="compact"
        )
        assert isinstance(error, RecordsRejected)
        assert error.code is ErrorCode.INVALID_RECORD
        text = "Compacted topic cannot accept message without key in topic partition t-0"
        assert error.record_errors == [(count, text)]
        assert error.message == (
            "One or more records have been rejected due to 1 record errors in total, and only showing the first "
            f"three errors at most: [RecordError(batchIndex={count}, message='{text}')]"
        )

    def test_only_three_record_errors_are_shown(self) -> None:
        error = refusal(batch_of("a", "b", "c", "d"), cleanup_policy="compact,delete")
        assert isinstance(error, RecordsRejected)
        assert len(error.record_errors) == 4
        assert (error.message or "").count("RecordError(") == 3
        assert "due to 4 record errors" in (error.message or "")

    def test_offsets_within_an_uncompressed_batch_are_the_producers_business(self) -> None:
        records = [Record(0, NOW_MS, None, b"a"), Record(5, NOW_MS, None, b"b")]
        data = build_batch(records, keeps_offsets=True, last_offset_delta=1)
        batch = accepted(Batch(memoryview(data)))
        assert [record.offset for record in records_of(batch.view)] == [0, 5]

    @pytest.mark.parametrize(("codec", "target"), [(4, "producer"), (4, "gzip")])
    def test_a_compressed_batch_with_gaps(self, codec: int, target: str) -> None:
        records = [Record(0, NOW_MS, None, b"a"), Record(5, NOW_MS, None, b"b")]
        data = build_batch(records, keeps_offsets=True, last_offset_delta=1, codec=codec, compress=compress)
        batch = Batch(memoryview(data))
        if target == "producer":
            assert refusal(batch).code is ErrorCode.UNKNOWN_SERVER_ERROR
        else:
            built = accepted(batch, compression_type=target)
            assert [record.offset for record in records_of(built.view, decompress)] == [0, 1]

    @pytest.mark.parametrize(
        "body", [bytes(7), b"\x0e" + bytes(3) + b"\1\1\0", b"\x0b" + bytes(3) + b"\1\1\0"]
    )
    def test_a_records_own_length_counts_only_uncompressed(self, body: bytes) -> None:
        def batch(codec: int, records: bytes) -> Batch:
            data = build_batch([Record(timestamp_ms=NOW_MS)])[:61] + records
            data[8:12] = (len(data) - 12).to_bytes(4, "big")
            return altered(Batch(memoryview(data)), 21, ">h", codec)

        assert refusal(batch(0, body)).code is ErrorCode.INVALID_RECORD
        for codec in (1, 2, 3, 4):
            accepted(batch(codec, compress(codec, body)))
            assert refusal(batch(codec, compress(codec, b"\xff" * 20))).code is ErrorCode.INVALID_RECORD

    def test_a_record_length_that_does_not_end(self) -> None:
        data = build_batch([Record(timestamp_ms=NOW_MS)])[:61] + b"\xff" * 20
        data[8:12] = (len(data) - 12).to_bytes(4, "big")
        batch = altered(Batch(memoryview(data)), 12, ">i", 0)
        assert refusal(batch).code is ErrorCode.UNKNOWN_SERVER_ERROR


class TestTimestamps:
    @pytest.mark.parametrize("codec", [0, 3])
    @pytest.mark.parametrize("count", COUNTS)
    def test_too_far_ahead(self, count: int, codec: int) -> None:
        late = Record(timestamp_ms=NOW_MS + HOUR_MS + 1, value=b"late")
        accepted(batch_of(*["v"] * count, late._replace(timestamp_ms=NOW_MS + HOUR_MS), codec=codec))
        error = refusal(batch_of(*["v"] * count, late, codec=codec))
        assert isinstance(error, RecordsRejected)
        assert error.code is ErrorCode.INVALID_TIMESTAMP
        assert error.message == "One or more records have been rejected due to invalid timestamp"
        assert error.record_errors == [
            (
                count,
                f"Timestamp {NOW_MS + HOUR_MS + 1} of message with offset {count} is out of range. The timestamp "
                f"should be within [{NOW_MS - 2**63 + 1}, {NOW_MS + HOUR_MS}]",
            )
        ]

    @pytest.mark.parametrize("count", COUNTS)
    def test_too_old(self, count: int) -> None:
        old = Record(timestamp_ms=NOW_MS - 1_001, value=b"old")
        accepted(
            batch_of(*["v"] * count, old._replace(timestamp_ms=NOW_MS - 1_000)),
            message_timestamp_before_max_ms=1000,
        )
        error = refusal(batch_of(*["v"] * count, old), message_timestamp_before_max_ms=1000)
        assert isinstance(error, RecordsRejected)
        assert [index for index, _ in error.record_errors] == [count]
        assert f"within [{NOW_MS - 1_000}, {NOW_MS + HOUR_MS}]" in error.record_errors[0][1]

    def test_no_timestamp_is_no_error(self) -> None:
        accepted(batch_of(Record(value=b"v")), message_timestamp_before_max_ms=1000)

    @pytest.mark.parametrize("codec", [0, 1])
    def test_negative_timestamps_are_none_to_the_header(self, codec: int) -> None:
        batch = batch_of(Record(timestamp_ms=-2, value=b"v"), codec=codec)
        assert accepted(batch).max_timestamp == -1
        assert refusal(batch, compression_type="lz4").code is ErrorCode.UNKNOWN_SERVER_ERROR

    def test_a_key_error_and_a_timestamp_error_are_a_timestamp_error(self) -> None:
        records = [Record(timestamp_ms=NOW_MS), Record(timestamp_ms=NOW_MS + 2 * HOUR_MS, key=b"k")]
        error = refusal(batch_of(*records), cleanup_policy="compact")
        assert error.code is ErrorCode.INVALID_TIMESTAMP

    @pytest.mark.parametrize("codec", [0, 3])
    def test_the_greatest_timestamp_is_the_records_own(self, codec: int) -> None:
        records = [Record(timestamp_ms=NOW_MS - ago, value=b"v") for ago in (500, 20, 300)]
        batch = altered(batch_of(*records, codec=codec), 35, ">q", NOW_MS - 7)
        assert accepted(batch).max_timestamp == NOW_MS - 20

    def test_a_header_that_claims_the_future_is_believed_only_by_its_records(self) -> None:
        batch = altered(batch_of(*["v"] * 100), 35, ">q", NOW_MS + 5 * HOUR_MS)
        assert accepted(batch).max_timestamp == NOW_MS

    @pytest.mark.parametrize("codec", [0, 1])
    def test_append_time(self, codec: int) -> None:
        batch = accepted(
            batch_of(Record(timestamp_ms=NOW_MS + 9 * HOUR_MS, value=b"v"), "w", codec=codec),
            message_timestamp_type="LogAppendTime",
        )
        assert batch.is_append_time
        assert [record.timestamp_ms for record in records_of(batch.view, decompress)] == [NOW_MS, NOW_MS]

    def test_producers_do_not_set_append_time_where_it_is_the_brokers(self) -> None:
        batch = batch_of("abc", append_time_ms=NOW_MS)
        error = refusal(batch, message_timestamp_type="LogAppendTime")
        assert isinstance(error, RecordsRejected)
        assert error.code is ErrorCode.INVALID_TIMESTAMP
        assert error.record_errors == [
            (
                0,
                f"Invalid timestamp type in message DefaultRecord(offset=0, timestamp={NOW_MS}, key=0 bytes, "
                "value=3 bytes). Producer should not set timestamp type to LogAppendTime.",
            )
        ]

    def test_append_time_of_a_producer_becomes_create_time(self) -> None:
        batch = accepted(batch_of(Record(timestamp_ms=5, value=b"v"), append_time_ms=NOW_MS - 50))
        assert not batch.is_append_time
        assert batch.max_timestamp == NOW_MS - 50


class TestCompression:
    @pytest.mark.parametrize("source", [0, 1, 2, 3, 4])
    @pytest.mark.parametrize(
        ("target", "codec"), [("uncompressed", 0), ("gzip", 1), ("snappy", 2), ("lz4", 3), ("zstd", 4)]
    )
    def test_the_topics_codec(self, source: int, target: str, codec: int) -> None:
        batch = batch_of(
            "a",
            "b" * 50,
            codec=source,
            producer_id=7,
            producer_epoch=1,
            base_sequence=3,
            is_transactional=True,
        )
        built = accepted(batch, compression_type=target)
        assert (built is batch) == (source == codec)
        assert built.codec == codec
        assert (built.producer_id, built.producer_epoch, built.base_sequence) == (7, 1, 3)
        assert built.is_transactional
        assert records_of(built.view, decompress) == records_of(batch.view, decompress)

    def test_levels(self) -> None:
        values = [f"{number * 7919 % 1000}" for number in range(400)]
        fast = accepted(batch_of(*values), compression_type="gzip", compression_gzip_level=1)
        best = accepted(batch_of(*values), compression_type="gzip", compression_gzip_level=9)
        assert len(best.view) < len(fast.view)

    def test_append_time_in_a_batch_built_anew(self) -> None:
        batch = accepted(batch_of("a"), compression_type="lz4", message_timestamp_type="LogAppendTime")
        assert batch.is_append_time
        assert batch.max_timestamp == NOW_MS

    def test_what_grows_beyond_the_limit(self) -> None:
        batch = batch_of("a" * 5_000, codec=1)
        error = refusal(batch, compression_type="uncompressed", max_message_bytes=1_000)
        assert error.code is ErrorCode.MESSAGE_TOO_LARGE
        assert (error.message or "").startswith("Message batch size is 50")

    def test_control_batches_are_never_compressed(self) -> None:
        batch = batch_of(Record(0, NOW_MS, b"\0\0\0\1", b"\0\0\0\0\0\0"), is_control=True)
        assert accepted(batch, Origin.COORDINATOR, compression_type="gzip") is batch

    def test_records_are_checked_on_the_way(self) -> None:
        assert (
            refusal(batch_of("a"), compression_type="gzip", cleanup_policy="compact").code
            is ErrorCode.INVALID_RECORD
        )


class TestOwnBatches:
    """What a coordinator has just built comes out as if it had been looked at record by record."""

    @pytest.mark.parametrize(
        "overrides",
        [
            {},
            {"cleanup_policy": "compact"},
            {"compression_type": "gzip"},
            {"compression_type": "uncompressed"},
            {"message_timestamp_type": "LogAppendTime"},
            {"message_timestamp_before_max_ms": 0, "message_timestamp_after_max_ms": 0},
        ],
    )
    def test_as_a_batch_that_came_over_the_network(self, overrides: dict[str, object]) -> None:
        said = EndTxnMarker(True, 3)
        for own in (
            OwnBatch(build_single(b"key", b"value", NOW_MS)),
            OwnBatch(build_batch([Record(timestamp_ms=NOW_MS, key=b"k")] * 3, codec=1, compress=compress)),
            marker_batch(said, producer_id=1, producer_epoch=2, timestamp_ms=NOW_MS),
        ):
            other = Batch(memoryview(bytearray(own.view)))
            taken = accepted(own, Origin.COORDINATOR, **overrides)
            assert taken.view == accepted(other, Origin.COORDINATOR, **overrides).view
            if own.is_control:
                assert isinstance(taken, OwnBatch)
                assert taken.marker == said

    def test_the_limit_of_the_topic_holds(self) -> None:
        own = OwnBatch(build_single(b"key", bytes(100), NOW_MS))
        assert refusal(own, Origin.COORDINATOR, max_message_bytes=100).code is ErrorCode.MESSAGE_TOO_LARGE
