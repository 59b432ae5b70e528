"""What holds for one group, its own configs or the brokers', at the price of a look-up: each heartbeat asks.

Kafka: `GroupConfigManager`.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from mockbroker.config.group_config import group_config_values

if TYPE_CHECKING:
    from mockbroker.config import Settings

__all__ = ["GroupConfigs"]


class GroupConfigs:
    """The configs of all groups.

    Args:
        overrides: the configs that groups have of their own, by group id; replaced as a whole when they change.
    """

    def __init__(self, settings: Settings, overrides: Mapping[str, Mapping[str, str]] | None) -> None:
        self._settings = settings
        self._overrides = {} if overrides is None else overrides
        self._defaults: Mapping[str, Any] | None = None
        self._known: dict[str, tuple[Mapping[str, str], Mapping[str, Any]]] = {}
        settings.on_change(self._forget)

    def of(self, group_id: str) -> Mapping[str, Any]:
        """The typed values in force for a group, by name ("consumer.session.timeout.ms")."""
        overrides = self._overrides.get(group_id)
        if overrides is None:
            if self._defaults is None:
                self._defaults = group_config_values(self._settings, {})
            return self._defaults
        known = self._known.get(group_id)
        if known is None or known[0] is not overrides:
            known = self._known[group_id] = overrides, group_config_values(self._settings, overrides)
        return known[1]

    def _forget(self, names: frozenset[str], broker_id: int | None) -> None:
        self._defaults = None
        self._known.clear()
