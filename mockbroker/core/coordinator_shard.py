"""One partition of an internal topic, as the broker that leads it coordinates what lives in it.

Rules kept here, for groups and for share partitions alike:

- A shard is of one broker in one leader epoch. It is loaded when the broker begins to lead, and unloaded when it no
  longer does: whoever waits is told so.
- What was written is answered when it is below the high watermark, or after a time that the coordinator's configs give.

Source: `CoordinatorRuntime`.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from mockbroker.core.waiting import NOT_YET
from protocol_specs.errors import ErrorCode

if TYPE_CHECKING:
    from mockbroker.core.cluster import Cluster
    from mockbroker.core.replicas import Partition

__all__ = ["CoordinatorShard"]


class CoordinatorShard(ABC):
    """What a coordinator's shard is, whatever lives in it.

    Attributes:
        is_loaded: False once it was unloaded: this broker does not coordinate what lives here any more.
    """

    __slots__ = ("_cluster", "_log", "_node", "broker_id", "is_loaded", "leader_epoch", "partition")

    def __init__(self, cluster: Cluster, partition: Partition, broker_id: int) -> None:
        replica = partition.replica_at(broker_id)
        self.partition = partition
        self.broker_id = broker_id
        self.leader_epoch = replica.state.leader_epoch
        self.is_loaded = True
        self._cluster = cluster
        self._log = replica.log
        self._node = cluster.nodes[broker_id]

    @property
    def is_current(self) -> bool:
        """Whether its broker runs and still leads the partition, as far as it knows, and in the same epoch."""
        replica = self.partition.copies.get(self.broker_id)
        return (
            replica is not None
            and self._node.is_running
            and replica.log is self._log
            and replica.state.leader == self.broker_id
            and replica.state.leader_epoch == self.leader_epoch
        )

    @property
    @abstractmethod
    def _write_timeout(self) -> float:
        """Seconds that a write may take to be replicated."""

    @property
    def written_offset(self) -> int:
        """Where the log ends: all that was written is answered once the high watermark is here."""
        return self._log.end_offset

    def when_committed(self, required: int, reply: Callable[[ErrorCode], Any]) -> Any:
        """Call `reply` once the high watermark has reached `required`, or cannot any more.

        Args:
            reply: makes the answer, given NONE, NOT_COORDINATOR or COORDINATOR_NOT_AVAILABLE.

        Returns:
            The answer, or a Pending.
        """
        log = self._log
        if log.high_watermark >= required:
            return reply(ErrorCode.NONE)

        def attempt(last: bool) -> Any:
            if not self.is_loaded:
                return reply(ErrorCode.NOT_COORDINATOR)
            if log.high_watermark >= required:
                return reply(ErrorCode.NONE)
            return reply(ErrorCode.COORDINATOR_NOT_AVAILABLE) if last else NOT_YET

        return self._cluster.waiting.wait(attempt, on=(self.partition,), at_most=self._write_timeout)
