"""What DescribeConfigs tells of a config, and where a broker's value comes from (Kafka: `ConfigHelper`)."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from enum import IntEnum
from typing import TYPE_CHECKING, Any, NamedTuple

from mockbroker.config.tables import BROKER, BROKER_QUOTA, broker_synonyms
from mockbroker.config.values import ConfigType, text_of

if TYPE_CHECKING:
    from mockbroker.config import Definition, Settings

__all__ = ["BrokerLayers", "ConfigEntry", "ConfigResourceType", "ConfigSource", "Synonym"]


class ConfigResourceType(IntEnum):
    """What a config belongs to (Kafka: `ConfigResource.Type`)."""

    UNKNOWN = 0
    TOPIC = 2
    BROKER = 4
    BROKER_LOGGER = 8
    CLIENT_METRICS = 16
    GROUP = 32


class ConfigSource(IntEnum):
    """Where a value comes from (Kafka: `DescribeConfigsResponse.ConfigSource`)."""

    UNKNOWN = 0
    TOPIC = 1
    DYNAMIC_BROKER = 2
    DYNAMIC_DEFAULT_BROKER = 3
    STATIC_BROKER = 4
    DEFAULT = 5
    DYNAMIC_BROKER_LOGGER = 6
    CLIENT_METRICS = 7
    GROUP = 8


class Synonym(NamedTuple):
    """A place where the value, or one that it takes precedence of, is set."""

    name: str
    value: str | None
    source: ConfigSource


class ConfigEntry(NamedTuple):
    """One config of one entity. `value` is None where there is none, and for a secret."""

    name: str
    value: str | None
    type: ConfigType
    source: ConfigSource
    is_read_only: bool
    is_sensitive: bool
    synonyms: tuple[Synonym, ...]

    @property
    def is_default(self) -> bool:
        """Whether nobody set it (the only thing that DescribeConfigs v0 tells of its source)."""
        return self.source is ConfigSource.DEFAULT

    @property
    def documentation(self) -> str | None:
        """One sentence on what it does; None for a config that no table has."""
        from mockbroker.config.documentation import documentation_of

        return documentation_of(self.name)


class BrokerLayers:
    """Where one broker's configs are set, from the nearest layer to the farthest."""

    def __init__(self, settings: Settings, node_id: int) -> None:
        self._release_defaults = settings.release_defaults
        self._layers: tuple[tuple[Mapping[str, str], ConfigSource], ...] = (
            (settings.dynamic_of(node_id), ConfigSource.DYNAMIC_BROKER),
            (settings.dynamic_default, ConfigSource.DYNAMIC_DEFAULT_BROKER),
            (settings.static_of(node_id), ConfigSource.STATIC_BROKER),
        )

    def synonyms(self, name: str) -> tuple[Synonym, ...]:
        """All that is set for `name`, beginning where `name` itself is set (Kafka: `configSynonyms`)."""
        is_sensitive = _is_sensitive(broker_definition(name))
        names = broker_synonyms(name)
        found = [
            Synonym(synonym, None if is_sensitive else layer[synonym], source)
            for layer, source in self._layers
            for synonym in names
            if synonym in layer
        ]
        for synonym in names:
            default = BROKER[synonym].default if synonym in BROKER else None
            default = self._release_defaults.get(synonym, default)
            if default is not None:
                found.append(Synonym(synonym, None if is_sensitive else default, ConfigSource.DEFAULT))
        while found and found[0].name != name:
            del found[0]
        return tuple(found)


def broker_definition(name: str) -> Definition | None:
    """What is known of a broker config, a listener's own one included."""
    for known in (name, *broker_synonyms(name)):
        for table in (BROKER, BROKER_QUOTA):
            if known in table:
                return table[known]
    return None


def _is_sensitive(definition: Definition | None) -> bool:
    # Of a config that no table has nobody knows whether it is a secret, so it counts as one.
    return definition is None or definition.is_sensitive


def broker_entry(name: str, value: Any, synonyms: Iterable[Synonym]) -> ConfigEntry:
    """A broker's config with its value, typed or as text."""
    definition = broker_definition(name)
    is_sensitive = _is_sensitive(definition)
    found = tuple(synonyms)
    return ConfigEntry(
        name,
        None if is_sensitive else text_of(value),
        ConfigType.UNKNOWN if definition is None else definition.type,
        found[0].source if found else ConfigSource.DEFAULT,
        definition is None or definition.name != name or definition.is_read_only,
        is_sensitive,
        found,
    )


def own_entry(
    definition: Definition, value: Any, own: ConfigSource | None, inherited: tuple[Synonym, ...]
) -> ConfigEntry:
    """The config of a topic, a group or a subscription.

    Args:
        own: the source of a value that the entity has itself; None where it has none.
        inherited: what is set elsewhere.
    """
    text = text_of(value)
    synonyms = inherited if own is None else (Synonym(definition.name, text, own), *inherited)
    source = synonyms[0].source if synonyms else ConfigSource.DEFAULT
    return ConfigEntry(definition.name, text, definition.type, source, False, False, synonyms)
