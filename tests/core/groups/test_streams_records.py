"""What streams groups write, and what is read back: the tables are what the log adds up to."""

from __future__ import annotations

from typing import Any

from mockbroker.core.groups import streams_records
from mockbroker.core.groups.modern import MemberState
from mockbroker.core.groups.streams_member import StreamsMember
from mockbroker.core.groups.streams_tasks import MemberTasks
from protocol_specs.embedded import GROUP_RECORDS, build_blob
from tests.core.groups.bench import GROUP
from tests.core.groups.streams_bench import PLAIN, STATEFUL, StreamsBench
from tests.core.groups.test_coordinator import move
from tests.core.groups.written import Written

NAMES = {
    2: "classic",
    17: "epoch",
    19: "member",
    20: "target epoch",
    21: "target",
    22: "current",
    23: "topology",
}


def test_what_each_step_writes() -> None:
    bench = StreamsBench()
    log = Written(bench, NAMES)
    bench.join("a", STATEFUL, rack_id="r", user_endpoint=("h", 65535), client_tags=[("z", "1"), ("a", "2")])
    assert log.look() == [["member a", "topology", "epoch", "target a", "target epoch", "current a"]]
    now_ms = bench.clock.now_ms
    member, topology, epoch, target, target_epoch, current = log.values
    schema = GROUP_RECORDS[19].value
    assert member == schema(
        instance_id=None,
        rack_id="r",
        client_id="app",
        client_host="/127.0.0.1",
        rebalance_timeout_ms=60_000,
        topology_epoch=0,
        process_id="process-of-a",
        user_endpoint=schema.user_endpoint(host="h", port=65535),
        client_tags=[schema.client_tags(key="a", value="2"), schema.client_tags(key="z", value="1")],
    )
    assert (topology.epoch, [one.subtopology_id for one in topology.subtopologies]) == (0, ["0", "1"])
    assert (epoch.epoch, epoch.validated_topology_epoch) == (2, -1)
    assert [(config.key, config.value) for config in epoch.last_assignment_configs] == [
        ("num.standby.replicas", "0")
    ]
    assert (list(target.active_tasks), target_epoch.assignment_epoch) == ([], 2)
    assert target_epoch.assignment_timestamp == now_ms
    assert (current.member_epoch, current.previous_member_epoch, current.state) == (2, 0, 1)

    bench.beat("a", 2, {})
    assert log.look() == [["epoch", "target a", "target epoch", "current a"]]
    epoch, target, _, current = log.values
    assert (epoch.validated_topology_epoch, epoch.metadata_hash) == (0, bench.streams.metadata_hash)
    assert [(of.subtopology_id, list(of.partitions)) for of in target.active_tasks] == [
        ("0", [0, 1, 2]),
        ("1", [0, 1, 2]),
    ]
    assert [list(of.assignment_epochs) for of in current.active_tasks] == [[3, 3, 3]] * 2

    bench.join("b", STATEFUL)
    [written] = log.look()
    assert written[:2] == ["member b", "epoch"]
    assert sorted(written[2:4]) == ["target a", "target b"]
    assert written[4:] == ["target epoch", "current b"]
    bench.beat("a", 3)
    assert log.look() == [["current a"]]
    assert log.values[0].state == 2
    bench.beat("b", 4)
    bench.beat("b", -1)
    assert log.look()[-1] == ["-current b", "-target b", "-member b", "epoch"]
    bench.beat("a", -1)
    bench.groups.delete_groups(bench.broker, [GROUP])
    assert log.look()[-1] == ["-target epoch", "-epoch", "-topology"]
    assert bench.groups.find_group(GROUP) is None


def tables(bench: StreamsBench) -> Any:
    """All that the log is to add up to."""
    group = bench.streams
    return (
        (group.group_epoch, group.assignment_epoch, group.assignment_timestamp_ms, group.metadata_hash),
        (group.validated_topology_epoch, group.assignment_configs, group.topology),
        group.members,
        group.targets,
        group.owners,
        group.state_name,
    )


