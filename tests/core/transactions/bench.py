"""A cluster with its transaction coordinator on a told clock, a producer's steps, and a read_committed reader."""

from __future__ import annotations

from typing import Any

from mockbroker.config import Settings
from mockbroker.core.assembly import Core
from mockbroker.core.replica import Isolation
from mockbroker.core.replicas import Partition
from mockbroker.core.transactions.metadata import TopicPartition, TransactionMetadata
from mockbroker.core.transactions.outcome import Outcome, Producer
from mockbroker.core.transactions.states import TransactionState
from mockbroker.core.transactions.verification import Demand
from mockbroker.core.waiting import Pending
from protocol_specs.errors import ErrorCode, KafkaError
from protocol_specs.record_batch import Record, build_batch, parse_end_txn_marker, parse_header, records_of

START = 1_700_000_000.0
START_MS = int(START * 1000)
TX = "tx"
TIMEOUT_MS = 60_000


class Bench:
    """A cluster with the topics orders (3 partitions) and payments (1), and shorthands.

    Args:
        transaction_version: the finalized level of the feature.
        settings: with underscores for dots.
    """

    def __init__(self, brokers: int = 1, *, transaction_version: int = 2, **settings: Any) -> None:
        given: dict[str, Any] = {
            "transaction_state_log_num_partitions": 3,
            "offsets_topic_num_partitions": 2,
            "default_replication_factor": min(brokers, 3),
        }
        static = {name.replace("_", "."): str(value) for name, value in (given | settings).items()}
        self.core = Core(Settings(static), now=START, brokers=brokers, seed=1)
        self.core.features.finalized["transaction.version"] = transaction_version
        self.clock, self.cluster = self.core.clock, self.core.cluster
        self.transactions = self.core.transactions
        self.cluster.create_topic("orders", partitions=3)
        self.cluster.create_topic("payments", partitions=1)
        self.coordinator = self.transactions.find_coordinator(TX)

    # The coordinator.

    def result(self, answer: Any) -> Any:
        """An answer that must be there."""
        self.core.waiting.flush()
        if isinstance(answer, Pending):
            assert answer.is_settled
            return answer.reply
        return answer

    def init(
        self, name: str = TX, *, timeout_ms: int = TIMEOUT_MS, expected: tuple[int, int] | None = None
    ) -> Outcome:
        node_id = self.transactions.find_coordinator(name)
        outcome: Outcome = self.result(
            self.transactions.init_producer_id(node_id, name, timeout_ms, expected)
        )
        return outcome

    def producer(self, name: str = TX) -> Producer:
        """A producer that was just initialized, however often that takes."""
        while (outcome := self.init(name)).code is ErrorCode.CONCURRENT_TRANSACTIONS:
            pass
        assert outcome.code is ErrorCode.NONE
        return Producer(name, outcome.producer_id, outcome.producer_epoch)

    def add(self, producer: Producer, *partitions: TopicPartition, version: int = 2) -> ErrorCode:
        node_id = self.transactions.find_coordinator(producer.transactional_id)
        outcome: Outcome = self.result(
            self.transactions.add_partitions(node_id, producer, partitions or (("orders", 0),), version)
        )
        return outcome.code

    def end(self, producer: Producer, commit: bool = True, version: int = 2) -> Outcome:
        node_id = self.transactions.find_coordinator(producer.transactional_id)
        outcome: Outcome = self.result(self.transactions.end(node_id, producer, commit, version))
        return outcome

    def metadata(self, name: str = TX) -> TransactionMetadata:
        return self.transactions.queries.describe(self.transactions.find_coordinator(name), name)

    def state(self, name: str = TX) -> TransactionState:
        return self.metadata(name).state

    def set_epoch(self, epoch: int, name: str = TX) -> Producer:
        """Put a transactional id at an epoch that would take long to reach."""
        log = self.transactions.log
        shard = log.shard_for(self.transactions.find_coordinator(name), name)
        transaction = shard.transactions[name]
        metadata = transaction.metadata._replace(producer_epoch=epoch)
        codes: list[ErrorCode] = []
        log.write(shard, transaction, metadata, codes.append)
        assert codes == [ErrorCode.NONE]
        return Producer(name, metadata.producer_id, epoch)

    # Partitions.

    def partition(self, topic: str = "orders", index: int = 0) -> Partition:
        return self.cluster.partition(topic, index)

    def produce(
        self,
        producer: Producer,
        value: bytes = b"v",
        *,
        topic: str = "orders",
        index: int = 0,
        sequence: int = 0,
        demand: Demand = Demand.ADD_PARTITION,
    ) -> ErrorCode:
        """Append one transactional record as Produce does: verified, then written."""
        partition = self.partition(topic, index)
        node = self.cluster.nodes[partition.leader]
        verdicts = self.result(self.core.verifier.check(node, producer, {partition: sequence}, demand))
        guard = verdicts.get(partition)
        if isinstance(guard, ErrorCode):
            return guard
        batch = build_batch(
            [Record(timestamp_ms=self.clock.now_ms, value=value)],
            producer_id=producer.producer_id,
            producer_epoch=producer.producer_epoch,
            base_sequence=sequence,
            is_transactional=True,
        )
        try:
            partition.append(memoryview(batch), at=node.id, guard=guard)
        except KafkaError as error:
            return error.code
        return ErrorCode.NONE

    def read_committed(self, topic: str = "orders", index: int = 0) -> list[bytes | None]:
        """The values that a read_committed consumer sees, by the rules by which consumers read."""
        partition = self.partition(topic, index)
        values: list[bytes | None] = []
        offset = partition.log_start_offset
        while offset < partition.last_stable_offset:
            read = partition.read(offset, max_bytes=2**31 - 1, isolation=Isolation.READ_COMMITTED)
            aborted = sorted(read.aborted or (), key=lambda one: one[1])
            ignored: set[int] = set()
            for view in read.views:
                header = parse_header(view)
                while aborted and aborted[0][1] <= header.last_offset:
                    ignored.add(aborted.pop(0)[0])
                if header.is_control:
                    ignored.discard(header.producer_id)
                elif not header.is_transactional or header.producer_id not in ignored:
                    values += [record.value for record in records_of(view)]
                offset = header.last_offset + 1
        return values

    def markers(self, topic: str = "orders", index: int = 0) -> list[tuple[int, int, bool]]:
        """Producer id, epoch, and whether it commits, of each marker in a partition."""
        found = []
        for batch in self.partition(topic, index).log.batches():
            if batch.is_control:
                marker = parse_end_txn_marker(records_of(batch.view)[0])
                assert marker is not None
                found.append((batch.producer_id, batch.producer_epoch, marker.is_commit))
        return found
