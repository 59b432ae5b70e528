"""A cluster's broker configs: what was given at start, what was changed since, and what holds now.

Rules kept here (Kafka: `DynamicBrokerConfig`):

- What is set for one broker comes before the cluster's default, that before what was given at start, and that
  before the config's default.
- A config set in one layer takes the place of its synonyms in the layers below: a dynamic `log.roll.hours` puts a
  static `log.roll.ms` out of force, although `log.roll.ms` otherwise comes first.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Final

from mockbroker.config.catalog import NEWEST, Catalog
from mockbroker.config.definitions import parse_value
from mockbroker.config.log_config import LogConfig, topic_defaults, topic_values
from mockbroker.config.static_rules import clamp_intervals, validate_static
from mockbroker.config.tables import broker_synonyms
from mockbroker.config.values import parse_type

__all__ = ["Listener", "Settings", "SettingsView"]

#: Called as `listener(names, broker_id)` after the values have changed; broker_id is None for the cluster's default.
Listener = Callable[[frozenset[str], "int | None"], None]

#: The first broker's id where `node.id` was not given.
_FIRST_NODE_ID: Final = 1

#: Of the releases that can be emulated, those before it have controllers that keep everything in ZooKeeper.
_FIRST_WITHOUT_ZOOKEEPER: Final = "3.0"

_MIN_ISR: Final = "min.insync.replicas"


class SettingsView:
    """The configs in force for one broker, or by default in the cluster, as typed values by Kafka's names.

    Attributes:
        catalog: the configs that the release has.
    """

    catalog: Catalog = NEWEST

    def __init__(self) -> None:
        self._values: dict[str, Any] = {}
        self._properties: dict[str, str] | None = None
        self._topic_defaults: dict[str, Any] | None = None
        self._log_config: LogConfig | None = None

    def __getitem__(self, name: str) -> Any:
        """The value in force: a bool, int, float, str, list[str], or None where there is none.

        Raises:
            KeyError: no broker config has this name.
        """
        try:
            return self._values[name]
        except KeyError:
            definition = self.catalog.definition_of_value(name)
            text = self.properties.get(name)
            if text is None and name in self.catalog.broker:
                value = parse_type(name, self.catalog.broker[name].default, definition.type)
            elif text is None:
                value = definition.default_value
            else:
                value = parse_value(definition, text)
            self._values[name] = value
            return value

    @property
    def properties(self) -> dict[str, str]:
        """What is set, in whatever layer, and in force: text by name."""
        if self._properties is None:
            self._properties = self._merge()
        return self._properties

    @property
    def topic_defaults(self) -> dict[str, Any]:
        """The typed value of each topic config for a topic that sets none."""
        if self._topic_defaults is None:
            self._topic_defaults = topic_defaults(self)
        return self._topic_defaults

    def log_config(self, overrides: Mapping[str, str]) -> LogConfig:
        """The configs of a topic with these overrides.

        Args:
            overrides: the topic's own configs as text; unknown names are passed over, as Kafka does when it starts.

        Raises:
            ConfigError: a value of `overrides` is not allowed.
        """
        if overrides:
            return LogConfig(topic_values(self, overrides))
        if self._log_config is None:
            self._log_config = LogConfig(self.topic_defaults)
        return self._log_config

    def _take_catalog(self, catalog: Catalog) -> None:
        if catalog is not NEWEST:
            self.catalog = catalog

    def _merge(self) -> dict[str, str]:
        raise NotImplementedError

    def _forget(self) -> None:
        self._values.clear()
        self._properties = self._topic_defaults = self._log_config = None


class _BrokerSettings(SettingsView):
    def __init__(self, cluster: Settings, broker_id: int) -> None:
        super().__init__()
        self._take_catalog(cluster.catalog)
        self._cluster = cluster
        self._broker_id = broker_id

    def _merge(self) -> dict[str, str]:
        cluster = self._cluster
        properties = cluster.static_of(self._broker_id)
        override(properties, cluster.dynamic_default)
        override(properties, cluster.dynamic_of(self._broker_id))
        return clamp_intervals(properties)


class Settings(SettingsView):
    """The configs of a cluster's brokers. Indexed itself, it gives what holds for a broker that sets nothing.

    Args:
        static: the properties given at start.
        is_elr_enabled: whether eligible leader replicas are on, as in every new cluster since 4.1. Then the controller
            has made `min.insync.replicas` a dynamic default at once (KIP-966).
        catalog: the configs of the release to be.

    Raises:
        ConfigError: a property that no broker has, or a value that is not allowed.
    """

    def __init__(
        self,
        static: Mapping[str, str] | None = None,
        *,
        is_elr_enabled: bool = True,
        catalog: Catalog = NEWEST,
    ) -> None:
        super().__init__()
        self._take_catalog(catalog)
        self.static = dict(static or {})
        self.dynamic_default: dict[str, str] = {}
        self._static_of: dict[int, dict[str, str]] = {}
        self._dynamic_of: dict[int, dict[str, str]] = {}
        self._views: dict[int, SettingsView] = {}
        self._listeners: list[Listener] = []
        validate_static(self.static, self)
        if is_elr_enabled:
            self.set_dynamic(None, {_MIN_ISR: str(self[_MIN_ISR])})

    @property
    def first_node_id(self) -> int:
        """The id of the cluster's first broker; the others count up from it."""
        node_id = self["node.id"]
        # Before 4.0 the default was -1, in the place of none.
        return _FIRST_NODE_ID if node_id is None or node_id < 0 else int(node_id)

    def for_broker(self, broker_id: int) -> SettingsView:
        """The configs in force for one broker."""
        view = self._views.get(broker_id)
        if view is None:
            view = self._views[broker_id] = _BrokerSettings(self, broker_id)
        return view

    def set_static(self, broker_id: int, properties: Mapping[str, str]) -> None:
        """Give one broker properties of its own as if they had been given at start: its rack, say, or listeners."""
        own = self._static_of.setdefault(broker_id, {})
        own.update(properties)
        self._changed(frozenset(properties), broker_id)

    def static_of(self, broker_id: int) -> dict[str, str]:
        """A copy of what one broker was given at start, with what every broker must be given."""
        own_id = str(broker_id)
        if self.catalog.is_before(_FIRST_WITHOUT_ZOOKEEPER):
            return {
                "zookeeper.connect": "127.0.0.1:2181",
                **self.static,
                **self._static_of.get(broker_id, {}),
                "broker.id": own_id,
            }
        return {
            "process.roles": "broker,controller",
            "controller.listener.names": "CONTROLLER",
            **self.static,
            **self._static_of.get(broker_id, {}),
            "node.id": own_id,
            "broker.id": own_id,
        }

    def dynamic_of(self, broker_id: int) -> Mapping[str, str]:
        """What was set for one broker at run time."""
        return self._dynamic_of.get(broker_id, {})

    @property
    def not_honoured(self) -> list[str]:
        """What was given at start and has no effect here, sorted."""
        from mockbroker.config.honoured import HONOURED

        return sorted(name for name in self.static if name not in HONOURED)

    @property
    def brokers_with_configs(self) -> list[int]:
        """The brokers for which something was set at run time."""
        return sorted(self._dynamic_of)

    def set_dynamic(self, broker_id: int | None, configs: Mapping[str, str]) -> None:
        """Replace what was set at run time for one broker, or for None as the cluster's default.

        The values must have been checked.
        """
        before = self.dynamic_default if broker_id is None else self._dynamic_of.get(broker_id, {})
        after = dict(configs)
        changed = frozenset(name for name in {**before, **after} if before.get(name) != after.get(name))
        if broker_id is None:
            self.dynamic_default = after
        elif after:
            self._dynamic_of[broker_id] = after
        else:
            self._dynamic_of.pop(broker_id, None)
        if changed:
            self._changed(changed, broker_id)

    def on_change(self, listener: Listener) -> None:
        """Call `listener(names, broker_id)` after every change."""
        self._listeners.append(listener)

    def _changed(self, names: frozenset[str], broker_id: int | None) -> None:
        self._forget()
        for view in self._views.values():
            view._forget()
        for listener in self._listeners:
            listener(names, broker_id)

    def _merge(self) -> dict[str, str]:
        properties = dict(self.static)
        override(properties, self.dynamic_default)
        return clamp_intervals(properties)


def override(properties: dict[str, str], configs: Mapping[str, str]) -> None:
    """Lay `configs` over `properties`, putting the synonyms of each out of force."""
    for name, text in configs.items():
        for synonym in broker_synonyms(name, of_listeners=False):
            properties.pop(synonym, None)
        properties[name] = text
