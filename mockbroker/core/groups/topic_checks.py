"""Which topics and partitions a request about offsets may name: checked before the coordinator is asked.

Refused partitions come first in an answer, in the order in which they were asked for; the others follow, added to their
topic where it is there already.

Source: `KafkaApis`: handleOffsetCommitRequest, handleTxnOffsetCommitRequest, handleOffsetDeleteRequest,
handleOffsetFetchRequest; the builders of `OffsetCommitResponse` and `OffsetDeleteResponse`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import TYPE_CHECKING

from mockbroker.core.groups.requests import CommitTopic, FetchGroup, TopicPartitions
from mockbroker.core.groups.results import FetchedGroup, FetchedOffset, FetchedTopic, TopicErrors
from protocol_specs.errors import ErrorCode

if TYPE_CHECKING:
    from mockbroker.core.cluster import Cluster

__all__ = [
    "AllowsTopic",
    "allow_all",
    "check_commit_topics",
    "check_deleted_topics",
    "check_fetched_topics",
    "fill_topic_ids",
    "merge",
]

ZERO_UUID = bytes(16)
#: Whether a client may do what it asks for with a topic.
AllowsTopic = Callable[[str], bool]
#: Refused partitions, by the topic's name and id.
_Refused = dict[tuple[str, bytes], TopicErrors]


def allow_all(topic: str) -> bool:
    """Every topic is allowed."""
    return True


def _refuse(refused: _Refused, name: str, topic_id: bytes, indexes: Iterable[int], error: ErrorCode) -> None:
    topic = refused.setdefault((name, topic_id), TopicErrors(name, topic_id, []))
    topic.partitions.extend((index, error) for index in indexes)


def check_commit_topics(
    cluster: Cluster, topics: Sequence[CommitTopic], allows: AllowsTopic, *, by_id: bool
) -> tuple[list[CommitTopic], list[TopicErrors]]:
    """Those topics and partitions of a commit that exist and are allowed, and the refused ones.

    Args:
        by_id: whether topics are told by id (OffsetCommit from v10 on); the answer then names them by id, too.
    """
    refused: _Refused = {}
    accepted = []
    for name, partitions, topic_id in topics:
        topic = cluster.topics_by_id.get(topic_id) if by_id else cluster.topics.get(name)
        if topic is not None and allows(topic.name):
            count = len(topic.partitions)
            known = [partition for partition in partitions if 0 <= partition[0] < count]
            if known:
                accepted.append(CommitTopic(topic.name, known, topic.id))
            if len(known) < len(partitions):
                unknown = [index for index, *_ in partitions if not 0 <= index < count]
                _refuse(refused, topic.name, topic.id, unknown, ErrorCode.UNKNOWN_TOPIC_OR_PARTITION)
            continue
        if topic is not None:
            name, topic_id, error = topic.name, topic.id, ErrorCode.TOPIC_AUTHORIZATION_FAILED
        elif by_id:
            error = ErrorCode.UNKNOWN_TOPIC_ID
        elif allows(name):
            error = ErrorCode.UNKNOWN_TOPIC_OR_PARTITION
        else:
            error = ErrorCode.TOPIC_AUTHORIZATION_FAILED
        _refuse(refused, name, topic_id, [index for index, *_ in partitions], error)
    return accepted, list(refused.values())


def check_deleted_topics(
    cluster: Cluster, topics: Sequence[TopicPartitions], allows: AllowsTopic
) -> tuple[list[TopicPartitions], list[TopicErrors]]:
    """The same for an OffsetDelete."""
    refused: _Refused = {}
    accepted = []
    for name, indexes, topic_id in topics:
        topic = cluster.topics.get(name)
        if not allows(name):
            _refuse(refused, name, topic_id, indexes, ErrorCode.TOPIC_AUTHORIZATION_FAILED)
            continue
        count = 0 if topic is None else len(topic.partitions)
        known = [index for index in indexes if 0 <= index < count]
        if known:
            accepted.append(TopicPartitions(name, known, topic_id))
        if topic is None or len(known) < len(indexes):
            unknown = [index for index in indexes if not 0 <= index < count]
            _refuse(refused, name, topic_id, unknown, ErrorCode.UNKNOWN_TOPIC_OR_PARTITION)
    return accepted, list(refused.values())


def check_fetched_topics(
    cluster: Cluster, request: FetchGroup, allows: AllowsTopic, *, by_id: bool
) -> tuple[FetchGroup, list[FetchedTopic]]:
    """What of an OffsetFetch may be read, and the refused topics. Topics that do not exist may still have offsets.

    Args:
        by_id: whether topics are told by id (v10).
    """
    if request.topics is None:
        return request, []
    refused = []
    accepted = []
    for name, indexes, topic_id in request.topics:
        if by_id:
            topic = cluster.topics_by_id.get(topic_id)
            name = "" if topic is None else topic.name
        if by_id and not name:
            error = ErrorCode.UNKNOWN_TOPIC_ID
        elif not allows(name):
            error = ErrorCode.TOPIC_AUTHORIZATION_FAILED
        else:
            accepted.append(TopicPartitions(name, indexes, topic_id))
            continue
        refused.append(
            FetchedTopic(name, topic_id, [FetchedOffset(index, error_code=error) for index in indexes])
        )
    return request._replace(topics=accepted), refused


def fill_topic_ids(
    cluster: Cluster, fetched: FetchedGroup, allows: AllowsTopic, *, by_id: bool
) -> FetchedGroup:
    """All offsets of a group, as a client may see them: by id, only those of topics that exist."""
    topics = []
    for topic in fetched.topics:
        if not allows(topic.name):
            continue
        if by_id:
            present = cluster.topics.get(topic.name)
            if present is None:
                continue
            topic = topic._replace(topic_id=present.id)
        topics.append(topic)
    return fetched._replace(topics=topics)


def merge(refused: list[TopicErrors], answered: Sequence[TopicErrors]) -> list[TopicErrors]:
    """One answer of both."""
    if not refused:
        return list(answered)
    by_name = {(topic.name, topic.topic_id): topic for topic in refused}
    merged = list(refused)
    for topic in answered:
        known = by_name.get((topic.name, topic.topic_id))
        if known is None:
            merged.append(topic)
            by_name[topic.name, topic.topic_id] = topic
        else:
            known.partitions.extend(topic.partitions)
    return merged
