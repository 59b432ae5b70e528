"""Where groups live: finding the coordinator, moving it, reading its state back from the log; listing, describing."""

from __future__ import annotations

from typing import Any

import pytest

from mockbroker.core import brokers
from mockbroker.core.groups.coordinator import GroupCoordinator
from mockbroker.core.groups.group import Group, GroupType
from mockbroker.core.groups.requests import CommitRequest, CommitTopic, FetchGroup, OffsetToCommit
from mockbroker.core.groups.results import DescribedGroup, LeaveResult, ListedGroup
from mockbroker.core.nodes import PAUSED
from mockbroker.core.replicas import Partition
from mockbroker.core.waiting import Pending
from protocol_specs.errors import ErrorCode, KafkaError
from protocol_specs.record_batch import Record, build_batch, records_of
from tests.core.clusters import make_cluster
from tests.core.groups.bench import DELAY, GROUP, ORDERS, SESSION, Bench, error_of, reply
from tests.core.groups.test_offsets import commit_in_transaction, end_transaction, unverified

NONE = ErrorCode.NONE
NOT_COORDINATOR = ErrorCode.NOT_COORDINATOR


def home(bench: Bench, group_id: str = GROUP) -> Partition:
    """The partition that a group lives in."""
    return bench.cluster.topics["__consumer_offsets"].partitions[bench.groups.shards.partition_for(group_id)]


def move(bench: Bench) -> None:
    """Let another broker coordinate the group."""
    partition = home(bench)
    other = next(id for id in partition.isr if id != partition.leader)
    brokers.move_leader(bench.cluster, "__consumer_offsets", partition.index, other)
    bench.broker = other


# Finding.


def test_the_topic_is_made_when_a_coordinator_is_looked_for() -> None:
    cluster = make_cluster(3)
    groups = GroupCoordinator(cluster.clock, cluster.waiting, cluster.rng, cluster.settings, cluster)
    assert groups.heartbeat(1, GROUP, 1, "x") == NOT_COORDINATOR
    assert groups.list_groups(1) == []
    assert groups.find_group(GROUP) is None
    assert groups.committed(GROUP) == {}
    assert "__consumer_offsets" not in cluster.topics

    broker = groups.find_coordinator(GROUP)

    topic = cluster.topics["__consumer_offsets"]
    assert (len(topic.partitions), topic.replication_factor, topic.is_internal) == (50, 3, True)
    assert topic.overrides == {
        "cleanup.policy": "compact",
        "compression.type": "producer",
        "segment.bytes": "104857600",
    }
    assert broker == topic.partitions[9].leader
    assert groups.shards.partition_for(GROUP) == 9


def test_no_coordinator_while_nobody_leads() -> None:
    bench = Bench()
    brokers.stop(bench.cluster, bench.broker)

    with pytest.raises(KafkaError, match="COORDINATOR_NOT_AVAILABLE"):
        bench.groups.find_coordinator(GROUP)

    cluster = make_cluster()
    groups = GroupCoordinator(cluster.clock, cluster.waiting, cluster.rng, cluster.settings, cluster)
    brokers.stop(cluster, 1)
    with pytest.raises(KafkaError, match="COORDINATOR_NOT_AVAILABLE"):
        groups.find_coordinator(GROUP)


def test_a_broker_that_does_not_coordinate_says_so() -> None:
    bench = Bench(3)
    bench.commit()
    bench.broker = next(id for id in bench.cluster.nodes if id != bench.broker)

    assert bench.refused_join("x").error_code == NOT_COORDINATOR
    assert bench.refused_join("x").member_id == ""
    assert error_of(bench.ask_to_sync("x")) == NOT_COORDINATOR
    assert bench.heartbeat("x") == NOT_COORDINATOR
    assert bench.groups.leave_group(bench.broker, GROUP, []) == LeaveResult(NOT_COORDINATOR)
    assert bench.commit() == NOT_COORDINATOR
    assert commit_in_transaction(bench, 1) == NOT_COORDINATOR
    assert bench.fetched() == [NOT_COORDINATOR]
    assert bench.groups.delete_groups(bench.broker, [GROUP]) == [(GROUP, NOT_COORDINATOR)]
    assert error_of(bench.groups.delete_offsets(bench.broker, GROUP, [])) == NOT_COORDINATOR
    assert bench.groups.describe_groups(bench.broker, [GROUP], 6) == [DescribedGroup(GROUP, NOT_COORDINATOR)]
    assert bench.groups.list_groups(bench.broker) == []


