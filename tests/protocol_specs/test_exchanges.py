"""What Apache Kafka and its clients really sent: tests/data/wire, described in its README."""

from __future__ import annotations

import gzip
import json
from pathlib import Path

import pytest

from protocol_specs.__main__ import main
from protocol_specs.api_versions import API_VERSIONS
from protocol_specs.exchanges import Exchange, decode_frame, differences, read_exchanges
from protocol_specs.headers import request_header, response_header
from protocol_specs.produce import PRODUCE

WIRE = Path(__file__).parents[1] / "data" / "wire"
EXCEPTIONS = list(read_exchanges(WIRE / "exceptions.jsonl.gz"))


@pytest.mark.parametrize(("name", "count"), [("frames", 1475), ("internal", 42), ("sasl_raw", 1)])
def test_every_recorded_frame_comes_back_as_it_was(name: str, count: int) -> None:
    exchanges = list(read_exchanges(WIRE / f"{name}.jsonl.gz"))
    assert len(exchanges) == count
    assert [(exchange.title, found) for exchange in exchanges if (found := differences(exchange))] == []


@pytest.mark.parametrize("exchange", [one for one in EXCEPTIONS if "trailing" in one.note], ids=str)
def test_bytes_that_follow_a_request_are_seen(exchange: Exchange) -> None:
    extra = int(exchange.note.split()[-1])
    assert len(differences(exchange)) == 1
    assert differences(exchange)[0].endswith(f"bytes left over: {extra}")
    shortened = exchange._replace(request=exchange.request[:-extra])
    assert differences(shortened) == []


@pytest.mark.parametrize("exchange", [one for one in EXCEPTIONS if one.api == API_VERSIONS.key], ids=str)
def test_api_versions_that_there_are_not_are_answered_in_version_0(exchange: Exchange) -> None:
    assert differences(exchange) == [f"ApiVersionsRequest has versions 0-4, not {exchange.version}"]
    assert exchange.response is not None
    _, response, end = decode_frame(exchange.response, response_header(18, 0), API_VERSIONS.response[0])
    assert end == len(exchange.response)
    assert response.error_code == 35
    assert [(one.api_key, one.min_version, one.max_version) for one in response.api_keys] == [(18, 0, 4)]


@pytest.mark.parametrize("exchange", [one for one in EXCEPTIONS if one.api == PRODUCE.key], ids=str)
def test_produce_from_before_4_0_can_be_read_though_kafka_hangs_up(exchange: Exchange) -> None:
    assert differences(exchange) == []
    assert exchange.response is None
    header = request_header(0, exchange.version)
    _, request, _ = decode_frame(exchange.request, header, PRODUCE.request[exchange.version])
    assert (request.acks, request.timeout_ms, list(request.topic_data)) == (1, 1000, [])


def test_all_exceptions_have_been_looked_at() -> None:
    seen = [one for one in EXCEPTIONS if "trailing" in one.note or one.api in (API_VERSIONS.key, PRODUCE.key)]
    assert seen == EXCEPTIONS


class TestCheck:
    def write(self, directory: Path, *rows: dict[str, object]) -> Path:
        path = directory / "rows.jsonl"
        path.write_text("".join(json.dumps({"client": "c", **row}) + "\n" for row in rows))
        return path

    def test_recorded_frames_pass(self, capsys: pytest.CaptureFixture[str]) -> None:
        assert main(["check", str(WIRE / "frames.jsonl.gz"), str(WIRE / "internal.jsonl.gz")]) == 0
        assert capsys.readouterr().out == "1517 passed, 0 failed\n"

    def test_each_that_differs_has_a_line(self, capsys: pytest.CaptureFixture[str]) -> None:
        assert main(["check", str(WIRE / "exceptions.jsonl.gz")]) == 1
        lines = capsys.readouterr().out.splitlines()
        assert len(lines) == 12
        assert lines[0].endswith(
            "exceptions.jsonl.gz:1: confluent-kafka-2.0.2: OffsetFetch v7: OffsetFetchRequest v7: bytes left over: 3"
        )
        assert lines[-1] == "3 passed, 11 failed"

    @pytest.mark.parametrize(
        ("row", "line"),
        [
            ({"api": 999, "version": 0, "request": "", "response": ""}, "API 999 v0: no API has the key 999"),
            (
                {"api": 12, "version": 0, "request": "000c", "response": None},
                "Heartbeat v0: RequestHeader v1 -> request_api_version: the message ends here (bytes needed: 2",
            ),
            (
                {
                    "api": 12,
                    "version": 0,
                    "request": "000c0000 00000001 0001 63 0000 00000000 0000 00",
                    "response": "00000001",
                },
                "Heartbeat v0: HeartbeatRequest v0: bytes left over: 1; HeartbeatResponse v0 -> error_code: "
                "the message ends here (bytes needed: 2, left: 0)",
            ),
            (
                {
                    "api": 12,
                    "version": 4,
                    "request": "000c0004 00000001 0001 63 00 01 00000000 01 818002 00",
                    "response": None,
                },
                "Heartbeat v4: HeartbeatRequest v4 -> group_instance_id: ",
            ),
        ],
        ids=str,
    )
    def test_the_line_says_why(
        self, tmp_path: Path, capsys: pytest.CaptureFixture[str], row: dict[str, object], line: str
    ) -> None:
        path = self.write(tmp_path, row)
        assert main(["check", str(path)]) == 1
        first, last = capsys.readouterr().out.splitlines()
        assert first.startswith(f"{path}:1: c: {line}")
        assert last == "0 passed, 1 failed"

    def test_bytes_that_are_not_the_shortest_are_a_difference(
        self, tmp_path: Path, capsys: pytest.CaptureFixture[str]
    ) -> None:
        request = "000c0004 00000001 0001 63 00" + "8100" + "00000000" + "01 00 00"
        path = self.write(tmp_path, {"api": 12, "version": 4, "request": request, "response": None})
        assert main(["check", str(path)]) == 1
        assert "encoded again it differs from byte 12 on: 0100" in capsys.readouterr().out

    @pytest.mark.parametrize("content", [b"nonsense\n", b"{}\n", b'{"api": 0, "version": 0, "request": 5}\n'])
    @pytest.mark.parametrize("packed", [False, True])
    def test_a_file_of_another_kind(
        self, tmp_path: Path, capsys: pytest.CaptureFixture[str], content: bytes, packed: bool
    ) -> None:
        path = tmp_path / ("rows.jsonl.gz" if packed else "rows.jsonl")
        path.write_bytes(gzip.compress(content) if packed else content)
        assert main(["check", str(path)]) == 2
        assert f"{path}: line 1 is no recorded exchange" in capsys.readouterr().err

    def test_a_file_that_is_not_there(self, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
        assert main(["check", str(tmp_path / "none.jsonl")]) == 2
        assert "none.jsonl" in capsys.readouterr().err
