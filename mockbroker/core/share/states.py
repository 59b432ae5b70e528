"""The share coordinator: where the state of share partitions lives, and how it is read and changed.

Rules kept here:

- A share partition lives in the partition of `__share_group_state` that its coordinator key hashes to; the broker that
  leads it coordinates it, any other answers NOT_COORDINATOR.
- The topic is made when somebody looks for a coordinator, and is ready at once.
- A shard is loaded when its broker is first asked after it began to lead, and unloaded when it leads no more.
- Every `share.coordinator.state.topic.prune.interval.ms` records that are not needed any more are deleted, and every
  `share.coordinator.cold.partition.snapshot.interval.ms` idle share partitions are snapshotted, so that theirs can be.
- The state of a deleted topic's partitions is deleted with it.

Source: `ShareCoordinatorService`; `KafkaApis.getCoordinator`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import suppress
from typing import TYPE_CHECKING, Any

from mockbroker.core.coordinator_places import coordinator_at
from mockbroker.core.java_strings import partition_of
from mockbroker.core.share.keys import SharePartitionKey, parse_key
from mockbroker.core.share.state_shard import Decision, StateResult, StateShard
from mockbroker.core.topics import SHARE_GROUP_STATE
from mockbroker.core.waiting import Pending
from protocol_specs.errors import ErrorCode, KafkaError

if TYPE_CHECKING:
    from mockbroker.core.cluster import Cluster
    from mockbroker.core.nodes import Node
    from mockbroker.core.replicas import Partition
    from mockbroker.core.share.state_records import LogRecord, ShareState

__all__ = ["ShareStates"]


class ShareStates:
    """All share coordinators of the cluster. Every request names the broker that was asked.

    A request is answered with a `StateResult`, or with a Pending that is settled with one.
    """

    def __init__(self, cluster: Cluster) -> None:
        self._cluster = cluster
        #: by broker id and partition index.
        self._shards: dict[tuple[int, int], StateShard] = {}
        cluster.leader_listeners.append(self._leader_changed)
        cluster.down_listeners.append(
            lambda node: self._unload_where(lambda shard: shard.broker_id == node.id)
        )
        self._every("share.coordinator.state.topic.prune.interval.ms", self.prune)
        self._every("share.coordinator.cold.partition.snapshot.interval.ms", self.snapshot_idle)

    # Where a share partition lives.

    def partition_for(self, key: SharePartitionKey) -> int:
        """Index of the partition of `__share_group_state` that a share partition lives in."""
        topic = self._cluster.topics.get(SHARE_GROUP_STATE)
        if topic is None:
            count: int = self._cluster.settings["share.coordinator.state.topic.num.partitions"]
        else:
            count = len(topic.partitions)
        return partition_of(key.coordinator_key, count)

    def find_coordinator(self, key: str, asked: Node | None = None) -> int:
        """Id of the broker that coordinates a share partition, by its coordinator key.

        Raises:
            KafkaError: INVALID_REQUEST for what is no coordinator key; COORDINATOR_NOT_AVAILABLE while nobody can.
        """
        return self.coordinator_of(parse_key(key), asked)

    def coordinator_of(self, key: SharePartitionKey, asked: Node | None = None) -> int:
        """Id of the broker that coordinates a share partition: see `coordinator_at`."""
        return coordinator_at(self._cluster, SHARE_GROUP_STATE, lambda: self.partition_for(key), asked)

    # Reading and changing.

    def initialize(
        self, broker_id: int, key: SharePartitionKey, state_epoch: int, start_offset: int
    ) -> StateResult | Pending:
        """Begin a share partition anew (InitializeShareGroupState); a start offset of -1 is to be found out."""
        return self._do(
            broker_id, key, "initialize", lambda shard: shard.initialize(key, state_epoch, start_offset)
        )

    def read(self, broker_id: int, key: SharePartitionKey, leader_epoch: int) -> StateResult | Pending:
        """Its state, for a leader that begins to serve it (ReadShareGroupState)."""
        return self._do(broker_id, key, "read", lambda shard: shard.read(key, leader_epoch))

    def write(
        self, broker_id: int, key: SharePartitionKey, state_epoch: int, leader_epoch: int, change: ShareState
    ) -> StateResult | Pending:
        """Lay `change` over the state (WriteShareGroupState)."""
        return self._do(
            broker_id, key, "write", lambda shard: shard.write(key, state_epoch, leader_epoch, change)
        )

    def delete(self, broker_id: int, key: SharePartitionKey) -> StateResult | Pending:
        """Forget it (DeleteShareGroupState)."""
        return self._do(broker_id, key, "delete", lambda shard: shard.delete(key))

    def summarize(self, broker_id: int, key: SharePartitionKey) -> StateResult | Pending:
        """Its state as it is, defaults where it is not known (ReadShareGroupStateSummary)."""
        return self._do(broker_id, key, "summarize", lambda shard: shard.summarize(key))

    def _do(
        self,
        broker_id: int,
        key: SharePartitionKey,
        operation: str,
        decide: Callable[[StateShard], Decision],
    ) -> StateResult | Pending:
        try:
            shard = self._shard_of(broker_id, key)
        except KafkaError as error:
            return _failed(operation, error)
        try:
            decision = decide(shard)
        except KafkaError as error:
            # Even a refusal is answered no sooner than what was written before it.
            decision = Decision((), StateResult(error.code, error.message))
        try:
            required = shard.append(decision.records) if decision.records else shard.written_offset
        except KafkaError as error:
            return _failed(operation, error)
        answer: StateResult | Pending = shard.when_committed(
            required, lambda code: _failed(operation, KafkaError(code)) if code else decision.result
        )
        return answer

    # Shards.

    def _shard_of(self, broker_id: int, key: SharePartitionKey) -> StateShard:
        topic = self._cluster.topics.get(SHARE_GROUP_STATE)
        if topic is None:
            raise KafkaError(ErrorCode.NOT_COORDINATOR)
        return self._shard_at(broker_id, topic.partitions[self.partition_for(key)])

    def _shard_at(self, broker_id: int, partition: Partition) -> StateShard:
        at = broker_id, partition.index
        shard = self._shards.get(at)
        if shard is not None:
            if shard.partition is partition and shard.is_current:
                return shard
            self._shards.pop(at).unload()
        replica = partition.copies.get(broker_id)
        if replica is None or not replica.is_leader:
            raise KafkaError(ErrorCode.NOT_COORDINATOR)
        shard = StateShard(self._cluster, partition, broker_id)
        try:
            shard.load()
        except ValueError:
            # Somebody wrote what is no record of ours. Kafka's coordinator fails to load, too, and stays away.
            raise KafkaError(ErrorCode.NOT_COORDINATOR) from None
        self._shards[at] = shard
        return shard

    def _loaded(self) -> Iterator[StateShard]:
        for at in sorted(self._shards):
            if self._shards[at].is_current:
                yield self._shards[at]

    def _unload_where(self, is_meant: Callable[[StateShard], bool]) -> None:
        for at, shard in list(self._shards.items()):
            if is_meant(shard):
                self._shards.pop(at).unload()

    def _leader_changed(self, partition: Partition) -> None:
        if partition.topic.name == SHARE_GROUP_STATE:
            self._unload_where(lambda shard: not shard.is_current)
        elif partition.is_deleted and partition.index == 0:
            for shard in self._loaded():
                _write_quietly(shard, shard.forget_topic(partition.topic.id))

    # Upkeep.

    def prune(self) -> None:
        """Delete the records that no share partition needs any more."""
        for shard in self._loaded():
            offset = shard.redundant_below
            if offset is not None and offset != shard.pruned_to:
                with suppress(KafkaError):
                    shard.partition.delete_records(offset, at=shard.broker_id)
                    shard.pruned_to = offset

    def snapshot_idle(self) -> None:
        """Snapshot the share partitions that have not been for long."""
        min_age_ms: int = self._cluster.settings["share.coordinator.cold.partition.snapshot.interval.ms"]
        for shard in self._loaded():
            _write_quietly(shard, shard.snapshot_idle(min_age_ms))

    def _every(self, setting: str, action: Callable[[], Any]) -> None:
        def ring() -> None:
            self._cluster.clock.call_later(interval, ring)
            action()

        interval = self._cluster.settings[setting] / 1000
        self._cluster.clock.call_later(interval, ring)


def _failed(operation: str, error: KafkaError) -> StateResult:
    what = "read share group state summary" if operation == "summarize" else f"{operation} share group state"
    return StateResult(error.code, f"Unable to {what}: {error.message}")


def _write_quietly(shard: StateShard, log_records: list[LogRecord]) -> None:
    """Write what nobody waits for; if that fails, the next round tries again."""
    if log_records:
        with suppress(KafkaError):
            shard.append(log_records)
