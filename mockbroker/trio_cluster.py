"""A Kafka cluster inside a trio program: `MockCluster`, for whoever is asynchronous himself."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any

from mockbroker.control.waits import DEFAULT_TIMEOUT, Wait, Waits
from mockbroker.mock_cluster import Cluster
from mockbroker.server.server import serving
from mockbroker.server.waits import wait_in_task

if TYPE_CHECKING:
    from mockbroker.control.exchange import Exchange
    from mockbroker.control.views import (
        ConnectionState,
        GroupState,
        OffsetAndMetadata,
        PartitionState,
        Record,
        TransactionState,
    )

__all__ = ["TrioCluster", "open_cluster"]


class TrioCluster(Cluster):
    """A Kafka cluster in a trio program's own run. See `Cluster` for the arguments.

    Each `wait_until_...` waits for `timeout` seconds of real time at most, and raises `WaitTimeout` then; what may be
    wanted is said at `MockCluster`'s method of the name.
    """

    async def wait_until_group(
        self, group_id: str, *, timeout: float = DEFAULT_TIMEOUT, **wanted: Any
    ) -> GroupState:
        """`state`, `members`, `type`."""
        found: GroupState = await self._wait(self._waits.group(group_id, **wanted), timeout)
        return found

    async def wait_until_committed(
        self, group_id: str, topic: str, *, timeout: float = DEFAULT_TIMEOUT, **wanted: Any
    ) -> dict[tuple[str, int], OffsetAndMetadata]:
        """`to`, `partition`."""
        wait = self._waits.committed(group_id, topic, **wanted)
        found: dict[tuple[str, int], OffsetAndMetadata] = await self._wait(wait, timeout)
        return found

    async def wait_until_requests(
        self, count: int, *, timeout: float = DEFAULT_TIMEOUT, **conditions: Any
    ) -> list[Exchange]:
        """`conditions` as for `journal`."""
        found: list[Exchange] = await self._wait(self._waits.requests(count, **conditions), timeout)
        return found

    async def wait_until_records(
        self, topic: str, count: int, *, partition: int | None = None, timeout: float = DEFAULT_TIMEOUT
    ) -> list[Record]:
        """So many records in a topic, or in one partition."""
        wait = self._waits.records(topic, count, partition=partition)
        found: list[Record] = await self._wait(wait, timeout)
        return found

    async def wait_until_connections(
        self, *, timeout: float = DEFAULT_TIMEOUT, **wanted: Any
    ) -> list[ConnectionState]:
        """`at_least`, `at_most`, `client_id`, `broker`."""
        found: list[ConnectionState] = await self._wait(self._waits.connections(**wanted), timeout)
        return found

    async def wait_until_transaction(
        self, transactional_id: str, *, state: str, timeout: float = DEFAULT_TIMEOUT
    ) -> TransactionState:
        """A state of a transactional id."""
        wait = self._waits.transaction(transactional_id, state=state)
        found: TransactionState = await self._wait(wait, timeout)
        return found

    async def wait_until_partition(
        self, topic: str, partition: int, *, timeout: float = DEFAULT_TIMEOUT, **wanted: Any
    ) -> PartitionState:
        """`isr`, `leader`, `high_watermark`."""
        found: PartitionState = await self._wait(self._waits.partition(topic, partition, **wanted), timeout)
        return found

    @property
    def _waits(self) -> Waits:
        return self._served.control.waits

    async def _wait(self, wait: Wait, timeout: float) -> Any:
        return await wait_in_task(self._served.server, self._served.control, wait, timeout)


@asynccontextmanager
async def open_cluster(**options: Any) -> AsyncIterator[TrioCluster]:
    """A Kafka cluster in the caller's own trio run, for as long as the block lasts. See `Cluster` for the arguments.

    Raises:
        FaultNeverFired: at the end of the block, a fault that is required did not.
    """
    cluster = TrioCluster(**options)
    async with serving(cluster._served.server):
        yield cluster
    error = cluster._served.control.check_faults()
    if error is not None:
        raise error
