"""SyncGroup, Heartbeat, LeaveGroup, and sessions that run out."""

from __future__ import annotations

from typing import Any

import pytest

from mockbroker.core.groups.requests import LeavingMember
from mockbroker.core.groups.results import LeaveResult
from protocol_specs.errors import ErrorCode
from tests.core.groups.bench import DELAY, GROUP, REBALANCE, SESSION, Bench, error_of, reply

NONE = ErrorCode.NONE
UNKNOWN = ErrorCode.UNKNOWN_MEMBER_ID


def completing(bench: Bench, **changes: Any) -> tuple[str, str]:
    """A group of two that waits for its assignment, generation 1."""
    joins = [bench.start_join(**changes) for _ in range(2)]
    bench.clock.advance(DELAY * 3)
    leader = joins[0].reply.leader
    [follower] = {join.reply.member_id for join in joins} - {leader}
    return leader, follower


# SyncGroup.


def test_the_leaders_assignment_reaches_everybody() -> None:
    bench = Bench()
    leader, follower = completing(bench)
    waiting = bench.ask_to_sync(follower)
    assert error_of(waiting) == "waits"

    answer = reply(bench.ask_to_sync(leader, assignments=[(leader, b"a"), (follower, b"b"), ("gone", b"c")]))

    assert (answer.assignment, answer.protocol_type, answer.protocol_name) == (b"a", "consumer", "range")
    assert reply(waiting).assignment == b"b"
    assert reply(bench.ask_to_sync(follower)).assignment == b"b"


def test_whom_the_leader_leaves_out_is_assigned_nothing() -> None:
    bench = Bench()
    leader, follower = completing(bench)
    bench.ask_to_sync(leader, assignments=[(leader, b"a")])

    answer = reply(bench.ask_to_sync(follower))

    assert (answer.error_code, answer.assignment) == (NONE, b"")


def test_a_new_rebalance_sends_those_away_that_wait_for_an_assignment() -> None:
    bench = Bench()
    _, follower = completing(bench)
    waiting = bench.ask_to_sync(follower)

    bench.start_join()

    assert reply(waiting).error_code == ErrorCode.REBALANCE_IN_PROGRESS
    assert reply(waiting).protocol_name is None


@pytest.mark.parametrize(
    ("changes", "error"),
    [
        ({"group_id": ""}, ErrorCode.INVALID_GROUP_ID),
        ({"group_id": "nothing"}, UNKNOWN),
        ({"member_id": "x"}, UNKNOWN),
        ({"group_instance_id": "x"}, UNKNOWN),
        ({"generation_id": 0}, ErrorCode.ILLEGAL_GENERATION),
        ({"generation_id": 2}, ErrorCode.ILLEGAL_GENERATION),
        ({"protocol_type": "connect"}, ErrorCode.INCONSISTENT_GROUP_PROTOCOL),
        ({"protocol_name": "sticky"}, ErrorCode.INCONSISTENT_GROUP_PROTOCOL),
        ({"protocol_name": None}, ErrorCode.INCONSISTENT_GROUP_PROTOCOL),
        ({"protocol_type": None}, ErrorCode.INCONSISTENT_GROUP_PROTOCOL),
        ({"protocol_type": None, "protocol_name": None, "version": 4}, NONE),
    ],
)
def test_syncs_that_are_refused(changes: dict[str, Any], error: ErrorCode) -> None:
    bench = Bench()
    leader, _ = bench.stable_group()

    assert error_of(bench.ask_to_sync(**{"member_id": leader, **changes})) == error


def test_who_does_not_sync_in_time_is_dropped_and_the_rest_starts_over() -> None:
    bench = Bench()
    leader, follower = completing(bench, session_timeout_ms=100_000)
    waiting = bench.ask_to_sync(follower)
    bench.clock.advance(REBALANCE)

    assert reply(waiting).error_code == ErrorCode.REBALANCE_IN_PROGRESS
    assert list(bench.group().roster.members) == [follower]
    assert error_of(bench.ask_to_join(leader)) == UNKNOWN
    joined = reply(bench.ask_to_join(follower))
    assert (joined.generation_id, joined.leader) == (2, follower)


