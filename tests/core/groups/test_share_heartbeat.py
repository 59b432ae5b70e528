"""ShareGroupHeartbeat: joining, epochs, what answers tell, what is refused."""

from __future__ import annotations

import time
from typing import Any

import pytest

from mockbroker.core.groups.requests import ConsumerHeartbeat, FetchGroup, TopicPartitions
from mockbroker.core.groups.share_requests import (
    DescribedShareGroup,
    DescribedShareMember,
    ShareHeartbeatResult,
)
from mockbroker.core.waiting import Pending
from protocol_specs.errors import ErrorCode
from tests.core.groups.bench import error_of
from tests.core.groups.share_bench import GROUP, INTERVAL, ShareBench

NONE = ErrorCode.NONE
FENCED = ErrorCode.FENCED_MEMBER_EPOCH
INVALID = ErrorCode.INVALID_REQUEST
INTERVAL_MS = int(INTERVAL * 1000)


def orders(bench: ShareBench, *partitions: int) -> list[tuple[bytes, list[int]]]:
    return [(bench.id_of(), list(partitions))] if partitions else []


# Joining, and staying.


def test_the_first_member_gets_nothing_until_its_partitions_are_ready() -> None:
    bench = ShareBench()

    joined = bench.beat("a", 0, "orders")

    assert joined == ShareHeartbeatResult(NONE, None, "a", 2, INTERVAL_MS, [])
    assert bench.shares.state_name == "Stable"
    assert bench.shares.listed() == (GROUP, "share", "Stable", "share")
    told = bench.beat("a", 2)
    assert told == ShareHeartbeatResult(NONE, None, "a", 3, INTERVAL_MS, orders(bench, 0, 1, 2))


def test_the_assignment_is_told_when_it_changes_or_when_topics_are_named() -> None:
    bench = ShareBench()
    bench.settled("a")

    assert bench.beat("a", 3).assignment is None
    assert bench.beat("a", 3, "orders").assignment == orders(bench, 0, 1, 2)
    assert bench.beat("a", 0, "orders").assignment == orders(bench, 0, 1, 2)
    assert bench.beat("a", 3, subscribed_topic_names=[]).assignment == []


def test_a_heartbeat_that_changes_nothing_writes_nothing() -> None:
    bench = ShareBench()
    bench.settled("a")
    shard = bench.groups.shards.leading_shard(GROUP)
    assert shard is not None
    end = shard.written_offset

    bench.beat("a", 3)
    bench.beat("a", 3, "orders")
    assert shard.written_offset == end

    bench.beat("a", 3, rack_id="r")
    bench.beat("a", 3, client_id="other")
    assert shard.written_offset == end + 2
    assert bench.shares.group_epoch == 3


def test_members_share_partitions() -> None:
    bench = ShareBench()
    bench.settled("a")

    joined = bench.beat("b", 0, "orders")

    # Nobody has to give up anything first.
    assert joined.member_epoch == 4
    [(_, b_has)] = joined.assignment or ()
    [(_, a_has)] = bench.beat("a", 3).assignment or ()
    assert sorted([*a_has, *b_has]) == [0, 1, 2]
    for number in range(4):
        bench.beat(f"m{number}", 0, "orders")
    bench.settled("a", "b", "m0", "m1", "m2", "m3")
    assert bench.held("a", "b", "m0", "m1", "m2", "m3").count([]) == 0
    assert bench.all_held(*bench.shares.members) == [0, 0, 1, 1, 2, 2]


