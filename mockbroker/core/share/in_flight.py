"""Records that were delivered and are not done with: the state of each, and who holds it until when.

Rules kept here (`InFlightState`, `InFlightBatch`, `RecordState`):

- A record is AVAILABLE, ACQUIRED by a member, ACKNOWLEDGED, or ARCHIVED: given up. The last two are final. Only an
  available record can be acquired, and a record that was delivered as often as allowed is archived instead of becoming
  available.
- A change that has to be written down first is under way until it is: nothing else may happen to the record, and if
  writing fails it is what it was, unless its lock has run out meanwhile.
- Records that were fetched together share one state for as long as the same happens to all of them.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Callable, Iterator
from enum import IntEnum
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from mockbroker.core.share.state_batches import StateBatch
    from mockbroker.core.time import Clock

__all__ = [
    "NOBODY",
    "AcquiredRecords",
    "InFlight",
    "InFlightBatch",
    "InFlightState",
    "Lock",
    "Move",
    "RecordState",
    "SetLock",
]

#: The member that holds a record which nobody holds.
NOBODY = ""


class AcquiredRecords(NamedTuple):
    """Consecutive records that a member holds now."""

    first_offset: int
    last_offset: int
    delivery_count: int


class RecordState(IntEnum):
    """The delivery state of a record, as state batches have it."""

    AVAILABLE = 0
    ACQUIRED = 1
    ACKNOWLEDGED = 2
    #: of KIP-1191; nothing comes into it.
    ARCHIVING = 3
    ARCHIVED = 4

    @property
    def is_terminal(self) -> bool:
        """Whether it stays so."""
        return self in (RecordState.ACKNOWLEDGED, RecordState.ARCHIVED)


class Lock:
    """A member's hold on records, which ends by itself.

    Attributes:
        expires_at: in seconds since the epoch.
        has_expired: it has ended by itself.
    """

    __slots__ = ("_action", "_alarm", "expires_at", "has_expired")

    def __init__(self, clock: Clock, expires_at: float, action: Callable[[], None]) -> None:
        self.expires_at = expires_at
        self.has_expired = False
        self._action = action
        self._alarm = clock.call_at(expires_at, self._ring)

    def cancel(self) -> None:
        """It was ended otherwise."""
        self._alarm.cancel()

    def _ring(self) -> None:
        self.has_expired = True
        self._action()


#: Called as `set_lock(first_offset, last_offset, expires_at)`.
SetLock = Callable[[int, int, float], Lock]


class _Before(NamedTuple):
    state: RecordState
    delivery_count: int
    member_id: str
    max_deliveries: int


class InFlightState:
    """The state of one record, or of a whole batch of them.

    Attributes:
        member_id: who holds it, or `NOBODY`.
        lock: how long; None while it is not held.
    """

    __slots__ = ("_before", "_is_final", "delivery_count", "lock", "member_id", "state")

    def __init__(
        self, state: RecordState, delivery_count: int, member_id: str = NOBODY, lock: Lock | None = None
    ) -> None:
        self.state = state
        self.delivery_count = delivery_count
        self.member_id = member_id
        self.lock = lock
        self._before: _Before | None = None
        self._is_final = False

    def __repr__(self) -> str:
        return f"<{self.state.name} {self.delivery_count} {self.member_id!r}>"

    @property
    def is_changing(self) -> bool:
        """Whether a change is under way."""
        return self._before is not None

    @property
    def is_available(self) -> bool:
        """Whether it can be acquired."""
        return self.state is RecordState.AVAILABLE and self._before is None

    def acquire(self, member_id: str) -> bool:
        """Give it to a member; whether that could be."""
        if not self.is_available:
            return False
        self.state = RecordState.ACQUIRED
        self.delivery_count += 1
        self.member_id = member_id
        return True

    def move_to(self, state: RecordState, max_deliveries: int) -> bool:
        """Change it at once, whoever held it; whether that could be."""
        if self._before is not None or self.state is not RecordState.ACQUIRED:
            return False
        if state is RecordState.AVAILABLE and self.delivery_count >= max_deliveries:
            state = RecordState.ARCHIVED
        self.state = state
        self.member_id = NOBODY
        return True

    def start_move(self, state: RecordState, max_deliveries: int) -> bool:
        """Begin a change that `complete_move` ends; whether that could be."""
        before = _Before(self.state, self.delivery_count, self.member_id, max_deliveries)
        if not self.move_to(state, max_deliveries):
            return False
        self._before = before
        return True

    def complete_move(self, is_committed: bool) -> None:
        """Make the change final, or take it back."""
        before, self._before = self._before, None
        if is_committed or self._is_final or before is None:
            self.unlock()
        elif self.lock is not None and self.lock.has_expired:
            is_spent = before.delivery_count >= before.max_deliveries
            self.state = RecordState.ARCHIVED if is_spent else RecordState.AVAILABLE
            self.member_id = NOBODY
            self.unlock()
        else:
            self.state = before.state
            self.member_id = before.member_id

    def archive(self) -> None:
        """Give it up for good, whatever is under way."""
        self._is_final = True
        self.state = RecordState.ARCHIVED
        self.member_id = NOBODY
        self.unlock()

    def unlock(self) -> None:
        if self.lock is not None:
            self.lock.cancel()
            self.lock = None


class Move(NamedTuple):
    """A change of records that has begun, and what is to be written of it."""

    state: InFlightState
    batch: StateBatch


class InFlightBatch:
    """Consecutive records.

    Attributes:
        whole: the state of all of them; None where each has its own.
        each: the state of each by its offset, in order; empty where they share one.
    """

    __slots__ = ("each", "first_offset", "last_offset", "whole")

    def __init__(self, first_offset: int, last_offset: int, state: InFlightState) -> None:
        self.first_offset = first_offset
        self.last_offset = last_offset
        self.whole: InFlightState | None = state
        self.each: dict[int, InFlightState] = {}

    def __repr__(self) -> str:
        return f"<InFlightBatch {self.first_offset}-{self.last_offset} {self.whole or self.each}>"

    @property
    def count(self) -> int:
        return self.last_offset - self.first_offset + 1

    def split(self, set_lock: SetLock) -> dict[int, InFlightState]:
        """From now on each record has a state of its own, at first the one that it has had."""
        whole, self.whole = self.whole, None
        if whole is not None:
            lock = whole.lock
            for offset in range(self.first_offset, self.last_offset + 1):
                own = None if lock is None else set_lock(offset, offset, lock.expires_at)
                self.each[offset] = InFlightState(whole.state, whole.delivery_count, whole.member_id, own)
            whole.unlock()
        return self.each

    def states(self, first_offset: int, last_offset: int) -> Iterator[tuple[int, InFlightState]]:
        """The records' own states from one offset to another, both included, as far as they are here."""
        each = self.each
        for offset in range(max(first_offset, self.first_offset), min(last_offset, self.last_offset) + 1):
            yield offset, each[offset]

    def state_at(self, offset: int) -> InFlightState:
        """The state of one record of the batch."""
        return self.each[offset] if self.whole is None else self.whole


