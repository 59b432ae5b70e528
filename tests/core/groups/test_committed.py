"""What is written but not yet replicated: those who only read do not see it."""

from __future__ import annotations

from typing import Any

import pytest

from mockbroker.core import brokers
from mockbroker.core.compaction import compact
from mockbroker.core.groups.requests import (
    CommitRequest,
    CommitTopic,
    FetchGroup,
    LeavingMember,
    OffsetToCommit,
)
from mockbroker.core.groups.results import ListedGroup
from mockbroker.core.groups.shard import Shard
from mockbroker.core.nodes import INSTANT, PAUSED, Pace
from mockbroker.core.replicas import Partition
from mockbroker.core.waiting import Pending
from protocol_specs.errors import ErrorCode
from tests.core.groups.bench import GROUP, Bench, error_of, reply
from tests.core.groups.consumer_bench import ConsumerBench
from tests.core.groups.share_bench import ShareBench
from tests.core.groups.streams_bench import StreamsBench
from tests.core.groups.test_offsets import commit_in_transaction, end_transaction, unverified

NONE = ErrorCode.NONE
EMPTY = ListedGroup(GROUP, "", "Empty", "classic")


def pace_followers(bench: Bench, pace: Pace) -> None:
    for broker_id in bench.cluster.nodes:
        if broker_id != bench.broker:
            brokers.set_pace(bench.cluster, broker_id, pace)
    bench.waiting.flush()


def shard_of(bench: Bench) -> Shard:
    return bench.groups.shards.shard_of(bench.broker, GROUP)


def home(bench: Bench) -> Partition:
    return shard_of(bench).partition


def commit_behind(bench: Bench, offset: int, index: int = 0) -> Pending:
    request = CommitRequest(GROUP, [CommitTopic("orders", [OffsetToCommit(index, offset)])], 9)
    result = bench.groups.commit_offsets(bench.broker, request)
    assert isinstance(result, Pending)
    return result


def delete_behind(bench: Bench) -> Pending:
    result = bench.groups.delete_groups(bench.broker, [GROUP])
    assert isinstance(result, Pending)
    return result


def listed(bench: Bench) -> list[ListedGroup]:
    return bench.groups.list_groups(bench.broker)


def state(bench: Bench) -> tuple[ErrorCode, str]:
    """As DescribeGroups has it."""
    [group] = bench.groups.describe_groups(bench.broker, [GROUP], 6)
    return group.error_code, group.state


def test_who_reads_sees_the_tables_themselves_while_followers_keep_up() -> None:
    bench = Bench(3)
    bench.commit(5)

    assert shard_of(bench).committed is shard_of(bench)

    pace_followers(bench, PAUSED)
    commit_behind(bench, 6)
    assert shard_of(bench).committed is not shard_of(bench)

    pace_followers(bench, INSTANT)
    assert shard_of(bench).committed is shard_of(bench)


def test_an_offset_is_read_once_it_is_replicated() -> None:
    bench = Bench(3)
    bench.commit(5)
    pace_followers(bench, PAUSED)
    pending = commit_behind(bench, 6)
    commit_behind(bench, 7, index=1)

    assert bench.fetched(0, 1) == [5, -1]
    fetched = bench.groups.fetch_offsets(bench.broker, [FetchGroup(GROUP, None)], 9)
    assert not isinstance(fetched, Pending)
    [everything] = fetched
    assert [(one.partition, one.offset) for one in everything.topics[0].partitions] == [(0, 5)]
    assert {key: offset.offset for key, offset in bench.groups.committed(GROUP).items()} == {("orders", 0): 5}
    bench.clock.advance(5)
    assert pending.reply[0].partitions == [(0, ErrorCode.COORDINATOR_NOT_AVAILABLE)]
    assert bench.fetched(0, 1) == [5, -1]

    pace_followers(bench, INSTANT)

    assert bench.fetched(0, 1) == [6, 7]