def test_topics_may_come_grow_and_go() -> None:
    bench = ShareBench()
    assert bench.beat("a", 0, "orders", "payments").member_epoch == 2
    assert bench.beat("a", 2).member_epoch == 3

    bench.cluster.create_topic("payments", partitions=1)
    assert bench.beat("a", 3).member_epoch == 4
    payments = bench.id_of("payments"), [0]
    assert sorted(bench.beat("a", 4).assignment or ()) == sorted([*orders(bench, 0, 1, 2), payments])

    bench.cluster.create_partitions("orders", 4)
    assert bench.beat("a", 5).member_epoch == 6
    assert sorted(bench.beat("a", 6).assignment or ()) == sorted([*orders(bench, 0, 1, 2, 3), payments])

    bench.cluster.delete_topic("orders")
    told = bench.beat("a", 7)
    assert (told.member_epoch, told.assignment) == (8, [payments])
    assert bench.shares.topics is not None
    assert list(bench.shares.topics.initialized) == [bench.id_of("payments")]


def test_only_what_is_subscribed_to_is_assigned() -> None:
    bench = ShareBench()
    bench.cluster.create_topic("payments", partitions=1)
    bench.settled("a")

    assert bench.beat("a", 3, "payments") == ShareHeartbeatResult(NONE, None, "a", 4, INTERVAL_MS, [])
    assert bench.beat("a", 4).assignment == [(bench.id_of("payments"), [0])]
    # The state of the former topic stays.
    assert bench.shares.topics is not None
    assert set(bench.shares.topics.initialized) == {bench.id_of(), bench.id_of("payments")}
    assert bench.beat("a", 5, "orders").assignment == orders(bench, 0, 1, 2)


def test_assignments_are_made_no_sooner_than_the_interval_says() -> None:
    bench = ShareBench(group_share_assignment_interval_ms=1000)
    bench.settled("a")
    bench.clock.advance(1)
    bench.settled("a")
    epoch = bench.shares.members["a"].member_epoch
    assert bench.held("a") == [[0, 1, 2]]

    assert bench.beat("b", 0, "orders").assignment == []
    assert bench.beat("a", epoch).assignment is None
    bench.clock.advance(1)
    assert bench.beat("a", epoch).member_epoch == epoch + 1
    assert len(bench.all_held("a", "b")) < 3
    bench.beat("b", bench.shares.members["b"].member_epoch)
    assert bench.all_held("a", "b") == [0, 1, 2]


# The first assignment.


def test_the_first_members_of_an_empty_group_share_the_first_assignment() -> None:
    bench = ShareBench(group_initial_rebalance_delay_ms=3000)
    a = bench.ask("a", 0, "orders")
    bench.clock.advance(0.049)
    b = bench.ask("b", 0, "orders")
    assert [error_of(answer) for answer in (a, b)] == ["waits", "waits"]

    bench.clock.advance(0.001)

    results = [answer.reply for answer in (a, b) if isinstance(answer, Pending)]
    assert [result.member_id for result in results] == ["a", "b"]
    assert sorted(index for result in results for _, held in result.assignment for index in held) == [0, 1, 2]
    assert bench.all_held("a", "b") == [0, 1, 2]
    # Whoever comes later does not wait.
    assert bench.beat("c", 0, "orders").assignment


def test_the_first_assignment_takes_no_time_to_speak_of() -> None:
    begin = time.perf_counter()
    bench = ShareBench(group_initial_rebalance_delay_ms=3000)
    start = bench.clock.now
    for member_id in ("a", "b"):
        bench.ask(member_id, 0, "orders")
    bench.clock.advance(0.05)
    assert bench.clock.now - start < 0.25
    assert time.perf_counter() - begin < 1
    assert bench.shares.has_unassigned is False


def test_who_waits_for_the_first_assignment_may_leave_or_lose_its_coordinator() -> None:
    bench = ShareBench(group_initial_rebalance_delay_ms=50)
    a, b = bench.ask("a", 0, "orders"), bench.ask("b", 0, "orders")
    bench.beat("a", -1)
    bench.clock.advance(0.05)
    assert error_of(a) == ErrorCode.UNKNOWN_MEMBER_ID
    assert error_of(b) == NONE

    bench.beat("b", -1)
    c = bench.ask("c", 0, "orders")
    bench.beat("c", -1)
    assert bench.delete() == NONE
    d = bench.ask("d", 0, "orders")
    bench.groups.shards.unload_broker(bench.broker)
    bench.clock.advance(0.05)
    assert error_of(c) in (ErrorCode.UNKNOWN_MEMBER_ID, ErrorCode.NOT_COORDINATOR)
    assert error_of(d) == ErrorCode.NOT_COORDINATOR


