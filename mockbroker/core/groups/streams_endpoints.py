"""Telling the members of a streams group where each partition's state can be queried (KIP-535, KIP-1071).

Source: `EndpointToPartitionsManager`.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from typing import TYPE_CHECKING

from mockbroker.core.groups.streams_messages import EndpointPartitions
from protocol_specs.errors import ErrorCode, KafkaError

if TYPE_CHECKING:
    from mockbroker.core.cluster import Cluster
    from mockbroker.core.groups.streams_configure import ConfiguredTopology
    from mockbroker.core.groups.streams_member import StreamsMember

__all__ = ["partitions_by_endpoint"]


def partitions_by_endpoint(
    cluster: Cluster, configured: ConfiguredTopology, members: Iterable[StreamsMember]
) -> list[EndpointPartitions]:
    """For each member with an endpoint, the partitions of the topics that its tasks read.

    Raises:
        KafkaError: UNKNOWN_SERVER_ERROR: the topology does not fit to the topics, and a member has an endpoint. Kafka's
            coordinator trips over that.
    """
    return [
        EndpointPartitions(
            member.user_endpoint,
            _partitions(cluster, configured, member.assigned.active),
            _partitions(cluster, configured, member.assigned.standby),
        )
        for member in members
        if member.user_endpoint is not None
    ]


def _partitions(
    cluster: Cluster, configured: ConfiguredTopology, tasks: Mapping[str, Collection[int]]
) -> list[tuple[str, list[int]]]:
    parts = configured.subtopologies
    if parts is None:
        raise KafkaError(ErrorCode.UNKNOWN_SERVER_ERROR, "No value present")
    result = []
    for id, indexes in tasks.items():
        for name in parts[id].inputs if id in parts else ():
            topic = cluster.topics.get(name)
            if topic is None:
                raise KafkaError(ErrorCode.UNKNOWN_SERVER_ERROR, f"Topic {name} not found in metadata image")
            # As in Kafka: of a topic with fewer partitions than there are tasks, as many as it has.
            result.append((name, sorted(indexes)[: len(topic.partitions)]))
    return result
