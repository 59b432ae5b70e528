"""Groups that change their protocol, with their members and offsets (KIP-848, `group.consumer.migration.policy`).

Rules kept here:

- Empty groups change in either direction whatever the policy is.
- Upgrade: a member of the consumer protocol comes to a group of classic consumers. They stay what they are; the group's
  generation becomes its epoch, and what they have their target. Who waits in a rebalance is told to join again.
- Downgrade: the last member of the consumer protocol goes, or a static one comes back with the classic protocol. The
  group epoch becomes the generation, the targets the assignments; the group then rebalances, unless nothing changed.

Source: `GroupMetadataManager`: convertToConsumerGroup, convertToClassicGroup; `ConsumerGroup.fromClassicGroup`,
`ClassicGroup.fromConsumerGroup`.
"""

from __future__ import annotations

import struct
from collections.abc import Collection, Iterable, Mapping
from typing import TYPE_CHECKING, Any

from mockbroker.core.groups import classic_records, consumer_records
from mockbroker.core.groups.classic import CONSUMER_PROTOCOL_TYPE, ClassicGroup
from mockbroker.core.groups.classic_states import ClassicState
from mockbroker.core.groups.consumer import ConsumerGroup
from mockbroker.core.groups.consumer_member import ClassicMetadata, ConsumerMember
from mockbroker.core.groups.results import JoinResult, SyncResult
from mockbroker.core.groups.roster import ClassicMember
from protocol_specs.consumer_protocol import CONSUMER_PROTOCOL_ASSIGNMENT, CONSUMER_PROTOCOL_SUBSCRIPTION
from protocol_specs.embedded import build_blob, parse_blob
from protocol_specs.errors import ErrorCode, KafkaError
from protocol_specs.wire_types import WireError

if TYPE_CHECKING:
    from mockbroker.core.cluster import Cluster
    from mockbroker.core.groups.assignors.spec import Assignment
    from mockbroker.core.groups.classic_rebalance import ClassicRebalance
    from mockbroker.core.groups.records import LogRecord
    from mockbroker.core.groups.shard_tables import ShardTables

__all__ = ["ConsumerMigration", "assignment_blob", "parse_subscription"]

_MALFORMED = (WireError, struct.error, KeyError)


