"""What the tests of the log share: configs, batches, a log with a told clock."""

from __future__ import annotations

import struct
from typing import Any

from mockbroker.config import LogConfig, Settings
from mockbroker.core.batches import Batch
from mockbroker.core.compaction import compact
from mockbroker.core.log import Appended, Log
from mockbroker.core.producer_state import Origin
from mockbroker.core.retention import apply_retention
from mockbroker.core.time import Clock
from mockbroker.wire.compression import compress, decompress
from protocol_specs.record_batch import (
    EndTxnMarker,
    Record,
    build_batch,
    build_end_txn_marker,
    crc_of,
    records_of,
)

NOW = 1_700_000_000.0
NOW_MS = int(NOW * 1000)

_SETTINGS = Settings({})


def config(**overrides: object) -> LogConfig:
    """A topic's config; keyword `retention_ms=5` is retention.ms."""
    return _SETTINGS.log_config({name.replace("_", "."): str(value) for name, value in overrides.items()})


def batch_of(*values: str | Record, codec: int = 0, **fields: Any) -> Batch:
    """A batch as a client sends it. A plain text is a record of the present with that value and no key."""
    records = [
        Record(timestamp_ms=NOW_MS, value=value.encode()) if isinstance(value, str) else value
        for value in values
    ]
    return Batch(memoryview(build_batch(records, codec=codec, compress=compress, **fields)))


def altered(batch: Batch, at: int, layout: str, value: int) -> Batch:
    """The batch with one number of its header set, and the CRC made right again."""
    view = batch.view
    struct.pack_into(layout, view, at, value)
    struct.pack_into(">I", view, 17, crc_of(view))
    return Batch(view)


class LogUnderTest(Log):
    """A log that keeps its high watermark at its end, as with one replica."""

    def __init__(
        self, start_offset: int = 0, verifies_transactions: bool = False, **overrides: object
    ) -> None:
        self.clock = Clock(NOW)
        super().__init__(
            config(**overrides),
            self.clock,
            "t-0",
            start_offset=start_offset,
            verifies_transactions=verifies_transactions,
        )

    def put(self, *values: str | Record, codec: int = 0, leader_epoch: int = 0, **fields: Any) -> Appended:
        appended = self.append_as_leader(batch_of(*values, codec=codec, **fields), leader_epoch)
        self.high_watermark = self.end_offset
        return appended

    def compact(self) -> bool:
        return compact(self, self.clock.now_ms)

    def apply_retention(self) -> int:
        return apply_retention(self, self.clock.now_ms)

    def end_transaction(
        self, producer_id: int, epoch: int, *, commit: bool, version: int = 0, coordinator_epoch: int = 0
    ) -> Appended:
        marker = build_end_txn_marker(
            EndTxnMarker(commit, coordinator_epoch),
            producer_id=producer_id,
            producer_epoch=epoch,
            timestamp_ms=self.clock.now_ms,
        )
        appended = self.append_as_leader(
            memoryview(marker), 0, origin=Origin.COORDINATOR, transaction_version=version
        )
        self.high_watermark = self.end_offset
        return appended

    @property
    def values(self) -> list[str]:
        """Values of all records that can be read."""
        return [
            (record.value or b"").decode()
            for batch in self.batches()
            for record in records_of(batch.view, decompress)
            if record.offset >= self.start_offset
        ]
