"""The server-side assignors, against what Kafka's own said of the same groups (`tests/data/assignors.jsonl`)."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from mockbroker.core.groups.assignors.ranges import assign_ranges
from mockbroker.core.groups.assignors.spec import GroupSpec, MemberSpec
from mockbroker.core.groups.assignors.uniform import assign_uniformly
from mockbroker.core.java_maps import hash_order

_FACTS = Path(__file__).parents[2] / "data" / "assignors.jsonl"
_ASSIGNORS = {"range": assign_ranges, "uniform": assign_uniformly}
_A, _B = b"a" * 16, b"b" * 16


def facts() -> list[Any]:
    return [json.loads(line) for line in _FACTS.read_text().splitlines()]


def spec_of(fact: Any) -> GroupSpec:
    members = {member["id"]: member for member in fact["members"]}
    assigned: dict[bytes, set[int]] = {}
    specs = {}
    for member_id in hash_order(members):
        member = members[member_id]
        target = {bytes.fromhex(id): frozenset(indexes) for id, indexes in member["target"].items()}
        for topic_id, indexes in target.items():
            assigned.setdefault(topic_id, set()).update(indexes)
        topics = tuple(bytes.fromhex(id) for id in fact["topics"] if id in member["topics"])
        specs[member_id] = MemberSpec(member["instance"], topics, target)
    counts = {bytes.fromhex(id): count for id, count in fact["topics"].items()}
    return GroupSpec(specs, fact["homogeneous"], counts, assigned)


@pytest.mark.parametrize("fact", facts())
def test_assignments_are_kafkas(fact: Any) -> None:
    made = _ASSIGNORS[fact["assignor"]](spec_of(fact))

    assert {
        member_id: {topic_id.hex(): sorted(indexes) for topic_id, indexes in made.get(member_id, {}).items()}
        for member_id in fact["result"]
    } == fact["result"]


def test_nobody_is_assigned_anything_without_members_or_topics() -> None:
    nobody = GroupSpec({}, True, {}, {})
    idle = MemberSpec(None, (), {_A: frozenset({0})})
    for assign in _ASSIGNORS.values():
        assert assign(nobody) == {}
        assert not any(assign(GroupSpec({"m": idle}, True, {}, {})).values())
        assert not any(assign(GroupSpec({"m": idle}, False, {}, {})).values())


def test_a_member_keeps_what_it_has() -> None:
    target = {_A: frozenset({0, 2})}
    members = {"new": MemberSpec(None, (_A,), {}), "old": MemberSpec(None, (_A,), target)}

    made = assign_uniformly(GroupSpec(members, True, {_A: 4}, {_A: {0, 2}}))

    assert made["old"] is target
    assert made["new"] == {_A: frozenset({1, 3})}


def test_partitions_move_until_the_subscribers_are_even() -> None:
    everything = {_A: frozenset(range(4)), _B: frozenset(range(4))}
    members = {
        "both": MemberSpec(None, (_A, _B), everything),
        "a": MemberSpec(None, (_A,), {}),
        "b": MemberSpec(None, (_B,), {}),
    }

    made = assign_uniformly(GroupSpec(members, False, {_A: 4, _B: 4}, {_A: {0}, _B: {0}}))

    assert sorted(sum(map(len, assignment.values())) for assignment in made.values()) == [2, 3, 3]
    assert set(made["a"]) == {_A}
    assert set(made["b"]) == {_B}
