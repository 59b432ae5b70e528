"""The configs of one topic's logs, typed, and the rules that hold between them (Kafka: `LogConfig`)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Final

from mockbroker.config.definitions import parse_value
from mockbroker.config.tables import TOPIC, TOPIC_SYNONYMS

if TYPE_CHECKING:
    from mockbroker.config.in_force import InForce

__all__ = ["LogConfig", "topic_defaults"]

_FOREVER_MS: Final = 2**63 - 1
_HOUR_MS: Final = 3_600_000
_MINUTE_MS: Final = 60_000


class LogConfig:
    """What a log needs to know of its topic's configs, under their own names with underscores.

    Sizes are in bytes and times in milliseconds, as the names say; `retention_bytes` and `retention_ms` are -1 where
    there is no limit. `local_retention_bytes` and `local_retention_ms` are -2 where they follow the other two.

    Attributes:
        cleanup_policy: of "delete" and "compact", none, one or both.
        compression_type: "producer" leaves batches as they came; "uncompressed" is none.
        message_timestamp_type: "CreateTime" or "LogAppendTime".
        leader_replication_throttled_replicas: `partition:broker` for each, or "*" alone.
        is_append_time: whether the broker's time stands in the records, LogAppendTime.
        is_compacted: whether the log keeps the last record of each key.
        is_deleted: whether old segments go by time and size.
        judges_records: whether records are refused for what they are: too old, or without a key.
        max_segment_ms: how long a segment may take records: a compacted log rolls early enough for its maximum lag.
    """

    __slots__ = (
        "cleanup_policy",
        "compression_gzip_level",
        "compression_lz4_level",
        "compression_type",
        "compression_zstd_level",
        "delete_retention_ms",
        "file_delete_delay_ms",
        "flush_messages",
        "flush_ms",
        "follower_replication_throttled_replicas",
        "index_interval_bytes",
        "is_append_time",
        "is_compacted",
        "is_deleted",
        "judges_records",
        "leader_replication_throttled_replicas",
        "local_retention_bytes",
        "local_retention_ms",
        "max_compaction_lag_ms",
        "max_message_bytes",
        "max_segment_ms",
        "message_timestamp_after_max_ms",
        "message_timestamp_before_max_ms",
        "message_timestamp_type",
        "min_cleanable_dirty_ratio",
        "min_compaction_lag_ms",
        "min_insync_replicas",
        "preallocate",
        "remote_log_copy_disable",
        "remote_log_delete_on_disable",
        "remote_storage_enable",
        "retention_bytes",
        "retention_ms",
        "segment_bytes",
        "segment_index_bytes",
        "segment_jitter_ms",
        "segment_ms",
        "unclean_leader_election_enable",
    )

    cleanup_policy: frozenset[str]
    compression_gzip_level: int
    compression_lz4_level: int
    compression_type: str
    compression_zstd_level: int
    delete_retention_ms: int
    file_delete_delay_ms: int
    flush_messages: int
    flush_ms: int
    follower_replication_throttled_replicas: frozenset[str]
    index_interval_bytes: int
    leader_replication_throttled_replicas: frozenset[str]
    local_retention_bytes: int
    local_retention_ms: int
    max_compaction_lag_ms: int
    max_message_bytes: int
    message_timestamp_after_max_ms: int
    message_timestamp_before_max_ms: int
    message_timestamp_type: str
    min_cleanable_dirty_ratio: float
    min_compaction_lag_ms: int
    min_insync_replicas: int
    preallocate: bool
    remote_log_copy_disable: bool
    remote_log_delete_on_disable: bool
    remote_storage_enable: bool
    retention_bytes: int
    retention_ms: int
    segment_bytes: int
    segment_index_bytes: int
    segment_jitter_ms: int
    segment_ms: int
    unclean_leader_election_enable: bool

    def __init__(self, values: Mapping[str, Any]) -> None:
        apart = values.get(_APART_MS, _FOREVER_MS)
        for name, attribute in _ATTRIBUTES:
            value = values[name]
            if apart != _FOREVER_MS and name in _BEFORE_AND_AFTER:
                value = min(value, apart)
            setattr(self, attribute, frozenset(value) if isinstance(value, list) else value)
        internal = values.get("internal.segment.bytes")
        if internal is not None:
            self.segment_bytes = internal
        # Every append asks for these.
        self.is_append_time = self.message_timestamp_type == "LogAppendTime"
        self.is_compacted = "compact" in self.cleanup_policy
        self.is_deleted = "delete" in self.cleanup_policy
        self.judges_records = self.is_compacted or self.message_timestamp_before_max_ms != _FOREVER_MS
        self.max_segment_ms = self.segment_ms
        if self.is_compacted and self.max_compaction_lag_ms > 0:
            self.max_segment_ms = min(self.max_compaction_lag_ms, self.segment_ms)


#: How far a record's time may be from now in releases before 3.6; since then there is a limit for either side.
_APART_MS: Final = "message.timestamp.difference.max.ms"
_BEFORE_AND_AFTER: Final = ("message.timestamp.before.max.ms", "message.timestamp.after.max.ms")

_ATTRIBUTES: Final = tuple((name, name.replace(".", "_")) for name in TOPIC.described)


def topic_defaults(settings: InForce) -> dict[str, Any]:
    """The broker's value of each topic config, typed (Kafka: `KafkaConfig.extractLogConfigMap`)."""
    catalog = settings.catalog
    values = {
        name: settings[broker_name]
        for name, broker_name in {**TOPIC_SYNONYMS, **catalog.topic_synonyms}.items()
    }
    values["segment.ms"] = _first(settings["log.roll.ms"], settings["log.roll.hours"] * _HOUR_MS)
    values["segment.jitter.ms"] = _first(
        settings["log.roll.jitter.ms"], settings["log.roll.jitter.hours"] * _HOUR_MS
    )
    values["flush.ms"] = _first(
        settings["log.flush.interval.ms"], settings["log.flush.scheduler.interval.ms"]
    )
    minutes = settings["log.retention.minutes"]
    retention_ms = _first(
        settings["log.retention.ms"],
        settings["log.retention.hours"] * _HOUR_MS if minutes is None else minutes * _MINUTE_MS,
    )
    values["retention.ms"] = max(retention_ms, -1)
    for name in _BEFORE_AND_AFTER:
        if name not in catalog.topic:
            values[name] = _FOREVER_MS
    for table in (catalog.topic, TOPIC):
        for name in table.described:
            if name not in values:
                values[name] = table[name].default_value
    return values


def _first(value: int | None, otherwise: int) -> int:
    return otherwise if value is None else value


def topic_values(settings: InForce, overrides: Mapping[str, str]) -> dict[str, Any]:
    """The typed value of each topic config; those of `overrides` are checked.

    Raises:
        ConfigError: a value of `overrides` is not allowed.
    """
    values = settings.topic_defaults
    if not overrides:
        return values
    values = dict(values)
    table = settings.catalog.topic
    for name in table:
        if name in overrides:
            values[name] = parse_value(table[name], overrides[name])
    return values
