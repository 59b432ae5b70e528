"""What was asked and answered: the newest exchanges, as bytes, decoded when somebody asks.

Rules kept here:

- To keep an exchange is to append one small object; all else (numbers, sizes, limits) is done for many at once.
- It is bounded by count and by bytes. When it is full the oldest go; how many are gone is told.
- The bytes are those of the sockets: they are not copied, so a batch that the log holds too counts here, but takes no
  more room.
"""

from __future__ import annotations

import logging
from collections import deque
from collections.abc import Iterator
from itertools import count, islice

from mockbroker.control.asked import Names
from mockbroker.control.entries import Entry, Kept, entry_of, size_of
from mockbroker.control.exchange import Exchange
from mockbroker.control.query import Query

__all__ = ["FILED_TOGETHER", "Journal"]

#: Exchanges are counted and measured when so many have come together.
FILED_TOGETHER = 64

#: What an exchange takes beside its bytes, about.
_OVERHEAD = 400

_log = logging.getLogger("mockbroker")


class Journal:
    """The exchanges of one cluster, oldest first.

    Args:
        names: tells topics' names.
        max_count, max_bytes: what is kept at most.

    Attributes:
        dropped: how many exchanges are gone because it was full, or was cleared.
        has_wrapped: whether it was ever full since it was last cleared.
        recent: to which the broker appends; to be given to `file` from time to time.
    """

    def __init__(self, names: Names, *, max_count: int = 20_000, max_bytes: int = 64 * 1024 * 1024) -> None:
        self.names = names
        self.max_count = max_count
        self.max_bytes = max_bytes
        self.dropped = 0
        self.has_wrapped = False
        self.recent: list[Kept] = []
        self._filed: deque[Kept] = deque()
        self._bytes = 0

    # What the broker calls

    def note(self, kept: Kept) -> None:
        """Keep an exchange."""
        self.recent.append(kept)
        if len(self.recent) >= FILED_TOGETHER:
            self.file()

    def note_late(self, entry: Entry) -> None:
        """The answer of an exchange has come."""
        if entry.is_filed:
            self._bytes += size_of(entry) - len(entry.frame)
            self._trim()

    # What others ask

    @property
    def total(self) -> int:
        """How many exchanges there ever were; the number that the next one gets."""
        return self.dropped + len(self._filed) + len(self.recent)

    @property
    def size(self) -> int:
        """Bytes that it counts."""
        self.file()
        return self._bytes

    def __len__(self) -> int:
        return len(self._filed) + len(self.recent)

    def entries(self, since: int = 0) -> Iterator[tuple[int, Entry]]:
        """What is kept, from this number on, with the numbers."""
        self.file()
        skipped = max(0, since - self.dropped)
        newest = list(islice(reversed(self._filed), max(0, len(self._filed) - skipped)))
        return zip(count(self.dropped + skipped), map(entry_of, reversed(newest)), strict=False)

    def exchanges(self, query: Query | None = None) -> list[Exchange]:
        """The exchanges that a query finds, in order; with a `limit` the newest of them."""
        if query is None:
            return [Exchange(number, entry, self.names) for number, entry in self.entries()]
        found = [
            exchange
            for number, entry in self.entries(query.since)
            if query.may_match(entry) and query.matches(exchange := Exchange(number, entry, self.names))
        ]
        return found if query.limit is None else found[max(0, len(found) - query.limit) :]

    def last(self, most: int) -> list[Exchange]:
        """The newest exchanges, in order."""
        return [Exchange(number, entry, self.names) for number, entry in self.entries(self.total - most)]

    def clear(self) -> None:
        """Forget everything; numbers go on counting."""
        self.file()
        self.dropped += len(self._filed)
        self._filed.clear()
        self._bytes = 0
        self.has_wrapped = False

    # Keeping it in bounds

    def file(self) -> None:
        """Count and measure what has come, and let go what is too much."""
        recent = self.recent
        if not recent:
            return
        total = _OVERHEAD * len(recent)
        for kept in recent:
            if kept.__class__ is tuple:
                # As `size_of`, without a call.
                _, _, frame, answer = kept
                total += len(frame)
                if answer.__class__ is list:
                    total += len(answer[0]) if len(answer) == 1 else sum(map(len, answer))
            else:
                total += size_of(kept)
                kept.is_filed = True  # type: ignore[union-attr]
        self._bytes += total
        self._filed += recent
        recent.clear()
        if len(self._filed) > self.max_count or self._bytes > self.max_bytes:
            self._trim()

    def _trim(self) -> None:
        filed = self._filed
        while filed and (len(filed) > self.max_count or self._bytes > self.max_bytes):
            gone = filed.popleft()
            self._bytes -= size_of(gone) + _OVERHEAD
            if isinstance(gone, Entry):
                gone.is_filed = False
            self.dropped += 1
            if not self.has_wrapped:
                self.has_wrapped = True
                _log.info(
                    "The journal is full (%d exchanges, %d bytes): the oldest are dropped from now on",
                    self.max_count,
                    self.max_bytes,
                )
