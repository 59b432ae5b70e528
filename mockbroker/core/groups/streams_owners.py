"""Which process has which task of a streams group: members of one process share its state stores.

Source: `StreamsGroup.maybeUpdateTaskProcessId`.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from mockbroker.core.groups.streams_member import StreamsMember
    from mockbroker.core.groups.streams_tasks import TaskSet

__all__ = ["TaskOwners"]

_Task = tuple[str, int]


class TaskOwners:
    """The processes of the members that have a task, or have yet to give it up."""

    __slots__ = ("_copying", "_running")

    def __init__(self) -> None:
        self._running: dict[_Task, str] = {}
        #: of the standby tasks, and of the warm-up tasks.
        self._copying: tuple[dict[_Task, set[str]], dict[_Task, set[str]]] = ({}, {})

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, TaskOwners):
            return NotImplemented
        return self._running == other._running and self._copying == other._copying

    def runs(self, subtopology_id: str, partition: int) -> str | None:
        """The process that has the active task; None where nobody has it."""
        return self._running.get((subtopology_id, partition))

    def is_copied(self, process_id: str, subtopology_id: str, partition: int) -> bool:
        """Whether a process has a standby or a warm-up of a task."""
        task = subtopology_id, partition
        return any(process_id in copying.get(task, ()) for copying in self._copying)

    def note(self, member: StreamsMember) -> None:
        """A member has its tasks."""
        for tasks in (member.assigned, member.pending_revocation):
            for id, partitions in tasks.active.items():
                self._running.update(((id, index), member.process_id) for index in partitions)
            for copying, copies in zip(self._copying, tasks[1:], strict=True):
                for task in _each(copies):
                    copying.setdefault(task, set()).add(member.process_id)

    def forget(self, member: StreamsMember) -> None:
        """A member has its tasks no more."""
        for tasks in (member.assigned, member.pending_revocation):
            for id, partitions in tasks.active.items():
                for index in partitions:
                    # Another process may have it by now, since records of several members come one by one.
                    if self._running.get((id, index)) == member.process_id:
                        del self._running[id, index]
            for copying, copies in zip(self._copying, tasks[1:], strict=True):
                for task in _each(copies):
                    processes = copying.get(task, set())
                    processes.discard(member.process_id)
                    if not processes:
                        copying.pop(task, None)


def _each(tasks: TaskSet | Mapping[str, Mapping[int, int]]) -> Iterator[_Task]:
    return ((id, index) for id, partitions in tasks.items() for index in partitions)