class ConsumerMigration:
    """Changes the groups of one shard."""

    __slots__ = ("_cluster", "_limits", "_rebalances", "_shard")

    def __init__(self, shard: ShardTables, rebalances: ClassicRebalance) -> None:
        self._shard = shard
        self._rebalances = rebalances
        self._limits = shard.around.limits
        self._cluster = shard.around.cluster

    # Classic to consumer.

    def group_to_join(self, group_id: str, may_make: bool, log_records: list[LogRecord]) -> ConsumerGroup:
        """The consumer group of this name; one that it makes is no part of the shard until its records are.

        Args:
            may_make: whether it may be made, also of a classic group.
            log_records: is given what turns a classic group into it.

        Raises:
            KafkaError: GROUP_ID_NOT_FOUND.
        """
        group = self._shard.groups.get(group_id)
        if isinstance(group, ConsumerGroup):
            return group
        if group is None and may_make:
            return ConsumerGroup(group_id, self._shard.around.clock, self._shard.around.limits.first_epoch)
        if isinstance(group, ClassicGroup) and may_make:
            if group.is_empty:
                log_records += group.tombstones()
                return ConsumerGroup(
                    group_id, self._shard.around.clock, self._shard.around.limits.first_epoch
                )
            return self._upgrade(group, log_records)
        if group is None:
            raise _not_found(f"Consumer group {group_id} not found.")
        raise _not_found(f"Group {group_id} is not a consumer group.")

    def _upgrade(self, classic: ClassicGroup, log_records: list[LogRecord]) -> ConsumerGroup:
        self._check_upgrade(classic)
        rejoin = ErrorCode.REBALANCE_IN_PROGRESS
        for member in list(classic.roster.members.values()):
            classic.roster.answer_join(member, JoinResult(rejoin, member.member_id))
            classic.roster.answer_sync(member, SyncResult(rejoin))
        group = self._converted(classic)
        log_records += classic.tombstones()
        group_id, members = group.group_id, group.members.values()
        log_records += [consumer_records.member_metadata(group_id, member) for member in members]
        log_records.append(consumer_records.group_epoch(group_id, group.group_epoch, group.metadata_hash))
        log_records += [
            consumer_records.target(group_id, member_id, target)
            for member_id, target in group.targets.items()
        ]
        log_records.append(consumer_records.target_epoch(group_id, group.assignment_epoch, 0))
        log_records += [consumer_records.current_assignment(group_id, member) for member in members]
        return group

    def _check_upgrade(self, classic: ClassicGroup) -> None:
        reason = None
        if not self._limits.allows_upgrade:
            reason = "online upgrade is disabled"
        elif classic.roster.protocol_type != CONSUMER_PROTOCOL_TYPE:
            reason = "the group does not use the consumer embedded protocol"
        elif len(classic.roster.members) > self._limits.max_consumer_group_size:
            reason = "the group size exceeds the consumer group maximum size"
        if reason is not None:
            raise _not_upgraded(classic, reason)

    def _converted(self, classic: ClassicGroup) -> ConsumerGroup:
        group = ConsumerGroup(classic.group_id, self._shard.around.clock)
        group.group_epoch = group.assignment_epoch = classic.generation_id
        try:
            for member in classic.roster.members.values():
                self._take_over(group, member, classic)
        except _MALFORMED:
            reason = "the embedded consumer protocol is malformed"
            raise _not_upgraded(classic, reason) from None
        group.metadata_hash = self._shard.around.topic_hashes.of(group.subscriptions)
        return group

    def _take_over(self, group: ConsumerGroup, member: ClassicMember, classic: ClassicGroup) -> None:
        target: Assignment = {}
        if member.assignment:
            _, assignment = parse_blob(CONSUMER_PROTOCOL_ASSIGNMENT, member.assignment)
            if assignment.user_data:
                raise _not_upgraded(
                    classic,
                    "an unsupported custom assignor is in use. Please refer to the documentation or switch to a "
                    "default assignor before re-attempting the upgrade",
                )
            target = {
                self._cluster.topics[topic.topic].id: frozenset(topic.partitions)
                for topic in assignment.assigned_partitions
                if topic.partitions and topic.topic in self._cluster.topics
            }
        # Before its first generation a group has chosen no protocol. Kafka's coordinator trips over that.
        protocol = classic.protocol_name or classic.roster.select_protocol()
        subscription = parse_subscription(member.metadata(protocol))
        epoch = classic.generation_id
        group.targets[member.member_id] = target
        group.put_member(
            ConsumerMember(
                member.member_id,
                epoch,
                epoch,
                instance_id=member.group_instance_id,
                rack_id=subscription.rack_id or None,
                rebalance_timeout_ms=member.rebalance_timeout_ms,
                client_id=member.client_id,
                client_host=member.client_host,
                subscribed_topic_names=frozenset(subscription.topics),
                assigned=consumer_records.epochs_of(target, epoch),
                classic=ClassicMetadata(member.session_timeout_ms, member.protocols),
            )
        )

    # Consumer to classic.

    def may_downgrade_without(self, group: ConsumerGroup, leaving: Collection[ConsumerMember]) -> bool:
        """Whether the group becomes a classic one when these members go."""
        staying = len(group.members) - len(leaving)
        classic = group.classic_members - sum(member.classic is not None for member in leaving)
        return 0 < staying == classic and self._may_be_classic(staying)

    def may_downgrade_for(self, group: ConsumerGroup, replaced: ConsumerMember) -> bool:
        """Whether the group becomes a classic one when a member of the classic protocol takes the place of this one."""
        others = len(group.members) - 1
        return (
            replaced.classic is None and group.classic_members == others and self._may_be_classic(others + 1)
        )

    def _may_be_classic(self, members: int) -> bool:
        return self._limits.allows_downgrade and members <= self._limits.max_group_size

    def downgrade(
        self,
        group: ConsumerGroup,
        *,
        leaving: Collection[str] = (),
        joining: ConsumerMember | None = None,
        rebalances: bool,
        log_records: Iterable[LogRecord] = (),
    ) -> int:
        """Make it a classic group.

        Args:
            leaving: ids of members that go.
            joining: a static member that takes the place of the one with its instance id.
            rebalances: whether all have to join again.
            log_records: what is written before; it names `joining` instead of the other.

        Returns:
            The offset that the high watermark must reach before anybody is told; see `ShardTables.write`.

        Raises:
            KafkaError: what a client is to be told; nothing was written then.
        """
        replaced = None if joining is None else group.static_member(joining.instance_id)
        replaced_id = None if replaced is None else replaced.member_id
        staying = [
            (member, group.target_of(member.member_id))
            for member in group.members.values()
            if member.member_id not in leaving and member.member_id != replaced_id
        ]
        if joining is not None:
            staying.append((joining, group.target_of(replaced_id)))
        ids = [joining.member_id if joining is not None and id == replaced_id else id for id in group.members]
        try:
            classic = self._classic(group, staying)
        except _MALFORMED as error:
            raise _not_found(f"Cannot downgrade the classic group {group.group_id}: {error}.") from None
        assignments = {id: member.assignment for id, member in classic.roster.members.items()}
        required = self._shard.write(
            [
                *log_records,
                *consumer_records.group_tombstones(group.group_id, ids, group.resolved),
                classic_records.group_metadata(classic, assignments),
            ],
            replay=False,
        )
        self._shard.forget_group(group.group_id)
        self._shard.groups[group.group_id] = classic
        for member in classic.roster.members.values():
            self._rebalances.restart_session(classic, member)
        if rebalances:
            self._rebalances.begin(classic)
        return required

    def _classic(
        self, group: ConsumerGroup, members: Iterable[tuple[ConsumerMember, Assignment]]
    ) -> ClassicGroup:
        classic = ClassicGroup(group.group_id, self._shard.around.clock)
        classic.state = ClassicState.STABLE
        classic.generation_id = group.group_epoch
        targets = {}
        for member, target in members:
            assert member.classic is not None
            targets[member.member_id] = target
            classic.roster.add(
                ClassicMember(
                    member.member_id,
                    member.instance_id,
                    member.client_id,
                    member.client_host,
                    member.rebalance_timeout_ms,
                    member.classic.session_timeout_ms,
                    CONSUMER_PROTOCOL_TYPE,
                    member.classic.protocols,
                ),
                None,
            )
        classic.protocol_name = classic.roster.select_protocol()
        classic.subscribed_topics = classic.find_subscribed_topics()
        for taken in classic.roster.members.values():
            metadata = taken.metadata(classic.protocol_name)
            taken.assignment = assignment_blob(self._cluster, targets[taken.member_id], metadata)
        return classic


