"""What a cluster does by the clock alone.

Rules kept here (`LogManager`, `LogCleaner`, `UnifiedLog.removeExpiredProducers`, `QuorumController`):

- Retention is checked log.initial.task.delay.ms after the start, then every log.retention.check.interval.ms.
- Compacted logs are looked at every log.cleaner.backoff.ms, for as long as one of them may have something to clean.
- Producers that wrote nothing for producer.id.expiration.ms are forgotten, at checks of their own interval.
- Preferred leaders get their partitions back every leader.imbalance.check.interval.seconds, if
  auto.leader.rebalance.enable says so, and partitions without a leader are tried again every
  unclean.leader.election.interval.ms: both counted from the start, and only while there is such a partition.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from mockbroker.core.compaction import compact
from mockbroker.core.elections import NO_LEADER, NO_TARGETS, Election
from mockbroker.core.retention import apply_retention

if TYPE_CHECKING:
    from mockbroker.core.cluster import Cluster
    from mockbroker.core.log import Log
    from mockbroker.core.replicas import Partition

__all__ = ["Upkeep"]

_NEVER_MS = 2**63 - 1


class Upkeep:
    """The alarms of one cluster.

    Attributes:
        is_cleaner_idle: no compacted log has anything to clean: `wake_cleaner` when one has a closed segment.
        written: the partitions that were ever written to, as keys; the others need no upkeep.
    """

    def __init__(self, cluster: Cluster) -> None:
        self._cluster = cluster
        self._clock = cluster.clock
        self._settings = cluster.settings
        self._started = cluster.clock.now
        self._is_balancing = False
        self._is_electing = False
        self.is_cleaner_idle = True
        self.written: dict[Partition, None] = {}
        self._clock.call_later(self._seconds("log.initial.task.delay.ms"), self._check_retention)
        self._clock.call_later(
            self._seconds("producer.id.expiration.check.interval.ms"), self._expire_producers
        )

    def watch(self, partition: Partition) -> None:
        """A partition has changed: see to it that it gets its preferred leader back, or a leader at all."""
        state = partition.state
        if state.leader == NO_LEADER:
            if not self._is_electing:
                self._is_electing = True
                self._at_next(self._seconds("unclean.leader.election.interval.ms"), self._elect_unclean)
        elif (
            not self._is_balancing
            and not state.has_preferred_leader
            and self._settings["auto.leader.rebalance.enable"]
        ):
            self._is_balancing = True
            self._at_next(self._settings["leader.imbalance.check.interval.seconds"], self._balance)

    def wake_cleaner(self, log: Log) -> None:
        """A log was written to that has closed segments: clean it in time, if it is a compacted one."""
        if self.is_cleaner_idle and log.config.is_compacted and self._settings["log.cleaner.enable"]:
            self.is_cleaner_idle = False
            self._clock.call_later(self._seconds("log.cleaner.backoff.ms"), self._clean)

    def _seconds(self, name: str) -> float:
        milliseconds: int = self._settings[name]
        return milliseconds / 1000

    def _at_next(self, interval: float, action: Callable[[], None]) -> None:
        rounds = (self._clock.now - self._started) // interval + 1
        self._clock.call_at(self._started + rounds * interval, action)

    def _logs(self) -> list[tuple[Partition, Log]]:
        """Logs that were written to, on brokers that run."""
        nodes = self._cluster.nodes
        for partition in [partition for partition in self.written if partition.is_deleted]:
            del self.written[partition]
        return [
            (partition, replica.log)
            for partition in self.written
            for replica in partition.copies.values()
            if nodes[replica.broker_id].is_running
        ]

    def _check_retention(self) -> None:
        self._clock.call_later(self._seconds("log.retention.check.interval.ms"), self._check_retention)
        for partition, log in self._logs():
            if apply_retention(log, self._clock.now_ms):
                partition.settle()
                self._cluster.waiting.touch(partition)

    def _clean(self) -> None:
        goes_on = False
        for _, log in self._logs():
            config = log.config
            if config.is_compacted and len(log.segments) > 1:
                goes_on |= compact(log, self._clock.now_ms)
                goes_on |= config.min_compaction_lag_ms > 0 or config.max_compaction_lag_ms < _NEVER_MS
        self.is_cleaner_idle = not goes_on
        if goes_on:
            self._clock.call_later(self._seconds("log.cleaner.backoff.ms"), self._clean)

    def _expire_producers(self) -> None:
        self._clock.call_later(
            self._seconds("producer.id.expiration.check.interval.ms"), self._expire_producers
        )
        expiration_ms = self._settings["producer.id.expiration.ms"]
        for _, log in self._logs():
            log.producers.remove_expired(self._clock.now_ms, expiration_ms)

    def _balance(self) -> None:
        self._is_balancing = False
        for partition in list(self._cluster.partitions()):
            if partition.leader != NO_LEADER and not partition.state.has_preferred_leader:
                self._cluster.change(partition, NO_TARGETS, Election.PREFERRED)
                self.watch(partition)

    def _elect_unclean(self) -> None:
        self._is_electing = False
        for partition in list(self._cluster.partitions()):
            if partition.leader == NO_LEADER:
                if partition.topic.config.unclean_leader_election_enable:
                    self._cluster.change(partition, NO_TARGETS, Election.UNCLEAN)
                self.watch(partition)
