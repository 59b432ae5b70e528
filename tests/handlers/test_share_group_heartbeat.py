"""ShareGroupHeartbeat and ShareGroupDescribe, in frames: who may, and what an answer looks like."""

from __future__ import annotations

from typing import Any

from mockbroker.core.waiting import Pending
from mockbroker.handlers.authorized_operations import NOT_ASKED
from protocol_specs.errors import ErrorCode
from protocol_specs.notation import uuid_text
from tests.handlers.plain import Client, Desk
from tests.handlers.sharing import DESCRIBE_GROUP, GROUP, READ_GROUP, Authorizer, make_desk

_NOTHING = {"member_id": None, "member_epoch": 0, "heartbeat_interval_ms": 0, "assignment": None}


def beat(client: Client, epoch: int = 0, **more: Any) -> dict[str, Any]:
    given: dict[str, Any] = {"group_id": GROUP, "member_id": "m", "member_epoch": epoch}
    given["subscribed_topic_names"] = ["orders"] if epoch == 0 else None
    return client.ask("ShareGroupHeartbeat", **(given | more))


def describe(client: Client, **more: Any) -> dict[str, Any]:
    [group] = client.ask("ShareGroupDescribe", group_ids=[GROUP], **more)["groups"]
    assert isinstance(group, dict)
    return group


def refused(code: ErrorCode, message: str | None = None) -> dict[str, Any]:
    return {"throttle_time_ms": 0, "error_code": code, "error_message": message, **_NOTHING}


def switch_off(desk: Desk) -> None:
    desk.core.features.set_levels({"share.version": 0})


def test_a_member_joins_and_is_described() -> None:
    desk = make_desk()
    client = desk.client(client_id="app")
    topic_id = uuid_text(desk.core.cluster.topics["orders"].id)
    assert beat(client, rack_id="r") == {
        "throttle_time_ms": 0,
        "error_code": 0,
        "error_message": None,
        "member_id": "m",
        "member_epoch": 2,
        "heartbeat_interval_ms": 5000,
        "assignment": {"topic_partitions": []},
    }
    told = beat(client, 2)
    assert told["assignment"] == {"topic_partitions": [{"topic_id": topic_id, "partitions": [0, 1]}]}
    assert beat(client, 3)["assignment"] is None

    assert describe(client) == {
        "error_code": 0,
        "error_message": None,
        "group_id": GROUP,
        "group_state": "Stable",
        "group_epoch": 3,
        "assignment_epoch": 3,
        "assignor_name": "simple",
        "members": [
            {
                "member_id": "m",
                "rack_id": "r",
                "member_epoch": 3,
                "client_id": "app",
                "client_host": "/127.0.0.1",
                "subscribed_topic_names": ["orders"],
                "assignment": {
                    "topic_partitions": [{"topic_id": topic_id, "topic_name": "orders", "partitions": [0, 1]}]
                },
            }
        ],
        "authorized_operations": NOT_ASKED,
    }
    assert describe(client, include_authorized_operations=True)["authorized_operations"] > 0
    assert beat(client, 7)["error_code"] == ErrorCode.FENCED_MEMBER_EPOCH


def test_the_first_member_may_have_to_wait() -> None:
    desk = make_desk(group_initial_rebalance_delay_ms=50)
    client = desk.client()
    fields = {"group_id": GROUP, "member_id": "m", "subscribed_topic_names": ["orders"]}
    pending = client.send("ShareGroupHeartbeat", 1, **fields)
    assert isinstance(pending, Pending)
    desk.clock.advance(0.05)
    [topic] = client.read("ShareGroupHeartbeat", 1, pending.reply)["assignment"]["topic_partitions"]
    assert topic["partitions"] == [0, 1]


def test_topics_that_are_gone_are_not_described() -> None:
    desk = make_desk()
    client = desk.client()
    beat(client)
    beat(client, 2)
    desk.core.cluster.delete_topic("orders")
    [member] = describe(client)["members"]
    assert member["assignment"] == {"topic_partitions": []}


def test_who_may_not_is_told_so() -> None:
    desk = make_desk()
    client = desk.client()
    desk.core.authorizer = Authorizer(READ_GROUP)
    assert beat(client, member_id="") == refused(ErrorCode.GROUP_AUTHORIZATION_FAILED)
    desk.core.authorizer = Authorizer(hidden="orders")
    assert beat(client) == refused(ErrorCode.TOPIC_AUTHORIZATION_FAILED)
    desk.core.authorizer = None
    assert beat(client)["error_code"] == 0
    beat(client, 2)

    desk.core.authorizer = Authorizer(DESCRIBE_GROUP)
    denied = describe(client)
    assert (denied["error_code"], denied["error_message"]) == (ErrorCode.GROUP_AUTHORIZATION_FAILED, None)
    desk.core.authorizer = Authorizer(hidden="orders")
    denied = describe(client, include_authorized_operations=True)
    assert denied["error_code"] == ErrorCode.TOPIC_AUTHORIZATION_FAILED
    text = "The group has described topic(s) that the client is not authorized to describe."
    assert (denied["error_message"], denied["members"]) == (text, [])


def test_a_member_id_has_a_length() -> None:
    desk = make_desk()
    client = desk.client()
    for member_id in ("", "m" * 37):
        assert beat(client, member_id=member_id) == refused(ErrorCode.INVALID_REQUEST)
    assert beat(client, member_id=" ") == refused(ErrorCode.INVALID_REQUEST, "MemberId can't be empty.")
    assert beat(client, member_id="m" * 36)["error_code"] == 0


def test_a_cluster_without_share_groups() -> None:
    desk = make_desk()
    client = desk.client()
    switch_off(desk)
    assert beat(client) == refused(ErrorCode.UNSUPPORTED_VERSION)
    assert describe(client)["error_code"] == ErrorCode.UNSUPPORTED_VERSION


def test_several_groups_are_described_in_order() -> None:
    desk = make_desk()
    desk.core.authorizer = Authorizer()
    answer = desk.ask("ShareGroupDescribe", group_ids=["", "absent"])
    assert [
        (group["group_id"], group["error_code"], group["error_message"]) for group in answer["groups"]
    ] == [
        ("", ErrorCode.INVALID_GROUP_ID, None),
        ("absent", ErrorCode.GROUP_ID_NOT_FOUND, "Group absent not found."),
    ]


def test_a_share_group_is_listed() -> None:
    desk = make_desk()
    beat(desk.client())
    [listed] = desk.ask("ListGroups", types_filter=["share"])["groups"]
    assert listed == {
        "group_id": GROUP,
        "protocol_type": "share",
        "group_state": "Stable",
        "group_type": "share",
    }
