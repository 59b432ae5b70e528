"""How the leader of a partition makes sure that a transactional batch belongs to an open transaction (KIP-890).

Rules kept here (`ReplicaManager.maybeSendPartitionsToTransactionCoordinator`, `AddPartitionsToTxnManager`):

- Only the first batch of a transaction in a partition is asked about; the rest follows from the log.
- For clients with epoch bumps (Produce 12, TxnOffsetCommit 5) the leader adds the partition to the transaction itself;
  for older ones it asks whether the client did, and refuses the batch if not.
- A coordinator that is still ending the transaction before is asked again for a short while, for those who add.
- The guard that verification gives must be shown with the append, so that a marker which comes between ends it.
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import Enum
from typing import TYPE_CHECKING, Any, Final

from mockbroker.core.producer_state import Verification
from mockbroker.core.topics import TRANSACTION_STATE
from mockbroker.core.transactions.metadata import SUPPORTS_EPOCH_BUMP
from mockbroker.core.transactions.outcome import Outcome, Producer, known
from mockbroker.core.waiting import NOT_YET, Pending
from protocol_specs.errors import ErrorCode, KafkaError

if TYPE_CHECKING:
    from mockbroker.config import Settings
    from mockbroker.core.cluster import Cluster
    from mockbroker.core.nodes import Node
    from mockbroker.core.replicas import Partition
    from mockbroker.core.time import Clock
    from mockbroker.core.transactions.coordinator import TransactionCoordinator
    from mockbroker.core.waiting import Waiting

__all__ = [
    "BaseSequences",
    "Demand",
    "Verdicts",
    "Verifier",
    "produce_demand",
    "produce_refusal",
    "txn_offset_commit_demand",
]


class Demand(Enum):
    """What a client's version asks for (`TransactionSupportedOperation`)."""

    #: verify; the client does not know TRANSACTION_ABORTABLE.
    VERIFY_ONLY_OLD_CODES = 0
    VERIFY_ONLY = 1
    ADD_PARTITION = 2


#: By partition the sequence of the first record that is to be appended; -1 for offsets.
BaseSequences = Mapping["Partition", int]
#: By partition the guard to append with, or why not to append; nothing where no guard is needed.
Verdicts = dict["Partition", Verification | ErrorCode]

_ENABLE: Final = "transaction.partition.verification.enable"
_RETRY_FOR: Final = "add.partitions.to.txn.retry.backoff.max.ms"

#: Codes that older clients would not retry rightly; NOT_ENOUGH_REPLICAS makes them, without a metadata refresh.
_HIDDEN: Final = frozenset(
    {
        ErrorCode.NETWORK_EXCEPTION,
        ErrorCode.COORDINATOR_LOAD_IN_PROGRESS,
        ErrorCode.COORDINATOR_NOT_AVAILABLE,
        ErrorCode.NOT_COORDINATOR,
    }
)


def produce_demand(version: int) -> Demand:
    """What a Produce of this version asks for."""
    if version >= 12:
        return Demand.ADD_PARTITION
    return Demand.VERIFY_ONLY if version == 11 else Demand.VERIFY_ONLY_OLD_CODES


def txn_offset_commit_demand(version: int) -> Demand:
    """What a TxnOffsetCommit of this version asks for."""
    if version >= 5:
        return Demand.ADD_PARTITION
    return Demand.VERIFY_ONLY if version == 4 else Demand.VERIFY_ONLY_OLD_CODES


def produce_refusal(code: ErrorCode, demand: Demand) -> tuple[ErrorCode, str | None]:
    """The code, and the text if there is one, with which Produce answers a verdict."""
    if code is ErrorCode.INVALID_TXN_STATE:
        return code, "Partition was not added to the transaction"
    is_hidden = code in _HIDDEN or (
        code is ErrorCode.CONCURRENT_TRANSACTIONS and demand is not Demand.ADD_PARTITION
    )
    if not is_hidden:
        return code, None
    return (
        ErrorCode.NOT_ENOUGH_REPLICAS,
        f"Unable to verify the partition has been added to the transaction. Underlying error: {code.name}",
    )


class _Adding:
    """A request that adds partitions to a transaction, until the coordinator has let it or time is up."""

    __slots__ = ("base_sequences", "deadline", "node", "producer", "verdicts")

    def __init__(
        self, node: Node, producer: Producer, base_sequences: BaseSequences, deadline: float
    ) -> None:
        self.node = node
        self.producer = producer
        self.base_sequences = base_sequences
        self.deadline = deadline
        self.verdicts = Pending()


