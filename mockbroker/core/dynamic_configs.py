"""What must hold of broker configs that are changed at run time (Kafka: `DynamicBrokerConfig`).

A broker refuses a change before it reaches the controller, always with INVALID_REQUEST.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Final

from mockbroker.config.broker_rules import broken_rules
from mockbroker.config.definitions import DefinitionTable, parse_value
from mockbroker.config.settings import SettingsView, override
from mockbroker.config.tables import BROKER_QUOTA, listener_config_base
from mockbroker.config.values import ConfigError, ConfigType, text_of
from mockbroker.core.java_maps import hash_order

if TYPE_CHECKING:
    from mockbroker.config.catalog import Catalog
    from mockbroker.config.settings import Settings

__all__ = ["check_dynamic_configs"]

#: May be changed for one listener only, under its prefix (Kafka: `SslConfigs.RECONFIGURABLE_CONFIGS`).
_OF_ONE_LISTENER: Final = frozenset(
    {
        "ssl.key.password",
        "ssl.keystore.certificate.chain",
        "ssl.keystore.key",
        "ssl.keystore.location",
        "ssl.keystore.password",
        "ssl.keystore.type",
        "ssl.truststore.certificates",
        "ssl.truststore.location",
        "ssl.truststore.password",
        "ssl.truststore.type",
    }
)

#: Of a listener's own configs, those that may be changed for the whole cluster.
_OF_LISTENERS_IN_CLUSTER: Final = ("max.connections", "max.connection.creation.rate", "num.network.threads")

#: How many members Scala's small sets have at most.
_SMALL: Final = 4

_THREADS: Final = (
    "num.network.threads",
    "num.io.threads",
    "num.replica.fetchers",
    "num.recovery.threads.per.data.dir",
    "background.threads",
    "remote.log.reader.threads",
    "remote.log.manager.copier.thread.pool.size",
    "remote.log.manager.expiration.thread.pool.size",
    "remote.log.manager.follower.thread.pool.size",
)


class _Proposed(SettingsView):
    """What would hold if these properties were in force."""

    def __init__(self, properties: dict[str, str], catalog: Catalog) -> None:
        super().__init__()
        self._take_catalog(catalog)
        self._proposed = properties

    def _merge(self) -> dict[str, str]:
        return self._proposed


def check_dynamic_configs(
    settings: Settings, node_id: int, broker_id: int | None, configs: Mapping[str, str]
) -> None:
    """Check all that is to be set at run time for one broker, or for None as the cluster's default.

    Args:
        node_id: the broker that checks it.
        configs: what is to be set in all, not only what changes.

    Raises:
        ConfigError: it is refused.
    """
    broker = settings.catalog.broker
    configs = {name: text for name, text in configs.items() if not name.startswith("config.providers")}
    show = _set_text if settings.catalog.is_before("4.3") else _list_text
    _refuse_any("Cannot update these configs dynamically", _static_ones(configs, broker), show)
    per_listener = (
        "These security configs can be dynamically updated only per-listener using the listener prefix"
    )
    _refuse_any(per_listener, [name for name in configs if name in _OF_ONE_LISTENER], show)
    _check_types(configs, broker)
    if broker_id is None:
        per_broker = "Cannot update these configs at default cluster level, broker id must be specified"
        _refuse_any(per_broker, [name for name in configs if _is_of_one_broker(name, broker)], show)
    properties = settings.static_of(node_id)
    default, own = settings.dynamic_default, settings.dynamic_of(node_id)
    for layer in (configs, own) if broker_id is None else (default, configs):
        override(properties, layer)
    proposed, current = _Proposed(properties, settings.catalog), settings.for_broker(node_id)
    for rule in broken_rules(proposed):
        text = f"requirement failed: {rule.text}" if rule.is_requirement else rule.text
        raise ConfigError(rule.names[0], text_of(proposed[rule.names[0]]), text=text)
    _check_listeners(proposed, current)
    for problem in _problems(proposed, current):
        kafkas = f"Invalid value org.apache.kafka.common.config.ConfigException: {problem} for configuration "
        raise ConfigError(problem, None, text=f"{kafkas}Invalid dynamic configuration")


def _static_ones(configs: Iterable[str], broker: DefinitionTable) -> list[str]:
    return [name for name in configs if name in broker and broker[name].is_read_only]


def _is_of_one_broker(name: str, broker: DefinitionTable) -> bool:
    if name in broker:
        return broker[name].update == "broker"
    base = listener_config_base(name)
    return base is not None and base not in _OF_LISTENERS_IN_CLUSTER


def _refuse_any(text: str, names: Collection[str], show: Callable[[Sequence[str]], str]) -> None:
    if names:
        ordered = hash_order(names)
        raise ConfigError(ordered[0], None, text=f"{text}: {show(ordered)}")


def _list_text(names: Sequence[str]) -> str:
    return f"[{', '.join(names)}]"


def _set_text(names: Sequence[str]) -> str:
    """As Scala shows a set: small ones and those that it took out of a large one have names of their own."""
    kind = "Set" if len(names) <= _SMALL and _OF_ONE_LISTENER.isdisjoint(names) else "HashSet"
    return f"{kind}({', '.join(names)})"


def _check_types(configs: Mapping[str, str], broker: DefinitionTable) -> None:
    given = {listener_config_base(name) or name: text for name, text in configs.items()}
    for table in (BROKER_QUOTA, broker):
        for name in table:
            if name in given and not table[name].is_read_only:
                value = parse_value(table[name], given[name])
                if table[name].type is ConfigType.CLASS and not value.startswith("org.apache.kafka."):
                    raise ConfigError(name, given[name], f"Class {value} could not be found.")


def _check_listeners(proposed: SettingsView, current: SettingsView) -> None:
    name = "listeners"
    if proposed[name] != current[name]:
        own_names = {listener.partition(":")[0] for listener in proposed[name]}
        if own_names.isdisjoint(proposed["controller.listener.names"] or ()):
            text = (
                "requirement failed: controller.listener.names must contain at least one value appearing in the "
                "'listeners' configuration when running the KRaft controller role"
            )
            raise ConfigError(name, text_of(proposed[name]), text=text)
        raise ConfigError(
            name, text_of(proposed[name]), text="The listeners of this broker cannot be changed"
        )
    protocols = proposed["listener.security.protocol.map"]
    mapped = {entry.partition(":")[0].strip().upper() for entry in protocols.split(",")}
    for listener in current[name]:
        own_name = listener.partition(":")[0].upper()
        if own_name not in mapped and protocols != current["listener.security.protocol.map"]:
            text = f"Error creating broker listeners from '[{', '.join(current[name])}]'"
            reason = f"No security protocol defined for listener {own_name}"
            raise ConfigError("listener.security.protocol.map", protocols, text=f"{text}: {reason}")


def _problems(proposed: SettingsView, current: SettingsView) -> Iterator[str]:
    """Why parts of a broker would refuse to go on with these configs (Kafka: `validateReconfiguration`)."""
    reporters = "metric.reporters"
    if proposed[reporters] != current[reporters] and proposed[reporters] != [_JMX]:
        owner = "class kafka.server.DynamicMetricsReporters"
        yield f"Validation of dynamic config update of Set({reporters}) failed with class {owner}"
    for name in ("max.connections", "max.connection.creation.rate"):
        if proposed[name] <= 0 and proposed[name] != current[name]:
            yield f"Invalid {name} {proposed[name]}"
    for name in _THREADS:
        yield from _thread_problems(name, proposed[name], current[name])
    yield from _retention_problems(proposed, current, "ms")
    yield from _retention_problems(proposed, current, "bytes")
    threads, before = proposed["log.cleaner.threads"], current["log.cleaner.threads"]
    if threads < before // 2:
        yield f"Log cleaner threads cannot be reduced to less than half the current value {before}"
    if threads > before * 2:
        yield f"Log cleaner threads cannot be increased to more than double the current value {before}"


_JMX: Final = "org.apache.kafka.common.metrics.JmxReporter"


def _thread_problems(name: str, threads: int, before: int) -> Iterator[str]:
    text = f"Dynamic thread count update validation failed for {name}={threads}"
    if threads == before:
        return
    if threads < before // 2:
        yield f"{text}, value should be at least half the current value {before}"
    if threads > before * 2:
        yield f"{text}, value should not be greater than double the current value {before}"


def _retention_problems(proposed: SettingsView, current: SettingsView, unit: str) -> Iterator[str]:
    name, limit = f"log.local.retention.{unit}", f"log.retention.{unit}"
    local, whole = proposed[name], _retention(proposed, unit)
    if (local, whole) == (current[name], _retention(current, unit)) or whole == -1 or local == -2:
        return
    if local == -1:
        yield str(ConfigError(name, local, f"Value must not be -1 as {limit} value is set as {whole}."))
    elif local > whole:
        yield str(ConfigError(name, local, f"Value must not be more than {limit} property value: {whole}"))


def _retention(settings: SettingsView, unit: str) -> Any:
    return max(settings.topic_defaults[f"retention.{unit}"], -1)
