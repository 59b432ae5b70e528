"""The config tables by kind of entity, the names that stand for one another, and our own defaults."""

from __future__ import annotations

from typing import Final

from mockbroker.config import rows_broker, rows_entities, rows_security
from mockbroker.config.definitions import DefinitionTable

__all__ = [
    "AUTHORIZER",
    "BROKER",
    "BROKER_QUOTA",
    "CLIENT_METRICS",
    "GROUP",
    "GROUP_SYNONYMS",
    "OUR_DEFAULTS",
    "TOPIC",
    "TOPIC_SYNONYMS",
    "broker_synonyms",
    "listener_config_base",
]

#: Where our default differs from Kafka's (docs/differences.md says why).
OUR_DEFAULTS: Final = {
    "group.consumer.assignment.interval.ms": "0",
    "group.initial.rebalance.delay.ms": "50",
    "group.share.assignment.interval.ms": "0",
    "group.streams.assignment.interval.ms": "0",
    "group.streams.initial.rebalance.delay.ms": "50",
}

BROKER: Final = DefinitionTable(
    rows_broker.BROKER + rows_security.SECURITY, rows_broker.BROKER_INTERNAL, OUR_DEFAULTS
)
BROKER_QUOTA: Final = DefinitionTable(rows_broker.BROKER_QUOTA)
TOPIC: Final = DefinitionTable(rows_entities.TOPIC, rows_entities.TOPIC_INTERNAL)
GROUP: Final = DefinitionTable(
    rows_entities.GROUP,
    defaults={
        name: OUR_DEFAULTS[f"group.{name}"]
        for name, *_ in rows_entities.GROUP
        if f"group.{name}" in OUR_DEFAULTS
    },
)
AUTHORIZER: Final = DefinitionTable(rows_security.AUTHORIZER)
CLIENT_METRICS: Final = DefinitionTable(rows_entities.CLIENT_METRICS)

_ROLL: Final = ("log.roll.ms", "log.roll.hours")
_ROLL_JITTER: Final = ("log.roll.jitter.ms", "log.roll.jitter.hours")
_RETENTION: Final = ("log.retention.ms", "log.retention.minutes", "log.retention.hours")
_FLUSH: Final = ("log.flush.interval.ms", "log.flush.scheduler.interval.ms")

_BROKER_SYNONYMS: Final = {
    **dict.fromkeys(_ROLL, _ROLL),
    **dict.fromkeys(_ROLL_JITTER, _ROLL_JITTER),
    **dict.fromkeys(_RETENTION, _RETENTION),
    "log.flush.interval.ms": _FLUSH,
}

#: The broker's name of each topic config (Kafka: `ServerTopicConfigSynonyms`).
TOPIC_SYNONYMS: Final = {
    "segment.bytes": "log.segment.bytes",
    "segment.ms": "log.roll.ms",
    "segment.jitter.ms": "log.roll.jitter.ms",
    "segment.index.bytes": "log.index.size.max.bytes",
    "flush.messages": "log.flush.interval.messages",
    "flush.ms": "log.flush.interval.ms",
    "retention.bytes": "log.retention.bytes",
    "retention.ms": "log.retention.ms",
    "max.message.bytes": "message.max.bytes",
    "index.interval.bytes": "log.index.interval.bytes",
    "delete.retention.ms": "log.cleaner.delete.retention.ms",
    "min.compaction.lag.ms": "log.cleaner.min.compaction.lag.ms",
    "max.compaction.lag.ms": "log.cleaner.max.compaction.lag.ms",
    "file.delete.delay.ms": "log.segment.delete.delay.ms",
    "min.cleanable.dirty.ratio": "log.cleaner.min.cleanable.ratio",
    "cleanup.policy": "log.cleanup.policy",
    "unclean.leader.election.enable": "unclean.leader.election.enable",
    "min.insync.replicas": "min.insync.replicas",
    "compression.type": "compression.type",
    "compression.gzip.level": "compression.gzip.level",
    "compression.lz4.level": "compression.lz4.level",
    "compression.zstd.level": "compression.zstd.level",
    "preallocate": "log.preallocate",
    "message.timestamp.type": "log.message.timestamp.type",
    "message.timestamp.before.max.ms": "log.message.timestamp.before.max.ms",
    "message.timestamp.after.max.ms": "log.message.timestamp.after.max.ms",
    "local.retention.ms": "log.local.retention.ms",
    "local.retention.bytes": "log.local.retention.bytes",
}

_NO_BROKER_CONFIG: Final = (
    "share.auto.offset.reset",
    "share.isolation.level",
    "share.renew.acknowledge.enable",
)

#: The broker's name of each group config that has one (Kafka: `GroupConfig.ALL_GROUP_CONFIG_SYNONYMS`).
GROUP_SYNONYMS: Final = {name: f"group.{name}" for name in GROUP.described if name not in _NO_BROKER_CONFIG}

#: Of these, the listener's own config may name a SASL mechanism before the config's name.
_OF_A_MECHANISM: Final = (
    "sasl.jaas.config",
    "sasl.login.callback.handler.class",
    "sasl.login.class",
    "sasl.server.callback.handler.class",
    "connections.max.reauth.ms",
)


def broker_synonyms(name: str, *, of_listeners: bool = True) -> tuple[str, ...]:
    """The broker configs that say the same thing as `name`, most telling first (Kafka: `brokerConfigSynonyms`).

    Args:
        of_listeners: whether `listener.name.x.y` has `y` for a synonym.
    """
    synonyms = _BROKER_SYNONYMS.get(name)
    if synonyms is not None:
        return synonyms
    if of_listeners:
        base = listener_config_base(name)
        if base is not None:
            return (name, next((config for config in _OF_A_MECHANISM if base.endswith(config)), base))
    return (name,)


def listener_config_base(name: str) -> str | None:
    """`y` of a listener's own config `listener.name.x.y`; None for any other name."""
    prefix, _, rest = name.partition("listener.name.")
    if prefix or not rest:
        return None
    _, dot, base = rest.partition(".")
    return base if dot else None
