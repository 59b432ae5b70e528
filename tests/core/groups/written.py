"""What a group's coordinator has written, for tests that say which records a step is to write."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from mockbroker.core.groups import records
from mockbroker.core.groups.records import LogRecord
from mockbroker.wire.compression import decompress
from protocol_specs.record_batch import records_of
from tests.core.groups.bench import Bench
from tests.core.groups.test_coordinator import home

__all__ = ["Written"]


class Written:
    """The records that were written since the last look.

    Args:
        names: what the tests call a record, by the number of its type.

    Attributes:
        records: those that the last look saw.
    """

    def __init__(self, bench: Bench, names: Mapping[int, str]) -> None:
        self._bench = bench
        self._names = names
        self._at = 0
        self.records: list[LogRecord] = []

    @property
    def values(self) -> list[Any]:
        return [record.value for record in self.records]

    def look(self) -> list[list[str]]:
        """Of each batch, what its records are of; a minus is a tombstone."""
        self.records = []
        return [
            [
                self._name(record.key, record.value, record.offset)
                for record in records_of(batch.view, decompress)
            ]
            for batch in home(self._bench).log.batches(self._at)
        ]

    def _name(self, key: bytes | None, value: bytes | None, offset: int) -> str:
        decoded = records.decode(key, value)
        assert decoded is not None
        self.records.append(decoded)
        self._at = offset + 1
        minus = "-" if decoded.value is None else ""
        return f"{minus}{self._names[decoded.type.number]} {getattr(decoded.key, 'member_id', '')}".strip()
