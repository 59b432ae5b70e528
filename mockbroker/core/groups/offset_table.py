"""Committed offsets, and those that wait for the end of a transaction: what the records of a shard add up to.

Rules kept here:

- Nothing changes but by replaying a record, so a table that is loaded from the log is the one that was left.
- Offsets of a transaction count once its marker commits it. The later record wins, also against a commit outside any
  transaction that came between the two: the record's offset decides, so that compaction changes nothing.
- A tombstone also ends what waits for a transaction.

Source: `OffsetMetadataManager`.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, NamedTuple

__all__ = ["CommittedOffset", "OffsetTable"]

NO_PRODUCER = -1
_Offsets = dict[str, dict[int, "CommittedOffset"]]


class CommittedOffset(NamedTuple):
    """A committed offset.

    Attributes:
        leader_epoch: of the last consumed record, -1 where unknown.
        expire_timestamp_ms: when it expires whatever the broker's retention is, -1 for none.
        topic_id: zero where the client did not say.
        record_offset: of its record in the log.
    """

    offset: int
    leader_epoch: int
    metadata: str
    commit_timestamp_ms: int
    expire_timestamp_ms: int = -1
    topic_id: bytes = bytes(16)
    record_offset: int = -1


class OffsetTable:
    """The offsets of all groups of one shard.

    Attributes:
        by_group: offset by group, topic and partition; no level is ever empty.
    """

    __slots__ = ("_pending", "_producers", "by_group")

    def __init__(self) -> None:
        self.by_group: dict[str, _Offsets] = {}
        #: what a producer's open transaction is going to commit: by producer id, then (group, topic, partition).
        self._pending: dict[int, dict[tuple[str, str, int], CommittedOffset]] = {}
        #: ids of the producers with an open transaction over a partition, by group, topic and partition.
        self._producers: dict[str, dict[tuple[str, int], set[int]]] = {}

    def get(self, group_id: str, topic: str, partition: int) -> CommittedOffset | None:
        """The committed offset, if there is one."""
        return self.by_group.get(group_id, {}).get(topic, {}).get(partition)

    def is_pending(self, group_id: str, topic: str, partition: int) -> bool:
        """Whether an open transaction is going to commit an offset for it."""
        return (topic, partition) in self._producers.get(group_id, ())

    def has_pending(self, group_id: str) -> bool:
        """Whether an open transaction is going to commit an offset for the group."""
        return group_id in self._producers

    def pending_partitions(self, group_id: str) -> list[tuple[str, int]]:
        """Topic and partition of each offset that an open transaction is going to commit."""
        return list(self._producers.get(group_id, ()))

    def topics_in(self, name: str) -> Iterator[tuple[str, int, CommittedOffset]]:
        """Group, partition and offset of all that is committed, or waits for a transaction, for one topic."""
        for group_id, topics in self.by_group.items():
            for partition, offset in topics.get(name, {}).items():
                yield group_id, partition, offset
        for pending in self._pending.values():
            for (group_id, topic, partition), offset in pending.items():
                if topic == name:
                    yield group_id, partition, offset

    # Replaying.

    def replay_commit(self, key: Any, value: Any, record_offset: int, producer_id: int) -> None:
        """Take in an OffsetCommit record, or with a value of None its end."""
        if value is None:
            self._remove(key.group, key.topic, key.partition)
            return
        offset = CommittedOffset(
            value.offset,
            value.leader_epoch,
            value.metadata,
            value.commit_timestamp,
            value.expire_timestamp,
            value.topic_id,
            record_offset,
        )
        if producer_id == NO_PRODUCER:
            self._put(key.group, key.topic, key.partition, offset)
        else:
            self._pending.setdefault(producer_id, {})[key.group, key.topic, key.partition] = offset
            partitions = self._producers.setdefault(key.group, {})
            partitions.setdefault((key.topic, key.partition), set()).add(producer_id)

    def replay_marker(self, producer_id: int, is_commit: bool) -> None:
        """Take in the end of a producer's transaction."""
        for (group_id, topic, partition), offset in self._pending.pop(producer_id, {}).items():
            self._close(group_id, topic, partition, producer_id)
            if is_commit:
                present = self.get(group_id, topic, partition)
                if present is None or offset.record_offset > present.record_offset:
                    self._put(group_id, topic, partition, offset)

    def _put(self, group_id: str, topic: str, partition: int, offset: CommittedOffset) -> None:
        topics = self.by_group.get(group_id)
        if topics is None:
            topics = self.by_group[group_id] = {}
        partitions = topics.get(topic)
        if partitions is None:
            partitions = topics[topic] = {}
        partitions[partition] = offset

    def _remove(self, group_id: str, topic: str, partition: int) -> None:
        topics = self.by_group.get(group_id, {})
        partitions = topics.get(topic, {})
        if partitions.pop(partition, None) is not None and not partitions:
            del topics[topic]
            if not topics:
                del self.by_group[group_id]
        for producer_id in list(self._producers.get(group_id, {}).get((topic, partition), ())):
            self._pending[producer_id].pop((group_id, topic, partition), None)
            self._close(group_id, topic, partition, producer_id)

    def _close(self, group_id: str, topic: str, partition: int, producer_id: int) -> None:
        partitions = self._producers.get(group_id, {})
        producers = partitions.get((topic, partition))
        if producers is None:
            return
        producers.discard(producer_id)
        if not producers:
            del partitions[topic, partition]
            if not partitions:
                del self._producers[group_id]
