"""What a test sees of groups, offsets, producers, transactions, connections, clients' metrics. It changes nothing."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from mockbroker.control.views import (
    ConnectionState,
    GroupState,
    Member,
    MetricsPush,
    OffsetAndMetadata,
    ProducerState,
    TransactionState,
)
from mockbroker.core.groups.classic import ClassicGroup
from mockbroker.core.groups.group import GroupType
from mockbroker.core.groups.group_kinds import is_consumer_group
from mockbroker.core.transactions.queries import Filters
from mockbroker.core.transactions.states import STATE_NAMES
from protocol_specs.consumer_protocol import CONSUMER_PROTOCOL_ASSIGNMENT
from protocol_specs.embedded import parse_blob
from protocol_specs.notation import uuid_text

if TYPE_CHECKING:
    from collections.abc import Mapping

    from mockbroker.core.assembly import Core
    from mockbroker.core.groups.streams import StreamsGroup
    from mockbroker.core.groups.streams_member import StreamsMember
    from mockbroker.core.transactions.metadata import TransactionMetadata
    from mockbroker.wire.caller import Caller

__all__ = ["Inspection"]


class Inspection:
    """Looks at one cluster.

    Args:
        callers: who is connected, by connection id.
    """

    def __init__(self, core: Core, callers: Mapping[int, Caller]) -> None:
        self._core = core
        self._callers = callers

    def committed(self, group_id: str) -> dict[tuple[str, int], OffsetAndMetadata]:
        """The committed offsets of a group by topic and partition; none for a group that there is not."""
        committed = self._core.groups.committed(group_id)
        return {
            key: OffsetAndMetadata(
                offset.offset, offset.metadata, offset.leader_epoch, offset.commit_timestamp_ms
            )
            for key, offset in sorted(committed.items())
        }

    def lag(self, group_id: str) -> dict[tuple[str, int], int]:
        """How many offsets a group is behind the end, for each partition in which it has committed."""
        cluster = self._core.cluster
        return {
            (topic, index): cluster.topics[topic].partitions[index].high_watermark - found.offset
            for (topic, index), found in self.committed(group_id).items()
            if topic in cluster.topics
        }

    def groups(self) -> list[GroupState]:
        """All groups, by their names."""
        core = self._core
        listed = [
            group.group_id for node_id in core.cluster.nodes for group in core.groups.list_groups(node_id)
        ]
        return [self.group(group_id) for group_id in sorted(dict.fromkeys(listed))]

    def group(self, group_id: str) -> GroupState:
        """A group, as it is now."""
        group: Any = self._core.groups.find_group(group_id)
        if group is None:
            return GroupState(group_id, "", "Dead", -1, "", [])
        if isinstance(group, ClassicGroup):
            return _classic(group)
        if group.type is GroupType.STREAMS:
            return self._streams(group)
        described = group.described("") if is_consumer_group(group) else group.described()
        members = [
            Member(
                member.member_id,
                getattr(member, "instance_id", None),
                member.client_id,
                member.client_host,
                self._named(getattr(member, "assignment", ())),
            )
            for member in described.members
        ]
        return GroupState(
            group_id,
            group.type.value,
            described.state,
            described.group_epoch,
            getattr(described, "assignor_name", ""),
            members,
        )

    def _streams(self, group: StreamsGroup) -> GroupState:
        """A streams group; its members have the partitions that their active tasks read."""
        members = [
            Member(
                member.member_id,
                member.instance_id,
                member.client_id,
                member.client_host,
                self._read_by(group, member),
            )
            for member in group.members.values()
        ]
        return GroupState(
            group.group_id, group.type.value, group.state_name, group.group_epoch, "sticky", members
        )

    def _read_by(self, group: StreamsGroup, member: StreamsMember) -> list[tuple[str, int]]:
        topics = self._core.cluster.topics
        parts = {} if group.topology is None else group.topology.subtopologies
        return sorted(
            (name, index)
            for id, indexes in member.assigned.active.items()
            if id in parts
            for name in parts[id].inputs
            if name in topics
            for index in indexes
            if index < len(topics[name].partitions)
        )

    def producers(self, topic: str, partition: int) -> list[ProducerState]:
        """The idempotent producers that the leader's log of a partition knows.

        Raises:
            KafkaError: UNKNOWN_TOPIC_OR_PARTITION.
        """
        log = self._core.cluster.partition(topic, partition).log
        return [
            ProducerState(
                topic,
                partition,
                state.producer_id,
                state.epoch,
                state.last_sequence,
                state.last_timestamp_ms,
                -1 if state.txn_first_offset is None else state.txn_first_offset,
            )
            for _, state in sorted(log.producers.producers.items())
        ]

    def transactions(self) -> list[TransactionState]:
        """All transactional ids, by their names."""
        core = self._core
        found = {
            metadata.transactional_id: _transaction(metadata, node_id)
            for node_id in core.cluster.nodes
            for metadata in core.transactions.queries.list(node_id, Filters())
        }
        return [found[name] for name in sorted(found)]

    def transaction(self, transactional_id: str) -> TransactionState | None:
        """One transactional id; None where there is none."""
        return next((one for one in self.transactions() if one.transactional_id == transactional_id), None)

    def connections(self) -> list[ConnectionState]:
        """Who is connected, in the order in which they came."""
        return [
            ConnectionState(
                caller.connection_id,
                caller.node_id,
                caller.client_id,
                caller.client_host,
                caller.client_port,
                caller.listener,
                caller.principal,
                software_of(caller),
            )
            for _, caller in sorted(self._callers.items())
        ]

    def client_metrics(self) -> list[MetricsPush]:
        """What clients pushed of their metrics, oldest first.

        Raises:
            ValueError: a client pushed what is no OpenTelemetry metrics message.
        """
        from mockbroker.core.otlp import decode_metrics

        return [
            MetricsPush(
                push.client.client_id,
                uuid_text(push.client_instance_id),
                push.client.software_name,
                push.client.software_version,
                push.received_ms,
                push.is_terminating,
                decode_metrics(push.metrics),
            )
            for push in self._core.telemetry.pushes
        ]

    def _named(self, assignment: Any) -> list[tuple[str, int]]:
        """Topics and partitions of an assignment by topic ids."""
        topics = self._core.cluster.topics_by_id
        return sorted(
            (topics[topic_id].name, index)
            for topic_id, indexes in assignment
            if topic_id in topics
            for index in indexes
        )


def software_of(caller: Caller) -> str:
    """Name and version of a client's software, as it told."""
    if caller.software_name == "unknown":
        return "unknown"
    return f"{caller.software_name} {caller.software_version}"


def _classic(group: ClassicGroup) -> GroupState:
    described = group.described()
    members = [
        Member(
            member.member_id,
            member.group_instance_id,
            member.client_id,
            member.client_host,
            _assignment(member.assignment),
        )
        for member in described.members
    ]
    return GroupState(
        group.group_id,
        group.type.value,
        described.state,
        group.generation_id,
        described.protocol_data,
        members,
    )


def _assignment(blob: bytes) -> list[tuple[str, int]]:
    """Topics and partitions of a consumer's assignment; other kinds of clients have their own formats."""
    try:
        _, assignment = parse_blob(CONSUMER_PROTOCOL_ASSIGNMENT, blob)
    except Exception:
        return []
    return sorted(
        (topic.topic, partition) for topic in assignment.assigned_partitions for partition in topic.partitions
    )


def _transaction(metadata: TransactionMetadata, node_id: int) -> TransactionState:
    return TransactionState(
        metadata.transactional_id,
        STATE_NAMES[metadata.state],
        metadata.producer_id,
        metadata.producer_epoch,
        metadata.timeout_ms,
        metadata.start_ms,
        list(metadata.partitions),
        node_id,
    )
