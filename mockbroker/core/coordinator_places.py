"""Which broker coordinates what: the leader of a partition of an internal topic (`KafkaApis.getCoordinator`)."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from protocol_specs.errors import ErrorCode, KafkaError

if TYPE_CHECKING:
    from mockbroker.core.cluster import Cluster
    from mockbroker.core.nodes import Node

__all__ = ["coordinator_at"]


def coordinator_at(cluster: Cluster, topic_name: str, index: Callable[[], int], asked: Node | None) -> int:
    """Id of the broker that leads a partition of an internal topic. Makes the topic if need be.

    Args:
        index: of the partition, once there is the topic.
        asked: the broker that is asked, which may be cut off: then it answers from what it knew.

    Raises:
        KafkaError: COORDINATOR_NOT_AVAILABLE while nobody can.
    """
    image = None if asked is None else asked.image
    topic = (image or cluster).topics.get(topic_name)
    if topic is None and image is None:
        try:
            topic = cluster.auto_create_topic(topic_name)
        except KafkaError:
            raise KafkaError(ErrorCode.COORDINATOR_NOT_AVAILABLE) from None
    if topic is None:
        # To have it created, the broker would have to reach the controller.
        raise KafkaError(ErrorCode.COORDINATOR_NOT_AVAILABLE)
    partition = topic.partitions[index()]
    leader = partition.leader if asked is None else partition.known_to(asked).leader
    node = cluster.nodes.get(leader)
    if node is None or (node.is_fenced if image is None else leader not in image.live):
        raise KafkaError(ErrorCode.COORDINATOR_NOT_AVAILABLE)
    return leader
