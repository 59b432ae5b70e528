"""Changes of configs: IncrementalAlterConfigs (KIP-339) and the older AlterConfigs, which replaces all at once.

Rules kept here (Kafka: `ConfigAdminManager` on the broker, then `ConfigurationControlManager` on the controller):

- An entity's changes hold together or not at all; each entity has its own answer.
- The broker that is asked looks first: at doubles, nulls, and, for broker configs, at what a broker may change while it
  runs. What passes goes to the controller, which looks at the values of the rest and, last, whether a topic exists.
- While eligible leader replicas are on, `min.insync.replicas` is the cluster's, never one broker's (KIP-966).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Final, NamedTuple

from mockbroker.config.client_metrics import UnfitConfigError, client_metrics_config
from mockbroker.config.group_config import validate_group_configs
from mockbroker.config.topic_rules import check_value_lengths, validate_topic_configs
from mockbroker.config.values import ConfigError, ConfigType
from mockbroker.core.config_entries import ConfigResourceType, resource_types
from mockbroker.core.dynamic_configs import check_dynamic_configs
from mockbroker.core.java_strings import parse_int32
from mockbroker.core.loggers import APPEND, DELETE, SET, SUBTRACT, Operation
from mockbroker.core.topics import check_topic_name
from protocol_specs.errors import ErrorCode, KafkaError

if TYPE_CHECKING:
    from mockbroker.config.catalog import Catalog
    from mockbroker.config.definitions import DefinitionTable
    from mockbroker.core.configs import Configs

__all__ = ["Alteration", "Authorize", "Outcome", "alter_configs", "incremental_alter_configs"]

#: What came of one entity's changes: a code, NONE included, and a text or None.
Outcome = tuple[ErrorCode, "str | None"]

#: Called as `authorize(resource_type, name)`; raises KafkaError where the principal may not change that.
Authorize = Callable[[ConfigResourceType, str], None]

_DONE: Final[Outcome] = (ErrorCode.NONE, None)
_MIN_ISR: Final = "min.insync.replicas"


class Alteration(NamedTuple):
    """What is to change for one entity.

    Attributes:
        resource_type: a `ConfigResourceType`, as a number.
        operations: name, kind (0 set, 1 delete, 2 append, 3 subtract) and value; AlterConfigs only sets.
    """

    resource_type: int
    name: str
    operations: Sequence[Operation]


def incremental_alter_configs(
    configs: Configs,
    node_id: int,
    alterations: Sequence[Alteration],
    *,
    validate_only: bool = False,
    authorize: Authorize | None = None,
) -> list[Outcome]:
    """Change configs one by one.

    Args:
        node_id: the broker that is asked.

    Returns:
        The outcome of each alteration, in their order.
    """
    changes = _Changes(configs, node_id, validate_only, authorize)
    return changes.outcomes(alterations, changes.alter_incrementally)


def alter_configs(
    configs: Configs,
    node_id: int,
    alterations: Sequence[Alteration],
    *,
    validate_only: bool = False,
    authorize: Authorize | None = None,
) -> list[Outcome]:
    """Replace all the configs of each entity; otherwise as `incremental_alter_configs`."""
    changes = _Changes(configs, node_id, validate_only, authorize)
    return changes.outcomes(alterations, changes.replace)


class _Changes:
    """One request."""

    def __init__(
        self, configs: Configs, node_id: int, validate_only: bool, authorize: Authorize | None
    ) -> None:
        self._configs = configs
        self._catalog = configs.settings.catalog
        self._node_id = node_id
        self._validate_only = validate_only
        self._authorize = authorize

    def outcomes(
        self, alterations: Sequence[Alteration], change: Callable[[Alteration], None]
    ) -> list[Outcome]:
        asked = Counter((alteration.resource_type, alteration.name) for alteration in alterations)
        outcomes = []
        for alteration in alterations:
            try:
                if asked[alteration.resource_type, alteration.name] > 1:
                    raise _invalid("Each resource must appear at most once.")
                _check_operations(alteration.operations)
                change(alteration)
                outcomes.append(_DONE)
            except ConfigError as error:
                outcomes.append(_outcome(self._refusal(alteration, error)))
            except KafkaError as error:
                outcomes.append(_outcome(error))
        return outcomes

    def _refusal(self, alteration: Alteration, error: ConfigError) -> KafkaError:
        """How a value that is not allowed is refused; the controllers of ZooKeeper's time said whose it was."""
        if not self._catalog.is_before("3.0"):
            return error.refusal()
        kind = ConfigResourceType(alteration.resource_type).name
        whose = f"ConfigResource(type={kind}, name='{alteration.name}')"
        return _invalid(f"Invalid config value for resource {whose}: {error}")

    def alter_incrementally(self, alteration: Alteration) -> None:
        kind, name, operations = (
            _resource_type(alteration, self._catalog),
            alteration.name,
            alteration.operations,
        )
        if kind is ConfigResourceType.BROKER_LOGGER:
            if self._authorize is not None:
                self._authorize(kind, name)
            loggers = self._configs.loggers
            loggers.alter(
                self._node_id,
                name,
                operations,
                validate_only=self._validate_only,
                names_itself=self._catalog.is_before("4.1"),
            )
            return
        existing = self._existing(kind, name)
        tables = {
            ConfigResourceType.TOPIC: self._catalog.topic,
            ConfigResourceType.BROKER: self._catalog.broker,
        }
        table = tables.get(kind)
        if kind is ConfigResourceType.BROKER:
            self._check_broker_name(name)
            _check_broker_operations(operations, self._catalog)
            self._check_dynamic(name, _applied(table, existing, operations))
        after = _applied(table, existing, operations)
        if any(operation not in (SET, DELETE, APPEND, SUBTRACT) for _, operation, _ in operations):
            raise KafkaError(ErrorCode.UNKNOWN_SERVER_ERROR)
        named = [operation[0] for operation in operations]
        self._commit(kind, name, existing, after, named)

    def replace(self, alteration: Alteration) -> None:
        kind, name = _resource_type(alteration, self._catalog), alteration.name
        if kind is ConfigResourceType.BROKER_LOGGER:
            raise _invalid(f"Unknown resource type {alteration.resource_type}")
        after = {key: text for key, _, text in alteration.operations if text is not None}
        if kind is ConfigResourceType.BROKER:
            self._check_broker_name(name)
            self._check_dynamic(name, after)
        existing = self._existing(kind, name)
        self._commit(kind, name, existing, after, {**existing, **after})

    def _commit(
        self,
        kind: ConfigResourceType,
        name: str,
        existing: Mapping[str, str],
        after: dict[str, str],
        named: Iterable[str],
    ) -> None:
        if self._authorize is not None:
            self._authorize(kind, name)
        if kind is ConfigResourceType.BROKER and _MIN_ISR in named:
            self._check_min_isr(name, after)
        check_value_lengths({key: text for key, text in after.items() if existing.get(key) != text})
        self._check_values(kind, name, after, existing)
        if not self._validate_only:
            self._store(kind, name, after)

    def _existing(self, kind: ConfigResourceType, name: str) -> Mapping[str, str]:
        configs = self._configs
        if kind is ConfigResourceType.TOPIC:
            topic = configs.cluster.topics.get(name)
            return {} if topic is None else topic.overrides
        if kind is ConfigResourceType.GROUP:
            return configs.groups.get(name, {})
        if kind is ConfigResourceType.CLIENT_METRICS:
            return configs.client_metrics.get(name, {})
        return configs.settings.dynamic_of(self._node_id) if name else configs.settings.dynamic_default

    def _check_broker_name(self, name: str) -> None:
        if not name:
            return
        try:
            broker_id = parse_int32(name)
        except ValueError:
            raise _invalid(f"Node id must be an integer, but it is: {name}") from None
        if broker_id != self._node_id:
            raise _invalid(f"Unexpected broker id, expected {self._node_id}, but received {name}")

    def _check_dynamic(self, name: str, after: Mapping[str, str]) -> None:
        broker_id = self._node_id if name else None
        try:
            check_dynamic_configs(self._configs.settings, self._node_id, broker_id, after)
        except ConfigError as error:
            if self._catalog.is_before("3.0"):
                raise
            raise _invalid(str(error)) from None

    def _check_min_isr(self, name: str, after: Mapping[str, str]) -> None:
        if not self._configs.cluster.elr_enabled:
            return
        if name:
            raise _refused(f"Broker-level {_MIN_ISR} cannot be altered while ELR is enabled.")
        if _MIN_ISR not in after:
            raise _refused(f"Cluster-level {_MIN_ISR} cannot be removed while ELR is enabled.")

    def _check_values(
        self, kind: ConfigResourceType, name: str, after: Mapping[str, str], existing: Mapping[str, str]
    ) -> None:
        settings = self._configs.settings
        if kind is ConfigResourceType.TOPIC:
            if not name:
                raise _invalid("Default topic resources are not allowed.")
            check_topic_name(name)
            validate_topic_configs(settings, after, existing)
            if name not in self._configs.cluster.topics:
                text = f"The topic '{name}' does not exist."
                raise KafkaError(ErrorCode.UNKNOWN_TOPIC_OR_PARTITION, text)
        elif kind is ConfigResourceType.GROUP:
            if not name:
                raise _invalid("Default group resources are not allowed.")
            validate_group_configs(settings, after)
        elif kind is ConfigResourceType.CLIENT_METRICS:
            if not name:
                raise _invalid("Subscription name can't be empty")
            try:
                client_metrics_config(after)
            except UnfitConfigError as error:
                raise _invalid(str(error)) from None

    def _store(self, kind: ConfigResourceType, name: str, after: dict[str, str]) -> None:
        configs = self._configs
        if kind is ConfigResourceType.TOPIC:
            configs.cluster.set_topic_configs(configs.cluster.topics[name], after)
        elif kind is ConfigResourceType.BROKER:
            configs.settings.set_dynamic(self._node_id if name else None, after)
        else:
            store = configs.groups
            if kind is ConfigResourceType.CLIENT_METRICS:
                store = configs.client_metrics
                configs.client_metrics_version += 1
            if after:
                store[name] = after
            else:
                store.pop(name, None)


