"""The control batches that end a transaction in its partitions.

Rules kept here (`TransactionMarkerChannelManager`, `TransactionMarkerRequestCompletionHandler`,
`KafkaApis.handleWriteTxnMarkersRequest`; KIP-98, KIP-1228):

- Each partition of the transaction gets one marker, with the epoch of the decision and the coordinator's epoch; it is
  written with acks=all by the partition's leader. When all are written, the transaction is complete.
- A partition that has no leader, or too few replicas, is tried again when it changes. One that does not exist any more
  needs no marker. Until the last marker is written the transaction stays as it was decided.
- A partition that knows of a newer producer or coordinator epoch ends the attempt: somebody else has taken over.
- Coordinators that load a transaction which was decided but not completed write its markers again.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from mockbroker.core.batches import marker_batch
from mockbroker.core.producer_state import Origin
from mockbroker.core.topics import CONSUMER_OFFSETS
from mockbroker.core.transactions import metadata as steps
from mockbroker.core.transactions.state_log import Shard, StateLog, when_acknowledged
from mockbroker.core.transactions.states import TransactionState
from mockbroker.core.waiting import NOT_YET, Pending
from protocol_specs.errors import ErrorCode, KafkaError
from protocol_specs.record_batch import EndTxnMarker

if TYPE_CHECKING:
    from mockbroker.config import Settings
    from mockbroker.core.cluster import Cluster
    from mockbroker.core.replicas import Partition
    from mockbroker.core.time import Clock
    from mockbroker.core.transactions.metadata import TopicPartition, Transaction, TransactionMetadata
    from mockbroker.core.waiting import Waiting

__all__ = ["Marker", "Markers", "OffsetsMarker"]


class Marker(NamedTuple):
    """What a marker says.

    Attributes:
        transaction_version: of the transaction that it ends: decides how strictly its epoch is checked.
    """

    producer_id: int
    producer_epoch: int
    is_commit: bool
    coordinator_epoch: int
    transaction_version: int = 0


#: `end_offsets(node_id, partition, marker)` writes a marker to a partition of `__consumer_offsets`, settles the offsets
#: that wait for it, and returns the offset that must be replicated; it raises KafkaError.
OffsetsMarker = Callable[[int, "Partition", Marker], int]

#: Codes after which a marker is tried again; any other one ends the attempt.
_RETRIED: Final = frozenset(
    {
        ErrorCode.UNKNOWN_TOPIC_OR_PARTITION,
        ErrorCode.NOT_LEADER_OR_FOLLOWER,
        ErrorCode.NOT_ENOUGH_REPLICAS,
        ErrorCode.NOT_ENOUGH_REPLICAS_AFTER_APPEND,
        ErrorCode.REQUEST_TIMED_OUT,
        ErrorCode.KAFKA_STORAGE_ERROR,
    }
)
#: What the group coordinator says means no more than this to the transaction coordinator.
_GROUP_CODES: Final = frozenset(
    {
        ErrorCode.COORDINATOR_NOT_AVAILABLE,
        ErrorCode.COORDINATOR_LOAD_IN_PROGRESS,
        ErrorCode.NOT_COORDINATOR,
    }
)


class _Completion:
    """A transaction on its way from decided to complete."""

    __slots__ = ("completed", "is_given_up", "is_started", "marker", "open", "shard", "transaction")

    def __init__(self, shard: Shard, transaction: Transaction, completed: TransactionMetadata) -> None:
        decided = transaction.metadata
        self.shard = shard
        self.transaction = transaction
        self.completed = completed
        self.marker = Marker(
            decided.producer_id,
            decided.producer_epoch,
            decided.state is TransactionState.PREPARE_COMMIT,
            shard.epoch,
            decided.client_version,
        )
        #: partitions that have no marker yet.
        self.open: dict[TopicPartition, None] = dict.fromkeys(decided.partitions)
        #: whether every partition was tried once.
        self.is_started = False
        self.is_given_up = False


class Markers:
    """Writes markers, for the coordinator and for administrators."""

    def __init__(
        self,
        clock: Clock,
        waiting: Waiting,
        settings: Settings,
        cluster: Cluster,
        log: StateLog,
        end_offsets: OffsetsMarker | None,
    ) -> None:
        self._clock = clock
        self._waiting = waiting
        self._settings = settings
        self._cluster = cluster
        self._log = log
        self.end_offsets = end_offsets

    def write(
        self, node_id: int, partition: Partition, marker: Marker, then: Callable[[ErrorCode], None]
    ) -> None:
        """Write one marker as the broker that was asked, and call `then` when it is replicated or has failed."""
        try:
            required_offset = self._append(node_id, partition, marker)
        except KafkaError as error:
            then(error.code)
            return
        when_acknowledged(self._waiting, partition, required_offset, node_id, self._request_timeout, then)

    def _append(self, node_id: int, partition: Partition, marker: Marker) -> int:
        if partition.topic.name == CONSUMER_OFFSETS and self.end_offsets is not None:
            try:
                return self.end_offsets(node_id, partition, marker)
            except KafkaError as error:
                if error.code in _GROUP_CODES:
                    raise KafkaError(ErrorCode.NOT_LEADER_OR_FOLLOWER) from None
                raise
        batch = marker_batch(
            EndTxnMarker(marker.is_commit, marker.coordinator_epoch),
            producer_id=marker.producer_id,
            producer_epoch=marker.producer_epoch,
            timestamp_ms=self._clock.now_ms,
        )
        return partition.append(
            batch,
            acks=-1,
            at=node_id,
            origin=Origin.COORDINATOR,
            transaction_version=marker.transaction_version,
        ).required_offset

    @property
    def _request_timeout(self) -> float:
        milliseconds: int = self._settings["request.timeout.ms"]
        return milliseconds / 1000

    # Completing transactions.

    def resume(self, shard: Shard) -> None:
        """Complete what a shard that was just loaded has decided."""
        for transaction in list(shard.transactions.values()):
            if transaction.metadata.state in steps.PREPARED:
                completed = steps.complete(transaction.metadata, self._clock.now_ms)
                transaction.pending = completed.state
                self.write_all(shard, transaction, completed)

    def write_all(self, shard: Shard, transaction: Transaction, completed: TransactionMetadata) -> None:
        """Write all markers of a transaction that was decided, then complete it.

        Args:
            completed: what it becomes.
        """
        completion = _Completion(shard, transaction, completed)
        for where in list(completion.open):
            self._try(completion, where)
        completion.is_started = True
        self._settle(completion)

    def _try(self, completion: _Completion, where: TopicPartition) -> None:
        """Write the marker of one partition, now or when the partition lets it."""
        try:
            partition = self._cluster.partition(*where)
        except KafkaError:
            del completion.open[where]
            self._settle(completion)
            return
        leader = self._reachable_leader(completion.shard.node_id, partition)
        if leader is None:
            self._when_touched(partition, lambda: self._again(completion, where))
            return
        epoch = partition.state.leader_epoch

        def done(code: ErrorCode) -> None:
            if code and code in _RETRIED and partition.state.leader_epoch != epoch:
                # It was led by another one before this was known, and nothing more may happen to it.
                self._again(completion, where)
            else:
                self._written(completion, where, partition, code)

        self.write(leader, partition, completion.marker, done)

    def _reachable_leader(self, node_id: int, partition: Partition) -> int | None:
        nodes = self._cluster.nodes
        asking = nodes[node_id]
        leader = nodes.get(partition.known_to(asking).leader)
        if leader is None or not leader.is_running:
            return None
        if leader is not asking and not (leader.is_connected and asking.is_connected):
            return None
        return leader.id

    def _written(
        self, completion: _Completion, where: TopicPartition, partition: Partition, code: ErrorCode
    ) -> None:
        if not code:
            completion.open.pop(where, None)
            self._settle(completion)
        elif code in _RETRIED:
            self._when_touched(partition, lambda: self._again(completion, where))
        else:
            completion.is_given_up = True

    def _again(self, completion: _Completion, where: TopicPartition) -> None:
        if where in completion.open and self._is_wanted(completion):
            self._try(completion, where)

    def _is_wanted(self, completion: _Completion) -> bool:
        return not completion.is_given_up and self._log.is_current(completion.shard)

    def _settle(self, completion: _Completion) -> None:
        """Show which partitions are left, or complete the transaction if none is."""
        if not completion.is_started or completion.is_given_up:
            return
        if not completion.open:
            self._complete(completion)
        elif len(completion.open) < len(completion.transaction.metadata.partitions):
            metadata = completion.transaction.metadata
            completion.transaction.metadata = metadata._replace(partitions=tuple(completion.open))

    def _complete(self, completion: _Completion) -> None:
        shard = completion.shard

        def done(code: ErrorCode) -> None:
            if code is ErrorCode.COORDINATOR_NOT_AVAILABLE:
                self._when_touched(shard.partition, again)

        def again() -> None:
            if self._is_wanted(completion):
                self._complete(completion)

        self._log.write(
            shard,
            completion.transaction,
            completion.completed,
            done,
            stays_pending=lambda code: code is ErrorCode.COORDINATOR_NOT_AVAILABLE,
        )

    def _when_touched(self, partition: Partition, action: Callable[[], None]) -> None:
        """Do something once the partition has changed; after a while also if it has not."""
        is_registered = False

        def attempt(last: bool) -> Any:
            nonlocal is_registered
            if is_registered or last:
                return True
            is_registered = True
            return NOT_YET

        pending: Pending = self._waiting.wait(attempt, on=(partition,), at_most=self._request_timeout)
        pending.on_settled = action
