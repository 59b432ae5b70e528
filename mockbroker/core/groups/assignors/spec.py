"""What assignors are told, and what they answer.

Source: `GroupSpec`, `MemberSubscription`, `GroupAssignment` (kafka-group-coordinator-api).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import NamedTuple

__all__ = ["Assignment", "Assignor", "GroupSpec", "MemberSpec"]

#: Partitions by topic id. Never changed once it was given away; no topic is without any.
Assignment = Mapping[bytes, frozenset[int]]


class MemberSpec(NamedTuple):
    """One member.

    Attributes:
        topics: ids of the topics that it subscribes to, those that exist.
        target: what it was to have before.
    """

    instance_id: str | None
    topics: tuple[bytes, ...]
    target: Assignment


class GroupSpec(NamedTuple):
    """A group.

    Attributes:
        members: by member id, in the order in which Kafka's hash map holds them.
        is_homogeneous: whether all subscribe to the same topics.
        partition_counts: of each topic that somebody subscribes to, by its id.
        assigned: partitions that some target holds, by topic id.
        assignable: those that may be assigned (share groups); None: all.
    """

    members: Mapping[str, MemberSpec]
    is_homogeneous: bool
    partition_counts: Mapping[bytes, int]
    assigned: Mapping[bytes, set[int]]
    assignable: Mapping[bytes, frozenset[int]] | None = None


#: Gives every member its partitions; who is left out gets none.
Assignor = Callable[[GroupSpec], Mapping[str, Assignment]]