def test_the_group_is_read_back_as_it_was() -> None:
    bench = StreamsBench(2, offsets_topic_num_partitions=1, group_streams_num_standby_replicas=1)
    more = {"user_endpoint": ("h", 1), "client_tags": [("zone", "x")], "rack_id": "r"}
    a = bench.client("a", STATEFUL, **more)
    b = bench.client("b", STATEFUL)
    bench.settle(a, b)
    bench.client("c", STATEFUL)
    a.beat()
    bench.committed_as("a", a.epoch)
    before = tables(bench)
    assert bench.streams.state_name == "Reconciling"
    assert any(bench.streams.members["a"].pending_revocation)

    move(bench)

    assert tables(bench) == before
    assert bench.fetched() == [5]
    assert bench.streams.configured is None
    a.beat()
    b.beat()
    assert bench.streams.configured is not None


def test_members_have_their_time_again_after_a_move() -> None:
    bench = StreamsBench(2)
    slow = bench.client("slow", rebalance_timeout_ms=10_000)
    slow.is_slow = True
    bench.client("new")
    slow.beat()
    bench.clock.advance(9)
    move(bench)
    bench.clock.advance(9)
    assert "slow" in bench.streams.members
    bench.clock.advance(1)
    assert "slow" not in bench.streams.members
    bench.clock.advance(34)
    assert "new" in bench.streams.members
    bench.clock.advance(1)
    assert bench.streams.is_empty


def test_a_former_coordinator_fences_nobody() -> None:
    bench = StreamsBench(2)
    bench.join("a")
    bench.clock.advance(30)
    former = bench.streams
    move(bench)
    bench.clock.advance(20)
    assert list(bench.streams.members) == ["a"]
    assert bench.streams is not former


def test_a_deleted_group_leaves_nothing_behind() -> None:
    bench = StreamsBench(2)
    bench.join("a")
    bench.beat("a", -1)
    bench.groups.delete_groups(bench.broker, [GROUP])
    move(bench)
    assert bench.groups.find_group(GROUP) is None
    # Tombstones of what there is not do nothing.
    shard = bench.groups.shards.leading_shard(GROUP)
    assert shard is not None
    shard.write(
        [*streams_records.group_tombstones(GROUP, ["x"]), *streams_records.member_tombstones(GROUP, "y")]
    )
    assert bench.groups.find_group(GROUP) is None
    bench.join("b")
    shard.write(streams_records.member_tombstones(GROUP, "y"))
    assert list(bench.streams.members) == ["b"]


def test_records_without_epochs_and_of_later_states() -> None:
    schema = GROUP_RECORDS[22].value
    value = schema(
        member_epoch=7,
        previous_member_epoch=6,
        state=99,
        active_tasks=[schema.active_tasks(subtopology_id="0", partitions=[1, 2])],
        standby_tasks=[schema.standby_tasks(subtopology_id="0", partitions=[0])],
        warmup_tasks=[schema.warmup_tasks(subtopology_id="1", partitions=[3])],
        active_tasks_pending_revocation=[],
        standby_tasks_pending_revocation=[],
        warmup_tasks_pending_revocation=[],
    )
    read = GROUP_RECORDS[22].parse_value(build_blob(schema, 0, value))
    member = streams_records.assigned_member(StreamsMember("m"), read)
    assert member.state is MemberState.UNKNOWN
    assert member.assigned == MemberTasks({"0": {1: 7, 2: 7}}, {"0": frozenset({0})}, {"1": frozenset({3})})
    again = streams_records.current_assignment(GROUP, member).value
    assert (again.state, list(again.active_tasks[0].assignment_epochs)) == (127, [7, 7])


def test_a_simple_group_of_the_log_becomes_a_streams_group() -> None:
    bench = StreamsBench(2, offsets_topic_num_partitions=1)
    bench.commit()
    bench.join("a", PLAIN)
    move(bench)
    assert bench.streams.state_name == "Stable"
    assert bench.fetched() == [5]
