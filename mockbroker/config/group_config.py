"""A group's configs (KIP-848, KIP-932, KIP-1071): what it may set, and what holds for it (Kafka: `GroupConfig`)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any, Final

from mockbroker.config.definitions import parse_value
from mockbroker.config.tables import GROUP, GROUP_SYNONYMS
from mockbroker.config.values import ConfigError

if TYPE_CHECKING:
    from mockbroker.config.in_force import InForce

__all__ = ["group_config_values", "validate_group_configs"]

#: What the broker bounds, in the order in which Kafka looks, with the bounds' own names.
_BOUNDED: Final = (
    ("consumer", "heartbeat.interval.ms"),
    ("consumer", "session.timeout.ms"),
    ("consumer", "assignment.interval.ms"),
    ("share", "heartbeat.interval.ms"),
    ("share", "session.timeout.ms"),
    ("share", "record.lock.duration.ms"),
    ("share", "delivery.count.limit"),
    ("share", "partition.max.record.locks"),
    ("share", "assignment.interval.ms"),
    ("streams", "heartbeat.interval.ms"),
    ("streams", "session.timeout.ms"),
    ("streams", "num.standby.replicas"),
    ("streams", "assignment.interval.ms"),
)


def _bounds() -> Iterator[tuple[str, str | None, str]]:
    for kind, name in _BOUNDED:
        if name == "num.standby.replicas":
            yield f"{kind}.{name}", None, f"group.{kind}.max.standby.replicas"
        else:
            yield f"{kind}.{name}", f"group.{kind}.min.{name}", f"group.{kind}.max.{name}"


def group_config_values(
    settings: InForce, overrides: Mapping[str, str], *, are_bounded: bool = True
) -> dict[str, Any]:
    """The typed value of each group config for a group with these overrides, also of those that the release lacks.

    Args:
        are_bounded: whether overrides that the broker's bounds have come to exclude count as the nearest bound, as they
            do for the group itself (Kafka: `GroupConfig.evaluate`).

    Raises:
        ConfigError: a value of `overrides` is not allowed.
    """
    values: dict[str, Any] = {}
    table = settings.catalog.group
    for name in GROUP:
        if name in overrides:
            values[name] = parse_value(table[name], overrides[name])
        elif name in GROUP_SYNONYMS:
            values[name] = settings[GROUP_SYNONYMS[name]]
        else:
            values[name] = GROUP[name].default_value
    if are_bounded:
        for name, low, high in _bounds():
            if name in overrides:
                least = values[name] if low is None else settings[low]
                values[name] = max(least, min(values[name], settings[high]))
    return values


def validate_group_configs(settings: InForce, configs: Mapping[str, str]) -> None:
    """Check all the configs that a group is to have.

    Raises:
        ConfigError: they are refused, with the text that Kafka answers beside INVALID_CONFIG.
    """
    for name, text in configs.items():
        if name not in settings.catalog.group:
            raise ConfigError(name, text, text=f"Unknown group config name: {name}")
    values = group_config_values(settings, configs, are_bounded=False)
    for name, low, high in _bounds():
        if low is not None and values[name] < settings[low]:
            _refuse(name, values, f"must be greater than or equal to {low}")
        if values[name] > settings[high]:
            _refuse(name, values, f"must be less than or equal to {high}")
    for kind in ("consumer", "share", "streams"):
        session, heartbeat = f"{kind}.session.timeout.ms", f"{kind}.heartbeat.interval.ms"
        if values[session] <= values[heartbeat]:
            _refuse(session, values, f"must be greater than {heartbeat}")


def _refuse(name: str, values: Mapping[str, Any], words: str) -> None:
    raise ConfigError(name, values[name], text=f"{name} {words}")
