"""Committing, reading, deleting and expiring the offsets of one shard's groups.

Rules kept here:

- A group that does not exist comes into being with a commit of generation -1: a simple group.
- An accepted commit counts as a heartbeat.
- Whoever asks for stable offsets does not get one that an open transaction is going to replace.
- Offsets expire at checks, by their group's rule (KIP-211), unless their topic is subscribed to or a transaction is
  open over them. An empty group without offsets goes with them.

Source: `OffsetMetadataManager`, `GroupCoordinatorShard.cleanupGroupMetadata`.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any

from mockbroker.core.groups import records
from mockbroker.core.groups.offset_table import CommittedOffset
from mockbroker.core.groups.requests import CommitRequest, TransactionalCommitRequest
from mockbroker.core.groups.results import FetchedGroup, FetchedOffset, FetchedTopic, TopicErrors
from mockbroker.core.java_maps import timeline_map_order
from mockbroker.core.java_strings import java_int64, string_hash, utf16_length
from protocol_specs.errors import ErrorCode, KafkaError

if TYPE_CHECKING:
    from mockbroker.core.groups.group import CommitCheck, Group
    from mockbroker.core.groups.records import LogRecord
    from mockbroker.core.groups.requests import CommitTopic, FetchGroup, TopicPartitions
    from mockbroker.core.groups.shard_tables import ShardTables, Tables

__all__ = [
    "commit",
    "commit_in_transaction",
    "delete_group_offsets",
    "delete_offsets",
    "expire",
    "fetch",
    "forget_topic",
]

ZERO_UUID = bytes(16)
_GROUP_NOT_FOUND_SINCE = 9


def commit(shard: ShardTables, request: CommitRequest) -> tuple[list[TopicErrors], list[LogRecord]]:
    """Decide about an OffsetCommit.

    Returns:
        What to answer for each topic, and the records to write.

    Raises:
        KafkaError: it is refused as a whole.
    """
    group = _committing_group(shard, request, request.version >= _GROUP_NOT_FOUND_SINCE)
    check = group.check_commit(
        request.member_id,
        request.group_instance_id,
        request.generation_id,
        is_transactional=False,
        version=request.version,
    )
    group.touch_member(request.member_id)
    now_ms = shard.around.clock.now_ms
    expires = -1 if request.retention_time_ms == -1 else java_int64(now_ms + request.retention_time_ms)
    return _commit_records(shard, request.group_id, request.topics, check, now_ms, expires)


def commit_in_transaction(
    shard: ShardTables, request: TransactionalCommitRequest
) -> tuple[list[TopicErrors], list[LogRecord]]:
    """Decide about a TxnOffsetCommit; see `commit`.

    Raises:
        KafkaError: it is refused as a whole. A stale member epoch reads ILLEGAL_GENERATION here.
    """
    group = _committing_group(shard, request, False)
    try:
        check = group.check_commit(
            request.member_id,
            request.group_instance_id,
            request.generation_id,
            is_transactional=True,
            version=request.version,
        )
        if check is not None and any(topic.topic_id == ZERO_UUID for topic in request.topics):
            raise KafkaError(ErrorCode.ILLEGAL_GENERATION)
        topics = request.topics
        now_ms = shard.around.clock.now_ms
        return _commit_records(shard, request.group_id, topics, check, now_ms, -1, keeps_ids=False)
    except KafkaError as error:
        if error.code == ErrorCode.STALE_MEMBER_EPOCH:
            raise KafkaError(ErrorCode.ILLEGAL_GENERATION) from None
        raise


def _committing_group(
    shard: ShardTables, request: CommitRequest | TransactionalCommitRequest, knows_group_not_found: bool
) -> Group:
    group = shard.groups.get(request.group_id)
    if group is not None:
        return group
    if request.generation_id < 0:
        return shard.classic_group(request.group_id)
    if knows_group_not_found:
        raise KafkaError(ErrorCode.GROUP_ID_NOT_FOUND, f"Group {request.group_id} not found.")
    raise KafkaError(ErrorCode.ILLEGAL_GENERATION)


def _commit_records(
    shard: ShardTables,
    group_id: str,
    topics: Sequence[CommitTopic],
    check: CommitCheck | None,
    now_ms: int,
    expire_timestamp_ms: int,
    keeps_ids: bool = True,
) -> tuple[list[TopicErrors], list[LogRecord]]:
    limit = shard.around.limits.max_metadata_size
    # The record of an offset with an expiry of its own has no room for the topic's id.
    keeps_ids = keeps_ids and expire_timestamp_ms == -1 and shard.around.limits.keeps_topic_ids
    results = []
    log_records = []
    for topic in topics:
        name, topic_id = topic.name, topic.topic_id
        errors: list[tuple[int, ErrorCode]] = []
        for index, offset, leader_epoch, metadata in topic.partitions:
            if metadata and utf16_length(metadata) > limit:
                errors.append((index, ErrorCode.OFFSET_METADATA_TOO_LARGE))
                continue
            if check is not None:
                check(name, topic_id, index)
            errors.append((index, ErrorCode.NONE))
            committed = CommittedOffset(
                offset,
                leader_epoch,
                metadata or "",
                now_ms,
                expire_timestamp_ms,
                topic_id if keeps_ids else ZERO_UUID,
            )
            log_records.append(records.offset_commit(group_id, name, index, committed))
        results.append(TopicErrors(name, topic_id, errors))
    return results, log_records


# Reading.


def fetch(tables: Tables, request: FetchGroup, *, require_stable: bool) -> FetchedGroup:
    """The committed offsets that are asked for, or all.

    Args:
        require_stable: answer UNSTABLE_OFFSET_COMMIT for those that an open transaction is going to replace.
    """
    group = tables.groups.get(request.group_id)
    committed: dict[str, dict[int, CommittedOffset]] = {}
    if group is not None:
        try:
            group.check_fetch(request.member_id, request.member_epoch)
            committed = tables.offsets.by_group.get(request.group_id, committed)
        except KafkaError as error:
            if error.code != ErrorCode.GROUP_ID_NOT_FOUND:
                return FetchedGroup(request.group_id, error.code)
    unstable: Iterable[tuple[str, int]] = ()
    if require_stable:
        unstable = frozenset(tables.offsets.pending_partitions(request.group_id))
    if request.topics is None:
        topics = [
            _fetched_all(name, committed[name], unstable)
            for name in timeline_map_order(committed, string_hash)
        ]
    else:
        topics = [_fetched_topic(topic, committed.get(topic.name, {}), unstable) for topic in request.topics]
    return FetchedGroup(request.group_id, topics=topics)


def _fetched_all(name: str, committed: dict[int, CommittedOffset], unstable: Any) -> FetchedTopic:
    partitions = [
        _fetched(index, committed[index], (name, index) in unstable)
        for index in timeline_map_order(committed, int)
    ]
    return FetchedTopic(name, ZERO_UUID, partitions)


def _fetched_topic(
    topic: TopicPartitions, committed: dict[int, CommittedOffset], unstable: Any
) -> FetchedTopic:
    partitions = []
    for index in topic.partitions:
        offset = committed.get(index)
        if offset is not None and not _same_topic(offset.topic_id, topic.topic_id):
            offset = None
        partitions.append(_fetched(index, offset, (topic.name, index) in unstable))
    return FetchedTopic(topic.name, topic.topic_id, partitions)


def _fetched(index: int, offset: CommittedOffset | None, is_unstable: bool) -> FetchedOffset:
    if is_unstable:
        return FetchedOffset(index, error_code=ErrorCode.UNSTABLE_OFFSET_COMMIT)
    if offset is None:
        return FetchedOffset(index)
    return FetchedOffset(index, offset.offset, offset.leader_epoch, offset.metadata)


def _same_topic(committed_id: bytes, asked_id: bytes) -> bool:
    return ZERO_UUID in (committed_id, asked_id) or committed_id == asked_id


# Deleting.


def delete_offsets(
    shard: ShardTables, group_id: str, topics: Sequence[TopicPartitions]
) -> tuple[list[TopicErrors], list[LogRecord]]:
    """Decide about an OffsetDelete.

    Returns:
        What to answer for each topic, and the tombstones to write.

    Raises:
        KafkaError: GROUP_ID_NOT_FOUND, NON_EMPTY_GROUP.
    """
    group = shard.groups.get(group_id)
    if group is None:
        raise KafkaError(ErrorCode.GROUP_ID_NOT_FOUND, f"Group {group_id} not found.")
    group.check_delete_offsets()
    results = []
    log_records = []
    for topic in topics:
        error = ErrorCode.NONE
        if group.is_subscribed_to(topic.name):
            error = ErrorCode.GROUP_SUBSCRIBED_TO_TOPIC
        else:
            log_records += [
                records.offset_tombstone(group_id, topic.name, index)
                for index in topic.partitions
                if shard.offsets.get(group_id, topic.name, index) is not None
                or shard.offsets.is_pending(group_id, topic.name, index)
            ]
        results.append(
            TopicErrors(topic.name, topic.topic_id, [(index, error) for index in topic.partitions])
        )
    return results, log_records


def delete_group_offsets(shard: ShardTables, group_id: str) -> list[LogRecord]:
    """Tombstones of all offsets of a group, also of those that wait for a transaction."""
    committed = shard.offsets.by_group.get(group_id, {})
    partitions = {(topic, index) for topic, offsets in committed.items() for index in offsets}
    partitions.update(shard.offsets.pending_partitions(group_id))
    return [records.offset_tombstone(group_id, topic, index) for topic, index in sorted(partitions)]


def forget_topic(shard: ShardTables, name: str, topic_id: bytes) -> list[LogRecord]:
    """Tombstones of all offsets of a topic that was deleted; one that was created anew keeps its own."""
    return [
        records.offset_tombstone(group_id, name, index)
        for group_id, index, offset in shard.offsets.topics_in(name)
        if _same_topic(offset.topic_id, topic_id)
    ]


def expire(shard: ShardTables) -> list[LogRecord]:
    """Tombstones of all that has expired by now: offsets, and empty groups that have none left."""
    log_records: list[LogRecord] = []
    for group_id, group in shard.groups.items():
        if group.may_expire and _expire_offsets(shard, group_id, group, log_records) and group.is_empty:
            log_records += group.tombstones()
    return log_records


def _expire_offsets(shard: ShardTables, group_id: str, group: Group, log_records: list[LogRecord]) -> bool:
    """Add the tombstones of a group's expired offsets; whether that leaves it none."""
    committed = shard.offsets.by_group.get(group_id)
    has_pending = shard.offsets.has_pending(group_id)
    if committed is None:
        return not has_pending
    base = group.expiry_base()
    if base is None:
        return False
    now_ms = shard.around.clock.now_ms
    retention_ms = shard.around.limits.offsets_retention_ms
    are_all_expired = True
    for topic, offsets in committed.items():
        is_subscribed = group.is_subscribed_to(topic)
        for index, offset in offsets.items():
            expires = offset.expire_timestamp_ms
            if expires == -1:
                expires = base(offset) + retention_ms
            if is_subscribed or now_ms < expires or shard.offsets.is_pending(group_id, topic, index):
                are_all_expired = False
            else:
                log_records.append(records.offset_tombstone(group_id, topic, index))
    return are_all_expired and not has_pending
