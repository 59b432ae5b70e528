"""Who coordinates which transactional ids, and how what is decided comes to count.

Rules kept here (`TransactionStateManager`):

- The leader of partition abs(hash of the id) % count of `__transaction_state` coordinates the id; all others answer
  NOT_COORDINATOR. Each broker goes by what it knows itself, so one that is cut off still believes that it leads.
- A shard is what the records of one partition add up to. It is loaded when its broker begins to lead, in a new epoch
  anew, and dropped when the broker leads no more or goes down.
- A step is decided, then written with acks=all, then counts. Until it is replicated the transaction is `pending`, and
  nothing else may happen to it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any, Final

from mockbroker.core.batches import OwnBatch
from mockbroker.core.coordinator_places import coordinator_at
from mockbroker.core.java_strings import partition_of
from mockbroker.core.producer_state import Origin
from mockbroker.core.topics import TRANSACTION_STATE
from mockbroker.core.transactions.log_records import encode, read_record
from mockbroker.core.transactions.metadata import NO_PRODUCER_ID, Transaction, TransactionMetadata
from mockbroker.core.waiting import NOT_YET, Pending
from protocol_specs.errors import ErrorCode, KafkaError
from protocol_specs.record_batch import Record, build_batch, build_single, records_of

if TYPE_CHECKING:
    from mockbroker.core.cluster import Cluster
    from mockbroker.core.features import Features
    from mockbroker.core.nodes import Node
    from mockbroker.core.replicas import Partition
    from mockbroker.core.time import Clock
    from mockbroker.core.waiting import Waiting

__all__ = ["Shard", "StateLog", "Then", "when_acknowledged"]

#: Called with what became of a write.
Then = Callable[[ErrorCode], None]

TRANSACTION_VERSION: Final = "transaction.version"
_ACKS_ALL: Final = -1

#: The release that began to write which producer id was before and which comes next.
_WRITES_NEIGHBOURS_SINCE: Final = "4.3"

#: What a failed write means to the client of a coordinator; other codes are passed on.
_AS_COORDINATOR: Final = {
    ErrorCode.UNKNOWN_TOPIC_OR_PARTITION: ErrorCode.COORDINATOR_NOT_AVAILABLE,
    ErrorCode.NOT_ENOUGH_REPLICAS: ErrorCode.COORDINATOR_NOT_AVAILABLE,
    ErrorCode.NOT_ENOUGH_REPLICAS_AFTER_APPEND: ErrorCode.COORDINATOR_NOT_AVAILABLE,
    ErrorCode.REQUEST_TIMED_OUT: ErrorCode.COORDINATOR_NOT_AVAILABLE,
    ErrorCode.NOT_LEADER_OR_FOLLOWER: ErrorCode.NOT_COORDINATOR,
    ErrorCode.KAFKA_STORAGE_ERROR: ErrorCode.NOT_COORDINATOR,
    ErrorCode.MESSAGE_TOO_LARGE: ErrorCode.UNKNOWN_SERVER_ERROR,
    ErrorCode.RECORD_LIST_TOO_LARGE: ErrorCode.UNKNOWN_SERVER_ERROR,
}


class Shard:
    """The transactional ids of one partition of `__transaction_state`, at the broker that leads it.

    Attributes:
        epoch: the partition's leader epoch, which is the coordinator epoch in markers.
        transactions: by transactional id.
    """

    __slots__ = ("epoch", "node_id", "partition", "transactions")

    def __init__(self, node_id: int, partition: Partition, epoch: int) -> None:
        self.node_id = node_id
        self.partition = partition
        self.epoch = epoch
        self.transactions: dict[str, Transaction] = {}


class StateLog:
    """All shards of the cluster.

    Attributes:
        on_load: called with each shard that was just loaded.
        on_change: called with every version of metadata that has come to count.
    """

    def __init__(self, clock: Clock, waiting: Waiting, cluster: Cluster, features: Features) -> None:
        self._clock = clock
        self._waiting = waiting
        self._cluster = cluster
        self._features = features
        self._shards: dict[tuple[int, int], Shard] = {}
        self.on_load: Callable[[Shard], None] = lambda shard: None
        self.on_change: Callable[[TransactionMetadata], None] = lambda metadata: None

    @property
    def transaction_version(self) -> int:
        """The level of the feature transaction.version."""
        return self._features.level(TRANSACTION_VERSION)

    def partition_index(self, transactional_id: str) -> int:
        """The partition of `__transaction_state` whose leader coordinates an id."""
        topic = self._cluster.topics.get(TRANSACTION_STATE)
        if topic is None:
            count: int = self._cluster.settings["transaction.state.log.num.partitions"]
        else:
            count = len(topic.partitions)
        return partition_of(transactional_id, count)

    def find_coordinator(self, transactional_id: str, asked: Node | None = None) -> int:
        """Id of the broker that coordinates an id: see `coordinator_at`."""
        return coordinator_at(
            self._cluster, TRANSACTION_STATE, lambda: self.partition_index(transactional_id), asked
        )

    def shard_for(self, node_id: int, transactional_id: str) -> Shard:
        """The shard of an id at the broker that was asked.

        Raises:
            KafkaError: NOT_COORDINATOR.
        """
        topic = self._cluster.topics.get(TRANSACTION_STATE)
        if topic is not None:
            shard = self._shard(node_id, topic.partitions[self.partition_index(transactional_id)])
            if shard is not None:
                return shard
        raise KafkaError(ErrorCode.NOT_COORDINATOR)

    def find(self, transactional_id: str) -> Transaction | None:
        """A transaction, wherever it is coordinated; None where there is none."""
        topic = self._cluster.topics.get(TRANSACTION_STATE)
        if topic is None:
            return None
        partition = topic.partitions[self.partition_index(transactional_id)]
        shard = self._shard(partition.leader, partition)
        return None if shard is None else shard.transactions.get(transactional_id)

    def shards_at(self, node_id: int) -> Iterator[Shard]:
        """All shards that a broker leads, in order of their partitions."""
        topic = self._cluster.topics.get(TRANSACTION_STATE)
        for partition in () if topic is None else topic.partitions:
            shard = self._shard(node_id, partition)
            if shard is not None:
                yield shard

    def shards(self) -> Iterator[Shard]:
        """All shards of brokers that run."""
        for node in list(self._cluster.nodes.values()):
            yield from self.shards_at(node.id)

    def is_current(self, shard: Shard) -> bool:
        """Whether the shard's broker still leads it in the same epoch."""
        return self._shard(shard.node_id, shard.partition) is shard

    def leader_changed(self, partition: Partition) -> None:
        """Load and drop what a new leader of a partition means; a listener of the cluster."""
        if partition.topic.name == TRANSACTION_STATE:
            if partition.is_deleted:
                self._drop_all(partition)
            for node_id in list(partition.copies):
                self._shard(node_id, partition)

    def _drop_all(self, partition: Partition) -> None:
        for key, shard in list(self._shards.items()):
            if shard.partition is partition:
                del self._shards[key]

    def _shard(self, node_id: int, partition: Partition) -> Shard | None:
        key = (node_id, partition.index)
        shard = self._shards.get(key)
        node, replica = self._cluster.nodes.get(node_id), partition.copies.get(node_id)
        state = None if replica is None else replica.state
        if node is None or not node.is_running or state is None or state.leader != node_id:
            self._shards.pop(key, None)
            return None
        if shard is None or shard.partition is not partition or shard.epoch != state.leader_epoch:
            shard = self._shards[key] = Shard(node_id, partition, state.leader_epoch)
            self._load(shard)
        return shard

    def _load(self, shard: Shard) -> None:
        log = shard.partition.copies[shard.node_id].log
        loaded: dict[str, TransactionMetadata] = {}
        for batch in log.batches():
            for record in records_of(batch.view):
                entry = read_record(record)
                if entry is None:
                    continue
                if entry.metadata is None:
                    loaded.pop(entry.transactional_id, None)
                else:
                    loaded[entry.transactional_id] = entry.metadata
        for transactional_id, metadata in loaded.items():
            shard.transactions[transactional_id] = Transaction(metadata)
            self.on_change(metadata)
        self.on_load(shard)

    # Deciding, then writing.

    def write(
        self,
        shard: Shard,
        transaction: Transaction,
        metadata: TransactionMetadata,
        then: Then,
        *,
        stays_pending: Callable[[ErrorCode], bool] = lambda code: False,
    ) -> None:
        """Write the next version of a transaction; it counts once it is replicated.

        Args:
            then: called with NONE when it counts; else with the code for the coordinator's client.
            stays_pending: whether, after a failure with this code, the transaction goes on being pending.
        """
        transaction.pending = metadata.state

        def done(code: ErrorCode) -> None:
            if code is ErrorCode.NONE:
                transaction.metadata = metadata
                transaction.pending = None
                self.on_change(metadata)
            elif not stays_pending(code):
                transaction.pending = None
            self._waiting.touch(transaction)
            then(code)

        key, value = encode(self._as_written(metadata), self.transaction_version)
        batch = OwnBatch(build_single(key, value, self._clock.now_ms))
        self._append(shard, batch, metadata.timeout_ms / 1000, done)

    def _as_written(self, metadata: TransactionMetadata) -> TransactionMetadata:
        if not self._cluster.settings.catalog.is_before(_WRITES_NEIGHBOURS_SINCE):
            return metadata
        return metadata._replace(previous_producer_id=NO_PRODUCER_ID, next_producer_id=NO_PRODUCER_ID)

    def append(self, shard: Shard, records: list[Record], at_most: float, then: Then) -> None:
        """Append records to a shard's partition, and call `then` with what became of it.

        Args:
            at_most: seconds to wait for the replicas.
        """
        self._append(shard, OwnBatch(build_batch(records)), at_most, then)

    def _append(self, shard: Shard, batch: OwnBatch, at_most: float, then: Then) -> None:
        if not self.is_current(shard):
            then(ErrorCode.NOT_COORDINATOR)
            return
        partition, node_id = shard.partition, shard.node_id
        try:
            result = partition.append(batch, acks=_ACKS_ALL, at=node_id, origin=Origin.COORDINATOR)
        except KafkaError as error:
            then(_AS_COORDINATOR.get(error.code, error.code))
            return
        if result.is_settled:
            then(ErrorCode.NONE)
            return

        def settled(code: ErrorCode) -> None:
            if code is ErrorCode.NONE and not self.is_current(shard):
                code = ErrorCode.NOT_COORDINATOR
            then(_AS_COORDINATOR.get(code, code))

        when_acknowledged(self._waiting, partition, result.required_offset, node_id, at_most, settled)


def when_acknowledged(
    waiting: Waiting, partition: Partition, required_offset: int, node_id: int, at_most: float, then: Then
) -> None:
    """Call `then` once an acks=all append is settled, at once if it is.

    Args:
        node_id: the broker that appended.
        at_most: seconds after which it is REQUEST_TIMED_OUT.
    """
    known = partition.acknowledged(required_offset, at=node_id)
    if known is not None:
        then(known)
        return

    def attempt(last: bool) -> Any:
        code = partition.acknowledged(required_offset, at=node_id)
        if code is None:
            return ErrorCode.REQUEST_TIMED_OUT if last else NOT_YET
        return code

    outcome = waiting.wait(attempt, on=(partition,), at_most=at_most)
    if isinstance(outcome, Pending):
        pending = outcome
        pending.on_settled = lambda: then(pending.reply)
    else:
        then(outcome)
