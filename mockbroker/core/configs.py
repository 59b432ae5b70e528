"""All configs of a cluster: those of brokers, topics, groups, client metrics subscriptions and loggers, as
DescribeConfigs tells of them.

Rules kept here (Kafka: `ConfigHelper`, KIP-226, KIP-412, KIP-524, KIP-714, KIP-848):

- A topic must exist; a group or a subscription need not, and is then described with its defaults.
- A broker answers for itself and for the cluster's default, and refuses to speak for another broker.
- Configs come in the order in which Kafka's hash maps hold them.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from typing import TYPE_CHECKING, NamedTuple

from mockbroker.config.client_metrics import client_metrics_config
from mockbroker.config.group_config import group_config_values
from mockbroker.config.log_config import topic_values
from mockbroker.config.tables import CLIENT_METRICS, GROUP_SYNONYMS
from mockbroker.config.values import ConfigType, text_of
from mockbroker.core.config_entries import (
    BrokerLayers,
    ConfigEntry,
    ConfigResourceType,
    ConfigSource,
    Synonym,
    broker_entry,
    own_entry,
    resource_types,
)
from mockbroker.core.java_maps import concurrent_map_order, hash_order, persistent_map_order
from mockbroker.core.java_strings import parse_int32, string_hash
from mockbroker.core.loggers import Loggers
from mockbroker.core.topics import check_topic_name
from protocol_specs.errors import ErrorCode, KafkaError

if TYPE_CHECKING:
    from mockbroker.config import Settings
    from mockbroker.core.cluster import Cluster

__all__ = ["Configs", "Described"]


class Described(NamedTuple):
    """The answer for one entity. Where Kafka sets no message, it is its field's default, an empty text."""

    code: ErrorCode
    message: str
    entries: list[ConfigEntry]


