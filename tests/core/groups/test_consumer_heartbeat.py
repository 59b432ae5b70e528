"""ConsumerGroupHeartbeat: joining, epochs, what answers tell, what is refused."""

from __future__ import annotations

from typing import Any

import pytest

from mockbroker.core.groups.consumer import preferred_assignor
from mockbroker.core.groups.coordinator import GroupCoordinator
from mockbroker.core.groups.requests import ConsumerHeartbeat, FetchGroup, TopicPartitions
from mockbroker.core.groups.results import ConsumerHeartbeatResult
from mockbroker.core.reassignment import alter_reassignments
from mockbroker.core.waiting import Pending
from protocol_specs.errors import ErrorCode
from tests.core.groups.bench import error_of
from tests.core.groups.consumer_bench import GROUP, INTERVAL, SESSION, ConsumerBench

NONE = ErrorCode.NONE
FENCED = ErrorCode.FENCED_MEMBER_EPOCH
INVALID = ErrorCode.INVALID_REQUEST


def orders(bench: ConsumerBench, *partitions: int) -> list[tuple[bytes, list[int]]]:
    return [(bench.cluster.topics["orders"].id, list(partitions))] if partitions else []


# Joining, and staying.


def test_the_first_member_gets_everything() -> None:
    bench = ConsumerBench()

    result = bench.join("a", "orders")

    assert result == ConsumerHeartbeatResult(NONE, None, "a", 2, int(INTERVAL * 1000), orders(bench, 0, 1, 2))
    group = bench.consumers
    assert (group.state_name, group.group_epoch, group.assignment_epoch) == ("Stable", 2, 2)
    assert group.listed() == (GROUP, "consumer", "Stable", "consumer")


def test_a_member_without_an_id_is_given_one_in_version_0() -> None:
    bench = ConsumerBench()

    member_id = bench.join("", "orders", version=0).member_id

    assert member_id is not None
    assert len(member_id) == 22
    assert list(bench.consumers.members) == [member_id]
    assert bench.refusal("", 0) == (INVALID, "MemberId can't be empty.")


def test_the_assignment_is_told_when_it_changes_or_when_all_is_said() -> None:
    bench = ConsumerBench()
    bench.join("a", "orders")

    assert bench.beat("a", 2).assignment is None
    assert bench.beat("a", 2, owned=orders(bench, 0, 1, 2)).assignment is None
    full = bench.beat("a", 2, owned=(), rebalance_timeout_ms=9000, subscribed_topic_names=["orders"])
    assert full.assignment == orders(bench, 0, 1, 2)
    assert bench.join("a", "orders").assignment == orders(bench, 0, 1, 2)


def test_a_heartbeat_that_changes_nothing_writes_nothing() -> None:
    bench = ConsumerBench()
    bench.join("a", "orders")
    shard = bench.groups.shards.leading_shard(GROUP)
    assert shard is not None
    end = shard.written_offset

    bench.beat("a", 2)
    bench.beat("a", 2, subscribed_topic_names=["orders"], rebalance_timeout_ms=60_000)
    assert shard.written_offset == end

    bench.beat("a", 2, rebalance_timeout_ms=1)
    bench.beat("a", 2, client_id="other")
    assert shard.written_offset == end + 2
    assert bench.consumers.group_epoch == 2


def test_a_second_member_waits_for_the_first_to_give_up() -> None:
    bench = ConsumerBench()
    first = bench.consumer("a")

    joined = bench.join("b", "orders")
    assert (joined.member_epoch, joined.assignment) == (3, [])
    assert bench.consumers.state_name == "Reconciling"

    told = bench.beat("a", 2)
    assert (told.member_epoch, len(told.assignment or ())) == (2, 1)
    [(_, kept)] = told.assignment or ()
    assert len(kept) == 2
    assert bench.beat("b", 3).assignment is None

    given_up = bench.beat("a", 2, owned=orders(bench, *kept))
    assert (given_up.member_epoch, given_up.assignment) == (3, None)
    [(_, rest)] = bench.beat("b", 3).assignment or ()
    assert sorted([*kept, *rest]) == [0, 1, 2]
    assert bench.consumers.state_name == "Stable"
    assert first.member_id == "a"


