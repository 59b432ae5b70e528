"""How much somebody did lately: the measures that quotas are held against.

Rules kept here (Kafka: `Rate`, `SampledStat`, `TokenBucket`; KIP-13, KIP-599):

- A rate is the sum over the last samples, divided by the time that they span; while there are few of them, as many
  whole windows are taken for granted as there could be, but for the current one.
- A token bucket holds what may still be done: it fills with the quota per second, up to what all windows together
  allow, and may be overdrawn once.
"""

from __future__ import annotations

__all__ = ["Rate", "TokenBucket"]


class _Sample:
    __slots__ = ("last_ms", "start_ms", "value")

    def __init__(self, now_ms: int) -> None:
        self.reset(now_ms)

    def reset(self, now_ms: int) -> None:
        self.start_ms = self.last_ms = now_ms
        self.value = 0.0


class Rate:
    """What was recorded per second.

    Args:
        samples: how many are kept beside one that may overlap the oldest.
        window_ms: the time that each spans.

    Attributes:
        used_ms: when something was recorded last.
    """

    __slots__ = ("_current", "_samples", "_taken", "_window_ms", "used_ms")

    def __init__(self, samples: int, window_ms: int) -> None:
        self._samples = samples
        self._window_ms = window_ms
        self._taken: list[_Sample] = []
        self._current = 0
        self.used_ms = 0

    def record(self, value: float, now_ms: int) -> None:
        """Add a value; a negative one takes back."""
        if not self._taken:
            self._taken.append(_Sample(now_ms))
        sample = self._taken[self._current]
        if now_ms - sample.start_ms >= self._window_ms:
            sample = self._advance(now_ms)
        sample.value += value
        sample.last_ms = self.used_ms = now_ms

    def measure(self, now_ms: int) -> tuple[float, int]:
        """The rate per second, and the milliseconds that it is taken over."""
        oldest_ms = now_ms
        total = 0.0
        for sample in self._taken:
            if now_ms - sample.last_ms >= self._samples * self._window_ms:
                sample.reset(now_ms)
            total += sample.value
            oldest_ms = min(oldest_ms, sample.start_ms)
        elapsed_ms = now_ms - oldest_ms
        missing = self._samples - 1 - elapsed_ms // self._window_ms
        if missing > 0:
            elapsed_ms += missing * self._window_ms
        elapsed_ms = max(elapsed_ms, 1)
        return total / (elapsed_ms / 1000), elapsed_ms

    def _advance(self, now_ms: int) -> _Sample:
        self._current = (self._current + 1) % (self._samples + 1)
        if self._current == len(self._taken):
            self._taken.append(_Sample(now_ms))
        else:
            self._taken[self._current].reset(now_ms)
        return self._taken[self._current]


class TokenBucket:
    """What may still be done.

    Args:
        seconds: how long it takes to fill.
    """

    __slots__ = ("_filled_ms", "_seconds", "_tokens")

    def __init__(self, seconds: float) -> None:
        self._seconds = seconds
        self._tokens = 0.0
        self._filled_ms: int | None = None

    def record(self, value: float, quota: float, now_ms: int) -> None:
        """Take tokens out."""
        self._tokens = min(self._seconds * quota, self.measure(quota, now_ms) - value)

    def measure(self, quota: float, now_ms: int) -> float:
        """The tokens that are there; fewer than none where it was overdrawn."""
        most = self._seconds * quota
        if self._filled_ms is None:
            self._tokens = most
        else:
            self._tokens = min(most, self._tokens + quota * (now_ms - self._filled_ms) / 1000)
        self._filled_ms = now_ms
        return self._tokens
