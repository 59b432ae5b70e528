"""Setting and deleting the offsets of share groups.

Rules kept here:

- The offsets live at the share coordinator. The group's own record says of which partitions there are any; it is
  written before the share coordinator is asked to change them, and after.
- Only a group without members lets its offsets be changed. Setting those of a group that there is not makes it.
- A group that is to be deleted has the state of all its partitions deleted first.

Source: `GroupCoordinatorService`: alterShareGroupOffsets, deleteShareGroupOffsets, deleteShareGroups;
`GroupMetadataManager`: what they call.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import TYPE_CHECKING

from mockbroker.core.groups.share import ShareGroup, find_share_group, new_share_group
from mockbroker.core.groups.share_offsets import answer_of, check_state_request
from mockbroker.core.groups.share_requests import (
    AlteredOffsets,
    AlteredTopic,
    DeletedShareOffsets,
    DeletedTopic,
    NewShareOffsets,
)
from mockbroker.core.groups.share_states import Results, first_error
from mockbroker.core.groups.share_topics import NO_TOPICS, ShareTopics, named
from protocol_specs.errors import ErrorCode, KafkaError

if TYPE_CHECKING:
    from mockbroker.core.cluster import Cluster
    from mockbroker.core.groups.shard import Shard
    from mockbroker.core.groups.shards import Shards
    from mockbroker.core.share.state_shard import StateResult
    from mockbroker.core.waiting import Pending

__all__ = ["ShareOffsetChanges"]

NONE = ErrorCode.NONE
UNKNOWN = ErrorCode.UNKNOWN_TOPIC_OR_PARTITION

#: Offsets by topic id and partition.
_Offsets = Mapping[bytes, Mapping[int, int]]


class ShareOffsetChanges:
    """Changes the offsets of share groups. Every request names the broker that was asked."""

    __slots__ = ("_cluster", "_shards")

    def __init__(self, shards: Shards, cluster: Cluster) -> None:
        self._shards = shards
        self._cluster = cluster

    # Setting.

    def alter(
        self, broker_id: int, group_id: str, topics: Sequence[NewShareOffsets]
    ) -> AlteredOffsets | Pending:
        """AlterShareGroupOffsets."""
        try:
            if not group_id:
                raise KafkaError(ErrorCode.INVALID_GROUP_ID)
            shard = self._shards.shard_of(broker_id, group_id)
            group = new_share_group(shard, group_id)
            if not group.is_empty:
                raise KafkaError(ErrorCode.NON_EMPTY_GROUP)
            offsets = self._offsets(topics)
            required = shard.written_offset
            if offsets:
                initializing = named(self._cluster, {id: frozenset(part) for id, part in offsets.items()})
                noted = (group.topics or NO_TOPICS).initialize(initializing)
                required = shard.write([shard.shares.states.record(group_id, noted)])
        except KafkaError as error:
            return AlteredOffsets((), error.code, error.message)
        epoch = group.group_epoch
        altered = [self._altered(topic) for topic in topics]

        def start(answer: Callable[[AlteredOffsets], None]) -> None:
            def written(error: ErrorCode) -> None:
                if error:
                    answer(AlteredOffsets((), error, error.message))
                else:
                    _set(shard, group_id, epoch, offsets, altered, answer)

            shard.when_committed(required, written)

        answer: AlteredOffsets | Pending = answer_of(start)
        return answer

    def _offsets(self, topics: Sequence[NewShareOffsets]) -> _Offsets:
        """The offsets of partitions that there are."""
        known = [(self._cluster.topics.get(name), offsets) for name, offsets in topics]
        return {
            topic.id: {index: offset for index, offset in offsets if index < len(topic.partitions)}
            for topic, offsets in known
            if topic is not None
        }

    def _altered(self, topic: NewShareOffsets) -> AlteredTopic:
        known = self._cluster.topics.get(topic.name)
        count = 0 if known is None else len(known.partitions)
        return AlteredTopic(
            topic.name,
            bytes(16) if known is None else known.id,
            [
                (index, NONE, None) if index < count else (index, UNKNOWN, UNKNOWN.message)
                for index, _ in topic.offsets
            ],
        )

    # Deleting.

    def delete(self, broker_id: int, group_id: str, names: Sequence[str]) -> DeletedShareOffsets | Pending:
        """DeleteShareGroupOffsets: those of whole topics."""
        try:
            if not group_id:
                raise KafkaError(ErrorCode.INVALID_GROUP_ID)
            shard = self._shards.shard_of(broker_id, group_id)
            group = find_share_group(shard, group_id)
            if not group.is_empty:
                raise KafkaError(ErrorCode.NON_EMPTY_GROUP)
            if group.topics is None:
                return DeletedShareOffsets()
            partitions, failed = self._to_delete(group.topics, names)
            noted = group.topics.deleting_topics(partitions)
            required = shard.write([shard.shares.states.record(group_id, noted)])
        except KafkaError as error:
            return DeletedShareOffsets((), error.code, error.message)

        def start(answer: Callable[[DeletedShareOffsets], None]) -> None:
            def written(error: ErrorCode) -> None:
                if error:
                    answer(DeletedShareOffsets((), error, error.message))
                elif not partitions:
                    answer(DeletedShareOffsets(failed))
                else:
                    shard.shares.states.delete(
                        group_id,
                        partitions,
                        lambda results: self._deleted(shard, group_id, results, failed, answer),
                    )

            shard.when_committed(required, written)

        answer: DeletedShareOffsets | Pending = answer_of(start)
        return answer

    def _to_delete(
        self, topics: ShareTopics, names: Iterable[str]
    ) -> tuple[dict[bytes, frozenset[int]], list[DeletedTopic]]:
        """The partitions to delete the state of, and the topics that have none."""
        partitions: dict[bytes, frozenset[int]] = {}
        failed: list[DeletedTopic] = []
        for name in names:
            topic = self._cluster.topics.get(name)
            if topic is None:
                failed.append(DeletedTopic(name, error_code=UNKNOWN, error_message=UNKNOWN.message))
            elif topic.id in topics.initialized:
                partitions[topic.id] = topics.initialized[topic.id].partitions
            elif topic.id in topics.deleting:
                partitions[topic.id] = frozenset(range(len(topic.partitions)))
            else:
                text = "There is no offset information to delete."
                failed.append(DeletedTopic(name, error_code=UNKNOWN, error_message=text))
        return partitions, failed

    def _deleted(
        self,
        shard: Shard,
        group_id: str,
        results: Results,
        failed: list[DeletedTopic],
        answer: Callable[[DeletedShareOffsets], None],
    ) -> None:
        topics = [self._deleted_topic(topic_id, of_topic) for topic_id, of_topic in results.items()]
        deleted = [topic for topic in topics if not topic.error_code]
        failed = failed + [topic for topic in topics if topic.error_code]
        if not deleted:
            answer(DeletedShareOffsets(failed))
            return
        ids = [topic.topic_id for topic in deleted]
        required = shard.shares.states.note(group_id, lambda noted: noted.deleted(ids))
        if required is None:
            error = ErrorCode.COORDINATOR_NOT_AVAILABLE if shard.is_current else ErrorCode.NOT_COORDINATOR
            answer(DeletedShareOffsets((), error, error.message))
            return

        def written(error: ErrorCode) -> None:
            if error:
                answer(DeletedShareOffsets((), error, error.message))
            else:
                answer(DeletedShareOffsets([*deleted, *failed]))

        shard.when_committed(required, written)

    def _deleted_topic(self, topic_id: bytes, results: Mapping[int, StateResult]) -> DeletedTopic:
        topic = self._cluster.topics_by_id.get(topic_id)
        error = first_error(results)
        name = "" if topic is None else topic.name
        return DeletedTopic(name, topic_id, error, error.message if error else None)

    # Deleting groups.

    def delete_states(self, shard: Shard, group: ShareGroup, then: Callable[[ErrorCode], None]) -> None:
        """Delete all state of a group without members.

        Args:
            then: called with the first error, or NONE: the group may be deleted.

        Raises:
            KafkaError: nothing could be written.
        """
        if group.topics is None:
            then(NONE)
            return
        topics = self._cluster.topics_by_id
        partitions: dict[bytes, frozenset[int]] = {
            topic_id: topic.partitions for topic_id, topic in group.topics.all.items()
        }
        for topic_id in group.topics.deleting & topics.keys():
            partitions[topic_id] = frozenset(range(len(topics[topic_id].partitions)))
        noted = ShareTopics(deleting=frozenset(partitions))
        required = shard.write([shard.shares.states.record(group.group_id, noted)])

        def written(error: ErrorCode) -> None:
            try:
                if error:
                    raise KafkaError(error)
                if any(partitions.values()):
                    check_state_request("Delete share group parameters", group.group_id, partitions)
            except KafkaError as refusal:
                then(refusal.code)
                return
            shard.shares.states.delete(group.group_id, partitions, deleted)

        def deleted(results: Results) -> None:
            then(next((error for part in results.values() if (error := first_error(part))), NONE))

        shard.when_committed(required, written)


def _set(
    shard: Shard,
    group_id: str,
    epoch: int,
    offsets: _Offsets,
    altered: Sequence[AlteredTopic],
    answer: Callable[[AlteredOffsets], None],
) -> None:
    """Have the share coordinator begin anew at these offsets."""
    asked = {topic_id: of_topic for topic_id, of_topic in offsets.items() if of_topic}
    if not asked:
        answer(AlteredOffsets(altered))
        return
    try:
        check_state_request("Initialize share group parameters", group_id, asked)
    except KafkaError as error:
        answer(AlteredOffsets((), error.code, error.message))
        return

    def done(results: Results) -> None:
        if any(map(first_error, results.values())):
            answer(AlteredOffsets([_with_errors(topic, results) for topic in altered]))
        else:
            shard.shares.states.note_initialized(group_id, results)
            answer(AlteredOffsets(altered))

    shard.shares.states.initialize(group_id, epoch, asked, done)


def _with_errors(topic: AlteredTopic, results: Results) -> AlteredTopic:
    of_topic = results.get(topic.topic_id, {})
    return topic._replace(
        partitions=[
            (index, of_topic[index].error_code, of_topic[index].error_message)
            if index in of_topic and of_topic[index].error_code
            else (index, error, text)
            for index, error, text in topic.partitions
        ]
    )