class Verifier:
    """Asks the coordinators in the name of the partitions' leaders."""

    def __init__(
        self,
        clock: Clock,
        waiting: Waiting,
        settings: Settings,
        cluster: Cluster,
        coordinator: TransactionCoordinator,
    ) -> None:
        self._clock = clock
        self._waiting = waiting
        self._settings = settings
        self._cluster = cluster
        self._coordinator = coordinator

    def check(
        self, node: Node, producer: Producer, base_sequences: BaseSequences, demand: Demand
    ) -> Verdicts | Pending:
        """Verify or add the partitions that need it.

        Args:
            node: the broker that was asked. Partitions that it does not lead are left out.
        """
        if demand is not Demand.ADD_PARTITION:
            return self._verify(node, producer, base_sequences, demand) if self._settings[_ENABLE] else {}
        verdicts, asked = self._begin(node, producer, base_sequences, True)
        if not asked:
            return verdicts
        longest_ms = min(self._settings[_RETRY_FOR], self._settings["request.timeout.ms"])
        adding = _Adding(node, producer, base_sequences, self._clock.now + longest_ms / 1000)
        self._ask_to_add(adding, verdicts, asked)
        answer: Verdicts | Pending = known(adding.verdicts)
        return answer

    def _begin(
        self, node: Node, producer: Producer, base_sequences: BaseSequences, supports_epoch_bump: bool
    ) -> tuple[Verdicts, list[Partition]]:
        """The guards, and the partitions about which the coordinator is to be asked."""
        verdicts: Verdicts = {}
        asked = []
        for partition, sequence in base_sequences.items():
            replica = partition.copies.get(node.id)
            if replica is None or not replica.is_leader:
                continue
            try:
                guard = replica.log.producers.start_verification(
                    producer.producer_id,
                    sequence,
                    producer.producer_epoch,
                    supports_epoch_bump,
                    self._clock.now_ms,
                )
            except KafkaError as error:
                verdicts[partition] = error.code
                continue
            if guard is not None:
                verdicts[partition] = guard
                asked.append(partition)
        return verdicts, asked

    def _coordinator_of(self, node: Node, transactional_id: str) -> int:
        topic = self._cluster.topics.get(TRANSACTION_STATE)
        if topic is not None:
            index = self._coordinator.log.partition_index(transactional_id)
            leader = self._cluster.nodes.get(topic.partitions[index].known_to(node).leader)
            if leader is not None and not leader.is_fenced:
                if leader is not node and not (leader.is_connected and node.is_connected):
                    raise KafkaError(ErrorCode.NETWORK_EXCEPTION)
                return leader.id
        raise KafkaError(ErrorCode.COORDINATOR_NOT_AVAILABLE)

    def _verify(
        self, node: Node, producer: Producer, base_sequences: BaseSequences, demand: Demand
    ) -> Verdicts:
        verdicts, asked = self._begin(node, producer, base_sequences, False)
        if not asked:
            return verdicts
        names = {(partition.topic.name, partition.index): partition for partition in asked}
        try:
            coordinator_id = self._coordinator_of(node, producer.transactional_id)
            codes = self._coordinator.verify_partitions(coordinator_id, producer, tuple(names))
        except KafkaError as error:
            codes = dict.fromkeys(names, error.code)
        for name, code in codes.items():
            if code:
                verdicts[names[name]] = _as_verdict(code, demand)
        return verdicts

    def _add(self, adding: _Adding) -> None:
        verdicts, asked = self._begin(adding.node, adding.producer, adding.base_sequences, True)
        if asked:
            self._ask_to_add(adding, verdicts, asked)
        else:
            adding.verdicts.settle(verdicts)

    def _ask_to_add(self, adding: _Adding, verdicts: Verdicts, asked: list[Partition]) -> None:
        def answered(outcome: Outcome) -> None:
            code = _as_verdict(outcome.code, Demand.ADD_PARTITION)
            if code is ErrorCode.CONCURRENT_TRANSACTIONS and self._clock.now < adding.deadline:
                self._add_later(adding)
                return
            if code:
                verdicts.update(dict.fromkeys(asked, code))
            adding.verdicts.settle(verdicts)

        try:
            outcome = self._coordinator.add_partitions(
                self._coordinator_of(adding.node, adding.producer.transactional_id),
                adding.producer,
                tuple((partition.topic.name, partition.index) for partition in asked),
                SUPPORTS_EPOCH_BUMP,
            )
        except KafkaError as error:
            outcome = Outcome(error.code)
        if isinstance(outcome, Pending):
            outcome.then(answered)
        else:
            answered(outcome)

    def _add_later(self, adding: _Adding) -> None:
        """Ask again when the transaction has come to rest, or a last time at the deadline."""
        transaction = self._coordinator.log.find(adding.producer.transactional_id)
        is_waiting = False

        def attempt(last: bool) -> Any:
            nonlocal is_waiting
            if last or is_waiting:
                return True
            is_waiting = True
            return NOT_YET

        at_most = adding.deadline - self._clock.now
        pending: Pending = self._waiting.wait(attempt, on=(transaction,), at_most=at_most)
        pending.on_settled = lambda: self._add(adding)


def _as_verdict(code: ErrorCode, demand: Demand) -> ErrorCode:
    """What the coordinator's code means to a producer."""
    if code is ErrorCode.PRODUCER_FENCED:
        return ErrorCode.INVALID_PRODUCER_EPOCH
    if code is ErrorCode.TRANSACTION_ABORTABLE and demand is Demand.VERIFY_ONLY_OLD_CODES:
        return ErrorCode.INVALID_TXN_STATE
    return code