# Moving, and reading back.


def tables(bench: Bench) -> dict[str, Any]:
    """All that the log is to add up to."""
    result: dict[str, Any] = {}
    for group_id in ("billing", "a", "b", "simple"):
        group = bench.groups.find_group(group_id)
        if group is not None:
            result[group_id] = (
                group.listed(),
                bench.groups.describe_groups(bench.groups.find_coordinator(group_id), [group_id], 6),
                bench.groups.committed(group_id),
            )
    return result


def test_the_tables_are_what_the_log_adds_up_to() -> None:
    # All groups must be asked at one broker, so there is one partition.
    bench = Bench(3, offsets_topic_num_partitions=1, transaction_partition_verification_enable="false")
    bench.commit(1, group_id="simple", metadata="m", leader_epoch=4)
    bench.commit(3, group_id="a")
    bench.commit(4, group_id="a", retention_time_ms=10**9, version=4)
    commit_in_transaction(bench, 7)
    end_transaction(bench, is_commit=True)
    leader, _ = bench.stable_group()
    bench.commit(9, member_id=leader, generation_id=1)
    bench.commit(5, group_id="b")
    bench.groups.delete_groups(bench.broker, ["b"])
    commit_in_transaction(bench, 70, producer_id=71, member_id=leader, generation_id=1)
    before = tables(bench)
    assert before.keys() == {"billing", "a", "simple"}

    move(bench)

    assert tables(bench) == before
    assert bench.fetched(require_stable=True) == [ErrorCode.UNSTABLE_OFFSET_COMMIT]
    end_transaction(bench, is_commit=True, producer_id=71)
    assert bench.fetched(require_stable=True) == [70]


def test_an_empty_group_is_read_back_empty() -> None:
    bench = Bench(3)
    leader, follower = bench.stable_group()
    bench.leave(leader, follower)
    before = bench.group()

    move(bench)

    after = bench.group()
    assert after is not before
    assert (after.state_name, after.generation_id, after.roster.protocol_type) == ("Empty", 2, "consumer")
    assert after.state_timestamp_ms == before.state_timestamp_ms


def test_a_group_that_is_read_back_knows_its_topics() -> None:
    bench = Bench(3)
    bench.cluster.create_topic("payments", partitions=1)
    bench.stable_group()

    move(bench)

    assert bench.group().is_subscribed_to("orders")
    assert not bench.group().is_subscribed_to("payments")


def test_members_go_on_with_the_next_coordinator() -> None:
    bench = Bench(3)
    leader, follower = bench.stable_group()
    old_broker = bench.broker

    move(bench)

    assert bench.groups.heartbeat(old_broker, GROUP, 1, leader) == NOT_COORDINATOR
    assert bench.heartbeat(leader) == NONE
    assert reply(bench.ask_to_sync(follower)).assignment == follower.encode()
    assert bench.commit(member_id=leader, generation_id=1) == NONE
    # Sessions began anew with the move, and run out there.
    bench.clock.advance(SESSION * 0.9)
    bench.heartbeat(leader)
    bench.clock.advance(SESSION * 0.2)
    assert bench.heartbeat(leader) == ErrorCode.REBALANCE_IN_PROGRESS
    assert list(bench.group().roster.members) == [leader]


def test_a_member_with_several_protocols_rebalances_after_a_move() -> None:
    bench = Bench(3)
    both = (("range", ORDERS), ("sticky", ORDERS))
    _, follower = bench.stable_group(protocols=both)
    assert error_of(bench.ask_to_join(follower, protocols=both)) == NONE

    move(bench)

    assert error_of(bench.ask_to_join(follower, protocols=both)) == "waits"


def test_who_waits_is_told_when_the_coordinator_moves() -> None:
    bench = Bench(3)
    leader, follower = bench.stable_group()
    join = bench.start_join(leader)

    move(bench)

    assert join.reply.error_code == NOT_COORDINATOR
    # The rebalance was never written: the former generation is still there.
    assert bench.heartbeat(follower) == NONE


def test_a_group_survives_the_death_of_its_coordinator() -> None:
    bench = Bench(3)
    leader, _ = bench.stable_group()
    bench.commit(5, member_id=leader, generation_id=1)

    brokers.kill(bench.cluster, bench.broker)
    bench.broker = bench.groups.find_coordinator(GROUP)

    assert bench.heartbeat(leader) == NONE
    assert bench.fetched() == [5]


