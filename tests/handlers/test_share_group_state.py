"""The APIs of the share coordinator, in frames: who may, and what an answer looks like."""

from __future__ import annotations

from typing import Any

import pytest

from protocol_specs.acls import AclOperation, ResourceType
from protocol_specs.errors import ErrorCode
from protocol_specs.notation import uuid_text
from tests.handlers.plain import Desk
from tests.handlers.sharing import GROUP, Authorizer, make_desk

APIS = (
    "InitializeShareGroupState",
    "ReadShareGroupState",
    "WriteShareGroupState",
    "DeleteShareGroupState",
    "ReadShareGroupStateSummary",
)


def make_ready() -> Desk:
    desk = make_desk()
    desk.core.cluster.auto_create_topic("__share_group_state")
    return desk


def ask(desk: Desk, name: str, version: int | None = None, **fields: Any) -> dict[str, Any]:
    """Ask about orders-0."""
    topics = [{"topic_id": desk.core.cluster.topics["orders"].id, "partitions": [{"partition": 0, **fields}]}]
    [topic] = desk.ask(name, version, group_id=GROUP, topics=topics)["results"]
    assert topic["topic_id"] == uuid_text(desk.core.cluster.topics["orders"].id)
    [partition] = topic["partitions"]
    assert isinstance(partition, dict)
    return partition


def test_state_is_kept() -> None:
    desk = make_ready()
    done = {"partition": 0, "error_code": 0, "error_message": None}
    assert ask(desk, "InitializeShareGroupState", state_epoch=2, start_offset=5) == done
    batches = [{"first_offset": 6, "last_offset": 8, "delivery_state": 2, "delivery_count": 1}]
    written = ask(
        desk,
        "WriteShareGroupState",
        state_epoch=2,
        leader_epoch=0,
        start_offset=6,
        delivery_complete_count=3,
        state_batches=batches,
    )
    assert written == done
    assert ask(desk, "ReadShareGroupState", leader_epoch=1) == {
        **done,
        "state_epoch": 2,
        "start_offset": 6,
        "state_batches": batches,
    }
    summary = {**done, "state_epoch": 2, "leader_epoch": 1, "start_offset": 6, "delivery_complete_count": 3}
    assert ask(desk, "ReadShareGroupStateSummary", leader_epoch=-1) == summary
    del summary["delivery_complete_count"]
    assert ask(desk, "ReadShareGroupStateSummary", 0, leader_epoch=-1) == summary
    fenced = ask(desk, "WriteShareGroupState", state_epoch=2, leader_epoch=0, start_offset=6)
    assert fenced["error_code"] == ErrorCode.FENCED_LEADER_EPOCH
    assert ask(desk, "DeleteShareGroupState") == done
    assert ask(desk, "ReadShareGroupState", leader_epoch=1)["error_code"] == ErrorCode.INVALID_REQUEST


@pytest.mark.parametrize("name", APIS)
def test_they_are_for_brokers(name: str) -> None:
    desk = make_ready()
    desk.core.authorizer = Authorizer((AclOperation.CLUSTER_ACTION, ResourceType.CLUSTER))
    denied = ErrorCode.CLUSTER_AUTHORIZATION_FAILED
    answer = ask(desk, name)
    assert (answer["error_code"], answer["error_message"]) == (denied, denied.message)


@pytest.mark.parametrize("name", APIS)
def test_nothing_is_asked_without_a_group_or_topics(name: str) -> None:
    desk = make_ready()
    topics = [{"topic_id": desk.core.cluster.topics["orders"].id, "partitions": [{"partition": 0}]}]
    assert desk.ask(name, group_id="", topics=topics)["results"] == []
    assert desk.ask(name, group_id=GROUP, topics=[])["results"] == []


def test_where_a_share_partition_is_coordinated() -> None:
    desk = make_desk()
    topic_id = uuid_text(desk.core.cluster.topics["orders"].id)
    asked = [f"{GROUP}:{topic_id}:0", "nonsense"]
    found, wrong = desk.ask("FindCoordinator", key_type=2, coordinator_keys=asked)["coordinators"]
    assert (found["error_code"], found["node_id"], found["key"]) == (0, 1, asked[0])
    assert wrong["error_code"] == ErrorCode.INVALID_REQUEST
    assert "__share_group_state" in desk.core.cluster.topics
