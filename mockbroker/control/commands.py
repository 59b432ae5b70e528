"""What a test does to a cluster, and sees of it: each verb once. Python, HTTP and the command line call these.

They run where the core runs, between two requests.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

from mockbroker.control.partitioner import partition_for
from mockbroker.control.views import (
    PartitionState,
    Record,
)
from mockbroker.wire.compression import decompress
from protocol_specs import record_batch
from protocol_specs.errors import ErrorCode, KafkaError
from protocol_specs.records import Record as WireRecord

if TYPE_CHECKING:
    from mockbroker.core.assembly import Core
    from mockbroker.core.replicas import Partition
    from mockbroker.core.topics import Topic

__all__ = ["Commands", "TopicSpec", "config_texts", "topic_specs"]


class TopicSpec(NamedTuple):
    """A topic to be created. -1: the broker's default."""

    name: str
    partitions: int = -1
    replication_factor: int = -1


def topic_specs(topics: Mapping[str, int] | Iterable[str]) -> list[TopicSpec]:
    """Topics as a test names them: by name with the number of partitions, or by name only.

    Raises:
        TypeError: a single string, whose letters would each be a topic.
    """
    if isinstance(topics, str):
        raise TypeError(
            f'topics is a mapping or a list of names, not a string: {{"{topics}": 1}} or ["{topics}"]'
        )
    if isinstance(topics, Mapping):
        return [TopicSpec(name, partitions) for name, partitions in topics.items()]
    return [TopicSpec(name) for name in topics]


def config_texts(config: Mapping[str, Any]) -> dict[str, str]:
    """Configs as Kafka's texts: booleans in small letters, lists with commas."""
    return {name: _text(value) for name, value in config.items()}


def _text(value: Any) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, (list, tuple)):
        return ",".join(map(_text, value))
    return str(value)


class Commands:
    """The verbs on one simulated cluster."""

    def __init__(self, core: Core) -> None:
        self._core = core
        self._next_partition: dict[str, int] = {}

    def create_topic(
        self, name: str, partitions: int, replication_factor: int, config: Mapping[str, Any]
    ) -> None:
        """Create a topic; -1 means the default.

        Raises:
            KafkaError: as CreateTopics would answer.
        """
        self._core.cluster.create_topic(
            name,
            partitions=partitions,
            replication_factor=replication_factor,
            configs=config_texts(config),
        )

    def delete_topic(self, name: str) -> None:
        """
        Raises:
            KafkaError: UNKNOWN_TOPIC_OR_PARTITION.
        """
        self._core.cluster.delete_topic(name)

    def topics(self) -> dict[str, int]:
        """The number of partitions of each topic, by name, without internal topics."""
        return {
            topic.name: len(topic.partitions)
            for topic in sorted(self._core.cluster.topics.values(), key=lambda topic: topic.name)
            if not topic.is_internal
        }

    def partition(self, topic: str, partition: int) -> PartitionState:
        """
        Raises:
            KafkaError: UNKNOWN_TOPIC_OR_PARTITION.
        """
        found = self._core.cluster.partition(topic, partition)
        return PartitionState(
            topic,
            partition,
            found.leader,
            found.leader_epoch,
            list(found.replicas),
            list(found.isr),
            found.log_start_offset,
            found.high_watermark,
            found.last_stable_offset,
            found.log_end_offset,
        )

    def produce(
        self,
        topic: str,
        value: bytes | None,
        key: bytes | None,
        headers: Sequence[tuple[str, bytes | None]],
        partition: int | None,
        timestamp_ms: int | None,
    ) -> Record:
        """Append a record as a producer with acks=all would, and return it as it is in the log.

        Args:
            partition: None: the one that the key belongs to, and without a key each in its turn.
            timestamp_ms: None: now.

        Raises:
            KafkaError: as Produce would answer.
        """
        found = self._topic_to_produce_to(topic)
        index = self._choose(found, key) if partition is None else partition
        chosen = self._core.cluster.partition(topic, index)
        stamp = self._core.clock.now_ms if timestamp_ms is None else timestamp_ms
        record = WireRecord(timestamp_ms=stamp, key=key, value=value, headers=list(headers))
        batch = record_batch.build_batch([record])
        result = chosen.append(memoryview(batch), acks=-1)
        (appended,) = _records_in(chosen, memoryview(batch))
        return appended._replace(offset=result.base_offset)

    def records(self, topic: str, partition: int | None = None) -> list[Record]:
        """The records of each partition from the log start to the leader's high watermark.

        Raises:
            KafkaError: UNKNOWN_TOPIC_OR_PARTITION; NOT_LEADER_OR_FOLLOWER for a partition without a leader.
        """
        cluster = self._core.cluster
        partitions = (
            cluster.topic(topic).partitions if partition is None else [cluster.partition(topic, partition)]
        )
        found: list[Record] = []
        for each in partitions:
            leader = each.replica_at(each.leader)
            start, end = leader.log.start_offset, leader.high_watermark
            for batch in leader.log.batches(start, end):
                found += [record for record in _records_in(each, batch.view) if start <= record.offset < end]
        return found

    def turns(self) -> dict[str, int]:
        """For each topic, how many records without a key went round its partitions."""
        return dict(self._next_partition)

    def set_turns(self, turns: Mapping[str, int]) -> None:
        """Go back to where the turns were."""
        self._next_partition = dict(turns)

    def _topic_to_produce_to(self, name: str) -> Topic:
        cluster = self._core.cluster
        if name not in cluster.topics and self._core.settings["auto.create.topics.enable"]:
            return cluster.auto_create_topic(name)
        return cluster.topic(name)

    def _choose(self, topic: Topic, key: bytes | None) -> int:
        count = len(topic.partitions)
        if key is not None:
            return partition_for(key, count)
        turn = self._next_partition.get(topic.name, 0)
        self._next_partition[topic.name] = turn + 1
        return turn % count


def _records_in(partition: Partition, batch: memoryview) -> list[Record]:
    header = record_batch.parse_header(batch)
    if header.is_control:
        return []
    try:
        records = record_batch.records_of(batch, decompress)
    except ValueError as error:
        raise KafkaError(ErrorCode.CORRUPT_MESSAGE, str(error)) from error
    return [
        Record(
            partition.topic.name,
            partition.index,
            record.offset,
            record.timestamp_ms,
            record.key,
            record.value,
            list(record.headers),
            header.leader_epoch,
            header.is_append_time,
            header.producer_id,
            header.producer_epoch,
            header.is_transactional,
        )
        for record in records
    ]
