"""Produce (KIP-98, KIP-679, KIP-890, KIP-951).

Each partition is checked and appended by itself; one that fails harms no other. Transactional batches are verified with
their coordinator first (`transactions.verification`). With acks=all the answer waits until every partition that was
appended to is settled, or the request's timeout is over.

Kafka: `KafkaApis.handleProduceRequest`, `ReplicaManager.appendRecords`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from mockbroker.core.transactions.outcome import Producer
from mockbroker.core.transactions.verification import Verdicts, produce_demand, produce_refusal
from mockbroker.core.validation import first_batch_size, is_one_batch, produced_batch
from mockbroker.core.waiting import NOT_YET, Pending
from mockbroker.handlers.call import Call
from mockbroker.handlers.leader_hints import LeaderHints
from mockbroker.handlers.old_records import FIRST_PRODUCE_OF_BATCHES, as_batch
from mockbroker.handlers.when_ready import and_then
from mockbroker.wire.caller import Disconnect
from protocol_specs.acls import AclOperation, ResourceType
from protocol_specs.errors import ErrorCode, KafkaError
from protocol_specs.produce import PRODUCE

if TYPE_CHECKING:
    from mockbroker.core.batches import Batch
    from mockbroker.core.replicas import Partition

__all__ = ["handle"]

_RESPONSE = PRODUCE.response
_TOPIC = _RESPONSE.responses
_PARTITION = _TOPIC.partition_responses
# Every request makes three messages, so the schemas are not asked each time.
_make_response, _make_topic, _make_partition = _RESPONSE.make, _TOPIC.make, _PARTITION.make

_ZERO_UUID = bytes(16)
_NONE = 0
_NOT_LEADER = int(ErrorCode.NOT_LEADER_OR_FOLLOWER)

#: The first version whose clients know topics by id.
_BY_TOPIC_ID = 13
#: The first version that names the new leader.
_GIVES_HINTS = 10

#: Errors that are answered without the log start offset (`ReplicaManager.appendToLocalLog`).
_WITHOUT_LOG_START = frozenset(
    {
        ErrorCode.UNKNOWN_TOPIC_OR_PARTITION,
        ErrorCode.NOT_LEADER_OR_FOLLOWER,
        ErrorCode.MESSAGE_TOO_LARGE,
        ErrorCode.RECORD_LIST_TOO_LARGE,
        ErrorCode.CORRUPT_MESSAGE,
        ErrorCode.KAFKA_STORAGE_ERROR,
        ErrorCode.UNKNOWN_TOPIC_ID,
        ErrorCode.INVALID_REQUIRED_ACKS,
        ErrorCode.INVALID_TOPIC_EXCEPTION,
    }
)

#: The client id under which administrators may write to internal topics (`AdminUtils`).
_ADMIN_CLIENT_ID = "__admin_client"

_MAGIC_AT, _ATTRIBUTES_AT = 16, 22
_TRANSACTIONAL = 0x10


class _Unsettled:
    """An append with acks=all that some replica still lacks."""

    __slots__ = ("entry", "partition", "required_offset")

    def __init__(self, entry: Any, partition: Partition, required_offset: int) -> None:
        self.entry = entry
        self.partition = partition
        self.required_offset = required_offset


def handle(request: Any, call: Call) -> Any:
    try:
        if not _may_write(request, call):
            return _refuse_all(request, ErrorCode.TRANSACTIONAL_ID_AUTHORIZATION_FAILED)
        if not _is_plain(request.topic_data):
            request.topic_data = _merged(request.topic_data)
        verdicts = None if request.transactional_id is None else _verify(request, call)
    except KafkaError as error:
        return _refuse_all(request, error.code, error.message)
    if not isinstance(verdicts, Pending):
        return _Writer(request, call, verdicts).write()

    def write_late(verdicts: Verdicts) -> Any:
        try:
            return _Writer(request, call, verdicts).write()
        except Disconnect:
            # With acks=0 nobody listens any more.
            return None

    return and_then(verdicts, write_late)


def _is_plain(topic_data: Any) -> bool:
    """Whether it is one topic with one partition, as it nearly always is."""
    return len(topic_data) == 1 and len(topic_data[0].partition_data) == 1


def _merged(topic_data: Any) -> list[Any]:
    """Each topic and each partition once, with the records that come last; no topic without partitions.

    Kafka keeps them in a map by partition.
    """
    partitions: dict[tuple[str, bytes], dict[int, Any]] = {}
    for data in topic_data:
        for one in data.partition_data:
            partitions.setdefault((data.name, data.topic_id), {})[one.index] = one
    return [
        PRODUCE.request.topic_data(name=name, topic_id=topic_id, partition_data=list(data.values()))
        for (name, topic_id), data in partitions.items()
    ]


def _verify(request: Any, call: Call) -> Verdicts | Pending:
    """Let the coordinator verify, or add, the partitions to which transactional batches go.

    Raises:
        KafkaError: INVALID_PRODUCER_ID_MAPPING when they are of several producers.
    """
    base_sequences: dict[Partition, int] = {}
    producers = set()
    for data in request.topic_data:
        topic = _find_topic(data, call)
        for one in data.partition_data:
            try:
                partition = _find_partition(call, topic, one.index)
                batch = _batch_of(one, call.version)
            except KafkaError:
                continue  # It is refused when it is to be written.
            if batch.is_transactional and batch.producer_id >= 0:
                producers.add((batch.producer_id, batch.producer_epoch))
                base_sequences[partition] = batch.base_sequence
    if len(producers) > 1:
        text = "Transactional records contained more than one producer ID"
        raise KafkaError(ErrorCode.INVALID_PRODUCER_ID_MAPPING, text)
    if not producers:
        return {}
    producer = Producer(request.transactional_id, *producers.pop())
    checked: Verdicts | Pending = call.core.verifier.check(
        call.node, producer, base_sequences, produce_demand(call.version)
    )
    return checked


class _Writer:
    """Writes what one request brings."""

    __slots__ = ("_acks", "_call", "_hints", "_request", "_unsettled", "_verdicts")

    def __init__(self, request: Any, call: Call, verdicts: Verdicts | None) -> None:
        self._request = request
        self._call = call
        self._verdicts = verdicts
        self._acks: int = request.acks
        self._hints: LeaderHints | None = None
        self._unsettled: list[_Unsettled] = []

    @property
    def hints(self) -> LeaderHints:
        """Who leads instead. Few requests need to say so."""
        if self._hints is None:
            self._hints = LeaderHints(self._call, _PARTITION.current_leader, _RESPONSE.node_endpoints)
        return self._hints

    def write(self) -> Any:
        """Append all, and give the response, or a Pending of it."""
        call = self._call
        topics = []
        for data in self._request.topic_data:
            topic = _find_topic(data, call)
            entries = [self._produce(topic, one) for one in data.partition_data]
            name, topic_id = (data.name, data.topic_id) if topic is None else (topic.name, topic.id)
            topics.append(_make_topic(name=name, topic_id=topic_id, partition_responses=entries))
        if self._acks == 0:
            return _answer_nothing(topics)
        reply = _make_response(responses=topics)
        if self._unsettled:
            return self._wait(reply)
        if self._hints is not None:
            reply.node_endpoints = self._hints.endpoints
        return reply

    def _wait(self, reply: Any) -> Any:
        unsettled = self._unsettled

        def attempt(last: bool) -> Any:
            unsettled[:] = [one for one in unsettled if not self._is_settled(one, last)]
            if unsettled:
                return NOT_YET
            if self._hints is not None:
                reply.node_endpoints = self._hints.endpoints
            return reply

        partitions = [one.partition for one in unsettled]
        at_most = self._request.timeout_ms / 1000
        return self._call.core.waiting.wait(attempt, on=partitions, at_most=at_most)

    def _produce(self, topic: Any, data: Any) -> Any:
        """Append one partition's batch, and give its entry in the response."""
        call, acks = self._call, self._acks
        partition: Partition | None = None
        try:
            found = _find_partition(call, topic, data.index)
            batch = _batch_of(data, call.version)
            partition = found
            if acks not in (-1, 0, 1):
                raise KafkaError(ErrorCode.INVALID_REQUIRED_ACKS)
            if topic.is_internal and call.client_id != _ADMIN_CLIENT_ID:
                raise KafkaError(ErrorCode.INVALID_TOPIC_EXCEPTION)
            guard = self._verdicts.get(partition) if self._verdicts else None
            if guard is not None and isinstance(guard, ErrorCode):
                return _failed(data.index, *produce_refusal(guard, produce_demand(call.version)))
            result = partition.append(batch, acks=acks, at=call.node.id, guard=guard)
        except KafkaError as error:
            return self._refuse(partition, data.index, error)
        entry = _make_partition(
            index=data.index,
            error_code=_NONE,
            base_offset=result.base_offset,
            log_append_time_ms=result.append_time_ms,
            log_start_offset=result.log_start_offset,
        )
        if acks == -1 and not result.is_settled:
            one = _Unsettled(entry, partition, result.required_offset)
            if not self._is_settled(one, False):
                self._unsettled.append(one)
        return entry

    def _is_settled(self, one: _Unsettled, last: bool) -> bool:
        """Whether all in-sync replicas have it, or it has failed, which its entry then says."""
        code = one.partition.acknowledged(one.required_offset, at=self._call.node.id)
        if code is None:
            if not last:
                return False
            code = ErrorCode.REQUEST_TIMED_OUT
        if code != _NONE:
            one.entry.error_code = code
            if code == _NOT_LEADER and self._call.version >= _GIVES_HINTS:
                one.entry.current_leader = self.hints.of(one.partition)
        return True

    def _refuse(self, partition: Partition | None, index: int, error: KafkaError) -> Any:
        entry = _failed(index, error.code)
        record_errors = getattr(error, "record_errors", None)
        if record_errors is not None:
            entry.error_message = error.message
            entry.record_errors = [
                _PARTITION.record_errors(batch_index=number, batch_index_error_message=text)
                for number, text in record_errors
            ]
        if partition is None:
            return entry
        if error.code not in _WITHOUT_LOG_START:
            replica = partition.copies.get(self._call.node.id)
            entry.log_start_offset = -1 if replica is None else replica.log.start_offset
        if error.code == _NOT_LEADER and self._call.version >= _GIVES_HINTS:
            entry.current_leader = self.hints.of(partition)
        return entry


