"""What one heartbeat does to one member of a streams group: decided step by step, written as a whole.

    member      found, or made                                         (`StreamsMembers.find`)
    update      the member is as the request says; the topology is its first member's, and is fitted to the topics;
                any change raises the group epoch
    assign      the target assignment comes up to the group epoch
    reconcile   the member's own tasks come up to the target

Rules kept here:

- A member whose epoch is not the coordinator's is fenced. The previous epoch is let through while the member has
  nothing but what it was given, since the answer with the new one may have been lost.
- The group epoch also rises when the topics themselves have changed, seen by their hash, and when the configs of the
  assignment have.
- A group that begins waits for further members before it assigns anything: `streams.initial.rebalance.delay.ms`.

Source: `GroupMetadataManager.streamsGroupHeartbeat` and what it calls.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Final

from mockbroker.core.groups import streams_records as records
from mockbroker.core.groups.assignors.sticky_tasks import TaskMember, TaskSource, assign_tasks
from mockbroker.core.groups.classic import ClassicGroup
from mockbroker.core.groups.modern import JOINING_EPOCH, is_reconciled
from mockbroker.core.groups.modern_assignment import is_due
from mockbroker.core.groups.streams import StreamsGroup
from mockbroker.core.groups.streams_checks import check_epoch, check_tasks
from mockbroker.core.groups.streams_configure import ConfiguredTopology, configure
from mockbroker.core.groups.streams_member import StreamsMember
from mockbroker.core.groups.streams_messages import Status, StatusCode
from mockbroker.core.groups.streams_reconcile import reconcile_tasks
from mockbroker.core.groups.streams_tasks import NO_TASKS, Tasks, owned_tasks, unique
from mockbroker.core.groups.streams_topology import Topology
from mockbroker.core.java_maps import hash_order
from protocol_specs.errors import ErrorCode, KafkaError

if TYPE_CHECKING:
    from mockbroker.core.groups.records import LogRecord
    from mockbroker.core.groups.shard_tables import ShardTables, Tables
    from mockbroker.core.groups.streams_fencing import StreamsFencing
    from mockbroker.core.groups.streams_messages import StreamsHeartbeat

__all__ = ["StreamsChange", "StreamsMembers", "find_group"]

#: The timer of a group that waits for members before its first assignment. It is of no member.
_DELAY: Final = "delay"
_NO_MEMBER: Final = ""
_STANDBY_REPLICAS: Final = "num.standby.replicas"


class StreamsChange:
    """A change in the making.

    Attributes:
        group: as it is; a new one is no part of the shard yet.
        member: as it was.
        updated: as it is to be.
        topology: that of the group.
        configured: how it fits to the topics.
        log_records: what makes it so.
        statuses: what the member is told beside its tasks.
        group_epoch: what the group's epoch is to be.
        delay_ms: of the first assignment, while the group waits for it; else 0.
        has_moved: whether the member's tasks, or its epoch, change.
        checked_version: the cluster's version at which the group's topics were looked at, once this is written.
    """

    __slots__ = (
        "checked_version",
        "configured",
        "delay_ms",
        "group",
        "group_epoch",
        "has_moved",
        "log_records",
        "member",
        "statuses",
        "target",
        "target_epoch",
        "topology",
        "updated",
    )

    configured: ConfiguredTopology
    topology: Topology

    def __init__(self, group: StreamsGroup, member: StreamsMember, log_records: list[LogRecord]) -> None:
        self.group = group
        self.member = self.updated = member
        self.log_records = log_records
        self.statuses: list[Status] = []
        self.group_epoch = group.group_epoch
        self.delay_ms = 0
        self.has_moved = False
        self.checked_version = group.checked_version
        self.target_epoch = group.assignment_epoch
        self.target: Tasks = NO_TASKS

    def tell(self, code: StatusCode, detail: str) -> None:
        self.statuses.append(Status(code, detail))


class StreamsMembers:
    """Takes those steps, for the groups of one shard."""

    __slots__ = ("_around", "_cluster", "_fencing", "_shard")

    def __init__(self, shard: ShardTables, fencing: StreamsFencing) -> None:
        self._shard = shard
        self._around = shard.around
        self._cluster = shard.around.cluster
        self._fencing = fencing

    # Finding the member.

    def find(self, request: StreamsHeartbeat) -> StreamsChange:
        """The member, in its group; a new one where it joins.

        Raises:
            KafkaError: GROUP_ID_NOT_FOUND, GROUP_MAX_SIZE_REACHED, UNKNOWN_MEMBER_ID, FENCED_MEMBER_EPOCH.
        """
        member_id = request.member_id
        log_records: list[LogRecord] = []
        if request.member_epoch != JOINING_EPOCH:
            group = find_group(self._shard, request.group_id, "Streams group")
            member = group.member(member_id)
            check_epoch(member, request)
        else:
            group = self._group_to_join(request.group_id, log_records)
            limit = self._around.limits.max_streams_group_size
            # As in Kafka: also of a member that joins again.
            if len(group.members) >= limit:
                text = f"The streams group has reached its maximum capacity of {limit} members."
                raise KafkaError(ErrorCode.GROUP_MAX_SIZE_REACHED, text)
            member = group.members.get(member_id) or StreamsMember(member_id)
        return StreamsChange(group, member, log_records)

    def _group_to_join(self, group_id: str, log_records: list[LogRecord]) -> StreamsGroup:
        group = self._shard.groups.get(group_id)
        if group is None:
            return StreamsGroup(group_id, self._around.clock, self._around.limits.first_epoch)
        if isinstance(group, ClassicGroup) and group.is_empty:
            log_records += group.tombstones()
            return StreamsGroup(group_id, self._around.clock, self._around.limits.first_epoch)
        return find_group(self._shard, group_id)

    # Updating.

    def update(self, change: StreamsChange, request: StreamsHeartbeat) -> None:
        """Write the member if it is not what it was, and raise the group epoch where anything calls for it.

        Raises:
            KafkaError: INVALID_REQUEST, STREAMS_INVALID_TOPOLOGY.
        """
        group, group_id = change.group, change.group.group_id
        change.updated = _updated(change.member, request)
        rises = change.updated != change.member
        if rises:
            change.log_records.append(records.member_metadata(group_id, change.updated))
        self._take_topology(change, request)
        version, metadata_hash = self._cluster.version, group.metadata_hash
        if group.topology is None or group.configured is None or group.checked_version != version:
            metadata_hash = self._around.topic_hashes.of(change.topology.required_topics)
            has_changed = metadata_hash != group.metadata_hash
            rises |= has_changed
            if has_changed or group.topology is None or group.configured is None:
                group.configured = configure(self._cluster, change.topology)
        assert group.configured is not None
        change.configured = group.configured
        change.checked_version = version
        validated_epoch = -1
        if change.configured.is_ready:
            validated_epoch = change.topology.epoch
            check_tasks(change.configured, request)
        configs = {_STANDBY_REPLICAS: str(self._standby_replicas(group_id))}
        if rises or validated_epoch != group.validated_topology_epoch or configs != group.assignment_configs:
            change.group_epoch += 1
            change.log_records.append(
                records.group_epoch(group_id, change.group_epoch, metadata_hash, validated_epoch, configs)
            )

    def _take_topology(self, change: StreamsChange, request: StreamsHeartbeat) -> None:
        present, asked = change.group.topology, request.topology
        if asked is not None:
            topology = Topology(*asked)
            if present is None:
                epoch, parts = asked
                change.log_records.append(records.topology(request.group_id, epoch, parts))
            elif present.epoch <= topology.epoch and present != topology:
                raise KafkaError(ErrorCode.INVALID_REQUEST, "Topology updates are not supported yet.")
            change.topology = topology if present is None else present
        elif present is not None:
            change.topology = present
        else:
            text = "The topology is null and the group topology is also null."
            raise KafkaError(ErrorCode.UNKNOWN_SERVER_ERROR, text)
        epoch = change.updated.topology_epoch
        if present is not None and epoch < present.epoch:
            text = (
                f"The member's topology epoch {epoch} is behind the group's topology epoch {present.epoch}."
            )
            change.tell(StatusCode.STALE_TOPOLOGY, text)

    def _standby_replicas(self, group_id: str) -> int:
        replicas: int = self._around.configs.of(group_id)["streams.num.standby.replicas"]
        return replicas

    # Assigning.

    def assign(self, change: StreamsChange) -> None:
        """Make the target assignment if the present one is of an older epoch, and if it is time."""
        group, member_id = change.group, change.updated.member_id
        delay_ms = self._around.configs.of(group.group_id)["streams.initial.rebalance.delay.ms"]
        if group.timers.is_running(_DELAY, _NO_MEMBER) or (group.is_empty and delay_ms):
            text = "Assignment delayed due to the configured initial rebalance delay."
            change.tell(StatusCode.ASSIGNMENT_DELAYED, text)
            change.delay_ms = delay_ms
            return
        change.target = group.target_of(member_id)
        if group.assignment_epoch >= change.group_epoch:
            return
        if not self._is_due(group):
            text = "Assignment delayed due to the configured assignment interval."
            change.tell(StatusCode.ASSIGNMENT_DELAYED, text)
            return
        members = {**group.members, member_id: change.updated}
        replicas = self._standby_replicas(group.group_id)
        targets, log_records = self._new_targets(
            group, members, change.group_epoch, change.configured, replicas
        )
        change.log_records += log_records
        change.target_epoch, change.target = change.group_epoch, targets[member_id]

    def assign_late(self, group: StreamsGroup) -> None:
        """Make the first target assignment: the group has waited long enough.

        Raises:
            KafkaError: what a client would be told; nothing was written then.
        """
        configured = group.configured
        if group.is_empty or configured is None:
            # Nobody has looked yet how the topology of a new group fits: the next heartbeat will.
            return
        if group.group_epoch > group.assignment_epoch and self._is_due(group):
            replicas = int(group.assignment_configs[_STANDBY_REPLICAS])
            epoch = group.group_epoch
            _, log_records = self._new_targets(group, group.members, epoch, configured, replicas)
            self._shard.write(log_records)

    def _is_due(self, group: StreamsGroup) -> bool:
        interval_ms = self._around.configs.of(group.group_id)["streams.assignment.interval.ms"]
        return is_due(group.assignment_timestamp_ms, interval_ms, self._around.clock.now_ms)

    def _new_targets(
        self,
        group: StreamsGroup,
        members: Mapping[str, StreamsMember],
        epoch: int,
        configured: ConfiguredTopology,
        replicas: int,
    ) -> tuple[dict[str, Tasks], list[LogRecord]]:
        ordered = {id: TaskMember(members[id].process_id, group.target_of(id)) for id in hash_order(members)}
        targets = dict.fromkeys(ordered, NO_TASKS)
        if configured.is_ready and configured.subtopologies is not None:
            sources = {
                id: TaskSource(part.tasks, part.is_stateful) for id, part in configured.subtopologies.items()
            }
            targets = assign_tasks(ordered, sources, replicas)
        log_records = [
            records.target(group.group_id, id, targets[id])
            for id in ordered
            if group.targets.get(id) != targets[id]
        ]
        log_records.append(records.target_epoch(group.group_id, epoch, self._around.clock.now_ms))
        return targets, log_records

    # Reconciling.

    def reconcile(self, change: StreamsChange, request: StreamsHeartbeat) -> None:
        """Bring the member's tasks nearer to the target.

        Raises:
            KafkaError: FENCED_MEMBER_EPOCH.
        """
        updated = change.updated
        if is_reconciled(updated, change.target_epoch):
            return
        owned = owned_tasks(request.active, request.standby, request.warmup)
        reconciled = reconcile_tasks(updated, change.target_epoch, change.target, owned, change.group.owners)
        if reconciled != updated:
            change.updated = reconciled
            change.has_moved = True
            change.log_records.append(records.current_assignment(change.group.group_id, reconciled))

    # Writing.

    def write(self, change: StreamsChange, end_delay: Callable[[StreamsGroup], None]) -> int:
        """Write it, and let the member's time run, and the group's.

        Args:
            end_delay: called when the group has waited long enough for its first assignment.

        Returns:
            The offset that the high watermark must reach before anybody is told; see `ShardTables.write`.

        Raises:
            KafkaError: what a client is to be told; nothing was written then.
        """
        shard, was_empty = self._shard, change.group.is_empty
        required = shard.write(change.log_records) if change.log_records else shard.written_offset
        group = shard.groups[change.group.group_id]
        assert isinstance(group, StreamsGroup)
        group.checked_version = change.checked_version
        if change.delay_ms and was_empty:
            seconds = change.delay_ms / 1000
            group.timers.start_once(_DELAY, _NO_MEMBER, seconds, lambda: end_delay(group))
        self._fencing.restart_session(group, change.updated.member_id)
        if change.has_moved:
            self._fencing.watch_revocation(group, change.updated)
        return required


def find_group(tables: Tables, group_id: str, kind: str = "Group") -> StreamsGroup:
    """A streams group.

    Args:
        kind: what a group that there is not is called in the text.

    Raises:
        KafkaError: GROUP_ID_NOT_FOUND.
    """
    group = tables.groups.get(group_id)
    if isinstance(group, StreamsGroup):
        return group
    text = f"{kind} {group_id} not found." if group is None else f"Group {group_id} is not a streams group."
    raise KafkaError(ErrorCode.GROUP_ID_NOT_FOUND, text)


def _updated(member: StreamsMember, request: StreamsHeartbeat) -> StreamsMember:
    """The member as the request says."""
    timeout_ms, tags = request.rebalance_timeout_ms, request.client_tags
    return member._replace(
        rack_id=member.rack_id if request.rack_id is None else request.rack_id,
        rebalance_timeout_ms=member.rebalance_timeout_ms if timeout_ms == -1 else timeout_ms,
        client_id=request.client_id or "",
        client_host=f"/{request.client_host}",
        topology_epoch=member.topology_epoch if request.topology is None else request.topology.epoch,
        process_id=member.process_id if request.process_id is None else request.process_id,
        user_endpoint=request.user_endpoint or member.user_endpoint,
        client_tags=member.client_tags if tags is None else unique(tags),
    )
