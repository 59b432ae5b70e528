"""ConsumerGroupDescribe of groups that are none of its kind; the others are beside their heartbeats."""

from __future__ import annotations

import pytest

from protocol_specs.acls import AclOperation, ResourceType
from protocol_specs.errors import ErrorCode
from protocol_specs.join_group import JOIN_GROUP
from tests.handlers.plain import Desk as PlainDesk
from tests.handlers.transactional import Desk


def _describe(desk: Desk, version: int, *group_ids: str) -> list[tuple[str, int, str | None]]:
    reply = desk.ask(
        "ConsumerGroupDescribe", version, group_ids=list(group_ids), include_authorized_operations=True
    )
    return [(group.group_id, group.error_code, group.error_message) for group in reply.groups]


@pytest.mark.parametrize("version", range(2))
def test_a_group_that_is_none_and_one_that_is_classic(version: int) -> None:
    desk = Desk()
    node = desk.core.groups.find_coordinator("billing")
    assert _describe(desk, version, "billing", "") == [
        ("", ErrorCode.INVALID_GROUP_ID, None),
        ("billing", ErrorCode.GROUP_ID_NOT_FOUND, "Group billing not found."),
    ]
    desk.send(
        "JoinGroup",
        3,
        node=node,
        group_id="billing",
        session_timeout_ms=6000,
        rebalance_timeout_ms=6000,
        member_id="",
        protocol_type="consumer",
        protocols=[JOIN_GROUP.request.protocols(name="range", metadata=b"")],
    )
    assert _describe(desk, version, "billing") == [
        ("billing", ErrorCode.GROUP_ID_NOT_FOUND, "Group billing is not a consumer group.")
    ]


def test_who_may_not_describe_is_told_so_first() -> None:
    desk = Desk()
    desk.deny((AclOperation.DESCRIBE, ResourceType.GROUP))
    assert _describe(desk, 1, "billing") == [("billing", ErrorCode.GROUP_AUTHORIZATION_FAILED, None)]


def test_a_broker_that_does_not_coordinate_says_so_without_a_text() -> None:
    desk = PlainDesk(3)
    desk.core.cluster.create_topic("__consumer_offsets", assignments=[(0, [1, 2, 3])])
    (group,) = desk.client(2).ask("ConsumerGroupDescribe", group_ids=["g"])["groups"]
    assert (group["error_code"], group["error_message"]) == (ErrorCode.NOT_COORDINATOR, None)
