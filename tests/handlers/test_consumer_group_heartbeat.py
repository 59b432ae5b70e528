"""ConsumerGroupHeartbeat and ConsumerGroupDescribe, in frames: who may, and what an answer looks like."""

from __future__ import annotations

from typing import Any

from mockbroker.handlers.authorized_operations import NOT_ASKED
from protocol_specs.acls import AclOperation, ResourceType
from protocol_specs.errors import ErrorCode
from protocol_specs.notation import uuid_text
from tests.handlers.plain import Client, Desk

_READ_GROUP = AclOperation.READ, ResourceType.GROUP
_DESCRIBE_GROUP = AclOperation.DESCRIBE, ResourceType.GROUP
_DESCRIBE_TOPIC = AclOperation.DESCRIBE, ResourceType.TOPIC
_NOBODY_S = {"member_id": None, "member_epoch": 0, "heartbeat_interval_ms": 0, "assignment": None}


class Authorizer:
    """Denies some kinds of operation, and the sight of some topics."""

    def __init__(self, *denied: tuple[int, int], hidden: str = "") -> None:
        self.denied = denied
        self.hidden = hidden

    def allows(self, caller: Any, operation: int, resource_type: int, name: str) -> bool:
        if resource_type == ResourceType.TOPIC and name == self.hidden:
            return False
        return (operation, resource_type) not in self.denied


def make_desk(**settings: Any) -> tuple[Desk, Client]:
    desk = Desk(group_initial_rebalance_delay_ms=0, **settings)
    desk.core.cluster.create_topic("orders", partitions=2)
    desk.core.cluster.create_topic("secret", partitions=1)
    desk.core.groups.find_coordinator("billing")
    return desk, desk.client(client_id="app")


def beat(client: Client, epoch: int = 0, **more: Any) -> dict[str, Any]:
    given: dict[str, Any] = {"group_id": "billing", "member_id": "m", "member_epoch": epoch}
    if epoch == 0:
        given |= {"rebalance_timeout_ms": 1000, "subscribed_topic_names": ["orders"], "topic_partitions": []}
    return client.ask("ConsumerGroupHeartbeat", **(given | more))


def describe(client: Client, **more: Any) -> dict[str, Any]:
    [group] = client.ask("ConsumerGroupDescribe", group_ids=["billing"], **more)["groups"]
    assert isinstance(group, dict)
    return group


def refused(code: ErrorCode, message: str | None = None) -> dict[str, Any]:
    return {"throttle_time_ms": 0, "error_code": code, "error_message": message, **_NOBODY_S}


def test_a_member_joins_and_is_described() -> None:
    desk, client = make_desk()
    topic_id = uuid_text(desk.core.cluster.topics["orders"].id)
    assert beat(client, rack_id="r") == {
        "throttle_time_ms": 0,
        "error_code": 0,
        "error_message": None,
        "member_id": "m",
        "member_epoch": 2,
        "heartbeat_interval_ms": 5000,
        "assignment": {"topic_partitions": [{"topic_id": topic_id, "partitions": [0, 1]}]},
    }
    again = beat(
        client, 2, topic_partitions=[{"topic_id": desk.core.cluster.topics["orders"].id, "partitions": [0]}]
    )
    assert again["assignment"] is None

    has = {"topic_partitions": [{"topic_id": topic_id, "topic_name": "orders", "partitions": [0, 1]}]}
    assert describe(client) == {
        "error_code": 0,
        "error_message": None,
        "group_id": "billing",
        "group_state": "Stable",
        "group_epoch": 2,
        "assignment_epoch": 2,
        "assignor_name": "uniform",
        "members": [
            {
                "member_id": "m",
                "instance_id": None,
                "rack_id": "r",
                "member_epoch": 2,
                "client_id": "app",
                "client_host": "/127.0.0.1",
                "subscribed_topic_names": ["orders"],
                "subscribed_topic_regex": "",
                "assignment": has,
                "target_assignment": has,
                "member_type": 1,
            }
        ],
        "authorized_operations": NOT_ASKED,
    }
    assert describe(client, include_authorized_operations=True)["authorized_operations"] > 0
    assert beat(client, 7)["error_code"] == ErrorCode.FENCED_MEMBER_EPOCH


def test_topics_that_are_gone_are_not_described() -> None:
    desk, client = make_desk()
    beat(client)
    desk.core.cluster.delete_topic("orders")
    [member] = describe(client)["members"]
    assert member["assignment"] == member["target_assignment"] == {"topic_partitions": []}


def test_who_may_not_is_told_so() -> None:
    desk, client = make_desk()
    desk.core.authorizer = Authorizer(_READ_GROUP)
    assert beat(client) == refused(ErrorCode.GROUP_AUTHORIZATION_FAILED)
    desk.core.authorizer = Authorizer(hidden="orders")
    assert beat(client) == refused(ErrorCode.TOPIC_AUTHORIZATION_FAILED)
    desk.core.authorizer = None
    beat(client)

    desk.core.authorizer = Authorizer(_DESCRIBE_GROUP)
    assert describe(client)["error_code"] == ErrorCode.GROUP_AUTHORIZATION_FAILED
    desk.core.authorizer = Authorizer(_DESCRIBE_TOPIC)
    group = describe(client)
    assert (group["error_code"], group["members"]) == (ErrorCode.TOPIC_AUTHORIZATION_FAILED, [])
    text = "The group has described topic(s) that the client is not authorized to describe."
    assert group["error_message"] == text


def test_hidden_topics_match_no_expression() -> None:
    desk, client = make_desk()
    desk.core.authorizer = Authorizer(hidden="secret")
    beat(client, subscribed_topic_names=None, subscribed_topic_regex="orders|secret")
    desk.clock.advance(0)
    [topic] = beat(client, 1)["assignment"]["topic_partitions"]
    assert topic["topic_id"] == uuid_text(desk.core.cluster.topics["orders"].id)


def test_a_cluster_without_the_protocol() -> None:
    for settings in ({"group_coordinator_rebalance_protocols": "classic"}, {}):
        desk, client = make_desk(**settings)
        if not settings:
            desk.core.features.finalized["group.version"] = 0
        assert beat(client) == refused(ErrorCode.UNSUPPORTED_VERSION)
        assert describe(client)["error_code"] == ErrorCode.UNSUPPORTED_VERSION


def test_the_first_answer_may_come_later() -> None:
    desk = Desk()
    desk.core.cluster.create_topic("orders", partitions=2)
    desk.core.groups.find_coordinator("billing")
    client = desk.client()
    pending = client.send(
        "ConsumerGroupHeartbeat",
        1,
        group_id="billing",
        member_id="m",
        member_epoch=0,
        rebalance_timeout_ms=1000,
        subscribed_topic_names=["orders"],
        topic_partitions=[],
    )
    desk.clock.advance(0.05)
    answer = client.read("ConsumerGroupHeartbeat", 1, pending.reply)
    assert (answer["error_code"], answer["member_epoch"]) == (0, 2)
