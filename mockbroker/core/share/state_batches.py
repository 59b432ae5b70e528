"""Ranges of records in one delivery state, and how a newer list of them is laid over an older one.

Rules kept here (`PersisterStateBatchCombiner`):

- The result has no overlaps. What lies before the start offset is cut off.
- Where two ranges overlap, the one that was delivered more often wins; else the one whose state is further.
- Neighbours that are alike become one, as far as one pass from the left finds them.
"""

from __future__ import annotations

import heapq
from collections.abc import Iterable
from typing import Any, NamedTuple

__all__ = ["StateBatch", "combine", "pack", "unpack"]


class StateBatch(NamedTuple):
    """Records from one offset to another, both included, in one state.

    The order of the fields is the order in which batches are sorted. `delivery_state` is a `RecordState`.
    """

    first_offset: int
    last_offset: int
    delivery_count: int
    delivery_state: int

    @property
    def rank(self) -> tuple[int, int]:
        """The greater one wins where two overlap."""
        return self.delivery_count, self.delivery_state


def unpack(messages: Iterable[Any]) -> tuple[StateBatch, ...]:
    """The state batches of a request or of a record."""
    return tuple(
        [
            StateBatch(one.first_offset, one.last_offset, one.delivery_count, one.delivery_state)
            for one in messages
        ]
    )


def pack(batches: Iterable[StateBatch], make: Any) -> list[Any]:
    """The same as messages of the schema `make`."""
    return [
        make(
            first_offset=batch.first_offset,
            last_offset=batch.last_offset,
            delivery_state=batch.delivery_state,
            delivery_count=batch.delivery_count,
        )
        for batch in batches
    ]


def combine(
    so_far: Iterable[StateBatch], newer: Iterable[StateBatch], start_offset: int
) -> tuple[StateBatch, ...]:
    """Lay `newer` over `so_far`.

    Args:
        start_offset: -1: nothing is cut off.
    """
    heap = [*so_far, *newer]
    if start_offset != -1:
        heap = [
            batch if batch.first_offset >= start_offset else batch._replace(first_offset=start_offset)
            for batch in heap
            if batch.last_offset >= start_offset
        ]
    if len(heap) < 2:
        return tuple(heap)
    heapq.heapify(heap)
    combined: list[StateBatch] = []
    previous = heapq.heappop(heap)
    while heap:
        candidate = heap[0]
        is_neighbour = candidate.first_offset == previous.last_offset + 1 and candidate.rank == previous.rank
        if is_neighbour or candidate.first_offset <= previous.last_offset:
            heapq.heappop(heap)
            for batch in _merge(previous, candidate):
                heapq.heappush(heap, batch)
        else:
            combined.append(previous)
        previous = heapq.heappop(heap)
    combined.append(previous)
    return tuple(combined)


def _merge(previous: StateBatch, candidate: StateBatch) -> list[StateBatch]:
    """What two batches become that overlap, or are alike and neighbours; `previous` is the one that sorts first."""
    if candidate.rank == previous.rank:
        return [previous._replace(last_offset=max(previous.last_offset, candidate.last_offset))]
    if candidate.rank < previous.rank:
        merged = [previous]
        if candidate.last_offset > previous.last_offset:
            merged.append(candidate._replace(first_offset=previous.last_offset + 1))
        return merged
    merged = [candidate]
    if candidate.first_offset > previous.first_offset:
        merged.append(previous._replace(last_offset=candidate.first_offset - 1))
    if previous.last_offset > candidate.last_offset:
        merged.append(previous._replace(first_offset=candidate.last_offset + 1))
    return merged