def _resource_type(alteration: Alteration, catalog: Catalog) -> ConfigResourceType:
    try:
        kind = ConfigResourceType(alteration.resource_type)
    except ValueError:
        kind = ConfigResourceType.UNKNOWN
    if kind not in resource_types(catalog):
        raise _invalid(f"Unknown resource type {alteration.resource_type}")
    return kind


def _check_broker_operations(operations: Sequence[Operation], catalog: Catalog) -> None:
    for _, kind, _ in operations:
        if kind not in (SET, DELETE, APPEND, SUBTRACT):
            raise _invalid(f"Unknown operations type {kind}")
    for name, kind, _ in operations:
        if kind in (APPEND, SUBTRACT):
            if name not in catalog.broker:
                if catalog.is_before("4.3"):
                    raise KafkaError(ErrorCode.UNKNOWN_SERVER_ERROR)
                raise _refused(f"Unknown config name: {name}")
            if catalog.broker[name].type is not ConfigType.LIST:
                word = "append" if kind == APPEND else "subtract"
                raise _refused(f"Config value {word} is not allowed for config key: {name}")


def _applied(
    table: DefinitionTable | None, existing: Mapping[str, str], operations: Sequence[Operation]
) -> dict[str, str]:
    """What an entity's configs are after these operations; the table is given where it may have lists to splice."""
    after = dict(existing)
    for name, operation, text in operations:
        if operation == DELETE or text is None:
            after.pop(name, None)
        elif operation == SET:
            after[name] = text
        elif operation in (APPEND, SUBTRACT):
            after[name] = _spliced(table, name, after.get(name), operation, text.rstrip(",").split(","))
    return after


