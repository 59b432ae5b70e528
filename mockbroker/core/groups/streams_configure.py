"""Fitting a topology to the topics that there are: how many tasks, which internal topics, with how many partitions.

Rules kept here:

- All source topics must exist.
- A repartition topic has the partitions that the topology says, or else as many as the largest topic that its writers
  read; unless it is copartitioned: then with the external topics of its group, or, where there are none, with the
  largest, or with the ones that are fixed.
- A changelog topic has as many partitions as its subtopology has tasks, and that is the number of partitions of the
  largest topic that it reads.
- An internal topic that exists must have just that many partitions; those that do not are to be created.
- What is decided does not depend on the order in which a client lists its subtopologies, but on that of Kafka's maps.

Source: `InternalTopicManager`, `RepartitionTopics`, `CopartitionedTopicsEnforcer`, `ChangelogTopics`.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Final, NamedTuple

from mockbroker.core.groups.streams_messages import Status, StatusCode
from mockbroker.core.groups.streams_tasks import unique
from mockbroker.core.groups.streams_topology import InternalTopic
from mockbroker.core.java_maps import hash_order
from protocol_specs.errors import ErrorCode, KafkaError

if TYPE_CHECKING:
    from mockbroker.core.cluster import Cluster
    from mockbroker.core.groups.streams_topology import Subtopology, TopicInfo, Topology

__all__ = ["ConfiguredSubtopology", "ConfiguredTopology", "configure"]

_NAMED_IN_TEXTS: Final = 3


class ConfiguredSubtopology(NamedTuple):
    """A subtopology with all numbers decided; internal topics by name."""

    tasks: int
    source_topics: tuple[str, ...]
    repartition_sink_topics: tuple[str, ...]
    repartition_source_topics: Mapping[str, InternalTopic]
    changelog_topics: Mapping[str, InternalTopic]

    @property
    def is_stateful(self) -> bool:
        return bool(self.changelog_topics)

    @property
    def inputs(self) -> list[str]:
        """All topics that it reads."""
        return list(dict.fromkeys((*self.source_topics, *self.repartition_source_topics)))


class ConfiguredTopology(NamedTuple):
    """What became of a topology.

    Attributes:
        subtopologies: by id, in order; None where the topics do not allow it.
        missing: internal topics that must be created.
        problem: why no tasks can be assigned; None: they can.
    """

    epoch: int
    subtopologies: Mapping[str, ConfiguredSubtopology] | None = None
    missing: tuple[InternalTopic, ...] = ()
    problem: Status | None = None

    @property
    def is_ready(self) -> bool:
        return self.problem is None


class _ProblemError(Exception):
    """The topics do not allow the topology."""

    def __init__(self, code: StatusCode, detail: str) -> None:
        self.status = Status(code, detail)
        super().__init__(detail)


def configure(cluster: Cluster, topology: Topology) -> ConfiguredTopology:
    """Fit a topology to the topics of a cluster.

    Raises:
        KafkaError: STREAMS_INVALID_TOPOLOGY; UNKNOWN_SERVER_ERROR for what Kafka's coordinator trips over.
    """
    parts = topology.subtopologies
    groups = [group for part in parts.values() for group in _copartition_groups(part)]
    try:
        _check_sources(cluster, topology)
        counts = _Counts(cluster)
        counts.decided.update(_repartition_counts(parts.values(), counts))
        _Copartitioning(parts.values(), counts).enforce(groups)
        counts.decided.update(_changelog_counts(parts.values(), counts))
        configured = {id: _configured(parts[id], counts) for id in sorted(parts)}
        missing = _missing(cluster, topology, configured.values())
    except _ProblemError as problem:
        return ConfiguredTopology(topology.epoch, problem=problem.status)
    if not missing:
        return ConfiguredTopology(topology.epoch, configured)
    detail = f"Internal topics are missing: {_summary([topic.name for topic in missing])}"
    status = Status(StatusCode.MISSING_INTERNAL_TOPICS, detail)
    return ConfiguredTopology(topology.epoch, configured, missing, status)


class _Counts:
    """How many partitions topics have: as they are, or as was decided."""

    def __init__(self, cluster: Cluster) -> None:
        self._topics = cluster.topics
        self.decided: dict[str, int] = {}

    def get(self, name: str) -> int | None:
        topic = self._topics.get(name)
        return self.decided.get(name) if topic is None else len(topic.partitions)

    def __getitem__(self, name: str) -> int:
        count = self.get(name)
        if count is None:
            raise _trip(f"Number of partitions is not set for topic: {name}")
        return count


def _check_sources(cluster: Cluster, topology: Topology) -> None:
    sources = {name for part in topology.subtopologies.values() for name in part.source_topics}
    missing = sorted(name for name in sources if name not in cluster.topics)
    if missing:
        detail = f"Source topics {_summary(missing)} are missing."
        raise _ProblemError(StatusCode.MISSING_SOURCE_TOPICS, detail)


def _copartition_groups(part: Subtopology) -> list[list[str]]:
    repartition = [topic.name for topic in part.repartition_source_topics]
    return [
        hash_order(
            dict.fromkeys(
                (
                    *_named(part.source_topics, group.source_topics),
                    *_named(repartition, group.repartition_source_topics),
                )
            )
        )
        for group in part.copartition_groups
    ]


def _named(names: Sequence[str], indexes: Iterable[int]) -> list[str]:
    if any(not 0 <= index < len(names) for index in indexes):
        raise _trip("Index out of bounds for a copartition group")
    return [names[index] for index in indexes]


# Repartition topics.


def _repartition_counts(parts: Collection[Subtopology], counts: _Counts) -> dict[str, int]:
    decided = {
        topic.name: topic.partitions
        for part in parts
        for topic in part.repartition_source_topics
        if topic.partitions
    }
    while True:
        before = len(decided)
        is_short = False
        for part in parts:
            for sink in part.repartition_sink_topics:
                if sink in decided:
                    continue
                count = _largest_input(part, decided, counts)
                if count is None:
                    is_short = True
                else:
                    decided[sink] = count
        if not is_short:
            break
        if len(decided) == before:
            text = "Failed to compute number of partitions for all repartition topics. "
            raise _invalid(f"{text}There may be loops in the topology that cannot be resolved.")
    if any(topic.name not in decided for part in parts for topic in part.repartition_source_topics):
        text = "Failed to compute number of partitions for all repartition topics, because "
        raise _invalid(f"{text}a repartition source topic is never used as a sink topic.")
    return decided


def _largest_input(part: Subtopology, decided: Mapping[str, int], counts: _Counts) -> int | None:
    """As far as it is known by now."""
    found = [decided.get(topic.name) for topic in part.repartition_source_topics]
    found += [counts.get(name) for name in part.source_topics]
    return max((count for count in found if count is not None), default=None)


class _Copartitioning:
    """Gives the repartition topics of copartition groups as many partitions as one another."""

    def __init__(self, parts: Iterable[Subtopology], counts: _Counts) -> None:
        self._counts = counts
        topics = [topic for part in parts for topic in part.repartition_source_topics]
        self._fixed = {topic.name for topic in topics if topic.partitions}
        self._flexible = {topic.name for topic in topics if not topic.partitions}

    def enforce(self, groups: Iterable[list[str]]) -> None:
        for group in groups:
            if group:
                self._counts.decided.update(self._enforce(group))

    def _enforce(self, group: list[str]) -> dict[str, int]:
        counts = self._counts
        repartitioned = {
            name: counts[name] for name in group if name in self._fixed or name in self._flexible
        }
        external = {name: counts[name] for name in group if name not in repartitioned}
        if external:
            count = _same(external, external.values())
        elif self._fixed:
            # Kafka compares all topics of the topology that are fixed, also those that are not in this group.
            count = _same(repartitioned, [counts[name] for name in self._fixed])
        else:
            count = max(repartitioned.values())
        for name, present in repartitioned.items():
            if name in self._fixed and present != count:
                text = f"Number of partitions [{present}] of repartition topic [{name}] "
                text += f"doesn't match number of partitions [{count}] of the source topic."
                raise _ProblemError(StatusCode.INCORRECTLY_PARTITIONED_TOPICS, text)
        return dict.fromkeys(repartitioned, count)


def _same(shown: Mapping[str, int], counts: Iterable[int]) -> int:
    count, *others = counts
    if any(other != count for other in others):
        listed = ", ".join(f"{name}={shown[name]}" for name in sorted(shown))
        text = f"Following topics do not have the same number of partitions: [{{{listed}}}]"
        raise _ProblemError(StatusCode.INCORRECTLY_PARTITIONED_TOPICS, text)
    return count


# Changelog topics, and all in all.


def _changelog_counts(parts: Iterable[Subtopology], counts: _Counts) -> dict[str, int]:
    decided: dict[str, int] = {}
    for part in parts:
        if not part.inputs:
            raise _invalid(f"No source topics found for subtopology {part.subtopology_id}")
        largest = max(counts[name] for name in part.inputs)
        decided.update((topic.name, largest) for topic in part.changelog_topics)
    return decided


def _configured(part: Subtopology, counts: _Counts) -> ConfiguredSubtopology:
    tasks = max(counts[name] for name in part.inputs)
    if tasks <= 0:
        raise _trip("Number of tasks must be positive")
    return ConfiguredSubtopology(
        tasks,
        tuple(dict.fromkeys(part.source_topics)),
        tuple(dict.fromkeys(part.repartition_sink_topics)),
        _internal(part.repartition_source_topics, counts),
        _internal(part.changelog_topics, counts),
    )


def _internal(topics: Iterable[TopicInfo], counts: _Counts) -> dict[str, InternalTopic]:
    result = []
    for name, partitions, replication_factor, configs in topics:
        count = partitions or counts.decided[name]
        if count < 1:
            raise _trip("Number of partitions must be at least 1.")
        result.append((name, InternalTopic(name, count, replication_factor, unique(configs))))
    return unique(result)


def _missing(
    cluster: Cluster, topology: Topology, parts: Iterable[ConfiguredSubtopology]
) -> tuple[InternalTopic, ...]:
    internal: dict[str, InternalTopic] = {}
    for part in parts:
        internal.update(part.repartition_source_topics)
        internal.update(part.changelog_topics)
    ordered = hash_order(internal)
    for name in topology.required_topics:
        topic = cluster.topics.get(name)
        expected = internal.pop(name, None) if topic is not None else None
        if topic is not None and expected is not None and len(topic.partitions) != expected.partitions:
            text = f"Existing topic {name} has different number of partitions: "
            text += f"expected {expected.partitions}, found {len(topic.partitions)}"
            raise _ProblemError(StatusCode.INCORRECTLY_PARTITIONED_TOPICS, text)
    return tuple(internal[name] for name in ordered if name in internal)


def _summary(names: list[str]) -> str:
    more = len(names) - _NAMED_IN_TEXTS
    shown = ", ".join(names[:_NAMED_IN_TEXTS])
    return f"{shown} and {more} additional topics" if more > 0 else shown


def _invalid(text: str) -> KafkaError:
    return KafkaError(ErrorCode.STREAMS_INVALID_TOPOLOGY, text)


def _trip(text: str) -> KafkaError:
    return KafkaError(ErrorCode.UNKNOWN_SERVER_ERROR, text)
