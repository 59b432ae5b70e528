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

from mockbroker.control.asked import Names
from mockbroker.control.entries import Entry, size_of
from mockbroker.control.exchange import Exchange
from mockbroker.control.query import Query

__all__ = ["Journal"]

_FILED_TOGETHER = 64

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
    """

    def __init__(self, names: Names, *, max_count: int = 20_000, max_bytes: int = 64 * 1024 * 1024) -> None:
        self.names = names
        self.max_count = max_count
        self.max_bytes = max_bytes
        self.dropped = 0
        self.has_wrapped = False
        self._recent: list[Entry] = []
        self._filed: deque[Entry] = deque()
        self._bytes = 0

    # What the broker calls

    def note(self, entry: Entry) -> None:
        """Keep an exchange; its answer is set later."""
        recent = self._recent
        recent.append(entry)
        if len(recent) >= _FILED_TOGETHER:
            self._file()

    def note_late(self, entry: Entry) -> None:
        """An answer has come late."""
        if entry.size:
            size = size_of(entry.answer)
            entry.size += size
            self._bytes += size
            self._trim()

    # What others ask

    @property
    def total(self) -> int:
        """How many exchanges there ever were; the number that the next one gets."""
        return self.dropped + len(self._filed) + len(self._recent)

    @property
    def size(self) -> int:
        """Bytes that it counts."""
        self._file()
        return self._bytes

    def __len__(self) -> int:
        return len(self._filed) + len(self._recent)

    def entries(self, since: int = 0) -> Iterator[Entry]:
        """What is kept, from this number on."""
        self._file()
        skip = max(0, since - self.dropped)
        if skip > len(self._filed) // 2:
            newest = []
            for entry in reversed(self._filed):
                if entry.number < since:
                    break
                newest.append(entry)
            return reversed(newest)
        return (entry for entry in list(self._filed) if entry.number >= since)

    def exchanges(self, query: Query | None = None) -> list[Exchange]:
        """The exchanges that a query finds, in order; with a `limit` the newest of them."""
        if query is None:
            return [Exchange(entry, self.names) for entry in self.entries()]
        found = [
            exchange
            for entry in self.entries(query.since)
            if query.may_match(entry) and query.matches(exchange := Exchange(entry, self.names))
        ]
        return found if query.limit is None else found[max(0, len(found) - query.limit) :]

    def last(self, count: int) -> list[Exchange]:
        """The newest exchanges, in order."""
        self._file()
        return [
            Exchange(entry, self.names) for entry in list(self._filed)[max(0, len(self._filed) - count) :]
        ]

    def clear(self) -> None:
        """Forget everything; numbers go on counting."""
        self._file()
        self.dropped += len(self._filed)
        self._filed.clear()
        self._bytes = 0
        self.has_wrapped = False

    # Keeping it in bounds

    def _file(self) -> None:
        recent = self._recent
        if not recent:
            return
        number = self.dropped + len(self._filed)
        total = 0
        for entry in recent:
            entry.number = number
            number += 1
            entry.size = size = _OVERHEAD + len(entry.frame) + size_of(entry.answer)
            total += size
        self._filed.extend(recent)
        self._bytes += total
        recent.clear()
        self._trim()

    def _trim(self) -> None:
        filed = self._filed
        while filed and (len(filed) > self.max_count or self._bytes > self.max_bytes):
            gone = filed.popleft()
            self._bytes -= gone.size
            gone.size = 0
            self.dropped += 1
            if not self.has_wrapped:
                self.has_wrapped = True
                _log.info(
                    "The journal is full (%d exchanges, %d bytes): the oldest are dropped from now on",
                    self.max_count,
                    self.max_bytes,
                )
