"""What kind of group one is, told without importing what serves that kind."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeGuard

from mockbroker.core.groups.group import GroupType

if TYPE_CHECKING:
    from mockbroker.core.groups.consumer import ConsumerGroup
    from mockbroker.core.groups.group import Group
    from mockbroker.core.groups.streams import StreamsGroup

__all__ = ["is_consumer_group", "is_streams_group"]


def is_consumer_group(group: Group | None) -> TypeGuard[ConsumerGroup]:
    """Whether it is one."""
    return group is not None and group.type is GroupType.CONSUMER


def is_streams_group(group: Group | None) -> TypeGuard[StreamsGroup]:
    """Whether it is one."""
    return group is not None and group.type is GroupType.STREAMS
