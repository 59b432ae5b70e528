"""The order in which the configs of a request are looked at, which decides what is complained of first."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from mockbroker.core.java_maps import hash_order

__all__ = ["in_hash_order"]


def in_hash_order(configs: Sequence[Any]) -> Sequence[Any]:
    """Configs, which have names, as a `HashMap` of them is walked."""
    if len(configs) < 2:
        return configs
    names = hash_order(dict.fromkeys(config.name for config in configs))
    places = {name: place for place, name in enumerate(names)}
    return sorted(configs, key=lambda config: places[config.name])