def _spliced(
    table: DefinitionTable | None, name: str, text: str | None, operation: int, values: Sequence[str]
) -> str:
    definition = None if table is None else table.get(name)
    if definition is None or definition.type is not ConfigType.LIST:
        word = "APPEND" if operation == APPEND else "SUBTRACT"
        raise _refused(f"Can't {word} to key {name} because its type is not LIST.")
    parts = [part for part in ((definition.default or "") if text is None else text).split(",") if part]
    for value in values:
        if operation == APPEND and value not in parts:
            parts.append(value)
        elif operation == SUBTRACT and value in parts:
            parts.remove(value)
    return ",".join(parts)


def _check_operations(operations: Sequence[Operation]) -> None:
    if len({name for name, _, _ in operations}) < len(operations):
        raise _invalid("Error due to duplicate config keys")
    nulls = [name for name, kind, text in operations if text is None and kind != DELETE]
    if nulls:
        raise _invalid(f"Null value not supported for : {', '.join(nulls)}")


def _invalid(text: str) -> KafkaError:
    return KafkaError(ErrorCode.INVALID_REQUEST, text)


def _refused(text: str) -> KafkaError:
    return KafkaError(ErrorCode.INVALID_CONFIG, text)


def _outcome(error: KafkaError) -> Outcome:
    return error.code, None if error.code is ErrorCode.UNKNOWN_SERVER_ERROR else error.message
