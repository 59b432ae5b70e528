"""StreamsGroupHeartbeat: joining, epochs, what answers tell, what is refused."""

from __future__ import annotations

from typing import Any

from mockbroker.core.groups.streams_messages import (
    EndpointPartitions,
    Status,
    StatusCode,
    StreamsHeartbeatResult,
)
from mockbroker.core.groups.streams_tasks import Tasks
from mockbroker.core.waiting import Pending
from protocol_specs.errors import ErrorCode
from tests.core.groups.bench import error_of
from tests.core.groups.streams_bench import (
    GROUP,
    INTERVAL,
    REVOKE,
    SESSION,
    STATEFUL,
    StreamsBench,
    part,
    topology,
)

NONE = ErrorCode.NONE
INVALID = ErrorCode.INVALID_REQUEST
FENCED = ErrorCode.FENCED_MEMBER_EPOCH
UNKNOWN = ErrorCode.UNKNOWN_MEMBER_ID
ALL = {"0": frozenset({0, 1, 2})}
MISSING = Status(
    StatusCode.MISSING_INTERNAL_TOPICS, "Internal topics are missing: billing-keyed, billing-store"
)


def delayed(by: str) -> Status:
    return Status(StatusCode.ASSIGNMENT_DELAYED, f"Assignment delayed due to the configured {by}.")


# Joining, and staying.


def test_the_first_member_gets_everything() -> None:
    bench = StreamsBench()

    result = bench.join("a")

    assert result == StreamsHeartbeatResult(
        NONE, None, "a", 2, int(INTERVAL * 1000), [], Tasks(ALL), endpoint_epoch=0
    )
    group = bench.streams
    assert (group.state_name, group.group_epoch, group.assignment_epoch) == ("Stable", 2, 2)
    assert group.listed() == (GROUP, "streams", "Stable", "streams")
    assert bench.beat("a", 2).tasks is None
    assert bench.join("a").tasks == Tasks(ALL)


def test_a_heartbeat_that_changes_nothing_writes_nothing() -> None:
    bench = StreamsBench()
    bench.join("a", rack_id="r", client_tags=[("zone", "x")])
    shard = bench.groups.shards.leading_shard(GROUP)
    assert shard is not None
    end = shard.written_offset

    bench.beat("a", 2)
    bench.beat("a", 2, ALL)
    bench.beat("a", 2, rebalance_timeout_ms=int(REVOKE * 1000), rack_id="r", client_tags=[("zone", "x")])
    assert shard.written_offset == end

    # Whatever a member says anew raises the epoch, as in Kafka.
    told: dict[str, Any] = {}
    changes = {"rebalance_timeout_ms": 1, "client_tags": (), "process_id": "p", "client_id": "c"}
    for epoch, (name, value) in enumerate(changes.items(), 2):
        told[name] = value
        assert bench.beat("a", epoch, **told).member_epoch == epoch + 1


def test_a_second_member_waits_for_the_first_to_give_up() -> None:
    bench = StreamsBench()
    a = bench.client("a")
    b = bench.client("b")
    assert (b.epoch, b.active) == (3, {})
    assert bench.streams.state_name == "Reconciling"

    told = a.beat()
    assert told.member_epoch == 2
    [kept] = a.active.values()
    assert len(kept) == 2
    assert b.beat().tasks is None

    given_up = a.beat()
    assert (given_up.member_epoch, given_up.tasks) == (3, None)
    b.beat()
    assert sorted([*kept, *b.active["0"]]) == [0, 1, 2]
    assert bench.streams.state_name == "Stable"


def test_the_previous_epoch_is_let_through_with_nothing_but_what_was_given() -> None:
    bench = StreamsBench()
    a = bench.client("a")
    bench.client("b")
    a.beat()
    kept = dict(a.active)
    a.beat()
    assert bench.streams.members["a"].previous_member_epoch == 2

    assert bench.beat("a", 2, kept).member_epoch == 3
    order = "The streams group member has a smaller member epoch (2) than the one known by the group coordinator (3)"
    text = f"{order}. The member must abandon all its partitions and rejoin."
    assert bench.refusal("a", 2) == (FENCED, text)
    assert bench.refusal("a", 2, ALL) == (FENCED, text)
    assert bench.refusal("a", 2, kept, ALL) == (FENCED, text)
    assert bench.refusal("a", 2, {"7": [0]}) == (FENCED, text)
    assert bench.refusal("a", 4)[1] == text.replace("smaller", "greater").replace("(2)", "(4)")


