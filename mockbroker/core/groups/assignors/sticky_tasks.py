"""The assignor of streams groups: who had a task keeps it, as long as the members' loads are even.

Rules kept here:

- Active tasks go back to who had them, then to who had a standby of them, up to each member's fair share. The rest goes
  one by one to the process with the least load for its members, and there to the member with the fewest tasks.
- Standby tasks, of subtopologies with state stores only, are given out in the same way, but never into a process that
  has the task already; where there are too few processes some are left out.
- Ties are decided by the order of Kafka's hash maps and heaps, so that assignments are the same.

Source: `StickyTaskAssignor`, `ProcessState`.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import NamedTuple

from mockbroker.core.groups.streams_tasks import Tasks, TaskSet
from mockbroker.core.java_maps import hash_order
from mockbroker.core.java_queue import PriorityQueue

__all__ = ["TaskMember", "TaskSource", "assign_tasks"]

#: Subtopology id and partition.
_Task = tuple[str, int]


class TaskMember(NamedTuple):
    """A member, with what it was to have before."""

    process_id: str
    target: Tasks


class TaskSource(NamedTuple):
    """A subtopology."""

    tasks: int
    is_stateful: bool


def assign_tasks(
    members: Mapping[str, TaskMember], sources: Mapping[str, TaskSource], standby_replicas: int
) -> dict[str, Tasks]:
    """Give every member its tasks.

    Args:
        members: at least one, by member id, in the order in which Kafka's hash map holds them.
        sources: by subtopology id, in order.
        standby_replicas: how many copies of each task with state there are to be.
    """
    assignment = _Assignment(members, sources, standby_replicas)
    assignment.assign_active()
    if standby_replicas > 0:
        assignment.assign_standby()
    return {
        id: Tasks(_by_subtopology(process.active[id]), _by_subtopology(process.standby[id]))
        for id, (process, _) in assignment.places.items()
    }


class _Process:
    """The members of one process, and what they have been given."""

    __slots__ = ("_queue", "active", "counts", "standby", "tasks", "total")

    def __init__(self) -> None:
        self.counts: dict[str, int] = {}
        self.active: dict[str, list[_Task]] = {}
        self.standby: dict[str, list[_Task]] = {}
        self.tasks: set[_Task] = set()
        self.total = 0
        self._queue: PriorityQueue[str] | None = None

    @property
    def load(self) -> float:
        return self.total / len(self.counts)

    def take_in(self, member_id: str) -> None:
        self.counts[member_id] = 0
        self.active[member_id] = []
        self.standby[member_id] = []

    def give(self, member_id: str, task: _Task, is_active: bool) -> int:
        """Give a member a task; how many it has now."""
        self._queue = None
        return self._give(member_id, task, is_active)

    def give_idlest(self, task: _Task, is_active: bool) -> int:
        """Give the member with the fewest tasks one more; how many it has now."""
        if len(self.counts) == 1:
            [member_id] = self.counts
            return self._give(member_id, task, is_active)
        if self._queue is None:
            self._queue = PriorityQueue(hash_order(self.counts), key=self.counts.__getitem__)
        member_id = self._queue.poll()
        count = self._give(member_id, task, is_active)
        self._queue.add(member_id)
        return count

    def _give(self, member_id: str, task: _Task, is_active: bool) -> int:
        (self.active if is_active else self.standby)[member_id].append(task)
        self.tasks.add(task)
        self.total += 1
        self.counts[member_id] += 1
        return self.counts[member_id]


class _Share:
    """How many tasks a member may have before others are asked: what is left, divided by those that have room."""

    __slots__ = ("_members", "_tasks", "limit")

    def __init__(self, tasks: int, members: int) -> None:
        self._tasks = tasks
        self._members = members
        self._divide()

    def _divide(self) -> None:
        self.limit = -(-self._tasks // self._members) if self._members else 0

    def reached(self, count: int) -> None:
        """A member has so many tasks now."""
        if count == self.limit:
            self._members -= 1
            self._tasks -= count
            self._divide()


class _Place(NamedTuple):
    """A member in its process."""

    process: _Process
    member_id: str

    @property
    def size(self) -> int:
        """How many tasks it has."""
        return self.process.counts[self.member_id]


class _Assignment:
    """One assignment in the making.

    Attributes:
        places: of each member.
    """

    def __init__(
        self, members: Mapping[str, TaskMember], sources: Mapping[str, TaskSource], standby_replicas: int
    ) -> None:
        self._replicas = standby_replicas
        self._active = [(id, index) for id, source in sources.items() for index in range(source.tasks)]
        self._stateful = [task for task in self._active if sources[task[0]].is_stateful]
        total = len(self._active) + len(self._stateful) * standby_replicas
        self._active_share = _Share(len(self._active), len(members))
        self._share = _Share(total, len(members))
        ids = dict.fromkeys(member.process_id for member in members.values())
        processes = {id: _Process() for id in hash_order(ids, capacity=len(members))}
        self._processes = list(processes.values())
        self.places: dict[str, _Place] = {}
        self._had_active: dict[_Task, _Place] = {}
        self._had_standby: dict[_Task, list[_Place]] = {}
        for member_id, member in members.items():
            place = self.places[member_id] = _Place(processes[member.process_id], member_id)
            place.process.take_in(member_id)
            for task in _each(member.target.active):
                self._had_active[task] = place
            for task in _each(member.target.standby):
                self._had_standby.setdefault(task, []).append(place)

    # Active tasks.

    def assign_active(self) -> None:
        tasks = sorted(self._active, key=_by_partition)
        tasks = [task for task in tasks if not self._give_back(task, self._had_active.get(task))]
        tasks = [task for task in tasks if not self._give_back(task, self._idlest(task))]
        queue = PriorityQueue(self._processes, key=_load)
        for task in sorted(tasks):
            process = queue.poll()
            self._count_active(process.give_idlest(task, True))
            queue.add(process)

    def _give_back(self, task: _Task, place: _Place | None) -> bool:
        if place is None or place.size >= self._active_share.limit:
            return False
        self._count_active(place.process.give(place.member_id, task, True))
        return True

    def _count_active(self, count: int) -> None:
        self._active_share.reached(count)
        self._share.reached(count)

    def _idlest(self, task: _Task, *, is_standby: bool = False) -> _Place | None:
        """Of those that had a standby of a task, the one with the least load.

        Args:
            is_standby: whether it is to have a standby again, so that its process must not have the task.
        """
        places = self._had_standby.get(task)
        if not places:
            return None
        first = found = places[0]
        load, count = found.process.load, found.size
        for place in places[1:]:
            is_barred = is_standby and task in place.process.tasks
            if place.process.load < load and not is_barred and place.size < count:
                found, load, count = place, place.process.load, place.size
        # As in Kafka: whoever is found, it is the first one's process that decides.
        return None if is_standby and task in first.process.tasks else found

    # Standby tasks.

    def assign_standby(self) -> None:
        short: list[tuple[_Task, int]] = []
        for task in sorted(self._stateful, key=_by_partition, reverse=True):
            for given in range(self._replicas):
                if not self._keep_copy(task):
                    short.append((task, self._replicas - given))
                    break
        queue = PriorityQueue(self._processes, key=_load)
        for task, missing in sorted(short, reverse=True):
            for _ in range(missing):
                if not self._copy(queue, task):
                    break

    def _keep_copy(self, task: _Task) -> bool:
        active = self._had_active.get(task)
        if active is not None and task not in active.process.tasks and self._give_copy(task, active):
            return True
        standby = self._idlest(task, is_standby=True)
        return standby is not None and self._give_copy(task, standby)

    def _give_copy(self, task: _Task, place: _Place) -> bool:
        if place.size >= self._share.limit:
            return False
        self._share.reached(place.process.give(place.member_id, task, False))
        return True

    def _copy(self, queue: PriorityQueue[_Process], task: _Task) -> bool:
        """Give a standby to the process with the least load that does not have the task."""
        passed = []
        found = False
        while len(queue) and not found:
            process = queue.poll()
            passed.append(process)
            if task not in process.tasks:
                self._share.reached(process.give_idlest(task, False))
                found = True
        for process in reversed(passed):
            queue.add(process)
        return found


def _load(process: _Process) -> float:
    return process.load


def _by_partition(task: _Task) -> tuple[int, str]:
    return task[1], task[0]


def _each(tasks: TaskSet) -> Iterable[_Task]:
    return ((id, index) for id, partitions in tasks.items() for index in partitions)


def _by_subtopology(tasks: Iterable[_Task]) -> TaskSet:
    result: dict[str, set[int]] = {}
    for id, index in tasks:
        result.setdefault(id, set()).add(index)
    return {id: frozenset(indexes) for id, indexes in result.items()}
