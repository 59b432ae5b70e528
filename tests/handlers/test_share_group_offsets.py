"""DescribeShareGroupOffsets, AlterShareGroupOffsets, DeleteShareGroupOffsets and DeleteGroups of a share group."""

from __future__ import annotations

from typing import Any

from mockbroker.core import brokers
from mockbroker.core.waiting import Pending
from protocol_specs.acls import AclOperation, ResourceType
from protocol_specs.errors import ErrorCode
from protocol_specs.notation import uuid_text
from tests.handlers.plain import Desk
from tests.handlers.sharing import DESCRIBE_GROUP, GROUP, READ_GROUP, Authorizer, make_desk, produce

ZERO = uuid_text(bytes(16))
UNKNOWN = ErrorCode.UNKNOWN_TOPIC_OR_PARTITION
DENIED = ErrorCode.TOPIC_AUTHORIZATION_FAILED
GROUP_DENIED = ErrorCode.GROUP_AUTHORIZATION_FAILED
OFF = ErrorCode.UNSUPPORTED_VERSION


def id_of(desk: Desk, topic: str) -> str:
    return uuid_text(desk.core.cluster.topics[topic].id)


def alter(desk: Desk, *topics: tuple[str, int, int]) -> dict[str, Any]:
    asked = [
        {"topic_name": name, "partitions": [{"partition_index": index, "start_offset": offset}]}
        for name, index, offset in topics
    ]
    return desk.ask("AlterShareGroupOffsets", group_id=GROUP, topics=asked)


def delete(desk: Desk, *topics: str) -> dict[str, Any]:
    asked = [{"topic_name": name} for name in topics]
    return desk.ask("DeleteShareGroupOffsets", group_id=GROUP, topics=asked)


def describe(desk: Desk, *topics: str, version: int = 1) -> dict[str, Any]:
    asked = [{"topic_name": name, "partitions": [0]} for name in topics] if topics else None
    groups = [{"group_id": GROUP, "topics": asked}]
    [group] = desk.ask("DescribeShareGroupOffsets", version, groups=groups)["groups"]
    assert isinstance(group, dict)
    return group


def refused(code: ErrorCode) -> dict[str, Any]:
    return {"throttle_time_ms": 0, "error_code": code, "error_message": code.message, "responses": []}


def test_offsets_are_set_told_and_deleted() -> None:
    desk = make_desk()
    produce(desk, 5)
    assert alter(desk, ("orders", 0, 2)) == {
        "throttle_time_ms": 0,
        "error_code": 0,
        "error_message": None,
        "responses": [
            {
                "topic_name": "orders",
                "topic_id": id_of(desk, "orders"),
                "partitions": [{"partition_index": 0, "error_code": 0, "error_message": None}],
            }
        ],
    }
    partition = {
        "partition_index": 0,
        "start_offset": 2,
        "leader_epoch": 0,
        "lag": 3,
        "error_code": 0,
        "error_message": None,
    }
    topic = {"topic_name": "orders", "topic_id": id_of(desk, "orders"), "partitions": [partition]}
    described = {"group_id": GROUP, "topics": [topic], "error_code": 0, "error_message": None}
    assert describe(desk) == describe(desk, "orders") == described
    del partition["lag"]
    assert describe(desk, version=0) == described

    deleted = {
        "topic_name": "orders",
        "topic_id": id_of(desk, "orders"),
        "error_code": 0,
        "error_message": None,
    }
    assert delete(desk, "orders") == {
        "throttle_time_ms": 0,
        "error_code": 0,
        "error_message": None,
        "responses": [deleted],
    }
    assert describe(desk)["topics"] == []


def test_no_topics_and_no_groups() -> None:
    desk = make_desk()
    assert desk.ask("DescribeShareGroupOffsets", groups=[]) == {"throttle_time_ms": 0, "groups": []}
    [group] = desk.ask("DescribeShareGroupOffsets", groups=[{"group_id": "x", "topics": []}])["groups"]
    assert group == {"group_id": "x", "topics": [], "error_code": 0, "error_message": None}


def test_unknown_topics() -> None:
    desk = make_desk()
    answer = alter(desk, ("absent", 0, 0), ("orders", 0, 1), ("orders2", 3, 0))
    assert [topic["topic_name"] for topic in answer["responses"]] == ["absent", "orders2", "orders"]
    assert answer["responses"][0] == {
        "topic_name": "absent",
        "topic_id": ZERO,
        "partitions": [{"partition_index": 0, "error_code": UNKNOWN, "error_message": UNKNOWN.message}],
    }
    [unknown] = describe(desk, "absent")["topics"]
    assert (unknown["topic_id"], unknown["partitions"][0]["start_offset"]) == (ZERO, -1)