def test_a_full_group_takes_nobody_in() -> None:
    bench = StreamsBench(group_streams_max_size=1)
    bench.join("a")
    text = "The streams group has reached its maximum capacity of 1 members."
    full = ErrorCode.GROUP_MAX_SIZE_REACHED, text
    given = bench.joining("b")
    assert bench.refusal("b", 0, **given) == full
    assert bench.refusal("a", 0, **given) == full
    assert bench.beat("a", 2).error_code == NONE


# The first assignment.


def test_those_that_start_together_share_the_first_assignment() -> None:
    bench = StreamsBench(group_streams_initial_rebalance_delay_ms=50)
    waiting = [bench.ask(name, 0, **bench.joining(name, STATEFUL)) for name in ("a", "b")]
    assert all(isinstance(one, Pending) and not one.is_settled for one in waiting)
    assert {"billing-keyed", "billing-store"} <= set(bench.cluster.topics)
    bench.clock.advance(0.03)
    waiting.append(bench.ask("c", 0, **bench.joining("c", STATEFUL)))
    early = bench.beat("a", 1)
    assert early.statuses == [delayed("initial rebalance delay"), MISSING][:1]
    bench.clock.advance(0.02)

    results = [one.reply for one in waiting if isinstance(one, Pending)]
    assert [result.error_code for result in results] == [NONE] * 3
    assert [result.statuses for result in results] == [[]] * 3
    given = [(id, task) for result in results for id, of in result.tasks.active.items() for task in of]
    assert sorted(given) == [(id, task) for id in "01" for task in range(3)]
    assert bench.streams.state_name == "Stable"


def test_who_waits_is_told_when_the_coordinator_moves() -> None:
    bench = StreamsBench(2, group_streams_initial_rebalance_delay_ms=50)
    waiting = bench.ask("a", 0, **bench.joining("a"))
    gone = bench.ask("b", 0, **bench.joining("b"))
    bench.beat("b", -1)
    shard = bench.groups.shards.leading_shard(GROUP)
    assert shard is not None
    bench.groups.shards.unload_broker(bench.broker)
    bench.clock.advance(0.05)
    assert error_of(waiting) == error_of(gone) == ErrorCode.NOT_COORDINATOR


def test_who_left_while_it_waited_is_unknown() -> None:
    bench = StreamsBench(group_streams_initial_rebalance_delay_ms=50)
    waiting = [bench.ask(name, 0, **bench.joining(name)) for name in ("a", "b")]
    bench.beat("a", -1)
    bench.clock.advance(0.05)
    assert [error_of(one) for one in waiting] == [UNKNOWN, NONE]

    bench.beat("b", -1)
    waiting = [bench.ask("c", 0, **bench.joining("c"))]
    bench.beat("c", -1)
    bench.groups.delete_groups(bench.broker, [GROUP])
    bench.clock.advance(0.05)
    assert error_of(waiting[0]) == UNKNOWN
    assert bench.groups.find_group(GROUP) is None


def test_with_a_longer_delay_the_tasks_come_later() -> None:
    bench = StreamsBench(group_streams_initial_rebalance_delay_ms=3000)
    first = bench.join("a", STATEFUL)
    assert first.statuses == [delayed("initial rebalance delay"), MISSING]
    assert (first.member_epoch, first.tasks) == (1, Tasks())
    assert bench.streams.state_name == "NotReady"
    again = bench.beat("a", 1, {})
    assert (again.member_epoch, again.statuses) == (1, [delayed("initial rebalance delay")])
    assert (bench.streams.group_epoch, bench.streams.assignment_epoch) == (3, 1)
    bench.clock.advance(2.9)
    bench.join("b", STATEFUL)
    assert bench.streams.assignment_epoch == 1
    bench.clock.advance(0.1)
    # Nobody had to ask for it.
    assert (bench.streams.group_epoch, bench.streams.assignment_epoch) == (4, 4)
    assert bench.beat("a", 1, {}).member_epoch == 4


def test_a_group_that_nobody_looked_at_again_is_not_assigned_late() -> None:
    bench = StreamsBench(group_streams_initial_rebalance_delay_ms=3000)
    bench.join("a")
    bench.clock.advance(3)
    assert bench.streams.assignment_epoch == 1
    assert bench.beat("a", 1, {}).tasks == Tasks(ALL)
    bench.beat("a", -1)
    bench.join("a")
    bench.beat("a", -1)
    bench.clock.advance(3)
    assert bench.streams.assignment_epoch == 2


