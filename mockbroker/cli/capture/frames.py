"""Frames, whatever they come in: what each of them is, decoded."""

from __future__ import annotations

import gzip
from collections.abc import Iterator
from typing import Any, NamedTuple

from protocol_specs import api_with_key
from protocol_specs.exchanges import RAW_SASL, decode_frame, parse_exchanges
from protocol_specs.headers import REQUEST_HEADER, request_header, response_header
from protocol_specs.notation import Api
from protocol_specs.text import Style, to_dict
from protocol_specs.wire_types import WireError

__all__ = [
    "Decoded",
    "Frame",
    "decode",
    "exchange_frames",
    "hex_frames",
    "identify",
    "looks_like_request",
    "raw_frames",
    "split",
]

#: The layout of ApiVersions 0 answers every version that a broker does not know (KIP-511).
_API_VERSIONS, _UNSUPPORTED_VERSION = 18, 35


class Frame(NamedTuple):
    """One frame without its length.

    Attributes:
        where: the place it was found at, for people.
        answers: for a response the API's key and version; None for a request.
        problem: why nothing more is known of it; empty when all is well.
    """

    where: str
    content: bytes
    answers: tuple[int, int] | None = None
    problem: str = ""


class Decoded(NamedTuple):
    """What a frame says.

    Attributes:
        title: "Produce v9 request", say.
        data: everything, as plain data.
        is_readable: whether it could be decoded.
    """

    title: str
    data: dict[str, Any]
    is_readable: bool


def identify(content: bytes) -> tuple[Api, int]:
    """The API and version that a request names.

    Raises:
        WireError: it is too short to name one.
        KeyError: no API has that key.
    """
    head = REQUEST_HEADER[1].read(content)[0]
    return api_with_key(head.request_api_key), head.request_api_version


def looks_like_request(content: bytes) -> bool:
    """Whether it can be read as a request. A response seldom can: its correlation id would be the API and version."""
    try:
        api, version = identify(content)
        decode_frame(content, request_header(api.key, version), api.request[version])
    except (WireError, KeyError):
        return False
    return True


def decode(frame: Frame, style: Style) -> Decoded:
    """Decode one frame; one that cannot be read is told as its `error` and its bytes."""
    data: dict[str, Any] = {"where": frame.where}
    title = "response" if frame.answers is not None else "request"
    try:
        if frame.problem:
            raise ValueError(frame.problem)
        if frame.answers is None:
            api, version = identify(frame.content)
        else:
            key, version = frame.answers
            api = api_with_key(key)
        title = f"{api.name} v{version} {title}"
        data |= {"kind": title.rpartition(" ")[2], "api": api.name, "api_key": api.key, "version": version}
        data |= _body(frame, api, version, style)
    except (WireError, KeyError, ValueError) as error:
        data |= {"error": str(error.args[0]), "bytes": frame.content.hex()}
        return Decoded(title, data, is_readable=False)
    return Decoded(title, data, is_readable=True)


def _body(frame: Frame, api: Api, version: int, style: Style) -> dict[str, Any]:
    if frame.answers is None:
        header, schema = request_header(api.key, version), api.request
    else:
        header, schema = response_header(api.key, version), api.response
        if api.key == _API_VERSIONS and _is_version_refused(frame.content):
            version = 0
    head, message, end = decode_frame(frame.content, header, schema[version])
    data: dict[str, Any] = {"correlation_id": head.correlation_id}
    if frame.answers is None:
        data["client_id"] = head.client_id
    data["message"] = to_dict(schema[version], message, style)
    if end < len(frame.content):
        data["trailing_bytes"] = frame.content[end:].hex()
    return data


def _is_version_refused(content: bytes) -> bool:
    return int.from_bytes(content[4:6]) == _UNSUPPORTED_VERSION


def exchange_frames(name: str, content: bytes) -> Iterator[Frame]:
    """Requests and responses of recorded exchanges, in their order.

    Raises:
        OSError, EOFError, ValueError: they are not what they seem.
    """
    text = gzip.decompress(content) if content[:2] == b"\x1f\x8b" else content
    for number, exchange in enumerate(parse_exchanges(text.decode().splitlines()), start=1):
        where = f"{name}:{number} {exchange.client}"
        if exchange.api == RAW_SASL:
            for content in (exchange.request, exchange.response or b""):
                yield Frame(where, content, problem="a SASL token, which has no Kafka header")
            continue
        yield Frame(where, exchange.request)
        if exchange.response is not None:
            yield Frame(where, exchange.response, answers=(exchange.api, exchange.version))


def hex_frames(name: str, text: str, answers: tuple[int, int] | None) -> Iterator[Frame]:
    """A frame in hex on each line, with or without its length.

    Raises:
        ValueError: it is not hex.
    """
    for number, line in enumerate(text.splitlines(), start=1):
        content = bytes.fromhex(line.strip().removeprefix("0x"))
        if content:
            yield Frame(f"{name}:{number}", _without_length(content), answers)


def _without_length(content: bytes) -> bytes:
    return content[4:] if int.from_bytes(content[:4]) == len(content) - 4 else content


def raw_frames(name: str, content: bytes, answers: tuple[int, int] | None) -> Iterator[Frame]:
    """Frames with their lengths, one after the other; or one alone without."""
    pieces = list(split(content))
    if sum(4 + len(piece) for piece in pieces) == len(content) or not _fits(content, answers):
        at = 0
        for piece in pieces:
            yield Frame(f"{name} at {at}", piece, answers)
            at += 4 + len(piece)
        if at < len(content):
            yield Frame(f"{name} at {at}", content[at:], problem="a frame that is cut off")
    else:
        yield Frame(name, content, answers)


def _fits(content: bytes, answers: tuple[int, int] | None) -> bool:
    return looks_like_request(content) if answers is None else True


def split(stream: bytes | bytearray) -> Iterator[bytes]:
    """The whole frames that a stream begins with, without their lengths."""
    at = 0
    while at + 4 <= len(stream):
        size = int.from_bytes(stream[at : at + 4], signed=True)
        if size < 0 or at + 4 + size > len(stream):
            return
        yield bytes(stream[at + 4 : at + 4 + size])
        at += 4 + size