class InFlight:
    """All batches of a share partition, sorted by their first offsets. They do not overlap."""

    __slots__ = ("_batches", "_firsts")

    def __init__(self) -> None:
        self._firsts: list[int] = []
        self._batches: list[InFlightBatch] = []

    def __len__(self) -> int:
        return len(self._firsts)

    def __iter__(self) -> Iterator[InFlightBatch]:
        return iter(self._batches)

    @property
    def first(self) -> InFlightBatch:
        return self._batches[0]

    @property
    def last(self) -> InFlightBatch:
        return self._batches[-1]

    def put(self, batch: InFlightBatch) -> None:
        """Add a batch; it takes the place of one that begins where it does."""
        at = bisect_left(self._firsts, batch.first_offset)
        if at < len(self._firsts) and self._firsts[at] == batch.first_offset:
            self._batches[at] = batch
        else:
            self._firsts.insert(at, batch.first_offset)
            self._batches.insert(at, batch)

    def floor(self, offset: int) -> InFlightBatch | None:
        """The last batch that begins at or before `offset`; it may end before it."""
        at = bisect_right(self._firsts, offset)
        return self._batches[at - 1] if at else None

    def higher(self, offset: int) -> InFlightBatch | None:
        """The first batch that begins behind `offset`."""
        at = bisect_right(self._firsts, offset)
        return self._batches[at] if at < len(self._firsts) else None

    def between(self, first_offset: int, last_offset: int) -> list[InFlightBatch]:
        """The batches that begin from one offset to another, both included."""
        start = bisect_left(self._firsts, first_offset)
        return self._batches[start : bisect_right(self._firsts, last_offset, start)]

    def drop_before(self, first_offset: int) -> None:
        """Forget the batches that begin before `first_offset`."""
        count = bisect_left(self._firsts, first_offset)
        del self._firsts[:count], self._batches[:count]

    def clear(self) -> None:
        self._firsts.clear()
        self._batches.clear()
