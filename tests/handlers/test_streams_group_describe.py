"""StreamsGroupDescribe, from frame to frame."""

from __future__ import annotations

from typing import Any

import pytest

from protocol_specs.acls import AclOperation, ResourceType
from protocol_specs.errors import ErrorCode
from protocol_specs.streams_group_heartbeat import STREAMS_GROUP_HEARTBEAT
from tests.handlers.test_streams_group_heartbeat import Streams, info, part

_REQUEST = STREAMS_GROUP_HEARTBEAT.request


def described(desk: Streams, *group_ids: str, operations: bool = False) -> list[Any]:
    answer = desk.ask(
        "StreamsGroupDescribe",
        0,
        node=desk.coordinator,
        group_ids=list(group_ids),
        include_authorized_operations=operations,
    )
    return list(answer.groups)


def stable() -> Streams:
    desk = Streams()
    more = {
        "user_endpoint": _REQUEST.user_endpoint(host="h", port=1),
        "client_tags": [_REQUEST.client_tags(key="zone", value="a")],
        "rack_id": "r",
    }
    log = info("app-log", 0, 1, cleanup_policy="compact")
    desk.join(part(state_changelog_topics=[log], repartition_sink_topics=["out"]), **more)
    desk.beat("m", 2, active_tasks=[], standby_tasks=[], warmup_tasks=[])
    return desk


def test_all_that_can_be_told() -> None:
    [group] = described(stable(), "app")
    assert (group.error_code, group.error_message, group.group_state) == (0, None, "Stable")
    assert (group.group_epoch, group.assignment_epoch, group.topology.epoch) == (3, 3, 0)
    [only] = group.topology.subtopologies
    assert (list(only.source_topics), list(only.repartition_sink_topics)) == (["orders"], ["out"])
    [log] = only.state_changelog_topics
    assert (log.name, log.partitions, log.replication_factor) == ("app-log", 2, 1)
    assert [(config.key, config.value) for config in log.topic_configs] == [("cleanup.policy", "compact")]
    [member] = group.members
    assert (member.member_id, member.member_epoch, member.client_id) == ("m", 3, "test")
    assert (member.instance_id, member.rack_id, member.client_host) == (None, "r", "/127.0.0.1")
    assert (member.topology_epoch, member.process_id, member.is_classic) == (0, "p", False)
    assert (member.user_endpoint.host, member.user_endpoint.port) == ("h", 1)
    assert [(tag.key, tag.value) for tag in member.client_tags] == [("zone", "a")]
    for tasks in (member.assignment, member.target_assignment):
        assert [(of.subtopology_id, list(of.partitions)) for of in tasks.active_tasks] == [("0", [0, 1])]
        assert not tasks.standby_tasks
        assert not tasks.warmup_tasks
    assert not member.task_offsets
    assert not member.task_end_offsets
    assert group.authorized_operations == -(1 << 31)


def test_what_may_be_done_with_it_is_told_where_it_is_asked_for() -> None:
    group, absent = described(stable(), "app", "absent", operations=True)
    assert group.authorized_operations > 0
    assert (absent.error_code, absent.error_message) == (69, "Group absent not found.")
    assert (absent.authorized_operations, absent.topology) == (-(1 << 31), None)


@pytest.mark.parametrize(
    ("denied", "error", "text"),
    [
        ((AclOperation.DESCRIBE, ResourceType.GROUP), ErrorCode.GROUP_AUTHORIZATION_FAILED, None),
        (
            (AclOperation.DESCRIBE, ResourceType.TOPIC),
            ErrorCode.TOPIC_AUTHORIZATION_FAILED,
            "The described group uses topics that the client is not authorized to describe.",
        ),
    ],
)
def test_who_may_not(denied: tuple[int, int], error: ErrorCode, text: str | None) -> None:
    desk = stable()
    desk.deny(denied)
    [group] = described(desk, "app")
    assert (group.error_code, group.error_message) == (error, text)
    assert (group.topology, list(group.members)) == (None, [])


def test_a_cluster_without_streams_groups() -> None:
    desk = stable()
    desk.core.features.finalized["streams.version"] = 0
    assert [group.error_code for group in described(desk, "app", "b")] == [ErrorCode.UNSUPPORTED_VERSION] * 2