def test_a_member_that_unsubscribes_has_nothing() -> None:
    bench = ConsumerBench()
    bench.join("a", "orders")

    told = bench.beat("a", 2, subscribed_topic_names=[])
    assert (told.member_epoch, told.assignment) == (2, [])
    assert bench.consumers.group_epoch == 3
    assert bench.beat("a", 2, owned=()).member_epoch == 3

    assert bench.join("idle").assignment == []


def test_topics_may_come_grow_and_go() -> None:
    bench = ConsumerBench()
    consumer = bench.consumer("a", "orders", "payments")
    assert consumer.owned == {"orders": [0, 1, 2]}

    bench.cluster.create_topic("payments", partitions=2)
    consumer.beat()
    assert consumer.owned == {"orders": [0, 1, 2], "payments": [0, 1]}
    assert consumer.epoch == 3

    bench.cluster.create_topic("others")
    consumer.beat()
    assert consumer.epoch == 3

    bench.cluster.create_partitions("orders", 4)
    consumer.beat()
    assert consumer.owned["orders"] == [0, 1, 2, 3]

    bench.cluster.delete_topic("payments")
    bench.settle(consumer)
    assert consumer.owned == {"orders": [0, 1, 2, 3]}
    assert consumer.epoch == 5


def test_a_replica_in_another_rack_is_a_change() -> None:
    bench = ConsumerBench(2)
    bench.cluster.nodes[1].rack, bench.cluster.nodes[2].rack = "a", "b"
    consumer = bench.consumer("a")
    present = bench.cluster.partition("orders", 0).replicas
    alter_reassignments(bench.cluster, [("orders", 0, list(reversed(present)))])
    consumer.beat()
    assert consumer.epoch == 2

    alter_reassignments(bench.cluster, [("orders", 0, [present[0]])])
    consumer.beat()
    assert consumer.epoch == 3


# Assignors.


def test_members_vote_for_an_assignor() -> None:
    bench = ConsumerBench()
    a, b = bench.consumer("a", server_assignor="range"), bench.consumer("b")
    bench.settle(a, b)
    assert (a.owned, b.owned) == ({"orders": [0, 1]}, {"orders": [2]})
    assert bench.groups.consumers.describe(bench.broker, [GROUP])[0].assignor_name == "range"

    # Who changes its mind changes nothing by itself.
    b.beat(server_assignor="uniform")
    a.beat(server_assignor="uniform")
    assert bench.consumers.group_epoch == 3
    assert bench.consumers.assignors == {"uniform": 2}


@pytest.mark.parametrize(
    ("votes", "former", "vote", "chosen"),
    [
        ({}, None, None, None),
        ({}, None, "range", "range"),
        ({"uniform": 1, "range": 2}, None, None, "range"),
        ({"uniform": 1, "range": 1}, None, None, "uniform"),
        # Who votes last decides a tie, unless others had voted for the same.
        ({"uniform": 1}, None, "range", "range"),
        ({"range": 1}, None, "uniform", "uniform"),
        ({"uniform": 1, "range": 1}, "range", "range", "range"),
        ({"uniform": 1, "range": 1}, "uniform", "uniform", "uniform"),
        ({"uniform": 2, "range": 1}, None, "range", "uniform"),
        ({"uniform": 2, "range": 1}, "uniform", "range", "range"),
        ({"range": 1}, "range", None, None),
    ],
)
def test_how_votes_are_counted(
    votes: dict[str, int], former: str | None, vote: str | None, chosen: str | None
) -> None:
    assert preferred_assignor(votes, former, vote) == chosen


def test_the_default_assignor_is_the_first() -> None:
    bench = ConsumerBench(group_consumer_assignors="range,uniform")
    a, b = bench.consumer("a"), bench.consumer("b")
    bench.settle(a, b)
    assert (a.owned, b.owned) == ({"orders": [0, 1]}, {"orders": [2]})


