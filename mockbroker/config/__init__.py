"""Every config under Kafka's own name, with Kafka's default, type, bounds and error texts."""

from mockbroker.config.definitions import Definition, DefinitionTable, parse_value
from mockbroker.config.log_config import LogConfig
from mockbroker.config.settings import Settings, SettingsView
from mockbroker.config.tables import BROKER, CLIENT_METRICS, GROUP, OUR_DEFAULTS, TOPIC
from mockbroker.config.topic_rules import validate_topic_configs
from mockbroker.config.values import ConfigError, ConfigType

__all__ = [
    "BROKER",
    "CLIENT_METRICS",
    "GROUP",
    "OUR_DEFAULTS",
    "TOPIC",
    "ConfigError",
    "ConfigType",
    "Definition",
    "DefinitionTable",
    "LogConfig",
    "Settings",
    "SettingsView",
    "parse_value",
    "validate_topic_configs",
]
