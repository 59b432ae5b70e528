"""How a member of a streams group comes from the tasks it has to those it is to have, one heartbeat at a time.

| state        | when                                              | goes on to                                       |
|--------------|---------------------------------------------------|--------------------------------------------------|
| STABLE       | the target is of another epoch                    | the next assignment                              |
| UNREVOKED    | it still has, or may have, what it is to give up  | stays                                            |
| UNREVOKED    | it says that it has given up all that             | the next assignment, from the next epoch         |
| UNRELEASED   | always                                            | the next assignment                              |
| UNKNOWN      | it says that it has nothing                       | the next assignment, from the target's epoch     |

The next assignment: what is not in the target is to be given up first (UNREVOKED). Then the member is in the target's
epoch, and gets what is free; while some of that is missing it is UNRELEASED, else STABLE.

An active task is free when nobody runs it, and no member of the same process keeps a copy of it, since both would write
to one state store. A standby or warm-up task is free unless something of it is in the same process.

Source: `CurrentAssignmentBuilder`.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from typing import TYPE_CHECKING, NamedTuple

from mockbroker.core.groups.modern import MemberState
from mockbroker.core.groups.streams_member import NOTHING, StreamsMember
from mockbroker.core.groups.streams_tasks import MemberTasks, Tasks, TaskSet
from protocol_specs.errors import ErrorCode, KafkaError

if TYPE_CHECKING:
    from mockbroker.core.groups.streams_owners import TaskOwners

__all__ = ["reconcile_tasks"]


class _Difference(NamedTuple):
    """One kind of tasks: which stay, go, and come; whether some that should come are not free."""

    kept: TaskSet
    revoked: TaskSet
    added: TaskSet
    is_short: bool


def reconcile_tasks(
    member: StreamsMember, epoch: int, target: Tasks, owned: Tasks | None, owners: TaskOwners
) -> StreamsMember:
    """The member as it is next; itself where nothing changes.

    Args:
        epoch: of the target.
        owned: what the member says that it has; None: it does not say.
        owners: the processes that have a task.

    Raises:
        KafkaError: FENCED_MEMBER_EPOCH: its state is of a later release, and it has tasks.
    """
    state = member.state
    if state is MemberState.STABLE and member.member_epoch == epoch:
        return member
    from_epoch = member.member_epoch
    if state is MemberState.UNREVOKED_PARTITIONS:
        if owned is None or owned.has_any(member.pending_revocation):
            return member
        from_epoch += 1
    elif state is MemberState.UNKNOWN:
        if owned is None or any(owned):
            text = "The streams group member is in a unknown state. "
            text += "The member must abandon all its tasks and rejoin."
            raise KafkaError(ErrorCode.FENCED_MEMBER_EPOCH, text)
        from_epoch = epoch
    return _next(member, from_epoch, epoch, target, owned, owners)


def _next(
    member: StreamsMember, from_epoch: int, epoch: int, target: Tasks, owned: Tasks | None, owners: TaskOwners
) -> StreamsMember:
    process_id = member.process_id

    def is_here(subtopology_id: str, partition: int) -> bool:
        return owners.is_copied(process_id, subtopology_id, partition)

    def is_active_taken(subtopology_id: str, partition: int) -> bool:
        running = owners.runs(subtopology_id, partition)
        return running is not None or is_here(subtopology_id, partition)

    def is_copy_taken(subtopology_id: str, partition: int) -> bool:
        running = owners.runs(subtopology_id, partition)
        return running == process_id or is_here(subtopology_id, partition)

    assigned = member.assigned
    active = _difference(assigned.active, target.active, is_active_taken)
    standby = _difference(assigned.standby, target.standby, is_copy_taken)
    warmup = _difference(assigned.warmup, target.warmup, is_copy_taken)

    kept_epochs = {id: {task: assigned.active[id][task] for task in of} for id, of in active.kept.items()}
    revoked_epochs = {
        id: {task: assigned.active[id][task] for task in of} for id, of in active.revoked.items()
    }
    kept = MemberTasks(kept_epochs, standby.kept, warmup.kept)
    revoked = MemberTasks(revoked_epochs, standby.revoked, warmup.revoked)
    if any(revoked) and (owned is None or owned.has_any(revoked)):
        return member.moved_to(from_epoch, MemberState.UNREVOKED_PARTITIONS, kept, revoked)
    for id, of in active.added.items():
        kept_epochs.setdefault(id, {}).update(dict.fromkeys(sorted(of), epoch))
    whole = MemberTasks(kept_epochs, _merged(standby), _merged(warmup))
    is_short = active.is_short or standby.is_short or warmup.is_short
    state = MemberState.UNRELEASED_PARTITIONS if is_short else MemberState.STABLE
    return member.moved_to(epoch, state, whole, NOTHING)


def _difference(
    present: Mapping[str, Collection[int]], target: TaskSet, is_taken: Callable[[str, int], bool]
) -> _Difference:
    kept: dict[str, frozenset[int]] = {}
    revoked: dict[str, frozenset[int]] = {}
    added: dict[str, frozenset[int]] = {}
    is_short = False
    for id in dict.fromkeys((*target, *present)):
        have = frozenset(present.get(id, ()))
        want = target.get(id, frozenset())
        free = frozenset(task for task in want - have if not is_taken(id, task))
        is_short |= len(free) < len(want - have)
        for result, tasks in ((kept, have & want), (revoked, have - want), (added, free)):
            if tasks:
                result[id] = tasks
    return _Difference(kept, revoked, added, is_short)


def _merged(difference: _Difference) -> TaskSet:
    result = dict(difference.kept)
    for id, tasks in difference.added.items():
        result[id] = result.get(id, frozenset()) | tasks
    return result
