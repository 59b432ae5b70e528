"""What one request is to change of a consumer group and one of its members, until it is written."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mockbroker.core.groups.modern import NO_PARTITIONS

if TYPE_CHECKING:
    from mockbroker.core.groups.assignors.spec import Assignment
    from mockbroker.core.groups.consumer import ConsumerGroup
    from mockbroker.core.groups.consumer_member import ConsumerMember
    from mockbroker.core.groups.records import LogRecord

__all__ = ["ConsumerChange"]


class ConsumerChange:
    """A change in the making.

    Attributes:
        group: as it is; a new one, or one that was a classic group, is no part of the shard yet.
        member: as it was.
        updated: as it is to be.
        log_records: what makes it so.
        group_epoch: what the group's epoch is to be.
        has_changed: whether the member subscribes to something else than before.
        is_homogeneous: whether all members subscribe to the same topics; None: as the group itself says.
        has_moved: whether the member's assignment, or its epoch, changes.
        checked_version: the cluster's version at which the group's topics were looked at, once this is written.
    """

    __slots__ = (
        "checked_version",
        "group",
        "group_epoch",
        "has_changed",
        "has_moved",
        "is_homogeneous",
        "log_records",
        "member",
        "target",
        "target_epoch",
        "updated",
    )

    def __init__(self, group: ConsumerGroup, member: ConsumerMember, log_records: list[LogRecord]) -> None:
        self.group = group
        self.member = self.updated = member
        self.log_records = log_records
        self.group_epoch = group.group_epoch
        self.checked_version = group.checked_version
        self.has_changed = False
        self.has_moved = False
        self.is_homogeneous: bool | None = None
        self.target_epoch = group.assignment_epoch
        self.target: Assignment = NO_PARTITIONS
