"""Reading the records of consumer groups: how a shard's table comes to say what they say.

Rules kept here:

- A record of a group that there is not makes it; a tombstone of one does nothing.
- A simple group, which exists only because somebody committed offsets, gives way to a consumer group of its name.

Source: the `replay` methods of `GroupMetadataManager`.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from mockbroker.core.groups import consumer_records as records
from mockbroker.core.groups.consumer import ConsumerGroup
from mockbroker.core.groups.consumer_member import ConsumerMember
from mockbroker.core.groups.modern import LEAVING_EPOCH
from mockbroker.core.groups.resolved_regex import ResolvedRegex

if TYPE_CHECKING:
    from mockbroker.core.groups.records import LogRecord
    from mockbroker.core.groups.shard_tables import ShardTables

__all__ = ["ConsumerReplay"]

_NO_EPOCH = -1


class ConsumerReplay:
    """Replays the records of the consumer groups of one shard."""

    __slots__ = ("_shard",)

    def __init__(self, shard: ShardTables) -> None:
        self._shard = shard

    def table(self) -> dict[int, Callable[[LogRecord, int, int], None]]:
        """What replays each type of record."""
        return {
            number: self._replaying(apply)
            for number, apply in (
                (records.GROUP_EPOCH, self._group_epoch),
                (records.PARTITION_METADATA, _partition_metadata),
                (records.MEMBER, _member),
                (records.TARGET_EPOCH, _target_epoch),
                (records.TARGET, _target),
                (records.CURRENT_ASSIGNMENT, _current_assignment),
                (records.REGEX, _regex),
            )
        }

    def _replaying(
        self, apply: Callable[[ConsumerGroup, Any, Any], None]
    ) -> Callable[[LogRecord, int, int], None]:
        def replay(record: LogRecord, offset: int, producer_id: int) -> None:
            group = self._group(record.key.group_id, record.value is not None)
            if group is not None:
                apply(group, record.key, record.value)

        return replay

    def _group(self, group_id: str, may_make: bool) -> ConsumerGroup | None:
        groups = self._shard.groups
        group = groups.get(group_id)
        if isinstance(group, ConsumerGroup):
            return group
        if not may_make:
            return None
        self._shard.forget_group(group_id)
        made = groups[group_id] = ConsumerGroup(
            group_id, self._shard.around.clock, self._shard.around.limits.first_epoch
        )
        return made

    def _group_epoch(self, group: ConsumerGroup, key: Any, value: Any) -> None:
        if value is None:
            self._shard.forget_group(group.group_id)
        else:
            group.group_epoch = value.epoch
            group.metadata_hash = value.metadata_hash


def _partition_metadata(group: ConsumerGroup, key: Any, value: Any) -> None:
    group.has_old_metadata = value is not None


def _member(group: ConsumerGroup, key: Any, value: Any) -> None:
    if value is None:
        group.drop_member(key.member_id)
    else:
        group.put_member(records.subscribed_member(_member_of(group, key.member_id), value))


def _target_epoch(group: ConsumerGroup, key: Any, value: Any) -> None:
    if value is None:
        group.assignment_epoch, group.assignment_timestamp_ms = _NO_EPOCH, 0
    else:
        group.assignment_epoch = value.assignment_epoch
        group.assignment_timestamp_ms = value.assignment_timestamp


def _target(group: ConsumerGroup, key: Any, value: Any) -> None:
    if value is None:
        group.targets.pop(key.member_id, None)
    else:
        group.targets[key.member_id] = records.assignment_of(value)


def _current_assignment(group: ConsumerGroup, key: Any, value: Any) -> None:
    if value is not None:
        group.put_member(records.assigned_member(_member_of(group, key.member_id), value))
    elif key.member_id in group.members:
        member = group.members[key.member_id]
        group.put_member(
            member._replace(
                member_epoch=LEAVING_EPOCH,
                previous_member_epoch=LEAVING_EPOCH,
                assigned={},
                pending_revocation={},
            )
        )


def _regex(group: ConsumerGroup, key: Any, value: Any) -> None:
    resolved = None
    if value is not None:
        resolved = ResolvedRegex(frozenset(value.topics), value.version, value.timestamp)
    group.resolve(key.regular_expression, resolved)


def _member_of(group: ConsumerGroup, member_id: str) -> ConsumerMember:
    return group.members.get(member_id) or ConsumerMember(member_id)
