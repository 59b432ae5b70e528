"""The group coordinator's settings, read once: Kafka knows none of these that may change while a broker runs.

Names end in `_ms` where the setting's own unit is what a request is compared with; other times are in seconds.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from mockbroker.config import Settings

__all__ = ["Limits"]

#: A JoinGroup of a new member waits no longer, since its client cannot be seen to be gone.
_NEW_MEMBER_JOIN_SECONDS: Final = 300.0


class Limits:
    """What `group.*` and `offsets.*` say."""

    __slots__ = (
        "commit_timeout",
        "compression_codec",
        "initial_rebalance_delay_ms",
        "max_group_size",
        "max_metadata_size",
        "max_session_timeout_ms",
        "min_session_timeout_ms",
        "new_member_join_timeout",
        "offset_partitions",
        "offsets_check_interval",
        "offsets_retention_ms",
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
