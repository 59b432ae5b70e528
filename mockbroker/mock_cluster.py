"""What a test holds in its hands: a Kafka cluster that starts in a moment and is gone at the end of a block.

    with MockCluster(brokers=3, topics={"orders": 6}) as kafka:
        producer = KafkaProducer(bootstrap_servers=kafka.bootstrap_servers)

`MockCluster` runs in a background thread and may be used from any thread; `trio_cluster.open_cluster` is the same
inside a trio program.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from types import TracebackType
from typing import TYPE_CHECKING, Any, TypeVar

from mockbroker.control.commands import config_texts, topic_specs
from mockbroker.control.views import (
    ConnectionState,
    GroupState,
    Member,
    MetricsPush,
    OffsetAndMetadata,
    PartitionState,
    ProducerState,
    Record,
    TransactionState,
)
from mockbroker.control.waits import DEFAULT_TIMEOUT, Wait, Waits
from mockbroker.handles import BrokerHandle, ClockHandle, FaultHandle, JournalHandle
from mockbroker.server.cluster import ServedCluster
from mockbroker.server.thread import BackgroundServer
from mockbroker.server.waits import wait_in_thread
from mockbroker.steering import Steering

if TYPE_CHECKING:
    from mockbroker.control.exchange import Exchange

__all__ = [
    "BrokerHandle",
    "ClockHandle",
    "Cluster",
    "ConnectionState",
    "FaultHandle",
    "GroupState",
    "JournalHandle",
    "Member",
    "MetricsPush",
    "MockCluster",
    "OffsetAndMetadata",
    "PartitionState",
    "ProducerState",
    "Record",
    "TransactionState",
]

_T = TypeVar("_T")
Text = bytes | str | None


class Cluster(Steering):
    """What `MockCluster` and `TrioCluster` have in common.

    Args:
        brokers: how many; their ids count up from 1, or from config's `node.id`.
        topics: to be created at start: names with numbers of partitions, or names only.
        config: broker configs by Kafka's names; values may be numbers and booleans.
        racks: the brokers' racks, in order.
        host: where they listen; "localhost" is 127.0.0.1 and ::1.
        port: the first one's, from which the others' count up; 0: free ones.
        seed: of ids and all that is random.
        telemetry: whether clients are asked for their metrics (KIP-714): those of the client-metrics subscriptions.
        emulate: the release of Kafka to be: one of `mockbroker.releases.RELEASES`, from "0.11" to "4.3", the default.
        memory_limit: how many bytes of records all logs may hold together. Beyond it, what retention and compaction no
            longer keep goes at once; where that is not enough, producers get KAFKA_STORAGE_ERROR.
        journal: whether to keep what was asked and answered, at about a microsecond for each request.

    Raises:
        ConfigError: a config that Kafka does not have, or whose value it does not allow.
        CannotListen: a port is taken, or the host is not of this machine.
        KafkaError: a topic cannot be created.
        ValueError: no brokers, more racks than brokers, or a memory limit below 1.
    """

    def __init__(
        self,
        *,
        brokers: int = 1,
        topics: Mapping[str, int] | Iterable[str] = (),
        config: Mapping[str, Any] | None = None,
        racks: Sequence[str] = (),
        host: str = "127.0.0.1",
        port: int = 0,
        seed: int | None = None,
        telemetry: bool = False,
        emulate: str | None = None,
        memory_limit: int | None = None,
        journal: bool = True,
    ) -> None:
        wanted = topic_specs(topics)
        self._served = ServedCluster(
            brokers=brokers,
            racks=racks,
            host=host,
            port=port,
            config=config_texts(config or {}),
            seed=seed,
            telemetry=telemetry,
            emulate=emulate,
            memory_limit=memory_limit,
            journal=journal,
        )
        control = self._served.control
        self._commands, self._inspection = control.commands, control.inspection
        try:
            for topic in wanted:
                self._commands.create_topic(*topic, {})
            control.begin()
        except BaseException:
            self._served.server.close_all()
            raise

    @property
    def bootstrap_servers(self) -> str:
        """Where clients find the brokers: "127.0.0.1:41033,127.0.0.1:41035"."""
        return self._served.bootstrap_servers

    @property
    def control_url(self) -> str:
        """Where it can be controlled over HTTP: "http://127.0.0.1:41039". The control plane starts on first use."""
        from mockbroker.server.http.listener import control_url

        return self._call(lambda: control_url(self._served))

    @property
    def cluster_id(self) -> str:
        return self._served.core.cluster.cluster_id

    def create_topic(
        self,
        name: str,
        partitions: int = -1,
        replication_factor: int = -1,
        config: Mapping[str, Any] | None = None,
    ) -> None:
        """Create a topic; -1 means the brokers' default.

        Raises:
            KafkaError: as CreateTopics would answer.
        """
        self._call(lambda: self._commands.create_topic(name, partitions, replication_factor, config or {}))

    def delete_topic(self, name: str) -> None:
        """
        Raises:
            KafkaError: UNKNOWN_TOPIC_OR_PARTITION.
        """
        self._call(lambda: self._commands.delete_topic(name))

    def topics(self) -> dict[str, int]:
        """The number of partitions of each topic, by name, without internal topics."""
        return self._call(self._commands.topics)

    def partition(self, topic: str, partition: int) -> PartitionState:
        """Leader, replicas and offsets of a partition.

        Raises:
            KafkaError: UNKNOWN_TOPIC_OR_PARTITION.
        """
        return self._call(lambda: self._commands.partition(topic, partition))

    def produce(
        self,
        topic: str,
        value: Text = None,
        key: Text = None,
        headers: Sequence[tuple[str, Text]] = (),
        partition: int | None = None,
        timestamp_ms: int | None = None,
    ) -> Record:
        """Append a record as a producer with acks=all would. Text is encoded in UTF-8.

        Args:
            partition: None: the one that the key belongs to, and without a key each in its turn.
            timestamp_ms: milliseconds since the epoch; None: now.

        Returns:
            The record as it is in the log.

        Raises:
            KafkaError: as Produce would answer.
        """
        encoded = [(name, _encoded(header)) for name, header in headers]
        return self._call(
            lambda: self._commands.produce(
                topic, _encoded(value), _encoded(key), encoded, partition, timestamp_ms
            )
        )

    def records(self, topic: str, partition: int | None = None) -> list[Record]:
        """The records of a topic, each partition from its log start to its leader's high watermark.

        Raises:
            KafkaError: UNKNOWN_TOPIC_OR_PARTITION, or NOT_LEADER_OR_FOLLOWER for a partition without a leader.
        """
        return self._call(lambda: self._commands.records(topic, partition))

    def committed(self, group_id: str) -> dict[tuple[str, int], OffsetAndMetadata]:
        """The committed offsets of a group, by topic and partition."""
        return self._call(lambda: self._inspection.committed(group_id))

    def client_metrics(self) -> list[MetricsPush]:
        """What clients pushed of their metrics, oldest first; at most the last thousand pushes.

        Raises:
            ValueError: a client pushed what is no OpenTelemetry metrics message.
        """
        return self._call(self._inspection.client_metrics)

    def group(self, group_id: str) -> GroupState:
        """State, generation, members and assignment of a group; its state is "Dead" where there is none."""
        return self._call(lambda: self._inspection.group(group_id))

    def groups(self) -> list[GroupState]:
        """All groups, by their names."""
        return self._call(self._inspection.groups)

    def lag(self, group_id: str) -> dict[tuple[str, int], int]:
        """How many offsets a group is behind, for each topic and partition in which it has committed."""
        return self._call(lambda: self._inspection.lag(group_id))

    def producers(self, topic: str, partition: int) -> list[ProducerState]:
        """The idempotent producers that a partition knows.

        Raises:
            KafkaError: UNKNOWN_TOPIC_OR_PARTITION.
        """
        return self._call(lambda: self._inspection.producers(topic, partition))

    def transactions(self) -> list[TransactionState]:
        """All transactional ids, by their names."""
        return self._call(self._inspection.transactions)

    def connections(self) -> list[ConnectionState]:
        """Who is connected, in the order in which they came."""
        return self._call(self._inspection.connections)


class MockCluster(Cluster):
    """A Kafka cluster in a background thread. Safe to use from any thread; any number may live side by side.

    It runs from the moment it is made until `stop`, or the end of a `with` block. See `Cluster` for the arguments.

    Each `wait_until_...` blocks for `timeout` seconds of real time at most, and raises `WaitTimeout` then.
    """

    def __init__(self, **options: Any) -> None:
        super().__init__(**options)
        self._background = BackgroundServer(self._served.server)

    def __enter__(self) -> MockCluster:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """
        Raises:
            FaultNeverFired: a fault that is required did not, and no other exception is on its way.
        """
        try:
            if kind is None and self.is_running:
                self.check_faults()
        finally:
            self.stop()

    @property
    def is_running(self) -> bool:
        """Whether it was not stopped, and belongs to this process."""
        return self._background.is_running

    def stop(self) -> None:
        """Close everything. Harmless when it has stopped already."""
        self._background.stop()

    def wait_until_group(
        self,
        group_id: str,
        *,
        state: str | None = None,
        members: int | None = None,
        type: str | None = None,
        timeout: float = DEFAULT_TIMEOUT,
    ) -> GroupState:
        """Until a group is in a state ("Stable"), has so many members, and is of a type ("classic", "consumer")."""
        found: GroupState = self._wait(
            self._waits.group(group_id, state=state, members=members, type=type), timeout
        )
        return found

    def wait_until_committed(
        self,
        group_id: str,
        topic: str,
        *,
        to: int | str = "end",
        partition: int | None = None,
        timeout: float = DEFAULT_TIMEOUT,
    ) -> dict[tuple[str, int], OffsetAndMetadata]:
        """Until a group has committed to an offset, or the end, in one partition or in all that have records."""
        found: dict[tuple[str, int], OffsetAndMetadata] = self._wait(
            self._waits.committed(group_id, topic, to=to, partition=partition), timeout
        )
        return found

    def wait_until_requests(
        self, count: int, *, timeout: float = DEFAULT_TIMEOUT, **conditions: Any
    ) -> list[Exchange]:
        """Until so many requests were seen in all; `conditions` as for `journal`."""
        found: list[Exchange] = self._wait(self._waits.requests(count, **conditions), timeout)
        return found

    def wait_until_records(
        self, topic: str, count: int, *, partition: int | None = None, timeout: float = DEFAULT_TIMEOUT
    ) -> list[Record]:
        """Until a topic, or one partition, holds so many records."""
        found: list[Record] = self._wait(self._waits.records(topic, count, partition=partition), timeout)
        return found

    def wait_until_connections(
        self,
        *,
        at_least: int | None = None,
        at_most: int | None = None,
        client_id: str | None = None,
        broker: int | None = None,
        timeout: float = DEFAULT_TIMEOUT,
    ) -> list[ConnectionState]:
        """Until so many connections are open; `client_id` may have `*` and `?`."""
        wait = self._waits.connections(at_least=at_least, at_most=at_most, client_id=client_id, broker=broker)
        found: list[ConnectionState] = self._wait(wait, timeout)
        return found

    def wait_until_transaction(
        self, transactional_id: str, *, state: str, timeout: float = DEFAULT_TIMEOUT
    ) -> TransactionState:
        """Until a transactional id is in a state: "Ongoing", "CompleteCommit", "CompleteAbort" ..."""
        found: TransactionState = self._wait(self._waits.transaction(transactional_id, state=state), timeout)
        return found

    def wait_until_partition(
        self,
        topic: str,
        partition: int,
        *,
        isr: list[int] | int | None = None,
        leader: int | None = None,
        high_watermark: int | None = None,
        timeout: float = DEFAULT_TIMEOUT,
    ) -> PartitionState:
        """Until a partition has these in-sync replicas, or so many, this leader, this high watermark at least."""
        wait = self._waits.partition(topic, partition, isr=isr, leader=leader, high_watermark=high_watermark)
        found: PartitionState = self._wait(wait, timeout)
        return found

    @property
    def _waits(self) -> Waits:
        return self._served.control.waits

    def _wait(self, wait: Wait, timeout: float) -> Any:
        return wait_in_thread(self._background, self._served.control, wait, timeout)

    def _call(self, function: Callable[[], _T]) -> _T:
        return self._background.call(function)


def _encoded(text: Text) -> bytes | None:
    return text.encode() if isinstance(text, str) else text
