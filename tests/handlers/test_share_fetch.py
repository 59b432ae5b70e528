"""ShareFetch and ShareAcknowledge, in frames: who may, sessions, waiting, and what an answer looks like."""

from __future__ import annotations

from typing import Any

import pytest

from mockbroker.core import brokers
from mockbroker.core.waiting import Pending
from protocol_specs.errors import ErrorCode
from protocol_specs.notation import uuid_text
from tests.handlers.plain import Desk
from tests.handlers.sharing import (
    GROUP,
    READ_GROUP,
    Authorizer,
    Member,
    make_desk,
    make_ready,
    produce,
    values_of,
)

ACCEPT, RELEASE, REJECT, RENEW = 1, 2, 3, 4
LOCK_MS = 30_000


def partitions_of(answer: dict[str, Any]) -> dict[int, dict[str, Any]]:
    """The partitions of an answer about one topic, by index."""
    return {one["partition_index"]: one for topic in answer["responses"] for one in topic["partitions"]}


def acquired(answer: dict[str, Any], index: int = 0) -> list[tuple[int, int, int]]:
    names = ("first_offset", "last_offset", "delivery_count")
    found = partitions_of(answer).get(index, {"acquired_records": []})
    return [tuple(one[name] for name in names) for one in found["acquired_records"]]


def make_shared(brokers: int = 1, **settings: Any) -> Desk:
    """A cluster where the state of orders is ready."""
    desk = make_desk(brokers, **settings)
    make_ready(desk)
    return desk


def test_records_are_acquired_and_acknowledged() -> None:
    desk = make_shared()
    produce(desk, 3)
    member = Member(desk)

    answer = member.fetch()

    partition = partitions_of(answer)[0]
    assert values_of(partition) == [b"v0", b"v1", b"v2"]
    del partition["records"]
    nobody = {"leader_id": 0, "leader_epoch": 0}
    assert partition == {
        "partition_index": 0,
        "error_code": 0,
        "error_message": None,
        "acknowledge_error_code": 0,
        "acknowledge_error_message": None,
        "current_leader": nobody,
        "acquired_records": [{"first_offset": 0, "last_offset": 2, "delivery_count": 1}],
    }
    assert (answer["error_code"], answer["acquisition_lock_timeout_ms"]) == (0, LOCK_MS)
    assert answer["responses"][0]["topic_id"] == uuid_text(member.topic_id)

    assert member.acknowledge({0: [(0, 1, [ACCEPT]), (2, 2, [RELEASE])]}) == {
        "throttle_time_ms": 0,
        "error_code": 0,
        "error_message": None,
        "acquisition_lock_timeout_ms": LOCK_MS,
        "responses": [
            {
                "topic_id": uuid_text(member.topic_id),
                "partitions": [
                    {"partition_index": 0, "error_code": 0, "error_message": None, "current_leader": nobody}
                ],
            }
        ],
        "node_endpoints": [],
    }
    assert acquired(member.fetch()) == [(2, 2, 2)]


def test_acknowledgements_ride_on_a_fetch() -> None:
    desk = make_shared()
    produce(desk, 3)
    member = Member(desk)
    member.fetch()
    produce(desk, 2)

    answer = member.fetch({0: [(0, 2, [REJECT])], 1: [(0, 0, [ACCEPT])]})

    assert acquired(answer) == [(3, 4, 1)]
    assert partitions_of(answer)[0]["acknowledge_error_code"] == 0
    assert partitions_of(answer)[1]["acknowledge_error_code"] == ErrorCode.INVALID_RECORD_STATE
    assert partitions_of(answer)[1]["acknowledge_error_message"] is not None


def test_a_fetch_waits_for_records() -> None:
    desk = make_shared()
    member = Member(desk)
    pending = member.send_fetch()
    assert isinstance(pending, Pending)
    desk.clock.advance(0.2)
    produce(desk, 1, partition=1)
    assert pending.is_settled
    assert acquired(member.read(pending.reply), 1) == [(0, 0, 1)]

    pending = member.send_fetch()
    desk.clock.advance(0.5)
    assert member.read(pending.reply)["responses"] == []


