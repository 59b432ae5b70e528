"""Looking over the records of a batch without building them.

The hot path of Produce: one pass over the numbers, no object for a record, everything inlined. Nothing here says
what is wrong; whoever finds that something is reads the records properly (`protocol_specs.records`).
"""

from __future__ import annotations

from typing import Final, NamedTuple

from protocol_specs.record_batch import Buffer

__all__ = ["Scan", "lengths_fit", "scan_records"]

_WALK_UP_TO: Final = 1_000
_SMALLEST_RECORD: Final = 7


class Scan(NamedTuple):
    """What a scan saw. Timestamps are in ms, relative to the batch's base timestamp."""

    least: int
    greatest: int
    lacks_key: bool
    is_consecutive: bool


def lengths_fit(data: Buffer, at: int, count: int) -> bool:
    """Whether `count` records, by their lengths, fill `data` from `at` to its end.

    Of more than 1,000 records the first 1,000 are walked over, and the rest has to have room for the others.
    """
    walked = min(count, _WALK_UP_TO)
    try:
        for _ in range(walked):
            size = data[at]
            if size < 128:
                at += 1 + (size >> 1)
                continue
            high = data[at + 1]
            if high < 128:
                at += 2 + ((high << 7 | size & 127) >> 1)
                continue
            size, at = _long_varint(data, at)
            at += size >> 1
    except IndexError:
        return False
    if walked == count:
        return at == len(data)
    return at + (count - walked) * _SMALLEST_RECORD <= len(data)


def scan_records(data: Buffer, at: int, count: int) -> Scan | None:
    """Look at every one of `count` records that fill `data` from `at` to its end.

    Returns:
        None when they do not, or when a record is not well formed.
    """
    least = greatest = 0
    lacks_key = False
    is_consecutive = True
    try:
        for index in range(count):
            size, at = (data[at], at + 1) if data[at] < 128 else _long_varint(data, at)
            if size & 1:
                return None
            end = at + (size >> 1)
            at += 1  # attributes, of which no bit is in use
            delta, at = (data[at], at + 1) if data[at] < 128 else _long_varint(data, at)
            delta = (delta >> 1) ^ -(delta & 1)
            if index == 0:
                least = greatest = delta
            elif delta > greatest:
                greatest = delta
            elif delta < least:
                least = delta
            offset, at = (data[at], at + 1) if data[at] < 128 else _long_varint(data, at)
            if offset != index << 1:
                is_consecutive = False
            size, at = (data[at], at + 1) if data[at] < 128 else _long_varint(data, at)
            if size & 1:
                lacks_key = True
            else:
                at += size >> 1
            size, at = (data[at], at + 1) if data[at] < 128 else _long_varint(data, at)
            if not size & 1:
                at += size >> 1
            at = at + 1 if data[at] == 0 else _after_headers(data, at)
            if at != end:
                return None
    except IndexError:
        return None
    return Scan(least, greatest, lacks_key, is_consecutive) if at == len(data) else None


def _long_varint(data: Buffer, at: int) -> tuple[int, int]:
    """A varint as it stands, with its sign in the lowest bit, and where it ends."""
    raw = shift = 0
    while True:
        byte = data[at]
        at += 1
        raw |= (byte & 0x7F) << shift
        if byte < 0x80:
            return raw, at
        shift += 7
        if shift > 63:
            raise IndexError


def _after_headers(data: Buffer, at: int) -> int:
    count, at = _long_varint(data, at)
    if count & 1 or count >> 1 > len(data) - at:
        raise IndexError
    for _ in range(count >> 1):
        size, at = _long_varint(data, at)
        if size & 1:
            raise IndexError
        at += size >> 1
        size, at = _long_varint(data, at)
        if not size & 1:
            at += size >> 1
    return at
