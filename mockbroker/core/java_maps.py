"""The order in which hash maps of Java and Scala are walked, where an answer lists what was in one."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from functools import partial
from itertools import chain
from typing import Generic, TypeVar

from mockbroker.core.java_strings import string_hash

__all__ = [
    "MOST_AS_THEY_CAME",
    "bucket_order",
    "concurrent_map_order",
    "grouped_by_topic",
    "hash_order",
    "long_hash",
    "persistent_map_order",
    "scala_immutable_order",
    "scala_map_order",
    "scala_trie_order",
    "timeline_map_order",
    "topic_partition_hash",
    "uuid_hash",
]

T = TypeVar("T")
#: A topic's name and the index of a partition.
TopicPartition = tuple[str, int]
_MASK = 0xFFFFFFFF
_MASK_64 = 2**64 - 1
#: What a `BaseHashTable` multiplies hashes by.
_FIBONACCI = -7046029254386353131
#: So many items a `scala.collection.immutable.Map` or `Set` keeps as they came.
MOST_AS_THEY_CAME = 4


def long_hash(value: int) -> int:
    """`Long.hashCode()`, as an unsigned 32 bit number."""
    return (value ^ (value & _MASK_64) >> 32) & _MASK


def topic_partition_hash(topic: str, partition: int) -> int:
    """`TopicPartition.hashCode()`, as an unsigned 32 bit number."""
    return (31 * (31 + partition) + string_hash(topic)) & _MASK


def uuid_hash(uuid: bytes) -> int:
    """`Uuid.hashCode()`, as an unsigned 32 bit number."""
    value = int.from_bytes(uuid[:8], "big") ^ int.from_bytes(uuid[8:], "big")
    return (value >> 32) ^ (value & _MASK)


def bucket_order(text: str, buckets: int = 16) -> int:
    """Where `text` comes when a `java.util.HashMap` of so many buckets is walked; decides ties between map keys."""
    return _spread(string_hash(text)) & (buckets - 1)


def hash_order(
    keys: Iterable[T],
    hash_of: Callable[[T], int] = string_hash,
    *,
    capacity: int = 16,
    are_computed: bool = False,
) -> list[T]:
    """Keys in the order of a `java.util.HashMap` or `HashSet` into which they came one by one.

    Args:
        hash_of: the keys' `hashCode()`.
        capacity: what it was made with.
        are_computed: whether by `computeIfAbsent`, which puts the newest first into its bucket, and makes room later.
    """
    ordered = list(keys)
    buckets = 1
    while buckets < capacity or len(ordered) - are_computed > buckets * 3 // 4:
        buckets *= 2
    if are_computed:
        ordered.reverse()
    return sorted(ordered, key=lambda key: _spread(hash_of(key)) & (buckets - 1))


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


def scala_immutable_order(items: Iterable[T], hash_of: Callable[[T], int]) -> list[T]:
    """Items in the order of a `scala.collection.immutable.Map` or `Set` that was built of them."""
    ordered = list(items)
    return ordered if len(ordered) <= MOST_AS_THEY_CAME else scala_trie_order(ordered, hash_of)


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


def grouped_by_topic(
    partitions: Iterable[TopicPartition], *, is_immutable: bool = False
) -> list[tuple[str, list[int]]]:
    """What `groupBy(_.topic)` makes of a Scala map by partition: each topic with its partitions."""
    order = scala_immutable_order if is_immutable else scala_map_order
    topics: dict[str, list[int]] = {}
    for name, index in order(partitions, lambda key: topic_partition_hash(*key)):
        topics.setdefault(name, []).append(index)
    return [
        (name, order(topics[name], partial(topic_partition_hash, name)))
        for name in (scala_trie_order(topics, string_hash) if len(topics) > 1 else topics)
    ]


def timeline_map_order(items: Iterable[T], hash_of: Callable[[T], int]) -> list[T]:
    """Items in the order of a `TimelineHashMap` that was made for none of them; hashes are signed."""
    ordered = list(items)
    bits = 1
    while len(ordered) * 3 > 4 << bits:
        bits += 1
    # Of one slot the newest comes first.
    ordered.reverse()
    return sorted(ordered, key=lambda item: (hash_of(item) * _FIBONACCI & _MASK_64) >> 64 - bits)


def persistent_map_order(items: Iterable[T], hash_of: Callable[[T], int]) -> list[T]:
    """Items in the order of an `org.pcollections.HashTreePMap`, as images have: by hash, which is signed."""
    ordered = list(items)
    ordered.reverse()
    return sorted(ordered, key=hash_of)


def concurrent_map_order(items: Iterable[T], hash_of: Callable[[T], int], *added: Iterable[T]) -> list[T]:
    """Items in the order of a `java.util.concurrent.ConcurrentHashMap` into which they came one by one.

    Args:
        added: further maps of this kind, that were then put into it one after the other.
    """
    table = _ConcurrentTable(hash_of)
    for item in items:
        table.put(item)
    for more in added:
        ordered = concurrent_map_order(more, hash_of)
        table.presize(len(ordered))
        for item in ordered:
            table.put(item)
    return list(chain.from_iterable(table.buckets))


class _ConcurrentTable(Generic[T]):
    """The buckets of a `ConcurrentHashMap` that never holds so many that one becomes a tree."""

    def __init__(self, hash_of: Callable[[T], int]) -> None:
        self._hash_of = hash_of
        self._count = 0
        self.buckets: list[list[T]] = [[] for _ in range(16)]

    def put(self, item: T) -> None:
        """Add an item, unless it is there, and make room."""
        bucket = self.buckets[self._place(item) & len(self.buckets) - 1]
        if item not in bucket:
            bucket.append(item)
            self._count += 1
            while self._count >= len(self.buckets) * 3 // 4:
                self._grow()

    def presize(self, count: int) -> None:
        """Make room for so many (`tryPresize`)."""
        wanted = 1
        while wanted < count + count // 2 + 1:
            wanted *= 2
        while wanted > len(self.buckets) * 3 // 4:
            self._grow()

    def _grow(self) -> None:
        halves = [self._split(bucket, len(self.buckets)) for bucket in self.buckets]
        self.buckets = [low for low, _ in halves] + [high for _, high in halves]

    def _split(self, bucket: list[T], bit: int) -> tuple[list[T], list[T]]:
        """What stays, and what goes up: the last ones of a kind as they are, and before them the others backwards."""
        goes_up = [self._place(item) & bit for item in bucket]
        kept = len(bucket)
        while kept and goes_up[kept - 1] == goes_up[-1]:
            kept -= 1
        halves: tuple[list[T], list[T]] = [], []
        for at in [*reversed(range(kept)), *range(kept, len(bucket))]:
            halves[bool(goes_up[at])].append(bucket[at])
        return halves

    def _place(self, item: T) -> int:
        return _spread(self._hash_of(item))


def _spread(value: int) -> int:
    value &= _MASK
    return value ^ value >> 16


def _improve(value: int) -> int:
    """`scala.collection.Hashing.improve`."""
    value = (value + ~(value << 9)) & _MASK
    value ^= value >> 14
    value = (value + (value << 4)) & _MASK
    return value ^ value >> 10
