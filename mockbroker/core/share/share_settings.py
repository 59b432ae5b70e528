"""What share groups may set, and what holds where they do not (`ShareGroupConfigProvider`, `GroupConfig`)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from mockbroker.core.groups.group_configs import GroupConfigs

__all__ = ["ShareSettings"]


class ShareSettings:
    """The configs of share groups, as they hold right now."""

    __slots__ = ("_configs",)

    def __init__(self, configs: GroupConfigs) -> None:
        self._configs = configs

    def value(self, group_id: str, name: str) -> Any:
        """The typed value of a group config, "share.delivery.count.limit" say."""
        return self._configs.of(group_id)[name]

    def lock_duration_ms(self, group_id: str) -> int:
        """How long a member holds a record."""
        duration: int = self.value(group_id, "share.record.lock.duration.ms")
        return duration

    def max_deliveries(self, group_id: str) -> int:
        """How often a record is delivered at most."""
        limit: int = self.value(group_id, "share.delivery.count.limit")
        return limit

    def max_locks(self, group_id: str) -> int:
        """How many records of a partition may be in flight, from its start offset to its end offset."""
        limit: int = self.value(group_id, "share.partition.max.record.locks")
        return limit

    def may_renew(self, group_id: str) -> bool:
        """Whether members may hold records for longer (KIP-1222)."""
        may_renew: bool = self.value(group_id, "share.renew.acknowledge.enable")
        return may_renew

    def reads_committed(self, group_id: str) -> bool:
        """Whether records of open and aborted transactions are not delivered."""
        return bool(self.value(group_id, "share.isolation.level") == "read_committed")
