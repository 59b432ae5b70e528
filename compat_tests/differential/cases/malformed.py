"""Frames that are wrong outside of their fields: headers, lengths, versions and keys that there are not."""

from __future__ import annotations

import struct
from collections.abc import Iterator

from compat_tests.differential.edges import encode
from compat_tests.differential.runner import Run, versions
from mockbroker.profiles import KAFKA_4_3
from protocol_specs import APIS
from protocol_specs.headers import request_header
from protocol_specs.notation import Api

_KEYS = [key for key in sorted(APIS) if KAFKA_4_3.advertised(key)]
_CLIENT = struct.pack(">h", 5) + b"frame"
_NO_TAGS = b"\0"
#: Longer than socket.request.max.bytes.
_TOO_LONG = 104_857_601


def _each() -> Iterator[tuple[Api, int]]:
    for key in _KEYS:
        for version in versions(APIS[key].name):
            yield APIS[key], version


def _header(api: Api, version: int, client: bytes = _CLIENT, tags: bytes = _NO_TAGS) -> bytes:
    start = struct.pack(">hhi", api.key, version, 7)
    return start + client + (tags if request_header(api.key, version).version >= 2 else b"")


def _body(api: Api, version: int) -> bytes:
    """A request of defaults, but where those are not answered, or the answer tells what was done before."""
    return encode(api.request[version], {"acks": 1, "transactions": [{}], "topics": []})


def coordinators(run: Run) -> None:
    run.await_coordinators()


def headers(run: Run) -> None:
    for api, version in _each():
        body = _body(api, version)
        for label, client in (
            ("null", b"\xff\xff"),
            ("empty", b"\0\0"),
            ("of length -2", b"\xff\xfe"),
            ("no UTF-8", b"\0\2\xff\xfe"),
            ("longer than the frame", b"\x7f\xff"),
        ):
            run.ask_frame(f"client id {label}", api.name, version, _header(api, version, client) + body)
        run.ask_frame("header v0", api.name, version, struct.pack(">hhi", api.key, version, 7) + body)
        if request_header(api.key, version).version < 2:
            continue
        for label, tags in (
            ("unknown", b"\2\x05\1x\x4d\0"),
            ("twice", b"\2\x05\1x\x05\1x"),
            ("descending", b"\2\x05\1x\x04\1x"),
            ("longer than the frame", b"\1\x05\xff\xff\x03x"),
            ("many", b"\xff\xff\x03"),
            ("of too many bytes", b"\xff\xff\xff\xff\xff\x01"),
        ):
            run.ask_frame(f"header tags {label}", api.name, version, _header(api, version, tags=tags) + body)


def ends(run: Run) -> None:
    for api, version in _each():
        head, body = _header(api, version), _body(api, version)
        for label, more in (("one byte", b"\0"), ("many bytes", b"\xff" * 50)):
            run.ask_frame(f"{label} too many", api.name, version, head + body + more)
        for kept in sorted({0, 1, len(body) // 2, len(body) - 1}):
            if 0 <= kept < len(body):
                run.ask_frame(f"{kept} bytes of the body", api.name, version, head + body[:kept])
        if request_header(api.key, version).version < 2:
            continue
        for label, tags in (
            ("twice", b"\2\x55\1x\x55\1x"),
            ("descending", b"\2\x55\1x\x54\1x"),
            ("longer than the frame", b"\1\x55\xff\xff\x03x"),
            ("many", b"\xff\xff\x03"),
        ):
            if body.endswith(b"\0"):
                run.ask_frame(f"tags {label}", api.name, version, head + body[:-1] + tags)


def versions_that_there_are_not(run: Run) -> None:
    for key in _KEYS:
        api = APIS[key]
        served = versions(api.name)
        for version in (-32768, -1, served[0] - 1, served[-1] + 1, served[-1] + 2, 99, 32767):
            start = struct.pack(">hhi", key, version, 7) + _CLIENT
            for label, rest in (("nothing", b""), ("zeros", bytes(40))):
                run.ask_key(f"{api.name} v{version}, {label} in it", key, start + rest)


def keys_that_there_are_not(run: Run) -> None:
    # 71 is not advertised, but answered, with an id that is random.
    unknown = {*range(-2, 130), 1000, 32767, -32768} - {*_KEYS, 71}
    for key in sorted(unknown):
        for version in range(5):
            start = struct.pack(">hhi", key, version, 7) + _CLIENT
            for label, rest in (("nothing", b""), ("zeros", bytes(60))):
                run.ask_key(f"v{version}, {label} in it", key, start + rest)


def frames(run: Run) -> None:
    probe = struct.pack(">hhi", 18, 0, 7) + b"\xff\xff"
    for size in range(len(probe)):
        run.ask_key(f"{size} bytes of a frame", 18, probe[:size])
    for length in (-1, -(2**31), 2**31 - 1, _TOO_LONG):
        run.ask_key(f"a length of {length}", 18, probe, length=length)
