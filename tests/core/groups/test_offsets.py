"""Committing, reading, deleting and expiring offsets, in and out of transactions."""

from __future__ import annotations

from typing import Any

import pytest

from mockbroker.core.groups.requests import (
    CommitRequest,
    CommitTopic,
    FetchGroup,
    OffsetToCommit,
    TopicPartitions,
    TransactionalCommitRequest,
)
from mockbroker.core.groups.results import DeletedOffsets, FetchedGroup, TopicErrors
from mockbroker.core.transactions.markers import Marker
from protocol_specs.errors import ErrorCode
from tests.core.groups.bench import DELAY, GROUP, Bench

NONE = ErrorCode.NONE
DAY = 86_400.0
ZERO = bytes(16)


# OffsetCommit.


def test_a_simple_group_comes_into_being_with_its_first_commit() -> None:
    bench = Bench()
    assert bench.groups.find_group(GROUP) is None
    assert bench.fetched() == [-1]

    assert bench.commit(7, metadata="note", leader_epoch=3) == NONE

    group = bench.group()
    assert (group.state_name, group.roster.protocol_type) == ("Empty", None)
    [fetched] = answer_of(bench.groups.fetch_offsets(bench.broker, [FetchGroup(GROUP, None)], 9))
    assert fetched.topics[0].name == "orders"
    assert tuple(fetched.topics[0].partitions[0]) == (0, 7, 3, "note", NONE)


def answer_of(result: Any) -> Any:
    assert isinstance(result, list | DeletedOffsets)
    return result


@pytest.mark.parametrize(
    ("changes", "error"),
    [
        ({"generation_id": 1}, ErrorCode.GROUP_ID_NOT_FOUND),
        ({"generation_id": 1, "version": 8}, ErrorCode.ILLEGAL_GENERATION),
        ({"topic": "nothing"}, ErrorCode.UNKNOWN_TOPIC_OR_PARTITION),
        ({"metadata": "x" * 4097}, ErrorCode.OFFSET_METADATA_TOO_LARGE),
        ({"metadata": "\U0001f600" * 2049}, ErrorCode.OFFSET_METADATA_TOO_LARGE),
        ({"metadata": "x" * 4096}, NONE),
        ({"metadata": None}, NONE),
        ({"group_id": ""}, NONE),
    ],
)
def test_commits_to_a_group_that_there_is_not(changes: dict[str, Any], error: ErrorCode) -> None:
    assert Bench().commit(**changes) == error


@pytest.mark.parametrize(
    ("changes", "error"),
    [
        ({}, ErrorCode.UNKNOWN_MEMBER_ID),
        ({"member_id": "x"}, ErrorCode.UNKNOWN_MEMBER_ID),
        ({"member_id": "x", "generation_id": 1}, ErrorCode.UNKNOWN_MEMBER_ID),
        ({"member_id": "leader"}, ErrorCode.ILLEGAL_GENERATION),
        ({"member_id": "leader", "generation_id": 0}, ErrorCode.ILLEGAL_GENERATION),
        ({"member_id": "leader", "generation_id": 2}, ErrorCode.ILLEGAL_GENERATION),
        ({"member_id": "leader", "generation_id": 1, "group_instance_id": "x"}, ErrorCode.UNKNOWN_MEMBER_ID),
        ({"member_id": "leader", "generation_id": 1}, NONE),
    ],
)
def test_commits_to_a_group_with_members(changes: dict[str, Any], error: ErrorCode) -> None:
    bench = Bench()
    leader, _ = bench.stable_group()
    if changes.get("member_id") == "leader":
        changes = {**changes, "member_id": leader}

    assert bench.commit(**changes) == error
    assert bench.fetched() == [5 if error == NONE else -1]


def test_partitions_that_there_are_not_are_refused_and_the_others_committed() -> None:
    bench = Bench()
    orders = bench.cluster.topics["orders"]
    offsets = [OffsetToCommit(index, 10 + index) for index in (1, 3, 0, -1)]

    topics = answer_of(
        bench.groups.commit_offsets(
            bench.broker,
            CommitRequest(
                GROUP, [CommitTopic("orders", offsets), CommitTopic("x", [OffsetToCommit(0, 1)])], 9
            ),
        )
    )

    unknown = ErrorCode.UNKNOWN_TOPIC_OR_PARTITION
    assert topics == [
        TopicErrors("orders", orders.id, [(3, unknown), (-1, unknown), (1, NONE), (0, NONE)]),
        TopicErrors("x", ZERO, [(0, unknown)]),
    ]
    assert bench.fetched(0, 1, 2) == [10, 11, -1]


