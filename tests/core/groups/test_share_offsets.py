"""Where share groups are in their partitions: told, set, deleted, and deleted with the group."""

from __future__ import annotations

import pytest

from mockbroker.core import brokers
from mockbroker.core.groups.requests import TopicPartitions
from mockbroker.core.groups.share_requests import (
    AlteredOffsets,
    AlteredTopic,
    DeletedShareOffsets,
    DeletedTopic,
    NewShareOffsets,
    ShareGroupOffsets,
    ShareOffset,
    ShareOffsetsTopic,
)
from mockbroker.core.share.keys import SharePartitionKey
from mockbroker.core.share.state_records import ShareState
from mockbroker.core.waiting import Pending
from protocol_specs.errors import ErrorCode
from protocol_specs.notation import uuid_text
from tests.core.clusters import write
from tests.core.groups.share_bench import GROUP, ShareBench

NONE = ErrorCode.NONE
UNKNOWN = ErrorCode.UNKNOWN_TOPIC_OR_PARTITION
UNEXPECTED = ErrorCode.UNKNOWN_SERVER_ERROR
UNREADY = ErrorCode.INVALID_REQUEST
NOTHING_TO_DELETE = "There is no offset information to delete."


def start_of(bench: ShareBench, partition: int = 0) -> int | ErrorCode:
    state = bench.state(partition)
    return state if isinstance(state, ErrorCode) else state.start_offset


def progress(bench: ShareBench, start_offset: int, complete: int, leader_epoch: int = 0) -> None:
    """The leader of orders-0 has delivered some."""
    key = SharePartitionKey(GROUP, bench.id_of(), 0)
    change = ShareState(start_offset=start_offset, delivery_complete_count=complete)
    states = bench.share_states
    result = states.write(states.coordinator_of(key), key, -1, leader_epoch, change)
    assert not isinstance(result, Pending)
    assert not result.error_code


# Telling.


def test_nothing_is_known_of_a_group_that_there_is_not() -> None:
    bench = ShareBench()
    assert bench.described() == ShareGroupOffsets(GROUP, [])
    asked = [TopicPartitions("absent", (3,)), TopicPartitions("orders", (1, 0))]
    assert bench.described(*asked) == ShareGroupOffsets(
        GROUP,
        [
            ShareOffsetsTopic("orders", bench.id_of(), [ShareOffset(1), ShareOffset(0)]),
            ShareOffsetsTopic("absent", bytes(16), [ShareOffset(3)]),
        ],
    )
    assert bench.described(asked[0]) == ShareGroupOffsets(
        GROUP, [ShareOffsetsTopic("absent", bytes(16), [ShareOffset(3)])]
    )


def test_a_group_that_has_read_nothing_has_no_offset() -> None:
    bench = ShareBench()
    bench.settled("a")
    [topic] = bench.described().topics
    assert topic == ShareOffsetsTopic("orders", bench.id_of(), [ShareOffset(index) for index in range(3)])


def test_the_lag_is_what_is_neither_before_the_start_nor_done() -> None:
    bench = ShareBench()
    bench.settled("a")
    write(bench.cluster.partition("orders", 0), b"1", b"2", b"3", b"4", b"5")

    progress(bench, 1, 2)
    assert bench.offsets() == [ShareOffset(0, 1, 0, 2)]
    progress(bench, 5, 0)
    assert bench.offsets() == [ShareOffset(0, 5, 0, 0)]
    # A broker before 4.2 wrote no count.
    progress(bench, 3, -1)
    assert bench.offsets() == [ShareOffset(0, 3, 0, -1)]


def test_errors_of_partitions() -> None:
    bench = ShareBench(2)
    other = next(id for id in bench.cluster.nodes if id != bench.broker)
    bench.cluster.create_topic("far", assignments=[(0, [other])])
    bench.alter(("far", [(0, 0)]))
    brokers.stop(bench.cluster, other)
    code = ErrorCode.LEADER_NOT_AVAILABLE
    assert bench.offsets("far") == [ShareOffset(0, 0, error_code=code, error_message=code.message)]

    # What the share coordinator does not know is asked for again, and then as unknown as what it has not.
    absent = [TopicPartitions("orders", (7,))]
    described = bench.groups.shares.offsets.describe(bench.broker, GROUP, absent)
    assert isinstance(described, Pending)
    bench.clock.advance(30)
    assert described.reply.topics[0].partitions == [ShareOffset(7)]


@pytest.mark.parametrize(
    ("group", "topic"),
    [
        ("", TopicPartitions("orders", (0,))),
        (GROUP, TopicPartitions("orders", ())),
        (GROUP, TopicPartitions("orders", (-1,))),
    ],
)
def test_what_no_broker_asks_the_share_coordinator(group: str, topic: TopicPartitions) -> None:
    bench = ShareBench()
    assert bench.described(topic, group=group) == ShareGroupOffsets(group, (), UNEXPECTED, UNEXPECTED.message)


# Setting.


