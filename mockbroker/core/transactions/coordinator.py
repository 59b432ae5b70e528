"""The transaction coordinator: what producers, and the leaders of partitions, ask of it.

Rules kept here (`TransactionCoordinator`; KIP-98, KIP-360, KIP-588, KIP-890):

- Checks come in Kafka's order: the id, who coordinates it, whether a step is under way, producer id, epoch, state.
- While the end of a transaction is being written to its partitions, everything else gets CONCURRENT_TRANSACTIONS.
- InitProducerId on an open transaction aborts it under an epoch that nobody gets, and answers CONCURRENT_TRANSACTIONS:
  the client comes again.
- EndTxn is answered as soon as the decision is replicated; the markers follow.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from mockbroker.core.transactions import metadata as steps
from mockbroker.core.transactions.ending import judge_end, judge_end_v2
from mockbroker.core.transactions.markers import Markers, OffsetsMarker
from mockbroker.core.transactions.metadata import SUPPORTS_EPOCH_BUMP, TopicPartition, Transaction
from mockbroker.core.transactions.outcome import Answer, Outcome, Producer, known
from mockbroker.core.transactions.queries import Queries
from mockbroker.core.transactions.state_log import Shard, StateLog, Then
from mockbroker.core.transactions.states import TransactionState
from mockbroker.core.transactions.timeouts import Timeouts
from mockbroker.core.waiting import Pending
from protocol_specs.errors import ErrorCode, KafkaError

if TYPE_CHECKING:
    from mockbroker.config import Settings
    from mockbroker.core.cluster import Cluster
    from mockbroker.core.features import Features
    from mockbroker.core.nodes import Node
    from mockbroker.core.time import Clock
    from mockbroker.core.transactions.producer_ids import ProducerIds
    from mockbroker.core.waiting import Waiting

__all__ = ["TransactionCoordinator"]

_FENCE = TransactionState.PREPARE_EPOCH_FENCE


class TransactionCoordinator:
    """The coordinators of all brokers. What is asked names the broker that was asked.

    Args:
        end_offsets: ends a transaction in a partition of `__consumer_offsets`; None: as in any other partition.

    Attributes:
        log: who coordinates what.
        markers: writes the ends of transactions to their partitions.
        queries: list and describe.
    """

    def __init__(
        self,
        clock: Clock,
        waiting: Waiting,
        settings: Settings,
        cluster: Cluster,
        features: Features,
        producer_ids: ProducerIds,
        end_offsets: OffsetsMarker | None = None,
    ) -> None:
        self._clock = clock
        self._settings = settings
        self._producer_ids = producer_ids
        self.log = StateLog(clock, waiting, cluster, features)
        self.markers = Markers(clock, waiting, settings, cluster, self.log, end_offsets)
        self.queries = Queries(clock, self.log)
        self._timeouts = Timeouts(clock, settings, self.log, self.abort)
        self.log.on_change = self._timeouts.watch
        self.log.on_load = self.markers.resume
        cluster.leader_listeners.append(self.log.leader_changed)

    def find_coordinator(self, transactional_id: str, asked: Node | None = None) -> int:
        """Id of the broker that coordinates an id. Makes `__transaction_state` if need be.

        Args:
            asked: the broker that is asked, if that matters.

        Raises:
            KafkaError: COORDINATOR_NOT_AVAILABLE while nobody can.
        """
        return self.log.find_coordinator(transactional_id, asked)

    # InitProducerId

    def new_producer_id(self, node_id: int) -> int:
        """A producer id for a producer without a transactional id; its epoch is 0."""
        return self._producer_ids.generate(node_id)

    def init_producer_id(
        self,
        node_id: int,
        transactional_id: str,
        timeout_ms: int,
        expected: tuple[int, int] | None = None,
    ) -> Outcome | Pending:
        """Give a transactional producer its producer id and epoch, and fence whoever had the id before.

        Args:
            expected: producer id and epoch that the client has, if it says so.

        Returns:
            NOT_COORDINATOR, INVALID_REQUEST, INVALID_TRANSACTION_TIMEOUT, CONCURRENT_TRANSACTIONS, PRODUCER_FENCED,
            UNKNOWN_SERVER_ERROR, or NONE with producer id and epoch.
        """
        try:
            shard, transaction = self._to_init(node_id, transactional_id, timeout_ms)
            if transaction.metadata.state is TransactionState.ONGOING:
                _check_init(transaction, expected)
                return self._fence(shard, transaction)
            metadata = self._initialized(node_id, transaction, timeout_ms, expected)
        except KafkaError as error:
            return Outcome(error.code)
        return self._write(
            shard,
            transaction,
            metadata,
            Outcome(ErrorCode.NONE, metadata.producer_id, metadata.producer_epoch),
        )

    def _fence(self, shard: Shard, transaction: Transaction) -> Outcome | Pending:
        outcome = Pending()
        self.abort(
            shard,
            transaction,
            lambda code: outcome.settle(Outcome(code or ErrorCode.CONCURRENT_TRANSACTIONS)),
        )
        answer: Outcome | Pending = known(outcome)
        return answer

    def _write(
        self, shard: Shard, transaction: Transaction, metadata: steps.TransactionMetadata, written: Outcome
    ) -> Outcome | Pending:
        outcome = Pending()
        self.log.write(
            shard, transaction, metadata, lambda code: outcome.settle(Outcome(code) if code else written)
        )
        answer: Outcome | Pending = known(outcome)
        return answer

    def _to_init(self, node_id: int, transactional_id: str, timeout_ms: int) -> tuple[Shard, Transaction]:
        if not transactional_id:
            raise KafkaError(ErrorCode.INVALID_REQUEST)
        if not 0 < timeout_ms <= self._settings.for_broker(node_id)["transaction.max.timeout.ms"]:
            raise KafkaError(ErrorCode.INVALID_TRANSACTION_TIMEOUT)
        shard = self.log.shard_for(node_id, transactional_id)
        transaction = shard.transactions.get(transactional_id)
        if transaction is None:
            producer_id = self._producer_ids.generate(node_id)
            transaction = shard.transactions[transactional_id] = Transaction(
                steps.new_metadata(transactional_id, producer_id, timeout_ms, self._clock.now_ms)
            )
        return shard, transaction

    def _initialized(
        self, node_id: int, transaction: Transaction, timeout_ms: int, expected: tuple[int, int] | None
    ) -> steps.TransactionMetadata:
        _check_init(transaction, expected)
        metadata, now_ms = transaction.metadata, self._clock.now_ms
        if metadata.state in steps.PREPARED:
            raise KafkaError(ErrorCode.CONCURRENT_TRANSACTIONS)
        epoch = None if expected is None else expected[1]
        if steps.is_epoch_exhausted(metadata.producer_epoch) and epoch in (None, metadata.producer_epoch):
            return steps.rotate_producer_id(
                metadata,
                self._producer_ids.generate(node_id),
                timeout_ms,
                now_ms,
                keeps_last_epoch=epoch is not None,
            )
        return steps.increment_epoch(metadata, timeout_ms, epoch, now_ms)

    # AddPartitionsToTxn

    def add_partitions(
        self,
        node_id: int,
        producer: Producer,
        partitions: tuple[TopicPartition, ...],
        client_version: int,
    ) -> Outcome | Pending:
        """Make partitions part of the transaction, which begins with the first of them.

        Args:
            client_version: the transaction.version that the client speaks.

        Returns:
            INVALID_REQUEST, NOT_COORDINATOR, INVALID_PRODUCER_ID_MAPPING, PRODUCER_FENCED,
            CONCURRENT_TRANSACTIONS, or NONE.
        """
        try:
            shard, transaction = self._find(node_id, producer.transactional_id)
            metadata = transaction.metadata
            if transaction.pending is not None:
                raise KafkaError(ErrorCode.CONCURRENT_TRANSACTIONS)
            _check_producer(metadata, producer)
        except KafkaError as error:
            return Outcome(error.code)
        done = Outcome(ErrorCode.NONE)
        if metadata.state is TransactionState.ONGOING and set(partitions) <= set(metadata.partitions):
            return done
        grown = steps.add_partitions(metadata, partitions, client_version, self._clock.now_ms)
        return self._write(shard, transaction, grown, done)

    def verify_partitions(
        self, node_id: int, producer: Producer, partitions: tuple[TopicPartition, ...]
    ) -> dict[TopicPartition, ErrorCode]:
        """Whether partitions are part of the transaction: NONE, or TRANSACTION_ABORTABLE where one is not.

        Returns:
            For all of them INVALID_REQUEST, NOT_COORDINATOR, INVALID_PRODUCER_ID_MAPPING, PRODUCER_FENCED or
            CONCURRENT_TRANSACTIONS where the question itself is refused.
        """
        try:
            _, transaction = self._find(node_id, producer.transactional_id)
            metadata = transaction.metadata
            _check_producer(metadata, producer)
        except KafkaError as error:
            return dict.fromkeys(partitions, error.code)
        return {
            partition: ErrorCode.NONE if partition in metadata.partitions else ErrorCode.TRANSACTION_ABORTABLE
            for partition in partitions
        }

    def _find(self, node_id: int, transactional_id: str) -> tuple[Shard, Transaction]:
        if not transactional_id:
            raise KafkaError(ErrorCode.INVALID_REQUEST)
        shard = self.log.shard_for(node_id, transactional_id)
        transaction = shard.transactions.get(transactional_id)
        if transaction is None:
            raise KafkaError(ErrorCode.INVALID_PRODUCER_ID_MAPPING)
        return shard, transaction

    # EndTxn

    def end(
        self, node_id: int, producer: Producer, is_commit: bool, client_version: int
    ) -> Outcome | Pending:
        """Commit or abort the transaction.

        Args:
            client_version: the transaction.version that the client speaks.

        Returns:
            INVALID_REQUEST, NOT_COORDINATOR, INVALID_PRODUCER_ID_MAPPING, PRODUCER_FENCED, CONCURRENT_TRANSACTIONS,
            INVALID_TXN_STATE, or NONE; with epoch bumps also the producer id and epoch to go on with.
        """
        try:
            shard, transaction = self._find(node_id, producer.transactional_id)
        except KafkaError as error:
            return Outcome(error.code)
        outcome = Pending()
        ending = _Ending(shard, transaction, client_version, True, outcome.settle)
        self._end(ending, producer.producer_id, producer.producer_epoch, is_commit)
        answer: Outcome | Pending = known(outcome)
        return answer

    def abort(self, shard: Shard, transaction: Transaction, then: Then = lambda code: None) -> None:
        """Abort an ongoing transaction under a higher epoch, which fences its producer."""
        epoch = steps.fenced_epoch(transaction)
        transaction.pending = _FENCE
        ending = _Ending(
            shard, transaction, self.log.transaction_version, False, lambda outcome: then(outcome.code)
        )
        self._end(ending, transaction.metadata.producer_id, epoch, False)

    def _end(self, ending: _Ending, producer_id: int, epoch: int, is_commit: bool) -> None:
        transaction, bumps = ending.transaction, ending.client_version >= SUPPORTS_EPOCH_BUMP
        judge = judge_end_v2 if bumps else judge_end
        verdict = judge(
            transaction, producer_id, epoch, is_commit=is_commit, is_from_client=ending.is_from_client
        )
        metadata = transaction.metadata
        if isinstance(verdict, ErrorCode):
            known = bumps and verdict is ErrorCode.NONE
            ending.answer(
                Outcome(verdict, metadata.producer_id, metadata.producer_epoch) if known else Outcome(verdict)
            )
            return
        next_producer_id = steps.NO_PRODUCER_ID
        if bumps and steps.is_epoch_exhausted(metadata.producer_epoch):
            next_producer_id = self._producer_ids.generate(ending.shard.node_id)
        if not bumps and transaction.pending is _FENCE:
            # Without epoch bumps nothing but this raises the epoch, and it stays raised if the write fails.
            ending.is_v1_fence = True
            metadata = metadata._replace(producer_epoch=epoch, last_producer_epoch=steps.NO_EPOCH)
            transaction.metadata = metadata
        version = ending.client_version if bumps else 0
        prepared = steps.prepare_end(metadata, verdict, version, next_producer_id, self._clock.now_ms)
        self.log.write(ending.shard, transaction, prepared, lambda code: self._prepared(ending, code))

    def _prepared(self, ending: _Ending, code: ErrorCode) -> None:
        transaction = ending.transaction
        if code:
            transaction.has_failed_fence = transaction.has_failed_fence or ending.is_v1_fence
            ending.answer(Outcome(code))
            return
        transaction.has_failed_fence = False
        completed = steps.complete(transaction.metadata, self._clock.now_ms)
        transaction.pending = completed.state
        if ending.client_version >= SUPPORTS_EPOCH_BUMP:
            ending.answer(Outcome(ErrorCode.NONE, completed.producer_id, completed.producer_epoch))
        else:
            ending.answer(Outcome(ErrorCode.NONE))
        self.markers.write_all(ending.shard, transaction, completed)


class _Ending:
    """One EndTxn on its way."""

    __slots__ = ("answer", "client_version", "is_from_client", "is_v1_fence", "shard", "transaction")

    def __init__(
        self,
        shard: Shard,
        transaction: Transaction,
        client_version: int,
        is_from_client: bool,
        answer: Answer,
    ) -> None:
        self.shard = shard
        self.transaction = transaction
        self.client_version = client_version
        self.is_from_client = is_from_client
        self.answer = answer
        self.is_v1_fence = False


def _check_init(transaction: Transaction, expected: tuple[int, int] | None) -> None:
    """Refuse InitProducerId while a step is under way, and from a producer that another one has replaced."""
    if transaction.pending is not None:
        raise KafkaError(ErrorCode.CONCURRENT_TRANSACTIONS)
    if expected is None:
        return
    metadata, (producer_id, epoch) = transaction.metadata, expected
    is_new = metadata.producer_epoch == steps.NO_EPOCH
    is_retry = producer_id == metadata.previous_producer_id and steps.is_epoch_exhausted(epoch)
    if not is_new and producer_id != metadata.producer_id and not is_retry:
        raise KafkaError(ErrorCode.PRODUCER_FENCED)


def _check_producer(metadata: steps.TransactionMetadata, producer: Producer) -> None:
    if metadata.producer_id != producer.producer_id:
        raise KafkaError(ErrorCode.INVALID_PRODUCER_ID_MAPPING)
    if metadata.producer_epoch != producer.producer_epoch:
        raise KafkaError(ErrorCode.PRODUCER_FENCED)
    if metadata.state in steps.PREPARED:
        raise KafkaError(ErrorCode.CONCURRENT_TRANSACTIONS)
