"""How a member comes from its tasks to its target: every row of the table, and what is free for whom."""

from __future__ import annotations

from typing import Any

import pytest

from mockbroker.core.groups.modern import MemberState
from mockbroker.core.groups.streams_member import NOTHING, StreamsMember
from mockbroker.core.groups.streams_owners import TaskOwners
from mockbroker.core.groups.streams_reconcile import reconcile_tasks
from mockbroker.core.groups.streams_tasks import NO_TASKS, MemberTasks, Tasks
from protocol_specs.errors import ErrorCode, KafkaError

STABLE = MemberState.STABLE
UNREVOKED = MemberState.UNREVOKED_PARTITIONS
UNRELEASED = MemberState.UNRELEASED_PARTITIONS


def active(*partitions: int) -> Tasks:
    return Tasks({"0": frozenset(partitions)}) if partitions else NO_TASKS


def has(epoch: int, *partitions: int, **others: Any) -> MemberTasks:
    return MemberTasks({"0": dict.fromkeys(partitions, epoch)} if partitions else {}, **others)


def member(epoch: int, assigned: MemberTasks = NOTHING, **more: Any) -> StreamsMember:
    return StreamsMember("m", epoch, epoch - 1, process_id="p", assigned=assigned, **more)


def owners(*members: StreamsMember) -> TaskOwners:
    made = TaskOwners()
    for one in members:
        made.note(one)
    return made


def step(
    present: StreamsMember, epoch: int, target: Tasks, owned: Tasks | None = None, *others: StreamsMember
) -> StreamsMember:
    return reconcile_tasks(present, epoch, target, owned, owners(present, *others))


def test_a_stable_member_in_the_targets_epoch_stays() -> None:
    present = member(5, has(5, 0))
    assert step(present, 5, active(1)) is present


def test_a_member_keeps_what_it_has_and_gets_the_rest() -> None:
    after = step(member(5, has(4, 0)), 6, active(0, 1))
    assert (after.member_epoch, after.previous_member_epoch, after.state) == (6, 5, STABLE)
    assert after.assigned == MemberTasks({"0": {0: 4, 1: 6}})


def test_what_is_not_in_the_target_is_given_up_first() -> None:
    present = member(5, has(4, 0, 1))
    told = step(present, 6, active(1, 2))
    assert (told.member_epoch, told.state) == (5, UNREVOKED)
    assert (told.assigned, told.pending_revocation) == (has(4, 1), has(4, 0))
    assert step(present, 6, active(1, 2), active(0, 1)).state is UNREVOKED

    # A member that says that it does not have it need not be told.
    after = step(present, 6, active(1), active(1))
    assert (after.member_epoch, after.state, after.assigned) == (6, STABLE, has(4, 1))

    assert step(told, 6, active(1, 2)) is told
    assert step(told, 6, active(1, 2), active(0)) is told
    after = step(told, 6, active(1, 2), active(1))
    assert (after.member_epoch, after.state, after.pending_revocation) == (6, STABLE, NOTHING)
    assert after.assigned.active == {"0": {1: 4, 2: 6}}


def test_more_to_give_up_comes_in_the_next_epoch() -> None:
    present = member(5, has(4, 1), state=UNREVOKED, pending_revocation=has(4, 0))
    after = step(present, 8, active(2), active(1))
    assert (after.member_epoch, after.state, after.pending_revocation) == (6, UNREVOKED, has(4, 1))


def test_an_active_task_is_free_when_nobody_has_it() -> None:
    other = StreamsMember("o", 5, process_id="q", assigned=has(5, 1))
    after = step(member(5), 6, active(0, 1), None, other)
    assert (after.state, after.assigned) == (UNRELEASED, has(6, 0))
    assert step(after, 6, active(0, 1), None, other).assigned == has(6, 0)
    after = step(after, 7, active(0, 1))
    assert (after.member_epoch, after.state) == (7, STABLE)
    assert after.assigned.active == {"0": {0: 6, 1: 7}}

    pending = StreamsMember("o", 5, process_id="q", pending_revocation=has(5, 0))
    assert step(member(5), 6, active(0), None, pending).state is UNRELEASED


@pytest.mark.parametrize("kind", ["standby", "warmup"])
def test_no_process_has_a_task_twice(kind: str) -> None:
    copy: Any = {kind: {"0": frozenset({0})}}
    beside = StreamsMember("o", 5, process_id="p", assigned=MemberTasks(**copy))
    elsewhere = beside._replace(process_id="q")
    assert step(member(5), 6, active(0), None, beside).state is UNRELEASED
    assert step(member(5), 6, active(0), None, elsewhere).state is STABLE

    wanted = Tasks(**copy)
    assert step(member(5), 6, wanted, None, beside).state is UNRELEASED
    after = step(member(5), 6, wanted, None, elsewhere)
    assert (after.state, after.assigned) == (STABLE, MemberTasks(**copy))
    runs = StreamsMember("o", 5, process_id="p", assigned=has(5, 0))
    assert step(member(5), 6, wanted, None, runs).state is UNRELEASED
    assert step(member(5), 6, wanted, None, runs._replace(process_id="q")).state is STABLE


def test_copies_are_given_up_like_active_tasks() -> None:
    present = member(5, MemberTasks({}, {"0": frozenset({0, 1})}))
    told = step(present, 6, Tasks({}, {"0": frozenset({1, 2})}))
    assert told.state is UNREVOKED
    assert told.pending_revocation == MemberTasks({}, {"0": frozenset({0})})
    assert step(told, 6, NO_TASKS, Tasks({}, {"0": frozenset({0})})) is told
    # The same task of another kind is another task.
    after = step(told, 6, Tasks({}, {"0": frozenset({1, 2})}), Tasks({"0": frozenset({0})}))
    assert after.assigned == MemberTasks({}, {"0": frozenset({1, 2})})


def test_a_state_of_a_later_release() -> None:
    present = member(5, has(5, 0), state=MemberState.UNKNOWN)
    for owned in (None, active(0)):
        with pytest.raises(KafkaError) as raised:
            step(present, 7, active(0), owned)
        assert raised.value.code == ErrorCode.FENCED_MEMBER_EPOCH
        assert raised.value.message == (
            "The streams group member is in a unknown state. The member must abandon all its tasks and rejoin."
        )
    after = step(present, 7, active(0), NO_TASKS)
    assert (after.member_epoch, after.state) == (7, STABLE)


def test_owners_forget_only_their_own() -> None:
    made = owners(StreamsMember("a", process_id="p", assigned=has(1, 0)))
    other = StreamsMember("b", process_id="q", assigned=has(2, 0))
    made.note(other)
    made.forget(StreamsMember("a", process_id="p", assigned=has(1, 0)))
    assert made.runs("0", 0) == "q"
    made.forget(other)
    assert made.runs("0", 0) is None
    assert made == TaskOwners()
    assert made != "nobody"