def test_a_single_broker_is_where_it_was_after_a_restart() -> None:
    bench = Bench()
    leader, _ = bench.stable_group()
    bench.commit(5, member_id=leader, generation_id=1)
    join = bench.start_join(leader)

    brokers.stop(bench.cluster, bench.broker)
    assert join.reply.error_code == NOT_COORDINATOR
    bench.clock.advance(100 * SESSION)
    brokers.start(bench.cluster, bench.broker)

    assert bench.group().state_name == "Stable"
    assert bench.heartbeat(leader) == NONE
    assert bench.fetched() == [5]


def test_a_coordinator_that_is_cut_off_goes_on_until_it_is_back() -> None:
    bench = Bench(3)
    leader, follower = bench.stable_group()
    cut_off = bench.broker
    brokers.isolate(bench.cluster, cut_off)
    assert bench.heartbeat(leader) == NONE
    bench.clock.advance(bench.cluster.settings["broker.session.timeout.ms"] / 1000)
    bench.broker = bench.groups.find_coordinator(GROUP)
    assert bench.broker != cut_off

    assert bench.heartbeat(follower) == bench.groups.heartbeat(cut_off, GROUP, 1, follower) == NONE
    bench.commit(5, member_id=follower, generation_id=1)
    new_broker, bench.broker = bench.broker, cut_off
    join = bench.start_join()
    bench.broker = new_broker
    brokers.heal(bench.cluster, cut_off)

    assert bench.groups.heartbeat(cut_off, GROUP, 1, follower) == NOT_COORDINATOR
    assert join.reply.error_code == NOT_COORDINATOR
    assert bench.fetched() == [5]


def test_sessions_run_from_the_move_on_also_if_nobody_asks() -> None:
    bench = Bench(3)
    bench.stable_group()
    move(bench)
    bench.clock.advance(SESSION)

    assert bench.groups.describe_groups(bench.broker, [GROUP], 6)[0].state == "Empty"


def test_who_waits_at_a_broker_that_was_cut_off_and_dies_is_told() -> None:
    bench = Bench(3, offsets_topic_num_partitions=1)
    bench.stable_group(session_timeout_ms=100_000)
    cut_off = bench.broker
    brokers.isolate(bench.cluster, cut_off)
    bench.clock.advance(30)
    join = bench.start_join()
    commit = commit_behind(bench, 7, group_id="simple")

    brokers.kill(bench.cluster, cut_off)
    bench.waiting.flush()

    assert join.reply.error_code == NOT_COORDINATOR
    assert commit.reply[0].partitions == [(0, NOT_COORDINATOR)]


def test_a_group_that_is_too_large_when_read_rebalances() -> None:
    bench = Bench(3)
    leader, _ = bench.stable_group()
    bench.groups._limits.max_group_size = 1

    move(bench)

    assert bench.heartbeat(leader) == ErrorCode.REBALANCE_IN_PROGRESS


def test_a_log_with_what_is_no_record_of_ours_cannot_be_coordinated() -> None:
    bench = Bench(3)
    bench.commit()
    broken = build_batch([Record(timestamp_ms=1, key=b"\0\1\0", value=b"")])
    home(bench).append(memoryview(broken))

    move(bench)

    assert bench.commit() == NOT_COORDINATOR
    assert bench.groups.list_groups(bench.broker) == []


def test_records_of_types_that_are_not_known_change_nothing() -> None:
    bench = Bench(3)
    bench.commit()
    strange = build_batch([Record(timestamp_ms=1, key=b"\1\0\0", value=b"\0\0")])
    home(bench).append(memoryview(strange))

    move(bench)

    assert bench.fetched() == [5]


def test_records_may_be_compressed() -> None:
    bench = Bench(3, offsets_topic_compression_codec=4)
    bench.commit()
    [batch] = home(bench).log.batches()
    assert batch.codec == 4

    move(bench)

    assert bench.fetched() == [5]


def test_batches_look_like_kafkas() -> None:
    bench = Bench()
    bench.stable_group(1)
    batches = list(home(bench).log.batches())

    assert [(batch.base_sequence, batch.producer_id, batch.count) for batch in batches] == [(0, -1, 1)] * 2
    [record] = records_of(batches[1].view)
    assert record.timestamp_ms == bench.clock.now_ms


