"""Fetch (KIP-74, KIP-98, KIP-227, KIP-320, KIP-392, KIP-516, KIP-951).

A request that finds too little waits: for an append, a change of leader, or the end of its time. Another request that
arrives behind it on its connection ends its wait too, since it would be kept waiting as well.

Kafka: `KafkaApis.handleFetchRequest`, `ReplicaManager.fetchMessages`, `DelayedFetch`.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any

from mockbroker.core.fetch_sessions import FINAL_EPOCH, NO_SESSION, FetchContext, Key, SessionPartition
from mockbroker.core.replica import UNKNOWN_EPOCH, Isolation
from mockbroker.core.waiting import NOT_YET
from mockbroker.handlers.authorized_operations import CLUSTER_NAME
from mockbroker.handlers.call import Call
from mockbroker.handlers.leader_hints import LeaderHints
from mockbroker.handlers.old_records import FIRST_FETCH_OF_BATCHES, as_message_set
from mockbroker.handlers.throttle import client_of
from protocol_specs.acls import AclOperation, ResourceType
from protocol_specs.errors import ErrorCode, KafkaError
from protocol_specs.fetch import FETCH

if TYPE_CHECKING:
    from mockbroker.core.replica import ReadResult
    from mockbroker.core.replicas import Partition

__all__ = ["handle", "refuse"]

_RESPONSE = FETCH.response
_TOPIC = _RESPONSE.responses
_PARTITION = _TOPIC.partitions
# Every answer has these, so the schemas are not asked each time.
_make_response, _make_topic, _make_partition = _RESPONSE.make, _TOPIC.make, _PARTITION.make

_EMPTY = b""
_ZERO_UUID = bytes(16)
_RACK_AWARE = "org.apache.kafka.common.replica.RackAwareReplicaSelector"
_UNKNOWN = -1
_LEVELS = (Isolation.READ_UNCOMMITTED, Isolation.READ_COMMITTED)

#: What a quota counts beside an answer's body.
_SIZE_BYTES = 4

_NONE = ErrorCode.NONE

#: The first versions with sessions, with reads from followers, with topic ids, and with hints.
_HAS_SESSIONS = 7
_FROM_FOLLOWERS = 11
_BY_TOPIC_ID = 13
_GIVES_HINTS = 16

#: Errors that are found before the log is asked; their entries have an empty list of aborted transactions, not null.
_FOUND_BEFORE_READING = (
    ErrorCode.UNKNOWN_TOPIC_ID,
    ErrorCode.UNKNOWN_TOPIC_OR_PARTITION,
    ErrorCode.TOPIC_AUTHORIZATION_FAILED,
)

_HINTED = (ErrorCode.NOT_LEADER_OR_FOLLOWER, ErrorCode.FENCED_LEADER_EPOCH)


def handle(request: Any, call: Call) -> Any:
    if request.isolation_level not in _LEVELS:
        raise KafkaError(ErrorCode.UNKNOWN_SERVER_ERROR)
    replica_id = request.replica_id
    if replica_id == _UNKNOWN:
        replica_id = request.replica_state.replica_id
    context = _begin(request, call, replica_id >= 0)
    if context.error is not _NONE:
        return _RESPONSE(error_code=context.error, responses=[])
    reader = _Reader(request, call, context, replica_id)
    if request.max_wait_ms <= 0:
        return reader.attempt(True)
    return call.core.waiting.wait(
        reader.attempt, on=reader.keys(), at_most=request.max_wait_ms / 1000, hurried=True
    )


def refuse(request: Any, call: Call, error: KafkaError) -> Any:
    """The error at the top, and before topic ids at each partition too (`FetchRequest.getErrorResponse`)."""
    topics = [
        _TOPIC(
            topic=topic.topic,
            topic_id=topic.topic_id,
            partitions=[_unread(one.partition, error.code) for one in topic.partitions],
        )
        for topic in (request.topics if call.version < _BY_TOPIC_ID else ())
    ]
    return _RESPONSE(error_code=error.code, session_id=request.session_id, responses=topics)


def _unread(index: int, code: ErrorCode) -> Any:
    """The entry of a partition that was not even looked at (`FetchResponse.partitionResponse`)."""
    return _PARTITION(partition_index=index, error_code=code, high_watermark=_UNKNOWN, records=_EMPTY)


def _begin(request: Any, call: Call, is_follower: bool) -> FetchContext:
    by_id = call.version >= _BY_TOPIC_ID
    wanted = [
        SessionPartition(
            None if by_id else topic.topic,
            topic.topic_id if by_id else None,
            one.partition,
            one.fetch_offset,
            one.partition_max_bytes,
            one.current_leader_epoch,
            one.last_fetched_epoch,
            one.log_start_offset,
        )
        for topic in request.topics
        for one in topic.partitions
    ]
    forgotten: Sequence[Key] = ()
    if request.forgotten_topics_data:
        forgotten = [
            (topic.topic_id if by_id else topic.topic, index)
            for topic in request.forgotten_topics_data
            for index in topic.partitions
        ]
    session_id, epoch = request.session_id, request.session_epoch
    if call.version < _HAS_SESSIONS:
        session_id, epoch = NO_SESSION, FINAL_EPOCH
    sessions = call.core.fetch_sessions
    return sessions.begin(call.node.id, session_id, epoch, wanted, forgotten, by_id, is_follower)


class _Reader:
    """Reads what one request wants, as often as it takes."""

    __slots__ = (
        "_call",
        "_context",
        "_is_follower",
        "_isolation",
        "_leader_only",
        "_max_bytes",
        "_min_bytes",
        "_rack",
        "_replica_id",
    )

    def __init__(self, request: Any, call: Call, context: FetchContext, replica_id: int) -> None:
        core = call.core
        settings = core.settings
        self._call = call
        self._context = context
        self._replica_id = replica_id
        self._is_follower = is_follower = replica_id >= 0
        limit: int = settings["fetch.max.bytes"]
        self._max_bytes: int = request.max_bytes if request.max_bytes < limit else limit
        if core.throttling.is_active and not is_follower:
            self._max_bytes = min(self._max_bytes, core.throttling.most_fetchable(client_of(call)))
        self._min_bytes: int = request.min_bytes if request.min_bytes < self._max_bytes else self._max_bytes
        self._isolation = Isolation.LOG_END if is_follower else request.isolation_level
        self._leader_only = is_follower or call.version < _FROM_FOLLOWERS
        #: Where the client is, when the closest replica is to serve it (KIP-392); followers serve since v11.
        self._rack: str = "" if self._leader_only else request.rack_id
        if self._rack and settings["replica.selector.class"] != _RACK_AWARE:
            self._rack = ""

    def keys(self) -> Iterator[Partition]:
        """The partitions whose news make another attempt worth while. Only asked when the first was in vain."""
        for wanted in self._context.partitions:
            yield wanted.resolve(self._call.image)

    def attempt(self, last: bool) -> Any:
        """Read all partitions; the response where it is time to answer, else NOT_YET."""
        partitions = self._context.partitions
        left = self._max_bytes
        size = 0
        is_urgent = last or not partitions
        found: list[tuple[SessionPartition, ReadResult | KafkaError]] = []
        refused: list[tuple[SessionPartition, ReadResult | KafkaError]] = []
        for wanted in partitions:
            try:
                result = self._read(wanted, left, not size)
            except KafkaError as error:
                is_urgent = True
                # What there is nothing to read from comes last.
                (refused if error.code in _FOUND_BEFORE_READING else found).append((wanted, error))
                continue
            found.append((wanted, result))
            if result.size:
                size += result.size
                left = left - result.size if result.size < left else 0
            if result.has_hint:
                is_urgent = True
        if size < self._min_bytes and not is_urgent:
            return NOT_YET
        return self._answer(found + refused if refused else found)

    def _read(self, wanted: SessionPartition, left: int, is_first: bool) -> ReadResult:
        call = self._call
        core, node = call.core, call.node
        partition = wanted.resolve(node.image or core.cluster)
        if core.authorizer is not None and not self._allows(partition):
            raise KafkaError(ErrorCode.TOPIC_AUTHORIZATION_FAILED)
        replica = partition.replica_at(node.id)
        epoch = wanted.leader_epoch
        replica.check_epoch(epoch if epoch >= 0 else UNKNOWN_EPOCH, self._leader_only)
        if self._is_follower and (self._replica_id == node.id or self._replica_id not in partition.replicas):
            # One that says no epoch may be of a time when it was a replica (`Partition.followerReplicaOrThrow`).
            raise KafkaError(
                ErrorCode.NOT_LEADER_OR_FOLLOWER if epoch < 0 else ErrorCode.UNKNOWN_LEADER_EPOCH
            )
        if self._rack and replica.is_leader:
            closest = replica.closest_follower(core.cluster.nodes, self._rack, wanted.fetch_offset)
            if closest is not None:
                return replica.refer(closest)
        most = wanted.max_bytes
        return replica.read(
            wanted.fetch_offset,
            most if most < left else left,
            self._isolation,
            is_first,
            wanted.last_fetched_epoch,
        )

    def _allows(self, partition: Partition) -> bool:
        if self._is_follower:
            return self._call.allows(AclOperation.CLUSTER_ACTION, ResourceType.CLUSTER, CLUSTER_NAME)
        return self._call.allows(AclOperation.READ, ResourceType.TOPIC, partition.topic.name)

    def _answer(self, found: list[tuple[SessionPartition, ReadResult | KafkaError]]) -> Any:
        context = self._context
        throttle_ms = 0
        if self._call.core.throttling.is_active and not self._is_follower:
            throttle_ms = self._throttle(found)
        session_id = context.complete(is_throttled=throttle_ms > 0)
        if context.error is not _NONE:
            return _RESPONSE(throttle_time_ms=throttle_ms, error_code=context.error, responses=[])
        if throttle_ms:
            return _RESPONSE(throttle_time_ms=throttle_ms, session_id=session_id, responses=[])
        topics, endpoints = self._topics(found)
        return _make_response(session_id=session_id, responses=topics, node_endpoints=endpoints)

    def _throttle(self, found: list[tuple[SessionPartition, ReadResult | KafkaError]]) -> int:
        """Hold the answer, as it would be, against the client's quotas; the milliseconds to hold the client."""
        topics, _ = self._topics(found, is_rehearsal=True)
        call = self._call
        size = sum(map(len, _RESPONSE[call.version].write(_RESPONSE(responses=topics), bytearray())))
        return call.core.throttling.fetch(call.node.id, client_of(call), _SIZE_BYTES + size)

    def _topics(
        self, found: list[tuple[SessionPartition, ReadResult | KafkaError]], is_rehearsal: bool = False
    ) -> tuple[list[Any], Any]:
        """The entries of an answer, and the addresses of the leaders that they name."""
        includes = self._context.includes
        hints: LeaderHints | None = None
        topics: list[Any] = []
        last_topic: bytes | str | None = None
        for wanted, result in found:
            if isinstance(result, KafkaError):
                if not includes(wanted, None, is_rehearsal):
                    continue
                if hints is None:
                    hints = LeaderHints(self._call, _PARTITION.current_leader, _RESPONSE.node_endpoints)
                entry = self._failed(wanted, result, hints)
            elif includes(wanted, result, is_rehearsal):
                entry = _read_entry(wanted, result)
                if self._call.version < FIRST_FETCH_OF_BATCHES and result.views:
                    _convert(entry, wanted, result, self._call.version)
            else:
                continue
            topic = wanted.key[0]
            if topic == last_topic:
                topics[-1].partitions.append(entry)
                continue
            last_topic = topic
            topic_id = wanted.topic_id or _ZERO_UUID
            topics.append(_make_topic(topic=wanted.topic or "", topic_id=topic_id, partitions=[entry]))
        # A follower knows where the others are.
        return topics, () if hints is None or self._is_follower else hints.endpoints

    def _failed(self, wanted: SessionPartition, error: KafkaError, hints: LeaderHints) -> Any:
        entry = _unread(wanted.index, error.code)
        if error.code not in _FOUND_BEFORE_READING:
            entry.aborted_transactions = None
        if error.code in _HINTED and self._call.version >= _GIVES_HINTS:
            entry.current_leader = hints.of(wanted.resolve(self._call.image))
        return entry


def _convert(entry: Any, wanted: SessionPartition, result: ReadResult, version: int) -> None:
    try:
        entry.records = as_message_set(result.views, version, wanted.fetch_offset)
    except KafkaError as error:
        entry.error_code, entry.records = error.code, _EMPTY


def _read_entry(wanted: SessionPartition, result: ReadResult) -> Any:
    entry = _make_partition(
        partition_index=wanted.index,
        error_code=_NONE,
        high_watermark=result.high_watermark,
        last_stable_offset=result.last_stable_offset,
        log_start_offset=result.log_start_offset,
        aborted_transactions=None,
        records=result.views or _EMPTY,
    )
    if result.aborted is not None:
        entry.aborted_transactions = [
            _PARTITION.aborted_transactions(producer_id=producer_id, first_offset=first_offset)
            for producer_id, first_offset in result.aborted
        ]
    if result.preferred is not None:
        entry.preferred_read_replica = result.preferred
    if result.diverging is not None:
        epoch, end_offset = result.diverging
        entry.diverging_epoch = _PARTITION.diverging_epoch(epoch=epoch, end_offset=end_offset)
    return entry
