"""Tasks of streams groups: a subtopology's share of one partition, told as partitions by subtopology id.

Source: `TasksTuple`, `TasksTupleWithEpochs`.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from typing import NamedTuple, TypeVar

from protocol_specs.errors import ErrorCode, KafkaError

__all__ = [
    "NO_TASKS",
    "MemberTasks",
    "OwnedTasks",
    "TaskEpochs",
    "TaskSet",
    "Tasks",
    "owned_tasks",
    "task_lists",
    "unique",
]

#: Never changed once it was given away; no subtopology is without any.
TaskSet = Mapping[str, frozenset[int]]
#: The epoch in which a member was given each task.
TaskEpochs = Mapping[str, Mapping[int, int]]
#: Tasks of one kind as a member names them; None where it does not say.
OwnedTasks = Sequence[tuple[str, Sequence[int]]] | None

_NO_SET: TaskSet = {}
_NO_EPOCHS: TaskEpochs = {}

V = TypeVar("V")


class Tasks(NamedTuple):
    """What a member is to have, or says that it has."""

    active: TaskSet = _NO_SET
    standby: TaskSet = _NO_SET
    warmup: TaskSet = _NO_SET

    def has_any(self, other: MemberTasks) -> bool:
        """Whether some task is in both, as the same kind."""
        return any(
            not partitions.isdisjoint(theirs.get(id, ()))
            for mine, theirs in zip(self, other, strict=True)
            for id, partitions in mine.items()
        )


class MemberTasks(NamedTuple):
    """What a member has. Only active tasks have epochs: they alone commit offsets."""

    active: TaskEpochs = _NO_EPOCHS
    standby: TaskSet = _NO_SET
    warmup: TaskSet = _NO_SET

    @property
    def tasks(self) -> Tasks:
        """The same, without epochs."""
        active = {id: frozenset(partitions) for id, partitions in self.active.items()}
        return Tasks(active, self.standby, self.warmup)

    def epoch_of(self, subtopology_id: str, partition: int) -> int | None:
        """The epoch in which an active task was given; None where it is not among these."""
        return self.active.get(subtopology_id, {}).get(partition)


NO_TASKS = Tasks()


def owned_tasks(active: OwnedTasks, standby: OwnedTasks, warmup: OwnedTasks) -> Tasks | None:
    """What a member says that it has; None where it does not say all of it.

    Raises:
        KafkaError: UNKNOWN_SERVER_ERROR: it names a subtopology twice.
    """
    if active is None or standby is None or warmup is None:
        return None
    return Tasks(
        *({id: frozenset(of) for id, of in unique(kind).items()} for kind in (active, standby, warmup))
    )


def unique(pairs: Iterable[tuple[str, V]]) -> dict[str, V]:
    """A dict of pairs whose keys differ.

    Raises:
        KafkaError: UNKNOWN_SERVER_ERROR: a key comes twice, which Kafka's coordinator trips over, too.
    """
    result: dict[str, V] = {}
    for key, value in pairs:
        if key in result:
            raise KafkaError(ErrorCode.UNKNOWN_SERVER_ERROR, f"Duplicate key {key}")
        result[key] = value
    return result


def task_lists(tasks: Mapping[str, Collection[int]]) -> Iterator[tuple[str, list[int]]]:
    """Subtopology ids in order, each with its partitions in order."""
    for id in sorted(tasks):
        yield id, sorted(tasks[id])