# Followers that lag.


def commit_behind(bench: Bench, offset: int = 5, group_id: str = GROUP) -> Pending:
    request = CommitRequest(group_id, [CommitTopic("orders", [OffsetToCommit(0, offset)])], 9)
    result = bench.groups.commit_offsets(bench.broker, request)
    assert isinstance(result, Pending)
    return result


def pause_followers(bench: Bench) -> None:
    for broker_id in bench.cluster.nodes:
        if broker_id != bench.broker:
            brokers.set_pace(bench.cluster, broker_id, PAUSED)


def resume_followers(bench: Bench) -> None:
    for broker_id in bench.cluster.nodes:
        brokers.set_pace(bench.cluster, broker_id, type(PAUSED)())
    bench.waiting.flush()


def test_a_commit_is_answered_when_it_is_replicated() -> None:
    bench = Bench(3)
    pause_followers(bench)
    pending = commit_behind(bench)
    stable = bench.groups.fetch_offsets(bench.broker, [FetchGroup(GROUP, None)], 9, require_stable=True)
    assert isinstance(stable, Pending)
    assert not pending.is_settled

    resume_followers(bench)

    assert pending.reply[0].partitions == [(0, NONE)]
    assert stable.reply[0].topics[0].partitions[0].offset == 5


def test_a_commit_waits_no_longer_than_its_timeout() -> None:
    bench = Bench(3)
    pause_followers(bench)
    pending = commit_behind(bench)
    stable = bench.groups.fetch_offsets(bench.broker, [FetchGroup(GROUP, None)], 9, require_stable=True)
    bench.clock.advance(5)

    assert pending.reply[0].partitions == [(0, ErrorCode.COORDINATOR_NOT_AVAILABLE)]
    # Consumers before 3.9 do not know that code in an OffsetFetch.
    assert reply_of(stable)[0].error_code == NOT_COORDINATOR


def reply_of(pending: Any) -> Any:
    assert isinstance(pending, Pending)
    assert pending.is_settled
    return pending.reply


def test_an_assignment_is_told_when_it_is_replicated() -> None:
    bench = Bench(3)
    [member] = bench.stable_group(1)
    bench.ask_to_join(member)
    pause_followers(bench)
    sync = bench.ask_to_sync(member, 2, assignments=[(member, b"all")])
    assert error_of(sync) == "waits"
    assert bench.group().state_name == "CompletingRebalance"

    resume_followers(bench)

    assert reply(sync).assignment == b"all"
    assert bench.group().state_name == "Stable"


def test_an_assignment_that_is_not_replicated_in_time_makes_the_group_start_over() -> None:
    bench = Bench(3)
    [member] = bench.stable_group(1)
    bench.ask_to_join(member)
    pause_followers(bench)
    sync = bench.ask_to_sync(member, 2, assignments=[(member, b"all")])
    bench.clock.advance(5)

    assert error_of(sync) == ErrorCode.COORDINATOR_NOT_AVAILABLE
    assert bench.group().state_name == "PreparingRebalance"


def test_a_static_members_new_id_that_is_not_replicated_in_time_is_taken_back() -> None:
    bench = Bench(3)
    join = bench.start_join(group_instance_id="one")
    bench.clock.advance(DELAY)
    [member] = bench.finish_rebalance([join])
    pause_followers(bench)
    again = bench.ask_to_join(group_instance_id="one")
    assert error_of(again) == "waits"
    bench.clock.advance(5)

    assert reply(again).error_code == ErrorCode.COORDINATOR_NOT_AVAILABLE
    assert (reply(again).member_id, reply(again).leader) == ("", member)
    assert bench.heartbeat(member, 1, "one") == NONE


def test_who_waits_for_replication_is_told_when_the_coordinator_moves() -> None:
    bench = Bench(3)
    bench.commit(4)
    pause_followers(bench)
    pending = commit_behind(bench)

    move(bench)
    bench.waiting.flush()

    assert pending.reply[0].partitions == [(0, NOT_COORDINATOR)]
    assert bench.fetched() == [4]


def test_a_group_whose_record_is_too_large_cannot_be_assigned() -> None:
    bench = Bench(message_max_bytes=600)
    join = bench.start_join()
    bench.clock.advance(DELAY)
    member = join.reply.member_id

    sync = bench.ask_to_sync(member, assignments=[(member, b"x" * 600)])

    assert error_of(sync) == ErrorCode.UNKNOWN_SERVER_ERROR
    assert bench.group().state_name == "PreparingRebalance"


