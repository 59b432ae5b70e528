"""The hash by which a group's coordinator sees that its topics have changed.

Source: `Utils.computeTopicHash`, `Utils.computeGroupHash` (kafka-group-coordinator, KIP-1101).
"""

from __future__ import annotations

import struct
from collections.abc import Iterable
from typing import TYPE_CHECKING, Final

from mockbroker.core.xxh3 import xxh3_64

if TYPE_CHECKING:
    from mockbroker.core.cluster import Cluster
    from mockbroker.core.topics import Topic

__all__ = ["TopicHashes"]

_MAGIC: Final = b"\0"
_INT: Final = struct.Struct("<i")
_LONG: Final = struct.Struct("<q")


class TopicHashes:
    """The hashes of a cluster's topics: of the id, the name, and the racks of each partition's replicas."""

    def __init__(self, cluster: Cluster) -> None:
        self._cluster = cluster
        #: the topic, its version, its number of partitions, and its hash; by name.
        self._known: dict[str, tuple[Topic, int, int, int]] = {}

    def of(self, names: Iterable[str]) -> int:
        """The hash of these topics, those that exist; 0 for none."""
        topics = self._cluster.topics
        hashes = [self._hash(topics[name]) for name in sorted(names) if name in topics]
        return xxh3_64(b"".join(map(_LONG.pack, hashes))) if hashes else 0

    def _hash(self, topic: Topic) -> int:
        known = self._known.get(topic.name)
        size = len(topic.partitions)
        if known is not None and known[:3] == (topic, topic.version, size):
            return known[3]
        value = xxh3_64(b"".join(self._parts(topic)))
        self._known[topic.name] = topic, topic.version, size, value
        return value

    def _parts(self, topic: Topic) -> Iterable[bytes]:
        nodes = self._cluster.nodes
        # Java's two longs, each with its lowest byte first.
        yield _MAGIC + topic.id[7::-1] + topic.id[:7:-1] + _string(topic.name)
        yield _INT.pack(len(topic.partitions))
        for partition in topic.partitions:
            yield _INT.pack(partition.index)
            racks = (node.rack for id in partition.replicas if (node := nodes.get(id)) is not None)
            for rack in sorted(rack for rack in racks if rack):
                yield _INT.pack(len(rack)) + _string(rack)


def _string(text: str) -> bytes:
    units = text.encode("utf-16-le", "surrogatepass")
    return units + _INT.pack(len(units) // 2)
