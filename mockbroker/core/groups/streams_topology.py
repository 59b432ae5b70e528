"""The topology of a streams application, as its members tell it.

    subtopology          a part that works by itself; it has a task for each partition of its source topics
    source topics        what it reads, of other applications
    repartition topics   what one subtopology writes (sink) and another one reads (source): internal to the application
    changelog topics     what its state stores are kept in: internal, too
    copartition groups   source topics that must have as many partitions as one another, by their indexes

Source: `StreamsTopology`.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, NamedTuple

from mockbroker.core.groups.streams_tasks import unique
from mockbroker.core.java_maps import hash_order
from protocol_specs.errors import ErrorCode, KafkaError

__all__ = ["CopartitionGroup", "InternalTopic", "Subtopology", "TopicInfo", "Topology", "subtopologies_of"]


class TopicInfo(NamedTuple):
    """An internal topic; 0 partitions, or replicas, are to be decided by the broker."""

    name: str
    partitions: int = 0
    replication_factor: int = 0
    configs: tuple[tuple[str, str], ...] = ()


class InternalTopic(NamedTuple):
    """An internal topic as it must be.

    Attributes:
        replication_factor: 0 for the brokers' default.
    """

    name: str
    partitions: int
    replication_factor: int
    configs: Mapping[str, str]


class CopartitionGroup(NamedTuple):
    """Indexes into the lists of the subtopology that it is part of."""

    source_topics: tuple[int, ...] = ()
    source_topic_regex: tuple[int, ...] = ()
    repartition_source_topics: tuple[int, ...] = ()


class Subtopology(NamedTuple):
    """One subtopology."""

    subtopology_id: str
    source_topics: tuple[str, ...] = ()
    source_topic_regex: tuple[str, ...] = ()
    changelog_topics: tuple[TopicInfo, ...] = ()
    repartition_sink_topics: tuple[str, ...] = ()
    repartition_source_topics: tuple[TopicInfo, ...] = ()
    copartition_groups: tuple[CopartitionGroup, ...] = ()

    @property
    def inputs(self) -> list[str]:
        """All topics that it reads."""
        return [*self.source_topics, *(topic.name for topic in self.repartition_source_topics)]


class Topology:
    """A topology; never changed.

    Args:
        subtopologies: in any order.

    Attributes:
        subtopologies: by id, in the order of Kafka's hash map.
        readers: id of the subtopology that reads a topic.
        required_topics: all topics that must exist, in the order of Kafka's hash set.

    Raises:
        KafkaError: UNKNOWN_SERVER_ERROR: two have the same id, or the epoch is negative; Kafka trips over it.
    """

    __slots__ = ("epoch", "readers", "required_topics", "subtopologies")

    def __init__(self, epoch: int, subtopologies: Iterable[Subtopology]) -> None:
        if epoch < 0:
            raise KafkaError(ErrorCode.UNKNOWN_SERVER_ERROR, "Topology epoch must be non-negative.")
        by_id = unique((subtopology.subtopology_id, subtopology) for subtopology in subtopologies)
        self.epoch = epoch
        self.subtopologies = {id: by_id[id] for id in hash_order(by_id)}
        self.readers = {name: id for id, part in self.subtopologies.items() for name in part.inputs}
        required = (
            name
            for part in self.subtopologies.values()
            for name in (*part.inputs, *(topic.name for topic in part.changelog_topics))
        )
        self.required_topics = hash_order(dict.fromkeys(required))

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Topology):
            return NotImplemented
        return self.epoch == other.epoch and self.subtopologies == other.subtopologies

    def __repr__(self) -> str:
        return f"<Topology {self.epoch}: {', '.join(self.subtopologies)}>"


def subtopologies_of(message: Any) -> list[Subtopology]:
    """The subtopologies of a topology, in a request or a record."""
    return [
        Subtopology(
            part.subtopology_id,
            tuple(part.source_topics),
            tuple(part.source_topic_regex),
            _topics(part.state_changelog_topics),
            tuple(part.repartition_sink_topics),
            _topics(part.repartition_source_topics),
            tuple(
                CopartitionGroup(
                    tuple(group.source_topics),
                    tuple(group.source_topic_regex),
                    tuple(group.repartition_source_topics),
                )
                for group in part.copartition_groups
            ),
        )
        for part in message.subtopologies
    ]


def _topics(topics: Iterable[Any]) -> tuple[TopicInfo, ...]:
    return tuple(
        TopicInfo(
            topic.name,
            topic.partitions,
            topic.replication_factor,
            tuple((config.key, config.value) for config in topic.topic_configs),
        )
        for topic in topics
    )