def test_a_follower_that_does_not_sync_is_dropped_from_a_stable_group() -> None:
    bench = Bench()
    leader, follower = completing(bench, session_timeout_ms=100_000)
    bench.ask_to_sync(leader, assignments=[(leader, b"a")])
    assert bench.group().state_name == "Stable"
    for _ in range(7):
        bench.heartbeat(leader)
        bench.heartbeat(follower)
        bench.clock.advance(10)

    assert list(bench.group().roster.members) == [leader]
    assert bench.heartbeat(leader) == ErrorCode.REBALANCE_IN_PROGRESS


def test_a_rebalance_calls_off_the_deadline_for_syncs() -> None:
    bench = Bench()
    leader, follower = completing(bench, session_timeout_ms=100_000)
    bench.clock.advance(REBALANCE / 2)
    joins = [
        bench.start_join(session_timeout_ms=100_000),
        bench.start_join(leader, session_timeout_ms=100_000),
    ]
    bench.clock.advance(REBALANCE * 0.9)

    assert bench.heartbeat(follower) == ErrorCode.REBALANCE_IN_PROGRESS
    bench.ask_to_join(follower, session_timeout_ms=100_000)
    assert [join.reply.generation_id for join in joins] == [2, 2]


def test_who_left_without_a_sync_is_not_waited_for() -> None:
    bench = Bench()
    leader, follower = completing(bench, session_timeout_ms=200_000)
    bench.leave(follower)
    bench.finish_rebalance([bench.ask_to_join(leader, session_timeout_ms=200_000)])
    bench.clock.advance(REBALANCE * 2)

    assert bench.heartbeat(leader, 2) == NONE


def test_when_all_have_synced_nobody_is_dropped() -> None:
    bench = Bench()
    leader, follower = bench.stable_group(session_timeout_ms=100_000)
    bench.clock.advance(99)

    assert bench.heartbeat(leader) == bench.heartbeat(follower) == NONE


def test_a_waiting_sync_excuses_from_heartbeats() -> None:
    bench = Bench()
    leader, follower = completing(bench)
    waiting = bench.ask_to_sync(follower)
    for _ in range(5):
        bench.heartbeat(leader)
        bench.clock.advance(SESSION * 0.9)
    assert error_of(waiting) == "waits"

    bench.ask_to_sync(leader, assignments=[(follower, b"b")])

    assert reply(waiting).assignment == b"b"
    bench.clock.advance(SESSION * 0.9)
    assert bench.heartbeat(follower) == NONE


# Heartbeat.


@pytest.mark.parametrize(
    ("group", "member", "generation", "instance", "error"),
    [
        ("", "leader", 1, None, ErrorCode.INVALID_GROUP_ID),
        ("nothing", "leader", 1, None, UNKNOWN),
        (GROUP, "x", 1, None, UNKNOWN),
        (GROUP, "leader", 1, "x", UNKNOWN),
        (GROUP, "leader", 0, None, ErrorCode.ILLEGAL_GENERATION),
        (GROUP, "leader", 2, None, ErrorCode.ILLEGAL_GENERATION),
        (GROUP, "leader", 1, None, NONE),
    ],
)
def test_heartbeats(group: str, member: str, generation: int, instance: str | None, error: ErrorCode) -> None:
    bench = Bench()
    leader, _ = bench.stable_group()
    member_id = leader if member == "leader" else member

    assert bench.groups.heartbeat(bench.broker, group, generation, member_id, instance) == error


def test_a_session_lasts_from_heartbeat_to_heartbeat() -> None:
    bench = Bench()
    [member] = bench.stable_group(1)
    for _ in range(20):
        bench.clock.advance(SESSION * 0.9)
        assert bench.heartbeat(member) == NONE

    bench.clock.advance(SESSION * 0.99)
    assert bench.group().state_name == "Stable"
    bench.clock.advance(SESSION * 0.02)

    assert bench.group().state_name == "Empty"
    assert bench.heartbeat(member) == UNKNOWN


def test_a_commit_is_a_sign_of_life() -> None:
    bench = Bench()
    [member] = bench.stable_group(1)
    for _ in range(5):
        bench.clock.advance(SESSION * 0.9)
        assert bench.commit(member_id=member, generation_id=1) == NONE

    assert bench.heartbeat(member) == NONE


def test_a_lost_member_makes_the_others_rebalance() -> None:
    bench = Bench()
    _, follower = bench.stable_group()
    bench.clock.advance(SESSION * 0.5)
    bench.heartbeat(follower)
    bench.clock.advance(SESSION * 0.6)

    assert bench.heartbeat(follower) == ErrorCode.REBALANCE_IN_PROGRESS
    joined = reply(bench.ask_to_join(follower))
    assert (joined.generation_id, joined.leader) == (2, follower)
    assert [member.member_id for member in joined.members] == [follower]


