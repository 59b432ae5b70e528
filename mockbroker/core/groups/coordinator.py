"""The group coordinator: checks a request, finds the shard that its group lives in, and asks it.

Requests about offsets are checked against the cluster's topics first (`topic_checks`). A request that writes is
answered when what it wrote is safe. Source: `GroupCoordinatorService`, `KafkaApis`.
"""

from __future__ import annotations

import random
from collections.abc import Iterable, Mapping, Sequence
from functools import cached_property
from typing import TYPE_CHECKING

from mockbroker.core.groups import offsets
from mockbroker.core.groups.classic import ClassicGroup
from mockbroker.core.groups.deletion import delete_groups
from mockbroker.core.groups.group_configs import GroupConfigs
from mockbroker.core.groups.limits import Limits
from mockbroker.core.groups.requests import (
    CommitRequest,
    CommitTopic,
    FetchGroup,
    JoinRequest,
    LeavingMember,
    SyncRequest,
    TopicPartitions,
    TransactionalCommitRequest,
)
from mockbroker.core.groups.results import (
    DeletedOffsets,
    DescribedGroup,
    FetchedGroup,
    JoinResult,
    LeaveResult,
    ListedGroup,
    SyncResult,
    TopicErrors,
)
from mockbroker.core.groups.shard_tables import Producer
from mockbroker.core.groups.shards import Shards, when_all_committed
from mockbroker.core.groups.surroundings import Surroundings
from mockbroker.core.groups.topic_checks import (
    AllowsTopic,
    allow_all,
    check_commit_topics,
    check_deleted_topics,
    check_fetched_topics,
    fill_topic_ids,
    merge,
)
from mockbroker.core.java_maps import timeline_map_order
from mockbroker.core.java_strings import string_hash
from mockbroker.core.share.persister import Persister
from mockbroker.core.share.states import ShareStates
from mockbroker.core.waiting import Pending
from protocol_specs.errors import ErrorCode, KafkaError

if TYPE_CHECKING:
    from mockbroker.config import Settings
    from mockbroker.core.cluster import Cluster
    from mockbroker.core.groups.consumer_coordinator import ConsumerCoordinator
    from mockbroker.core.groups.group import Group
    from mockbroker.core.groups.offset_table import CommittedOffset
    from mockbroker.core.groups.shard import Shard
    from mockbroker.core.groups.share_coordinator import ShareCoordinator
    from mockbroker.core.groups.streams_coordinator import StreamsCoordinator
    from mockbroker.core.nodes import Node
    from mockbroker.core.producer_state import Verification
    from mockbroker.core.replicas import Partition
    from mockbroker.core.time import Clock
    from mockbroker.core.transactions.markers import Marker
    from mockbroker.core.waiting import Waiting

__all__ = ["GroupCoordinator"]

_TOPIC_IDS_IN_COMMIT_SINCE = 10
_TOPIC_IDS_IN_FETCH_SINCE = 10
_PROTOCOL_IN_SYNC_SINCE = 5
_GROUP_NOT_FOUND_IN_DESCRIBE_SINCE = 6