def test_setting_makes_the_group() -> None:
    bench = ShareBench()

    altered = bench.alter(("orders", [(0, 3), (2, 0)]))

    assert altered == AlteredOffsets(
        [AlteredTopic("orders", bench.id_of(), [(0, NONE, None), (2, NONE, None)])]
    )
    assert (bench.shares.state_name, bench.shares.group_epoch) == ("Empty", 1)
    assert (start_of(bench, 0), start_of(bench, 1), start_of(bench, 2)) == (3, UNREADY, 0)
    assert bench.described().topics[0].partitions == [ShareOffset(0, 3, 0, -3), ShareOffset(2, 0, 0, 0)]
    bench.alter(("orders", [(0, 1)]))
    assert start_of(bench) == 1


def test_setting_of_what_is_not_there() -> None:
    bench = ShareBench()
    refused = UNKNOWN, UNKNOWN.message
    altered = bench.alter(("absent", [(0, 3)]), ("orders", [(1, 5), (3, 0)]))
    assert altered.topics == [
        AlteredTopic("absent", bytes(16), [(0, *refused)]),
        AlteredTopic("orders", bench.id_of(), [(1, NONE, None), (3, *refused)]),
    ]
    assert start_of(bench, 1) == 5

    other = ShareBench()
    other.alter(("absent", [(0, 3)]))
    other.alter()
    assert other.groups.find_group(GROUP) is None


def test_setting_is_refused() -> None:
    bench = ShareBench()
    code = ErrorCode.INVALID_GROUP_ID
    assert bench.alter(group="") == AlteredOffsets((), code, code.message)
    bench.commit(group_id="classic")
    text = "Group classic is not a share group."
    assert bench.alter(group="classic") == AlteredOffsets((), ErrorCode.GROUP_ID_NOT_FOUND, text)
    bench.settled("a")
    code = ErrorCode.NON_EMPTY_GROUP
    assert bench.alter(("orders", [(0, 0)])) == AlteredOffsets((), code, code.message)
    bench.beat("a", -1)
    text = (
        f"Initialize share group parameters has invalid partitionId - {GROUP} {uuid_text(bench.id_of())} -1"
    )
    assert bench.alter(("orders", [(-1, 0)])) == AlteredOffsets((), UNEXPECTED, text)


def test_what_the_share_coordinator_refuses_is_told() -> None:
    bench = ShareBench()
    bench.settled("a")
    bench.beat("a", -1)
    # A later state epoch than the group's is known.
    key = SharePartitionKey(GROUP, bench.id_of(), 1)
    bench.share_states.initialize(bench.share_states.coordinator_of(key), key, 9, 0)

    [topic] = bench.alter(("orders", [(0, 4), (1, 4), (5, 4)])).topics

    assert [code for _, code, _ in topic.partitions] == [NONE, ErrorCode.FENCED_STATE_EPOCH, UNKNOWN]
    assert topic.partitions[1][2] is not None
    assert (start_of(bench, 0), start_of(bench, 1)) == (4, 0)
    # It is still to be made ready.
    assert bench.shares.topics is not None
    assert list(bench.shares.topics.initializing) == [bench.id_of()]


# Deleting.


def test_deleting_offsets_of_topics() -> None:
    bench = ShareBench()
    bench.cluster.create_topic("payments", partitions=1)
    bench.alter(("orders", [(0, 3), (1, 3)]))

    deleted = bench.delete_offsets("payments", "orders", "absent")

    assert deleted == DeletedShareOffsets(
        [
            DeletedTopic("orders", bench.id_of()),
            DeletedTopic("payments", error_code=UNKNOWN, error_message=NOTHING_TO_DELETE),
            DeletedTopic("absent", error_code=UNKNOWN, error_message=UNKNOWN.message),
        ]
    )
    assert (start_of(bench, 0), start_of(bench, 1)) == (UNREADY, UNREADY)
    assert bench.described() == ShareGroupOffsets(GROUP, [])
    assert bench.shares.topics == ({}, {}, frozenset())
    assert bench.delete_offsets("orders").topics[0].error_message == NOTHING_TO_DELETE
    assert bench.delete_offsets() == DeletedShareOffsets([])


def test_deleting_offsets_is_refused() -> None:
    bench = ShareBench()
    code = ErrorCode.INVALID_GROUP_ID
    assert bench.delete_offsets(group="") == DeletedShareOffsets((), code, code.message)
    text = f"Group {GROUP} not found."
    assert bench.delete_offsets("orders") == DeletedShareOffsets((), ErrorCode.GROUP_ID_NOT_FOUND, text)
    bench.commit(group_id="classic")
    text = "Group classic is not a share group."
    assert bench.delete_offsets(group="classic") == DeletedShareOffsets(
        (), ErrorCode.GROUP_ID_NOT_FOUND, text
    )
    bench.settled("a")
    code = ErrorCode.NON_EMPTY_GROUP
    assert bench.delete_offsets("orders") == DeletedShareOffsets((), code, code.message)


