"""A streams group (KIP-1071): its topology, its members, and the tasks that they have.

    Empty         no members
    NotReady      the topology does not fit to the topics that there are: no tasks are assigned
    Assigning     the group epoch is ahead of the assignment's: a target assignment has to be made
    Reconciling   there is a target, and somebody has not come up to it
    Stable        everybody has what the target says
    Dead          in name only: a group that is gone is no group

Rules kept here:

- The topology is the first member's; it cannot change while the group exists. Members of an older one are told so.
- How the topology fits to the topics, who asked for a shutdown, and which endpoints are known is not written: after a
  move of the coordinator it is found out anew.

Source: `StreamsGroup`.
"""

from __future__ import annotations

from collections.abc import Mapping
from operator import attrgetter
from typing import TYPE_CHECKING

from mockbroker.core.groups import streams_records as records
from mockbroker.core.groups.group import CommitCheck, ExpiryBase, GroupType
from mockbroker.core.groups.modern import FIRST_EPOCH, EpochGroup, is_reconciled
from mockbroker.core.groups.streams_member import StreamsMember
from mockbroker.core.groups.streams_messages import (
    DescribedStreamsGroup,
    DescribedSubtopology,
    DescribedTopology,
)
from mockbroker.core.groups.streams_owners import TaskOwners
from mockbroker.core.groups.streams_tasks import NO_TASKS, Tasks
from mockbroker.core.groups.streams_topology import InternalTopic
from protocol_specs.errors import ErrorCode, KafkaError

if TYPE_CHECKING:
    from mockbroker.core.groups.offset_table import CommittedOffset
    from mockbroker.core.groups.records import LogRecord
    from mockbroker.core.groups.streams_configure import ConfiguredTopology
    from mockbroker.core.groups.streams_topology import Subtopology, TopicInfo, Topology
    from mockbroker.core.time import Clock

__all__ = ["StreamsGroup"]

_MEMBER_EPOCH_IN_COMMIT_SINCE = 9
_name = attrgetter("name")


