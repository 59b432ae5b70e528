"""What a broker that is cut off goes on to believe.

It knows the topics, their partitions and who is alive as all that was when it was last in touch: nothing that was
created since, and everything that was deleted since (`MetadataImage`).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from protocol_specs.errors import ErrorCode, KafkaError

if TYPE_CHECKING:
    from mockbroker.core.elections import PartitionState
    from mockbroker.core.nodes import Node
    from mockbroker.core.replicas import Partition
    from mockbroker.core.topics import Topic

__all__ = ["Image"]


class Image:
    """The cluster at one moment. Its topics are found as those of `Cluster` are.

    Attributes:
        topics: by name.
        nodes: the brokers that were registered.
        live: ids of those that were not fenced.
        states: of the partitions that there were.
    """

    __slots__ = ("live", "nodes", "states", "topics", "topics_by_id")

    def __init__(self, topics: Mapping[str, Topic], nodes: Sequence[Node], live: frozenset[int]) -> None:
        self.topics = dict(topics)
        self.topics_by_id: dict[bytes, Topic] = {topic.id: topic for topic in topics.values()}
        self.nodes = nodes
        self.live = live
        self.states: dict[Partition, PartitionState] = {
            partition: partition.state for topic in topics.values() for partition in topic.partitions
        }

    def partition(self, name: str, index: int) -> Partition:
        """
        Raises:
            KafkaError: UNKNOWN_TOPIC_OR_PARTITION.
        """
        topic = self.topics.get(name)
        if topic is None or not 0 <= index < len(topic.partitions):
            raise KafkaError(ErrorCode.UNKNOWN_TOPIC_OR_PARTITION)
        partition = topic.partitions[index]
        if partition not in self.states:
            raise KafkaError(ErrorCode.UNKNOWN_TOPIC_OR_PARTITION)
        return partition
