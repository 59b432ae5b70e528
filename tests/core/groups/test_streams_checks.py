"""What is refused of StreamsGroupHeartbeats, and which groups give way to which."""

from __future__ import annotations

from typing import Any

import pytest

from mockbroker.core.groups.streams_topology import TopicInfo
from mockbroker.core.waiting import Pending
from protocol_specs.errors import ErrorCode
from tests.core.groups.streams_bench import GROUP, StreamsBench, part, topology

INVALID = ErrorCode.INVALID_REQUEST


@pytest.mark.parametrize(
    ("changes", "epoch", "text"),
    [
        ({"member_id": " "}, 0, "MemberId can't be empty."),
        ({"group_id": ""}, 0, "GroupId can't be empty."),
        ({"rack_id": "\t"}, 0, "RackId can't be empty."),
        ({"instance_id": "i"}, 0, "Static membership is not yet supported."),
        ({"says_offsets": True}, 1, "TaskOffsets are not supported yet."),
        ({"says_end_offsets": True}, 1, "TaskEndOffsets are not supported yet."),
        ({"warmup": [("0", [0])]}, 1, "WarmupTasks are not supported yet."),
        ({"rebalance_timeout_ms": -1}, 0, "RebalanceTimeoutMs must be provided in first request."),
        ({"active": None}, 0, "ActiveTasks must be empty when (re-)joining."),
        ({"standby": [("0", [0])]}, 0, "StandbyTasks must be empty when (re-)joining."),
        ({"warmup": None}, 0, "WarmupTasks must be empty when (re-)joining."),
        ({"topology": None}, 0, "Topology must be non-null when (re-)joining."),
        ({}, -2, "InstanceId can't be null."),
        ({}, -3, "MemberEpoch is -3, but must be greater than or equal to -2."),
        ({"active": None}, 1, "If one task-type is non-null, all must be non-null."),
        ({}, 1, "Topology can only be provided when (re-)joining."),
    ],
)
def test_what_no_member_may_say(changes: dict[str, Any], epoch: int, text: str) -> None:
    bench = StreamsBench()
    member_id = changes.pop("member_id", "a")
    assert bench.refusal(member_id, epoch, **bench.joining("a", **changes)) == (INVALID, text)


def test_topologies_that_no_member_may_have() -> None:
    bench = StreamsBench()
    regex = part("0")._replace(source_topic_regex=("o.*",))
    text = "Regular expressions for source topics are not supported yet."
    assert bench.refusal("a", 0, **bench.joining("a", topology(regex))) == (INVALID, text)
    sized = part("0", "orders", changelogs=[TopicInfo("log", 3)])
    text = "Changelog topic log must have an undefined partition count, but it is set to 3."
    refused = ErrorCode.STREAMS_INVALID_TOPOLOGY, text
    assert bench.refusal("a", 0, **bench.joining("a", topology(sized))) == refused


def test_tasks_that_there_are_not_are_refused() -> None:
    bench = StreamsBench()
    bench.join("a")
    unknown = INVALID, "Subtopology 9 does not exist in the topology."
    assert bench.refusal("a", 2, {"9": [0]}) == unknown
    text = "Task {} for subtopology 0 is invalid. Number of tasks for this subtopology: 3"
    assert bench.refusal("a", 2, {"0": [0, 3]}) == (INVALID, text.format(3))
    assert bench.refusal("a", 2, {}, {"0": [-1]}) == (INVALID, text.format(-1))


def test_groups_that_are_none() -> None:
    bench = StreamsBench()
    missing = ErrorCode.GROUP_ID_NOT_FOUND
    assert bench.refusal("a", 1) == (missing, f"Streams group {GROUP} not found.")
    assert bench.refusal("a", -1) == (missing, f"Group {GROUP} not found.")
    bench.start_join()
    other = missing, f"Group {GROUP} is not a streams group."
    assert bench.refusal("a", 1) == other
    assert bench.refusal("a", -1) == other
    assert bench.refusal("a", 0, **bench.joining("a")) == other


def test_empty_groups_give_way_to_one_another() -> None:
    bench = StreamsBench()
    [member] = bench.stable_group(1)
    bench.commit(member_id=member, generation_id=1)
    bench.leave(member)
    bench.join("a")
    assert bench.streams.state_name == "Stable"
    assert bench.fetched() == [5]

    refused = bench.refused_join()
    assert refused.error_code == ErrorCode.INCONSISTENT_GROUP_PROTOCOL
    bench.beat("a", -1)
    assert isinstance(bench.ask_to_join(version=3), Pending)
    assert bench.group().state_name == "PreparingRebalance"


def test_a_simple_group_becomes_a_streams_group() -> None:
    bench = StreamsBench()
    bench.commit()
    bench.join("a")
    assert bench.streams.state_name == "Stable"
    assert bench.fetched() == [5]
