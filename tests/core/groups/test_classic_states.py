"""Every row of the classic group's state table: what a request does in a state, and which state follows."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

import pytest

from mockbroker.core.groups.classic_states import RULES, ClassicState
from mockbroker.core.groups.requests import JoinRequest
from mockbroker.core.waiting import Pending
from protocol_specs.errors import ErrorCode, KafkaError
from tests.core.groups.bench import DELAY, GROUP, REBALANCE, SESSION, Bench, error_of, subscription

EMPTY, PREPARING, COMPLETING, STABLE = "Empty", "PreparingRebalance", "CompletingRebalance", "Stable"
NONE = ErrorCode.NONE
UNKNOWN = ErrorCode.UNKNOWN_MEMBER_ID
REBALANCING = ErrorCode.REBALANCE_IN_PROGRESS
WAITS = "waits"
CHANGED = (("range", subscription("orders", "payments")),)


class Scene:
    """A group of two in one state. `leader` and `follower` are their ids, of generation `generation`."""

    def __init__(self, state: str) -> None:
        self.bench = Bench()
        self.leader, self.follower = self.bench.stable_group()
        self.generation = 1
        bench = self.bench
        if state == PREPARING:
            # The follower has joined, the leader has not.
            self.parked = bench.start_join(self.follower, protocols=CHANGED)
        elif state == COMPLETING:
            bench.start_join(self.leader)
            bench.ask_to_join(self.follower)
            self.generation = 2
        elif state == EMPTY:
            bench.leave(self.leader, self.follower)
            self.generation = 2
        assert bench.group().state_name == state


def join_new(scene: Scene) -> Any:
    return scene.bench.start_join()


def rejoin_follower(scene: Scene) -> Any:
    return scene.bench.ask_to_join(scene.follower)


def rejoin_follower_changed(scene: Scene) -> Any:
    return scene.bench.ask_to_join(scene.follower, protocols=CHANGED)


def rejoin_leader(scene: Scene) -> Any:
    return scene.bench.ask_to_join(scene.leader)


def rejoin_leader_changed(scene: Scene) -> Any:
    return scene.bench.ask_to_join(scene.leader, protocols=CHANGED)


def sync_follower(scene: Scene) -> Any:
    return scene.bench.ask_to_sync(scene.follower, scene.generation)


def sync_leader(scene: Scene) -> Any:
    return scene.bench.ask_to_sync(
        scene.leader, scene.generation, assignments=[(scene.leader, b"all"), (scene.follower, b"none")]
    )


def heartbeat(scene: Scene) -> Any:
    return scene.bench.heartbeat(scene.follower, scene.generation)


def leave_follower(scene: Scene) -> Any:
    return scene.bench.leave(scene.follower)[0]


def leave_all(scene: Scene) -> Any:
    return scene.bench.leave(scene.leader, scene.follower)[1]


def commit_as_member(scene: Scene) -> Any:
    return scene.bench.commit(member_id=scene.follower, generation_id=scene.generation)


def commit_alone(scene: Scene) -> Any:
    return scene.bench.commit()


def lose_follower(scene: Scene) -> Any:
    """The leader lives on, the follower's session runs out."""
    steps = 4
    for _ in range(steps):
        scene.bench.heartbeat(scene.leader, scene.generation)
        scene.bench.clock.advance(SESSION / (steps - 1))
    return NONE


def run_out_of_time(scene: Scene) -> Any:
    """Nobody says anything for a rebalance timeout, but they live."""
    bench = scene.bench
    end = bench.clock.now + REBALANCE + 1
    while bench.clock.now < end:
        bench.heartbeat(scene.leader, scene.generation)
        bench.heartbeat(scene.follower, scene.generation)
        bench.clock.advance(SESSION / 2)
    return NONE


def delete(scene: Scene) -> Any:
    results = scene.bench.groups.delete_groups(scene.bench.broker, [GROUP])
    assert isinstance(results, list)
    return results[0][1]


class Row(NamedTuple):
    state: str
    action: Callable[[Scene], Any]
    answer: ErrorCode | str
    #: None: the group is gone.
    then: str | None


