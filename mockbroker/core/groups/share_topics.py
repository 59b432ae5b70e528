"""The partitions of which a share group has state at the share coordinator, or is to have, or had.

Source: `ShareGroupStatePartitionMetadataInfo`, `GroupMetadataManager`: subscribedTopicsChangeMap,
addInitializingTopicsRecords, initializeShareGroupState, uninitializeShareGroupState, maybeCleanupShareGroupState.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Set
from typing import TYPE_CHECKING, Final, NamedTuple

if TYPE_CHECKING:
    from mockbroker.core.cluster import Cluster

__all__ = ["NO_TOPICS", "Partitions", "ShareTopic", "ShareTopics", "named", "to_initialize", "topic_name"]

#: Partitions by topic id.
Partitions = Mapping[bytes, Set[int]]

_UNKNOWN: Final = "<UNKNOWN>"


class ShareTopic(NamedTuple):
    """Some partitions of a topic, and when that was noted, in ms."""

    name: str
    partitions: frozenset[int]
    timestamp_ms: int


_Topics = Mapping[bytes, ShareTopic]
_NONE: Final[_Topics] = {}


class ShareTopics(NamedTuple):
    """What a group's record says of them.

    Attributes:
        initializing: the share coordinator was asked to make their state ready.
        initialized: it has.
        deleting: ids of topics of which it was asked to delete the state.
    """

    initializing: _Topics = _NONE
    initialized: _Topics = _NONE
    deleting: frozenset[bytes] = frozenset()

    @property
    def assignable(self) -> dict[bytes, frozenset[int]]:
        """The partitions that may be assigned."""
        return {topic_id: topic.partitions for topic_id, topic in self.initialized.items()}

    def initialize(self, topics: _Topics) -> ShareTopics:
        """With some more that are to be made ready; none of them is to be deleted any more."""
        initializing = _joined(self.initializing, topics)
        return self._replace(initializing=initializing, deleting=self.deleting - initializing.keys())

    def initialized_with(self, topics: _Topics) -> ShareTopics:
        """With some more that are ready."""
        return self._replace(
            initializing=_without(self.initializing, {id: topic.partitions for id, topic in topics.items()}),
            initialized=_joined(self.initialized, topics),
        )

    def given_up(self, partitions: Partitions) -> ShareTopics:
        """Without some that could not be made ready."""
        return self._replace(initializing=_without(self.initializing, partitions))

    def without_topic(self, topic_id: bytes) -> ShareTopics:
        """Without a topic that was deleted."""
        return ShareTopics(
            {id: topic for id, topic in self.initializing.items() if id != topic_id},
            {id: topic for id, topic in self.initialized.items() if id != topic_id},
            self.deleting - {topic_id},
        )

    def deleting_topics(self, topic_ids: Iterable[bytes]) -> ShareTopics:
        """With topics whose state is to be deleted, and is not ready any more."""
        ids = frozenset(topic_ids)
        initialized = {id: topic for id, topic in self.initialized.items() if id not in ids}
        return self._replace(initialized=initialized, deleting=self.deleting | ids)

    def deleted(self, topic_ids: Iterable[bytes]) -> ShareTopics:
        """Without topics whose state has been deleted."""
        return self._replace(deleting=self.deleting - frozenset(topic_ids))

    @property
    def all(self) -> dict[bytes, ShareTopic]:
        """All of which the share coordinator may have state."""
        return _joined(self.initialized, self.initializing)


NO_TOPICS: Final = ShareTopics()


def to_initialize(
    cluster: Cluster, topics: ShareTopics, names: Iterable[str], retry_ms: int
) -> dict[bytes, ShareTopic]:
    """The partitions of subscribed topics that are to be made ready now.

    Args:
        retry_ms: how old an attempt must be to be repeated.
    """
    now_ms = cluster.clock.now_ms
    recent = {
        id: topic for id, topic in topics.initializing.items() if now_ms - topic.timestamp_ms < retry_ms
    }
    known = _joined(topics.initialized, recent)
    found: dict[bytes, ShareTopic] = {}
    for name in names:
        topic = cluster.topics.get(name)
        if topic is None:
            continue
        had = known[topic.id].partitions if topic.id in known else frozenset()
        if len(had) < len(topic.partitions):
            found[topic.id] = ShareTopic(name, frozenset(range(len(topic.partitions))) - had, now_ms)
    return found


def named(cluster: Cluster, partitions: Partitions) -> dict[bytes, ShareTopic]:
    """Partitions with their topics' names, noted now."""
    return {
        topic_id: ShareTopic(topic_name(cluster, topic_id), frozenset(indexes), cluster.clock.now_ms)
        for topic_id, indexes in partitions.items()
    }


def topic_name(cluster: Cluster, topic_id: bytes) -> str:
    """A topic's name, as the group's record has it where there is no such topic, too."""
    topic = cluster.topics_by_id.get(topic_id)
    return _UNKNOWN if topic is None else topic.name


def _joined(first: _Topics, second: _Topics) -> dict[bytes, ShareTopic]:
    joined = dict(first)
    for topic_id, topic in second.items():
        had = first[topic_id].partitions if topic_id in first else frozenset()
        joined[topic_id] = topic._replace(partitions=had | topic.partitions)
    return joined


def _without(topics: _Topics, partitions: Partitions) -> dict[bytes, ShareTopic]:
    left = dict(topics)
    for topic_id in partitions.keys() & topics.keys():
        rest = topics[topic_id].partitions - partitions[topic_id]
        if rest:
            left[topic_id] = topics[topic_id]._replace(partitions=rest)
        else:
            del left[topic_id]
    return left