# Fencing, and refusals.


def test_epochs() -> None:
    bench = ShareBench()
    bench.settled("a")
    bench.beat("b", 0, "orders")
    assert bench.beat("a", 3).member_epoch == 4

    ahead = "The share group member has a greater member epoch (5) than the one known by the group coordinator (4)."
    rejoin = "The member must abandon all its partitions and rejoin."
    assert bench.refusal("a", 5) == (FENCED, f"{ahead} {rejoin}")
    # The answer with the new epoch may have been lost.
    assert bench.beat("a", 3).member_epoch == 4
    behind = (
        "The share group member has a smaller member epoch (2) than the one known by the group coordinator (4), "
        "and it does not match the previous member epoch (3)."
    )
    assert bench.refusal("a", 2) == (FENCED, f"{behind} {rejoin}")


def test_unknown_members_and_groups() -> None:
    bench = ShareBench()
    missing = ErrorCode.GROUP_ID_NOT_FOUND
    assert bench.refusal("a", 1) == (missing, f"Share group {GROUP} not found.")
    assert bench.refusal("a", -1) == (missing, f"Group {GROUP} not found.")
    bench.beat("a", 0, "orders")
    unknown = (ErrorCode.UNKNOWN_MEMBER_ID, f"Member b is not a member of group {GROUP}.")
    assert bench.refusal("b", 2) == unknown
    assert bench.refusal("b", -1) == unknown

    bench.commit(group_id="classic")
    other = (missing, "Group classic is not a share group.")
    for epoch in (0, 1, -1):
        assert bench.refusal("a", epoch, "orders", group_id="classic") == other


def test_a_group_is_full() -> None:
    bench = ShareBench(group_share_max_size=2)
    bench.settled("a", "b")
    text = "The share group has reached its maximum capacity of 2 members."
    assert bench.refusal("c", 0, "orders") == (ErrorCode.GROUP_MAX_SIZE_REACHED, text)
    assert bench.beat("a", 0, "orders").error_code == NONE
    bench.beat("b", -1)
    assert bench.beat("c", 0, "orders").error_code == NONE


@pytest.mark.parametrize(
    ("epoch", "changes", "text"),
    [
        (1, {"group_id": ""}, "GroupId can't be empty."),
        (0, {"rack_id": "\t"}, "RackId can't be empty."),
        (0, {"subscribed_topic_names": None}, "SubscribedTopicNames must be set in first request."),
        (0, {"subscribed_topic_names": []}, "SubscribedTopicNames must be set in first request."),
        (-2, {}, "MemberEpoch is invalid."),
    ],
)
def test_requests_that_no_member_may_send(epoch: int, changes: dict[str, Any], text: str) -> None:
    bench = ShareBench()
    assert bench.refusal("a", epoch, "orders", **changes) == (INVALID, text)
    assert bench.refusal(" ", 0, "orders") == (INVALID, "MemberId can't be empty.")
    assert bench.groups.find_group(GROUP) is None


def test_a_broker_that_does_not_coordinate_says_so() -> None:
    bench = ShareBench(3)
    bench.settled("a")
    bench.broker = next(id for id in bench.cluster.nodes if id != bench.broker)
    code = ErrorCode.NOT_COORDINATOR
    # A default text is not told in a heartbeat, but in others.
    assert bench.refusal("a", 3) == (code, None)
    assert bench.groups.shares.describe(bench.broker, [GROUP]) == [
        DescribedShareGroup(GROUP, code, code.message)
    ]
    assert (bench.described().error_code, bench.described().error_message) == (code, code.message)
    assert (bench.alter().error_code, bench.alter().error_message) == (code, code.message)
    assert bench.delete_offsets().error_code == code
    assert bench.delete() == code


