"""What one client did, for lint rules to look at."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import cached_property
from typing import Any

from mockbroker.control.exchange import Exchange
from protocol_specs.record_batch import BatchHeader, batches_in, parse_header

__all__ = ["Deeds", "Suspicion", "batches_of", "crowded", "distinct"]

#: What was done, and what shows it.
Suspicion = tuple[str, list[Exchange]]


class Deeds:
    """The exchanges of one client id, oldest first.

    Attributes:
        exchanges: the client's.
        everybody: those of all clients.
        is_connected: whether a connection, by its number, is still open.
    """

    def __init__(
        self,
        exchanges: Sequence[Exchange],
        everybody: Sequence[Exchange],
        is_connected: Callable[[int], bool],
    ) -> None:
        self.exchanges = exchanges
        self.everybody = everybody
        self.is_connected = is_connected

    @cached_property
    def _by_api(self) -> dict[str, list[Exchange]]:
        found: dict[str, list[Exchange]] = {}
        for exchange in self.exchanges:
            found.setdefault(exchange.api, []).append(exchange)
        return found

    def of(self, *apis: str) -> list[Exchange]:
        """Those of some APIs that could be decoded, in order."""
        if len(apis) == 1:
            found = self._by_api.get(apis[0], [])
        else:
            found = [exchange for exchange in self.exchanges if exchange.api in apis]
        return [exchange for exchange in found if exchange.request is not None]


def batches_of(records: Any) -> Iterator[tuple[BatchHeader, memoryview]]:
    """The batches of magic 2 in records as they were sent or fetched: their headers, and all their bytes."""
    for part in records if isinstance(records, list) else [records]:
        if part:
            for view in batches_in(part):
                header = parse_header(view)
                if header.magic == 2:
                    yield header, view


def crowded(exchanges: Sequence[Exchange], count: int, seconds: float) -> list[Exchange]:
    """The first `count` exchanges that came within so many seconds; none where there are none such."""
    for at in range(len(exchanges) - count + 1):
        if exchanges[at + count - 1].at - exchanges[at].at <= seconds:
            return list(exchanges[at : at + count])
    return []


def distinct(values: Iterable[str]) -> list[str]:
    """Each value once, in order."""
    return list(dict.fromkeys(values))
