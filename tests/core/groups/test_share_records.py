"""What share groups write, and that a coordinator which reads it back knows the same."""

from __future__ import annotations

from typing import Any

from mockbroker.core.groups import records, share_records
from mockbroker.core.groups.modern import MemberState
from mockbroker.core.groups.share import ShareGroup
from protocol_specs.embedded import GROUP_RECORDS
from protocol_specs.errors import ErrorCode
from tests.core.groups.share_bench import GROUP, ShareBench
from tests.core.groups.test_coordinator import move
from tests.core.groups.written import Written

NAMES = {10: "member", 11: "epoch", 12: "target epoch", 13: "target", 14: "current", 15: "partitions"}


def test_what_each_step_writes() -> None:
    bench = ShareBench()
    log = Written(bench, NAMES)

    bench.beat("a", 0, "orders", rack_id="r")
    assert log.look() == [
        ["member a", "epoch", "target a", "target epoch", "current a", "partitions"],
        ["partitions"],
    ]
    begun, ready = log.values[-2:]
    [topic] = begun.initializing_topics
    assert (topic.topic_id, topic.topic_name, list(topic.partitions)) == (bench.id_of(), "orders", [0, 1, 2])
    assert (begun.initialized_topics, ready.initializing_topics) == ([], [])
    assert ready.initialized_topics[0].topic_name == "orders"

    bench.beat("a", 2)
    assert log.look() == [["epoch", "target a", "target epoch", "current a"]]
    assert log.values[0].metadata_hash == bench.shares.metadata_hash != 0
    assert log.values[2].assignment_timestamp == bench.clock.now_ms

    bench.beat("b", 0, "orders")
    [names] = log.look()
    assert names[:2] == ["member b", "epoch"]
    assert sorted(names[2:4]) == ["target a", "target b"]
    assert names[4:] == ["target epoch", "current b"]
    bench.beat("a", 3)
    assert log.look() == [["current a"]]
    bench.beat("a", 4, client_id="x")
    assert log.look() == [["member a"]]

    bench.beat("b", -1)
    assert log.look() == [["-current b", "-target b", "-member b", "epoch"]]
    bench.clock.advance(45)
    assert log.look() == [["-current a", "-target a", "-member a", "epoch"]]

    bench.alter(("orders", [(0, 3)]))
    assert log.look() == [["partitions"], ["partitions"]]
    bench.delete_offsets("orders")
    assert log.look() == [["partitions"], ["partitions"]]
    [deleting] = log.values[0].deleting_topics
    assert (deleting.topic_id, deleting.topic_name) == (bench.id_of(), "orders")
    bench.delete()
    assert log.look() == [["partitions"], ["-target epoch", "-partitions", "-epoch"]]


def tables(bench: ShareBench) -> Any:
    """All that the log is to add up to."""
    group = bench.shares
    return (
        (group.group_epoch, group.assignment_epoch, group.assignment_timestamp_ms, group.metadata_hash),
        group.members,
        group.targets,
        group.subscriptions,
        group.state_name,
        group.topics,
    )


def test_the_group_is_read_back_as_it_was() -> None:
    bench = ShareBench(2, offsets_topic_num_partitions=1)
    bench.settled("a", "b")
    bench.beat("c", 0, "absent", rack_id="r")
    before = tables(bench)

    move(bench)

    assert tables(bench) == before
    epoch = bench.shares.members["a"].member_epoch
    assert bench.beat("a", epoch).error_code == ErrorCode.NONE


def test_members_have_their_time_again_after_a_move() -> None:
    bench = ShareBench(2, offsets_topic_num_partitions=1)
    bench.settled("a")
    bench.clock.advance(40)
    move(bench)
    bench.clock.advance(44)
    assert list(bench.shares.members) == ["a"]
    bench.clock.advance(1)
    assert bench.shares.is_empty


def test_what_was_begun_is_tried_again_after_a_move() -> None:
    bench = ShareBench(2, offsets_topic_num_partitions=1)
    bench.beat("a", 0, "orders")
    shard = bench.groups.shards.leading_shard(GROUP)
    topics = bench.shares.topics
    assert shard is not None
    assert topics is not None
    shard.write(
        [shard.shares.states.record(GROUP, topics._replace(initializing=topics.initialized, initialized={}))]
    )
    bench.clock.advance(20)
    move(bench)
    # When it was begun is not written down: the interval runs from now on.
    bench.clock.advance(29)
    bench.beat("a", 2)
    assert bench.shares.topics is not None
    assert bench.shares.topics.initializing
    bench.clock.advance(1)
    bench.beat("a", 2)
    assert bench.shares.topics.assignable == topics.assignable