# Going.


def test_a_member_that_leaves_makes_room() -> None:
    bench = ShareBench()
    bench.settled("a", "b")

    gone = bench.beat("a", -1)

    assert gone == ShareHeartbeatResult(NONE, None, "a", -1)
    assert list(bench.shares.members) == ["b"]
    epoch = bench.shares.members["b"].member_epoch
    assert bench.beat("b", epoch).assignment == orders(bench, 0, 1, 2)
    bench.beat("b", -1)
    assert bench.shares.state_name == "Empty"
    assert bench.shares.targets == {}


def test_a_session_that_runs_out() -> None:
    bench = ShareBench()
    bench.settled("a", "b")
    bench.clock.advance(44)
    bench.beat("b", bench.shares.members["b"].member_epoch)
    bench.clock.advance(1)
    assert list(bench.shares.members) == ["b"]
    bench.clock.advance(44)
    assert bench.shares.is_empty
    assert bench.refusal("b", 3)[0] == ErrorCode.UNKNOWN_MEMBER_ID


def test_times_may_be_set() -> None:
    bench = ShareBench(group_share_session_timeout_ms=60_000, group_share_heartbeat_interval_ms=6000)
    assert bench.beat("a", 0, "orders").heartbeat_interval_ms == 6000
    bench.clock.advance(59)
    assert bench.refusal("b", 2)[0] == ErrorCode.UNKNOWN_MEMBER_ID
    bench.clock.advance(1)
    assert bench.shares.is_empty


# What others ask of it.


def test_describing() -> None:
    bench = ShareBench()
    assert bench.groups.shares.describe(bench.broker, [GROUP, ""]) == [
        DescribedShareGroup(GROUP, ErrorCode.GROUP_ID_NOT_FOUND, f"Group {GROUP} not found."),
        DescribedShareGroup("", ErrorCode.INVALID_GROUP_ID),
    ]
    bench.settled("a")
    bench.beat("b", 0, "x", "orders", rack_id="r")

    [described] = bench.groups.shares.describe(bench.broker, [GROUP])

    assert described[:7] == (GROUP, NONE, None, "Stable", 4, 4, "simple")
    a, b = described.members
    assert a == DescribedShareMember("a", None, 3, "app", "/127.0.0.1", ["orders"], orders(bench, 0, 1, 2))
    assert b[:6] == ("b", "r", 4, "app", "/127.0.0.1", ["orders", "x"])
    [classic] = bench.groups.describe_groups(bench.broker, [GROUP], 6)
    assert classic.error_message == f"Group {GROUP} is not a classic group."


def test_it_is_no_consumer_group() -> None:
    bench = ShareBench()
    bench.settled("a")
    missing = ErrorCode.GROUP_ID_NOT_FOUND
    assert bench.commit(member_id="a", generation_id=3) == missing
    asked = FetchGroup(GROUP, [TopicPartitions("orders", (0,))], "a", 3)
    [fetched] = bench.groups.fetch_offsets(bench.broker, [asked], 9)  # type: ignore[misc]
    assert fetched.error_code == NONE
    deleted = bench.groups.delete_offsets(bench.broker, GROUP, [TopicPartitions("orders", (0,))])
    assert error_of(deleted) == missing
    request = ConsumerHeartbeat(GROUP, "c", 0, 1, "app", "127.0.0.1", rebalance_timeout_ms=1000)
    request = request._replace(subscribed_topic_names=["orders"], owned=())
    assert error_of(bench.groups.consumers.heartbeat(bench.broker, request)) == missing
    assert error_of(bench.ask_to_join()) == ErrorCode.INCONSISTENT_GROUP_PROTOCOL

    # It does not vanish, though nothing was ever committed.
    bench.beat("a", -1)
    bench.clock.advance(8 * 24 * 3600)
    assert bench.shares.state_name == "Empty"