def test_an_assignor_that_there_is_not_is_refused() -> None:
    bench = ConsumerBench()
    assert bench.refusal("a", 0, **JOINS, server_assignor="sticky") == (
        ErrorCode.UNSUPPORTED_ASSIGNOR,
        "ServerAssignor sticky is not supported. Supported assignors: uniform, range.",
    )


# The assignment interval, and the first members.


def test_assignments_are_made_no_sooner_than_the_interval_says() -> None:
    bench = ConsumerBench(group_consumer_assignment_interval_ms=1000)
    first = bench.consumer("a")
    assert first.owned == {"orders": [0, 1, 2]}

    second = bench.consumer("b")
    assert (second.epoch, second.owned) == (2, {})
    assert bench.consumers.state_name == "Assigning"

    bench.clock.advance(0.999)
    second.beat()
    assert second.epoch == 2
    bench.clock.advance(0.001)
    second.beat()
    assert second.epoch == 3
    bench.settle(first, second)


def test_the_first_members_of_an_empty_group_share_the_first_assignment() -> None:
    bench = ConsumerBench(group_initial_rebalance_delay_ms=3000)
    a = bench.ask("a", 0, **JOINS)
    bench.clock.advance(0.049)
    b = bench.ask("b", 0, **JOINS)
    again = bench.ask("b", 0, **JOINS)
    assert [error_of(answer) for answer in (a, b, again)] == ["waits"] * 3
    assert bench.consumers.state_name == "Assigning"

    bench.clock.advance(0.001)

    results = [answer.reply for answer in (a, b, again) if isinstance(answer, Pending)]
    assert [(result.member_id, result.member_epoch) for result in results] == [("a", 3), ("b", 3), ("b", 3)]
    assert sorted(i for result in results[:2] for _, indexes in result.assignment for i in indexes) == [
        0,
        1,
        2,
    ]
    assert results[2] == results[1]
    assert bench.consumers.state_name == "Stable"
    assert bench.join("c", "orders").member_epoch == 4


def test_who_waits_for_the_first_assignment_may_leave_or_lose_its_coordinator() -> None:
    bench = ConsumerBench(group_initial_rebalance_delay_ms=50)
    a, b = bench.ask("a", 0, **JOINS), bench.ask("b", 0, **JOINS)
    bench.beat("a", -1)
    bench.clock.advance(0.05)
    assert error_of(a) == ErrorCode.UNKNOWN_MEMBER_ID
    assert error_of(b) == NONE

    bench.beat("b", -1)
    c = bench.ask("c", 0, **JOINS)
    bench.beat("c", -1)
    assert bench.groups.delete_groups(bench.broker, [GROUP]) == [(GROUP, NONE)]
    d = bench.ask("d", 0, **JOINS)
    bench.groups.shards.unload_broker(bench.broker)
    bench.clock.advance(0.05)
    assert error_of(c) in (ErrorCode.UNKNOWN_MEMBER_ID, ErrorCode.NOT_COORDINATOR)
    assert error_of(d) == ErrorCode.NOT_COORDINATOR


# Fencing.


def test_epochs() -> None:
    bench = ConsumerBench()
    bench.join("a", "orders")
    bench.cluster.create_partitions("orders", 4)
    assert bench.beat("a", 2).member_epoch == 3

    ahead = "The consumer group member has a greater member epoch (4) than the one known by the group coordinator "
    assert bench.refusal("a", 4) == (
        FENCED,
        f"{ahead}(3). The member must abandon all its partitions and rejoin.",
    )
    # The answer with the new epoch may have been lost.
    assert bench.beat("a", 2, owned=orders(bench, 0, 1)).member_epoch == 3
    behind = "The consumer group member has a smaller member epoch (2) than the one known by the group coordinator "
    nothing: list[int] = []
    for owned in (None, orders(bench, 0, 7), [(b"x" * 16, nothing)]):
        assert bench.refusal("a", 2, owned=owned) == (
            FENCED,
            f"{behind}(3). The member must abandon all its partitions and rejoin.",
        )
    assert bench.refusal("a", 1, owned=())[0] == FENCED


