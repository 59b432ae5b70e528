"""The order in which several groups of one request are answered."""

from __future__ import annotations

from collections.abc import Sequence

from mockbroker.core.java_maps import hash_order, topic_partition_hash
from mockbroker.core.topics import CONSUMER_OFFSETS
from mockbroker.handlers.call import Call

__all__ = ["by_coordinator"]


def by_coordinator(
    call: Call, group_ids: Sequence[str], *, is_empty_first: bool = True, are_deleted: bool = False
) -> Sequence[str]:
    """Group ids by the partition that each lives in, as a `HashMap` of partitions is walked.

    Args:
        is_empty_first: whether the empty id is refused before any coordinator is asked.
        are_deleted: then those of one partition are kept in a set.

    Source: `GroupCoordinatorService`: describeGroups, consumerGroupDescribe, deleteGroups and others.
    """
    if len(group_ids) < 2:
        return group_ids
    partitions: dict[int, list[str]] = {}
    first = []
    for group_id in group_ids:
        if is_empty_first and not group_id:
            first.append(group_id)
            continue
        partitions.setdefault(call.core.groups.shards.partition_for(group_id), []).append(group_id)
    ordered = hash_order(
        partitions, lambda index: topic_partition_hash(CONSUMER_OFFSETS, index), are_computed=True
    )
    if are_deleted:
        return [group_id for index in ordered for group_id in hash_order(partitions[index])]
    return first + [group_id for index in ordered for group_id in partitions[index]]
