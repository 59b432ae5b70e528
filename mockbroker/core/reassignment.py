"""Moving replicas to other brokers.

Rules kept here (`ReplicationControlManager.alterPartitionReassignments`, `PartitionReassignmentReplicas`,
`PartitionReassignmentRevert`; KIP-455, KIP-860):

- First the partition has the old and the new replicas together: the new ones, then those to be removed. When every
  added one is in sync, the removed ones go. A change that adds nobody may be over at once.
- A new target replaces the one that is under way. Without a target the reassignment is cancelled: the added replicas
  go, the old ones stay.
- The replication factor stays what it is, unless the request allows it to change.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

from mockbroker.core.elections import Election, PartitionState, Targets
from mockbroker.core.topic_admin import check_assignment
from protocol_specs.errors import ErrorCode, KafkaError

if TYPE_CHECKING:
    from mockbroker.core.cluster import Cluster
    from mockbroker.core.replicas import Partition

__all__ = ["alter_reassignments", "ongoing_reassignments"]


def alter_reassignments(
    cluster: Cluster,
    changes: Iterable[tuple[str, int, Sequence[int] | None]],
    *,
    allow_factor_change: bool = True,
) -> list[KafkaError | None]:
    """Do what one AlterPartitionReassignments request asks. All of it is decided before any of it happens.

    Args:
        changes: topic, partition index, and broker ids with the preferred leader first; None for the ids cancels
            what is under way.
        allow_factor_change: whether there may be more or fewer replicas than before (KIP-860).

    Returns:
        For each change None, or why it was refused: UNKNOWN_TOPIC_OR_PARTITION, INVALID_REPLICA_ASSIGNMENT,
        INVALID_REPLICATION_FACTOR, NO_REASSIGNMENT_IN_PROGRESS, with Kafka's texts.
    """
    outcomes: list[KafkaError | None] = []
    decided: list[tuple[Partition, PartitionState | None]] = []
    for topic, index, replicas in changes:
        try:
            partition = _find(cluster, topic, index)
            if replicas is None:
                state = _cancelled(cluster, partition)
            else:
                state = _reassigned(cluster, partition, tuple(replicas), allow_factor_change)
            decided.append((partition, state))
            outcomes.append(None)
        except KafkaError as error:
            outcomes.append(error)
    for partition, state in decided:
        if state is not None:
            cluster.apply(partition, state)
    return outcomes


def _reassigned(
    cluster: Cluster, partition: Partition, target: tuple[int, ...], allow_factor_change: bool
) -> PartitionState | None:
    state = partition.state
    check_assignment(cluster, target, None)
    if not allow_factor_change:
        _check_factor(state, target)
    removing = tuple(sorted(set(state.replicas) - set(target)))
    adding = tuple(sorted(set(target) - set(state.replicas)))
    # As in Kafka, an adding or removing list that is to be empty leaves the one of the change under way as it is.
    # Who is new has no log, whatever the ELR says of an earlier time: in Kafka such a one could lead, and lose records.
    targets = Targets(None, target + removing, adding or None, removing or None, unclean_shutdown=adding)
    return cluster.decide(partition, targets, Election.ONLINE)


def _find(cluster: Cluster, topic: str, index: int) -> Partition:
    found = cluster.topics.get(topic)
    if found is None:
        raise KafkaError(ErrorCode.UNKNOWN_TOPIC_OR_PARTITION, f"Unable to find a topic named {topic}.")
    if not 0 <= index < len(found.partitions):
        raise KafkaError(ErrorCode.UNKNOWN_TOPIC_OR_PARTITION, f"Unable to find partition {topic}:{index}.")
    return found.partitions[index]


def _check_factor(state: PartitionState, target: tuple[int, ...]) -> None:
    now = len(({*state.replicas} | {*state.adding}) - {*state.removing})
    if now != len(target):
        raise KafkaError(
            ErrorCode.INVALID_REPLICATION_FACTOR,
            f"The replication factor is changed from {now} to {len(target)}",
        )


def _cancelled(cluster: Cluster, partition: Partition) -> PartitionState | None:
    state = partition.state
    if not state.is_reassigning:
        raise KafkaError(ErrorCode.NO_REASSIGNMENT_IN_PROGRESS)
    replicas = tuple(broker for broker in state.replicas if broker not in state.adding)
    isr = tuple(broker for broker in state.isr if broker not in state.adding)
    if not isr:
        if not replicas:
            raise KafkaError(
                ErrorCode.INVALID_REPLICA_ASSIGNMENT,
                "Invalid replica assignment: addingReplicas contains all replicas.",
            )
        if not partition.topic.config.unclean_leader_election_enable:
            raise KafkaError(
                ErrorCode.INVALID_REPLICA_ASSIGNMENT,
                f"Unable to revert partition assignment for {partition.topic.name}:{partition.index} because it "
                "would require an unclean leader election.",
            )
        isr = replicas[:1]
    return cluster.decide(partition, Targets(isr, replicas, adding=(), removing=()))


def ongoing_reassignments(
    cluster: Cluster, asked: Iterable[tuple[str, Iterable[int]]] | None
) -> dict[str, list[Partition]]:
    """The partitions that are being reassigned, by topic; topics with none are left out.

    Args:
        asked: topics and partition indexes; unknown ones are passed over. None: all.
    """
    if asked is None:
        asked = [(name, range(len(topic.partitions))) for name, topic in cluster.topics.items()]
    found: dict[str, list[Partition]] = {}
    for name, indexes in asked:
        topic = cluster.topics.get(name)
        if topic is None:
            continue
        ongoing = [
            topic.partitions[index]
            for index in indexes
            if 0 <= index < len(topic.partitions) and topic.partitions[index].state.is_reassigning
        ]
        if ongoing:
            found[name] = ongoing
    return found
