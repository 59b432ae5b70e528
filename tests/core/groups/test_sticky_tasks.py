"""The assignor of streams groups: even loads, tasks that stay where they are, standbys beside no task of their own."""

from __future__ import annotations

from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mockbroker.core.groups.assignors.sticky_tasks import TaskMember, TaskSource, assign_tasks
from mockbroker.core.groups.streams_tasks import NO_TASKS, Tasks
from mockbroker.core.java_maps import hash_order

Targets = dict[str, Tasks]


def assigned(
    members: dict[str, str],
    sources: dict[str, tuple[int, bool]],
    standbys: int = 0,
    before: Targets | None = None,
) -> Targets:
    """The tasks of members, given by their processes."""
    known = before or {}
    ordered = {id: TaskMember(members[id], known.get(id, NO_TASKS)) for id in hash_order(members)}
    return assign_tasks(
        ordered, {id: TaskSource(*source) for id, source in sorted(sources.items())}, standbys
    )


def active(targets: Targets) -> dict[str, dict[str, list[int]]]:
    return {
        id: {of: sorted(indexes) for of, indexes in target.active.items()} for id, target in targets.items()
    }


def standby(targets: Targets) -> dict[str, dict[str, list[int]]]:
    return {
        id: {of: sorted(indexes) for of, indexes in target.standby.items()} for id, target in targets.items()
    }


def each(tasks: Tasks, kind: int = 0) -> list[tuple[str, int]]:
    return [(id, index) for id, indexes in tasks[kind].items() for index in indexes]


def test_one_member_gets_everything() -> None:
    assert active(assigned({"a": "p"}, {"0": (3, False), "1": (2, True)}, 1)) == {
        "a": {"0": [0, 1, 2], "1": [0, 1]}
    }


def test_members_take_turns_and_processes_share_by_their_size() -> None:
    assert active(assigned({"a": "p", "b": "q"}, {"0": (4, False)})) == {
        "a": {"0": [0, 2]},
        "b": {"0": [1, 3]},
    }
    spread = active(assigned({"a": "p", "b": "q", "c": "q"}, {"0": (6, False)}))
    assert {id: len(of["0"]) for id, of in spread.items()} == {"a": 2, "b": 2, "c": 2}


def test_who_had_a_task_keeps_it() -> None:
    before = {"a": Tasks({"0": frozenset({0, 1, 2, 3})})}
    after = active(assigned({"a": "p", "b": "q"}, {"0": (4, False)}, 0, before))
    assert after == {"a": {"0": [0, 1]}, "b": {"0": [2, 3]}}
    again = active(
        assigned({"a": "p", "b": "q"}, {"0": (5, False)}, 0, {"a": Tasks({"0": frozenset({1, 3})})})
    )
    assert set(again["a"]["0"]) >= {1, 3}


def test_who_had_a_standby_gets_the_task() -> None:
    before = {
        "b": Tasks({}, {"0": frozenset({0, 1})}),
        "c": Tasks({"0": frozenset({2})}, {"0": frozenset({3})}),
    }
    after = active(assigned({"b": "q", "c": "r"}, {"0": (4, True)}, 0, before))
    assert after == {"b": {"0": [0, 1]}, "c": {"0": [2, 3]}}


def test_standbys_are_of_stateful_tasks_and_in_another_process() -> None:
    targets = assigned({"a": "p", "b": "q"}, {"0": (2, True), "1": (2, False)}, 1)
    assert active(targets) == {"a": {"0": [0], "1": [0]}, "b": {"0": [1], "1": [1]}}
    assert standby(targets) == {"a": {"0": [1]}, "b": {"0": [0]}}
    # There is no other process for a second copy.
    assert standby(assigned({"a": "p", "b": "q"}, {"0": (2, True)}, 2)) == standby(targets)
    assert standby(assigned({"a": "p", "b": "p"}, {"0": (2, True)}, 1)) == {"a": {}, "b": {}}


def test_standbys_stay_and_those_that_were_active_become_standbys() -> None:
    sources = {"0": (4, True)}
    both = assigned({"a": "p", "b": "q"}, sources, 1)
    assert assigned({"a": "p", "b": "q"}, sources, 1, both) == both
    alone = {"a": Tasks({"0": frozenset({0, 1, 2, 3})})}
    joined = assigned({"a": "p", "b": "q"}, sources, 1, alone)
    assert active(joined) == {"a": {"0": [0, 1]}, "b": {"0": [2, 3]}}
    assert standby(joined) == {"a": {"0": [2, 3]}, "b": {"0": [0, 1]}}


@pytest.mark.parametrize("standbys", [0, 1, 2])
@given(data=st.data())
def test_every_task_is_somebodys_and_no_process_has_one_twice(standbys: int, data: st.DataObject) -> None:
    sources = data.draw(
        st.dictionaries(
            st.sampled_from(["0", "1", "2"]), st.tuples(st.integers(1, 6), st.booleans()), min_size=1
        )
    )
    before: Targets = {}
    for _ in range(3):
        names = st.sampled_from([f"m{number}" for number in range(8)])
        members = data.draw(st.dictionaries(names, st.sampled_from("pqrs"), min_size=1, max_size=8))
        after = assigned(members, sources, standbys, before)
        running = Counter(task for target in after.values() for task in each(target))
        assert running == {(id, index): 1 for id, (count, _) in sources.items() for index in range(count)}
        here = Counter(
            (members[id], task)
            for id, target in after.items()
            for kind in (0, 1)
            for task in each(target, kind)
        )
        assert set(here.values()) == {1}
        copies = Counter(task for target in after.values() for task in each(target, 1))
        room = min(standbys, len(set(members.values())) - 1)
        assert copies == {task: room for task in running if sources[task[0]][1] and room}
        assert set(after) == set(members)
        before = after
