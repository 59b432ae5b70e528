"""The configs of a client metrics subscription (KIP-714; Kafka: `ClientMetricsConfigs`)."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any, Final

from mockbroker.config.definitions import parse_value
from mockbroker.config.tables import CLIENT_METRICS
from mockbroker.config.values import ConfigError

__all__ = ["client_metrics_config", "parse_matches"]

_INTERVALS_MS: Final = range(100, 3_600_001)

_MATCHABLE: Final = frozenset(
    {
        "client_id",
        "client_instance_id",
        "client_software_name",
        "client_software_version",
        "client_source_address",
        "client_source_port",
    }
)


class UnfitConfigError(ConfigError):
    """Kafka answers it with INVALID_REQUEST, where it answers other errors of configs with INVALID_CONFIG."""


def client_metrics_config(configs: Mapping[str, str]) -> dict[str, Any]:
    """The typed value of each config of a subscription, checked.

    Raises:
        UnfitConfigError: an unknown name, or an interval out of bounds.
        ConfigError: any other value that is not allowed.
    """
    for name, text in configs.items():
        if name not in CLIENT_METRICS:
            raise UnfitConfigError(name, text, text=f"Unknown client metrics configuration: {name}")
    values = {
        name: parse_value(definition, configs[name]) if name in configs else definition.default_value
        for name, definition in CLIENT_METRICS.items()
    }
    interval = values["interval.ms"]
    if interval not in _INTERVALS_MS:
        text = f"Invalid value {interval} for interval.ms, interval must be between 100 and 3600000 (1 hour)"
        raise UnfitConfigError("interval.ms", interval, text=text)
    parse_matches(values["match"])
    return values


def parse_matches(patterns: Sequence[str]) -> dict[str, re.Pattern[str]]:
    """What a client must be like, by `client_id` and the like: each pattern must match the whole of its value.

    Raises:
        ConfigError: a pattern cannot be read.
    """
    matches = {}
    for pattern in patterns:
        parts = pattern.rstrip("=").split("=")
        name = parts[0].strip()
        if len(parts) == 2 and name in _MATCHABLE:
            try:
                matches[name] = re.compile(parts[1].strip())
                continue
            except re.error:
                pass
        raise ConfigError("match", pattern, text=f"Illegal client matching pattern: {pattern}")
    return matches
