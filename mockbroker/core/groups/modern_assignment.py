"""Making a group's target assignment.

Rules kept here:

- Assignors are told of topics that exist only, in the order of their names.
- Only what changed is to be written; a member that had no target yet gets one, even if it is empty.
- The next assignment is made no sooner than the group's interval after the last one (KIP-1263).

Source: `TargetAssignmentBuilder`, `GroupMetadataManager.canComputeNextTargetAssignment`.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, NamedTuple

from mockbroker.core.groups.assignors.spec import Assignment, Assignor, GroupSpec, MemberSpec
from mockbroker.core.groups.modern import NO_PARTITIONS
from mockbroker.core.java_maps import hash_order

if TYPE_CHECKING:
    from mockbroker.core.cluster import Cluster

__all__ = ["NewTargets", "Subscriber", "is_due", "make_targets"]


class Subscriber(NamedTuple):
    """A member as far as its assignment goes.

    Attributes:
        topic_names: what it subscribes to, by name or by regular expression.
        successor_of: the member whose target it takes over, where it is not its own.
    """

    topic_names: frozenset[str]
    instance_id: str | None = None
    successor_of: str | None = None


class NewTargets(NamedTuple):
    """A target assignment.

    Attributes:
        targets: of each member; who is not in it is to have nothing.
        changed: members whose target is not what it was.
    """

    targets: Mapping[str, Assignment]
    changed: list[str]


def is_due(assignment_timestamp_ms: int, interval_ms: int, now_ms: int) -> bool:
    """Whether the next assignment may be made.

    Args:
        assignment_timestamp_ms: when the last one was made, 0 where that is not known.
        interval_ms: the least time between two of them; 0 for none.
    """
    return not assignment_timestamp_ms or not interval_ms or now_ms >= assignment_timestamp_ms + interval_ms


def make_targets(
    cluster: Cluster,
    assignor: Assignor,
    subscribers: Mapping[str, Subscriber],
    targets: Mapping[str, Assignment],
    *,
    is_homogeneous: bool,
    assignable: Mapping[bytes, frozenset[int]] | None = None,
) -> NewTargets:
    """Let an assignor do its work.

    Args:
        targets: the present target of each member, also of those that are gone.
        is_homogeneous: whether all subscribe to the same topics.
        assignable: the partitions that may be assigned (share groups); None: all.
    """
    topic_ids: dict[frozenset[str], tuple[bytes, ...]] = {}
    specs: dict[str, MemberSpec] = {}
    for member_id in hash_order(subscribers):
        names, instance_id, successor_of = subscribers[member_id]
        ids = topic_ids.get(names)
        if ids is None:
            ids = topic_ids[names] = _existing(cluster, names)
        target = targets.get(successor_of or member_id, NO_PARTITIONS)
        specs[member_id] = MemberSpec(instance_id, ids, target)
    counts = {id: len(cluster.topics_by_id[id].partitions) for ids in topic_ids.values() for id in ids}
    spec = GroupSpec(specs, is_homogeneous, counts, _assigned(targets.values()), assignable)
    made = assignor(spec)
    changed = [id for id in specs if targets.get(id) != made.get(id, NO_PARTITIONS)]
    return NewTargets(made, changed)


def _existing(cluster: Cluster, names: Iterable[str]) -> tuple[bytes, ...]:
    topics = cluster.topics
    return tuple(topics[name].id for name in sorted(names) if name in topics)


def _assigned(targets: Iterable[Assignment]) -> dict[bytes, set[int]]:
    assigned: dict[bytes, set[int]] = {}
    for target in targets:
        for topic_id, partitions in target.items():
            assigned.setdefault(topic_id, set()).update(partitions)
    return assigned
