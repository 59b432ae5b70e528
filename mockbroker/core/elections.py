"""What a partition is in the controller's eyes, and what it becomes when something changes.

Rules kept here (`PartitionRegistration`, `PartitionChangeBuilder`, KIP-966):

- A leader comes from the in-sync replicas; with none of them, from the eligible leader replicas (ELR); with neither,
  the last known leader; and only an unclean election takes any live replica.
- Each change of leader, to no leader too, raises the leader epoch; each change of anything raises the partition epoch.
- While the ISR is smaller than the effective min.insync.replicas, replicas that leave it stay eligible (ELR), unless
  they shut down uncleanly. A large enough ISR clears the ELR.
- A reassignment is complete as soon as every added replica is in sync.
"""

from __future__ import annotations

from collections.abc import Callable, Collection
from enum import Enum, auto
from typing import TYPE_CHECKING, NamedTuple

from protocol_specs.errors import ErrorCode, KafkaError

if TYPE_CHECKING:
    from mockbroker.core.cluster import Cluster

__all__ = [
    "NO_LEADER",
    "NO_TARGETS",
    "Election",
    "PartitionState",
    "Targets",
    "complete_reassignment",
    "elect_leader",
    "next_state",
]

NO_LEADER = -1


class PartitionState(NamedTuple):
    """One version of a partition's registration. Replica tuples hold broker ids."""

    leader: int
    leader_epoch: int
    partition_epoch: int
    #: in the order of assignment: the first is the preferred leader.
    replicas: tuple[int, ...]
    isr: tuple[int, ...]
    elr: tuple[int, ...] = ()
    last_known_elr: tuple[int, ...] = ()
    adding: tuple[int, ...] = ()
    removing: tuple[int, ...] = ()

    @property
    def is_reassigning(self) -> bool:
        return bool(self.adding or self.removing)

    @property
    def has_preferred_leader(self) -> bool:
        return self.leader == self.replicas[0]


class Election(Enum):
    """How far to go to find a leader."""

    #: The preferred replica if it is in sync, else whatever keeps the partition online.
    PREFERRED = auto()
    #: Keep the leader, else any in-sync replica.
    ONLINE = auto()
    #: As ONLINE, and if that finds none, any live replica, whatever it lacks.
    UNCLEAN = auto()


class Targets(NamedTuple):
    """What somebody wants of a partition; None leaves a part as it is."""

    isr: tuple[int, ...] | None = None
    replicas: tuple[int, ...] | None = None
    adding: tuple[int, ...] | None = None
    removing: tuple[int, ...] | None = None
    #: brokers that just came back without having shut down cleanly: they are not eligible any more.
    unclean_shutdown: Collection[int] = ()


#: Only a leader is wanted.
NO_TARGETS = Targets()


class _Goal:
    """The state to reach, while `next_state` works on it."""

    __slots__ = ("adding", "elr", "isr", "removing", "replicas")

    def __init__(self, state: PartitionState, targets: Targets) -> None:
        self.isr = state.isr if targets.isr is None else targets.isr
        self.replicas = state.replicas if targets.replicas is None else targets.replicas
        self.adding = state.adding if targets.adding is None else targets.adding
        self.removing = state.removing if targets.removing is None else targets.removing
        self.elr = state.elr


def complete_reassignment(
    replicas: tuple[int, ...], adding: tuple[int, ...], removing: tuple[int, ...], isr: tuple[int, ...]
) -> tuple[tuple[int, ...], tuple[int, ...]] | None:
    """The replicas and the ISR once the reassignment is over, or None while it has to go on.

    Source: `PartitionReassignmentReplicas.maybeCompleteReassignment`.
    """
    if not adding and not removing:
        return None
    new_isr = tuple(broker for broker in isr if broker not in removing)
    new_replicas = tuple(broker for broker in replicas if broker not in removing)
    if removing and (not new_isr or not new_replicas):
        return None
    if not set(adding) <= set(new_isr):
        return None
    # Fewer replicas than before: wait for all that stay, so that the ISR does not shrink for nothing.
    if len(adding) < len(removing) and not set(new_replicas) <= set(new_isr):
        return None
    return new_replicas, new_isr