class GroupCoordinator:
    """All group coordinators of the cluster: each broker's shards. Every request names the broker that was asked.

    Args:
        rng: the cluster's seeded source of randomness; member ids come from it.
        group_configs: the configs that groups have of their own, as text, by group id.
        persister: reaches the share coordinator; None: one of its own.

    Attributes:
        shards: where each group lives.
    """

    def __init__(
        self,
        clock: Clock,
        waiting: Waiting,
        rng: random.Random,
        settings: Settings,
        cluster: Cluster,
        group_configs: Mapping[str, Mapping[str, str]] | None = None,
        persister: Persister | None = None,
    ) -> None:
        if persister is None:
            persister = Persister(cluster, ShareStates(cluster))
        self._limits = Limits(settings)
        self._cluster = cluster
        configs = GroupConfigs(settings, group_configs)
        self.shards = Shards(Surroundings(clock, waiting, rng, self._limits, cluster, configs, persister))
        self._clock = clock
        self._persister = persister

    # The newer protocols, each imported when somebody first speaks it.

    @cached_property
    def consumers(self) -> ConsumerCoordinator:
        """Serves the consumer protocol."""
        from mockbroker.core.groups.consumer_coordinator import ConsumerCoordinator

        return ConsumerCoordinator(self.shards, self._limits)

    @cached_property
    def shares(self) -> ShareCoordinator:
        """Serves share groups."""
        from mockbroker.core.groups.share_coordinator import ShareCoordinator

        return ShareCoordinator(self.shards, self._cluster, self._persister)

    @cached_property
    def streams(self) -> StreamsCoordinator:
        """Serves the streams protocol."""
        from mockbroker.core.groups.streams_coordinator import StreamsCoordinator

        return StreamsCoordinator(self.shards, self._clock)

    # The classic protocol.

    def join_group(self, broker_id: int, request: JoinRequest) -> JoinResult | Pending:
        """JoinGroup. A Pending is settled with a JoinResult when the rebalance ends."""
        if not request.group_id:
            return JoinResult(ErrorCode.INVALID_GROUP_ID, request.member_id)
        limits = self._limits
        if not limits.min_session_timeout_ms <= request.session_timeout_ms <= limits.max_session_timeout_ms:
            return JoinResult(ErrorCode.INVALID_SESSION_TIMEOUT, request.member_id)
        try:
            shard = self.shards.shard_of(broker_id, request.group_id)
        except KafkaError as error:
            return JoinResult(error.code)
        return shard.join(request)

    def sync_group(self, broker_id: int, request: SyncRequest) -> SyncResult | Pending:
        """SyncGroup. A Pending is settled with a SyncResult when the leader has assigned."""
        if request.version >= _PROTOCOL_IN_SYNC_SINCE and None in (
            request.protocol_type,
            request.protocol_name,
        ):
            return SyncResult(ErrorCode.INCONSISTENT_GROUP_PROTOCOL)
        if not request.group_id:
            return SyncResult(ErrorCode.INVALID_GROUP_ID)
        try:
            shard = self.shards.shard_of(broker_id, request.group_id)
        except KafkaError as error:
            return SyncResult(error.code)
        return shard.sync(request)

    def heartbeat(
        self,
        broker_id: int,
        group_id: str,
        generation_id: int,
        member_id: str,
        group_instance_id: str | None = None,
    ) -> ErrorCode:
        """Heartbeat."""
        if not group_id:
            return ErrorCode.INVALID_GROUP_ID
        try:
            shard = self.shards.shard_of(broker_id, group_id)
        except KafkaError as error:
            return error.code
        return shard.heartbeat(group_id, generation_id, member_id, group_instance_id)

    def leave_group(
        self, broker_id: int, group_id: str, members: Sequence[LeavingMember]
    ) -> LeaveResult | Pending:
        """LeaveGroup; before v3 of one member."""
        if not group_id:
            return LeaveResult(ErrorCode.INVALID_GROUP_ID)
        try:
            shard = self.shards.shard_of(broker_id, group_id)
            result = shard.leave(group_id, members)
        except KafkaError as error:
            return LeaveResult(error.code)
        answer: LeaveResult | Pending = shard.when_committed(
            shard.written_offset, lambda error: LeaveResult(error) if error else result
        )
        return answer

    # Describing, listing, deleting groups.

    def describe_groups(self, broker_id: int, group_ids: Iterable[str], version: int) -> list[DescribedGroup]:
        """DescribeGroups: classic groups; others are as unknown as those that there are not."""
        return [self._describe(broker_id, group_id, version) for group_id in group_ids]

    def _describe(self, broker_id: int, group_id: str, version: int) -> DescribedGroup:
        try:
            group = self.shards.shard_of(broker_id, group_id).committed.groups.get(group_id)
        except KafkaError as error:
            return DescribedGroup(group_id, error.code)
        if isinstance(group, ClassicGroup):
            return group.described()
        if version < _GROUP_NOT_FOUND_IN_DESCRIBE_SINCE:
            return DescribedGroup(group_id, state="Dead")
        text = (
            f"Group {group_id} not found." if group is None else f"Group {group_id} is not a classic group."
        )
        return DescribedGroup(group_id, ErrorCode.GROUP_ID_NOT_FOUND, text, state="Dead")

    def list_groups(
        self, broker_id: int, states: Sequence[str] = (), types: Sequence[str] = ()
    ) -> list[ListedGroup]:
        """ListGroups: the groups that this broker coordinates, in these states and of these types; none means any."""
        wanted_states = {state.lower().strip() for state in states}
        wanted_types = {name.lower() for name in types}
        return [
            group.listed()
            for shard in self.shards.of_broker(broker_id)
            for group in _in_order(shard.committed.groups)
            if (not wanted_states or group.state_filter in wanted_states)
            and (not wanted_types or group.type.value in wanted_types)
        ]

    def delete_groups(
        self, broker_id: int, group_ids: Iterable[str]
    ) -> list[tuple[str, ErrorCode]] | Pending:
        """DeleteGroups: each group with what became of it; a name that is given twice is answered once."""
        return delete_groups(self.shards, self.shares, broker_id, group_ids)

    # Offsets.

    def commit_offsets(
        self, broker_id: int, request: CommitRequest, allows: AllowsTopic = allow_all
    ) -> list[TopicErrors] | Pending:
        """OffsetCommit.

        Args:
            allows: whether the client may read a topic.

        Returns:
            Each topic with what became of its partitions, or a Pending that is settled with that.
        """
        by_id = request.version >= _TOPIC_IDS_IN_COMMIT_SINCE
        topics, refused = check_commit_topics(self._cluster, request.topics, allows, by_id=by_id)
        if not topics:
            return refused
        try:
            shard = self.shards.shard_of(broker_id, request.group_id)
            results, log_records = offsets.commit(shard, request._replace(topics=topics))
            required = shard.write(log_records) if log_records else shard.written_offset
        except KafkaError as error:
            return merge(refused, _all_failed(topics, error.code))
        answer: list[TopicErrors] | Pending = shard.when_committed(
            required, lambda error: merge(refused, _all_failed(topics, error) if error else results)
        )
        return answer

    def commit_transactional_offsets(
        self,
        broker_id: int,
        request: TransactionalCommitRequest,
        allows: AllowsTopic = allow_all,
        guard: Verification | None = None,
    ) -> list[TopicErrors] | Pending:
        """TxnOffsetCommit, of a producer whose transaction was verified; see `commit_offsets`.

        Args:
            guard: what the verification gave.
        """
        topics, refused = check_commit_topics(self._cluster, request.topics, allows, by_id=False)
        if not topics:
            return refused
        try:
            if not request.group_id:
                raise KafkaError(ErrorCode.INVALID_GROUP_ID)
            shard = self.shards.shard_of(broker_id, request.group_id)
            results, log_records = offsets.commit_in_transaction(shard, request._replace(topics=topics))
            required = shard.written_offset
            if log_records:
                producer = Producer(request.producer_id, request.producer_epoch, guard)
                required = shard.write(log_records, producer=producer)
        except KafkaError as error:
            return merge(refused, _all_failed(topics, error.code))
        answer: list[TopicErrors] | Pending = shard.when_committed(
            required, lambda error: merge(refused, _all_failed(topics, error) if error else results)
        )
        return answer

    def end_transaction(self, broker_id: int, partition: Partition, marker: Marker) -> int:
        """Write a transaction's marker to a partition of `__consumer_offsets`: its offsets count now, or never.

        Returns:
            The offset that the high watermark must reach before the marker is safe.

        Raises:
            KafkaError: NOT_COORDINATOR, and what the log refuses.
        """
        return self.shards.shard_at(broker_id, partition).write_marker(marker)

    def fetch_offsets(
        self,
        broker_id: int,
        groups: Sequence[FetchGroup],
        version: int,
        *,
        require_stable: bool = False,
        allows: AllowsTopic = allow_all,
    ) -> list[FetchedGroup] | Pending:
        """OffsetFetch: each group's offsets, in the order in which they were asked for.

        Args:
            require_stable: wait until all that is written is safe, where others see only what is safe by now.
            allows: whether the client may describe a topic.
        """
        by_id = version >= _TOPIC_IDS_IN_FETCH_SINCE
        fetched: list[FetchedGroup] = []
        reads: list[tuple[Shard, int]] = []
        for group in groups:
            asked, refused = check_fetched_topics(self._cluster, group, allows, by_id=by_id)
            try:
                shard = self.shards.shard_of(broker_id, group.group_id)
            except KafkaError as error:
                fetched.append(FetchedGroup(group.group_id, error.code))
                continue
            tables = shard if require_stable else shard.committed
            result = offsets.fetch(tables, asked, require_stable=require_stable)
            if require_stable:
                reads.append((shard, shard.written_offset))
            if asked.topics is None:
                result = fill_topic_ids(self._cluster, result, allows, by_id=by_id)
            elif not result.error_code:
                result = result._replace(topics=[*result.topics, *refused])
            fetched.append(result)

        def reply(error: ErrorCode) -> list[FetchedGroup]:
            # COORDINATOR_NOT_AVAILABLE is unknown to consumers before 3.9; they look for the coordinator again.
            code = ErrorCode.NOT_COORDINATOR
            return [FetchedGroup(group.group_id, code) for group in fetched] if error else fetched

        answer: list[FetchedGroup] | Pending = when_all_committed(reads, reply)
        return answer

    def delete_offsets(
        self,
        broker_id: int,
        group_id: str,
        topics: Sequence[TopicPartitions],
        allows: AllowsTopic = allow_all,
    ) -> DeletedOffsets | Pending:
        """OffsetDelete.

        Args:
            allows: whether the client may read a topic.
        """
        accepted, refused = check_deleted_topics(self._cluster, topics, allows)
        if not group_id:
            return DeletedOffsets(ErrorCode.INVALID_GROUP_ID)
        try:
            shard = self.shards.shard_of(broker_id, group_id)
            results, log_records = offsets.delete_offsets(shard, group_id, accepted)
            required = shard.write(log_records) if log_records else shard.written_offset
        except KafkaError as error:
            return DeletedOffsets(error.code)
        answer: DeletedOffsets | Pending = shard.when_committed(
            required,
            lambda error: DeletedOffsets(error) if error else DeletedOffsets(topics=merge(refused, results)),
        )
        return answer

    # For whoever looks from outside.

    def find_coordinator(self, group_id: str, asked: Node | None = None) -> int:
        """Id of the broker that coordinates a group. Makes `__consumer_offsets` if need be.

        Args:
            asked: the broker that is asked, if that matters.

        Raises:
            KafkaError: COORDINATOR_NOT_AVAILABLE while nobody can.
        """
        return self.shards.find_coordinator(group_id, asked)

    def find_group(self, group_id: str) -> Group | None:
        """A group, wherever it is coordinated; None where there is none."""
        shard = self.shards.leading_shard(group_id)
        return None if shard is None else shard.committed.groups.get(group_id)

    def committed(self, group_id: str) -> dict[tuple[str, int], CommittedOffset]:
        """The committed offsets of a group by topic and partition."""
        shard = self.shards.leading_shard(group_id)
        topics = {} if shard is None else shard.committed.offsets.by_group.get(group_id, {})
        return {
            (topic, index): offset for topic, by_index in topics.items() for index, offset in by_index.items()
        }


def _in_order(groups: Mapping[str, Group]) -> list[Group]:
    """As Kafka's map of a shard's groups is walked."""
    return [groups[group_id] for group_id in timeline_map_order(groups, string_hash)]


def _all_failed(topics: Sequence[CommitTopic], code: ErrorCode) -> list[TopicErrors]:
    return [
        TopicErrors(
            topic.name, topic.topic_id, [(partition.partition, code) for partition in topic.partitions]
        )
        for topic in topics
    ]