def test_what_is_replicated_is_read_while_more_is_written() -> None:
    bench = Bench(3)
    bench.commit(5)
    pace_followers(bench, Pace(lag_records=1))

    for offset in range(6, 10):
        commit_behind(bench, offset)
        assert home(bench).high_watermark == shard_of(bench).written_offset - 1
        assert bench.fetched() == [offset - 1]


def test_a_group_is_there_once_it_is_replicated() -> None:
    bench = Bench(3)
    pace_followers(bench, PAUSED)
    commit_behind(bench, 5)

    assert listed(bench) == []
    assert state(bench) == (ErrorCode.GROUP_ID_NOT_FOUND, "Dead")
    assert bench.groups.find_group(GROUP) is None

    pace_followers(bench, INSTANT)

    assert listed(bench) == [EMPTY]
    assert state(bench) == (NONE, "Empty")


def test_a_group_is_gone_once_its_end_is_replicated() -> None:
    bench = Bench(3)
    bench.commit(5)
    pace_followers(bench, PAUSED)
    pending = delete_behind(bench)

    assert bench.fetched() == [5]
    assert listed(bench) == [EMPTY]
    assert state(bench) == (NONE, "Empty")
    # Whoever writes knows of it.
    assert bench.commit(7, generation_id=1) == ErrorCode.GROUP_ID_NOT_FOUND
    bench.clock.advance(5)
    assert pending.reply == [(GROUP, ErrorCode.COORDINATOR_NOT_AVAILABLE)]
    assert bench.fetched() == [5]

    pace_followers(bench, INSTANT)

    assert bench.fetched() == [-1]
    assert listed(bench) == []
    assert state(bench) == (ErrorCode.GROUP_ID_NOT_FOUND, "Dead")


def test_a_coordinator_that_is_cut_off_shows_what_was_safe() -> None:
    bench = Bench(3)
    bench.commit(5)
    brokers.isolate(bench.cluster, bench.broker)
    pending = delete_behind(bench)
    bench.clock.advance(60)

    assert pending.reply == [(GROUP, ErrorCode.COORDINATOR_NOT_AVAILABLE)]
    assert bench.fetched() == [5]
    assert listed(bench) == [EMPTY]

    brokers.heal(bench.cluster, bench.broker)
    bench.broker = bench.groups.find_coordinator(GROUP)
    assert bench.fetched() == [5]


def test_what_happens_in_a_classic_group_is_shown_at_once() -> None:
    bench = Bench(3)
    [member] = bench.stable_group(1)
    pace_followers(bench, PAUSED)
    commit_behind_as(bench, member)

    bench.ask_to_join(member)

    assert state(bench) == (NONE, "CompletingRebalance")
    assert bench.fetched() == [-1]


def test_a_classic_group_that_is_gone_is_shown_as_it_was_last() -> None:
    bench = Bench(3)
    [member] = bench.stable_group(1)
    pace_followers(bench, PAUSED)
    bench.groups.leave_group(bench.broker, GROUP, [LeavingMember(member)])
    delete_behind(bench)

    assert state(bench) == (NONE, "Empty")

    another = bench.ask_to_join()
    assert error_of(another) == ErrorCode.MEMBER_ID_REQUIRED
    bench.ask_to_join(reply(another).member_id)

    assert state(bench) == (NONE, "Empty")

    pace_followers(bench, INSTANT)

    assert state(bench) == (NONE, "PreparingRebalance")


def commit_behind_as(bench: Bench, member: str) -> None:
    topics = [CommitTopic("orders", [OffsetToCommit(0, 5)])]
    request = CommitRequest(GROUP, topics, 9, generation_id=1, member_id=member)
    assert isinstance(bench.groups.commit_offsets(bench.broker, request), Pending)


def test_the_offsets_of_a_transaction_are_read_once_its_end_is_replicated() -> None:
    bench = unverified(brokers=3)
    bench.commit(5)
    assert commit_in_transaction(bench, 9) == NONE
    pace_followers(bench, PAUSED)
    with pytest.raises(AssertionError):
        # It waits for the high watermark.
        end_transaction(bench, True)

    assert bench.fetched() == [5]

    pace_followers(bench, INSTANT)

    assert bench.fetched() == [9]


