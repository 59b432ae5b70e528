"""Small clusters on a told clock, and records for them."""

from __future__ import annotations

import random
from typing import Any

from mockbroker.config import Settings
from mockbroker.core.cluster import Cluster
from mockbroker.core.replicas import Partition
from mockbroker.core.time import Clock
from mockbroker.core.waiting import Waiting
from protocol_specs.record_batch import Record, build_batch, records_of

START = 1_700_000_000.0


def make_cluster(brokers: int = 1, *, seed: int = 1, racks: tuple[str, ...] = (), **settings: Any) -> Cluster:
    """A cluster whose settings are given with underscores for dots."""
    clock = Clock(START)
    static = {name.replace("_", "."): str(value) for name, value in settings.items()}
    return Cluster(clock, Waiting(clock), Settings(static), random.Random(seed), brokers=brokers, racks=racks)


def batch(*values: bytes, timestamp_ms: int = int(START * 1000), **options: Any) -> memoryview:
    """One batch with a record for each value."""
    records = [
        Record(offset, timestamp_ms, b"key", value) for offset, value in enumerate(values or (b"value",))
    ]
    return memoryview(build_batch(records, **options))


def write(partition: Partition, *values: bytes, **options: Any) -> int:
    """Append one batch with these values; returns its base offset."""
    return partition.append(batch(*values), **options).base_offset


def values_of(partition: Partition, broker_id: int | None = None) -> list[bytes | None]:
    """The values in one replica's log, in order; the leader's for None."""
    log = partition.log if broker_id is None else partition.logs[broker_id]
    return [record.value for each in log.batches(log.start_offset) for record in records_of(each.view)]
