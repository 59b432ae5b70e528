"""Prints all that a file of captured frames or a log segment holds."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from mockbroker.cli.capture.connections import Connections
from mockbroker.cli.capture.frames import Decoded, Frame, decode, exchange_frames, hex_frames, raw_frames
from mockbroker.cli.capture.packets import is_capture, segments_in
from mockbroker.cli.capture.records import batches_as_data, batches_as_text, field_as_text, time_text
from mockbroker.cli.capture.segments import describe_for, is_segment
from protocol_specs import api_with_key
from protocol_specs.errors import ErrorCode
from protocol_specs.text import Style, outline

__all__ = ["print_all"]

_JSON = Style(records=batches_as_data)
_TEXT = Style(bytes=field_as_text, records=batches_as_text)
_GZIP = b"\x1f\x8b"


def print_all(path: Path, content: bytes, answers: tuple[int, int] | None, *, as_json: bool) -> int:
    """Print what a file holds.

    Args:
        answers: API key and version that frames which do not say so are responses to; None: they are requests.

    Returns:
        0, or 1 where something in it could not be decoded.

    Raises:
        EOFError, ValueError: the file is broken.
    """
    if is_segment(path, content):
        return _print_segment(path, content, as_json)
    unreadable = False
    for frame in _frames(path.name, content, answers):
        decoded = decode(frame, _JSON if as_json else _TEXT)
        unreadable = unreadable or not decoded.is_readable
        print(json.dumps(decoded.data) if as_json else _frame_text(decoded))
    return 1 if unreadable else 0


def _frames(name: str, content: bytes, answers: tuple[int, int] | None) -> Iterator[Frame]:
    """The frames of a file, by what it is."""
    if is_capture(content):
        connections = Connections()
        yield from connections.frames(segments_in(content))
        if connections.others:
            print(f"passed over: {connections.others} connections that are not Kafka's", file=sys.stderr)
    elif content[:2] == _GZIP or content.lstrip()[:1] == b"{":
        yield from exchange_frames(name, content)
    else:
        try:
            yield from list(hex_frames(name, content.decode("ascii"), answers))
        except ValueError:
            yield from raw_frames(name, content, answers)


def _frame_text(decoded: Decoded) -> str:
    data = decoded.data
    words = [f"{data['where']}: {decoded.title}"]
    if "correlation_id" in data:
        words.append(f"correlation id {data['correlation_id']}")
    if "client_id" in data:
        words.append(f"client id {json.dumps(data['client_id'], ensure_ascii=False)}")
    if "trailing_bytes" in data:
        words.append(f"trailing bytes 0x{data['trailing_bytes']}")
    if not decoded.is_readable:
        return f"{', '.join(words)}: {data['error']}\n  {data['bytes']}\n"
    return f"{', '.join(words)}\n{outline(data['message'], _note, '  ')}"


def _note(name: str, value: Any) -> str:
    """What a number means, where its field's name tells."""
    if not isinstance(value, int):
        return ""
    try:
        if name.endswith("error_code"):
            return ErrorCode(value).name
        if name == "api_key":
            return api_with_key(value).name
    except (ValueError, KeyError):
        return ""
    return time_text(value) if name.endswith(("timestamp", "timestamp_ms")) else ""


def _print_segment(path: Path, content: bytes, as_json: bool) -> int:
    batches = batches_as_data(content, describe_for(path))
    if as_json:
        for batch in batches:
            print(json.dumps(batch))
    else:
        print(outline(batches_as_text(content, describe_for(path))), end="")
    return 1 if any("error" in batch or "incomplete_bytes" in batch for batch in batches) else 0