def test_from_v10_on_topics_are_told_by_id() -> None:
    bench = Bench()
    orders = bench.cluster.topics["orders"]
    strange = b"\7" * 16
    request = CommitRequest(
        GROUP,
        [
            CommitTopic("", [OffsetToCommit(0, 9)], strange),
            CommitTopic("", [OffsetToCommit(0, 8)], orders.id),
        ],
        10,
    )

    topics = answer_of(bench.groups.commit_offsets(bench.broker, request))

    assert [(topic.topic_id, topic.partitions) for topic in topics] == [
        (strange, [(0, ErrorCode.UNKNOWN_TOPIC_ID)]),
        (orders.id, [(0, NONE)]),
    ]
    asked = FetchGroup(GROUP, [TopicPartitions("", [0], strange), TopicPartitions("", [0, 1], orders.id)])
    [fetched] = answer_of(bench.groups.fetch_offsets(bench.broker, [asked], 10))
    # Those that are refused come last.
    assert [
        (topic.topic_id, [(each.offset, each.error_code) for each in topic.partitions])
        for topic in fetched.topics
    ] == [
        (orders.id, [(8, NONE), (-1, NONE)]),
        (strange, [(-1, ErrorCode.UNKNOWN_TOPIC_ID)]),
    ]
    [everything] = answer_of(bench.groups.fetch_offsets(bench.broker, [FetchGroup(GROUP, None)], 10))
    assert [topic.topic_id for topic in everything.topics] == [orders.id]


def test_topics_that_a_client_may_not_see() -> None:
    bench = Bench()
    bench.cluster.create_topic("secret", partitions=1)
    bench.commit(topic="secret")

    def allows(name: str) -> bool:
        return not name.startswith("secret")

    names = ("secret", "orders", "nothing", "secret-nothing")
    topics = [CommitTopic(name, [OffsetToCommit(0, 9)]) for name in names]
    committed = answer_of(bench.groups.commit_offsets(bench.broker, CommitRequest(GROUP, topics, 9), allows))
    assert [(topic.name, topic.partitions[0][1]) for topic in committed] == [
        ("secret", ErrorCode.TOPIC_AUTHORIZATION_FAILED),
        ("nothing", ErrorCode.UNKNOWN_TOPIC_OR_PARTITION),
        ("secret-nothing", ErrorCode.TOPIC_AUTHORIZATION_FAILED),
        ("orders", NONE),
    ]

    asked = FetchGroup(GROUP, [TopicPartitions("secret", [0]), TopicPartitions("orders", [0])])
    [fetched] = answer_of(bench.groups.fetch_offsets(bench.broker, [asked], 9, allows=allows))
    assert [(topic.name, topic.partitions[0].error_code) for topic in fetched.topics] == [
        ("orders", NONE),
        ("secret", ErrorCode.TOPIC_AUTHORIZATION_FAILED),
    ]
    [everything] = answer_of(
        bench.groups.fetch_offsets(bench.broker, [FetchGroup(GROUP, None)], 9, allows=allows)
    )
    assert [topic.name for topic in everything.topics] == ["orders"]

    deleted = answer_of(
        bench.groups.delete_offsets(
            bench.broker, GROUP, [TopicPartitions("secret", [0]), TopicPartitions("orders", [0])], allows
        )
    )
    assert [(topic.name, topic.partitions[0][1]) for topic in deleted.topics] == [
        ("secret", ErrorCode.TOPIC_AUTHORIZATION_FAILED),
        ("orders", NONE),
    ]


def test_an_offset_of_a_topic_that_was_made_anew_does_not_count() -> None:
    bench = Bench()
    bench.commit(8)
    asked = FetchGroup(GROUP, [TopicPartitions("orders", [0], b"\7" * 16)])

    [fetched] = answer_of(bench.groups.fetch_offsets(bench.broker, [asked], 9))

    assert fetched.topics[0].partitions[0].offset == -1
    assert bench.fetched() == [8]


def test_several_groups_are_read_at_once() -> None:
    bench = Bench()
    bench.commit(1, group_id="a")
    bench.commit(2, group_id="b")
    asked = [FetchGroup(name, [TopicPartitions("orders", [0])]) for name in ("b", "nothing", "a")]

    fetched = answer_of(bench.groups.fetch_offsets(bench.broker, asked, 9, require_stable=True))

    assert [(group.group_id, group.topics[0].partitions[0].offset) for group in fetched] == [
        ("b", 2),
        ("nothing", -1),
        ("a", 1),
    ]
    [nothing] = answer_of(bench.groups.fetch_offsets(bench.broker, [FetchGroup("nothing", None)], 9))
    assert nothing == FetchedGroup("nothing", topics=[])


