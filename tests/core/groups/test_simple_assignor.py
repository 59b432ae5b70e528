"""The assignor of share groups: who shares what, and how evenly."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Mapping, Sequence

import pytest

from mockbroker.core.groups.assignors.simple import assign_simply
from mockbroker.core.groups.assignors.spec import Assignment, GroupSpec, MemberSpec

A, B = b"a" * 16, b"b" * 16

Targets = Mapping[str, Assignment]


def deal(
    counts: Mapping[bytes, int],
    members: Sequence[str] | Mapping[str, Sequence[bytes]],
    targets: Targets | None = None,
    assignable: Mapping[bytes, frozenset[int]] | None = None,
) -> Targets:
    """What members get of topics with so many partitions; all of all topics unless each has its own."""
    topics = members if isinstance(members, Mapping) else {name: tuple(counts) for name in members}
    specs = {name: MemberSpec(None, tuple(topics[name]), (targets or {}).get(name, {})) for name in topics}
    is_homogeneous = len({tuple(of_member) for of_member in topics.values()}) <= 1
    made = assign_simply(GroupSpec(specs, is_homogeneous, counts, {}, assignable))
    return {name: made.get(name, {}) for name in topics}


def keys(assignment: Assignment) -> list[tuple[bytes, int]]:
    return [(topic_id, index) for topic_id, indexes in assignment.items() for index in indexes]


def sharing(made: Targets) -> Counter[tuple[bytes, int]]:
    """How many members have each partition."""
    return Counter(key for assignment in made.values() for key in keys(assignment))


def sizes(made: Targets) -> list[int]:
    return sorted(len(keys(assignment)) for assignment in made.values())


@pytest.mark.parametrize(
    ("partitions", "members", "expected", "each"),
    [
        (1, 1, [1], 1),
        (4, 1, [4], 1),
        (4, 2, [2, 2], 1),
        (4, 3, [1, 1, 2], 1),
        (4, 4, [1, 1, 1, 1], 1),
        (1, 5, [1, 1, 1, 1, 1], 5),
        (2, 3, [1, 1, 2], 2),
        (4, 6, [1, 1, 1, 1, 2, 2], 2),
        (3, 10, [1] * 8 + [2, 2], 4),
    ],
)
def test_shares_are_even(partitions: int, members: int, expected: list[int], each: int) -> None:
    made = deal({A: partitions}, [f"m{number}" for number in range(members)])
    assert sizes(made) == expected
    assert set(sharing(made).values()) == {each}
    assert len(sharing(made)) == partitions


def test_nobody_gets_anything_without_topics_or_partitions() -> None:
    assert deal({}, []) == {}
    assert deal({}, ["a"]) == {"a": {}}
    assert deal({A: 2}, {"a": ()}, {"a": {A: frozenset({0})}}) == {"a": {}}
    assert deal({A: 2}, ["a"], assignable={}) == {"a": {}}


def test_only_what_is_ready_is_dealt_out() -> None:
    made = deal({A: 4, B: 2}, ["a", "b"], assignable={A: frozenset({1, 3})})
    assert sharing(made) == {(A, 1): 1, (A, 3): 1}


def test_a_member_keeps_what_it_has() -> None:
    before = deal({A: 6}, ["a", "b"])
    after = deal({A: 6}, ["a", "b", "c"], before)
    assert sizes(after) == [2, 2, 2]
    for name in ("a", "b"):
        assert set(keys(after[name])) < set(keys(before[name]))
    assert deal({A: 6}, ["a", "b", "c"], after) == after
    # What one gives up goes to the others.
    left = deal({A: 6}, ["a", "c"], after)
    assert all(set(keys(after[name])) < set(keys(left[name])) for name in ("a", "c"))


def test_partitions_that_too_many_share_are_taken_from_some() -> None:
    crowd = [f"m{number}" for number in range(6)]
    before = deal({A: 2}, crowd)
    assert set(sharing(before).values()) == {3}
    after = deal({A: 2}, crowd[:2], before)
    assert sharing(after) == {(A, 0): 1, (A, 1): 1}


def test_each_topic_is_dealt_out_among_its_subscribers() -> None:
    made = deal({A: 2, B: 3}, {"both": (A, B), "a": (A,), "b": (B,)})
    assert sharing(made) == {(A, 0): 1, (A, 1): 1, (B, 0): 1, (B, 1): 1, (B, 2): 1}
    assert set(made["a"]) == {A}
    assert set(made["b"]) == {B}
    assert len(made["both"][A]) == 1
    # Who does not subscribe any more has nothing of it.
    changed = deal({A: 2, B: 3}, {"both": (A, B), "a": (A,), "b": (A,)}, made)
    assert B not in changed["b"]
    assert len(changed["both"][B]) == 3


@pytest.mark.parametrize("seed", range(60))
def test_whatever_comes_all_partitions_have_somebody(seed: int) -> None:
    dice = random.Random(seed)
    counts = {bytes([65 + number]) * 16: dice.randint(1, 6) for number in range(dice.randint(1, 3))}
    alike = dice.random() < 0.5
    targets: Targets = {}
    members: dict[str, Sequence[bytes]] = {}
    for _ in range(12):
        if members and dice.random() < 0.4:
            del members[dice.choice(list(members))]
        else:
            size = len(counts) if alike else dice.randint(1, len(counts))
            members[f"m{dice.randint(0, 9)}"] = tuple(sorted(dice.sample(list(counts), size)))
        targets = deal(counts, members, targets)
        shared = sharing(targets)
        for topic_id, count in counts.items():
            subscribers = [name for name, topics in members.items() if topic_id in topics]
            if subscribers:
                assert {index for of_topic, index in shared if of_topic == topic_id} == set(range(count))
        for name, topics in members.items():
            assert set(targets[name]) <= set(topics)
        if alike and members:
            assert max(sizes(targets)) - min(sizes(targets)) <= 1