def _find_topic(data: Any, call: Call) -> Any:
    image = call.node.image or call.core.cluster
    if data.topic_id != _ZERO_UUID:
        return image.topics_by_id.get(data.topic_id)
    return image.topics.get(data.name)


def _batch_of(data: Any, version: int) -> Batch:
    if version < FIRST_PRODUCE_OF_BATCHES:
        return as_batch(data.records, data.records_at)
    return produced_batch(data.records, version, data.records_at)


def _find_partition(call: Call, topic: Any, index: int) -> Partition:
    if topic is None and call.version >= _BY_TOPIC_ID:
        raise KafkaError(ErrorCode.UNKNOWN_TOPIC_ID)
    if topic is not None:
        if call.core.authorizer is not None and not _allows(call, topic):
            raise KafkaError(ErrorCode.TOPIC_AUTHORIZATION_FAILED)
        partitions = topic.partitions if call.node.image is None else call.partitions_of(topic)
        if 0 <= index < len(partitions):
            found: Partition = partitions[index]
            return found
    raise KafkaError(ErrorCode.UNKNOWN_TOPIC_OR_PARTITION)


def _allows(call: Call, topic: Any) -> bool:
    return call.allows(AclOperation.WRITE, ResourceType.TOPIC, topic.name)


def _failed(index: int, code: int, message: str | None = None) -> Any:
    return _PARTITION(index=index, error_code=code, base_offset=-1, error_message=message)