def test_who_may_not_is_told_so() -> None:
    desk = make_desk()
    alter(desk, ("orders", 0, 1), ("secret", 0, 1))

    desk.core.authorizer = Authorizer(READ_GROUP)
    assert alter(desk, ("orders", 0, 2)) == refused(GROUP_DENIED)
    desk.core.authorizer = Authorizer((AclOperation.DELETE, ResourceType.GROUP))
    assert delete(desk, "orders") == refused(GROUP_DENIED)
    desk.core.authorizer = Authorizer(DESCRIBE_GROUP)
    denied = {"group_id": GROUP, "topics": [], "error_code": GROUP_DENIED, "error_message": None}
    assert describe(desk) == describe(desk, "orders") == denied

    desk.core.authorizer = Authorizer(hidden="secret")
    hidden, orders = alter(desk, ("orders", 0, 2), ("secret", 0, 2))["responses"]
    assert (hidden["topic_name"], hidden["topic_id"]) == ("secret", id_of(desk, "secret"))
    assert hidden["partitions"] == [
        {"partition_index": 0, "error_code": DENIED, "error_message": DENIED.message}
    ]
    assert orders["partitions"][0]["error_code"] == 0
    # Of all topics only those that may be seen are told; those that were named are refused.
    assert [topic["topic_name"] for topic in describe(desk)["topics"]] == ["orders"]
    orders, hidden = describe(desk, "secret", "orders")["topics"]
    assert (orders["topic_name"], hidden["topic_name"], hidden["topic_id"]) == ("orders", "secret", ZERO)
    assert hidden["partitions"] == [
        {
            "partition_index": 0,
            "start_offset": -1,
            "leader_epoch": 0,
            "lag": -1,
            "error_code": DENIED,
            "error_message": DENIED.message,
        }
    ]
    hidden, orders = delete(desk, "orders", "secret")["responses"]
    assert hidden == {
        "topic_name": "secret",
        "topic_id": ZERO,
        "error_code": DENIED,
        "error_message": DENIED.message,
    }
    assert (orders["topic_name"], orders["error_code"]) == ("orders", 0)
    desk.core.authorizer = None
    assert describe(desk, "secret")["topics"][0]["partitions"][0]["start_offset"] == 1


def test_a_group_with_members_is_left_alone() -> None:
    desk = make_desk()
    desk.ask(
        "ShareGroupHeartbeat",
        group_id=GROUP,
        member_id="m",
        member_epoch=0,
        subscribed_topic_names=["orders"],
    )
    full = ErrorCode.NON_EMPTY_GROUP
    assert alter(desk, ("orders", 0, 1)) == refused(full)
    assert delete(desk, "orders") == refused(full)
    [result] = desk.ask("DeleteGroups", groups_names=[GROUP])["results"]
    assert result["error_code"] == full


def test_a_cluster_without_share_groups() -> None:
    desk = make_desk()
    desk.core.features.set_levels({"share.version": 0})
    assert alter(desk, ("orders", 0, 1)) == refused(OFF)
    assert delete(desk, "orders") == refused(OFF)
    assert describe(desk, "orders") == {
        "group_id": GROUP,
        "topics": [],
        "error_code": OFF,
        "error_message": None,
    }


def test_answers_wait_for_the_share_coordinator() -> None:
    desk = make_desk(2)
    cluster = desk.core.cluster
    coordinator = desk.core.groups.find_coordinator(GROUP)
    other = next(id for id in cluster.nodes if id != coordinator)
    cluster.create_topic("__share_group_state", assignments=[(0, [other])])
    cluster.create_topic("near", assignments=[(0, [coordinator])])
    brokers.stop(cluster, other)
    client = desk.client(coordinator)
    topics = [{"topic_name": "near", "partitions": [{"partition_index": 0, "start_offset": 4}]}]
    altering = client.send("AlterShareGroupOffsets", 0, group_id=GROUP, topics=topics)
    groups = [{"group_id": GROUP, "topics": [{"topic_name": "near", "partitions": [0]}]}]
    describing = client.send("DescribeShareGroupOffsets", 1, groups=groups)
    assert isinstance(altering, Pending)
    assert isinstance(describing, Pending)
    brokers.start(cluster, other)
    desk.clock.advance(2)
    [topic] = client.read("AlterShareGroupOffsets", 0, altering.reply)["responses"]
    assert topic["partitions"][0]["error_code"] == 0
    [group] = client.read("DescribeShareGroupOffsets", 1, describing.reply)["groups"]
    assert group["topics"][0]["partitions"][0]["start_offset"] == 4

    brokers.stop(cluster, other)
    deleting = client.send("DeleteGroups", 2, groups_names=[GROUP])
    assert isinstance(deleting, Pending)
    desk.clock.advance(31)
    [result] = client.read("DeleteGroups", 2, deleting.reply)["results"]
    assert result["error_code"] == ErrorCode.COORDINATOR_NOT_AVAILABLE
