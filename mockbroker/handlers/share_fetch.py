"""ShareFetch (KIP-932, KIP-1206, KIP-1222): acknowledgements first, then records.

Kafka: `KafkaApis.handleShareFetchRequest`, `.processShareFetchResponse`.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from mockbroker.core.share.acquisition import AcquireMode, Wanted
from mockbroker.core.share.fetching import Fetched, ShareFetch
from mockbroker.core.share.sessions import FINAL_EPOCH, INITIAL_EPOCH, SessionPartition, ShareSession
from mockbroker.core.waiting import NOT_YET, Pending
from mockbroker.handlers.call import Call
from mockbroker.handlers.leader_hints import LeaderHints
from mockbroker.handlers.share_acknowledgements import HINTED, Outcome, acknowledge, check_member
from mockbroker.handlers.when_ready import and_then, when_ready
from protocol_specs.acls import AclOperation, ResourceType
from protocol_specs.errors import ErrorCode, KafkaError
from protocol_specs.share_fetch import SHARE_FETCH

__all__ = ["handle", "refuse"]

_RESPONSE = SHARE_FETCH.response
_TOPIC = _RESPONSE.responses
_PARTITION = _TOPIC.partitions

_NONE = ErrorCode.NONE
_NO_RECORDS = b""
_KNOWS_RENEW = 2

#: What has to be 0 where locks are renewed, with Kafka's names.
_ZERO_FOR_RENEW = {
    "max_bytes": "maxBytes",
    "min_bytes": "minBytes",
    "max_records": "maxRecords",
    "max_wait_ms": "maxWaitMs",
}


def handle(request: Any, call: Call) -> Any:
    check_member(request, call)
    is_renewal = call.version >= _KNOWS_RENEW and request.is_renew_ack
    if is_renewal:
        _check_renewal(request)
    try:
        exchange = _Exchange(request, call)
    except KafkaError as error:
        if error.code is not ErrorCode.SHARE_SESSION_LIMIT_REACHED:
            raise
        # The client would try again at once: let it wait as if there were no records.
        refusal = refuse(request, call, error)
        return call.core.waiting.wait(
            lambda last: refusal if last else NOT_YET, on=(), at_most=request.max_wait_ms / 1000
        )
    acknowledged: Any = {}
    if _acknowledges(request):
        acknowledged = acknowledge(request, call)
    fetched = {} if is_renewal else exchange.fetch()
    if acknowledged.__class__ is Pending:
        return and_then(
            fetched,
            lambda records: when_ready(acknowledged, lambda outcome: exchange.answer(records, outcome)),
        )
    return when_ready(fetched, lambda records: exchange.answer(records, acknowledged))


def refuse(request: Any, call: Call, error: KafkaError) -> Any:
    """The code alone (`ShareFetchRequest.getErrorResponse`)."""
    return _response(error.code, [], [], 0)


def _response(code: int, topics: Sequence[Any], endpoints: Sequence[Any], lock_duration_ms: int) -> Any:
    return _RESPONSE(
        throttle_time_ms=0,
        error_code=code,
        error_message=None,
        acquisition_lock_timeout_ms=lock_duration_ms,
        responses=topics,
        node_endpoints=endpoints,
    )


def _check_renewal(request: Any) -> None:
    wrong = [
        f"{name} must be set to 0, " for field, name in _ZERO_FOR_RENEW.items() if getattr(request, field)
    ]
    if wrong:
        raise KafkaError(ErrorCode.INVALID_REQUEST, f"{''.join(wrong)}if isRenewAck is true.")


def _acknowledges(request: Any) -> bool:
    return any(one.acknowledgement_batches for topic in request.topics for one in topic.partitions)


class _Exchange:
    """One request with its session: what it fetches, and what of that the answer names.

    Raises:
        KafkaError: the session is not there, or expects another epoch, or there are too many.
    """

    __slots__ = (
        "_call",
        "_expected_epoch",
        "_has_unknown_topic",
        "_order",
        "_refused",
        "_request",
        "_session",
    )

    def __init__(self, request: Any, call: Call) -> None:
        self._request = request
        self._call = call
        names = call.image.topics_by_id
        wanted = [
            SessionPartition(
                topic.topic_id,
                one.partition_index,
                names[topic.topic_id].name if topic.topic_id in names else None,
            )
            for topic in request.topics
            for one in topic.partitions
        ]
        #: None unless it goes on with a session.
        self._session: ShareSession | None = None
        self._expected_epoch = 0
        self._order: list[SessionPartition] = []
        self._begin(wanted)
        self._has_unknown_topic = any(partition.topic_id not in names for partition in self._order)
        self._refused: dict[tuple[bytes, int], Fetched] = {}
        self._order = [partition for partition in self._order if self._may_fetch(partition)]

    def _begin(self, wanted: list[SessionPartition]) -> None:
        request, call = self._request, self._call
        group_id, member_id, epoch = request.group_id, request.member_id, request.share_session_epoch
        sessions = call.core.share_partitions.sessions(call.node.id)
        if epoch == FINAL_EPOCH:
            sessions.get(group_id, member_id)
        elif epoch == INITIAL_EPOCH:
            if _acknowledges(request):
                raise KafkaError(ErrorCode.INVALID_REQUEST)
            sessions.begin(group_id, member_id, call.caller.connection_id, wanted)
            self._order = wanted
        else:
            session = sessions.continue_at(group_id, member_id, epoch)
            forgotten = [
                (topic.topic_id, index)
                for topic in request.forgotten_topics_data
                for index in topic.partitions
            ]
            session.update(wanted, forgotten)
            self._session, self._expected_epoch = session, session.epoch
            self._order = list(session.partitions.values())

    def _may_fetch(self, wanted: SessionPartition) -> bool:
        call = self._call
        if wanted.topic is None:
            error = ErrorCode.UNKNOWN_TOPIC_ID
        elif not call.allows(AclOperation.READ, ResourceType.TOPIC, wanted.topic):
            error = ErrorCode.TOPIC_AUTHORIZATION_FAILED
        else:
            topic = call.image.topics.get(wanted.topic)
            if topic is not None and 0 <= wanted.partition < len(call.partitions_of(topic)):
                return True
            error = ErrorCode.UNKNOWN_TOPIC_OR_PARTITION
        self._refused[wanted.key] = Fetched(error)
        return False

    def fetch(self) -> Any:
        """What can be fetched by topic id and partition, or a Pending of it."""
        request, call = self._request, self._call
        if not self._order:
            return dict(self._refused)
        shared = call.core.share_partitions
        max_bytes = min(request.max_bytes, call.core.settings["fetch.max.bytes"])
        try:
            mode = AcquireMode(request.share_acquire_mode)
        except ValueError:
            raise KafkaError(ErrorCode.UNKNOWN_SERVER_ERROR) from None
        wanted = Wanted(
            request.member_id,
            mode,
            request.batch_size,
            request.max_records,
            shared.settings.reads_committed(request.group_id),
        )
        # Each request begins with another partition, so that all get their turn.
        turn = max(request.share_session_epoch, 0) % len(self._order)
        fetch = ShareFetch(
            shared,
            call.node.id,
            request.group_id,
            wanted,
            self._order[turn:] + self._order[:turn],
            min_bytes=min(request.min_bytes, max_bytes),
            max_bytes=max_bytes,
        )
        fetched = fetch.run(call.core.waiting, request.max_wait_ms / 1000)
        return when_ready(fetched, lambda found: {**found, **self._refused})

    def answer(self, fetched: dict[tuple[bytes, int], Fetched], acknowledged: Outcome) -> Any:
        request, call = self._request, self._call
        if self._has_unknown_topic and fetched:
            # Kafka 4.3 counts the bytes of each topic by its name, and fails where there is none.
            return refuse(request, call, KafkaError(ErrorCode.UNKNOWN_SERVER_ERROR))
        shared = call.core.share_partitions
        entries: dict[bytes, dict[int, Any]] = {}
        hints = LeaderHints(call, _PARTITION.current_leader, _RESPONSE.node_endpoints)
        session, code = self._session, _NONE
        if session is not None and session.epoch != self._expected_epoch:
            code = ErrorCode.INVALID_SHARE_SESSION_EPOCH
        else:
            for key, one in fetched.items():
                has_error = one.error_code is not _NONE
                if session is None or session.includes(
                    key, has_records=bool(one.records), has_error=has_error
                ):
                    entries.setdefault(key[0], {})[key[1]] = self._entry(key, one, hints)
        for (topic_id, index), (error, text) in acknowledged.items():
            of_topic = entries.setdefault(topic_id, {})
            if index not in of_topic:
                of_topic[index] = self._entry((topic_id, index), Fetched(), hints)
            of_topic[index].acknowledge_error_code = error
            of_topic[index].acknowledge_error_message = text
        if request.share_session_epoch == FINAL_EPOCH:
            shared.end_session(call.node.id, request.group_id, request.member_id)
        topics = [
            _TOPIC(topic_id=topic_id, partitions=list(by_index.values()))
            for topic_id, by_index in entries.items()
        ]
        return _response(code, topics, hints.endpoints, shared.settings.lock_duration_ms(request.group_id))

    def _entry(self, key: tuple[bytes, int], fetched: Fetched, hints: LeaderHints) -> Any:
        if fetched.error_code in HINTED:
            leader = hints.of(self._call.core.cluster.partition_by_id(*key))
        else:
            leader = _PARTITION.current_leader(leader_id=0, leader_epoch=0)
        return _PARTITION(
            partition_index=key[1],
            error_code=fetched.error_code,
            error_message=None,
            acknowledge_error_code=_NONE,
            acknowledge_error_message=None,
            current_leader=leader,
            records=fetched.records or _NO_RECORDS,
            acquired_records=[
                _PARTITION.acquired_records(
                    first_offset=acquired.first_offset,
                    last_offset=acquired.last_offset,
                    delivery_count=acquired.delivery_count,
                )
                for acquired in fetched.acquired
            ],
        )