def test_the_next_assignment_waits_for_its_interval() -> None:
    bench = StreamsBench(group_streams_assignment_interval_ms=1000)
    a = bench.client("a")
    joined = bench.join("b")
    assert joined.statuses == [delayed("assignment interval")]
    assert (joined.member_epoch, bench.streams.state_name) == (2, "Assigning")
    bench.clock.advance(1)
    assert bench.beat("b", 2, {}).member_epoch == 3
    a.beat()
    assert len(a.active["0"]) == 2


# Topologies.


def test_a_topology_cannot_change() -> None:
    bench = StreamsBench()
    bench.cluster.create_topic("payments")
    parts = part("0", "orders"), part("1", "payments")
    bench.join("a", topology(*parts, epoch=3))

    assert bench.join("b", topology(*reversed(parts), epoch=3)).statuses == []
    refused = INVALID, "Topology updates are not supported yet."
    assert bench.refusal("c", 0, **bench.joining("c", topology(part("0", "orders"), epoch=3))) == refused
    assert bench.refusal("c", 0, **bench.joining("c", topology(*parts, epoch=4))) == refused

    stale = Status(
        StatusCode.STALE_TOPOLOGY, "The member's topology epoch 2 is behind the group's topology epoch 3."
    )
    joined = bench.join("c", topology(part("9", "nothing"), epoch=2))
    assert joined.statuses == [stale]
    assert bench.beat("c", joined.member_epoch).statuses == [stale]
    assert bench.streams.members["c"].topology_epoch == 2


def test_without_its_topics_a_group_is_not_ready() -> None:
    bench = StreamsBench()
    late = topology(part("0", "late"))
    joined = bench.join("a", late)
    missing = Status(StatusCode.MISSING_SOURCE_TOPICS, "Source topics late are missing.")
    assert (joined.statuses, joined.tasks) == ([missing], Tasks())
    assert (bench.streams.state_name, bench.streams.state_filter) == ("NotReady", "not_ready")
    assert bench.groups.list_groups(bench.broker, ["NotReady"]) == []
    assert [group.group_id for group in bench.groups.list_groups(bench.broker, ["not_ready"])] == [GROUP]

    bench.cluster.create_topic("late", partitions=2)
    ready = bench.beat("a", 2, {})
    assert (ready.statuses, ready.tasks) == ([], Tasks({"0": frozenset({0, 1})}))
    bench.cluster.create_partitions("late", 3)
    grown = bench.beat("a", 3, {"0": [0, 1]})
    assert grown.tasks == Tasks({"0": frozenset({0, 1, 2})})
    bench.cluster.create_topic("others")
    assert bench.beat("a", 4).member_epoch == 4
    bench.cluster.delete_topic("late")
    gone = bench.beat("a", 4)
    assert (gone.statuses, gone.tasks, bench.streams.state_name) == ([missing], Tasks(), "NotReady")


def test_missing_internal_topics_are_asked_for_and_then_used() -> None:
    bench = StreamsBench()
    joined = bench.join("a", STATEFUL)
    assert joined.statuses == [MISSING]
    assert [(topic.name, topic.partitions) for topic in joined.missing_topics] == [
        ("billing-keyed", 3),
        ("billing-store", 3),
    ]
    ready = bench.beat("a", 2, {})
    assert ready.tasks == Tasks({"0": frozenset({0, 1, 2}), "1": frozenset({0, 1, 2})})
    assert bench.streams.state_name == "Stable"


def test_the_number_of_standbys_may_change() -> None:
    bench = StreamsBench()
    a, b = bench.client("a", STATEFUL), bench.client("b", STATEFUL)
    bench.settle(a, b)
    epoch = bench.streams.group_epoch
    bench.cluster.settings.set_dynamic(None, {})
    overrides = {"streams.num.standby.replicas": "1", "streams.heartbeat.interval.ms": "6000"}
    configs: Any = bench.groups.shards._around.configs
    configs._overrides = {GROUP: overrides}
    assert a.beat().heartbeat_interval_ms == 6000
    bench.settle(a, b)
    assert bench.streams.group_epoch == epoch + 1
    assert bench.streams.assignment_configs == {"num.standby.replicas": "1"}
    assert sorted([*a.standby["1"], *b.standby["1"]]) == [0, 1, 2]
    assert not set(a.standby["1"]) & set(a.active.get("1", ()))


# Endpoints, and the end of it all.