def test_unknown_members_and_groups() -> None:
    bench = ConsumerBench()
    missing = (ErrorCode.GROUP_ID_NOT_FOUND, f"Consumer group {GROUP} not found.")
    assert bench.refusal("a", 1) == missing
    assert bench.refusal("a", -1) == (ErrorCode.GROUP_ID_NOT_FOUND, f"Group {GROUP} not found.")

    bench.join("a", "orders")
    unknown = (ErrorCode.UNKNOWN_MEMBER_ID, f"Member b is not a member of group {GROUP}.")
    assert bench.refusal("b", 1) == unknown
    assert bench.refusal("b", -1) == unknown

    bench.beat("a", -1)
    assert bench.refusal("a", 2)[0] == ErrorCode.UNKNOWN_MEMBER_ID


def test_a_group_is_full() -> None:
    bench = ConsumerBench(group_consumer_max_size=1)
    bench.join("a", "orders")
    assert bench.refusal("b", 0, **JOINS) == (
        ErrorCode.GROUP_MAX_SIZE_REACHED,
        "The consumer group has reached its maximum capacity of 1 members.",
    )
    assert bench.join("a", "orders").member_epoch == 2


JOINS: dict[str, Any] = {"rebalance_timeout_ms": 60_000, "subscribed_topic_names": ["orders"], "owned": ()}


@pytest.mark.parametrize(
    ("epoch", "changes", "text"),
    [
        (0, {"member_id": " \t"}, "MemberId can't be empty."),
        (1, {"member_id": "", "version": 0}, "MemberId can't be empty."),
        (-1, {"member_id": "", "version": 0}, "MemberId can't be empty."),
        (0, {"group_id": ""}, "GroupId can't be empty."),
        (0, {"instance_id": ""}, "InstanceId can't be empty."),
        (0, {"rack_id": " "}, "RackId can't be empty."),
        (0, {"rebalance_timeout_ms": -1}, "RebalanceTimeoutMs must be provided in first request."),
        (0, {"owned": None}, "TopicPartitions must be empty when (re-)joining."),
        (0, {"owned": [(b"x" * 16, [0])]}, "TopicPartitions must be empty when (re-)joining."),
        (
            0,
            {"subscribed_topic_names": None},
            "Either SubscribedTopicNames or SubscribedTopicRegex must be non-null when (re-)joining.",
        ),
        (-2, {}, "InstanceId can't be null."),
        (-3, {}, "MemberEpoch is invalid."),
    ],
)
def test_requests_that_no_member_may_send(epoch: int, changes: dict[str, Any], text: str) -> None:
    bench = ConsumerBench()
    request = ConsumerHeartbeat(GROUP, "a", epoch, 1, "app", "127.0.0.1", **JOINS)

    result = bench.groups.consumers.heartbeat(bench.broker, request._replace(**changes))

    assert result == ConsumerHeartbeatResult(INVALID, text)


# Leaving, and time.


def test_a_member_that_leaves_makes_room() -> None:
    bench = ConsumerBench()
    a, b = bench.consumer("a"), bench.consumer("b")
    bench.settle(a, b)

    assert bench.beat("b", -1) == ConsumerHeartbeatResult(NONE, None, "b", -1)
    assert bench.consumers.group_epoch == 4
    a.beat()
    assert a.owned == {"orders": [0, 1, 2]}

    bench.beat("a", -1)
    assert bench.consumers.state_name == "Empty"
    assert bench.consumers.group_epoch == 5
    assert bench.clock.next_alarm is not None
    assert bench.consumers.timers.sessions == {}