class Configs:
    """The configs of everything in one cluster.

    Attributes:
        groups: the configs that groups have of their own, as text, by group id; no group is without any.
        client_metrics: the same of client metrics subscriptions by name.
        client_metrics_version: grows with each change of these.
        loggers: the log levels of each broker.
    """

    def __init__(self, settings: Settings, cluster: Cluster) -> None:
        self.settings = settings
        self.cluster = cluster
        self.groups: dict[str, dict[str, str]] = {}
        self.client_metrics: dict[str, dict[str, str]] = {}
        self.client_metrics_version = 0
        self.loggers = Loggers()

    def group_config(self, group_id: str) -> dict[str, object]:
        """The typed values in force for a group, by name ("consumer.session.timeout.ms")."""
        return group_config_values(self.settings, self.groups.get(group_id, {}))

    def resources(self, kinds: Collection[int]) -> list[tuple[ConfigResourceType, str]]:
        """What there is to describe of these kinds, in the order of Kafka's answer (KIP-1142).

        Groups and subscriptions without configs of their own are not among them.
        """
        brokers = [str(node.id) for node in self.cluster.live_nodes()]
        names: dict[ConfigResourceType, Iterable[str]] = {
            ConfigResourceType.GROUP: concurrent_map_order(self.groups, string_hash),
            ConfigResourceType.CLIENT_METRICS: concurrent_map_order(self.client_metrics, string_hash),
            ConfigResourceType.BROKER_LOGGER: brokers,
            ConfigResourceType.BROKER: brokers,
            ConfigResourceType.TOPIC: persistent_map_order(self.cluster.topics, string_hash),
        }
        return [(kind, name) for kind, of_kind in names.items() if kind in kinds for name in of_kind]

    def describe(
        self, node_id: int, resource_type: int, name: str, keys: Collection[str] | None = None
    ) -> Described:
        """Describe whatever is asked for.

        Args:
            node_id: the broker that is asked.
            resource_type: a `ConfigResourceType`.
            keys: the configs wanted; None or none are all.

        Raises:
            KafkaError: INVALID_REQUEST: there is no such type. The whole request is refused for it.
        """
        if resource_type not in resource_types(self.settings.catalog):
            raise KafkaError(ErrorCode.INVALID_REQUEST)
        try:
            entries = self._entries(node_id, resource_type, name)
        except KafkaError as error:
            is_unknown_topic = error.code is ErrorCode.UNKNOWN_TOPIC_OR_PARTITION
            return Described(error.code, "" if is_unknown_topic else error.message or "", [])
        if keys:
            entries = [entry for entry in entries if entry.name in keys]
        return Described(ErrorCode.NONE, "", entries)

    def _entries(self, node_id: int, resource_type: int, name: str) -> list[ConfigEntry]:
        if resource_type == ConfigResourceType.TOPIC:
            return self.describe_topic(name, node_id)
        if resource_type == ConfigResourceType.BROKER:
            return self.describe_broker(name, node_id)
        if resource_type == ConfigResourceType.BROKER_LOGGER:
            return self.describe_broker_logger(name, node_id)
        if resource_type == ConfigResourceType.CLIENT_METRICS:
            return self.describe_client_metrics(name)
        return self.describe_group(name, node_id)

    def describe_topic(self, name: str, node_id: int) -> list[ConfigEntry]:
        """
        Raises:
            KafkaError: INVALID_TOPIC_EXCEPTION, UNKNOWN_TOPIC_OR_PARTITION.
        """
        check_topic_name(name)
        return self.topic_entries(self.cluster.topic(name).overrides, node_id)

    def topic_entries(
        self, overrides: Mapping[str, str], node_id: int, *, shows_internal: bool = False
    ) -> list[ConfigEntry]:
        """The configs of a topic that sets these itself.

        Args:
            shows_internal: whether configs that DescribeConfigs shows only where they are set are among them.
        """
        values = topic_values(self.settings.for_broker(node_id), overrides)
        layers = BrokerLayers(self.settings, node_id)
        catalog = self.settings.catalog
        entries = []
        hidden = [
            key for key in (catalog.topic if shows_internal else overrides) if catalog.topic[key].is_internal
        ]
        for key in _shown(catalog.topic.described, hidden):
            own = ConfigSource.TOPIC if key in overrides else None
            synonym = catalog.topic_synonyms.get(key)
            inherited = () if synonym is None else layers.synonyms(synonym)
            entries.append(own_entry(catalog.topic[key], values[key], own, inherited))
        return entries

    def describe_broker(self, name: str, node_id: int) -> list[ConfigEntry]:
        """
        Args:
            name: the id of the broker that is asked, or "" for the cluster's default.

        Raises:
            KafkaError: INVALID_REQUEST.
        """
        layers = BrokerLayers(self.settings, node_id)
        if not name:
            default = self.settings.dynamic_default
            return [
                broker_entry(layers.catalog, key, default[key], _of_default(layers, key))
                for key in hash_order(default)
            ]
        if _broker_id(name) != node_id:
            expected = f"expected {node_id} or empty string, but received {name}"
            raise KafkaError(ErrorCode.INVALID_REQUEST, f"Unexpected broker id, {expected}")
        settings = self.settings.for_broker(node_id)
        properties = settings.properties
        in_order = layers.catalog.broker.described
        described = frozenset(in_order)
        entries = []
        for key in _shown(in_order, [key for key in properties if key not in described]):
            value = settings[key] if key in described else properties[key]
            entries.append(broker_entry(layers.catalog, key, value, layers.synonyms(key)))
        return entries

    def describe_group(self, name: str, node_id: int) -> list[ConfigEntry]:
        """
        Raises:
            KafkaError: INVALID_REQUEST.
        """
        if not name:
            raise KafkaError(ErrorCode.INVALID_REQUEST, "Group name must not be empty")
        overrides = self.groups.get(name, {})
        values = group_config_values(self.settings.for_broker(node_id), overrides, are_bounded=False)
        layers = BrokerLayers(self.settings, node_id)
        entries = []
        table = self.settings.catalog.group
        names_brokers_config = not self.settings.catalog.is_before("4.3")
        for key in hash_order(table.described):
            definition, synonym = table[key], GROUP_SYNONYMS.get(key)
            if synonym and names_brokers_config:
                inherited = layers.synonyms(synonym)
            else:
                default = text_of(self.settings[synonym]) if synonym else definition.default
                inherited = (Synonym(key, default, ConfigSource.DEFAULT),)
            own = ConfigSource.GROUP if key in overrides else None
            if own and not names_brokers_config:
                inherited = ()
            entries.append(own_entry(definition, values[key], own, inherited))
        return entries

    def describe_client_metrics(self, name: str) -> list[ConfigEntry]:
        """
        Raises:
            KafkaError: INVALID_REQUEST.
        """
        if not name:
            text = "Client metrics subscription name must not be empty"
            raise KafkaError(ErrorCode.INVALID_REQUEST, text)
        overrides = self.client_metrics.get(name, {})
        values = client_metrics_config(overrides)
        if self.settings.catalog.is_before("4.1"):
            return [
                ConfigEntry(
                    key,
                    text_of(values[key]),
                    ConfigType.UNKNOWN,
                    ConfigSource.CLIENT_METRICS,
                    False,
                    False,
                    (),
                )
                for key in hash_order(overrides)
            ]
        entries = []
        for key in hash_order(CLIENT_METRICS.described):
            own = ConfigSource.CLIENT_METRICS if key in overrides else None
            entries.append(own_entry(CLIENT_METRICS[key], values[key], own, ()))
        return entries

    def describe_broker_logger(self, name: str, node_id: int) -> list[ConfigEntry]:
        """
        Raises:
            KafkaError: INVALID_REQUEST.
        """
        if not name:
            raise KafkaError(ErrorCode.INVALID_REQUEST, "Broker id must not be empty")
        if _broker_id(name) != node_id:
            text = f"Unexpected broker id, expected {node_id} but received {name}"
            raise KafkaError(ErrorCode.INVALID_REQUEST, text)
        source = ConfigSource.DYNAMIC_BROKER_LOGGER
        levels = self.loggers.levels_of(node_id)
        return [
            ConfigEntry(logger, level, ConfigType.UNKNOWN, source, False, False, ())
            for logger, level in levels.items()
        ]


def _shown(described: Iterable[str], others: Iterable[str]) -> list[str]:
    """What is set but in no table comes first."""
    return [*hash_order(others), *hash_order(described)]


def _of_default(layers: BrokerLayers, name: str) -> Iterable[Synonym]:
    synonyms = layers.synonyms(name)
    return [synonym for synonym in synonyms if synonym.source is ConfigSource.DYNAMIC_DEFAULT_BROKER]


def _broker_id(name: str) -> int:
    try:
        return parse_int32(name)
    except ValueError:
        text = f"Broker id must be an integer, but it is: {name}"
        raise KafkaError(ErrorCode.INVALID_REQUEST, text) from None