# Listing and describing.


class Strange(Group):
    """A group of a type that classic requests have no business with."""

    __slots__ = ()
    type = GroupType.SHARE
    state_name = "Stable"
    is_empty = False

    def listed(self) -> ListedGroup:
        return ListedGroup(self.group_id, "share", self.state_name, self.type.value)

    def check_commit(self, *args: Any, **options: Any) -> Any:
        return lambda topic, topic_id, partition: self.check_fetch(None, -1)

    def check_fetch(self, member_id: str | None, member_epoch: int) -> None:
        raise KafkaError(ErrorCode.STALE_MEMBER_EPOCH)

    def check_delete_offsets(self) -> None:
        raise KafkaError(ErrorCode.GROUP_ID_NOT_FOUND)

    def delete_error(self) -> ErrorCode:
        return ErrorCode.NON_EMPTY_GROUP

    def is_subscribed_to(self, topic: str) -> bool:
        return False

    def tombstones(self) -> list[Any]:
        return []

    def expiry_base(self) -> None:
        return None

    def forget_deadlines(self) -> None:
        return

    def unload(self) -> None:
        return


def test_groups_of_other_types_live_in_the_same_table() -> None:
    bench = unverified()
    bench.groups.shards.shard_of(bench.broker, GROUP).groups[GROUP] = Strange(GROUP)

    assert bench.refused_join().error_code == ErrorCode.INCONSISTENT_GROUP_PROTOCOL
    assert error_of(bench.ask_to_sync("x")) == ErrorCode.UNKNOWN_MEMBER_ID
    assert bench.heartbeat("x") == ErrorCode.UNKNOWN_MEMBER_ID
    assert bench.leave("x") == [ErrorCode.UNKNOWN_MEMBER_ID]
    assert bench.commit() == ErrorCode.STALE_MEMBER_EPOCH
    assert commit_in_transaction(bench, 1) == ErrorCode.ILLEGAL_GENERATION
    assert bench.fetched() == [ErrorCode.STALE_MEMBER_EPOCH]
    [described] = bench.groups.describe_groups(bench.broker, [GROUP], 6)
    assert described.error_message == f"Group {GROUP} is not a classic group."


def test_describing_in_every_state() -> None:
    bench = Bench()
    describe = bench.groups.describe_groups
    assert describe(bench.broker, [GROUP], 6) == [
        DescribedGroup(GROUP, ErrorCode.GROUP_ID_NOT_FOUND, f"Group {GROUP} not found.", "Dead")
    ]
    assert describe(bench.broker, [GROUP], 5) == [DescribedGroup(GROUP, state="Dead")]

    join = bench.start_join(group_instance_id="one")
    [preparing] = describe(bench.broker, [GROUP], 6)
    assert (preparing.state, preparing.protocol_type, preparing.protocol_data) == (
        "PreparingRebalance",
        "consumer",
        "",
    )
    assert preparing.members[0].metadata == b""
    bench.clock.advance(DELAY)
    [member] = bench.finish_rebalance([join])
    [stable] = describe(bench.broker, [GROUP], 6)
    assert (stable.state, stable.protocol_data) == ("Stable", "range")
    [described] = stable.members
    assert tuple(described) == (member, "one", "app", "/127.0.0.1", ORDERS, member.encode())


def test_listing_by_state_and_type() -> None:
    bench = Bench()
    bench.stable_group()
    bench.commit(group_id="simple")

    def names(states: tuple[str, ...] = (), types: tuple[str, ...] = ()) -> set[str]:
        return {group.group_id for group in bench.groups.list_groups(bench.broker, states, types)}

    assert names() == {GROUP, "simple"}
    assert names(("stable ",)) == {GROUP}
    assert names(("EMPTY", "Dead")) == {"simple"}
    assert names(("nonsense",)) == set()
    assert names(types=("Classic",)) == {GROUP, "simple"}
    assert names(types=("classic ",)) == set()
    assert names(types=("consumer",)) == set()
    assert set(bench.groups.list_groups(bench.broker)) == {
        ListedGroup(GROUP, "consumer", "Stable", "classic"),
        ListedGroup("simple", "", "Empty", "classic"),
    }