def parse_subscription(metadata: bytes) -> Any:
    """A `ConsumerProtocolSubscription`.

    Raises:
        WireError, struct.error, KeyError: it is none.
    """
    return parse_blob(CONSUMER_PROTOCOL_SUBSCRIPTION, metadata)[1]


def assignment_blob(cluster: Cluster, assignment: Mapping[bytes, Collection[int]], metadata: bytes) -> bytes:
    """An assignment as members of the classic protocol read it, in the version of their own metadata.

    Raises:
        WireError, struct.error, KeyError: the metadata are no subscription.
    """
    version, _ = parse_blob(CONSUMER_PROTOCOL_SUBSCRIPTION, metadata)
    topics = sorted(
        (cluster.topics_by_id[topic_id].name, sorted(partitions))
        for topic_id, partitions in assignment.items()
        if topic_id in cluster.topics_by_id
    )
    schema = CONSUMER_PROTOCOL_ASSIGNMENT
    message = schema(
        assigned_partitions=[
            schema.assigned_partitions(topic=name, partitions=list) for name, list in topics
        ],
        user_data=None,
    )
    return build_blob(schema, min(version, schema.versions[-1]), message)


def _not_found(text: str) -> KafkaError:
    return KafkaError(ErrorCode.GROUP_ID_NOT_FOUND, text)


def _not_upgraded(classic: ClassicGroup, reason: str) -> KafkaError:
    return _not_found(f"Cannot upgrade classic group {classic.group_id} to consumer group because {reason}.")