def test_a_session_that_runs_out() -> None:
    bench = ConsumerBench()
    a, b = bench.consumer("a"), bench.consumer("b")
    bench.settle(a, b)
    bench.clock.advance(SESSION - 1)
    a.beat()
    bench.clock.advance(1)

    assert list(bench.consumers.members) == ["a"]
    a.beat()
    assert a.owned == {"orders": [0, 1, 2]}


def test_a_member_that_does_not_give_up_is_dropped() -> None:
    bench = ConsumerBench()
    slow = bench.consumer("slow", rebalance_timeout_ms=30_000)
    slow.is_slow = True
    new = bench.consumer("new")
    slow.beat()
    for _ in range(5):
        bench.clock.advance(5)
        slow.beat()
        new.beat()
    assert slow.epoch == 2
    bench.clock.advance(5)

    assert list(bench.consumers.members) == ["new"]
    new.beat()
    assert new.owned == {"orders": [0, 1, 2]}


def test_a_member_that_gives_up_in_time_stays() -> None:
    bench = ConsumerBench()
    slow = bench.consumer("slow", rebalance_timeout_ms=30_000)
    slow.is_slow = True
    new = bench.consumer("new")
    slow.beat()
    bench.clock.advance(29)
    slow.is_slow = False
    slow.owned = {}
    bench.settle(slow, new)
    bench.clock.advance(30)
    assert set(bench.consumers.members) == {"slow", "new"}


def test_a_group_may_have_its_own_times() -> None:
    overrides = {GROUP: {"consumer.session.timeout.ms": "50000", "consumer.heartbeat.interval.ms": "7000"}}
    bench = ConsumerBench()
    cluster = bench.cluster
    bench.groups = GroupCoordinator(
        bench.clock, bench.waiting, cluster.rng, cluster.settings, cluster, overrides
    )
    assert bench.join("a", "orders").heartbeat_interval_ms == 7000
    bench.clock.advance(49)
    assert bench.beat("a", 2).heartbeat_interval_ms == 7000

    overrides[GROUP] = {"consumer.heartbeat.interval.ms": "9000"}
    assert bench.beat("a", 2).heartbeat_interval_ms == 9000
    bench.clock.advance(45)
    assert bench.consumers.is_empty

    cluster.settings.set_dynamic(None, {"group.consumer.assignment.interval.ms": "77"})
    del overrides[GROUP]
    assert bench.join("a", "orders").heartbeat_interval_ms == 5000


# Static members.


def test_a_static_member_may_come_back_under_another_id() -> None:
    bench = ConsumerBench()
    bench.join("a", "orders", instance_id="one")
    other = bench.consumer("b")
    bench.beat("a", 2, instance_id="one", owned=orders(bench, 0, 1, 2))
    given = bench.consumers.target_of("a")
    [(topic_id, kept)] = [(id, sorted(indexes)) for id, indexes in given.items()]
    bench.beat("a", 2, instance_id="one", owned=[(topic_id, kept)])
    other.beat()

    left = bench.beat("a", -2, instance_id="one")
    assert left == ConsumerHeartbeatResult(NONE, None, "a", -2)
    assert bench.consumers.group_epoch == 3
    assert bench.consumers.state_name == "Reconciling"

    back = bench.join("c", "orders", instance_id="one")
    assert (back.member_epoch, back.assignment) == (3, [(topic_id, kept)])
    assert bench.consumers.group_epoch == 3
    assert set(bench.consumers.members) == {"b", "c"}
    assert bench.consumers.static_members == {"one": "c"}
    assert bench.refusal("a", 3, instance_id="one") == (
        ErrorCode.FENCED_INSTANCE_ID,
        "Static member a with instance id one was fenced by member c.",
    )


def test_a_static_member_that_does_not_come_back_in_time_is_gone() -> None:
    bench = ConsumerBench()
    bench.join("a", "orders", instance_id="one")
    bench.clock.advance(40)
    bench.beat("a", -2, instance_id="one")
    bench.clock.advance(5)
    assert bench.consumers.is_empty