class StreamsGroup(EpochGroup[StreamsMember]):
    """One group.

    Attributes:
        targets: what each member is to have.
        topology: None only while the group is being made, or unmade.
        configured: how it fits to the topics; None until a member's heartbeat asks for it.
        validated_topology_epoch: of the topology that fits to the topics; -1: it does not.
        assignment_configs: those with which the last assignment was asked for.
        shutdown_member_id: who asked for all members to end.
        endpoint_epoch: rises when members with endpoints are given other tasks.
        owners: the processes that have a task.
    """

    type = GroupType.STREAMS
    protocol_type = "streams"
    gives_way = True
    __slots__ = (
        "assignment_configs",
        "configured",
        "endpoint_epoch",
        "owners",
        "shutdown_member_id",
        "targets",
        "topology",
        "validated_topology_epoch",
    )

    def __init__(self, group_id: str, clock: Clock, first_epoch: int = FIRST_EPOCH) -> None:
        super().__init__(group_id, clock, first_epoch)
        self.targets: dict[str, Tasks] = {}
        self.topology: Topology | None = None
        self.configured: ConfiguredTopology | None = None
        self.validated_topology_epoch = 0
        self.assignment_configs: Mapping[str, str] = {}
        self.shutdown_member_id: str | None = None
        self.endpoint_epoch = 0
        self.owners = TaskOwners()

    @property
    def state_name(self) -> str:
        if not self.members:
            return "Empty"
        if self.topology is None or self.topology.epoch != self.validated_topology_epoch:
            return "NotReady"
        if self.group_epoch > self.assignment_epoch:
            return "Assigning"
        if all(is_reconciled(member, self.assignment_epoch) for member in self.members.values()):
            return "Stable"
        return "Reconciling"

    @property
    def state_filter(self) -> str:
        return "not_ready" if self.state_name == "NotReady" else super().state_filter

    # Members.

    def put_member(self, member: StreamsMember) -> None:
        """Take in a member, or what became of one."""
        former = self.members.get(member.member_id)
        self.members[member.member_id] = member
        if former is not None:
            self.owners.forget(former)
        self.owners.note(member)

    def drop_member(self, member_id: str) -> None:
        """Forget a member, with its timers."""
        former = self.members.pop(member_id, None)
        if former is not None:
            self.owners.forget(former)
        self.timers.stop_member(member_id)
        if not self.members:
            self.shutdown_member_id = None

    def target_of(self, member_id: str) -> Tasks:
        """What a member is to have; nothing where there is no such member."""
        return self.targets.get(member_id, NO_TASKS)

    # What every group has.

    def is_subscribed_to(self, topic: str) -> bool:
        # Offsets of an empty group may expire.
        return not self.is_empty and self.topology is not None and topic in self.topology.readers

    def check_commit(
        self,
        member_id: str,
        group_instance_id: str | None,
        generation_id: int,
        *,
        is_transactional: bool,
        version: int,
    ) -> CommitCheck | None:
        """Refuse a commit of an unknown member, or of another epoch.

        A member that has not learned of its newest epoch may still commit for tasks that it was given in an epoch that
        it knows (KIP-1251).

        Raises:
            KafkaError: UNKNOWN_MEMBER_ID, STALE_MEMBER_EPOCH, UNSUPPORTED_VERSION.
        """
        if generation_id < 0 and self.is_empty:
            return None
        is_anonymous = generation_id == -1 and not member_id and group_instance_id is None
        if is_transactional and is_anonymous:
            return None
        member = self.member(member_id)
        if not is_transactional and version < _MEMBER_EPOCH_IN_COMMIT_SINCE:
            text = "OffsetCommit version 9 or above must be used by members using the streams group protocol"
            raise KafkaError(ErrorCode.UNSUPPORTED_VERSION, text)
        if generation_id == member.member_epoch:
            return None
        if generation_id > member.member_epoch or self.topology is None:
            raise KafkaError(ErrorCode.STALE_MEMBER_EPOCH)
        readers = self.topology.readers

        def check(topic: str, topic_id: bytes, partition: int) -> None:
            reader = readers.get(topic, "")
            epoch = member.assigned.epoch_of(reader, partition)
            if epoch is None:
                epoch = member.pending_revocation.epoch_of(reader, partition)
            if epoch is None or generation_id < epoch:
                raise KafkaError(ErrorCode.STALE_MEMBER_EPOCH)

        return check

    def check_fetch(self, member_id: str | None, member_epoch: int) -> None:
        if member_id is None and member_epoch < 0:
            return
        if member_epoch != self.member(member_id or "").member_epoch:
            raise KafkaError(ErrorCode.STALE_MEMBER_EPOCH)

    def check_delete_offsets(self) -> None:
        return

    def expiry_base(self) -> ExpiryBase | None:
        return _commit_time

    def tombstones(self) -> list[LogRecord]:
        return records.group_tombstones(self.group_id, self.members)

    # Describing.

    def described(self) -> DescribedStreamsGroup:
        """As StreamsGroupDescribe shows it."""
        return DescribedStreamsGroup(
            self.group_id,
            state=self.state_name,
            group_epoch=self.group_epoch,
            assignment_epoch=self.assignment_epoch,
            topology=self._described_topology(),
            members=[member.described(self.target_of(member.member_id)) for member in self.members.values()],
        )

    def _described_topology(self) -> DescribedTopology | None:
        configured = self.configured
        if configured is not None and configured.is_ready and configured.subtopologies is not None:
            return DescribedTopology(
                configured.epoch,
                [
                    DescribedSubtopology(
                        id,
                        sorted(part.source_topics),
                        sorted(part.repartition_sink_topics),
                        sorted(part.changelog_topics.values(), key=_name),
                        sorted(part.repartition_source_topics.values(), key=_name),
                    )
                    for id, part in configured.subtopologies.items()
                ],
            )
        if self.topology is None:
            return None
        parts = self.topology.subtopologies
        return DescribedTopology(self.topology.epoch, [_described(parts[id]) for id in sorted(parts)])


def _described(part: Subtopology) -> DescribedSubtopology:
    return DescribedSubtopology(
        part.subtopology_id,
        sorted(part.source_topics),
        sorted(part.repartition_sink_topics),
        _as_asked(part.changelog_topics),
        _as_asked(part.repartition_source_topics),
    )


def _as_asked(topics: tuple[TopicInfo, ...]) -> list[InternalTopic]:
    return [InternalTopic(*topic[:3], dict(topic.configs)) for topic in sorted(topics, key=_name)]


def _commit_time(offset: CommittedOffset) -> int:
    return offset.commit_timestamp_ms