# OffsetDelete and DeleteGroups.


def delete_offsets(bench: Bench, *topics: str, group: str = GROUP) -> Any:
    result = answer_of(
        bench.groups.delete_offsets(bench.broker, group, [TopicPartitions(topic, [0]) for topic in topics])
    )
    return result.error_code or [topic.partitions[0][1] for topic in result.topics]


def test_offsets_of_an_empty_group_are_deleted() -> None:
    bench = Bench()
    bench.commit()

    assert delete_offsets(bench, "orders", "nothing") == [ErrorCode.UNKNOWN_TOPIC_OR_PARTITION, NONE]
    assert bench.fetched() == [-1]
    assert delete_offsets(bench, "orders") == [NONE]
    assert delete_offsets(bench) == []


def test_offsets_of_subscribed_topics_are_kept() -> None:
    bench = Bench()
    bench.cluster.create_topic("payments", partitions=1)
    bench.commit(topic="payments")
    [member] = bench.stable_group(1)
    bench.commit(member_id=member, generation_id=1)

    assert delete_offsets(bench, "orders", "payments") == [ErrorCode.GROUP_SUBSCRIBED_TO_TOPIC, NONE]
    assert bench.fetched() == [5]
    assert bench.fetched(topic="payments") == [-1]


def test_offset_deletes_that_are_refused_as_a_whole() -> None:
    bench = Bench()
    assert delete_offsets(bench, "orders", group="") == ErrorCode.INVALID_GROUP_ID
    assert delete_offsets(bench, "orders", group="nothing") == ErrorCode.GROUP_ID_NOT_FOUND
    bench.stable_group(1, protocol_type="connect")
    assert delete_offsets(bench, "orders") == ErrorCode.NON_EMPTY_GROUP


def test_groups_are_deleted_with_their_offsets() -> None:
    bench = Bench()
    bench.commit(group_id="a")
    bench.commit(group_id="b")
    bench.stable_group()

    results = answer_of(bench.groups.delete_groups(bench.broker, ["a", GROUP, "nothing", "a"]))

    assert results == [
        ("a", NONE),
        (GROUP, ErrorCode.NON_EMPTY_GROUP),
        ("nothing", ErrorCode.GROUP_ID_NOT_FOUND),
    ]
    assert bench.groups.find_group("a") is None
    assert bench.fetched(group="a") == [-1]
    assert bench.fetched(group="b") == [5]


def test_a_deleted_topic_takes_its_offsets_along() -> None:
    bench = Bench()
    bench.cluster.create_topic("payments", partitions=1)
    bench.commit(topic="payments")
    bench.commit()

    bench.cluster.delete_topic("payments")

    assert bench.groups.committed(GROUP).keys() == {("orders", 0)}


# Expiry.


def test_a_simple_groups_offsets_expire_one_by_one_and_then_the_group() -> None:
    bench = Bench()
    bench.commit()
    bench.clock.advance(3 * DAY)
    bench.cluster.create_topic("payments", partitions=1)
    bench.commit(topic="payments")

    bench.clock.advance(4 * DAY - 601)
    assert bench.fetched() == [5]
    bench.clock.advance(601)
    assert bench.fetched() == [-1]
    assert bench.fetched(topic="payments") == [5]
    bench.clock.advance(3 * DAY)
    assert bench.groups.find_group(GROUP) is None


def test_an_empty_groups_offsets_expire_together_long_after_it_became_empty() -> None:
    bench = Bench()
    [member] = bench.stable_group(1, session_timeout_ms=1_800_000)
    bench.commit(member_id=member, generation_id=1)
    for _ in range(int(8 * DAY / 1000)):
        bench.clock.advance(1000)
        bench.heartbeat(member)
    # In use, they do not expire, however old.
    assert bench.fetched() == [5]

    bench.leave(member)
    bench.clock.advance(7 * DAY - 1)
    assert bench.fetched() == [5]
    # The next check is due within ten minutes.
    bench.clock.advance(601)

    assert bench.groups.find_group(GROUP) is None


