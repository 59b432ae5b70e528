"""TxnOffsetCommit: verified like a Produce, then decided by the group (KIP-447)."""

from __future__ import annotations

from typing import Any

import pytest

from protocol_specs.acls import AclOperation as Op
from protocol_specs.acls import ResourceType as Kind
from protocol_specs.errors import ErrorCode
from protocol_specs.join_group import JOIN_GROUP
from protocol_specs.sync_group import SYNC_GROUP
from protocol_specs.txn_offset_commit import TXN_OFFSET_COMMIT
from tests.handlers.transactional import TX, Desk

_TOPIC = TXN_OFFSET_COMMIT.request.topics
GROUP = "g"


@pytest.fixture
def desk() -> Desk:
    desk = Desk()
    desk.core.groups.find_coordinator(GROUP)
    return desk


def _commit(desk: Desk, version: int, producer: tuple[int, int], **fields: Any) -> dict[Any, int]:
    places = fields.pop("places", [("orders", 0)])
    given: dict[str, Any] = {"group_id": GROUP, "transactional_id": TX} | fields
    reply = desk.ask(
        "TxnOffsetCommit",
        version,
        producer_id=producer[0],
        producer_epoch=producer[1],
        topics=[
            _TOPIC(
                name=name,
                partitions=[
                    _TOPIC.partitions(partition_index=index, committed_offset=5, committed_metadata="m")
                ],
            )
            for name, index in places
        ],
        **given,
    )
    return {
        (topic.name, one.partition_index): one.error_code
        for topic in reply.topics
        for one in topic.partitions
    }


def _add_offsets(desk: Desk, producer: tuple[int, int]) -> None:
    reply = desk.ask(
        "AddOffsetsToTxn",
        4,
        transactional_id=TX,
        producer_id=producer[0],
        producer_epoch=producer[1],
        group_id=GROUP,
    )
    assert reply.error_code == 0


def _committed(desk: Desk) -> dict[Any, Any]:
    return {place: (one.offset, one.metadata) for place, one in desk.core.groups.committed(GROUP).items()}


def test_since_version_5_the_partition_is_added_at_once(desk: Desk) -> None:
    producer = desk.init()
    assert _commit(desk, 5, producer) == {("orders", 0): 0}
    index = desk.core.groups.shards.partition_for(GROUP)
    assert desk.core.transactions.queries.describe(desk.node, TX).partitions == (
        ("__consumer_offsets", index),
    )
    assert _committed(desk) == {}
    desk.ask("EndTxn", 5, transactional_id=TX, producer_id=0, producer_epoch=0, committed=True)
    assert _committed(desk) == {("orders", 0): (5, "m")}


@pytest.mark.parametrize("version", range(5))
def test_before_it_the_client_must_have_added_it(desk: Desk, version: int) -> None:
    producer = desk.init()
    old = ErrorCode.INVALID_TXN_STATE if version < 4 else ErrorCode.TRANSACTION_ABORTABLE
    assert _commit(desk, version, producer) == {("orders", 0): old}
    _add_offsets(desk, producer)
    assert _commit(desk, version, producer) == {("orders", 0): 0}
    assert _commit(desk, version, producer) == {("orders", 0): 0}
    desk.ask("EndTxn", 4, transactional_id=TX, producer_id=0, producer_epoch=0, committed=True)
    assert _committed(desk) == {("orders", 0): (5, "m")}


@pytest.mark.parametrize("version", range(6))
def test_a_stale_epoch(desk: Desk, version: int) -> None:
    producer_id, epoch = desk.init()
    code = _commit(desk, version, (producer_id, epoch + 1))["orders", 0]
    assert code == ErrorCode.INVALID_PRODUCER_EPOCH
    assert _commit(desk, version, (99, 0))["orders", 0] == ErrorCode.INVALID_PRODUCER_ID_MAPPING


