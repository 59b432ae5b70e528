"""The cluster as its controller sees it: brokers, topics, and who leads what.

Rules kept here (`QuorumController`, `ReplicationControlManager`):

- Every change of a partition goes through `change`: it works out the next state, and every broker in touch knows it at
  once. So do the listeners, if the leader changed.
- The controllers are a quorum of their own, which never loses its majority; `controller_id`, which Metadata answers, is
  a live broker.
- `version` rises with every change that Metadata can show, and so does the version of the topic concerned.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING

from mockbroker.core.elections import NO_TARGETS, Election, PartitionState, Targets, next_state
from mockbroker.core.log import Log
from mockbroker.core.log_dirs import choose_log_dir
from mockbroker.core.memory import Memory
from mockbroker.core.nodes import Node
from mockbroker.core.placement import Placer
from mockbroker.core.quorum import ControllerQuorum
from mockbroker.core.replicas import Partition
from mockbroker.core.replication import Surroundings
from mockbroker.core.replication_quotas import ReplicationQuotas
from mockbroker.core.topic_admin import INTERNAL_SIZES, add_partitions, internal_topic_configs, new_topic
from mockbroker.core.topics import INTERNAL_TOPICS, Topic, check_topic_name, new_uuid, unified_name
from mockbroker.core.upkeep import Upkeep
from protocol_specs.errors import ErrorCode, KafkaError
from protocol_specs.notation import uuid_text

if TYPE_CHECKING:
    from mockbroker.config import LogConfig, Settings
    from mockbroker.core.time import Clock
    from mockbroker.core.waiting import Waiting

__all__ = ["Cluster"]


class Cluster:
    """Brokers and topics.

    Args:
        rng: the cluster's seeded source of randomness.
        brokers: how many there are at first; their ids count up from the settings' first node id.
        racks: the brokers' racks in order; an empty name is none.
        elr_enabled: whether eligible.leader.replicas.version is finalized at 1, as since 4.1.
        memory_limit: how many bytes the logs may take; None: as many as there are.

    Attributes:
        nodes: brokers by id, also those that are down.
        topics: by name.
        nodes_version: rises whenever a broker comes, goes, or is counted as down or up.
        leader_listeners: called with a partition when its leader or leader epoch has changed, also to none.
        down_listeners: called with a broker whose process has ended.
    """

    def __init__(
        self,
        clock: Clock,
        waiting: Waiting,
        settings: Settings,
        rng: random.Random,
        *,
        brokers: int = 1,
        racks: Sequence[str] = (),
        elr_enabled: bool = True,
        memory_limit: int | None = None,
    ) -> None:
        self.clock = clock
        self.waiting = waiting
        self.settings = settings
        self.rng = rng
        self.elr_enabled = elr_enabled
        self.cluster_id = uuid_text(new_uuid(rng))
        self.placer = Placer(rng, settings.catalog)
        self.nodes: dict[int, Node] = {}
        self.controller_id = -1
        self.topics: dict[str, Topic] = {}
        self.topics_by_id: dict[bytes, Topic] = {}
        #: names with dots or underscores, by the name in which both are underscores.
        self.unified_names: dict[str, str] = {}
        self.version = 0
        self.nodes_version = 0
        self.leader_listeners: list[Callable[[Partition], None]] = []
        self.down_listeners: list[Callable[[Node], None]] = []
        self.around = Surroundings(
            clock,
            waiting,
            self.nodes,
            self._alter_isr,
            self._new_log,
            settings["replica.lag.time.max.ms"] / 1000,
            ReplicationQuotas(clock, settings),
        )
        for number in range(brokers):
            rack = racks[number] if number < len(racks) else ""
            self.add_node(settings.first_node_id + number, rack or None)
        self.quorum = ControllerQuorum(self, rng)
        self.upkeep = self.around.upkeep = Upkeep(self)
        if memory_limit is not None:
            self.around.memory = Memory(self, memory_limit)
        settings.on_change(self._settings_changed)

    # Brokers.

    def add_node(self, broker_id: int, rack: str | None = None) -> Node:
        """Register a broker that runs. It has no partitions yet."""
        settings = self.settings.for_broker(broker_id)
        log_dirs = settings["log.dirs"] or settings["log.dir"]
        node = Node(broker_id, rack=rack, log_dirs=tuple(log_dirs))
        self.version += 1
        node.epoch = self.version
        self.nodes[broker_id] = node
        self.choose_controller()
        return node

    def node(self, broker_id: int) -> Node:
        """
        Raises:
            KafkaError: BROKER_ID_NOT_REGISTERED.
        """
        node = self.nodes.get(broker_id)
        if node is None:
            text = f"Broker ID {broker_id} is not currently registered"
            raise KafkaError(ErrorCode.BROKER_ID_NOT_REGISTERED, text)
        return node

    def choose_controller(self) -> None:
        """Keep the controller while it is active, else take the active broker with the lowest id."""
        node = self.nodes.get(self.controller_id)
        if node is None or not node.is_active or not node.is_connected:
            active = [node.id for node in self.nodes.values() if node.is_active and node.is_connected]
            self.controller_id = min(active, default=-1)
        self.version += 1
        self.nodes_version += 1

    def known_nodes(self, asked: Node) -> list[Node]:
        """Brokers that are registered, as far as the broker that is asked knows."""
        return list(self.nodes.values() if asked.image is None else asked.image.nodes)

    def live_nodes(self, asked: Node | None = None) -> list[Node]:
        """Brokers that Metadata shows: those that are not fenced, as far as the broker that is asked knows."""
        image = None if asked is None else asked.image
        if image is not None:
            return [node for node in image.nodes if node.id in image.live]
        return [node for node in self.nodes.values() if not node.is_fenced]

    # Topics.

    def create_topic(
        self,
        name: str,
        *,
        partitions: int = -1,
        replication_factor: int = -1,
        assignments: Sequence[tuple[int, Sequence[int]]] = (),
        configs: Mapping[str, str | None] | None = None,
        validate_only: bool = False,
        admit: Callable[[int], None] | None = None,
    ) -> Topic:
        """Create a topic, or with `validate_only` see what would come of it.

        Args:
            admit: called with the number of partitions when all else is well; may refuse by a KafkaError.
            partitions: -1 means num.partitions.
            replication_factor: -1 means default.replication.factor.
            assignments: (partition index, broker ids) for each; with these, both numbers must be -1.
            configs: the topic's own configs as text.

        Raises:
            KafkaError: TOPIC_ALREADY_EXISTS, INVALID_TOPIC_EXCEPTION, INVALID_CONFIG, INVALID_PARTITIONS,
                INVALID_REPLICATION_FACTOR, INVALID_REPLICA_ASSIGNMENT, INVALID_REQUEST, with Kafka's texts.
        """
        topic = new_topic(self, name, partitions, replication_factor, assignments, configs or {})
        if admit is not None:
            admit(len(topic.partitions))
        if validate_only:
            return topic
        self.topics[name] = topic
        self.topics_by_id[topic.id] = topic
        unified = unified_name(name)
        if unified is not None:
            self.unified_names[unified] = name
        self.version += 1
        for partition in topic.partitions:
            self._announce(partition)
            self.upkeep.watch(partition)
        return topic

    def auto_create_topic(self, name: str) -> Topic:
        """Create a topic because somebody asked for it, or because a coordinator needs it.

        Raises:
            KafkaError: as `create_topic`.
        """
        if name not in INTERNAL_TOPICS:
            check_topic_name(name)
            return self.create_topic(name)
        partitions, factor = (self.settings[setting] for setting in INTERNAL_SIZES[name])
        factor = max(1, min(factor, sum(node.is_active for node in self.nodes.values())))
        configs = internal_topic_configs(self, name)
        return self.create_topic(name, partitions=partitions, replication_factor=factor, configs=configs)

    def create_partitions(
        self,
        name: str,
        total: int,
        *,
        assignments: Sequence[Sequence[int]] | None = None,
        validate_only: bool = False,
        admit: Callable[[int], None] | None = None,
    ) -> Topic:
        """Give a topic more partitions: `total` in all.

        Args:
            admit: as for `create_topic`.
            assignments: broker ids of each new partition.

        Raises:
            KafkaError: UNKNOWN_TOPIC_OR_PARTITION, INVALID_PARTITIONS, INVALID_REPLICA_ASSIGNMENT,
                INVALID_REPLICATION_FACTOR, with Kafka's texts.
        """
        topic = self.topic(name)
        states = add_partitions(self, topic, total, assignments)
        if admit is not None:
            admit(len(states))
        if validate_only:
            return topic
        for state in states:
            partition = Partition(topic, len(topic.partitions), state, self.around)
            topic.partitions.append(partition)
            self._announce(partition)
            self.upkeep.watch(partition)
        self.version += 1
        topic.version += 1
        return topic

    def delete_topic(self, name: str) -> Topic:
        """Delete a topic with all its records. Requests that wait for it are tried again, and learn of it.

        Raises:
            KafkaError: UNKNOWN_TOPIC_OR_PARTITION.
        """
        topic = self.topic(name)
        del self.topics[name], self.topics_by_id[topic.id]
        unified = unified_name(name)
        if unified is not None and self.unified_names.get(unified) == name:
            del self.unified_names[unified]
        for partition in topic.partitions:
            partition.delete()
            self._announce(partition)
        self.version += 1
        return topic

    def topic(self, name: str) -> Topic:
        """
        Raises:
            KafkaError: UNKNOWN_TOPIC_OR_PARTITION.
        """
        topic = self.topics.get(name)
        if topic is None:
            raise KafkaError(ErrorCode.UNKNOWN_TOPIC_OR_PARTITION)
        return topic

    def partition(self, name: str, index: int) -> Partition:
        """
        Raises:
            KafkaError: UNKNOWN_TOPIC_OR_PARTITION.
        """
        topic = self.topics.get(name)
        if topic is None or not 0 <= index < len(topic.partitions):
            raise KafkaError(ErrorCode.UNKNOWN_TOPIC_OR_PARTITION)
        return topic.partitions[index]

    def partition_by_id(self, topic_id: bytes, index: int) -> Partition:
        """
        Raises:
            KafkaError: UNKNOWN_TOPIC_ID, UNKNOWN_TOPIC_OR_PARTITION.
        """
        topic = self.topics_by_id.get(topic_id)
        if topic is None:
            raise KafkaError(ErrorCode.UNKNOWN_TOPIC_ID)
        return self.partition(topic.name, index)

    def partitions(self) -> Iterator[Partition]:
        """All of them, topic by topic."""
        for topic in self.topics.values():
            yield from topic.partitions

    def set_topic_configs(self, topic: Topic, overrides: Mapping[str, str]) -> None:
        """Replace a topic's own configs, which must have been checked. They take effect at once."""
        had_min_isr = topic.overrides.get("min.insync.replicas")
        topic.overrides = dict(overrides)
        self._configure(topic)
        if self.elr_enabled and had_min_isr != overrides.get("min.insync.replicas"):
            self._clear_elr(topic)

    # What the controller decides.

    def change(
        self, partition: Partition, targets: Targets = NO_TARGETS, election: Election | None = None
    ) -> bool:
        """Bring a partition nearer to `targets`: `decide`, and `apply` what is decided.

        Returns:
            Whether anything changed.
        """
        state = self.decide(partition, targets, election)
        if state is None:
            return False
        self.apply(partition, state)
        return True

    def decide(
        self, partition: Partition, targets: Targets, election: Election | None = None
    ) -> PartitionState | None:
        """What a partition becomes with these targets, electing a leader if it needs one; None: what it is.

        Args:
            election: None: clean, or unclean where the topic's config allows that.
        """
        topic = partition.topic
        if election is None:
            is_unclean = topic.config.unclean_leader_election_enable
            election = Election.UNCLEAN if is_unclean else Election.ONLINE
        return next_state(
            partition.state,
            targets,
            min_isr=topic.min_isr,
            is_acceptable=self._may_lead,
            election=election,
            elr_enabled=self.elr_enabled,
        )

    def apply(self, partition: Partition, state: PartitionState) -> None:
        """Make `state` the partition's registration, and let everybody know who has to."""
        before = partition.state
        self.version += 1
        partition.topic.version += 1
        partition.apply(state)
        if before.leader_epoch != state.leader_epoch:
            self._announce(partition)
        self.upkeep.watch(partition)

    def _may_lead(self, broker_id: int) -> bool:
        node = self.nodes.get(broker_id)
        return node is not None and node.is_active

    def _announce(self, partition: Partition) -> None:
        for listener in self.leader_listeners:
            listener(partition)

    def _alter_isr(self, partition: Partition, isr: Iterable[int]) -> None:
        # A leader names its ISR in no order of its own, as a hash set gives it.
        self.change(partition, Targets(isr=tuple(sorted(isr))))

    # Configs of logs.

    def _new_log(self, topic: Topic, index: int, broker_id: int) -> tuple[Log, str]:
        log = Log(
            self._log_config(topic, broker_id),
            self.clock,
            f"{topic.name}-{index}",
            verifies_transactions=self.settings["transaction.partition.verification.enable"],
        )
        return log, choose_log_dir(self, broker_id, topic, index)

    def _log_config(self, topic: Topic, broker_id: int) -> LogConfig:
        if broker_id in self.settings.brokers_with_configs:
            return self.settings.for_broker(broker_id).log_config(topic.overrides)
        return topic.config

    def _settings_changed(self, names: frozenset[str], broker_id: int | None) -> None:
        self.around.max_lag = self.settings["replica.lag.time.max.ms"] / 1000
        for topic in self.topics.values():
            self._configure(topic)
            if self.elr_enabled and broker_id is None and "min.insync.replicas" in names:
                self._clear_elr(topic)

    def _configure(self, topic: Topic) -> None:
        topic.config = self.settings.log_config(topic.overrides)
        topic.version += 1
        for partition in topic.partitions:
            for broker_id, log in partition.logs.items():
                log.config = self._log_config(topic, broker_id)
                log.producers.verifies = self.settings["transaction.partition.verification.enable"]
            partition.settle()

    def _clear_elr(self, topic: Topic) -> None:
        for partition in topic.partitions:
            state = partition.state
            if state.elr or state.last_known_elr:
                cleared = state._replace(elr=(), last_known_elr=(), partition_epoch=state.partition_epoch + 1)
                self.apply(partition, cleared)