def test_in_a_stable_group_offsets_of_topics_expire_that_nobody_subscribes_to() -> None:
    bench = Bench(offsets_retention_minutes=1, offsets_retention_check_interval_ms=1000)
    bench.cluster.create_topic("payments", partitions=1)
    bench.commit(topic="payments")
    [member] = bench.stable_group(1)
    bench.commit(member_id=member, generation_id=1)
    for _ in range(10):
        bench.clock.advance(9)
        bench.heartbeat(member)

    assert bench.fetched(topic="payments") == [-1]
    assert bench.fetched() == [5]
    assert bench.group().state_name == "Stable"


def test_offsets_do_not_expire_while_the_group_rebalances_or_its_protocol_is_unknown() -> None:
    bench = Bench(offsets_retention_minutes=1, offsets_retention_check_interval_ms=1000)
    [member] = bench.stable_group(1, protocol_type="connect")
    bench.commit(member_id=member, generation_id=1)
    for _ in range(10):
        bench.clock.advance(9)
        bench.heartbeat(member)

    assert bench.fetched() == [5]


def test_more_tombstones_than_a_batch_holds() -> None:
    bench = Bench(
        message_max_bytes=500, offsets_retention_minutes=1, offsets_retention_check_interval_ms=100_000
    )
    bench.cluster.create_topic("wide", partitions=40)
    for index in range(40):
        request = CommitRequest(GROUP, [CommitTopic("wide", [OffsetToCommit(index, 1)])], 9)
        answer_of(bench.groups.commit_offsets(bench.broker, request))
    log = bench.cluster.topics["__consumer_offsets"].partitions[bench.groups.shards.partition_for(GROUP)].log
    written = log.end_offset

    bench.clock.advance(100)

    assert bench.groups.find_group(GROUP) is None
    tombstones = list(log.batches(written))
    assert sum(batch.count for batch in tombstones) == 41
    assert 300 < max(len(batch.view) for batch in tombstones) <= 500


def test_a_commit_may_set_its_own_retention() -> None:
    bench = Bench(offsets_retention_check_interval_ms=1000)
    bench.commit(retention_time_ms=5_000, version=4)
    bench.clock.advance(4.5)
    assert bench.fetched() == [5]

    bench.clock.advance(1.5)

    assert bench.groups.find_group(GROUP) is None


def test_an_empty_group_without_offsets_vanishes_at_the_check() -> None:
    bench = Bench(offsets_retention_check_interval_ms=1000)
    member_id = bench.refused_join().member_id
    assert bench.group().state_name == "Empty"

    bench.clock.advance(1)

    assert bench.groups.find_group(GROUP) is None
    assert bench.refused_join(member_id).error_code == ErrorCode.UNKNOWN_MEMBER_ID


# Transactions.


def unverified(**settings: Any) -> Bench:
    """A bench on which transactional writes need no guard."""
    return Bench(transaction_partition_verification_enable="false", **settings)


def commit_in_transaction(bench: Bench, offset: int, producer_id: int = 70, **changes: Any) -> ErrorCode:
    request = TransactionalCommitRequest(
        GROUP, [CommitTopic("orders", [OffsetToCommit(0, offset)])], 5, producer_id, 0
    )
    [topic] = answer_of(bench.groups.commit_transactional_offsets(bench.broker, request._replace(**changes)))
    error: ErrorCode = topic.partitions[0][1]
    return error


def end_transaction(bench: Bench, is_commit: bool, producer_id: int = 70, epoch: int = 0) -> None:
    partition = bench.cluster.topics["__consumer_offsets"].partitions[
        bench.groups.shards.partition_for(GROUP)
    ]
    marker = Marker(producer_id, epoch, is_commit, coordinator_epoch=0, transaction_version=1)
    required = bench.groups.end_transaction(bench.broker, partition, marker)
    assert partition.high_watermark >= required


def test_offsets_of_a_transaction_count_when_it_is_committed() -> None:
    bench = unverified()
    bench.commit(5)

    assert commit_in_transaction(bench, 9) == NONE
    assert bench.fetched() == [5]
    assert bench.fetched(0, 1, require_stable=True) == [ErrorCode.UNSTABLE_OFFSET_COMMIT, -1]

    end_transaction(bench, is_commit=True)
    assert bench.fetched(require_stable=True) == [9]


def test_offsets_of_an_aborted_transaction_never_count() -> None:
    bench = unverified()
    commit_in_transaction(bench, 9)
    assert bench.fetched() == [-1]

    end_transaction(bench, is_commit=False)

    assert bench.fetched(require_stable=True) == [-1]
    assert not bench.groups.committed(GROUP)