def test_odd_records() -> None:
    bench = ShareBench()
    bench.commit()
    shard = bench.groups.shards.leading_shard(GROUP)
    assert shard is not None
    # Tombstones of what there is not change nothing.
    for kind in NAMES:
        record_type = GROUP_RECORDS[kind]
        fields = {"group_id": GROUP, "member_id": "a"}
        known = {name: fields[name] for name in record_type.key.fields if name in fields}
        shard.replay(records.LogRecord(record_type, record_type.key(**known)), 0)
    assert not isinstance(bench.groups.find_group(GROUP), ShareGroup)

    current = GROUP_RECORDS[14]
    partitions = [current.value.assigned_partitions(topic_id=b"x" * 16, partitions=[1])]
    value = current.value(member_epoch=4, previous_member_epoch=3, state=9, assigned_partitions=partitions)
    shard.replay(records.LogRecord(current, current.key(group_id=GROUP, member_id="a"), value), 1)
    # A simple group gives way.
    member = bench.shares.members["a"]
    assert (member.state, member.assigned) == (MemberState.UNKNOWN, {b"x" * 16: frozenset({1})})

    gone, target, _ = share_records.member_tombstones(GROUP, "a")
    shard.replay(gone, 2)
    member = bench.shares.members["a"]
    assert (member.member_epoch, member.previous_member_epoch, member.assigned) == (-1, -1, {})
    shard.replay(target, 3)
    shard.replay(share_records.member_tombstones(GROUP, "zz")[0], 3)
    assert list(bench.shares.members) == ["a"]
    of_target = share_records.target_epoch(GROUP, 3, 5)._replace(value=None)
    shard.replay(of_target, 4)
    assert (bench.shares.assignment_epoch, bench.shares.assignment_timestamp_ms) == (-1, 0)


def test_what_cannot_be_written_does_not_happen() -> None:
    bench = ShareBench(offsets_topic_num_partitions=1)
    bench.settled("a")
    topic = bench.cluster.topics["__consumer_offsets"]
    bench.cluster.set_topic_configs(topic, {**topic.overrides, "max.message.bytes": "10"})
    code = ErrorCode.UNKNOWN_SERVER_ERROR

    assert bench.refusal("b", 0, "orders") == (code, None)
    assert bench.refusal("a", -1) == (code, None)
    assert bench.beat("a", 3).error_code == ErrorCode.NONE
    assert list(bench.shares.members) == ["a"]
    assert bench.alter(("orders", [(0, 3)]), group="other").error_code == code
    bench.clock.advance(45)
    assert list(bench.shares.members) == ["a"]

    bench.cluster.set_topic_configs(topic, {**topic.overrides, "max.message.bytes": "1000000"})
    bench.clock.advance(0.5)
    assert bench.shares.is_empty
    bench.cluster.set_topic_configs(topic, {**topic.overrides, "max.message.bytes": "10"})
    assert bench.delete_offsets("orders").error_code == code
    assert bench.delete() == code


def test_state_that_is_ready_but_not_written_down_is_made_ready_again() -> None:
    bench = ShareBench(offsets_topic_num_partitions=1)
    bench.limit_states(10)
    bench.beat("a", 0, "orders")
    shard = bench.groups.shards.leading_shard(GROUP)
    assert shard is not None
    topic = bench.cluster.topics["__consumer_offsets"]
    bench.limit_states(1_000_000)
    bench.cluster.set_topic_configs(topic, {**topic.overrides, "max.message.bytes": "10"})
    shard.shares.states.begin(GROUP, 2, {bench.id_of(): frozenset({0})})
    assert bench.shares.topics is not None
    assert bench.shares.topics.initialized == {}
    bench.cluster.set_topic_configs(topic, {**topic.overrides, "max.message.bytes": "1000000"})
    bench.beat("a", 2)
    assert bench.shares.topics.assignable == {bench.id_of(): {0, 1, 2}}