def test_a_fetch_is_woken_by_records_that_others_release() -> None:
    desk = make_shared()
    produce(desk, 2)
    first, second = Member(desk, "a"), Member(desk, "b")
    first.fetch()
    pending = second.send_fetch()
    assert isinstance(pending, Pending)
    first.acknowledge({0: [(0, 1, [RELEASE])]})
    assert acquired(second.read(pending.reply)) == [(0, 1, 2)]
    # So does the end of the lock.
    pending = first.send_fetch(max_wait_ms=60_000)
    desk.clock.advance(29.9)
    assert not pending.is_settled
    desk.clock.advance(0.1)
    desk.core.waiting.flush()
    assert acquired(first.read(pending.reply)) == [(0, 1, 3)]


def test_a_connection_that_ends_releases_what_it_has() -> None:
    desk = make_shared()
    produce(desk, 2)
    first, second = Member(desk, "a"), Member(desk, "b")
    first.fetch()
    pending = second.send_fetch()
    desk.broker.disconnected(first.client.caller)
    assert acquired(second.read(pending.reply)) == [(0, 1, 2)]
    assert first.fetch()["error_code"] == ErrorCode.SHARE_SESSION_NOT_FOUND


def test_the_last_fetch_ends_the_session() -> None:
    desk = make_shared()
    produce(desk, 2)
    first, second = Member(desk, "a"), Member(desk, "b")
    first.fetch()
    last = first.fetch({0: [(0, 0, [ACCEPT])]}, share_session_epoch=-1)
    assert partitions_of(last)[0]["acknowledge_error_code"] == 0
    assert acquired(second.fetch()) == [(1, 1, 2)]
    gone = first.acknowledge({0: [(0, 0, [ACCEPT])]})
    assert gone["error_code"] == ErrorCode.SHARE_SESSION_NOT_FOUND
    assert second.acknowledge({0: [(1, 1, [ACCEPT])]}, share_session_epoch=-1)["error_code"] == 0
    assert second.fetch()["error_code"] == ErrorCode.SHARE_SESSION_NOT_FOUND


def test_sessions_count_their_requests() -> None:
    desk = make_shared()
    member = Member(desk)
    assert (
        member.acknowledge({}, share_session_epoch=0)["error_code"] == ErrorCode.INVALID_SHARE_SESSION_EPOCH
    )
    member.fetch(max_wait_ms=0)
    assert member.fetch(share_session_epoch=3)["error_code"] == ErrorCode.INVALID_SHARE_SESSION_EPOCH
    assert member.fetch(max_wait_ms=0)["error_code"] == 0
    beginning = member.fetch({0: [(0, 0, [ACCEPT])]}, share_session_epoch=0)
    assert (beginning["error_code"], beginning["acquisition_lock_timeout_ms"]) == (
        ErrorCode.INVALID_REQUEST,
        0,
    )


def test_there_may_be_too_many_sessions() -> None:
    desk = make_shared(group_share_max_share_sessions=1, group_share_max_size=1)
    Member(desk, "a").fetch(max_wait_ms=0)
    late = Member(desk, "b")
    pending = late.send_fetch(max_wait_ms=200)
    assert isinstance(pending, Pending)
    desk.clock.advance(0.2)
    assert late.read(pending.reply)["error_code"] == ErrorCode.SHARE_SESSION_LIMIT_REACHED


def test_locks_are_renewed() -> None:
    desk = make_shared()
    produce(desk, 1)
    member = Member(desk)
    member.fetch()
    zero = {"max_wait_ms": 0, "min_bytes": 0, "max_bytes": 0, "max_records": 0}
    desk.clock.advance(20)
    assert member.fetch({0: [(0, 0, [RENEW])]}, is_renew_ack=True)["error_code"] == ErrorCode.INVALID_REQUEST
    renewed = member.fetch({0: [(0, 0, [RENEW])]}, is_renew_ack=True, **zero)
    assert partitions_of(renewed)[0]["acknowledge_error_code"] == 0
    desk.clock.advance(20)
    kept = member.acknowledge({0: [(0, 0, [ACCEPT])]})
    assert partitions_of(kept)[0]["error_code"] == 0
    without = member.acknowledge({0: [(0, 0, [RENEW])]})
    assert partitions_of(without)[0]["error_code"] == ErrorCode.INVALID_REQUEST


