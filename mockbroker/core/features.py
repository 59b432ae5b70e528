"""Feature levels (KIP-584): what this release supports, and what the cluster has switched on.

The order is that of Kafka's own answers.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Final

__all__ = ["KRAFT_VERSION", "Features"]

KRAFT_VERSION: Final = "kraft.version"

#: What a 4.3 broker supports: the lowest and the highest level.
SUPPORTED_4_3 = {
    "group.version": (0, 1),
    "kraft.version": (0, 1),
    "metadata.version": (7, 30),
    "share.version": (0, 1),
    "streams.version": (0, 1),
    "transaction.version": (0, 2),
    "eligible.leader.replicas.version": (0, 1),
}

#: What a cluster freshly formatted by 4.3 has switched on.
FINALIZED_4_3 = {
    "group.version": 1,
    "kraft.version": 1,
    "share.version": 1,
    "metadata.version": 30,
    "streams.version": 1,
    "transaction.version": 2,
    "eligible.leader.replicas.version": 1,
}


class Features:
    """The features of a cluster.

    Attributes:
        supported: lowest and highest level by name.
        finalized: the level in force by name; a feature at level 0 is left out.
        known: further features that may be named, at level 0 only; None: whatever there is not may be.
        kraft_level: what controllers before 4.1 took the level of `kraft.version` for, whatever it was: they took
            another one, and nothing changed. None: its level is its level.
        epoch: grows with every change.
        listeners: called after each change.
    """

    def __init__(
        self,
        supported: Mapping[str, tuple[int, int]] | None = None,
        finalized: Mapping[str, int] | None = None,
        *,
        known: frozenset[str] | None = frozenset(),
        kraft_level: int | None = None,
    ) -> None:
        self.supported = dict(SUPPORTED_4_3 if supported is None else supported)
        self.finalized = dict(FINALIZED_4_3 if finalized is None else finalized)
        self.known = known
        self.kraft_level = kraft_level
        self.epoch = 1
        self.listeners: list[Callable[[], None]] = []

    def level(self, name: str) -> int:
        """The level in force; 0 when the feature is off."""
        return self.finalized.get(name, 0)

    def is_known(self, name: str) -> bool:
        """Whether a feature may be named at all."""
        return name in self.supported or self.known is None or name in self.known

    def set_levels(self, levels: Mapping[str, int]) -> None:
        """Put levels in force that have been checked; 0 switches a feature off."""
        for name, level in levels.items():
            if name == KRAFT_VERSION and self.kraft_level is not None:
                continue
            if level:
                self.finalized[name] = level
            else:
                self.finalized.pop(name, None)
        self.epoch += 1
        for listener in self.listeners:
            listener()