ROWS = [
    Row(EMPTY, join_new, WAITS, PREPARING),
    Row(EMPTY, rejoin_follower, UNKNOWN, EMPTY),
    Row(EMPTY, sync_follower, UNKNOWN, EMPTY),
    Row(EMPTY, heartbeat, UNKNOWN, EMPTY),
    Row(EMPTY, leave_follower, UNKNOWN, EMPTY),
    Row(EMPTY, commit_as_member, UNKNOWN, EMPTY),
    Row(EMPTY, commit_alone, NONE, EMPTY),
    Row(EMPTY, delete, NONE, None),
    Row(PREPARING, join_new, WAITS, PREPARING),
    Row(PREPARING, rejoin_follower, WAITS, PREPARING),
    Row(PREPARING, rejoin_leader, NONE, COMPLETING),
    Row(PREPARING, sync_follower, REBALANCING, PREPARING),
    Row(PREPARING, heartbeat, REBALANCING, PREPARING),
    Row(PREPARING, leave_follower, NONE, PREPARING),
    Row(PREPARING, leave_all, NONE, EMPTY),
    Row(PREPARING, commit_as_member, NONE, PREPARING),
    Row(PREPARING, commit_alone, UNKNOWN, PREPARING),
    Row(PREPARING, run_out_of_time, NONE, COMPLETING),
    Row(PREPARING, delete, ErrorCode.NON_EMPTY_GROUP, PREPARING),
    Row(COMPLETING, join_new, WAITS, PREPARING),
    Row(COMPLETING, rejoin_follower, NONE, COMPLETING),
    Row(COMPLETING, rejoin_follower_changed, WAITS, PREPARING),
    Row(COMPLETING, rejoin_leader, NONE, COMPLETING),
    Row(COMPLETING, rejoin_leader_changed, WAITS, PREPARING),
    Row(COMPLETING, sync_follower, WAITS, COMPLETING),
    Row(COMPLETING, sync_leader, NONE, STABLE),
    Row(COMPLETING, heartbeat, NONE, COMPLETING),
    Row(COMPLETING, leave_follower, NONE, PREPARING),
    Row(COMPLETING, leave_all, NONE, EMPTY),
    Row(COMPLETING, lose_follower, NONE, PREPARING),
    Row(COMPLETING, run_out_of_time, NONE, EMPTY),
    Row(COMPLETING, commit_as_member, REBALANCING, COMPLETING),
    Row(COMPLETING, commit_alone, UNKNOWN, COMPLETING),
    Row(COMPLETING, delete, ErrorCode.NON_EMPTY_GROUP, COMPLETING),
    Row(STABLE, join_new, WAITS, PREPARING),
    Row(STABLE, rejoin_follower, NONE, STABLE),
    Row(STABLE, rejoin_follower_changed, WAITS, PREPARING),
    Row(STABLE, rejoin_leader, WAITS, PREPARING),
    Row(STABLE, sync_follower, NONE, STABLE),
    Row(STABLE, sync_leader, NONE, STABLE),
    Row(STABLE, heartbeat, NONE, STABLE),
    Row(STABLE, leave_follower, NONE, PREPARING),
    Row(STABLE, leave_all, NONE, EMPTY),
    Row(STABLE, lose_follower, NONE, PREPARING),
    Row(STABLE, commit_as_member, NONE, STABLE),
    Row(STABLE, commit_alone, UNKNOWN, STABLE),
    Row(STABLE, delete, ErrorCode.NON_EMPTY_GROUP, STABLE),
]


@pytest.mark.parametrize("row", ROWS, ids=lambda row: f"{row.state}-{row.action.__name__}")
def test_row(row: Row) -> None:
    scene = Scene(row.state)

    answer = row.action(scene)

    assert error_of(answer) == row.answer
    group = scene.bench.groups.find_group(GROUP)
    assert (None if group is None else group.state_name) == row.then


def test_the_first_member_waits_for_others_and_then_leads() -> None:
    bench = Bench()
    join = bench.start_join()

    assert bench.group().state_name == PREPARING
    bench.clock.advance(DELAY)

    assert join.reply.leader == join.reply.member_id
    assert bench.group().state_name == COMPLETING


@pytest.mark.parametrize("state", list(ClassicState))
def test_a_state_is_entered_only_from_those_that_the_table_names(state: ClassicState) -> None:
    for former in ClassicState:
        group = Bench().groups.shards.shard_of(1, GROUP).classic_group(GROUP)
        group.state = former
        if former in RULES[state].entered_from:
            group.move_to(state)
            assert (group.previous_state, group.state) == (former, state)
        else:
            with pytest.raises(AssertionError):
                group.move_to(state)


def test_a_dead_group_sends_everybody_away() -> None:
    scene = Scene(STABLE)
    shard = scene.bench.groups.shards.shard_of(scene.bench.broker, GROUP)
    group = scene.bench.group()
    group.unload()

    assert group.state_name == "Dead"
    assert group.delete_error() == ErrorCode.GROUP_ID_NOT_FOUND
    for answer in (
        join_known(shard.join, scene.leader),
        shard.join(join_request("")),
        sync_follower(scene),
        heartbeat(scene),
        commit_as_member(scene),
    ):
        assert error_of(answer) == ErrorCode.COORDINATOR_NOT_AVAILABLE
    with pytest.raises(KafkaError, match="COORDINATOR_NOT_AVAILABLE"):
        group.check_member(scene.leader, None)


def join_known(join: Callable[[JoinRequest], Any], member_id: str) -> Any:
    return join(join_request(member_id))


def join_request(member_id: str) -> JoinRequest:
    return JoinRequest(
        GROUP,
        member_id,
        "consumer",
        (("range", subscription("orders")),),
        10_000,
        60_000,
        9,
        "app",
        "127.0.0.1",
    )


def test_unloading_answers_all_that_wait() -> None:
    preparing, completing = Scene(PREPARING), Scene(COMPLETING)
    syncing = sync_follower(completing)
    assert isinstance(syncing, Pending)

    pending = preparing.bench.refused_join().member_id
    groups = [scene.bench.group() for scene in (preparing, completing)]
    deadlines = [groups[0].roster.pending_members[pending]]
    deadlines += [
        member.session for group in groups for member in group.roster.members.values() if member.session
    ]
    assert len(deadlines) == 5

    for scene in (preparing, completing):
        scene.bench.groups.shards.unload_broker(scene.bench.broker)

    assert all(deadline.when is None for deadline in deadlines)
    assert {group.join_alarm or group.sync_alarm for group in groups} == {None}
    assert preparing.parked.reply.error_code == ErrorCode.NOT_COORDINATOR
    assert preparing.parked.reply.member_id == preparing.follower
    assert syncing.reply.error_code == ErrorCode.NOT_COORDINATOR
