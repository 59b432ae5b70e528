"""What must hold of a topic's configs when they are set (Kafka: `LogConfig.validate`)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from mockbroker.config.log_config import topic_values
from mockbroker.config.values import ConfigError, text_of

if TYPE_CHECKING:
    from mockbroker.config.in_force import InForce

__all__ = ["MAX_VALUE_LENGTH", "check_value_lengths", "validate_topic_configs"]

#: Longer values do not fit into the metadata log.
MAX_VALUE_LENGTH = 32767


def validate_topic_configs(
    settings: InForce, configs: Mapping[str, str | None], existing: Mapping[str, str] | None = None
) -> None:
    """Check all the configs that a topic is to have, as CreateTopics and the alterations of configs do.

    Args:
        settings: the controller's.
        configs: the topic's own configs by name.
        existing: those it had before; None for a new topic.

    Raises:
        ConfigError: they are refused, with the text that Kafka answers beside INVALID_CONFIG.
    """
    nulls = [name for name, text in configs.items() if text is None]
    if nulls:
        text = "Null value not supported for topic configs: " + ",".join(nulls)
        raise ConfigError(nulls[0], None, text=text)
    given = {name: text for name, text in configs.items() if text is not None}
    check_value_lengths(given)
    for name, value in given.items():
        if name not in settings.catalog.topic:
            raise ConfigError(name, value, text=f"Unknown topic config name: {name}")
    values = topic_values(settings, given)
    _check_compaction_lags(values)
    if settings.catalog.is_before("3.9"):
        # Remote storage was in the making, and nothing was said of it yet.
        return
    if values["remote.storage.enable"]:
        _check_remote_storage(settings, values)
    elif (existing or {}).get("remote.storage.enable", "").lower() == "true":
        _check_turning_off(values)


def check_value_lengths(configs: Mapping[str, str]) -> None:
    """Refuse values that the metadata log cannot hold.

    Raises:
        ConfigError: one is too long.
    """
    for name, text in configs.items():
        if len(text) > MAX_VALUE_LENGTH:
            limit = f"it exceeds the maximum value size of {MAX_VALUE_LENGTH} bytes."
            raise ConfigError(name, text, text=f"The configuration value cannot be added because {limit}")


def _check_compaction_lags(values: Mapping[str, Any]) -> None:
    least, most = values["min.compaction.lag.ms"], values["max.compaction.lag.ms"]
    if least > most:
        text = f"min.compaction.lag.ms ({least}) > max.compaction.lag.ms ({most})"
        raise ConfigError("min.compaction.lag.ms", least, text=f"conflict topic config setting {text}")


def _check_remote_storage(settings: InForce, values: Mapping[str, Any]) -> None:
    name = "remote.storage.enable"
    if not settings["remote.log.storage.system.enable"]:
        text = "Tiered Storage functionality is disabled in the broker. "
        raise ConfigError(name, "true", text=text + "Topic cannot be configured with remote log storage.")
    if values["cleanup.policy"] not in ([], ["delete"]):
        policies = "cleanup.policy=delete or cleanup.policy being an empty list."
        raise ConfigError(name, "true", text=f"Remote log storage only supports topics with {policies}")
    for unit in ("bytes", "ms"):
        _check_local_retention(values, unit)
    if values["remote.log.copy.disable"]:
        for unit in ("bytes", "ms"):
            local, whole = values[f"local.retention.{unit}"], values[f"retention.{unit}"]
            if local not in (-2, whole):
                raise ConfigError(
                    f"local.retention.{unit}",
                    local,
                    text=f"When `remote.log.copy.disable` is set to true, the `local.retention.{unit}` and "
                    f"`retention.{unit}` must be set to the identical value because there will be no more logs "
                    "copied to the remote storage.",
                )


def _check_local_retention(values: Mapping[str, Any], unit: str) -> None:
    name = f"local.retention.{unit}"
    local, whole = values[name], values[f"retention.{unit}"]
    if whole == -1 or local == -2:
        return
    if local == -1:
        raise ConfigError(name, local, f"Value must not be -1 as retention.{unit} value is set as {whole}.")
    if local > whole:
        reason = f"Value must not be more than retention.{unit} property value: {whole}"
        raise ConfigError(name, local, reason)


def _check_turning_off(values: Mapping[str, Any]) -> None:
    if not values["remote.log.delete.on.disable"]:
        text = (
            "It is invalid to disable remote storage without deleting remote data. If you want to keep the remote data "
            "and turn to read only, please set `remote.storage.enable=true,remote.log.copy.disable=true`. If you want "
            "to disable remote storage and delete all remote data, please set "
            "`remote.storage.enable=false,remote.log.delete.on.disable=true`."
        )
        name = "remote.storage.enable"
        raise ConfigError(name, text_of(values[name]), text=text)
