"""WriteTxnMarkers."""

from __future__ import annotations

from typing import Any

import pytest

from protocol_specs.acls import AclOperation as Op
from protocol_specs.acls import ResourceType as Kind
from protocol_specs.errors import ErrorCode
from protocol_specs.write_txn_markers import WRITE_TXN_MARKERS
from tests.handlers.transactional import TX, Desk

_MARKER = WRITE_TXN_MARKERS.request.markers


def _marker(producer: tuple[int, int], *places: tuple[str, int], commit: bool = False, **fields: int) -> Any:
    return _MARKER(
        producer_id=producer[0],
        producer_epoch=producer[1],
        transaction_result=commit,
        topics=[_MARKER.topics(name=name, partition_indexes=[index]) for name, index in places],
        **({"coordinator_epoch": 0} | fields),
    )


def _write(desk: Desk, version: int, *markers: Any, node: int | None = None) -> dict[int, dict[Any, int]]:
    reply = desk.ask("WriteTxnMarkers", version, node=node, markers=markers)
    return {
        marker.producer_id: {
            (topic.name, one.partition_index): one.error_code
            for topic in marker.topics
            for one in topic.partitions
        }
        for marker in reply.markers
    }


@pytest.mark.parametrize("version", [1, 2])
def test_an_open_transaction_is_ended_by_hand(version: int) -> None:
    desk = Desk()
    producer = desk.init()
    desk.produce(13, producer)
    partition = desk.core.cluster.partition("orders", 0)
    assert partition.last_stable_offset == 0
    written = _write(desk, version, _marker(producer, ("orders", 0), ("orders", 9), ("missing", 0)))
    assert written == {
        0: {
            ("orders", 0): 0,
            ("orders", 9): ErrorCode.UNKNOWN_TOPIC_OR_PARTITION,
            ("missing", 0): ErrorCode.UNKNOWN_TOPIC_OR_PARTITION,
        }
    }
    assert partition.last_stable_offset == 2
    assert partition.log.aborted_transactions(0, 2) == [(0, 0)]


def test_how_strictly_the_epoch_is_checked_depends_on_the_transaction_version() -> None:
    desk = Desk()
    producer = desk.init()
    desk.produce(13, producer)
    strict = _write(desk, 2, _marker(producer, ("orders", 0), transaction_version=2))
    assert strict == {0: {("orders", 0): ErrorCode.INVALID_PRODUCER_EPOCH}}
    later = _write(desk, 2, _marker((0, 1), ("orders", 0), transaction_version=2))
    assert later == {0: {("orders", 0): 0}}


def test_a_marker_must_say_the_transaction_version() -> None:
    desk = Desk()
    producer = desk.init()
    desk.produce(13, producer)
    for coordinator_epoch in (0, -1):
        marker = _marker(producer, ("orders", 0), transaction_version=-1, coordinator_epoch=coordinator_epoch)
        assert _write(desk, 2, marker) == {0: {("orders", 0): ErrorCode.UNKNOWN_SERVER_ERROR}}


def test_an_older_coordinator_is_fenced() -> None:
    desk = Desk()
    producer = desk.init()
    desk.produce(13, producer)
    _write(desk, 2, _marker(producer, ("orders", 0), coordinator_epoch=5))
    written = _write(desk, 2, _marker(producer, ("orders", 0), coordinator_epoch=4))
    assert written == {0: {("orders", 0): ErrorCode.TRANSACTION_COORDINATOR_FENCED}}


def test_markers_of_one_producer_are_answered_together() -> None:
    desk = Desk()
    producer = desk.init()
    written = _write(
        desk, 2, _marker(producer, ("orders", 0)), _marker(producer, ("orders", 1)), _marker((7, 0))
    )
    assert written == {0: {("orders", 0): 0, ("orders", 1): 0}}
    assert _write(desk, 2) == {}


def test_only_the_leader_writes() -> None:
    desk = Desk(brokers=2)
    follower = 3 - desk.core.cluster.partition("orders", 0).leader
    written = _write(desk, 2, _marker((0, 0), ("orders", 0)), node=follower)
    assert written == {0: {("orders", 0): ErrorCode.NOT_LEADER_OR_FOLLOWER}}
    desk.core.cluster.create_topic("near", assignments=[(0, [3 - follower])])
    written = _write(desk, 2, _marker((0, 0), ("near", 0)), node=follower)
    assert written == {0: {("near", 0): ErrorCode.UNKNOWN_TOPIC_OR_PARTITION}}


def test_offsets_are_ended_too() -> None:
    desk = Desk()
    group_node = desk.core.groups.find_coordinator("g")
    index = desk.core.groups.shards.partition_for("g")
    place = ("__consumer_offsets", index)
    assert _write(desk, 2, _marker((0, 0), place), node=group_node) == {0: {place: 0}}
    assert desk.core.cluster.partition(*place).log_end_offset == 1


@pytest.mark.parametrize("producer", [(-1, 0), (0, -1)])
def test_a_marker_that_cannot_be_made_fails_the_request(producer: tuple[int, int]) -> None:
    desk = Desk()
    written = _write(desk, 2, _marker(producer, ("orders", 0), ("missing", 0)))
    failed = ErrorCode.UNKNOWN_SERVER_ERROR
    assert written == {producer[0]: {("orders", 0): failed, ("missing", 0): failed}}


def test_who_may() -> None:
    desk = Desk()
    marker = _marker((0, 0), ("orders", 0))
    desk.deny((Op.ALTER, Kind.CLUSTER))
    assert _write(desk, 2, marker) == {0: {("orders", 0): 0}}
    desk.deny((Op.ALTER, Kind.CLUSTER), (Op.CLUSTER_ACTION, Kind.CLUSTER))
    assert _write(desk, 2, marker) == {0: {("orders", 0): ErrorCode.CLUSTER_AUTHORIZATION_FAILED}}


def test_a_transaction_that_is_ended_by_hand_goes_on_at_its_coordinator() -> None:
    desk = Desk()
    producer = desk.init()
    desk.produce(13, producer)
    _write(desk, 2, _marker(producer, ("orders", 0)))
    reply = desk.ask("EndTxn", 5, transactional_id=TX, producer_id=0, producer_epoch=0, committed=True)
    assert (reply.error_code, reply.producer_epoch) == (0, 1)
