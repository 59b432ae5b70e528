"""The requests of share groups (KIP-932): checks them, and asks the shard that the group lives in.

Source: `GroupCoordinatorService`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from functools import partial
from typing import TYPE_CHECKING

from mockbroker.core.groups.share import ShareGroup, find_share_group
from mockbroker.core.groups.share_heartbeat import check_request, refused
from mockbroker.core.groups.share_offset_changes import ShareOffsetChanges
from mockbroker.core.groups.share_offsets import ShareOffsets
from mockbroker.core.groups.share_requests import (
    DescribedShareGroup,
    ShareHeartbeat,
    ShareHeartbeatResult,
)
from protocol_specs.errors import ErrorCode, KafkaError

if TYPE_CHECKING:
    from mockbroker.core.cluster import Cluster
    from mockbroker.core.groups.shards import Shards
    from mockbroker.core.share.persister import Persister
    from mockbroker.core.waiting import Pending

__all__ = ["ShareCoordinator"]


class ShareCoordinator:
    """Serves the share groups of all brokers. Every request names the broker that was asked.

    Attributes:
        offsets: where groups are in their partitions.
        changes: sets and deletes that.
    """

    __slots__ = ("_shards", "changes", "offsets")

    def __init__(self, shards: Shards, cluster: Cluster, persister: Persister) -> None:
        self._shards = shards
        self.offsets = ShareOffsets(shards, cluster, persister)
        self.changes = ShareOffsetChanges(shards, cluster)

    def heartbeat(self, broker_id: int, request: ShareHeartbeat) -> ShareHeartbeatResult | Pending:
        """ShareGroupHeartbeat. A Pending is settled with a ShareHeartbeatResult."""
        try:
            check_request(request)
            shard = self._shards.shard_of(broker_id, request.group_id)
            return shard.shares.heartbeats.heartbeat(request)
        except KafkaError as error:
            return refused(error)

    def describe(self, broker_id: int, group_ids: Iterable[str]) -> list[DescribedShareGroup]:
        """ShareGroupDescribe."""
        return [self._describe(broker_id, group_id) for group_id in group_ids]

    def _describe(self, broker_id: int, group_id: str) -> DescribedShareGroup:
        if not group_id:
            return DescribedShareGroup("", ErrorCode.INVALID_GROUP_ID)
        try:
            return find_share_group(
                self._shards.shard_of(broker_id, group_id).committed, group_id
            ).described()
        except KafkaError as error:
            return DescribedShareGroup(group_id, error.code, error.message)

    def delete_states(
        self, broker_id: int, group_ids: Iterable[str], then: Callable[[dict[str, ErrorCode]], None]
    ) -> None:
        """Delete all state of those among these groups that are empty share groups, since they are to be deleted.

        Args:
            then: called with the groups that must not be deleted now, and why.
        """
        failed: dict[str, ErrorCode] = {}
        missing = 1

        def done(group_id: str, error: ErrorCode) -> None:
            nonlocal missing
            missing -= 1
            if error:
                failed[group_id] = error
            if not missing:
                then(failed)

        for group_id in group_ids:
            missing += 1
            try:
                shard = self._shards.shard_of(broker_id, group_id)
                group = shard.groups.get(group_id)
                if isinstance(group, ShareGroup) and group.is_empty:
                    self.changes.delete_states(shard, group, partial(done, group_id))
                else:
                    done(group_id, ErrorCode.NONE)
            except KafkaError as error:
                done(group_id, error.code)
        done("", ErrorCode.NONE)
