"""A limit to the memory that logs take.

Rules kept here:

- Counted are the bytes of the batches in all logs. Replicas share a batch, so it counts once; only compaction gives
  each replica batches of its own.
- Before an append that would go above the limit, everything goes that retention and compaction no longer keep, as at
  a check that is due. Nothing goes that the topics' configs keep.
- Where that is not enough the append is refused with KAFKA_STORAGE_ERROR, as by a broker whose disk is full, and the
  log says so once, until there was room again. What coordinators write is let through: it is little, and compacted.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from mockbroker.core.compaction import compact
from mockbroker.core.retention import apply_retention
from protocol_specs.errors import ErrorCode, KafkaError

if TYPE_CHECKING:
    from mockbroker.core.cluster import Cluster
    from mockbroker.core.log import Log
    from mockbroker.core.replicas import Partition

__all__ = ["Memory"]


class Memory:
    """What the logs of one cluster may take.

    Args:
        limit: in bytes.

    Attributes:
        used: bytes of all batches; too many, where some went since it was counted.
    """

    def __init__(self, cluster: Cluster, limit: int) -> None:
        self._cluster = cluster
        self.limit = limit
        self.used = 0
        self.is_full = False

    def make_room(self, size: int) -> None:
        """See to it that a client's batch of `size` bytes fits. Called where `used` and it go above the limit.

        Raises:
            KafkaError: KAFKA_STORAGE_ERROR, if it does not.
        """
        self.used = self._count()
        if self.used + size > self.limit:
            self._reclaim()
            self.used = self._count()
        was_full, self.is_full = self.is_full, self.used + size > self.limit
        if not self.is_full:
            return
        text = f"The logs take {self.used} of {self.limit} bytes, and {size} more do not fit"
        if not was_full:
            import logging

            advice = "delete records or topics, or let retention keep less"
            logging.getLogger("mockbroker").error("%s: %s", text, advice)
        raise KafkaError(ErrorCode.KAFKA_STORAGE_ERROR, f"{text}.")

    def _written(self) -> list[Partition]:
        return [partition for partition in self._cluster.upkeep.written if not partition.is_deleted]

    def _count(self) -> int:
        total = 0
        for partition in self._written():
            sizes = [log.size_bytes for log in partition.logs.values()]
            is_shared = not partition.topic.config.is_compacted
            total += max(sizes, default=0) if is_shared else sum(sizes)
        return total

    def _reclaim(self) -> None:
        now_ms = self._cluster.clock.now_ms
        oldest_first = sorted(self._written(), key=lambda partition: _age(partition, now_ms))
        for partition in oldest_first:
            went = [_clean(log, now_ms) for log in partition.logs.values()]
            if any(went):
                partition.settle()
                self._cluster.waiting.touch(partition)


def _age(partition: Partition, now_ms: int) -> int:
    return min((log.segments[0].largest_timestamp for log in partition.logs.values()), default=now_ms)


def _clean(log: Log, now_ms: int) -> bool:
    # Only closed segments can go.
    if log.active.size and (log.config.is_compacted or log.start_offset == log.end_offset):
        log.roll()
    is_compacted = log.config.is_compacted and compact(log, now_ms)
    return apply_retention(log, now_ms) > 0 or is_compacted
