"""What DescribeConfigs tells of a config, and where a broker's value comes from (Kafka: `ConfigHelper`)."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from enum import IntEnum
from typing import TYPE_CHECKING, Any, NamedTuple

from mockbroker.config.tables import broker_synonyms
from mockbroker.config.values import ConfigType, text_of

if TYPE_CHECKING:
    from mockbroker.config import Definition, Settings
    from mockbroker.config.catalog import Catalog

__all__ = [
    "BrokerLayers",
    "ConfigEntry",
    "ConfigResourceType",
    "ConfigSource",
    "Synonym",
    "broker_entry",
    "own_entry",
    "resource_types",
]


class ConfigResourceType(IntEnum):
    """What a config belongs to (Kafka: `ConfigResource.Type`)."""

    UNKNOWN = 0
    TOPIC = 2
    BROKER = 4
    BROKER_LOGGER = 8
    CLIENT_METRICS = 16
    GROUP = 32


#: The releases, of those that can be emulated, since which there are configs of these.
_SINCE = {
    ConfigResourceType.BROKER_LOGGER: "2.8",
    ConfigResourceType.CLIENT_METRICS: "3.9",
    ConfigResourceType.GROUP: "4.0",
}


def resource_types(catalog: Catalog) -> frozenset[ConfigResourceType]:
    """The kinds of entities that have configs in a release."""
    return frozenset(
        kind
        for kind in ConfigResourceType
        if kind is not ConfigResourceType.UNKNOWN and not catalog.is_before(_SINCE.get(kind, "0.11"))
    )


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
    """Where one broker's configs are set, from the nearest layer to the farthest.

    Attributes:
        catalog: the configs of the release.
    """

    def __init__(self, settings: Settings, node_id: int) -> None:
        self.catalog = settings.catalog
        self._layers: tuple[tuple[Mapping[str, str], ConfigSource], ...] = (
            (settings.dynamic_of(node_id), ConfigSource.DYNAMIC_BROKER),
            (settings.dynamic_default, ConfigSource.DYNAMIC_DEFAULT_BROKER),
            (settings.static_of(node_id), ConfigSource.STATIC_BROKER),
        )

    def synonyms(self, name: str) -> tuple[Synonym, ...]:
        """All that is set for `name`, beginning where `name` itself is set (Kafka: `configSynonyms`)."""
        is_sensitive = _is_sensitive(self.catalog.broker_definition(name))
        names = broker_synonyms(name)
        found = [
            Synonym(synonym, None if is_sensitive else layer[synonym], source)
            for layer, source in self._layers
            for synonym in names
            if synonym in layer
        ]
        for synonym in names:
            broker = self.catalog.broker
            default = broker[synonym].default if synonym in broker else None
            if default is not None:
                found.append(Synonym(synonym, None if is_sensitive else default, ConfigSource.DEFAULT))
        while found and found[0].name != name:
            del found[0]
        return tuple(found)


def _is_sensitive(definition: Definition | None) -> bool:
    # Of a config that no table has nobody knows whether it is a secret, so it counts as one.
    return definition is None or definition.is_sensitive


def broker_entry(catalog: Catalog, name: str, value: Any, synonyms: Iterable[Synonym]) -> ConfigEntry:
    """A broker's config with its value, typed or as text."""
    definition = catalog.broker_definition(name)
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
