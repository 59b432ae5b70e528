from __future__ import annotations

from typing import Any

import pytest

from mockbroker.core import brokers
from mockbroker.core.elections import (
    NO_TARGETS,
    Election,
    PartitionState,
    Targets,
    complete_reassignment,
    elect_leader,
    next_state,
)
from protocol_specs.errors import ErrorCode, KafkaError
from tests.core.clusters import make_cluster


def decide(
    state: PartitionState,
    targets: Targets = NO_TARGETS,
    *,
    min_isr: int = 1,
    live: tuple[int, ...] = (1, 2, 3, 4),
    **options: Any,
) -> PartitionState | None:
    return next_state(state, targets, min_isr=min_isr, is_acceptable=lambda id: id in live, **options)


HEALTHY = PartitionState(1, 5, 9, (1, 2, 3), (1, 2, 3))


def test_nothing_to_do_changes_nothing() -> None:
    assert decide(HEALTHY) is None
    assert decide(HEALTHY, Targets(isr=(1, 2, 3))) is None


def test_a_follower_that_leaves_changes_only_the_partition_epoch() -> None:
    assert decide(HEALTHY, Targets(isr=(1, 3))) == HEALTHY._replace(isr=(1, 3), partition_epoch=10)


def test_the_next_in_sync_replica_takes_over() -> None:
    state = decide(HEALTHY, Targets(isr=(2, 3)), live=(2, 3))

    assert state == HEALTHY._replace(leader=2, leader_epoch=6, partition_epoch=10, isr=(2, 3))


def test_replicas_below_the_minimum_stay_eligible() -> None:
    state = decide(HEALTHY, Targets(isr=(3,)), min_isr=2, live=(3,))

    assert state is not None
    assert (state.leader, state.isr, state.elr) == (3, (3,), (1, 2))
    alone = decide(state, Targets(isr=()), min_isr=2, live=())
    assert alone is not None
    assert (alone.leader, alone.leader_epoch, alone.isr, alone.elr) == (-1, 7, (), (1, 2, 3))
    assert alone.last_known_elr == (3,)
    back = decide(alone, min_isr=2, live=(2,))
    assert back is not None
    assert (back.leader, back.isr, back.elr, back.last_known_elr) == (2, (2,), (1, 3), ())
    healed = decide(back, Targets(isr=(2, 1)), min_isr=2)
    assert healed is not None
    assert (healed.isr, healed.elr) == ((2, 1), ())


def test_an_unclean_shutdown_ends_eligibility_but_the_last_leader_is_known() -> None:
    down = decide(HEALTHY._replace(replicas=(1, 2), isr=(1,)), Targets(isr=()), live=())
    assert down is not None
    assert (down.leader, down.elr, down.last_known_elr) == (-1, (1,), (1,))

    unclean = decide(down, Targets(unclean_shutdown=(1,)), live=())
    assert unclean is not None
    assert (unclean.elr, unclean.last_known_elr) == ((), (1,))
    # Somebody else's return does not help.
    assert decide(unclean, live=(2,)) is None
    back = decide(unclean, live=(1, 2))
    assert back is not None
    assert (back.leader, back.isr, back.elr, back.last_known_elr) == (1, (1,), (), ())


def test_only_an_unclean_election_takes_a_replica_that_lacks_records() -> None:
    down = HEALTHY._replace(leader=-1, isr=(), elr=(1,), last_known_elr=(1,))

    assert decide(down, live=(3,)) is None
    assert decide(down, live=(3,), election=Election.PREFERRED) is None
    state = decide(down, live=(3,), election=Election.UNCLEAN)
    assert state is not None
    assert (state.leader, state.isr, state.elr, state.last_known_elr) == (3, (3,), (), ())


def test_without_elr_the_last_in_sync_replica_stays() -> None:
    state = decide(HEALTHY._replace(isr=(1,)), Targets(isr=()), live=(), elr_enabled=False)

    assert state is not None
    assert (state.leader, state.isr, state.elr, state.last_known_elr) == (-1, (1,), (), ())


def test_the_preferred_election_moves_the_leader_back() -> None:
    moved = HEALTHY._replace(leader=2)

    state = decide(moved, election=Election.PREFERRED)
    assert state is not None
    assert (state.leader, state.leader_epoch) == (1, 6)
    assert decide(moved, election=Election.ONLINE) is None
    assert decide(moved._replace(isr=(2, 3)), election=Election.PREFERRED) is None


@pytest.mark.parametrize(
    ("replicas", "adding", "removing", "isr", "completed"),
    [
        ((1, 2), (), (), (1, 2), None),
        ((4, 2, 1), (4,), (1,), (1, 2), None),
        ((4, 2, 1), (4,), (1,), (1, 2, 4), ((4, 2), (2, 4))),
        ((2, 1), (), (1,), (1, 2), ((2,), (2,))),
        ((2, 1), (), (1,), (1,), None),
        # Fewer than before: all that stay must be in sync.
        ((2, 3, 1), (), (1,), (1, 2), None),
        ((2, 3, 1), (), (1,), (1, 2, 3), ((2, 3), (2, 3))),
        # As many: the added ones are enough.
        ((2, 4, 1), (4,), (1,), (1, 4), ((2, 4), (4,))),
    ],
)
def test_when_a_reassignment_is_over(
    replicas: tuple[int, ...],
    adding: tuple[int, ...],
    removing: tuple[int, ...],
    isr: tuple[int, ...],
    completed: object,
) -> None:
    assert complete_reassignment(replicas, adding, removing, isr) == completed


def test_a_removed_replica_learns_of_a_new_epoch() -> None:
    state = decide(HEALTHY, Targets(replicas=(1, 2), removing=()))

    assert state is not None
    assert (state.leader, state.leader_epoch) == (1, 6)


def test_elect_leaders_outcomes() -> None:
    cluster = make_cluster(2)
    partition = cluster.create_topic("orders", assignments=[(0, [1, 2])]).partitions[0]

    def refusal(topic: str, index: int, election: Election) -> tuple[ErrorCode, str | None]:
        with pytest.raises(KafkaError) as refused:
            elect_leader(cluster, topic, index, election)
        return refused.value.code, refused.value.message

    assert refusal("nope", 0, Election.PREFERRED) == (
        ErrorCode.UNKNOWN_TOPIC_OR_PARTITION,
        "No such topic as nope",
    )
    assert refusal("orders", 1, Election.UNCLEAN)[1] == "No such partition as orders-1"
    assert refusal("orders", 0, Election.PREFERRED)[0] is ErrorCode.ELECTION_NOT_NEEDED
    brokers.stop(cluster, 1)
    assert refusal("orders", 0, Election.PREFERRED)[0] is ErrorCode.PREFERRED_LEADER_NOT_AVAILABLE
    assert refusal("orders", 0, Election.UNCLEAN)[0] is ErrorCode.ELECTION_NOT_NEEDED
    brokers.start(cluster, 1)
    assert partition.leader == 2
    elect_leader(cluster, "orders", 0, Election.PREFERRED)
    assert partition.leader == 1
    brokers.kill(cluster, 2)
    brokers.kill(cluster, 1)
    assert refusal("orders", 0, Election.UNCLEAN)[0] is ErrorCode.ELIGIBLE_LEADERS_NOT_AVAILABLE
    brokers.start(cluster, 2)
    assert partition.leader == -1
    elect_leader(cluster, "orders", 0, Election.UNCLEAN)
    assert (partition.leader, partition.isr) == (2, (2,))