def test_a_rebalance_ends_when_the_one_that_it_waits_for_is_lost() -> None:
    bench = Bench()
    _, follower = bench.stable_group()
    join = bench.start_join(follower, protocols=(("range", b"changed"),))
    bench.clock.advance(SESSION * 0.9)
    assert not join.is_settled

    bench.clock.advance(SESSION * 0.2)

    assert (join.reply.generation_id, join.reply.leader) == (2, follower)


def test_an_assignment_is_gone_when_the_next_generation_comes_to_nothing() -> None:
    bench = Bench()
    leader, follower = bench.stable_group()
    bench.start_join(leader)
    [described] = bench.groups.describe_groups(bench.broker, [GROUP], 6)
    assert {member.assignment for member in described.members} == {leader.encode(), follower.encode()}
    bench.ask_to_join(follower)

    bench.start_join()

    [described] = bench.groups.describe_groups(bench.broker, [GROUP], 6)
    assert {member.assignment for member in described.members} == {b""}


# LeaveGroup.


def test_those_that_leave_together_cause_one_rebalance() -> None:
    bench = Bench()
    leader, second, third = bench.stable_group(3)

    assert bench.leave(leader, "x", second) == [NONE, UNKNOWN, NONE]

    assert bench.heartbeat(third) == ErrorCode.REBALANCE_IN_PROGRESS
    assert reply(bench.ask_to_join(third)).generation_id == 2


def test_the_last_one_leaves_an_empty_group_of_the_next_generation() -> None:
    bench = Bench()
    [member] = bench.stable_group(1)

    assert bench.leave(member) == [NONE]

    group = bench.group()
    assert (group.state_name, group.generation_id, group.protocol_name) == ("Empty", 2, None)
    assert (group.roster.leader_id, group.roster.protocol_type) == (None, "consumer")
    assert bench.leave(member) == [UNKNOWN]


def test_static_members_are_named_with_or_without_their_id() -> None:
    bench = Bench()
    joins = [bench.start_join(group_instance_id=name) for name in ("one", "two", "three")]
    bench.clock.advance(DELAY * 4)
    ids = bench.finish_rebalance(joins)

    assert bench.leave(("", "one"), ("", "nobody"), (ids[1], "three"), (ids[1], "two"), "") == [
        NONE,
        UNKNOWN,
        ErrorCode.FENCED_INSTANCE_ID,
        NONE,
        UNKNOWN,
    ]
    assert list(bench.group().roster.static_members) == ["three"]


def test_an_id_that_was_handed_out_may_leave() -> None:
    bench = Bench()
    first, second = bench.stable_group()
    pending = bench.refused_join().member_id
    joins = [bench.start_join(first), bench.start_join(second)]

    assert bench.leave(pending) == [NONE]

    assert [join.reply.generation_id for join in joins] == [2, 2]


def test_who_leaves_while_waiting_is_answered() -> None:
    bench = Bench()
    first, second = bench.stable_group()
    joining = bench.start_join()
    bench.start_join(first)
    [new_id] = set(bench.group().roster.members) - {first, second}

    assert bench.leave(new_id, second) == [NONE, NONE]

    assert (joining.reply.error_code, joining.reply.member_id) == (UNKNOWN, "")
    assert bench.group().state_name == "CompletingRebalance"


def test_who_leaves_while_it_waits_for_the_assignment_is_answered() -> None:
    bench = Bench()
    _, follower = completing(bench)
    waiting = bench.ask_to_sync(follower)

    bench.leave(follower)

    assert reply(waiting).error_code == UNKNOWN


def test_leaving_what_there_is_not() -> None:
    bench = Bench()
    members = [LeavingMember("x"), LeavingMember("", "y")]

    result = bench.groups.leave_group(bench.broker, "nothing", members)

    assert isinstance(result, LeaveResult)
    assert result.error_code == NONE
    assert [tuple(member) for member in result.members] == [("x", None, UNKNOWN), ("", "y", UNKNOWN)]
    assert bench.groups.leave_group(bench.broker, "", members) == LeaveResult(ErrorCode.INVALID_GROUP_ID)