def test_who_may_not_is_told_so() -> None:
    desk = make_shared()
    produce(desk, 1)
    member = Member(desk)
    member.fetch()
    desk.core.authorizer = Authorizer(READ_GROUP)
    denied = ErrorCode.GROUP_AUTHORIZATION_FAILED
    assert member.fetch()["error_code"] == denied
    assert member.acknowledge({})["error_code"] == denied
    desk.core.authorizer = Authorizer(hidden="orders")
    denied = ErrorCode.TOPIC_AUTHORIZATION_FAILED
    answer = member.fetch({0: [(0, 0, [ACCEPT])]})
    assert partitions_of(answer)[0]["acknowledge_error_code"] == denied
    assert {one["error_code"] for one in partitions_of(answer).values()} == {denied}
    answer = member.acknowledge({0: [(0, 0, [ACCEPT])]})
    assert partitions_of(answer)[0]["error_code"] == denied


@pytest.mark.parametrize(
    ("more", "code"),
    [
        ({"group_id": None}, ErrorCode.INVALID_REQUEST),
        ({"member_id": None}, ErrorCode.INVALID_REQUEST),
        ({"member_id": ""}, ErrorCode.INVALID_REQUEST),
        ({"member_id": "m" * 37}, ErrorCode.INVALID_REQUEST),
    ],
)
def test_who_is_no_member(more: dict[str, Any], code: ErrorCode) -> None:
    member = Member(make_shared())
    assert member.fetch(**more)["error_code"] == code
    assert member.acknowledge({}, **more)["error_code"] == code


def test_a_cluster_without_share_groups() -> None:
    desk = make_shared()
    member = Member(desk)
    desk.core.features.set_levels({"share.version": 0})
    off = ErrorCode.UNSUPPORTED_VERSION
    assert member.fetch()["error_code"] == member.acknowledge({})["error_code"] == off


def leader_of(desk: Desk, index: int = 0) -> int:
    return desk.core.cluster.partition("orders", index).leader


def test_a_leader_that_has_moved_is_named() -> None:
    desk = make_shared(2, default_replication_factor=2)
    produce(desk, 1)
    former = leader_of(desk)
    member = Member(desk, node_id=former)
    member.fetch()
    other = next(id for id in desk.core.cluster.nodes if id != former)
    brokers.move_leader(desk.core.cluster, "orders", 0, other)
    moved = {"leader_id": other, "leader_epoch": desk.core.cluster.partition("orders", 0).leader_epoch}

    answer = member.fetch({0: [(0, 0, [ACCEPT])]})

    partition = partitions_of(answer)[0]
    assert partition["error_code"] == ErrorCode.NOT_LEADER_OR_FOLLOWER
    assert partition["current_leader"] == moved
    assert [node["node_id"] for node in answer["node_endpoints"]] == [other]
    answer = member.acknowledge({0: [(0, 0, [ACCEPT])]})
    assert partitions_of(answer)[0]["error_code"] != 0


def test_a_new_leader_goes_on_where_the_group_was() -> None:
    desk = make_shared(2, default_replication_factor=2)
    produce(desk, 3)
    former = leader_of(desk)
    member = Member(desk, node_id=former)
    member.fetch()
    member.acknowledge({0: [(1, 1, [ACCEPT])]})
    other = next(id for id in desk.core.cluster.nodes if id != former)
    brokers.move_leader(desk.core.cluster, "orders", 0, other)

    answer = Member(desk, "b", node_id=other).fetch()

    # What was only acquired is not written down, so its deliveries do not count; what is done stays done.
    assert [(first, last) for first, last, _ in acquired(answer)] == [(0, 0), (2, 2)]


def test_an_unknown_topic_id_fails_the_whole() -> None:
    # So Kafka 4.3.1 does.
    member = Member(make_shared())
    member.topic_id = b"x" * 16
    assert member.fetch(max_wait_ms=0)["error_code"] == ErrorCode.UNKNOWN_SERVER_ERROR


def test_the_group_is_not_asked_for() -> None:
    # A broker serves any member: nobody asks the group coordinator whether there is one.
    desk = make_shared()
    produce(desk, 1)
    assert acquired(Member(desk, "stranger").fetch()) == [(0, 0, 1)]
    assert desk.core.groups.find_group(GROUP) is None


def test_a_broker_that_is_cut_off_knows_no_new_topics() -> None:
    desk = make_shared(2, default_replication_factor=2)
    cut_off = leader_of(desk)
    brokers.isolate(desk.core.cluster, cut_off)
    desk.clock.advance(30)
    later = desk.core.cluster.create_topic("later", partitions=1, replication_factor=1)
    member = Member(desk, node_id=cut_off)
    member.topic_id = later.id
    assert member.fetch(max_wait_ms=0)["error_code"] == ErrorCode.UNKNOWN_SERVER_ERROR
