"""StreamsGroupHeartbeat (KIP-1071): by it alone a member joins, learns which tasks it is to run, and leaves.

Rules kept here:

- The tasks are told where the member joins, or is to have others than before; otherwise it goes on with what it has.
- The endpoints are told to whoever knows those of another epoch.
- Members that join while their group waits for its first assignment are answered when the wait ends, if it is to be
  no longer than 50 ms, as it is with our default: so those that start together share the first assignment, and the
  internal topics are there by then. With a longer wait they are answered at once, without tasks, as Kafka does
  (docs/differences.md).
- A heartbeat that changes nothing writes nothing.

Source: `GroupCoordinatorService.streamsGroupHeartbeat`, `GroupMetadataManager.streamsGroupHeartbeat`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from mockbroker.core.groups.modern import JOINING_EPOCH, LEAVING_EPOCH
from mockbroker.core.groups.streams_change import StreamsChange, find_group
from mockbroker.core.groups.streams_endpoints import partitions_by_endpoint
from mockbroker.core.groups.streams_messages import StatusCode, StreamsHeartbeatResult
from mockbroker.core.waiting import Pending
from protocol_specs.errors import ErrorCode, KafkaError

if TYPE_CHECKING:
    from mockbroker.core.groups.shard_tables import ShardTables
    from mockbroker.core.groups.streams import StreamsGroup
    from mockbroker.core.groups.streams_change import StreamsMembers
    from mockbroker.core.groups.streams_fencing import StreamsFencing
    from mockbroker.core.groups.streams_messages import StreamsHeartbeat

__all__ = ["StreamsHeartbeats", "refused"]

_HELD_MS: Final = 50


class StreamsHeartbeats:
    """The StreamsGroupHeartbeats of one shard."""

    __slots__ = ("_around", "_fencing", "_members", "_shard", "_waiting")

    def __init__(self, shard: ShardTables, members: StreamsMembers, fencing: StreamsFencing) -> None:
        self._shard = shard
        self._around = shard.around
        self._members = members
        self._fencing = fencing
        #: who waits for the first assignment of its group.
        self._waiting: dict[StreamsGroup, list[tuple[StreamsHeartbeat, Pending]]] = {}

    def heartbeat(self, request: StreamsHeartbeat) -> StreamsHeartbeatResult | Pending:
        """Answer a heartbeat that `check_request` let through.

        Raises:
            KafkaError: with Kafka's code and text.
        """
        if request.member_epoch == LEAVING_EPOCH:
            return self._leave(request)
        change = self._members.find(request)
        result, required = self._beat(change, request)
        if request.member_epoch == JOINING_EPOCH and 0 < change.delay_ms <= _HELD_MS:
            _create_topics(request, result)
            return self._wait(request, change.delay_ms / 1000)
        return self._answer(required, request, result)

    def _beat(self, change: StreamsChange, request: StreamsHeartbeat) -> tuple[StreamsHeartbeatResult, int]:
        members = self._members
        members.update(change, request)
        members.assign(change)
        members.reconcile(change, request)
        if request.shuts_down:
            _shut_down(change.group, request.member_id)
        result = self._result(change, request)
        return result, members.write(change, self._end_delay)

    def _result(self, change: StreamsChange, request: StreamsHeartbeat) -> StreamsHeartbeatResult:
        group, updated, configured = change.group, change.updated, change.configured
        tells_tasks = request.member_epoch == JOINING_EPOCH or updated.assigned != change.member.assigned
        if tells_tasks and updated.user_endpoint is not None:
            group.endpoint_epoch += 1
        endpoints = None
        if group.endpoint_epoch != request.endpoint_epoch:
            others = [member for id, member in group.members.items() if id != updated.member_id]
            endpoints = partitions_by_endpoint(self._around.cluster, configured, [*others, updated])
        if configured.problem is not None:
            change.statuses.append(configured.problem)
        if group.shutdown_member_id is not None:
            change.tell(
                StatusCode.SHUTDOWN_APPLICATION,
                f"Streams group member {group.shutdown_member_id} encountered a fatal error and requested a "
                "shutdown for the entire application.",
            )
        return StreamsHeartbeatResult(
            member_id=updated.member_id,
            member_epoch=updated.member_epoch,
            heartbeat_interval_ms=self._around.configs.of(group.group_id)["streams.heartbeat.interval.ms"],
            statuses=change.statuses,
            tasks=updated.assigned.tasks if tells_tasks else None,
            # Of a group that is just being made nothing is kept.
            endpoint_epoch=group.endpoint_epoch if group.group_id in self._shard.groups else 0,
            endpoints=endpoints,
            missing_topics=configured.missing,
        )

    def _answer(
        self, required: int, request: StreamsHeartbeat, result: StreamsHeartbeatResult
    ) -> StreamsHeartbeatResult | Pending:
        def reply(error: ErrorCode) -> StreamsHeartbeatResult:
            return StreamsHeartbeatResult(error) if error else _create_topics(request, result)

        answer: StreamsHeartbeatResult | Pending = self._shard.when_committed(required, reply)
        return answer

    # The first assignment.

    def _wait(self, request: StreamsHeartbeat, seconds: float) -> Pending:
        group = find_group(self._shard, request.group_id)
        waiting = self._waiting.get(group)
        if waiting is None:
            waiting = self._waiting[group] = []
            self._around.clock.call_later(seconds, lambda: self._end_wait(group))
        pending = Pending()
        waiting.append((request, pending))
        return pending

    def _end_delay(self, group: StreamsGroup) -> None:
        # Those that wait have the assignment made when their wait ends, which is now.
        if group not in self._waiting and self._shard.groups.get(group.group_id) is group:
            self._members.assign_late(group)

    def _end_wait(self, group: StreamsGroup) -> None:
        for request, pending in self._waiting.pop(group):
            try:
                self._finish_waiting(group, request, pending)
            except KafkaError as error:
                pending.settle(refused(error))

    def _finish_waiting(self, group: StreamsGroup, request: StreamsHeartbeat, pending: Pending) -> None:
        if not self._shard.is_loaded:
            raise KafkaError(ErrorCode.NOT_COORDINATOR)
        if self._shard.groups.get(request.group_id) is not group:
            raise KafkaError(ErrorCode.UNKNOWN_MEMBER_ID)
        change = StreamsChange(group, group.member(request.member_id), [])
        result, required = self._beat(change, request)
        answer = self._answer(required, request, result)
        if isinstance(answer, Pending):
            answer.on_settled = lambda: pending.settle(answer.reply)
        else:
            pending.settle(answer)

    # Leaving.

    def _leave(self, request: StreamsHeartbeat) -> StreamsHeartbeatResult | Pending:
        group = find_group(self._shard, request.group_id)
        if request.shuts_down:
            _shut_down(group, request.member_id)
        member = group.member(request.member_id)
        required = self._fencing.fence(group, member.member_id)
        result = StreamsHeartbeatResult(member_id=request.member_id, member_epoch=request.member_epoch)
        return self._answer(required, request, result)


def refused(error: KafkaError) -> StreamsHeartbeatResult:
    """The answer to a heartbeat that is refused; what the coordinator trips over has no text."""
    is_trip = error.code is ErrorCode.UNKNOWN_SERVER_ERROR
    return StreamsHeartbeatResult(error.code, None if is_trip else error.detail)


def _shut_down(group: StreamsGroup, member_id: str) -> None:
    """A member wants all members to end; only the first one's word counts."""
    if group.shutdown_member_id is None:
        group.shutdown_member_id = member_id


def _create_topics(request: StreamsHeartbeat, result: StreamsHeartbeatResult) -> StreamsHeartbeatResult:
    if result.missing_topics and request.create_topics is not None:
        return request.create_topics(result)
    return result
