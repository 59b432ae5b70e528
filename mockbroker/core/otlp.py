"""OpenTelemetry metrics, as clients push them (KIP-714): `MetricsData` of the OTLP metrics protocol, version 1.

What Kafka's clients send is read: gauges and sums. Of other kinds only the name is told.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from typing import Any, NamedTuple

__all__ = ["Metric", "Point", "decode_metrics"]

_VARINT, _FIXED64, _BYTES, _FIXED32 = 0, 1, 2, 5

_DOUBLE = struct.Struct("<d")
_INT64 = struct.Struct("<q")

#: The kinds of metrics that have numbers as points, by field of `Metric`.
_KINDS = {5: "gauge", 7: "sum"}


class Point(NamedTuple):
    """One value. Times in nanoseconds since the epoch; `started` is 0 for a gauge."""

    value: float | int | None
    attributes: dict[str, Any]
    time_ns: int
    started_ns: int


class Metric(NamedTuple):
    """One metric; `kind` is "gauge", "sum", or "" for one that is not read further."""

    name: str
    kind: str
    points: list[Point]
    resource: dict[str, Any]


def decode_metrics(data: bytes) -> list[Metric]:
    """All metrics of a `MetricsData` message.

    Raises:
        ValueError: it is none.
    """
    try:
        return [
            metric
            for resource_metrics in _each(memoryview(data), 1)
            for metric in _resource_metrics(resource_metrics)
        ]
    except (IndexError, TypeError, UnicodeDecodeError, struct.error) as error:
        raise ValueError(f"not an OpenTelemetry MetricsData message: {error}") from error


def _resource_metrics(message: memoryview) -> Iterator[Metric]:
    resource: dict[str, Any] = {}
    for one in _each(message, 1):
        resource = _attributes(one, 1)
    for scope_metrics in _each(message, 2):
        for metric in _each(scope_metrics, 2):
            yield _metric(metric, resource)


def _metric(message: memoryview, resource: dict[str, Any]) -> Metric:
    name, kind, points = "", "", []
    for number, value in _fields(message):
        if number == 1:
            name = _text(value)
        elif number in _KINDS:
            kind = _KINDS[number]
            points = [_point(point) for point in _each(value, 1)]
    return Metric(name, kind, points, resource)


def _point(message: memoryview) -> Point:
    value: float | int | None = None
    time_ns = started_ns = 0
    for number, found in _fields(message):
        if number == 4:
            value = _DOUBLE.unpack(found)[0]
        elif number == 6:
            value = _INT64.unpack(found)[0]
        elif number == 3:
            time_ns = _INT64.unpack(found)[0]
        elif number == 2:
            started_ns = _INT64.unpack(found)[0]
    return Point(value, _attributes(message, 7), time_ns, started_ns)


def _attributes(message: memoryview, field: int) -> dict[str, Any]:
    attributes = {}
    for pair in _each(message, field):
        key, value = "", None
        for number, found in _fields(pair):
            if number == 1:
                key = _text(found)
            elif number == 2:
                value = _any_value(found)
        attributes[key] = value
    return attributes


def _any_value(message: memoryview) -> Any:
    for number, value in _fields(message):
        if number == 1:
            return _text(value)
        if number == 2:
            return bool(value)
        if number == 3:
            return value - (1 << 64) if value >> 63 else value
        if number == 4:
            return _DOUBLE.unpack(value)[0]
        return _bytes(value)
    return None


def _each(message: memoryview, field: int) -> Iterator[memoryview]:
    for number, value in _fields(message):
        if number == field:
            if not isinstance(value, memoryview):
                raise ValueError(f"field {field} is not a message")
            yield value


def _text(value: Any) -> str:
    return _bytes(value).decode()


def _bytes(value: Any) -> bytes:
    if not isinstance(value, memoryview):
        raise ValueError("a number where bytes are expected")
    return bytes(value)


def _fields(message: memoryview) -> Iterator[tuple[int, Any]]:
    """Numbers and values of a protobuf message: ints for varints, views for all else."""
    at = 0
    while at < len(message):
        tag, at = _varint(message, at)
        wire_type = tag & 7
        if wire_type == _VARINT:
            value, at = _varint(message, at)
            yield tag >> 3, value
            continue
        if wire_type == _BYTES:
            size, at = _varint(message, at)
        elif wire_type in (_FIXED64, _FIXED32):
            size = 8 if wire_type == _FIXED64 else 4
        else:
            raise ValueError(f"there is no wire type {wire_type}")
        if at + size > len(message):
            raise IndexError("it ends early")
        yield tag >> 3, message[at : at + size]
        at += size


def _varint(message: memoryview, at: int) -> tuple[int, int]:
    value = shift = 0
    while True:
        byte = message[at]
        at += 1
        value |= (byte & 0x7F) << shift
        if byte < 0x80:
            return value, at
        shift += 7
        if shift > 63:
            raise ValueError("a number of more than 64 bits")
