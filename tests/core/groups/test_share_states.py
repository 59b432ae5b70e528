"""The state of a share group's partitions: made ready before they are assigned, and forgotten with their topic."""

from __future__ import annotations

from mockbroker.core import brokers
from protocol_specs.errors import ErrorCode
from tests.core.clusters import START
from tests.core.groups.share_bench import GROUP, ShareBench

NOT_INITIALIZED = ErrorCode.INVALID_REQUEST


def test_state_is_made_ready_with_the_groups_epoch() -> None:
    bench = ShareBench()
    bench.settled("a")
    state = bench.state(2)
    assert not isinstance(state, ErrorCode)
    # It begins wherever the group is to begin: that is found out by who leads the partition.
    assert (state.state_epoch, state.start_offset, state.delivery_complete_count) == (2, -1, -1)

    bench.cluster.create_partitions("orders", 4)
    bench.beat("a", 3)
    later = bench.state(3)
    assert not isinstance(later, ErrorCode)
    assert later.state_epoch == 4
    assert bench.state(2) == state


def test_what_could_not_be_made_ready_is_not_assigned_but_tried_again() -> None:
    bench = ShareBench()
    bench.limit_states(10)

    bench.beat("a", 0, "orders")

    topics = bench.shares.topics
    assert topics is not None
    assert (topics.initializing, topics.initialized) == ({}, {})
    assert bench.beat("a", 2).assignment is None
    assert bench.state() == NOT_INITIALIZED

    bench.limit_states(1_000_000)
    bench.beat("a", 2)
    assert bench.beat("a", 2).member_epoch == 3
    assert bench.held("a") == [[0, 1, 2]]


def test_a_share_coordinator_that_is_away_is_asked_again_and_again() -> None:
    # Its partitions live on broker 2, the group on broker 1.
    bench = ShareBench(
        2, share_coordinator_state_topic_replication_factor=1, offsets_topic_replication_factor=1
    )
    topic = bench.cluster.auto_create_topic("__share_group_state")
    away = {partition.leader for partition in topic.partitions} - {bench.broker}
    assert away
    for broker_id in away:
        brokers.stop(bench.cluster, broker_id)
    bench.cluster.create_topic("far", partitions=3, replication_factor=1)

    bench.beat("a", 0, "far")

    topics = bench.shares.topics
    assert topics is not None
    assert [topic.name for topic in topics.initializing.values()] == ["far"]
    # Within the interval nothing is asked for twice.
    shard = bench.groups.shards.leading_shard(GROUP)
    assert shard is not None
    end = shard.written_offset
    bench.clock.advance(1)
    bench.beat("a", 2)
    assert shard.written_offset == end

    for broker_id in away:
        brokers.start(bench.cluster, broker_id)
    bench.clock.advance(1.1)
    bench.beat("a", 2)
    assert bench.shares.topics is not None
    assert bench.shares.topics.assignable == {bench.id_of("far"): {0, 1, 2}}


def test_an_attempt_that_hangs_is_repeated() -> None:
    bench = ShareBench(group_share_initialize_retry_interval_ms=10_000)
    bench.beat("a", 0, "orders")
    shard = bench.groups.shards.leading_shard(GROUP)
    assert shard is not None
    topics = bench.shares.topics
    assert topics is not None
    # As if the answers had been lost.
    hanging = topics._replace(initializing=topics.initialized, initialized={})
    shard.write([shard.shares.states.record(GROUP, hanging)])

    bench.clock.advance(9.9)
    bench.beat("a", 2)
    assert bench.shares.topics is not None
    assert bench.shares.topics.initializing
    bench.clock.advance(0.1)
    bench.beat("a", 2)
    assert bench.shares.topics == topics._replace(
        initialized={
            id: topic._replace(timestamp_ms=int((START + 10) * 1000))
            for id, topic in topics.initialized.items()
        }
    )


def test_the_state_of_a_deleted_topic_is_forgotten() -> None:
    bench = ShareBench()
    bench.cluster.create_topic("payments", partitions=1)
    bench.beat("a", 0, "orders", "payments")
    orders = bench.id_of()
    bench.cluster.delete_topic("payments")
    assert bench.shares.topics is not None
    assert list(bench.shares.topics.initialized) == [orders]
    assert bench.described().topics[0].name == "orders"


def test_answers_that_come_after_the_group_is_gone_change_nothing() -> None:
    bench = ShareBench(
        2, share_coordinator_state_topic_replication_factor=1, offsets_topic_replication_factor=1
    )
    topic = bench.cluster.auto_create_topic("__share_group_state")
    away = {partition.leader for partition in topic.partitions} - {bench.broker}
    for broker_id in away:
        brokers.stop(bench.cluster, broker_id)
    bench.cluster.create_topic("far", partitions=3, replication_factor=1)
    bench.beat("a", 0, "far")
    bench.groups.shards.unload_broker(bench.broker)
    for broker_id in away:
        brokers.start(bench.cluster, broker_id)
    bench.clock.advance(3)

    # The next coordinator begins with what is written.
    assert bench.shares.topics is not None
    assert bench.shares.topics.initialized == {}
