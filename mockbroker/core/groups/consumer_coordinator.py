"""The requests of the consumer protocol (KIP-848): checks them, and asks the shard that the group lives in.

Source: `GroupCoordinatorService`.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from mockbroker.core.groups.consumer_heartbeat import check_request, find_group, refused
from mockbroker.core.groups.results import ConsumerHeartbeatResult, DescribedConsumerGroup
from protocol_specs.errors import ErrorCode, KafkaError

if TYPE_CHECKING:
    from mockbroker.core.groups.limits import Limits
    from mockbroker.core.groups.requests import ConsumerHeartbeat
    from mockbroker.core.groups.shards import Shards
    from mockbroker.core.waiting import Pending

__all__ = ["ConsumerCoordinator"]


class ConsumerCoordinator:
    """Serves the consumer groups of all brokers. Every request names the broker that was asked."""

    def __init__(self, shards: Shards, limits: Limits) -> None:
        self._shards = shards
        self._assignors = limits.consumer_assignors

    def heartbeat(self, broker_id: int, request: ConsumerHeartbeat) -> ConsumerHeartbeatResult | Pending:
        """ConsumerGroupHeartbeat. A Pending is settled with a ConsumerHeartbeatResult."""
        try:
            check_request(request, self._assignors)
            shard = self._shards.shard_of(broker_id, request.group_id)
            return shard.consumers.heartbeats.heartbeat(request)
        except KafkaError as error:
            return refused(error)

    def describe(self, broker_id: int, group_ids: Iterable[str]) -> list[DescribedConsumerGroup]:
        """ConsumerGroupDescribe."""
        return [self._describe(broker_id, group_id) for group_id in group_ids]

    def _describe(self, broker_id: int, group_id: str) -> DescribedConsumerGroup:
        if not group_id:
            return DescribedConsumerGroup("", ErrorCode.INVALID_GROUP_ID)
        try:
            group = find_group(self._shards.shard_of(broker_id, group_id).committed, group_id)
        except KafkaError as error:
            return DescribedConsumerGroup(group_id, error.code, error.detail)
        return group.described(self._assignors[0])