def _refuse_all(request: Any, code: ErrorCode, message: str | None = None) -> Any:
    """The same error for every partition, once; with acks=0 the end of the connection."""
    asked = request.topic_data if _is_plain(request.topic_data) else _merged(request.topic_data)
    topics = [
        _TOPIC(
            name=data.name,
            topic_id=data.topic_id,
            partition_responses=[_failed(one.index, code, message) for one in data.partition_data],
        )
        for data in asked
    ]
    return _answer_nothing(topics) if request.acks == 0 else _RESPONSE(responses=topics)


def _answer_nothing(topics: list[Any]) -> None:
    """With acks=0 a client learns of an error by the end of its connection."""
    for topic in topics:
        for entry in topic.partition_responses:
            if entry.error_code != _NONE:
                code = ErrorCode(entry.error_code).name
                raise Disconnect(f"{code} for {topic.name}-{entry.index}, and acks=0")


def _is_transactional(records: memoryview) -> bool:
    if first_batch_size(records) is None or records[_MAGIC_AT] != 2:
        return False
    return bool(records[_ATTRIBUTES_AT] & _TRANSACTIONAL)


def _may_write(request: Any, call: Call) -> bool:
    """Whether transactional batches, if there are any, come with a transactional id that may be used.

    Raises:
        KafkaError: CORRUPT_MESSAGE, for the whole request, where a batch to be asked has an impossible size or magic.
        Disconnect: records are null.
    """
    for data in request.topic_data:
        for one in data.partition_data:
            records = one.records
            if records is None:
                raise Disconnect(f"null records for partition {one.index}")
            if is_one_batch(records):
                is_transactional = records[_ATTRIBUTES_AT] & _TRANSACTIONAL
            else:
                is_transactional = _is_transactional(records)
            if is_transactional:
                name = request.transactional_id
                return name is not None and call.allows(
                    AclOperation.WRITE, ResourceType.TRANSACTIONAL_ID, name
                )
    return True
