"""A share group (KIP-932): members that share partitions, and the partitions whose state was made ready for it.

Rules kept here:

- Nothing is assigned before the share coordinator has made its state ready (`share_topics`).
- It has no committed offsets, and does not vanish by itself.

Source: `ShareGroup`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, NoReturn

from mockbroker.core.groups import share_records as records
from mockbroker.core.groups.consumer_member import partitions_of
from mockbroker.core.groups.group import CommitCheck, ExpiryBase, GroupType
from mockbroker.core.groups.modern import FIRST_EPOCH, ModernGroup
from mockbroker.core.groups.share_member import ShareMember
from mockbroker.core.groups.share_requests import DescribedShareGroup, DescribedShareMember
from mockbroker.core.groups.share_topics import ShareTopics
from protocol_specs.errors import ErrorCode, KafkaError

if TYPE_CHECKING:
    from mockbroker.core.groups.records import LogRecord
    from mockbroker.core.groups.shard_tables import ShardTables, Tables
    from mockbroker.core.time import Clock

__all__ = ["ASSIGNOR_NAME", "ShareGroup", "find_share_group", "new_share_group"]

ASSIGNOR_NAME: Final = "simple"


class ShareGroup(ModernGroup[ShareMember]):
    """One group.

    Attributes:
        topics: of which partitions it has state; None before anything was said of that.
    """

    type = GroupType.SHARE
    protocol_type = "share"
    __slots__ = ("topics",)

    def __init__(self, group_id: str, clock: Clock, first_epoch: int = FIRST_EPOCH) -> None:
        super().__init__(group_id, clock, first_epoch)
        self.topics: ShareTopics | None = None

    @property
    def state_name(self) -> str:
        return "Stable" if self.members else "Empty"

    @property
    def may_expire(self) -> bool:
        return False

    @property
    def has_unassigned(self) -> bool:
        """Whether partitions of subscribed topics are ready, but not assigned to anybody."""
        if self.is_empty or self.topics is None or not self.subscriptions:
            return False
        assigned: dict[bytes, set[int]] = {}
        for target in self.targets.values():
            for topic_id, partitions in target.items():
                assigned.setdefault(topic_id, set()).update(partitions)
        return any(
            topic.name in self.subscriptions and topic.partitions != assigned.get(topic_id, set())
            for topic_id, topic in self.topics.initialized.items()
        )

    # What every group has.

    def check_commit(
        self,
        member_id: str,
        group_instance_id: str | None,
        generation_id: int,
        *,
        is_transactional: bool,
        version: int,
    ) -> CommitCheck | None:
        self._refuse()

    def check_fetch(self, member_id: str | None, member_epoch: int) -> None:
        self._refuse()

    def check_delete_offsets(self) -> None:
        self._refuse()

    def _refuse(self) -> NoReturn:
        raise KafkaError(ErrorCode.GROUP_ID_NOT_FOUND, f"Group {self.group_id} is not a consumer group.")

    def expiry_base(self) -> ExpiryBase | None:
        return None

    def tombstones(self) -> list[LogRecord]:
        return records.group_tombstones(self.group_id, self.members)

    def described(self) -> DescribedShareGroup:
        """As ShareGroupDescribe shows it."""
        return DescribedShareGroup(
            self.group_id,
            state=self.state_name,
            group_epoch=self.group_epoch,
            assignment_epoch=self.assignment_epoch,
            assignor_name=ASSIGNOR_NAME,
            members=[
                DescribedShareMember(
                    member.member_id,
                    member.rack_id,
                    member.member_epoch,
                    member.client_id,
                    member.client_host,
                    sorted(member.subscribed_topic_names),
                    partitions_of(member.assigned),
                )
                for member in self.members.values()
            ],
        )


def find_share_group(tables: Tables, group_id: str) -> ShareGroup:
    """A share group.

    Raises:
        KafkaError: GROUP_ID_NOT_FOUND.
    """
    group = tables.groups.get(group_id)
    if isinstance(group, ShareGroup):
        return group
    words = "not found" if group is None else "is not a share group"
    raise KafkaError(ErrorCode.GROUP_ID_NOT_FOUND, f"Group {group_id} {words}.")


def new_share_group(shard: ShardTables, group_id: str) -> ShareGroup:
    """A share group; where there is none, a new one that is no part of the shard yet.

    Raises:
        KafkaError: GROUP_ID_NOT_FOUND for a group of another type.
    """
    if group_id in shard.groups:
        return find_share_group(shard, group_id)
    return ShareGroup(group_id, shard.around.clock, shard.around.limits.first_epoch)
