"""What is written of a classic group.

Source: `GroupCoordinatorRecordHelpers.newGroupMetadataRecord`, `.newEmptyGroupMetadataRecord`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from mockbroker.core.groups.records import GROUP_METADATA, LogRecord
from protocol_specs.embedded import GROUP_RECORDS

if TYPE_CHECKING:
    from mockbroker.core.groups.classic import ClassicGroup

__all__ = ["empty_group", "group_metadata"]

_GROUP_VERSION = 3

_GROUP_RECORD = GROUP_RECORDS[GROUP_METADATA]


def group_metadata(group: ClassicGroup, assignments: dict[str, bytes]) -> LogRecord:
    """A classic group in its present generation; every member needs an assignment."""
    new_member = _GROUP_RECORD.value.members
    protocol = group.protocol_name
    value = _GROUP_RECORD.value(
        protocol_type=group.roster.protocol_type or "",
        generation=group.generation_id,
        protocol=protocol,
        leader=group.roster.leader_id,
        current_state_timestamp=_timestamp_of(group),
        members=[
            new_member(
                member_id=member.member_id,
                group_instance_id=member.group_instance_id,
                client_id=member.client_id,
                client_host=member.client_host,
                rebalance_timeout=member.rebalance_timeout_ms,
                session_timeout=member.session_timeout_ms,
                subscription=member.metadata(protocol),
                assignment=assignments[member.member_id],
            )
            for member in group.roster.members.values()
        ],
    )
    return LogRecord(_GROUP_RECORD, _GROUP_RECORD.key(group=group.group_id), value, _GROUP_VERSION)


def empty_group(group: ClassicGroup) -> LogRecord:
    """A classic group that has only just been made."""
    value = _GROUP_RECORD.value(
        protocol_type="",
        generation=0,
        protocol=None,
        leader=None,
        current_state_timestamp=_timestamp_of(group),
        members=(),
    )
    return LogRecord(_GROUP_RECORD, _GROUP_RECORD.key(group=group.group_id), value, _GROUP_VERSION)


def _timestamp_of(group: ClassicGroup) -> int:
    return -1 if group.state_timestamp_ms is None else group.state_timestamp_ms
