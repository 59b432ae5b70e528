"""The limits at which followers that are out of sync copy.

Rules kept here (`ReplicationQuotaManager`, `ReplicaManager.shouldLeaderThrottle`, `RemoteLeaderEndPoint`; KIP-73):

- A leader has a rate for all that it sends, a follower one for all that it copies, of the replicas that a topic's
  configs call throttled. Followers that are in sync have no limit, and what they copy does not count.
- While a rate is exceeded nothing is copied; else as much as one fetch brings, which may go far above it.
- Who may not copy asks again after replica.fetch.backoff.ms.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from mockbroker.config import Settings
    from mockbroker.core.replica import Follower, Replica
    from mockbroker.core.replicas import Partition
    from mockbroker.core.time import Clock

__all__ = ["ReplicationQuotas"]

_UNLIMITED = 2**63 - 1
_LEADER = "leader.replication.throttled.rate"
_FOLLOWER = "follower.replication.throttled.rate"


class _Rate:
    """Bytes per second over the last samples (`SimpleRate`)."""

    __slots__ = ("_samples",)

    def __init__(self) -> None:
        #: when each sample began, and what it has.
        self._samples: list[tuple[float, int]] = []

    def record(self, size: int, now: float, window: float) -> None:
        if self._samples and now - self._samples[-1][0] < window:
            started, before = self._samples.pop()
            self._samples.append((started, before + size))
        else:
            self._samples.append((now, size))

    def measure(self, now: float, window: float, samples: int) -> float:
        self._samples = [sample for sample in self._samples if now - sample[0] < samples * window]
        if not self._samples:
            return 0.0
        return sum(size for _, size in self._samples) / max(now - self._samples[0][0], window)


class ReplicationQuotas:
    """What the brokers of one cluster sent and copied of throttled replicas lately."""

    def __init__(self, clock: Clock, settings: Settings) -> None:
        self._clock = clock
        self._settings = settings
        self._rates: dict[tuple[str, int], _Rate] = {}
        self._held: dict[Partition, None] = {}

    def allowed(self, partition: Partition, leader: Replica, follower: Follower, below: int) -> int:
        """How far a follower that is out of sync may copy now, if it would like to copy up to `below`.

        What is allowed counts as copied.
        """
        limits = self._limits(partition, leader.broker_id, follower.broker_id)
        at = follower.replica.log.end_offset
        if not limits or at >= below:
            return below
        now = self._clock.now
        window, samples = self._window()
        if any(rate.measure(now, window, samples) > limit for rate, limit in limits):
            self._hold(partition)
            return at
        most = self._settings.for_broker(follower.broker_id)["replica.fetch.max.bytes"]
        size, upto = 0, at
        for batch in leader.log.batches(at, below):
            if size and size + len(batch.view) > most:
                break
            size += len(batch.view)
            upto = batch.last_offset + 1
        for rate, _ in limits:
            rate.record(size, now, window)
        return upto

    def _limits(self, partition: Partition, leader: int, follower: int) -> list[tuple[_Rate, int]]:
        config, index = partition.topic.config, partition.index
        limits = []
        # Each broker looks for itself in its own list: what it leads, or what it follows.
        for name, broker, throttled in (
            (_LEADER, leader, config.leader_replication_throttled_replicas),
            (_FOLLOWER, follower, config.follower_replication_throttled_replicas),
        ):
            if throttled and ("*" in throttled or f"{index}:{broker}" in throttled):
                limit: int = self._settings.for_broker(broker)[name]
                if limit < _UNLIMITED:
                    limits.append((self._rates.setdefault((name, broker), _Rate()), limit))
        return limits

    def _window(self) -> tuple[float, int]:
        settings = self._settings
        return settings["replication.quota.window.size.seconds"], settings["replication.quota.window.num"]

    def _hold(self, partition: Partition) -> None:
        if not self._held:
            self._clock.call_later(self._settings["replica.fetch.backoff.ms"] / 1000, self._go_on)
        self._held[partition] = None

    def _go_on(self) -> None:
        held, self._held = self._held, {}
        for partition in held:
            partition.settle()