def test_a_group_that_never_had_any_has_none_to_delete() -> None:
    bench = ShareBench()
    bench.beat("a", 0, "absent")
    bench.beat("a", -1)
    assert bench.shares.topics is None
    assert bench.delete_offsets("orders") == DeletedShareOffsets()
    assert bench.delete() == NONE


def test_offsets_that_could_not_be_deleted_may_be_deleted_again() -> None:
    bench = ShareBench()
    bench.alter(("orders", [(0, 3)]))
    bench.limit_states(10)

    [topic] = bench.delete_offsets("orders").topics

    assert topic == DeletedTopic("orders", bench.id_of(), UNEXPECTED, UNEXPECTED.message)
    assert bench.shares.topics is not None
    assert bench.shares.topics == ({}, {}, frozenset({bench.id_of()}))
    bench.limit_states(1_000_000)
    assert bench.delete_offsets("orders") == DeletedShareOffsets([DeletedTopic("orders", bench.id_of())])
    assert start_of(bench) == UNREADY


def test_what_is_to_be_deleted_may_be_set_instead() -> None:
    bench = ShareBench()
    bench.alter(("orders", [(0, 3)]))
    bench.limit_states(10)
    bench.delete_offsets("orders")
    bench.limit_states(1_000_000)

    bench.alter(("orders", [(0, 8)]))

    assert bench.shares.topics is not None
    assert bench.shares.topics.deleting == frozenset()
    assert start_of(bench) == 8


# Deleting groups.


def test_deleting_a_group_deletes_its_state() -> None:
    bench = ShareBench()
    bench.settled("a")
    assert bench.delete() == ErrorCode.NON_EMPTY_GROUP
    bench.beat("a", -1)

    assert bench.delete() == NONE

    assert bench.groups.find_group(GROUP) is None
    assert [start_of(bench, index) for index in range(3)] == [UNREADY] * 3
    assert bench.delete() == ErrorCode.GROUP_ID_NOT_FOUND
    # Whoever comes back begins anew.
    assert bench.beat("a", 0, "orders").member_epoch == 2


def test_a_group_whose_state_cannot_be_deleted_stays() -> None:
    bench = ShareBench()
    bench.alter(("orders", [(0, 3)]))
    bench.limit_states(10)
    assert bench.delete() == UNEXPECTED
    assert bench.shares.topics == ({}, {}, frozenset({bench.id_of()}))

    bench.limit_states(1_000_000)
    assert bench.delete() == NONE
    assert start_of(bench) == UNREADY


def test_groups_of_all_kinds_are_deleted_together() -> None:
    bench = ShareBench()
    bench.commit(group_id="classic")
    bench.alter(("orders", [(0, 3)]))
    bench.alter(("orders", [(7, 3)]), group="none")
    # Kafka asks for nothing when it has written down a topic without partitions.
    bench.cluster.create_topic("payments", partitions=1)
    bench.alter(("orders", [(7, 3)]), ("payments", [(0, 3)]), group="odd")
    names = ["absent", GROUP, "none", "odd", "classic", GROUP]
    assert bench.groups.delete_groups(bench.broker, names) == [
        ("absent", ErrorCode.GROUP_ID_NOT_FOUND),
        (GROUP, NONE),
        ("none", NONE),
        ("odd", UNEXPECTED),
        ("classic", NONE),
    ]


def test_requests_wait_for_a_share_coordinator_that_is_away() -> None:
    bench = ShareBench(
        2, share_coordinator_state_topic_replication_factor=1, offsets_topic_replication_factor=1
    )
    topic = bench.cluster.auto_create_topic("__share_group_state")
    away = {partition.leader for partition in topic.partitions} - {bench.broker}
    for broker_id in away:
        brokers.stop(bench.cluster, broker_id)
    bench.cluster.create_topic("far", partitions=3, replication_factor=1)
    offsets = [(index, 1) for index in range(3)]
    changes = bench.groups.shares.changes

    altering = changes.alter(bench.broker, GROUP, [NewShareOffsets("far", offsets)])
    described = bench.groups.shares.offsets.describe(bench.broker, GROUP, [TopicPartitions("far", (0, 1, 2))])
    assert isinstance(altering, Pending)
    assert isinstance(described, Pending)
    for broker_id in away:
        brokers.start(bench.cluster, broker_id)
    assert not altering.is_settled
    bench.clock.advance(2)
    assert altering.reply.topics[0].partitions == [(index, NONE, None) for index in range(3)]
    assert [offset.start_offset for offset in described.reply.topics[0].partitions] == [1, 1, 1]

    for broker_id in away:
        brokers.stop(bench.cluster, broker_id)
    deleting = bench.groups.delete_groups(bench.broker, [GROUP])
    assert isinstance(deleting, Pending)
    bench.clock.advance(40)
    assert deleting.reply == [(GROUP, ErrorCode.COORDINATOR_NOT_AVAILABLE)]
