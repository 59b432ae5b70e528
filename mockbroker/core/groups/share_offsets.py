"""Where share groups are in their partitions.

Source: `GroupCoordinatorService`: describeShareGroupOffsets, describeShareGroupAllOffsets, readShareGroupStateSummary.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import partial
from typing import TYPE_CHECKING, Any, Final

from mockbroker.core.groups.share import ShareGroup
from mockbroker.core.groups.share_requests import ShareGroupOffsets, ShareOffset, ShareOffsetsTopic
from mockbroker.core.groups.share_states import Results, ask_each
from mockbroker.core.groups.share_topics import NO_TOPICS
from mockbroker.core.replica import LATEST_TIMESTAMP
from mockbroker.core.waiting import Pending
from protocol_specs.errors import ErrorCode, KafkaError
from protocol_specs.notation import uuid_text

if TYPE_CHECKING:
    from mockbroker.core.cluster import Cluster
    from mockbroker.core.groups.requests import TopicPartitions
    from mockbroker.core.groups.shards import Shards
    from mockbroker.core.share.persister import Persister
    from mockbroker.core.share.state_shard import StateResult

__all__ = ["ShareOffsets", "answer_of", "check_state_request"]

_UNKNOWN: Final = -1


def answer_of(start: Callable[[Callable[[Any], None]], None]) -> Any:
    """What `start` answers, or a Pending of it while it has not answered."""
    pending = Pending()
    start(pending.settle)
    return pending.reply if pending.is_settled else pending


def check_state_request(name: str, group_id: str, partitions: Mapping[bytes, Iterable[int]]) -> None:
    """Refuse to ask the share coordinator what no broker asks it.

    Args:
        name: of the request, as the text has it.

    Raises:
        KafkaError: UNKNOWN_SERVER_ERROR.
    """
    if not group_id:
        raise KafkaError(ErrorCode.UNKNOWN_SERVER_ERROR, f"{name} groupId cannot be null or empty.")
    for topic_id, indexes in partitions.items():
        if not indexes:
            text = f"{name} partitions cannot be null or empty."
            raise KafkaError(ErrorCode.UNKNOWN_SERVER_ERROR, text)
        for index in indexes:
            if index < 0:
                text = f"{name} has invalid partitionId - {group_id} {uuid_text(topic_id)} {index}"
                raise KafkaError(ErrorCode.UNKNOWN_SERVER_ERROR, text)


class ShareOffsets:
    """Tells of the offsets of share groups. Every request names the broker that was asked."""

    __slots__ = ("_cluster", "_persister", "_shards")

    def __init__(self, shards: Shards, cluster: Cluster, persister: Persister) -> None:
        self._shards = shards
        self._cluster = cluster
        self._persister = persister

    def describe(
        self, broker_id: int, group_id: str, topics: Sequence[TopicPartitions] | None
    ) -> ShareGroupOffsets | Pending:
        """DescribeShareGroupOffsets, one group's part of it.

        Args:
            topics: None for all partitions of which the group has state; otherwise nobody asks whether there is
                such a group.
        """
        by_name = self._cluster.topics
        try:
            if topics is None:
                partitions, unknown = self._initialized(broker_id, group_id), []
            else:
                partitions = {
                    by_name[topic.name].id: topic.partitions for topic in topics if topic.name in by_name
                }
                unknown = [_unknown(topic) for topic in topics if topic.name not in by_name]
            if partitions:
                check_state_request("Read share group summary parameters", group_id, partitions)
        except KafkaError as error:
            return ShareGroupOffsets(group_id, (), error.code, error.code.message)

        def start(answer: Callable[[ShareGroupOffsets], None]) -> None:
            def told(results: Results) -> None:
                found = [self._found(topic_id, of_topic) for topic_id, of_topic in results.items()]
                answer(ShareGroupOffsets(group_id, [*found, *unknown]))

            ask_each(group_id, partitions, partial(self._persister.summarize, broker_id), told)

        described: ShareGroupOffsets | Pending = answer_of(start)
        return described

    def _initialized(self, broker_id: int, group_id: str) -> dict[bytes, Sequence[int]]:
        group = self._shards.shard_of(broker_id, group_id).groups.get(group_id)
        topics = group.topics if isinstance(group, ShareGroup) else None
        return {
            topic_id: sorted(topic.partitions)
            for topic_id, topic in (topics or NO_TOPICS).initialized.items()
            if topic_id in self._cluster.topics_by_id
        }

    def _found(self, topic_id: bytes, results: Mapping[int, StateResult]) -> ShareOffsetsTopic:
        topic = self._cluster.topics_by_id.get(topic_id)
        name = "" if topic is None else topic.name
        offsets = [self._offset(name, index, result) for index, result in results.items()]
        return ShareOffsetsTopic(name, topic_id, offsets)

    def _offset(self, topic: str, index: int, result: StateResult) -> ShareOffset:
        state = result.state
        if result.error_code:
            return ShareOffset(index)
        if _UNKNOWN in (state.start_offset, state.delivery_complete_count):
            return ShareOffset(index, state.start_offset, state.leader_epoch)
        try:
            lag = self._end_offset(topic, index) - state.start_offset - state.delivery_complete_count
        except KafkaError as error:
            return ShareOffset(index, 0, error_code=error.code, error_message=error.code.message)
        return ShareOffset(index, state.start_offset, state.leader_epoch, lag)

    def _end_offset(self, topic: str, index: int) -> int:
        partition = self._cluster.partition(topic, index)
        leader = self._cluster.nodes.get(partition.leader)
        if leader is None or leader.is_fenced:
            raise KafkaError(ErrorCode.LEADER_NOT_AVAILABLE)
        return partition.offset_for_time(LATEST_TIMESTAMP, at=leader.id).offset


def _unknown(topic: TopicPartitions) -> ShareOffsetsTopic:
    return ShareOffsetsTopic(topic.name, bytes(16), [ShareOffset(index) for index in topic.partitions])