def test_what_is_refused_before_the_transaction_is_asked(desk: Desk) -> None:
    producer = desk.init()
    unknown = ErrorCode.UNKNOWN_TOPIC_OR_PARTITION
    places = [("missing", 0), ("orders", 9)]
    assert _commit(desk, 5, producer, places=places) == {("missing", 0): unknown, ("orders", 9): unknown}
    assert _commit(desk, 5, producer, group_id="") == {("orders", 0): ErrorCode.INVALID_GROUP_ID}
    assert desk.core.transactions.queries.describe(desk.node, TX).partitions == ()
    both = _commit(desk, 5, (99, 0), places=[("missing", 0), ("orders", 1)])
    assert both == {("missing", 0): unknown, ("orders", 1): ErrorCode.INVALID_PRODUCER_ID_MAPPING}


def _member(desk: Desk, instance_id: str | None = None) -> tuple[str, int]:
    """Member id and generation of the group's only member."""
    fields: dict[str, Any] = {
        "group_id": GROUP,
        "session_timeout_ms": 30_000,
        "rebalance_timeout_ms": 30_000,
        "protocol_type": "consumer",
        "protocols": [JOIN_GROUP.request.protocols(name="range", metadata=b"")],
        "group_instance_id": instance_id,
    }
    member_id = ""
    if instance_id is None:
        member_id = desk.ask("JoinGroup", 5, member_id="", **fields).member_id
    waiting = desk.send("JoinGroup", 5, member_id=member_id, **fields)
    desk.core.clock.advance(5)
    desk.broker.flush()
    reply = desk.decode("JoinGroup", 5, waiting.reply)
    assert reply.error_code == 0
    assignment = SYNC_GROUP.request.assignments(member_id=reply.member_id, assignment=b"")
    synced = desk.ask(
        "SyncGroup",
        3,
        group_id=GROUP,
        generation_id=reply.generation_id,
        member_id=reply.member_id,
        group_instance_id=instance_id,
        assignments=[assignment],
    )
    assert synced.error_code == 0
    return reply.member_id, reply.generation_id


@pytest.mark.parametrize("version", [3, 4, 5])
def test_a_member_is_fenced_by_its_group(desk: Desk, version: int) -> None:
    member_id, generation_id = _member(desk)
    producer = desk.init()
    _add_offsets(desk, producer)

    def code(member_id: str, generation_id: int) -> int:
        return _commit(desk, version, producer, member_id=member_id, generation_id=generation_id)["orders", 0]

    assert code(member_id, generation_id) == 0
    assert code(member_id, generation_id - 1) == ErrorCode.ILLEGAL_GENERATION
    assert code("stranger", generation_id) == ErrorCode.UNKNOWN_MEMBER_ID
    # Who does not say who he is may commit: an older client, whose transactional id fences instead.
    assert code("", -1) == 0


def test_a_static_member_is_fenced_by_its_successor(desk: Desk) -> None:
    member_id, generation_id = _member(desk, "static")
    producer = desk.init()

    def code(member_id: str, instance_id: str) -> int:
        return _commit(
            desk,
            5,
            producer,
            member_id=member_id,
            generation_id=generation_id,
            group_instance_id=instance_id,
        )["orders", 0]

    assert code(member_id, "static") == 0
    assert code("another", "static") == ErrorCode.FENCED_INSTANCE_ID
    assert code(member_id, "unknown") == ErrorCode.UNKNOWN_MEMBER_ID


def test_a_group_that_does_not_exist(desk: Desk) -> None:
    producer = desk.init()
    code = _commit(desk, 5, producer, member_id="m", generation_id=1)["orders", 0]
    assert code == ErrorCode.ILLEGAL_GENERATION


def test_a_broker_that_does_not_coordinate_the_group() -> None:
    desk = Desk(brokers=2)
    node = desk.core.groups.find_coordinator(GROUP)
    producer = desk.init()
    desk.node = 3 - node
    assert _commit(desk, 5, producer) == {("orders", 0): ErrorCode.NOT_COORDINATOR}


def test_who_may(desk: Desk) -> None:
    producer = desk.init()
    for denied, code in (
        ((Op.WRITE, Kind.TRANSACTIONAL_ID), ErrorCode.TRANSACTIONAL_ID_AUTHORIZATION_FAILED),
        ((Op.READ, Kind.GROUP), ErrorCode.GROUP_AUTHORIZATION_FAILED),
        ((Op.READ, Kind.TOPIC), ErrorCode.TOPIC_AUTHORIZATION_FAILED),
    ):
        desk.deny(denied)
        assert _commit(desk, 5, producer) == {("orders", 0): code}
