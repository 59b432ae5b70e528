"""What a test holds in its hands: a Kafka cluster that starts in a moment and is gone at the end of a block.

    with MockCluster(brokers=3, topics={"orders": 6}) as kafka:
        producer = KafkaProducer(bootstrap_servers=kafka.bootstrap_servers)

`MockCluster` runs in a background thread and may be used from any thread; `open_cluster` is the same inside a trio
program.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Iterable, Mapping, Sequence
from contextlib import asynccontextmanager
from types import TracebackType
from typing import TYPE_CHECKING, Any, TypeVar

from mockbroker.control.commands import Commands, config_texts, topic_specs
from mockbroker.control.views import (
    GroupState,
    Member,
    MetricsPush,
    OffsetAndMetadata,
    PartitionState,
    Record,
)
from mockbroker.core import brokers as core_brokers
from mockbroker.server.cluster import ServedCluster
from mockbroker.server.server import serving
from mockbroker.server.thread import BackgroundServer

__all__ = [
    "BrokerHandle",
    "ClockHandle",
    "Cluster",
    "GroupState",
    "Member",
    "MetricsPush",
    "MockCluster",
    "NotAvailableYet",
    "OffsetAndMetadata",
    "PartitionState",
    "Record",
    "open_cluster",
]

_T = TypeVar("_T")
Text = bytes | str | None

#: Names that are promised and not built yet.
_PROMISED = frozenset(
    {
        "control_url",
        "fault",
        "journal",
        "reset",
        "restore",
        "snapshot",
        "wait_until_committed",
        "wait_until_group",
        "wait_until_requests",
    }
)


class NotAvailableYet(RuntimeError):
    """Something that is promised, and that this version does not have."""


class BrokerHandle:
    """One broker of a cluster. Its methods return when the controller has acted and Metadata shows it."""

    def __init__(self, cluster: Cluster, broker_id: int) -> None:
        self._cluster = cluster
        self.id = broker_id

    def stop(self) -> None:
        """Shut it down in a controlled way: leaders move away, its ports close."""
        self._cluster._call(lambda: self._cluster._served.stop_broker(self.id))

    def kill(self) -> None:
        """End it without warning: its connections are reset."""
        self._cluster._call(lambda: self._cluster._served.kill_broker(self.id))

    def start(self) -> None:
        """Start it again, on its port and with its logs.

        Raises:
            AddressInUse: somebody else has taken the port.
        """
        self._cluster._call(lambda: self._cluster._served.start_broker(self.id))

    def isolate(self) -> None:
        """Cut it off from the other brokers and the controller, which miss it after the session timeout."""
        self._cluster._on_core(lambda core: core_brokers.isolate(core.cluster, self.id))

    def heal(self) -> None:
        """End the isolation."""
        self._cluster._on_core(lambda core: core_brokers.heal(core.cluster, self.id))


class ClockHandle:
    """The brokers' time. It follows real time until it is paused; clients' own time is not touched."""

    def __init__(self, cluster: Cluster) -> None:
        self._cluster = cluster

    @property
    def now(self) -> float:
        """Seconds since the epoch."""
        return self._cluster._call(lambda: self._cluster._served.core.clock.now)

    def pause(self) -> None:
        """Stop the brokers' time where it is."""
        self._cluster._call(lambda: self._cluster._served.server.timekeeper.pause())

    def resume(self) -> None:
        """Let it go on from where it stands."""
        self._cluster._call(lambda: self._cluster._served.server.timekeeper.resume())

    def advance(self, seconds: float) -> None:
        """Let `seconds` pass at once, paused or not. All that becomes due meanwhile has happened on return.

        Raises:
            ValueError: time cannot go back.
        """
        self._cluster._call(lambda: self._cluster._served.server.timekeeper.advance(seconds))