def next_state(
    state: PartitionState,
    targets: Targets,
    *,
    min_isr: int,
    is_acceptable: Callable[[int], bool],
    election: Election = Election.ONLINE,
    elr_enabled: bool = True,
) -> PartitionState | None:
    """What the partition becomes, or None where nothing changes.

    Args:
        min_isr: the effective min.insync.replicas: never more than the replication factor.
        is_acceptable: whether a broker may lead now (unfenced, not shutting down, its log directory online).
        elr_enabled: whether eligible.leader.replicas.version is finalized at 1.
    """
    goal = _Goal(state, targets)
    completed = complete_reassignment(goal.replicas, goal.adding, goal.removing, goal.isr)
    if completed is not None:
        goal.replicas, goal.isr = completed
        goal.adding = goal.removing = ()
    if elr_enabled:
        _populate_elr(state, goal, min_isr, targets.unclean_shutdown)
    leader, is_unclean = _elect(state, goal, is_acceptable, election, elr_enabled)
    bumps = leader != state.leader
    if bumps and leader in goal.elr:
        goal.isr = (leader,)
        goal.elr = tuple(broker for broker in goal.elr if broker != leader)
    if bumps and is_unclean:
        # Whoever was in sync is not any more: this is where records are lost.
        goal.isr = (leader,)
        goal.elr = ()
    if not elr_enabled:
        goal.elr = ()
        goal.isr = goal.isr or state.isr
    # A replica that leaves the assignment must learn of a new epoch, or it would go on.
    bumps = bumps or not set(state.replicas) <= set(goal.replicas)
    last_known_elr = state.last_known_elr
    if bumps and elr_enabled:
        if leader != NO_LEADER:
            last_known_elr = ()
        elif state.leader != NO_LEADER:
            last_known_elr = last_known_elr or (state.leader,)
    changed = PartitionState(
        leader,
        state.leader_epoch + bumps,
        state.partition_epoch,
        goal.replicas,
        goal.isr,
        goal.elr,
        last_known_elr,
        goal.adding,
        goal.removing,
    )
    if changed == state:
        return None
    return changed._replace(partition_epoch=state.partition_epoch + 1)


def _populate_elr(
    state: PartitionState, goal: _Goal, min_isr: int, unclean_shutdown: Collection[int]
) -> None:
    if len(goal.isr) >= min_isr:
        goal.elr = ()
        return
    goal.elr = tuple(sorted({*goal.elr, *state.isr} - {*goal.isr, *unclean_shutdown}))


def _elect(
    state: PartitionState,
    goal: _Goal,
    is_acceptable: Callable[[int], bool],
    election: Election,
    elr_enabled: bool,
) -> tuple[int, bool]:
    """The leader to have, and whether choosing it is unclean."""
    # The ELR may still name replicas that a reassignment took away. Kafka waits for those for ever; we do not.
    eligible = goal.isr or tuple(broker for broker in goal.elr if broker in goal.replicas)

    def is_valid(broker: int) -> bool:
        return broker in eligible and is_acceptable(broker)

    preferred = goal.replicas[:1] if election is Election.PREFERRED else ()
    for broker in (*preferred, state.leader, *goal.replicas):
        if is_valid(broker):
            return broker, False
    last_known = state.last_known_elr
    if elr_enabled and not eligible and len(last_known) == 1 and is_acceptable(last_known[0]):
        return last_known[0], True
    if election is Election.UNCLEAN:
        for broker in goal.replicas:
            if is_acceptable(broker):
                return broker, True
    return NO_LEADER, False


def elect_leader(cluster: Cluster, topic: str, index: int, election: Election) -> None:
    """One partition of an ElectLeaders request (`ReplicationControlManager.electLeader`).

    Args:
        election: PREFERRED or UNCLEAN. The latter works whatever the topic's config says.

    Raises:
        KafkaError: UNKNOWN_TOPIC_OR_PARTITION, ELECTION_NOT_NEEDED, PREFERRED_LEADER_NOT_AVAILABLE,
            ELIGIBLE_LEADERS_NOT_AVAILABLE.
    """
    found = cluster.topics.get(topic)
    if found is None:
        raise KafkaError(ErrorCode.UNKNOWN_TOPIC_OR_PARTITION, f"No such topic as {topic}")
    if not 0 <= index < len(found.partitions):
        raise KafkaError(ErrorCode.UNKNOWN_TOPIC_OR_PARTITION, f"No such partition as {topic}-{index}")
    partition = found.partitions[index]
    is_preferred = election is Election.PREFERRED
    if partition.state.has_preferred_leader if is_preferred else partition.leader != NO_LEADER:
        raise KafkaError(ErrorCode.ELECTION_NOT_NEEDED)
    if not cluster.change(partition, NO_TARGETS, election):
        raise KafkaError(
            ErrorCode.PREFERRED_LEADER_NOT_AVAILABLE
            if is_preferred
            else ErrorCode.ELIGIBLE_LEADERS_NOT_AVAILABLE
        )