def test_the_later_record_wins_not_the_later_marker() -> None:
    bench = unverified()
    commit_in_transaction(bench, 9)
    bench.commit(5)

    end_transaction(bench, is_commit=True)

    assert bench.fetched() == [5]


def test_each_producer_has_its_own_offsets_pending() -> None:
    bench = unverified()
    commit_in_transaction(bench, 9, producer_id=1)
    commit_in_transaction(bench, 10, producer_id=2)
    end_transaction(bench, is_commit=True, producer_id=1)
    assert bench.fetched() == [9]
    assert bench.fetched(require_stable=True) == [ErrorCode.UNSTABLE_OFFSET_COMMIT]

    end_transaction(bench, is_commit=False, producer_id=2)

    assert bench.fetched(require_stable=True) == [9]


def test_a_deleted_offset_is_also_taken_out_of_open_transactions() -> None:
    bench = unverified()
    commit_in_transaction(bench, 9)
    assert delete_offsets(bench, "orders") == [NONE]
    assert bench.fetched(require_stable=True) == [-1]

    end_transaction(bench, is_commit=True)

    assert bench.fetched() == [-1]


def test_a_group_with_pending_offsets_neither_expires_nor_keeps_them_when_deleted() -> None:
    bench = unverified(offsets_retention_check_interval_ms=1000)
    commit_in_transaction(bench, 9)
    bench.clock.advance(2)
    assert bench.groups.find_group(GROUP) is not None

    assert answer_of(bench.groups.delete_groups(bench.broker, [GROUP])) == [(GROUP, NONE)]
    end_transaction(bench, is_commit=True)

    assert bench.groups.find_group(GROUP) is None
    assert not bench.groups.committed(GROUP)


def test_an_offset_does_not_expire_while_a_transaction_is_open_over_it() -> None:
    bench = unverified(offsets_retention_minutes=1, offsets_retention_check_interval_ms=1000)
    bench.commit(5)
    commit_in_transaction(bench, 9)
    bench.clock.advance(120)

    assert bench.fetched() == [5]


@pytest.mark.parametrize(
    ("changes", "error"),
    [
        ({}, NONE),
        ({"generation_id": 1}, ErrorCode.UNKNOWN_MEMBER_ID),
        ({"generation_id": 1, "member_id": "leader"}, NONE),
        ({"generation_id": 2, "member_id": "leader"}, ErrorCode.ILLEGAL_GENERATION),
        ({"generation_id": -1, "member_id": "leader"}, ErrorCode.ILLEGAL_GENERATION),
        ({"group_id": "nothing", "generation_id": 1}, ErrorCode.ILLEGAL_GENERATION),
        ({"group_id": ""}, ErrorCode.INVALID_GROUP_ID),
        ({"producer_epoch": -1}, NONE),
    ],
)
def test_transactional_commits_are_fenced_by_the_group(changes: dict[str, Any], error: ErrorCode) -> None:
    bench = unverified()
    leader, _ = bench.stable_group()
    if changes.get("member_id") == "leader":
        changes = {**changes, "member_id": leader}

    assert commit_in_transaction(bench, 9, **changes) == error


def test_a_transactional_commit_is_let_through_during_a_rebalance() -> None:
    bench = unverified()
    joins = [bench.start_join() for _ in range(2)]
    bench.clock.advance(DELAY * 3)
    member_id = joins[0].reply.member_id
    assert bench.commit(member_id=member_id, generation_id=1) == ErrorCode.REBALANCE_IN_PROGRESS

    assert commit_in_transaction(bench, 9, member_id=member_id, generation_id=1) == NONE


def test_a_producer_of_an_older_epoch_is_refused() -> None:
    bench = unverified()
    commit_in_transaction(bench, 9, producer_epoch=3)

    assert commit_in_transaction(bench, 10, producer_epoch=2) == ErrorCode.INVALID_PRODUCER_EPOCH


def test_an_unverified_transaction_is_refused_and_a_guard_lets_it_through() -> None:
    bench = Bench()
    assert commit_in_transaction(bench, 9) == ErrorCode.INVALID_TXN_STATE
    partition = bench.cluster.topics["__consumer_offsets"].partitions[
        bench.groups.shards.partition_for(GROUP)
    ]
    guard = partition.log.producers.start_verification(70, -1, 0, True, bench.clock.now_ms)
    request = TransactionalCommitRequest(GROUP, [CommitTopic("orders", [OffsetToCommit(0, 9)])], 5, 70, 0)

    [topic] = answer_of(bench.groups.commit_transactional_offsets(bench.broker, request, guard=guard))

    assert topic.partitions == [(0, NONE)]
