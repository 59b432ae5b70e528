"""Whether what clients were told is true: the history of records, from the journal alone.

What is looked for:

- `lost`: a record was acknowledged, and is not there: a Fetch passed over its offset, or found another record in its
  place; or the high watermark went below an offset that was acknowledged with acks=all.
- `duplicated`: a batch was sent again after its answer was lost, and both are in the log.
- `reordered`: a batch that was sent later stands before one that had to be sent again, of the same producer (or key).
- `skipped`: a group committed past acknowledged records that no client of the group was given.
- `uncommitted`: a consumer with read_uncommitted was given records of a transaction that was aborted.

What a compacted topic drops, what is below the log start, and topics that were deleted since, are nobody's loss.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any, NamedTuple

from mockbroker.control.exchange import Exchange
from mockbroker.control.histories import Batch, History, PartitionHistory
from mockbroker.wire.compression import decompress
from protocol_specs.errors import KafkaError
from protocol_specs.record_batch import records_of

__all__ = ["Report", "Violation", "verify"]

_SHOWN = 5


class Violation(NamedTuple):
    """Something that should not have happened.

    Attributes:
        kind: "lost", "duplicated", "reordered", "skipped" or "uncommitted".
        offsets: those that it is about.
        what: what happened.
        evidence: the exchanges that show it.
    """

    kind: str
    topic: str
    partition: int
    offsets: list[int]
    what: str
    evidence: list[Exchange]

    def __str__(self) -> str:
        shown = [f"    {exchange}" for exchange in self.evidence[:_SHOWN]]
        return "\n".join(
            [f"{self.kind}: {self.topic}-{self.partition} offsets {self.offsets}: {self.what}", *shown]
        )


class Report:
    """What `verify` found. It is true when nothing is wrong.

    Attributes:
        violations: what is wrong.
        acknowledged, fetched: how many records clients were told are safe, and were given.
        is_complete: whether the journal still has its beginning: if not, what happened then was not looked at.
    """

    def __init__(
        self, violations: list[Violation], acknowledged: int, fetched: int, is_complete: bool
    ) -> None:
        self.violations = violations
        self.acknowledged = acknowledged
        self.fetched = fetched
        self.is_complete = is_complete

    def __bool__(self) -> bool:
        return not self.violations

    def of(self, kind: str) -> list[Violation]:
        """Those of one kind."""
        return [violation for violation in self.violations if violation.kind == kind]

    def __str__(self) -> str:
        head = (
            f"{len(self.violations)} violations among {self.acknowledged} acknowledged and {self.fetched} "
            f"fetched records{'' if self.is_complete else '; the beginning of the journal is gone'}"
        )
        return "\n".join([head, *map(str, self.violations)])

    __repr__ = __str__


def verify(exchanges: Iterable[Exchange], *, is_complete: bool = True) -> Report:
    """Look for contradictions in what was asked and answered.

    Args:
        exchanges: in order.
        is_complete: whether they are all that there were.
    """
    history = History(exchanges, Violation)
    violations = [
        violation
        for partition in history.partitions.values()
        for look in (_lost, _sunk, _repeated, _aborted)
        for violation in look(partition)
    ]
    violations += _skipped(history)
    acknowledged = sum(
        batch.records
        for each in history.partitions.values()
        for batch in each.acknowledged
        if batch.records > 0
    )
    fetched = sum(each.fetched_records for each in history.partitions.values())
    return Report(violations, acknowledged, fetched, is_complete)


def _lost(partition: PartitionHistory) -> Iterator[Violation]:
    """Acknowledged records that a Fetch did not find in their place."""
    for batch in partition.acknowledged:
        for seen in partition.fetches_after(batch):
            missing = _missing(batch, seen.batches)
            if missing and not partition.is_superseded(batch):
                yield partition.violation(
                    "lost",
                    missing,
                    "acknowledged, and not there when it was fetched",
                    [batch.exchange, seen.exchange],
                )
                break


def _missing(batch: Batch, seen: list[Batch]) -> list[int]:
    """The offsets of a batch that a fetch should have had, and had not."""
    over = [each for each in seen if each.base <= batch.last and batch.base <= each.last]
    if any(each.crc == batch.crc for each in over):
        return []
    if not over:
        is_passed = seen and seen[0].base < batch.base and batch.last < seen[-1].last
        return list(range(batch.base, batch.last + 1)) if is_passed else []
    there = {offset: content for each in over for offset, content in _contents(each).items()}
    return [
        offset for offset, content in _contents(batch).items() if offset in there and there[offset] != content
    ]


def _contents(batch: Batch) -> dict[int, tuple[bytes | None, bytes | None]]:
    try:
        records = records_of(batch.view, decompress)
    except (KafkaError, ValueError):
        return {}
    return {batch.base + at: (one.key, one.value) for at, one in enumerate(records)}


def _sunk(partition: PartitionHistory) -> Iterator[Violation]:
    """Offsets that were safe, and above what was safe ever after: a new leader may be behind for a moment."""
    for batch in partition.acknowledged:
        later = list(partition.marks_after(batch)) if batch.acks == -1 else []
        highest = max((seen.high_watermark for seen in later), default=batch.last + 1)
        if highest <= batch.last:
            offsets = list(range(max(batch.base, highest), batch.last + 1))
            what = f"acknowledged by all in sync, then the high watermark was {highest}"
            yield partition.violation("lost", offsets, what, [batch.exchange, later[-1].exchange])


def _repeated(partition: PartitionHistory) -> Iterator[Violation]:
    """Batches that are there twice, and batches that overtook them."""
    placed = partition.attempts()
    for attempt in placed:
        if len(attempt.offsets) > 1 and attempt.was_uncertain:
            times = len(attempt.exchanges)
            what = f"client {attempt.client_id!r} sent it {times} times, and it is there more than once"
            yield partition.violation("duplicated", sorted(attempt.offsets), what, attempt.exchanges)
    for earlier, later in _pairs(placed):
        if earlier.client_id == later.client_id and min(earlier.offsets) > max(later.offsets):
            keys = sorted(earlier.keys & later.keys)
            of_key = f", records of key {keys[0]!r} among them" if keys else ""
            what = f"client {earlier.client_id!r} sent it before what stands before it{of_key}"
            offsets = [min(earlier.offsets), max(later.offsets)]
            yield partition.violation("reordered", offsets, what, [*earlier.exchanges, *later.exchanges[-1:]])


def _pairs(placed: list[Any]) -> Iterator[tuple[Any, Any]]:
    """Batches that had to be sent again, each with the first later one that was in the log before them."""
    for at, earlier in enumerate(placed):
        if len(earlier.exchanges) > 1:
            for later in placed[at + 1 :]:
                if later.first < earlier.last_try and later.offsets and earlier.offsets:
                    yield earlier, later
                    break


def _aborted(partition: PartitionHistory) -> Iterator[Violation]:
    """Records of aborted transactions in the hands of consumers that do not wait for the decision."""
    told: dict[str | None, tuple[list[int], list[Exchange]]] = {}
    for seen in partition.fetches:
        if seen.is_committed_only:
            continue
        for batch in seen.batches:
            if batch.is_transactional and not batch.is_control and partition.was_aborted(batch):
                offsets, evidence = told.setdefault(seen.exchange.client_id, ([], []))
                offsets += range(batch.base, batch.last + 1)
                evidence.append(seen.exchange)
    for client_id, (offsets, evidence) in told.items():
        what = f"client {client_id!r} read it without isolation.level=read_committed, and it was aborted"
        yield partition.violation("uncommitted", sorted(set(offsets)), what, evidence)


def _skipped(history: History) -> Iterator[Violation]:
    """What a group committed past, and none of its clients was given."""
    for (group, topic, partition), commit in history.commits.items():
        log = history.partitions.get((topic, partition))
        if log is None:
            continue
        clients = history.clients_of[group]
        given = log.given_to(clients)
        if given is None:
            continue
        begin, ranges = given
        offsets = [
            offset
            for batch in log.acknowledged
            for offset in range(max(batch.base, begin), min(batch.last + 1, commit.offset))
            if not any(first <= offset <= last for first, last in ranges) and not log.is_superseded(batch)
        ]
        if offsets:
            what = f"group {group!r} committed {commit.offset}, and was never given them"
            yield log.violation("skipped", offsets, what, [commit.exchange])
