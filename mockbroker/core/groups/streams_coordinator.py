"""The requests of the streams protocol (KIP-1071): checks them, and asks the shard that the group lives in.

Source: `GroupCoordinatorService`; `ExpiringErrorCache` of `AutoTopicCreationManager`.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Final

from mockbroker.core.groups.streams_change import find_group
from mockbroker.core.groups.streams_checks import check_request
from mockbroker.core.groups.streams_heartbeat import refused
from mockbroker.core.groups.streams_messages import DescribedStreamsGroup, StreamsHeartbeatResult
from protocol_specs.errors import ErrorCode, KafkaError

if TYPE_CHECKING:
    from mockbroker.core.groups.shards import Shards
    from mockbroker.core.groups.streams_messages import StreamsHeartbeat
    from mockbroker.core.time import Clock
    from mockbroker.core.waiting import Pending

__all__ = ["CreationErrors", "StreamsCoordinator"]


class StreamsCoordinator:
    """Serves the streams groups of all brokers. Every request names the broker that was asked.

    Attributes:
        creation_errors: why internal topics could not be created.
    """

    def __init__(self, shards: Shards, clock: Clock) -> None:
        self._shards = shards
        self.creation_errors = CreationErrors(clock)

    def heartbeat(self, broker_id: int, request: StreamsHeartbeat) -> StreamsHeartbeatResult | Pending:
        """StreamsGroupHeartbeat. A Pending is settled with a StreamsHeartbeatResult."""
        try:
            check_request(request)
            shard = self._shards.shard_of(broker_id, request.group_id)
            return shard.streams.heartbeats.heartbeat(request)
        except KafkaError as error:
            return refused(error)

    def describe(self, broker_id: int, group_ids: Iterable[str]) -> list[DescribedStreamsGroup]:
        """StreamsGroupDescribe."""
        return [self._describe(broker_id, group_id) for group_id in group_ids]

    def _describe(self, broker_id: int, group_id: str) -> DescribedStreamsGroup:
        if not group_id:
            return DescribedStreamsGroup("", ErrorCode.INVALID_GROUP_ID)
        try:
            group = find_group(self._shards.shard_of(broker_id, group_id).committed, group_id)
        except KafkaError as error:
            return DescribedStreamsGroup(group_id, error.code, error.detail)
        return group.described()


class CreationErrors:
    """Why internal topics could not be created. It is kept for a while, and nobody tries again until then."""

    _LIMIT: Final = 1000

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        #: until when, in seconds since the epoch, and why; by topic.
        self._errors: dict[str, tuple[float, str]] = {}

    def note(self, topic: str, why: str, seconds: float) -> None:
        """A topic could not be created."""
        self._errors[topic] = self._clock.now + seconds, why
        now = self._clock.now
        self._errors = {name: error for name, error in self._errors.items() if error[0] > now}
        while len(self._errors) > self._LIMIT:
            del self._errors[min(self._errors, key=self._errors.__getitem__)]

    def of(self, topics: Iterable[str]) -> dict[str, str]:
        """Why these topics could not be created, those that are known."""
        now = self._clock.now
        known = ((name, self._errors.get(name)) for name in topics)
        return {name: error[1] for name, error in known if error is not None and error[0] > now}
