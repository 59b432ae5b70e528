"""`mockbroker decode` of frames: in hex, in bytes, and of recorded exchanges."""

from __future__ import annotations

import gzip
import io
import json
import sys
from pathlib import Path

import pytest

from mockbroker.cli import main
from protocol_specs.api_versions import API_VERSIONS
from tests.cli.captures import Decode, beaten, heartbeat, response, with_length

WIRE = Path(__file__).parents[1] / "data" / "wire"

HEARTBEAT_TEXT = """\
  group_id: "g"
  generation_id: 7
  member_id: "m"
  group_instance_id: null
"""


class TestFrames:
    def test_one_in_hex(self, decode: Decode) -> None:
        expected = f'file:1: Heartbeat v4 request, correlation id 5, client id "me"\n{HEARTBEAT_TEXT}\n'
        assert decode(heartbeat(5).hex().encode()) == (0, expected)
        assert decode(with_length(heartbeat(5)).hex(" ").encode() + b"\n") == (0, expected)

    def test_several_in_hex(self, decode: Decode) -> None:
        lines = [heartbeat(5).hex(), "", with_length(heartbeat(6)).hex()]
        code, text = decode("\n".join(lines).encode())
        assert code == 0
        assert "file:1: Heartbeat v4 request, correlation id 5" in text
        assert "file:3: Heartbeat v4 request, correlation id 6" in text

    def test_a_stream_of_them(self, decode: Decode) -> None:
        code, text = decode(with_length(heartbeat(5), heartbeat(6)))
        assert code == 0
        second = len(with_length(heartbeat(5)))
        assert [line for line in text.splitlines() if line.startswith("file")] == [
            'file at 0: Heartbeat v4 request, correlation id 5, client id "me"',
            f'file at {second}: Heartbeat v4 request, correlation id 6, client id "me"',
        ]

    def test_one_without_its_length(self, decode: Decode) -> None:
        assert decode(heartbeat(5)) == (
            0,
            f'file: Heartbeat v4 request, correlation id 5, client id "me"\n{HEARTBEAT_TEXT}\n',
        )

    def test_a_stream_that_is_cut_off(self, decode: Decode) -> None:
        code, text = decode(with_length(heartbeat(5), heartbeat(6))[:-3])
        assert code == 1
        assert "Heartbeat v4 request, correlation id 5" in text
        assert "a frame that is cut off" in text

    def test_responses_are_told_what_they_answer(self, decode: Decode) -> None:
        code, text = decode(with_length(beaten(5, 27), beaten(6)), "--response", "heartbeat:4")
        assert code == 0
        assert text == (
            "file at 0: Heartbeat v4 response, correlation id 5\n"
            "  throttle_time_ms: 0\n"
            "  error_code: 27  (REBALANCE_IN_PROGRESS)\n\n"
            "file at 16: Heartbeat v4 response, correlation id 6\n"
            "  throttle_time_ms: 0\n"
            "  error_code: 0  (NONE)\n\n"
        )
        assert decode(beaten(5, 27).hex().encode(), "--response", "12:4")[1].startswith(
            "file:1: Heartbeat v4 resp"
        )
        assert decode(beaten(5, 27), "--response", "12:4")[1].startswith("file: Heartbeat v4 resp")

    @pytest.mark.parametrize("what", ["nothing:1", "heartbeat", "heartbeat:9", "999:1", "heartbeat:x"])
    def test_what_they_answer_must_exist(self, decode: Decode, what: str) -> None:
        with pytest.raises(SystemExit) as caught:
            decode(b"", "--response", what)
        assert caught.value.code == 2

    def test_bytes_that_follow_are_shown(self, decode: Decode) -> None:
        code, text = decode((heartbeat(5) + b"\0\1").hex().encode())
        assert code == 0
        assert text.startswith(
            'file:1: Heartbeat v4 request, correlation id 5, client id "me", trailing bytes 0x0001\n'
        )

    def test_what_cannot_be_read_is_shown_with_its_reason(self, decode: Decode) -> None:
        frames = [
            "000cff",
            "03e7000000000001ffff",
            "000c000900000001ffff",
            heartbeat(5)[:-4].hex(),
            heartbeat(6).hex(),
        ]
        code, text = decode("\n".join(frames).encode())
        assert code == 1
        heads = [line for line in text.splitlines() if line.startswith("file")]
        assert heads == [
            "file:1: request: RequestHeader v1 -> request_api_version: the message ends here"
            " (bytes needed: 2, left: 1)",
            "file:2: request: no API has the key 999",
            "file:3: Heartbeat v9 request: HeartbeatRequest has versions 0-4, not 9",
            "file:4: Heartbeat v4 request: HeartbeatRequest v4 -> member_id: the message ends here"
            " (bytes needed: 1, left: 0)",
            'file:5: Heartbeat v4 request, correlation id 6, client id "me"',
        ]
        assert "  000cff\n" in text

    def test_json_is_an_object_on_a_line(self, decode: Decode) -> None:
        code, text = decode(f"{heartbeat(5).hex()}\n000c".encode(), "--json")
        assert code == 1
        first, second = map(json.loads, text.splitlines())
        assert first == {
            "where": "file:1",
            "kind": "request",
            "api": "Heartbeat",
            "api_key": 12,
            "version": 4,
            "correlation_id": 5,
            "client_id": "me",
            "message": {"group_id": "g", "generation_id": 7, "member_id": "m", "group_instance_id": None},
        }
        assert second["bytes"] == "000c"
        assert "the message ends here" in second["error"]

    def test_standard_input(
        self, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
    ) -> None:
        monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(heartbeat(5))))
        assert main(["decode", "-"]) == 0
        assert "Heartbeat v4 request" in capsys.readouterr().out

    def test_a_file_that_is_not_there(self, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
        assert main(["decode", str(tmp_path / "none")]) == 2
        assert (
            capsys.readouterr().err == f"mockbroker decode: {tmp_path / 'none'}: No such file or directory\n"
        )


class TestExchanges:
    def test_every_recorded_frame_can_be_read(self, capsys: pytest.CaptureFixture[str]) -> None:
        for name in ("frames", "internal"):
            assert main(["decode", str(WIRE / f"{name}.jsonl.gz"), "--json"]) == 0
            for line in capsys.readouterr().out.splitlines():
                assert "message" in json.loads(line)
            assert main(["decode", str(WIRE / f"{name}.jsonl.gz")]) == 0
            capsys.readouterr()

    def test_packed_or_not(self, decode: Decode) -> None:
        row = {
            "client": "c",
            "api": 12,
            "version": 4,
            "request": heartbeat(5).hex(),
            "response": beaten(5).hex(),
        }
        content = json.dumps(row).encode()
        code, text = decode(content)
        assert code == 0
        assert text.startswith("file:1 c: Heartbeat v4 request, correlation id 5")
        assert "file:1 c: Heartbeat v4 response, correlation id 5\n" in text
        assert decode(gzip.compress(content)) == (code, text)

    def test_an_api_versions_that_is_refused_is_answered_in_version_0(self, decode: Decode) -> None:
        answer = response(API_VERSIONS, 0, 3, error_code=35, api_keys=[])
        row = {"api": 18, "version": 4, "request": "0012", "response": answer.hex()}
        assert "error_code: 35  (UNSUPPORTED_VERSION)" in decode(json.dumps(row).encode())[1]

    def test_sasl_tokens_have_no_header(self, decode: Decode) -> None:
        code, text = decode((WIRE / "sasl_raw.jsonl.gz").read_bytes())
        assert code == 1
        assert "a SASL token, which has no Kafka header\n  0061646d696e" in text

    def test_a_broken_file(self, decode: Decode, capsys: pytest.CaptureFixture[str]) -> None:
        assert decode(b'{"api": 12}\n')[0] == 2
        assert decode(gzip.compress(b"{}")[:-9])[0] == 2
