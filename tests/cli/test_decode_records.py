"""`mockbroker decode` of record batches and log segments."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from mockbroker.wire.compression import compress
from protocol_specs.classic_group_log import OFFSET_COMMIT_KEY, OFFSET_COMMIT_VALUE
from protocol_specs.embedded import GROUP_RECORDS, build_blob
from protocol_specs.fetch import FETCH
from protocol_specs.message_set import build_message_set
from protocol_specs.record_batch import Buffer, EndTxnMarker, Record, build_batch, build_end_txn_marker
from protocol_specs.transaction_log import TRANSACTION_LOG_KEY, TRANSACTION_LOG_VALUE
from tests.cli.captures import Decode, response

WIRE = Path(__file__).parents[1] / "data" / "wire"


def fetched(*batches: Buffer) -> bytes:
    schema = FETCH.response.responses
    partition = schema.partitions(partition_index=0, error_code=0, high_watermark=5, records=[*batches])
    return response(FETCH, 11, 1, responses=[schema(topic="t", partitions=[partition])])


class TestRecords:
    records = (
        Record(timestamp_ms=1_700_000_000_000, key=b"k", value=b"\xff\x00"),
        Record(timestamp_ms=1_700_000_000_123, key=None, value=None, headers=[("h", b"x"), ("n", None)]),
    )

    @pytest.mark.parametrize(
        ("codec", "word"), [(0, ""), (1, ", gzip"), (2, ", snappy"), (3, ", lz4"), (4, ", zstd")]
    )
    def test_batches_are_opened(self, decode: Decode, codec: int, word: str) -> None:
        batch = build_batch(
            self.records, base_offset=40, codec=codec, compress=compress, producer_id=7, producer_epoch=1
        )
        code, text = decode(fetched(batch), "--response", "Fetch:11")
        assert code == 0
        words = f"offsets 40 to 41, 2 records, CreateTime 2023-11-14T22:13:20.123Z{word}, producer 7 epoch 1"
        assert f"- batch: {words} sequence -1\n" in text
        assert '- offset 40, 2023-11-14T22:13:20.000Z, key "k", value 0xff00\n' in text
        assert (
            '- offset 41, 2023-11-14T22:13:20.123Z, key null, value null, header h "x", header n null\n'
            in text
        )

    def test_as_json(self, decode: Decode) -> None:
        batch = build_batch(self.records, base_offset=40)
        code, text = decode(fetched(batch, bytes(batch)[:30]), "--response", "Fetch:11", "--json")
        assert code == 0
        whole, rest = json.loads(text)["message"]["responses"][0]["partitions"][0]["records"]
        assert rest == {"incomplete_bytes": 30}
        assert (whole["base_offset"], whole["count"], whole["compression"]) == (40, 2, "none")
        assert whole["is_crc_right"] is True
        assert whole["records"] == [
            {"offset": 40, "timestamp": 1_700_000_000_000, "key": "k", "value": {"base64": "/wA="}},
            {
                "offset": 41,
                "timestamp": 1_700_000_000_123,
                "key": None,
                "value": None,
                "headers": [["h", "x"], ["n", None]],
            },
        ]

    def test_the_end_of_a_transaction(self, decode: Decode) -> None:
        marker = build_end_txn_marker(EndTxnMarker(True, 3), producer_id=7, producer_epoch=1, timestamp_ms=5)
        text = decode(fetched(marker), "--response", "Fetch:11")[1]
        assert "producer 7 epoch 1 sequence -1, transactional, control\n" in text
        assert 'offset 0, 1970-01-01T00:00:00.005Z, key "COMMIT", value {coordinator_epoch: 3}\n' in text

    def test_damage_is_told(self, decode: Decode) -> None:
        batch = build_batch(self.records)
        batch[-1] ^= 1
        batch[60] = 3
        text = decode(fetched(batch), "--response", "Fetch:11")[1]
        assert "wrong CRC\n" in text
        assert "error: INVALID_RECORD: " in text

    def test_message_sets(self, decode: Decode) -> None:
        records = [Record(offset=3, timestamp_ms=5, key=b"k", value=b"v")]
        text = decode(fetched(bytes(build_message_set(records, magic=1))), "--response", "Fetch:11")[1]
        assert "- message set: magic 1\n" in text
        assert '- offset 3, 1970-01-01T00:00:00.005Z, key "k", value "v"\n' in text


class TestSegments:
    def test_a_segment(self, decode: Decode) -> None:
        content = bytes(build_batch(TestRecords.records)) + bytes(
            build_batch(TestRecords.records, base_offset=2)
        )
        code, text = decode(content, name="t-0/00000000000000000000.log")
        assert code == 0
        assert text.startswith(
            "- batch: offsets 0 to 1, 2 records, CreateTime 2023-11-14T22:13:20.123Z\n  records:\n"
        )
        assert "- batch: offsets 2 to 3" in text
        assert decode(content, name="anything")[1] == text

    def test_as_json(self, decode: Decode) -> None:
        code, text = decode(
            bytes(build_batch(TestRecords.records)), "--json", name="00000000000000000000.log"
        )
        assert code == 0
        assert json.loads(text)["records"][0]["key"] == "k"

    def test_one_that_is_cut_off(self, decode: Decode) -> None:
        content = bytes(build_batch(TestRecords.records)) * 2
        code, text = decode(content[:-5], name="00000000000000000000.log")
        assert code == 1
        assert "of a batch that is cut off" in text

    def test_an_empty_one(self, decode: Decode) -> None:
        assert decode(b"", name="00000000000000000000.log") == (0, "")

    def test_committed_offsets(self, decode: Decode) -> None:
        key = GROUP_RECORDS[1].build_key(OFFSET_COMMIT_KEY(group="g", topic="t", partition=2))
        value = build_blob(
            OFFSET_COMMIT_VALUE, 3, OFFSET_COMMIT_VALUE(offset=9, metadata="", commit_timestamp=5)
        )
        records = [Record(key=key, value=value), Record(key=key), Record(key=b"\0\x63"), Record(key=b"")]
        text = decode(bytes(build_batch(records)), name="__consumer_offsets-12/00000000000000000000.log")[1]
        lines = text.splitlines()[2:]
        assert lines[0].strip() == (
            '- offset 0, time -1, key {type: "OffsetCommit", group: "g", topic: "t", partition: 2}, '
            'value {offset: 9, leader_epoch: -1, metadata: "", commit_timestamp: 5}'
        )
        assert lines[1].endswith("partition: 2}, value null")
        assert lines[2].endswith("key 0x0063, value null")
        assert lines[3].endswith('key "", value null')

    def test_transactions(self, decode: Decode) -> None:
        key = b"\0\0" + TRANSACTION_LOG_KEY[0].build(TRANSACTION_LOG_KEY(transactional_id="tx"))
        value = TRANSACTION_LOG_VALUE(
            producer_id=7,
            producer_epoch=0,
            transaction_timeout_ms=60000,
            transaction_status=0,
            transaction_partitions=None,
            transaction_last_update_timestamp_ms=1,
            transaction_start_timestamp_ms=-1,
        )
        batch = build_batch([Record(key=key, value=build_blob(TRANSACTION_LOG_VALUE, 0, value))])
        text = decode(bytes(batch), name="__transaction_state-3/00000000000000000000.log")[1]
        assert 'key {transactional_id: "tx"}, value {producer_id: 7, producer_epoch: 0' in text
