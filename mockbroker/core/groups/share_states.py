"""The state of a share group's partitions at the share coordinator: made ready, and deleted.

Rules kept here:

- What is to be made ready is written down first, then asked for, then written down as ready, or not any more as to be
  made ready where that failed. It is asked for again after `group.share.initialize.retry.interval.ms`.
- The state epoch of a partition is the group epoch in which that was begun.

Source: `GroupCoordinatorService`: persisterInitialize, handlePersisterInitializeResponse, uninitializeShareGroupState.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from functools import partial
from typing import TYPE_CHECKING

from mockbroker.core.groups import share_records as records
from mockbroker.core.groups.share import ShareGroup
from mockbroker.core.groups.share_topics import NO_TOPICS, Partitions, ShareTopics, named, topic_name
from mockbroker.core.share.keys import SharePartitionKey
from protocol_specs.errors import ErrorCode, KafkaError

if TYPE_CHECKING:
    from mockbroker.core.groups.records import LogRecord
    from mockbroker.core.groups.shard_tables import ShardTables
    from mockbroker.core.share.persister import Then
    from mockbroker.core.share.state_shard import StateResult

__all__ = ["Results", "ShareStateKeeper", "ask_each", "first_error"]

#: What the share coordinator said of each partition, by topic id.
Results = dict[bytes, dict[int, "StateResult"]]


class ShareStateKeeper:
    """Asks the share coordinator on behalf of the groups of one shard."""

    __slots__ = ("_cluster", "_persister", "_shard")

    def __init__(self, shard: ShardTables) -> None:
        self._shard = shard
        self._cluster = shard.around.cluster
        self._persister = shard.around.persister

    def record(self, group_id: str, topics: ShareTopics) -> LogRecord:
        """The record that says of which partitions a group has state."""
        return records.state_partitions(group_id, topics, lambda id: topic_name(self._cluster, id))

    # Making ready.

    def begin(self, group_id: str, state_epoch: int, partitions: Partitions) -> None:
        """Make the state of partitions ready, from wherever the group is to begin."""
        offsets = {id: dict.fromkeys(sorted(indexes), -1) for id, indexes in partitions.items()}
        self.initialize(group_id, state_epoch, offsets, lambda results: self._initialized(group_id, results))

    def initialize(
        self,
        group_id: str,
        state_epoch: int,
        offsets: Mapping[bytes, Mapping[int, int]],
        then: Callable[[Results], None],
    ) -> None:
        """Make the state of partitions ready, from these offsets; -1 is where the group is to begin.

        Args:
            then: called with what became of it.
        """

        def ask(key: SharePartitionKey, then: Then) -> None:
            start_offset = offsets[key.topic_id][key.partition]
            self._persister.initialize(self._shard.broker_id, key, state_epoch, start_offset, then)

        ask_each(group_id, offsets, ask, then)

    def _initialized(self, group_id: str, results: Results) -> None:
        if any(result.error_code for of_topic in results.values() for result in of_topic.values()):
            self.note(group_id, lambda topics: topics.given_up(_indexes(results)))
        else:
            self.note_initialized(group_id, results)

    def note_initialized(self, group_id: str, results: Results) -> None:
        """Write down that the state of partitions is ready."""
        ready = named(self._cluster, _indexes(results))
        self.note(group_id, lambda topics: topics.initialized_with(ready))

    def note(self, group_id: str, change: Callable[[ShareTopics], ShareTopics]) -> int | None:
        """Write down a change, as far as the group still is here.

        Returns:
            The offset that the high watermark must reach before anybody is told; None where nothing was written.
        """
        group = self._shard.groups.get(group_id)
        if not isinstance(group, ShareGroup) or not (self._shard.is_loaded and self._shard.is_current):
            return None
        try:
            return self._shard.write([self.record(group_id, change(group.topics or NO_TOPICS))])
        except KafkaError:
            # What is not written down is tried again with a later heartbeat.
            return None

    # Deleting.

    def delete(self, group_id: str, partitions: Partitions, then: Callable[[Results], None]) -> None:
        """Delete the state of partitions."""

        broker_id = self._shard.broker_id
        sorted_partitions = {id: sorted(indexes) for id, indexes in partitions.items()}
        ask_each(group_id, sorted_partitions, partial(self._persister.delete, broker_id), then)

    def forget_topic(self, topic_id: bytes) -> list[LogRecord]:
        """A topic was deleted, and the state of its partitions with it: the records that say so."""
        return [
            self.record(group.group_id, group.topics.without_topic(topic_id))
            for group in self._shard.groups.values()
            if isinstance(group, ShareGroup)
            and group.topics is not None
            and (topic_id in group.topics.all or topic_id in group.topics.deleting)
        ]


def ask_each(
    group_id: str,
    partitions: Mapping[bytes, Iterable[int]],
    ask: Callable[[SharePartitionKey, Then], None],
    then: Callable[[Results], None],
) -> None:
    """Ask the share coordinator about each partition, and go on when all is answered."""
    keys = [SharePartitionKey(group_id, id, index) for id, indexes in partitions.items() for index in indexes]
    results: Results = {id: {} for id in partitions}
    missing = len(keys)

    def answered(key: SharePartitionKey, result: StateResult) -> None:
        nonlocal missing
        results[key.topic_id][key.partition] = result
        missing -= 1
        if not missing:
            then(results)

    for key in keys:
        ask(key, partial(answered, key))
    if not keys:
        then(results)


def first_error(results: Mapping[int, StateResult]) -> ErrorCode:
    """The code of the first partition that failed; NONE where none did."""
    return next((result.error_code for result in results.values() if result.error_code), ErrorCode.NONE)


def _indexes(results: Results) -> dict[bytes, frozenset[int]]:
    return {topic_id: frozenset(of_topic) for topic_id, of_topic in results.items()}
