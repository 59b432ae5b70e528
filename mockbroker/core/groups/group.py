"""What groups of every type have in common: a shard keeps them in one table.

Source: `Group`, `OffsetExpirationCondition` (kafka-group-coordinator).
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable
from enum import Enum
from typing import TYPE_CHECKING, ClassVar

from mockbroker.core.groups.results import ListedGroup
from protocol_specs.errors import ErrorCode

if TYPE_CHECKING:
    from mockbroker.core.groups.offset_table import CommittedOffset
    from mockbroker.core.groups.records import LogRecord

__all__ = ["CommitCheck", "ExpiryBase", "Group", "GroupType"]

#: Called as `check(topic, topic_id, partition)` for each partition of a commit; raises KafkaError.
CommitCheck = Callable[[str, bytes, int], None]
#: From when on an offset's retention counts, in milliseconds since the epoch.
ExpiryBase = Callable[["CommittedOffset"], int]


class GroupType(Enum):
    """The protocol that a group's members speak, as ListGroups names it."""

    CLASSIC = "classic"
    CONSUMER = "consumer"
    SHARE = "share"
    STREAMS = "streams"


class Group(ABC):
    """One group."""

    __slots__ = ("group_id",)

    type: ClassVar[GroupType]
    #: Whether a classic group may take the place of an empty one.
    gives_way: ClassVar[bool] = False

    def __init__(self, group_id: str) -> None:
        self.group_id = group_id

    @property
    @abstractmethod
    def state_name(self) -> str:
        """Its state, as clients see it."""

    @property
    def state_filter(self) -> str:
        """Its state, as ListGroups asks for it."""
        return self.state_name.lower()

    @property
    @abstractmethod
    def is_empty(self) -> bool:
        """Whether it has no members, so that it may be deleted."""

    @property
    def may_expire(self) -> bool:
        """Whether it vanishes with its last offset."""
        return True

    @abstractmethod
    def listed(self) -> ListedGroup:
        """As ListGroups shows it."""

    @abstractmethod
    def check_commit(
        self,
        member_id: str,
        group_instance_id: str | None,
        generation_id: int,
        *,
        is_transactional: bool,
        version: int,
    ) -> CommitCheck | None:
        """Refuse a commit that does not come from a present member.

        Args:
            version: of the request.

        Returns:
            A check of each partition, where there is one.

        Raises:
            KafkaError: the code depends on the type and the state.
        """

    def touch_member(self, member_id: str) -> None:
        """A commit was accepted: let it count as a sign of life, where it does."""
        return

    @abstractmethod
    def check_fetch(self, member_id: str | None, member_epoch: int) -> None:
        """Refuse an OffsetFetch.

        Raises:
            KafkaError: GROUP_ID_NOT_FOUND stands for "nothing committed".
        """

    @abstractmethod
    def check_delete_offsets(self) -> None:
        """Refuse an OffsetDelete.

        Raises:
            KafkaError: GROUP_ID_NOT_FOUND, NON_EMPTY_GROUP.
        """

    @abstractmethod
    def delete_error(self) -> ErrorCode:
        """Why DeleteGroups may not delete it; NONE when it may."""

    @abstractmethod
    def is_subscribed_to(self, topic: str) -> bool:
        """Whether offsets of the topic are in use, as far as it is known."""

    @abstractmethod
    def tombstones(self) -> list[LogRecord]:
        """The records that delete it, its offsets apart."""

    @abstractmethod
    def expiry_base(self) -> ExpiryBase | None:
        """From when on an offset's retention counts; None while offsets do not expire (KIP-211)."""

    @abstractmethod
    def forget_deadlines(self) -> None:
        """It is gone: let no deadline of it ring any more."""

    @abstractmethod
    def unload(self) -> None:
        """The coordinator has moved: answer whoever waits, and forget all deadlines."""
