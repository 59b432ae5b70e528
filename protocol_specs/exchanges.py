"""Recorded exchanges between clients and brokers, and whether each survives being decoded and encoded again.

One JSON object on each line: `client`, `api` (key), `version`, `request` and `response` in hex without their length
bytes (`response` null where none came), perhaps `note`. The api -1 marks raw SASL tokens, which no header precedes and
which are nobody's message.
"""

from __future__ import annotations

import gzip
import json
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any, NamedTuple

from protocol_specs import api_with_key
from protocol_specs.headers import request_header, response_header
from protocol_specs.layout import Layout
from protocol_specs.wire_types import WireError

__all__ = ["RAW_SASL", "Exchange", "decode_frame", "differences", "parse_exchanges", "read_exchanges"]

RAW_SASL = -1


class Exchange(NamedTuple):
    """One request and its response: whole frames without their length; None where no answer came."""

    client: str
    api: int
    version: int
    request: bytes
    response: bytes | None
    note: str = ""

    @property
    def title(self) -> str:
        """ "sweep: Produce v9"."""
        try:
            name = api_with_key(self.api).name
        except KeyError:
            name = f"API {self.api}"
        return f"{self.client}: {name} v{self.version}"


def read_exchanges(path: Path) -> Iterator[Exchange]:
    """The rows of a .jsonl or .jsonl.gz file.

    Raises:
        OSError: it cannot be read.
        ValueError: it is not of this kind.
    """
    with gzip.open(path, "rt") if path.suffix == ".gz" else path.open() as lines:
        yield from parse_exchanges(lines)


def parse_exchanges(lines: Iterable[str]) -> Iterator[Exchange]:
    """The exchanges that these lines of JSON tell of.

    Raises:
        ValueError: they tell of none.
    """
    for number, line in enumerate(lines, start=1):
        if line.strip():
            try:
                yield _exchange(json.loads(line))
            except (ValueError, KeyError, TypeError, AttributeError) as error:
                raise ValueError(f"line {number} is no recorded exchange: {error!r}") from None


def _exchange(row: dict[str, Any]) -> Exchange:
    response = row["response"]
    return Exchange(
        client=row.get("client", "?"),
        api=row["api"],
        version=row["version"],
        request=bytes.fromhex(row["request"]),
        response=None if response is None else bytes.fromhex(response),
        note=row.get("note", ""),
    )


def decode_frame(frame: bytes, header: Layout, body: Layout) -> tuple[Any, Any, int]:
    """The header, the message, and where it ended: more may follow.

    Raises:
        WireError: the frame is neither.
    """
    head, at = header.read(frame)
    message, end = body.read(frame, at)
    return head, message, end


def _difference(frame: bytes, header: Layout, body: Layout) -> str:
    """Why the frame does not come back from decoding and encoding as it was; empty when it does."""
    try:
        head, message, end = decode_frame(frame, header, body)
        again = header.build(head) + body.build(message)
    except WireError as error:
        return str(error)
    if end < len(frame):
        return f"{body.title}: bytes left over: {len(frame) - end}"
    if again != frame:
        at = next((i for i, (a, b) in enumerate(zip(frame, again, strict=False)) if a != b), len(again))
        return f"{body.title}: encoded again it differs from byte {at} on: {again[at:].hex()}"
    return ""


def differences(exchange: Exchange) -> list[str]:
    """What is not the same after decoding and encoding; empty when all is."""
    key, version = exchange.api, exchange.version
    if key == RAW_SASL:
        return []
    try:
        api = api_with_key(key)
        request, response = api.request[version], api.response[version]
    except KeyError as error:
        return [str(error.args[0])]
    found = [_difference(exchange.request, request_header(key, version), request)]
    if exchange.response is not None:
        found.append(_difference(exchange.response, response_header(key, version), response))
    return [difference for difference in found if difference]
