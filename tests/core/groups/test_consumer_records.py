"""What consumer groups write, and what is read back: the tables are what the log adds up to."""

from __future__ import annotations

from typing import Any

from mockbroker.core.groups import consumer_records, records
from mockbroker.core.groups.consumer import ConsumerGroup
from mockbroker.core.groups.modern import MemberState
from protocol_specs.embedded import GROUP_RECORDS, build_blob
from protocol_specs.errors import ErrorCode
from tests.core.groups.bench import GROUP, ORDERS
from tests.core.groups.consumer_bench import ConsumerBench
from tests.core.groups.test_consumer_migration import classic_pair, mixed, owning
from tests.core.groups.test_coordinator import move
from tests.core.groups.written import Written

NAMES = {
    2: "classic",
    3: "epoch",
    4: "old metadata",
    5: "member",
    6: "target epoch",
    7: "target",
    8: "current",
    16: "regex",
}


def test_what_each_step_writes() -> None:
    bench = ConsumerBench()
    log = Written(bench, NAMES)
    bench.join("a", "orders", instance_id="one", rack_id="r", server_assignor="range")
    assert log.look() == [["member a", "epoch", "target a", "target epoch", "current a"]]
    now_ms = bench.clock.now_ms
    topic_id = bench.cluster.topics["orders"].id
    member, epoch, target, target_epoch, current = log.values
    assert member == GROUP_RECORDS[5].value(
        instance_id="one",
        rack_id="r",
        client_id="app",
        client_host="/127.0.0.1",
        subscribed_topic_names=["orders"],
        subscribed_topic_regex="",
        rebalance_timeout_ms=60_000,
        server_assignor="range",
        classic_member_metadata=None,
    )
    assert (epoch.epoch, epoch.metadata_hash) == (2, bench.consumers.metadata_hash)
    assert [(topic.topic_id, topic.partitions) for topic in target.topic_partitions] == [
        (topic_id, [0, 1, 2])
    ]
    assert (target_epoch.assignment_epoch, target_epoch.assignment_timestamp) == (2, now_ms)
    assert (current.member_epoch, current.previous_member_epoch, current.state) == (2, 0, 0)
    [topic] = current.assigned_partitions
    assert (topic.partitions, topic.assignment_epochs) == ([0, 1, 2], [2, 2, 2])

    bench.join("b", "orders")
    [written] = log.look()
    assert written[:2] == ["member b", "epoch"]
    assert sorted(written[2:4]) == ["target a", "target b"]
    assert written[4:] == ["target epoch", "current b"]
    # Its previous epoch is another one now; after that nothing changes.
    bench.beat("b", 3)
    assert log.look() == [["current b"]]
    bench.beat("b", 3)
    assert log.look() == []

    bench.beat("a", 2, instance_id="one")
    assert log.look() == [["current a"]]
    bench.beat("a", -2, instance_id="one")
    assert log.look() == [["current a"]]
    bench.join("c", "orders", instance_id="one")
    assert log.look() == [
        ["-current a", "-target a", "-member a", "member c", "target c", "current c", "current c"]
    ]
    bench.beat("b", -1)
    assert log.look() == [["-current b", "-target b", "-member b", "epoch"]]


def test_expressions_are_written_when_they_are_resolved() -> None:
    bench = ConsumerBench()
    log = Written(bench, NAMES)
    bench.beat("a", 0, rebalance_timeout_ms=1000, owned=(), subscribed_topic_regex="ord.*")
    assert log.look() == [["member a", "current a"]]
    bench.clock.advance(0)
    assert log.look() == [["regex", "epoch"]]
    regex = log.values[0]
    assert (regex.topics, regex.timestamp) == (["orders"], bench.clock.now_ms)

    bench.beat("a", -1)
    assert log.look() == [["-current a", "-target a", "-member a", "-regex", "epoch"]]
    bench.groups.delete_groups(bench.broker, [GROUP])
    assert log.look() == [["-target epoch", "-old metadata", "-epoch"]]


def test_what_a_migration_writes() -> None:
    bench = ConsumerBench()
    leader, other = classic_pair(bench)
    log = Written(bench, NAMES)
    log.look()
    bench.consumer("new")
    [written] = log.look()
    assert written[:4] == ["-classic", f"member {leader}", f"member {other}", "epoch"]
    assert written[4:9] == [
        f"target {leader}",
        f"target {other}",
        "target epoch",
        f"current {leader}",
        f"current {other}",
    ]
    assert written[9:11] == ["member new", "epoch"]

    bench.beat("new", -1)
    written = [name for batch in log.look() for name in batch]
    assert written[-1] == "classic"
    assert written[-3:-1] == ["-old metadata", "-epoch"]
    classic = log.values[-1]
    assert [member.subscription for member in classic.members] == [ORDERS, ORDERS]