def test_an_instance_id_that_is_in_use_is_not_released() -> None:
    bench = ConsumerBench()
    bench.join("a", "orders", instance_id="one")
    assert bench.refusal("b", 0, **JOINS, instance_id="one") == (
        ErrorCode.UNRELEASED_INSTANCE_ID,
        "Static member b with instance id one cannot join the group because the instance id is owned by a member.",
    )
    assert bench.refusal("a", 2, instance_id="two") == (
        ErrorCode.UNKNOWN_MEMBER_ID,
        "Instance id two is unknown.",
    )
    assert bench.refusal("b", -1, instance_id="one")[0] == ErrorCode.FENCED_INSTANCE_ID
    assert bench.beat("a", -1, instance_id="one").member_epoch == -1
    assert bench.join("b", "orders", instance_id="one").member_epoch == 4


def test_a_static_member_that_comes_back_may_subscribe_to_something_else() -> None:
    bench = ConsumerBench()
    bench.cluster.create_topic("payments", partitions=1)
    bench.join("a", "orders", instance_id="one")
    bench.beat("a", -2, instance_id="one")

    back = bench.join("b", "payments", instance_id="one")

    assert back.member_epoch == 3
    assert back.assignment == [(bench.cluster.topics["payments"].id, [0])]


# Commits.


def test_commits_of_members() -> None:
    bench = ConsumerBench()
    orders_id = bench.cluster.topics["orders"].id
    bench.join("a", "orders")
    stale = ErrorCode.STALE_MEMBER_EPOCH

    assert bench.committed_as("a", 2) == NONE
    assert bench.committed_as("a", 3) == stale
    assert bench.committed_as("a", 2, version=8) == ErrorCode.UNSUPPORTED_VERSION
    assert bench.committed_as("b", 2) == ErrorCode.UNKNOWN_MEMBER_ID
    assert bench.commit() == ErrorCode.UNKNOWN_MEMBER_ID

    # In another epoch, what it was given before may still be committed (KIP-1251).
    bench.cluster.create_partitions("orders", 4)
    assert bench.beat("a", 2).member_epoch == 3
    assert bench.committed_as("a", 2) == NONE
    assert bench.committed_as("a", 1) == stale
    assert bench.consumers.members["a"].assigned == {orders_id: {0: 2, 1: 2, 2: 2, 3: 3}}

    bench.beat("a", -1)
    assert bench.committed_as("a", 2) == ErrorCode.UNKNOWN_MEMBER_ID
    assert bench.commit() == NONE


def test_fetches_of_members() -> None:
    bench = ConsumerBench()
    bench.join("a", "orders")
    bench.committed_as("a", 2)

    def fetch(member_id: str | None, epoch: int) -> ErrorCode:
        asked = FetchGroup(GROUP, [TopicPartitions("orders", [0])], member_id, epoch)
        fetched = bench.groups.fetch_offsets(bench.broker, [asked], 9)
        assert not isinstance(fetched, Pending)
        return fetched[0].error_code

    assert fetch(None, -1) == NONE
    assert fetch("a", 2) == NONE
    assert fetch("a", 1) == ErrorCode.STALE_MEMBER_EPOCH
    assert fetch("b", 2) == ErrorCode.UNKNOWN_MEMBER_ID


def test_deleting_and_expiry() -> None:
    bench = ConsumerBench(offsets_retention_minutes=60)
    bench.join("a", "orders")
    bench.committed_as("a", 2)
    assert bench.groups.delete_groups(bench.broker, [GROUP]) == [(GROUP, ErrorCode.NON_EMPTY_GROUP)]

    bench.beat("a", -1)
    bench.clock.advance(3000)
    assert bench.fetched() == [5]
    bench.clock.advance(1200)
    assert bench.fetched() == [-1]
    assert bench.groups.find_group(GROUP) is None

    bench.join("a", "orders")
    bench.beat("a", -1)
    assert bench.groups.delete_groups(bench.broker, [GROUP]) == [(GROUP, NONE)]
    assert bench.groups.find_group(GROUP) is None
