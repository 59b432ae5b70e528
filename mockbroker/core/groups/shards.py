"""Where groups live: the shards of all brokers, loaded and unloaded as leadership moves.

Rules kept here:

- A group lives in the partition of `__consumer_offsets` that its name hashes to; the broker that leads the partition
  coordinates it. Any other broker answers NOT_COORDINATOR.
- The topic is made when somebody looks for a coordinator, and is ready at once.
- A shard is loaded when its broker becomes the leader, at the latest when it is first asked, and unloaded when it
  leads no more. A broker that is cut off goes on with the shards that it believes are its own.

Source: `GroupCoordinatorService`; `KafkaApis.getCoordinator`.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import suppress
from functools import partial
from typing import TYPE_CHECKING, Any

from mockbroker.core.coordinator_places import coordinator_at
from mockbroker.core.groups import offsets
from mockbroker.core.groups.shard import Shard
from mockbroker.core.java_maps import concurrent_map_order, topic_partition_hash
from mockbroker.core.java_strings import partition_of
from mockbroker.core.topics import CONSUMER_OFFSETS
from protocol_specs.errors import ErrorCode, KafkaError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from mockbroker.core.groups.records import LogRecord
    from mockbroker.core.groups.surroundings import Surroundings
    from mockbroker.core.nodes import Node
    from mockbroker.core.replicas import Partition

__all__ = ["Shards", "when_all_committed"]


class Shards:
    """The shards of one cluster. It listens to changes of leaders by itself."""

    def __init__(self, around: Surroundings) -> None:
        self._around = around
        self._cluster = around.cluster
        #: by broker id and partition index.
        self._shards: dict[tuple[int, int], Shard] = {}
        self._cluster.leader_listeners.append(self._leader_changed)
        self._cluster.down_listeners.append(lambda node: self.unload_broker(node.id))

    def partition_for(self, group_id: str) -> int:
        """Index of the partition of `__consumer_offsets` that a group lives in."""
        topic = self._cluster.topics.get(CONSUMER_OFFSETS)
        count = self._around.limits.offset_partitions if topic is None else len(topic.partitions)
        return partition_of(group_id, count)

    def find_coordinator(self, group_id: str, asked: Node | None = None) -> int:
        """Id of the broker that coordinates a group: see `coordinator_at`."""
        return coordinator_at(self._cluster, CONSUMER_OFFSETS, lambda: self.partition_for(group_id), asked)

    # Finding a shard.

    def shard_of(self, broker_id: int, group_id: str) -> Shard:
        """The shard of a group on the broker that was asked.

        Raises:
            KafkaError: NOT_COORDINATOR.
        """
        topic = self._cluster.topics.get(CONSUMER_OFFSETS)
        if topic is None:
            raise KafkaError(ErrorCode.NOT_COORDINATOR)
        index = partition_of(group_id, len(topic.partitions))
        return self.shard_at(broker_id, topic.partitions[index])

    def shard_at(self, broker_id: int, partition: Partition) -> Shard:
        """The shard of a partition of `__consumer_offsets` on the broker that was asked.

        Raises:
            KafkaError: NOT_COORDINATOR.
        """
        key = broker_id, partition.index
        shard = self._shards.get(key)
        if shard is not None:
            if shard.partition is partition and shard.is_current:
                return shard
            self._unload(key)
        replica = partition.copies.get(broker_id)
        if replica is None or not replica.is_leader:
            raise KafkaError(ErrorCode.NOT_COORDINATOR)
        shard = Shard(self._around, partition, broker_id)
        try:
            shard.load(_expire)
        except ValueError:
            # Somebody wrote what is no record of ours. Kafka's coordinator fails to load, too, and stays away.
            raise KafkaError(ErrorCode.NOT_COORDINATOR) from None
        self._shards[key] = shard
        return shard

    def leading_shard(self, group_id: str) -> Shard | None:
        """The shard of a group where the controller has it; None while nobody leads."""
        topic = self._cluster.topics.get(CONSUMER_OFFSETS)
        if topic is None:
            return None
        partition = topic.partitions[self.partition_for(group_id)]
        return None if partition.lead is None else self.shard_at(partition.leader, partition)

    def of_broker(self, broker_id: int) -> Iterator[Shard]:
        """The loaded shards of a broker, as Kafka's map of all that it leads, or believes to lead, is walked."""
        topic = self._cluster.topics.get(CONSUMER_OFFSETS)
        led = {one.index for one in topic.partitions if one.leader == broker_id} if topic else set()
        led.update(index for node_id, index in self._shards if node_id == broker_id)
        for index in concurrent_map_order(sorted(led), partial(topic_partition_hash, CONSUMER_OFFSETS)):
            shard = self._shards.get((broker_id, index))
            if shard is not None and shard.is_current:
                yield shard

    # What happens to shards.

    def unload_stale(self) -> None:
        """Unload what brokers have learned that they lead no more."""
        for key, shard in list(self._shards.items()):
            if not shard.is_current:
                self._unload(key)

    def unload_broker(self, broker_id: int) -> None:
        """Unload the shards of a broker whose process has ended."""
        for key in [key for key in self._shards if key[0] == broker_id]:
            self._unload(key)

    def _unload(self, key: tuple[int, int]) -> None:
        self._shards.pop(key).unload()

    def _leader_changed(self, partition: Partition) -> None:
        if partition.topic.name != CONSUMER_OFFSETS:
            if partition.index == 0 and partition.is_deleted:
                self._topic_deleted(partition.topic.name, partition.topic.id)
            elif partition.index == 0 and partition.partition_epoch == 0:
                self._topic_created()
            return
        self.unload_stale()
        replica = partition.lead
        if replica is not None and replica.log.end_offset > replica.log.start_offset:
            with suppress(KafkaError):
                self.shard_at(replica.broker_id, partition)

    def _topic_created(self) -> None:
        for shard in self._shards.values():
            shard.topic_created()

    def _topic_deleted(self, name: str, topic_id: bytes) -> None:
        for shard in list(self._shards.values()):
            _write_quietly(shard, offsets.forget_topic(shard, name, topic_id))
            _write_quietly(shard, shard.forget_topic(topic_id))


def _expire(shard: Shard) -> None:
    _write_quietly(shard, offsets.expire(shard))


def _write_quietly(shard: Shard, log_records: list[LogRecord]) -> None:
    """Write what nobody waits for; if that fails the next check, or the next leader, tries again."""
    if log_records and shard.is_current:
        with suppress(KafkaError):
            shard.write_apart(log_records)


def when_all_committed(writes: Sequence[tuple[Shard, int]], reply: Callable[[ErrorCode], Any]) -> Any:
    """`Shard.when_committed` for several shards, one after the other."""
    if not writes:
        return reply(ErrorCode.NONE)
    (shard, required), *others = writes
    return shard.when_committed(
        required, lambda error: reply(error) if error else when_all_committed(others, reply)
    )