def test_endpoints_are_told_to_whoever_knows_others() -> None:
    bench = StreamsBench()
    bench.cluster.create_topic("rates", partitions=1)
    both = topology(part("0", "orders", "rates"))
    first = bench.join("a", both, user_endpoint=("h1", 1))
    # Of a group that is just being made nothing is kept but its endpoints.
    assert first.endpoint_epoch == 0
    assert first.endpoints == [EndpointPartitions(("h1", 1), [("orders", [0, 1, 2]), ("rates", [0])], [])]
    assert bench.beat("a", 2).endpoints is None
    assert bench.beat("a", 2, endpoint_epoch=-1).endpoints == first.endpoints
    second = bench.join("b", both, user_endpoint=("h2", 65535))
    assert second.endpoint_epoch == 1
    assert second.endpoints == [*first.endpoints, EndpointPartitions(("h2", 65535), [], [])]
    assert bench.join("c", both).endpoint_epoch == 1
    assert bench.beat("b", 3, {}, endpoint_epoch=1).endpoints is None


def test_an_endpoint_without_source_topics_trips_the_coordinator() -> None:
    bench = StreamsBench()
    given = bench.joining("a", topology(part("0", "absent")), user_endpoint=("h", 1))
    assert bench.refusal("a", 0, **given) == (ErrorCode.UNKNOWN_SERVER_ERROR, None)
    assert bench.groups.find_group(GROUP) is None

    bench.join("a", user_endpoint=("h", 1))
    bench.cluster.delete_topic("orders")
    assert bench.refusal("a", 2) == (ErrorCode.UNKNOWN_SERVER_ERROR, None)
    bench.cluster.create_topic("orders", partitions=2)
    assert bench.beat("a", 2, ALL).error_code == INVALID
    assert bench.beat("a", 2, {"0": [0, 1]}).tasks == Tasks({"0": frozenset({0, 1})})


def test_a_member_may_ask_all_to_end() -> None:
    bench = StreamsBench()
    bench.join("a")
    bench.join("b")
    asked = bench.beat("b", 3, shuts_down=True)
    text = "Streams group member b encountered a fatal error and requested a shutdown for the entire application."
    down = Status(StatusCode.SHUTDOWN_APPLICATION, text)
    assert asked.statuses == [down]
    assert bench.beat("a", 2, shuts_down=True).statuses == [down]
    bench.beat("b", -1)
    assert bench.beat("a", 2).statuses == [down]
    assert bench.refusal("nobody", -1, shuts_down=True)[0] == UNKNOWN
    bench.beat("a", -1, shuts_down=True)
    assert bench.streams.shutdown_member_id is None
    assert bench.join("c").statuses == []


# Going.


def test_a_member_leaves() -> None:
    bench = StreamsBench()
    bench.join("a")
    bench.join("b")
    left = bench.beat("b", -1)
    assert left == StreamsHeartbeatResult(member_id="b", member_epoch=-1)
    assert (bench.streams.group_epoch, list(bench.streams.targets)) == (4, ["a"])
    assert bench.beat("a", 2, ALL).member_epoch == 4
    assert bench.refusal("b", 3) == (UNKNOWN, f"Member b is not a member of group {GROUP}.")
    assert bench.refusal("b", -1) == (UNKNOWN, f"Member b is not a member of group {GROUP}.")


def test_a_session_runs_out() -> None:
    bench = StreamsBench()
    bench.join("a")
    bench.clock.advance(SESSION - 1)
    bench.beat("a", 2)
    bench.clock.advance(SESSION - 1)
    assert list(bench.streams.members) == ["a"]
    bench.clock.advance(1)
    assert bench.streams.is_empty
    assert (bench.streams.state_name, bench.streams.group_epoch) == ("Empty", 3)


def test_who_does_not_give_up_in_time_is_fenced() -> None:
    bench = StreamsBench()
    slow, b = bench.client("slow"), bench.client("b")
    slow.is_slow = True
    slow.beat()
    for _ in range(2):
        bench.clock.advance(REVOKE / 2 - 1)
        slow.beat()
        b.beat()
    bench.clock.advance(2)
    assert list(bench.streams.members) == ["b"]
    b.beat()
    assert b.active == {"0": [0, 1, 2]}

    quick = bench.client("quick")
    b.beat()
    b.beat()
    for _ in range(3):
        bench.clock.advance(REVOKE / 2)
        bench.settle(quick, b)
    assert sorted(bench.streams.members) == ["b", "quick"]
