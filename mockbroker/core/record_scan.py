"""Looking over the records of a batch without building them.

The hot path of Produce: one pass over the numbers, no object for a record, everything inlined. Nothing here says
what is wrong; whoever finds that something is reads the records properly (`protocol_specs.records`).
"""

from __future__ import annotations

from typing import Final

from protocol_specs.record_batch import Buffer

__all__ = ["Scan", "lengths_fit", "scan_records"]

#: So many records alike make it worth looking for more.
_RUN: Final = 16


#: (least timestamp, greatest timestamp, whether a record lacks a key, whether offsets count up one by one).
#: Timestamps are in ms, relative to the batch's base timestamp.
Scan = tuple[int, int, bool, bool]


def lengths_fit(data: Buffer, at: int, count: int) -> bool:
    """Whether `count` records, by their lengths, fill `data` from `at` to its end."""
    previous = alike = 0
    worth_a_look = _RUN
    try:
        while count:
            size = data[at]
            if size < 128:
                step = 1 + (size >> 1)
            elif (high := data[at + 1]) < 128:
                step = 2 + ((high << 7 | size & 127) >> 1)
            else:
                size, end = _longer(data, at + 1, size)
                step = end - at + (size >> 1)
            at += step
            count -= 1
            if step != previous:
                previous, alike = step, 0
                continue
            alike += 1
            if alike == worth_a_look:
                more = _more_of_the_same(data, at, step, count)
                at += more * step
                count -= more
                alike = 0
                worth_a_look = _RUN if more > _RUN else worth_a_look * 2
    except IndexError:
        return False
    return at == len(data)


def _more_of_the_same(data: Buffer, at: int, step: int, count: int) -> int:
    """How many records, of `count` from `at` on, have the very length of the one that ends there.

    Records of one size are the usual case in large batches: their lengths stand in columns, which are compared whole.
    """
    columns = [data[at - step : at - step + 1]]
    if data[at - step] > 127:
        columns.append(data[at - step + 1 : at - step + 2])
        if data[at - step + 1] > 127:
            return 0
    found, window = 0, 4 * _RUN
    while found < count:
        looked_at = min(window, count - found)
        end = at + looked_at * step
        alike = looked_at
        for index, byte in enumerate(columns):
            column = bytes(data[at + index : end : step])
            alike = min(alike, len(column) - len(column.lstrip(bytes(byte))))
        found += alike
        at += alike * step
        if alike < looked_at:
            break
        window *= 4
    return found


def scan_records(data: Buffer, at: int, count: int, heeds_lengths: bool = True) -> Scan | None:
    """Look at every one of `count` records that fill `data` from `at` to its end.

    Args:
        heeds_lengths: whether each record has to be as long as it says.

    Returns:
        None when they do not, or when a record is not well formed.
    """
    least = greatest = 0
    lacks_key = False
    is_consecutive = True
    try:
        for index in range(count):
            size = data[at]
            at += 1
            if size > 127:
                if (high := data[at]) < 128:
                    size += (high - 1) << 7
                    at += 1
                else:
                    size, at = _longer(data, at, size)
            end = at + (size >> 1)
            if size & 1 and heeds_lengths:
                return None
            delta = data[at + 1]  # behind the attributes, of which no bit is in use
            at += 2
            if delta > 127:
                delta, at = _longer(data, at, delta, 10)
            if delta:
                delta = (delta >> 1) ^ -(delta & 1)
            if not index:
                least = greatest = delta
            elif delta > greatest:
                greatest = delta
            elif delta < least:
                least = delta
            offset = data[at]
            at += 1
            if offset > 127:
                offset, at = _longer(data, at, offset)
            if offset != index << 1:
                is_consecutive = False
            size = data[at]
            at += 1
            if size > 127:
                size, at = _longer(data, at, size)
            if size & 1:
                lacks_key = True
            else:
                at += size >> 1
            size = data[at]
            at += 1
            if size > 127:
                if (high := data[at]) < 128:
                    size += (high - 1) << 7
                    at += 1
                else:
                    size, at = _longer(data, at, size)
            if not size & 1:
                at += size >> 1
            at = at + 1 if not data[at] else _after_headers(data, at)
            if at != end and heeds_lengths:
                return None
    except IndexError:
        return None
    return (least, greatest, lacks_key, is_consecutive) if at == len(data) else None


def _longer(data: Buffer, at: int, raw: int, longest: int = 5) -> tuple[int, int]:
    """A varint whose first byte was `raw`, as it stands with its sign in the lowest bit, and where it ends."""
    byte = data[at]
    raw += (byte - 1) << 7
    if byte < 0x80:
        return raw, at + 1
    shift = 7
    while byte > 0x7F:
        at += 1
        shift += 7
        if shift >= 7 * longest:
            raise IndexError
        byte = data[at]
        raw += (byte - 1) << shift
    return raw, at + 1


def _varint(data: Buffer, at: int) -> tuple[int, int]:
    byte = data[at]
    return (byte, at + 1) if byte < 128 else _longer(data, at + 1, byte)


def _after_headers(data: Buffer, at: int) -> int:
    count, at = _varint(data, at)
    if count & 1 or count >> 1 > len(data) - at:
        raise IndexError
    for _ in range(count >> 1):
        size, at = _varint(data, at)
        if size & 1:
            raise IndexError
        at += size >> 1
        size, at = _varint(data, at)
        if not size & 1:
            at += size >> 1
    return at