class Cluster:
    """What `MockCluster` and `open_cluster` have in common.

    Args:
        brokers: how many; their ids count up from 1, or from config's `node.id`.
        topics: to be created at start: names with numbers of partitions, or names only.
        config: broker configs by Kafka's names; values may be numbers and booleans.
        racks: the brokers' racks, in order.
        host: where they listen; "localhost" is 127.0.0.1 and ::1.
        port: the first one's, from which the others' count up; 0: free ones.
        seed: of ids and all that is random.
        telemetry: whether clients are asked for their metrics (KIP-714): those of the client-metrics subscriptions.

    Raises:
        ConfigError: a config that Kafka does not have, or whose value it does not allow.
        CannotListen: a port is taken, or the host is not of this machine.
        KafkaError: a topic cannot be created.
        ValueError: no brokers, or more racks than brokers.
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
        )
        self._commands = Commands(self._served.core)
        try:
            for topic in wanted:
                self._commands.create_topic(*topic, {})
        except BaseException:
            self._served.server.close_all()
            raise

    if not TYPE_CHECKING:  # A type checker is to complain of these names.

        def __getattr__(self, name):
            if name in _PROMISED:
                raise NotAvailableYet(f"{name} is not available yet")
            raise AttributeError(f"{type(self).__name__!r} object has no attribute {name!r}")

    @property
    def bootstrap_servers(self) -> str:
        """Where clients find the brokers: "127.0.0.1:41033,127.0.0.1:41035"."""
        return self._served.bootstrap_servers

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
        return self._call(lambda: self._commands.committed(group_id))

    def client_metrics(self) -> list[MetricsPush]:
        """What clients pushed of their metrics, oldest first; at most the last thousand pushes.

        Raises:
            ValueError: a client pushed what is no OpenTelemetry metrics message.
        """
        return self._call(self._commands.client_metrics)

    def group(self, group_id: str) -> GroupState:
        """State, generation, members and assignment of a group; its state is "Dead" where there is none."""
        return self._call(lambda: self._commands.group(group_id))

    @property
    def clock(self) -> ClockHandle:
        """The brokers' time."""
        return ClockHandle(self)

    def broker(self, broker_id: int) -> BrokerHandle:
        """
        Raises:
            KafkaError: BROKER_ID_NOT_REGISTERED.
        """
        self._on_core(lambda core: core.cluster.node(broker_id))
        return BrokerHandle(self, broker_id)

    def move_leader(self, topic: str, partition: int, to: int) -> None:
        """Let an in-sync replica of one's choice lead.

        Raises:
            KafkaError: UNKNOWN_TOPIC_OR_PARTITION, or INELIGIBLE_REPLICA where the broker is not active and in sync.
        """
        self._on_core(lambda core: core_brokers.move_leader(core.cluster, topic, partition, to))

    def pause_replication(self, topic: str, partition: int) -> None:
        """Let the followers catch up, then stop."""
        self._on_core(lambda core: core.cluster.partition(topic, partition).pause())

    def resume_replication(self, topic: str, partition: int) -> None:
        """Let the followers fetch again."""
        self._on_core(lambda core: core.cluster.partition(topic, partition).resume())

    def _on_core(self, function: Callable[[Any], object]) -> None:
        self._call(lambda: function(self._served.core))

    def _call(self, function: Callable[[], _T]) -> _T:
        """Run `function` between two requests."""
        return self._served.server.call(function)


class MockCluster(Cluster):
    """A Kafka cluster in a background thread. Safe to use from any thread; any number may live side by side.

    It runs from the moment it is made until `stop`, or the end of a `with` block. See `Cluster` for the arguments.
    """

    def __init__(self, **options: Any) -> None:
        super().__init__(**options)
        self._background = BackgroundServer(self._served.server)

    def __enter__(self) -> MockCluster:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    def stop(self) -> None:
        """Close everything. Harmless when it has stopped already."""
        self._background.stop()

    def _call(self, function: Callable[[], _T]) -> _T:
        return self._background.call(function)


@asynccontextmanager
async def open_cluster(**options: Any) -> AsyncIterator[Cluster]:
    """A Kafka cluster in the caller's own trio run, for as long as the block lasts. See `Cluster` for the arguments."""
    cluster = Cluster(**options)
    async with serving(cluster._served.server):
        yield cluster


def _encoded(text: Text) -> bytes | None:
    return text.encode() if isinstance(text, str) else text