def tables(bench: ConsumerBench) -> Any:
    """All that the log is to add up to."""
    group = bench.consumers
    return (
        {name: getattr(group, name) for name in group.__slots__ if name not in ("_clock",)},
        (group.group_epoch, group.assignment_epoch, group.assignment_timestamp_ms, group.metadata_hash),
        group.members,
        group.targets,
        group.subscriptions,
        group.state_name,
    )


def test_the_group_is_read_back_as_it_was() -> None:
    bench = ConsumerBench(2, offsets_topic_num_partitions=1)
    a = bench.consumer("a", instance_id="one", server_assignor="range")
    bench.beat("r", 0, rebalance_timeout_ms=1000, owned=(), subscribed_topic_regex="ord.*")
    bench.clock.advance(0)
    b = bench.consumer("b")
    bench.refused_join(group_instance_id="two", protocols=owning())
    a.beat()
    b.beat()
    bench.committed_as("a", a.epoch)
    before = tables(bench)

    move(bench)

    assert tables(bench) == before
    assert bench.fetched() == [5]
    a.beat()


def test_members_have_their_time_again_after_a_move() -> None:
    bench = ConsumerBench(2, group_consumer_migration_policy="upgrade")
    slow = bench.consumer("slow", rebalance_timeout_ms=10_000)
    slow.is_slow = True
    bench.consumer("new")
    slow.beat()
    mixed_id = bench.refused_join(group_instance_id="one", protocols=owning()).member_id
    bench.clock.advance(9)
    move(bench)
    bench.clock.advance(9)
    assert "slow" in bench.consumers.members
    bench.clock.advance(1)
    assert "slow" not in bench.consumers.members
    # A classic member, too, has the group's session timeout until it is heard of.
    bench.clock.advance(34)
    assert mixed_id in bench.consumers.members
    bench.clock.advance(1)
    assert bench.consumers.is_empty


def test_a_classic_member_of_a_consumer_group_is_read_back() -> None:
    bench = ConsumerBench(2)
    member_id = mixed(bench)
    before = bench.consumers.members[member_id]
    move(bench)
    assert bench.consumers.members[member_id] == before
    assert bench.consumers.classic_support == {"cooperative-sticky": 1}


def test_old_and_odd_records() -> None:
    bench = ConsumerBench()
    bench.commit()
    shard = bench.groups.shards.leading_shard(GROUP)
    assert shard is not None
    current = GROUP_RECORDS[8]
    value = current.value(
        member_epoch=-2,
        previous_member_epoch=1,
        state=9,
        assigned_partitions=[
            current.value.assigned_partitions(topic_id=b"x" * 16, partitions=[1], assignment_epochs=())
        ],
        partitions_pending_revocation=[],
    )
    metadata = GROUP_RECORDS[4]
    topics = metadata.value(topics=[])
    key = current.key(group_id=GROUP, member_id="a")
    old_key = metadata.key(group_id=GROUP)
    # Tombstones of what there is not change nothing.
    for kind in (3, 4, 5, 6, 7, 8, 16):
        record_type = GROUP_RECORDS[kind]
        fields = {"group_id": GROUP, "member_id": "a", "regular_expression": "x"}
        known = {name: fields[name] for name in record_type.key.fields if name in fields}
        shard.replay(records.LogRecord(record_type, record_type.key(**known)), 0)
    assert not isinstance(bench.groups.find_group(GROUP), ConsumerGroup)

    shard.replay(records.LogRecord(current, key, value), 1)
    shard.replay(records.LogRecord(metadata, old_key, topics), 2)

    # A simple group gives way; records of brokers before 4.3 tell no epochs of partitions.
    member = bench.consumers.members["a"]
    assert (member.state, member.assigned) == (MemberState.UNKNOWN, {b"x" * 16: {1: 0}})
    assert bench.consumers.has_old_metadata
    assert build_blob(current.value, 0, value)
    bench.join("b", "orders")
    assert not bench.consumers.has_old_metadata
    assert bench.fetched() == [5]

    shard.replay(consumer_records.member_tombstones(GROUP, "zz")[0], 3)
    assert "zz" not in bench.consumers.members


def test_what_cannot_be_written_does_not_happen() -> None:
    bench = ConsumerBench(3, offsets_topic_num_partitions=1)
    bench.consumer("a")
    topic = bench.cluster.topics["__consumer_offsets"]
    bench.cluster.set_topic_configs(topic, {**topic.overrides, "max.message.bytes": "10"})

    assert bench.refusal("b", 0, rebalance_timeout_ms=1, subscribed_topic_names=["orders"], owned=()) == (
        ErrorCode.UNKNOWN_SERVER_ERROR,
        None,
    )
    assert list(bench.consumers.members) == ["a"]
    assert bench.beat("a", 2).error_code == ErrorCode.NONE
    assert bench.leave_error("a") == ErrorCode.UNKNOWN_SERVER_ERROR
    bench.clock.advance(45)
    assert list(bench.consumers.members) == ["a"]

    bench.cluster.set_topic_configs(topic, {**topic.overrides, "max.message.bytes": "1000000"})
    bench.clock.advance(0.5)
    assert bench.consumers.is_empty
