"""The order in which hash maps of Java and Scala are walked, where an answer lists what was in one."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import TypeVar

from mockbroker.core.java_strings import string_hash

__all__ = ["hash_map_order", "scala_map_order", "scala_trie_order", "topic_partition_hash"]

T = TypeVar("T")
_MASK = 0xFFFFFFFF


def topic_partition_hash(topic: str, partition: int) -> int:
    """`TopicPartition.hashCode()`, as an unsigned 32 bit number."""
    return (31 * (31 + partition) + string_hash(topic)) & _MASK


def hash_map_order(items: Iterable[T], hash_of: Callable[[T], int], *, are_computed: bool = False) -> list[T]:
    """Items in the order of a `java.util.HashMap` into which they came one by one.

    Args:
        are_computed: whether by `computeIfAbsent`, which puts the newest first into its bucket, and makes room later.
    """
    ordered = list(items)
    buckets = 16
    while len(ordered) - are_computed > buckets * 3 // 4:
        buckets *= 2
    if are_computed:
        ordered.reverse()
    return sorted(ordered, key=lambda item: _spread(hash_of(item)) & (buckets - 1))


def scala_map_order(items: Iterable[T], hash_of: Callable[[T], int]) -> list[T]:
    """Items in the order of a `scala.collection.mutable.HashMap`: by bucket, and in it by hash, which is signed."""
    ordered = list(items)
    buckets = 16
    while len(ordered) >= buckets * 3 // 4:
        buckets *= 2

    def place(item: T) -> tuple[int, int]:
        spread = _spread(hash_of(item))
        return spread & (buckets - 1), spread - (spread >> 31 << 32)

    return sorted(ordered, key=place)


def scala_trie_order(items: Iterable[T], hash_of: Callable[[T], int]) -> list[T]:
    """Items in the order of a `scala.collection.immutable.HashMap`: those of a node, then those below it."""
    return _walk([(_improve(hash_of(item)), item) for item in items], 0)


def _walk(entries: list[tuple[int, T]], shift: int) -> list[T]:
    if len(entries) < 2 or shift > 31:
        return [item for _, item in entries]
    places: dict[int, list[tuple[int, T]]] = {}
    for entry in entries:
        places.setdefault(entry[0] >> shift & 31, []).append(entry)
    here = [group[0][1] for _, group in sorted(places.items()) if len(group) == 1]
    below = [_walk(group, shift + 5) for _, group in sorted(places.items()) if len(group) > 1]
    return here + [item for group in below for item in group]


def _spread(value: int) -> int:
    value &= _MASK
    return value ^ value >> 16


def _improve(value: int) -> int:
    """`scala.collection.Hashing.improve`."""
    value = (value + ~(value << 9)) & _MASK
    value ^= value >> 14
    value = (value + (value << 4)) & _MASK
    return value ^ value >> 10
