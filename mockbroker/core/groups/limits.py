"""The group coordinator's settings, read once: Kafka knows none of these that may change while a broker runs.

Names end in `_ms` where the setting's own unit is what a request is compared with; other times are in seconds.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from mockbroker.core.groups.modern import FIRST_EPOCH
from mockbroker.core.groups.records import newest_versions

if TYPE_CHECKING:
    from mockbroker.config import Settings

__all__ = ["Limits"]

#: A JoinGroup of a new member waits no longer, since its client cannot be seen to be gone.
_NEW_MEMBER_JOIN_SECONDS: Final = 300.0

#: The first members of an empty consumer or share group wait for one another, but no longer. Kafka's do not wait.
_FIRST_ASSIGNMENT_SECONDS: Final = 0.05

_ASSIGNOR_CLASSES: Final = {
    "org.apache.kafka.coordinator.group.assignor.UniformAssignor": "uniform",
    "org.apache.kafka.coordinator.group.assignor.RangeAssignor": "range",
}


class Limits:
    """What `group.*` and `offsets.*` say."""

    __slots__ = (
        "allows_downgrade",
        "allows_migration",
        "allows_upgrade",
        "commit_timeout",
        "compression_codec",
        "consumer_assignors",
        "first_assignment_delay",
        "first_epoch",
        "initial_rebalance_delay_ms",
        "keeps_topic_ids",
        "max_consumer_group_size",
        "max_group_size",
        "max_metadata_size",
        "max_session_timeout_ms",
        "max_share_group_size",
        "max_streams_group_size",
        "may_rejoin",
        "min_session_timeout_ms",
        "new_member_join_timeout",
        "offset_partitions",
        "offsets_check_interval",
        "offsets_retention_ms",
        "record_versions",
        "regex_refresh_interval_ms",
        "share_initialize_retry_ms",
    )

    def __init__(self, settings: Settings) -> None:
        self.initial_rebalance_delay_ms: int = settings["group.initial.rebalance.delay.ms"]
        self.max_group_size: int = settings["group.max.size"]
        self.min_session_timeout_ms: int = settings["group.min.session.timeout.ms"]
        self.max_session_timeout_ms: int = settings["group.max.session.timeout.ms"]
        self.new_member_join_timeout = _NEW_MEMBER_JOIN_SECONDS
        self.max_metadata_size: int = settings["offset.metadata.max.bytes"]
        self.offsets_retention_ms: int = settings["offsets.retention.minutes"] * 60_000
        self.offsets_check_interval: float = settings["offsets.retention.check.interval.ms"] / 1000
        self.commit_timeout: float = settings["offsets.commit.timeout.ms"] / 1000
        self.compression_codec: int = settings["offsets.topic.compression.codec"]
        self.offset_partitions: int = settings["offsets.topic.num.partitions"]
        self.max_consumer_group_size: int = settings["group.consumer.max.size"]
        self.max_streams_group_size: int = settings["group.streams.max.size"]
        self.regex_refresh_interval_ms: int = settings["group.consumer.regex.refresh.interval.ms"]
        policy = settings["group.consumer.migration.policy"].lower()
        self.allows_migration: bool = policy != "disabled"
        self.allows_upgrade: bool = policy in ("upgrade", "bidirectional")
        self.allows_downgrade: bool = policy in ("downgrade", "bidirectional")
        #: names of the server-side assignors, the default one first; Kafka takes class names, too.
        self.consumer_assignors = [
            _ASSIGNOR_CLASSES.get(name, name) for name in settings["group.consumer.assignors"]
        ]
        self.first_epoch = 0 if settings.catalog.is_before("4.3") else FIRST_EPOCH
        #: whether a member of a consumer group that is there already may join.
        self.may_rejoin = not settings.catalog.is_before("4.3")
        #: whether committed offsets are kept with the id of their topic.
        self.keeps_topic_ids = not settings.catalog.is_before("4.3")
        #: the newest version of a value that the release writes, where that is not the last one.
        self.record_versions = newest_versions(settings.catalog)
        self.max_share_group_size: int = settings["group.share.max.size"]
        self.share_initialize_retry_ms: int = settings["group.share.initialize.retry.interval.ms"]
        self.first_assignment_delay = min(self.initial_rebalance_delay_ms / 1000, _FIRST_ASSIGNMENT_SECONDS)
