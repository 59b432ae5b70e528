"""OpenTelemetry metrics are read as a Java client writes them."""

from __future__ import annotations

import struct

import pytest

from mockbroker.core.otlp import Metric, Point, decode_metrics


def varint(number: int) -> bytes:
    out = bytearray()
    while number > 0x7F:
        out.append(number & 0x7F | 0x80)
        number >>= 7
    return bytes(out + bytes([number]))


def message(field: int, *parts: bytes) -> bytes:
    body = b"".join(parts)
    return varint(field << 3 | 2) + varint(len(body)) + body


def number(field: int, value: int) -> bytes:
    return varint(field << 3) + varint(value)


def fixed(field: int, value: float | int) -> bytes:
    return varint(field << 3 | 1) + struct.pack("<d" if isinstance(value, float) else "<q", value)


def attribute(field: int, key: str, *value: bytes) -> bytes:
    return message(field, message(1, key.encode()), message(2, *value))


SUM = message(
    2,
    message(1, b"org.apache.kafka.producer.record.send.total"),
    message(
        7,
        message(1, fixed(2, 5), fixed(3, 7), fixed(4, 1.5), attribute(7, "topic", message(1, b"t"))),
        number(2, 1),
    ),
)
GAUGE = message(
    2, message(1, b"gauge"), message(5, message(1, fixed(3, 9), fixed(6, -3)), message(1, fixed(4, 2.0)))
)
HISTOGRAM = message(2, message(1, b"histogram"), message(9, b""))


def test_sums_and_gauges_have_points() -> None:
    resource = message(1, attribute(1, "client_rack", message(1, b"r")), attribute(1, "n", number(3, 4)))
    data = message(1, resource, message(2, message(1, message(1, b"scope")), SUM, GAUGE, HISTOGRAM))
    known = {"client_rack": "r", "n": 4}
    assert decode_metrics(data) == [
        Metric(
            "org.apache.kafka.producer.record.send.total", "sum", [Point(1.5, {"topic": "t"}, 7, 5)], known
        ),
        Metric("gauge", "gauge", [Point(-3, {}, 9, 0), Point(2.0, {}, 0, 0)], known),
        Metric("histogram", "", [], known),
    ]


@pytest.mark.parametrize(
    ("value", "found"),
    [
        (message(1, b"text"), "text"),
        (number(2, 1), True),
        (number(3, 2**64 - 1), -1),
        (fixed(4, 0.5), 0.5),
        (message(7, b"\0\1"), b"\0\1"),
        (b"", None),
    ],
)
def test_kinds_of_attributes(value: bytes, found: object) -> None:
    data = message(1, message(1, attribute(1, "a", value)), message(2, SUM))
    assert decode_metrics(data)[0].resource == {"a": found}


def test_nothing_is_no_metrics() -> None:
    assert decode_metrics(b"") == []
    assert decode_metrics(number(9, 1)) == []


@pytest.mark.parametrize(
    "data",
    [
        b"\x0a",
        b"\x0a\x05ab",
        number(1, 5),
        b"\x0f",
        b"\xff" * 11,
        message(1, message(2, message(2, message(1, b"\xff")))),
        message(1, message(2, message(2, number(1, 10**18)))),
        message(1, message(2, message(2, message(7, message(1, number(4, 5)))))),
    ],
)
def test_what_is_no_such_message(data: bytes) -> None:
    with pytest.raises(ValueError, match=r"."):
        decode_metrics(data)
