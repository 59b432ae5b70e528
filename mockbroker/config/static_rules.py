"""What must hold of the properties that a broker is given (Kafka: `KafkaConfig.validateValues` and its like).

Kafka checks the same rules again whenever a config is changed at run time.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Final

from mockbroker.config.catalog import NEWEST, Catalog
from mockbroker.config.definitions import Definition, parse_value
from mockbroker.config.tables import AUTHORIZER, BROKER, TOPIC_SYNONYMS, listener_config_base
from mockbroker.config.values import ConfigError, text_of

if TYPE_CHECKING:
    from mockbroker.config.in_force import InForce

__all__ = ["clamp_intervals", "static_definition", "validate_static"]

#: Names with these beginnings belong to a plugin or to a provider of values.
_PLUGIN_PREFIXES: Final = ("config.providers.", "rsm.config.", "rlmm.config.")


def static_definition(name: str, catalog: Catalog = NEWEST) -> Definition | None:
    """What is known of a property that may be given at start: in the release, or in the newest one.

    Returns:
        None for a plugin's own property, whose values nobody here can check.

    Raises:
        KeyError: a broker has no such property.
    """
    for known in (name, listener_config_base(name) or ""):
        for table in (catalog.broker, BROKER, AUTHORIZER):
            if known in table:
                return table[known]
    base = listener_config_base(name)
    if base is not None:
        for known in BROKER.described:
            if base.endswith("." + known):
                return BROKER[known]
    if name.startswith(_PLUGIN_PREFIXES):
        return None
    raise KeyError(name)


def validate_static(properties: Mapping[str, str], settings: InForce) -> None:
    """Check what was given at start.

    Args:
        properties: what was given.
        settings: what would be in force.

    Raises:
        ConfigError: a name that no broker has, a value that is not allowed, or values that do not go together; its text
            names the property, the value and what is allowed.
    """
    for name, text in properties.items():
        try:
            definition = static_definition(name, settings.catalog)
        except KeyError:
            raise ConfigError(name, text, text=_unknown(name)) from None
        if definition is not None:
            parse_value(definition, text)
    node_id, broker_id = properties.get("node.id"), properties.get("broker.id")
    if node_id is not None and broker_id is not None and node_id != broker_id:
        same = "You must set `node.id` to the same value as `broker.id`"
        raise ConfigError("node.id", node_id, text=f"{same} (node.id={node_id}, broker.id={broker_id})")
    if properties:
        from mockbroker.config.broker_rules import broken_rules

        for rule in broken_rules(settings):
            shown = ", ".join(f"{name}={text_of(settings[name])}" for name in rule.names)
            raise ConfigError(rule.names[0], properties.get(rule.names[0]), text=f"{rule.text} ({shown})")


def _unknown(name: str) -> str:
    text = f"Unknown configuration {name}: a broker has no config of this name"
    synonym = TOPIC_SYNONYMS.get(name)
    if synonym is not None:
        return f"{text}; it is a topic's, whose default for all topics is {synonym}"
    from difflib import get_close_matches

    close = get_close_matches(name, BROKER.described, n=1)
    return f"{text}; did you mean {close[0]}?" if close else text


def clamp_intervals(properties: dict[str, str]) -> dict[str, str]:
    """Keep the assignment intervals between their bounds (Kafka: `GroupCoordinatorConfig.clampDynamicConfigs`)."""
    for kind in ("consumer", "share", "streams"):
        name = f"group.{kind}.assignment.interval.ms"
        if name in properties:
            low = _value(properties, f"group.{kind}.min.assignment.interval.ms")
            high = _value(properties, f"group.{kind}.max.assignment.interval.ms")
            value = _value(properties, name)
            if not low <= value <= high:
                properties[name] = str(low if value < low else high)
    return properties


def _value(properties: Mapping[str, str], name: str) -> Any:
    definition = BROKER[name]
    return parse_value(definition, properties.get(name, definition.default))
