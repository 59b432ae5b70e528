"""Creating topics and adding partitions: who may, where the replicas go, and what Kafka says when it refuses.

Rules kept here (`ReplicationControlManager.createTopics`, `.createPartitions`, `.validateManualPartitionAssignment`;
`AutoTopicCreationManager`):

- Checks come in Kafka's order: the name, whether it is taken or collides, the configs, the assignment.
- Replicas may be placed on registered brokers that are down; the first ISR is those of them that are active, and a
  partition with none is refused.
- Internal topics are created with the settings' partition counts and configs, with as many replicas as there are
  active brokers at most.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, NoReturn

from mockbroker.config import ConfigError, validate_topic_configs
from mockbroker.core.elections import PartitionState
from mockbroker.core.log_dirs import cordoned_dirs
from mockbroker.core.placement import UsableBroker
from mockbroker.core.replicas import Partition
from mockbroker.core.topics import (
    CONSUMER_OFFSETS,
    SHARE_GROUP_STATE,
    TRANSACTION_STATE,
    Topic,
    check_topic_name,
    new_uuid,
    unified_name,
)
from protocol_specs.errors import ErrorCode, KafkaError

if TYPE_CHECKING:
    from mockbroker.config.catalog import Catalog
    from mockbroker.core.cluster import Cluster

__all__ = [
    "add_partitions",
    "check_assignment",
    "check_batch",
    "internal_topic_configs",
    "new_topic",
]

_MAX_PARTITIONS_PER_BATCH = 10_000

#: Settings of the internal topics: partitions, replication factor.
INTERNAL_SIZES = {
    CONSUMER_OFFSETS: ("offsets.topic.num.partitions", "offsets.topic.replication.factor"),
    TRANSACTION_STATE: ("transaction.state.log.num.partitions", "transaction.state.log.replication.factor"),
    SHARE_GROUP_STATE: (
        "share.coordinator.state.topic.num.partitions",
        "share.coordinator.state.topic.replication.factor",
    ),
}

#: Configs of the internal topics; a value that names a setting is that setting's.
_INTERNAL_CONFIGS = {
    CONSUMER_OFFSETS: {
        "cleanup.policy": "compact",
        "compression.type": "producer",
        "segment.bytes": "offsets.topic.segment.bytes",
    },
    TRANSACTION_STATE: {
        "unclean.leader.election.enable": "false",
        "compression.type": "uncompressed",
        "cleanup.policy": "compact",
        "min.insync.replicas": "transaction.state.log.min.isr",
        "segment.bytes": "transaction.state.log.segment.bytes",
    },
    SHARE_GROUP_STATE: {
        "cleanup.policy": "delete",
        "compression.type": "producer",
        "segment.bytes": "share.coordinator.state.topic.segment.bytes",
        "min.insync.replicas": "share.coordinator.state.topic.min.isr",
        "retention.ms": "-1",
    },
}


def check_batch(partition_counts: Iterable[int], catalog: Catalog) -> None:
    """Refuse a CreateTopics request as a whole when it asks for too many partitions.

    Args:
        partition_counts: of each topic, the default put in for -1; other negative ones count nothing.
        catalog: that of the release: with ZooKeeper there was no limit, and 3.3 had no words for it.

    Raises:
        KafkaError: POLICY_VIOLATION, UNKNOWN_SERVER_ERROR.
    """
    if catalog.is_before("3.0"):
        return
    if sum(count for count in partition_counts if count > 0) > _MAX_PARTITIONS_PER_BATCH:
        if catalog.is_before("3.9"):
            raise KafkaError(ErrorCode.UNKNOWN_SERVER_ERROR)
        raise KafkaError(ErrorCode.POLICY_VIOLATION, "Excessively large number of partitions per request.")


def internal_topic_configs(cluster: Cluster, name: str) -> dict[str, str]:
    """The configs with which Kafka creates an internal topic."""
    configs = _INTERNAL_CONFIGS[name]
    return {
        key: str(cluster.settings[value]) if value.count(".") > 1 else value for key, value in configs.items()
    }


def new_topic(
    cluster: Cluster,
    name: str,
    partitions: int,
    replication_factor: int,
    assignments: Sequence[tuple[int, Sequence[int]]],
    configs: Mapping[str, str | None],
) -> Topic:
    """A topic as it is to be, not yet part of the cluster; see `Cluster.create_topic`.

    Raises:
        KafkaError: with Kafka's code and text.
    """
    _check_new_name(cluster, name)
    try:
        validate_topic_configs(cluster.settings, configs)
    except ConfigError as error:
        raise error.refusal() from None
    if assignments:
        states = _assigned(cluster, partitions, replication_factor, assignments)
    else:
        states = _placed(cluster, partitions, replication_factor)
    overrides = {key: text for key, text in configs.items() if text is not None}
    topic = Topic(name, new_uuid(cluster.rng), cluster.settings.log_config(overrides), overrides)
    for index, state in enumerate(states):
        topic.partitions.append(Partition(topic, index, state, cluster.around))
    return topic


def _check_new_name(cluster: Cluster, name: str) -> None:
    if name in cluster.topics:
        raise KafkaError(ErrorCode.TOPIC_ALREADY_EXISTS, f"Topic '{name}' already exists.")
    unified = unified_name(name)
    if unified is not None and (taken := cluster.unified_names.get(unified)) is not None:
        raise KafkaError(
            ErrorCode.INVALID_TOPIC_EXCEPTION, f"Topic '{name}' collides with existing topic: {taken}"
        )
    check_topic_name(name)


def _assigned(
    cluster: Cluster,
    partitions: int,
    replication_factor: int,
    assignments: Sequence[tuple[int, Sequence[int]]],
) -> list[PartitionState]:
    for count, what in ((replication_factor, "replication factor was"), (partitions, "numPartitions was")):
        if count != -1:
            raise KafkaError(
                ErrorCode.INVALID_REQUEST,
                f"A manual partition assignment was specified, but {what} not set to -1.",
            )
    states: dict[int, PartitionState] = {}
    size: int | None = None
    for index, brokers in assignments:
        if index in states:
            raise _invalid(f"Found multiple manual partition assignments for partition {index}")
        check_assignment(cluster, brokers, size)
        size = len(brokers)
        states[index] = _first_state(cluster, tuple(brokers)) or _refuse_down(index)
    if any(index not in states for index in range(len(states))):
        raise _invalid("partitions should be a consecutive 0-based integer sequence")
    return [states[index] for index in range(len(states))]


def _placed(cluster: Cluster, partitions: int, replication_factor: int) -> list[PartitionState]:
    if replication_factor < -1 or replication_factor == 0:
        raise KafkaError(
            ErrorCode.INVALID_REPLICATION_FACTOR,
            "Replication factor must be larger than 0, or -1 to use the default value.",
        )
    if partitions < -1 or partitions == 0:
        raise KafkaError(
            ErrorCode.INVALID_PARTITIONS, "Number of partitions was set to an invalid non-positive value."
        )
    if partitions == -1:
        partitions = cluster.settings["num.partitions"]
    if replication_factor == -1:
        replication_factor = cluster.settings["default.replication.factor"]
    has_zookeeper = cluster.settings.catalog.is_before("3.0")
    prefix = "" if has_zookeeper else f"Unable to replicate the partition {replication_factor} time(s): "
    try:
        placed = cluster.placer.place(partitions, replication_factor, _usable(cluster))
    except KafkaError as error:
        raise KafkaError(error.code, f"{prefix}{error.message}") from None
    return [_first_state(cluster, brokers) or _refuse_fenced(replication_factor) for brokers in placed]


def add_partitions(
    cluster: Cluster, topic: Topic, total: int, assignments: Sequence[Sequence[int]] | None
) -> list[PartitionState]:
    """The states of the partitions that bring a topic to `total`; see `Cluster.create_partitions`."""
    present = len(topic.partitions)
    if total == present:
        raise KafkaError(ErrorCode.INVALID_PARTITIONS, f"Topic already has {present} partition(s).")
    if total < present:
        raise KafkaError(
            ErrorCode.INVALID_PARTITIONS,
            f"Topic currently has {present} partitions, which is higher than the requested {total}."
            if cluster.settings.catalog.is_before("3.0")
            else f"The topic {topic.name} currently has {present} partition(s); {total} would not be an increase.",
        )
    more = total - present
    factor = topic.replication_factor
    if assignments is None:
        placed = cluster.placer.place(more, factor, _usable(cluster))
        return [_first_state(cluster, brokers) or _refuse_fenced(factor) for brokers in placed]
    if len(assignments) != more:
        raise _invalid(
            f"Attempted to add {more} additional partition(s), but only {len(assignments)} "
            "assignment(s) were specified."
        )
    states = []
    for index, brokers in enumerate(assignments, present):
        check_assignment(cluster, brokers, factor)
        states.append(_first_state(cluster, tuple(brokers)) or _refuse_down(index))
    return states


def check_assignment(cluster: Cluster, brokers: Sequence[int], replication_factor: int | None) -> None:
    """Refuse replicas that no partition can have.

    Args:
        replication_factor: how many there must be; None: any number.

    Raises:
        KafkaError: INVALID_REPLICA_ASSIGNMENT.
    """
    if not brokers:
        raise _invalid("The manual partition assignment includes an empty replica list.")
    previous = None
    for broker in sorted(brokers):
        if broker not in cluster.nodes:
            raise _invalid(
                f"The manual partition assignment includes broker {broker}, but no such broker is registered."
            )
        if broker == previous:
            raise _invalid(f"The manual partition assignment includes the broker {broker} more than once.")
        previous = broker
    if replication_factor is not None and len(brokers) != replication_factor:
        raise _invalid(
            f"The manual partition assignment includes a partition with {len(brokers)} replica(s), but this is "
            f"not consistent with previous partitions, which have {replication_factor} replica(s)."
        )


def _first_state(cluster: Cluster, brokers: tuple[int, ...]) -> PartitionState | None:
    """A new partition's state; None where none of its brokers is active."""
    nodes = cluster.nodes
    isr = tuple([broker for broker in brokers if nodes[broker].is_active])
    return PartitionState(isr[0], 0, 0, brokers, isr) if isr else None


def _usable(cluster: Cluster) -> list[UsableBroker]:
    return [
        UsableBroker(node.id, node.rack, node.is_fenced)
        for node in cluster.nodes.values()
        if not node.is_shutting_down and not cordoned_dirs(cluster, node).issuperset(node.log_dirs)
    ]


def _invalid(text: str) -> KafkaError:
    return KafkaError(ErrorCode.INVALID_REPLICA_ASSIGNMENT, text)


def _refuse_down(index: int) -> NoReturn:
    raise _invalid(
        f"All brokers specified in the manual partition assignment for partition {index} are fenced or in "
        "controlled shutdown."
    )


def _refuse_fenced(replication_factor: int) -> NoReturn:
    raise KafkaError(
        ErrorCode.INVALID_REPLICATION_FACTOR,
        f"Unable to replicate the partition {replication_factor} time(s): All brokers are currently fenced or in "
        "controlled shutdown.",
    )