def test_compaction_between_two_looks_leaves_no_offset_that_was_deleted() -> None:
    bench = Bench(3)
    bench.commit(5)
    pace_followers(bench, PAUSED)
    commit_behind(bench, 6)
    assert bench.fetched() == [5]
    pace_followers(bench, INSTANT)
    assert bench.groups.delete_groups(bench.broker, [GROUP]) == [(GROUP, NONE)]
    log = home(bench).log
    places = bench.groups.shards
    index = places.partition_for(GROUP)
    neighbour = next(name for name in map(str, range(99)) if places.partition_for(name) == index)
    for _ in range(2):
        # The first time notes when tombstones may go.
        log.roll()
        bench.commit(1, group_id=neighbour)
        bench.clock.advance(2 * 86_400)
        compact(log, bench.clock.now_ms)
    assert not any(b"billing" in bytes(batch.view) for batch in log.batches())

    pace_followers(bench, PAUSED)
    commit_behind(bench, 7, index=1)

    assert bench.fetched(0, 1) == [-1, -1]


# The newer kinds of groups: all that they are stands in the log.


def test_a_member_of_a_consumer_group_is_shown_once_it_is_replicated() -> None:
    bench = ConsumerBench(3)
    one = bench.consumer("one")
    bench.settle(one)
    before = described(bench)
    pace_followers(bench, PAUSED)
    joining = bench.ask("two", 0, rebalance_timeout_ms=60_000, subscribed_topic_names=["orders"], owned=())

    assert isinstance(joining, Pending)
    assert described(bench) == before
    assert (before.state, [member.member_id for member in before.members]) == ("Stable", ["one"])

    pace_followers(bench, INSTANT)

    assert [member.member_id for member in described(bench).members] == ["one", "two"]


def described(bench: Bench) -> Any:
    [group] = bench.groups.consumers.describe(bench.broker, [GROUP])
    return group


def test_a_consumer_group_is_gone_once_its_end_is_replicated() -> None:
    bench = ConsumerBench(3)
    bench.settle(one := bench.consumer("one"))
    bench.beat("one", -1)
    before = described(bench)
    assert (one.member_id, before.state) == ("one", "Empty")
    pace_followers(bench, PAUSED)
    delete_behind(bench)

    assert described(bench) == before
    assert [group.type for group in listed(bench)] == ["consumer"]

    pace_followers(bench, INSTANT)

    assert described(bench).error_code == ErrorCode.GROUP_ID_NOT_FOUND


def test_a_group_that_changes_its_kind_is_shown_as_it_was() -> None:
    bench = ConsumerBench(3)
    bench.commit(5)
    pace_followers(bench, PAUSED)
    bench.ask("one", 0, rebalance_timeout_ms=60_000, subscribed_topic_names=["orders"], owned=())

    assert listed(bench) == [EMPTY]
    assert described(bench).error_code == ErrorCode.GROUP_ID_NOT_FOUND

    pace_followers(bench, INSTANT)

    assert [group.type for group in listed(bench)] == ["consumer"]


def test_a_share_group_is_shown_as_it_was() -> None:
    bench = ShareBench(3)
    bench.settled("one")
    before = bench.groups.shares.describe(bench.broker, [GROUP])
    pace_followers(bench, PAUSED)
    assert isinstance(bench.ask("two", 0, "orders"), Pending)

    assert bench.groups.shares.describe(bench.broker, [GROUP]) == before

    pace_followers(bench, INSTANT)

    assert len(bench.groups.shares.describe(bench.broker, [GROUP])[0].members) == 2


def test_a_streams_group_is_shown_as_it_was() -> None:
    bench = StreamsBench(3)
    bench.settle(bench.client("one"))
    before = bench.groups.streams.describe(bench.broker, [GROUP])
    pace_followers(bench, PAUSED)
    assert isinstance(bench.ask("two", 0, **bench.joining("two")), Pending)

    assert bench.groups.streams.describe(bench.broker, [GROUP]) == before

    pace_followers(bench, INSTANT)

    assert len(bench.groups.streams.describe(bench.broker, [GROUP])[0].members) == 2
