"""Reading the records of share groups: how a shard's table comes to say what they say.

A record of a group that there is not makes it; a tombstone of one does nothing.

Source: the `replay` methods of `GroupMetadataManager`.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from mockbroker.core.groups import share_records as records
from mockbroker.core.groups.modern import LEAVING_EPOCH, NO_PARTITIONS
from mockbroker.core.groups.share import ShareGroup
from mockbroker.core.groups.share_member import ShareMember

if TYPE_CHECKING:
    from mockbroker.core.groups.records import LogRecord
    from mockbroker.core.groups.shard_tables import ShardTables

__all__ = ["ShareReplay"]

_NO_EPOCH = -1


class ShareReplay:
    """Replays the records of the share groups of one shard."""

    __slots__ = ("_shard",)

    def __init__(self, shard: ShardTables) -> None:
        self._shard = shard

    def table(self) -> dict[int, Callable[[LogRecord, int, int], None]]:
        """What replays each type of record."""
        return {
            number: self._replaying(apply)
            for number, apply in (
                (records.MEMBER, _member),
                (records.GROUP_EPOCH, self._group_epoch),
                (records.TARGET_EPOCH, _target_epoch),
                (records.TARGET, _target),
                (records.CURRENT_ASSIGNMENT, _current_assignment),
                (records.STATE_PARTITIONS, self._state_partitions),
            )
        }

    def _replaying(
        self, apply: Callable[[ShareGroup, Any, Any], None]
    ) -> Callable[[LogRecord, int, int], None]:
        def replay(record: LogRecord, offset: int, producer_id: int) -> None:
            group = self._group(record.key.group_id, record.value is not None)
            if group is not None:
                apply(group, record.key, record.value)

        return replay

    def _group(self, group_id: str, may_make: bool) -> ShareGroup | None:
        groups = self._shard.groups
        group = groups.get(group_id)
        if isinstance(group, ShareGroup):
            return group
        if not may_make:
            return None
        self._shard.forget_group(group_id)
        made = groups[group_id] = ShareGroup(
            group_id, self._shard.around.clock, self._shard.around.limits.first_epoch
        )
        return made

    def _group_epoch(self, group: ShareGroup, key: Any, value: Any) -> None:
        if value is None:
            self._shard.forget_group(group.group_id)
        else:
            group.group_epoch = value.epoch
            group.metadata_hash = value.metadata_hash

    def _state_partitions(self, group: ShareGroup, key: Any, value: Any) -> None:
        group.topics = None if value is None else records.topics_of(value, self._shard.around.clock.now_ms)


def _member(group: ShareGroup, key: Any, value: Any) -> None:
    if value is None:
        group.drop_member(key.member_id)
    else:
        group.put_member(records.subscribed_member(_member_of(group, key.member_id), value))


def _target_epoch(group: ShareGroup, key: Any, value: Any) -> None:
    if value is None:
        group.assignment_epoch, group.assignment_timestamp_ms = _NO_EPOCH, 0
    else:
        group.assignment_epoch = value.assignment_epoch
        group.assignment_timestamp_ms = value.assignment_timestamp


def _target(group: ShareGroup, key: Any, value: Any) -> None:
    if value is None:
        group.targets.pop(key.member_id, None)
    else:
        group.targets[key.member_id] = records.assignment_of(value.topic_partitions)


def _current_assignment(group: ShareGroup, key: Any, value: Any) -> None:
    if value is not None:
        group.put_member(records.assigned_member(_member_of(group, key.member_id), value))
    elif key.member_id in group.members:
        group.put_member(
            group.members[key.member_id]._replace(
                member_epoch=LEAVING_EPOCH, previous_member_epoch=LEAVING_EPOCH, assigned=NO_PARTITIONS
            )
        )


def _member_of(group: ShareGroup, member_id: str) -> ShareMember:
    return group.members.get(member_id) or ShareMember(member_id)
