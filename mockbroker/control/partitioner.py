"""Which partition a key belongs to, as clients have it.

Kafka: `BuiltInPartitioner.partitionForKey`, `Utils.murmur2`.
"""

from __future__ import annotations

__all__ = ["murmur2", "partition_for"]

_MASK = 0xFFFFFFFF
_FACTOR = 0x5BD1E995


def murmur2(data: bytes) -> int:
    """The 32-bit MurmurHash2 of `data` with Kafka's seed, as an unsigned number."""
    length = len(data)
    whole = length & ~3
    hashed = 0x9747B28C ^ length
    for at in range(0, whole, 4):
        part = int.from_bytes(data[at : at + 4], "little") * _FACTOR & _MASK
        part = (part ^ part >> 24) * _FACTOR & _MASK
        hashed = hashed * _FACTOR & _MASK ^ part
    if length > whole:
        hashed = (hashed ^ int.from_bytes(data[whole:], "little")) * _FACTOR & _MASK
    hashed = (hashed ^ hashed >> 13) * _FACTOR & _MASK
    return hashed ^ hashed >> 15


def partition_for(key: bytes, partitions: int) -> int:
    """The partition of a record with this key in a topic of so many partitions."""
    return (murmur2(key) & 0x7FFFFFFF) % partitions
