"""The journal as it grows: each exchange once, when it is answered."""

from __future__ import annotations

from mockbroker.control.entries import Entry
from mockbroker.control.exchange import Exchange
from mockbroker.control.journal import Journal
from mockbroker.control.query import Query

__all__ = ["Follower"]


class Follower:
    """Gives the exchanges that a query finds, each once.

    Args:
        wanted: `since` says where to begin; its `limit` counts for what is there already.
    """

    def __init__(self, journal: Journal, wanted: Query) -> None:
        self._journal = journal
        self._wanted = wanted
        self._next = wanted.since
        self._left: int | None = wanted.limit
        #: Those that are not answered yet.
        self._open: list[tuple[int, Entry]] = []

    def fresh(self) -> list[Exchange]:
        """What has come, or was answered, since this was last asked; in order of the requests."""
        candidates = [*self._open, *self._journal.entries(self._next)]
        self._next = max(self._next, self._journal.total)
        self._open = []
        found = []
        for number, entry in candidates:
            if not self._wanted.may_match(entry):
                continue
            if not entry.is_answered:
                self._open.append((number, entry))
                continue
            exchange = Exchange(number, entry, self._journal.names)
            if self._wanted.matches(exchange):
                found.append(exchange)
        if self._left is not None:
            found, self._left = found[max(0, len(found) - self._left) :], None
        return found
