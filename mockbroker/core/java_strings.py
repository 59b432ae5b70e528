"""Java's arithmetic, where clients can see it: a hash chooses a coordinator, a length is a limit, a sum wraps."""

from __future__ import annotations

from functools import lru_cache

__all__ = [
    "java_int32",
    "java_int64",
    "parse_int32",
    "partition_of",
    "string_hash",
    "utf16_length",
]


@lru_cache(maxsize=8192)
def string_hash(text: str) -> int:
    """`String.hashCode()`, as a signed 32 bit number."""
    value = 0
    units = text.encode("utf-16-be", "surrogatepass")
    for high, low in zip(units[::2], units[1::2], strict=True):
        value = (31 * value + (high << 8 | low)) & 0xFFFFFFFF
    return value - (1 << 32) if value >> 31 else value


def partition_of(key: str, partitions: int) -> int:
    """The partition of an internal topic that a group or transactional id lives in.

    Source: `GroupCoordinatorService.partitionFor`, `Utils.abs` (whose value for the smallest number is 0).
    """
    value = string_hash(key)
    return 0 if value == -(1 << 31) else abs(value) % partitions


def utf16_length(text: str) -> int:
    """`String.length()`: characters beyond the basic plane count twice."""
    return len(text) if text.isascii() else len(text.encode("utf-16-be", "surrogatepass")) // 2


def java_int32(number: int) -> int:
    """A number as Java's ints hold it: what is too large wraps around."""
    return (number + (1 << 31)) % (1 << 32) - (1 << 31)


def java_int64(number: int) -> int:
    """The same of a `long`."""
    return (number + (1 << 63)) % (1 << 64) - (1 << 63)


def parse_int32(text: str) -> int:
    """`Integer.parseInt`: no spaces, no underscores, 32 bits.

    Raises:
        ValueError: it is none.
    """
    digits = text[1:] if text[:1] in ("+", "-") else text
    value = int(text) if digits.isdecimal() else None
    if value is None or not -(1 << 31) <= value < 1 << 31:
        raise ValueError(text)
    return value
