"""Fetch sessions: the broker remembers what a client reads, so that requests and answers name only what changed.

Rules kept here (KIP-227; `FetchManager`, `FetchContext`, `FetchSession`, `FetchSessionCacheShard`):

- Epoch 0 or -1 makes a full fetch: it closes the session it names, and with epoch 0 a new one is made if there is room.
- Any other epoch makes an incremental fetch: it must be the one that the session expects next. What the request names
  is added or brought up to date, then what it forgets is taken out; a session that is left with nothing is closed.
- A session keeps partitions by topic id or by name, as its first request did; the other kind is refused.
- An incremental answer leaves a partition out unless it has records, an error, a hint, or another high watermark or log
  start than the last one. A partition that had records goes behind the others, so that all get their turn.
- A full cache makes room by dropping a session unused for two minutes, else one that is worth less than the new one:
  older than two minutes and with no more partitions. A follower's session may drop any consumer's.
"""

from __future__ import annotations

import random
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

from protocol_specs.errors import ErrorCode, KafkaError

if TYPE_CHECKING:
    from mockbroker.config import Settings
    from mockbroker.core.cluster import Cluster
    from mockbroker.core.images import Image
    from mockbroker.core.replica import ReadResult
    from mockbroker.core.replicas import Partition
    from mockbroker.core.time import Clock

__all__ = ["FINAL_EPOCH", "INITIAL_EPOCH", "NO_SESSION", "FetchContext", "FetchSessions", "SessionPartition"]

NO_SESSION = 0
INITIAL_EPOCH = 0
FINAL_EPOCH = -1

_EVICTION_MS = 120_000
_MAX_INT32 = 2**31 - 1
#: The ids of sessions are dealt out to the shards of the cache (`FetchSessionCache.getCacheShard`).
_SHARDS = 8
_SHARD_SIZE = _MAX_INT32 // _SHARDS
_NONE = ErrorCode.NONE

#: Topic id or topic name, and partition index.
Key = tuple[bytes | str, int]


def next_epoch(epoch: int) -> int:
    """The epoch of the request after this one (`FetchMetadata.nextEpoch`)."""
    if epoch < 0:
        return FINAL_EPOCH
    return 1 if epoch == _MAX_INT32 else epoch + 1


class SessionPartition:
    """One partition that a client wants to read, as a Fetch request says, and what it was told last.

    Args:
        topic: its name; None when the request gives an id.
        topic_id: its id; None when the request gives a name.
        leader_epoch: the current one as the client knows it, -1 for unknown.
        last_fetched_epoch: of the client's last record, -1 for unknown.
        follower_start: a follower's log start, -1 for consumers.
    """

    __slots__ = (
        "_partition",
        "fetch_offset",
        "follower_start",
        "high_watermark",
        "index",
        "key",
        "last_fetched_epoch",
        "leader_epoch",
        "log_start_offset",
        "max_bytes",
        "topic",
        "topic_id",
    )

    def __init__(
        self,
        topic: str | None,
        topic_id: bytes | None,
        index: int,
        fetch_offset: int,
        max_bytes: int,
        leader_epoch: int = -1,
        last_fetched_epoch: int = -1,
        follower_start: int = -1,
    ) -> None:
        self.topic = topic
        self.topic_id = topic_id
        self.index = index
        self.key: Key = ((topic or "") if topic_id is None else topic_id, index)
        self.fetch_offset = fetch_offset
        self.max_bytes = max_bytes
        self.leader_epoch = leader_epoch
        self.last_fetched_epoch = last_fetched_epoch
        self.follower_start = follower_start
        self.high_watermark = -1
        self.log_start_offset = -1
        self._partition: Partition | None = None

    def update(self, other: SessionPartition) -> None:
        """Take over what a newer request says."""
        self.fetch_offset = other.fetch_offset
        self.max_bytes = other.max_bytes
        self.leader_epoch = other.leader_epoch
        self.last_fetched_epoch = other.last_fetched_epoch
        self.follower_start = other.follower_start

    def resolve(self, cluster: Cluster | Image) -> Partition:
        """The partition that is meant, looked up once for as long as it exists.

        Raises:
            KafkaError: UNKNOWN_TOPIC_ID for an id that was never known, UNKNOWN_TOPIC_OR_PARTITION,
                INCONSISTENT_TOPIC_ID where a topic of the same name has taken its place.
        """
        partition = self._partition
        if partition is None or partition.is_deleted:
            if self.topic is None:
                topic = cluster.topics_by_id.get(self.topic_id or b"")
                if topic is None:
                    raise KafkaError(ErrorCode.UNKNOWN_TOPIC_ID)
                self.topic = topic.name
            partition = cluster.partition(self.topic, self.index)
            if self.topic_id is not None and partition.topic.id != self.topic_id:
                raise KafkaError(ErrorCode.INCONSISTENT_TOPIC_ID)
            self._partition = partition
        return partition


class _Session:
    __slots__ = (
        "created_ms",
        "epoch",
        "evictable_by_all",
        "evictable_by_followers",
        "id",
        "is_privileged",
        "partitions",
        "size",
        "used_ms",
        "uses_topic_ids",
    )

    def __init__(
        self,
        id: int,
        partitions: dict[Key, SessionPartition],
        uses_topic_ids: bool,
        is_privileged: bool,
        now_ms: int,
    ) -> None:
        self.id = id
        self.partitions = partitions
        self.uses_topic_ids = uses_topic_ids
        self.is_privileged = is_privileged
        self.created_ms = now_ms
        self.epoch = next_epoch(INITIAL_EPOCH)
        self.touch(now_ms)

    def touch(self, now_ms: int) -> None:
        self.used_ms = now_ms
        self.size = len(self.partitions)
        self.evictable_by_all = now_ms - self.created_ms > _EVICTION_MS
        self.evictable_by_followers = self.evictable_by_all or not self.is_privileged

    @property
    def worth(self) -> tuple[bool, int, int]:
        return self.is_privileged, self.size, self.id


class FetchContext:
    """One Fetch request between its arrival and its answer.

    Attributes:
        error: NONE, or the top-level error of the answer, which then has no topics.
        partitions: what to read, in this order.
    """

    __slots__ = (
        "_cache",
        "_expected_epoch",
        "_is_privileged",
        "_session",
        "_uses_topic_ids",
        "error",
        "partitions",
    )

    def __init__(
        self,
        partitions: Sequence[SessionPartition] = (),
        error: ErrorCode = _NONE,
        cache: _Cache | None = None,
        session: _Session | None = None,
        uses_topic_ids: bool = False,
        is_privileged: bool = False,
    ) -> None:
        self.partitions = partitions
        self.error = error
        self._cache = cache
        self._session = session
        self._expected_epoch = 0 if session is None else session.epoch
        self._uses_topic_ids = uses_topic_ids
        self._is_privileged = is_privileged

    def complete(self, *, is_throttled: bool = False) -> int:
        """Close the books: call it once when the answer is made up, before `includes`.

        Args:
            is_throttled: the answer will tell nothing, and so begins no session (KIP-219).

        Returns:
            The session id for the answer. `error` may have become INVALID_FETCH_SESSION_EPOCH: the session went on
            with another request meanwhile.
        """
        if self._session is not None:
            if self._session.epoch != self._expected_epoch:
                self.error = ErrorCode.INVALID_FETCH_SESSION_EPOCH
            return self._session.id
        if self._cache is None or self.error is not _NONE or is_throttled:
            return NO_SESSION
        return self._cache.create(self.partitions, self._uses_topic_ids, self._is_privileged)

    def includes(
        self, wanted: SessionPartition, result: ReadResult | None, is_rehearsal: bool = False
    ) -> bool:
        """Whether the answer names this partition; notes what the client knows by it, unless it is a rehearsal.

        Args:
            result: what was read; None for an error.
        """
        if result is None:
            is_news = True
            # The partition is told anew as soon as it is well again.
            high_watermark = log_start_offset = -1
        else:
            high_watermark, log_start_offset = result.high_watermark, result.log_start_offset
            is_news = (
                result.size > 0
                or result.has_hint
                or wanted.high_watermark != high_watermark
                or wanted.log_start_offset != log_start_offset
            )
        session = self._session
        if is_rehearsal:
            return is_news or session is None
        if is_news:
            wanted.high_watermark, wanted.log_start_offset = high_watermark, log_start_offset
        if session is None:
            return True
        others = session.partitions
        had_records = result is not None and result.size > 0
        if had_records and len(others) > 1 and others.pop(wanted.key, None) is not None:
            others[wanted.key] = wanted
        return is_news


class _Cache:
    """The sessions of one broker."""

    def __init__(self, clock: Clock, rng: random.Random, slots: int) -> None:
        self._clock = clock
        self._rng = rng
        self._slots = slots
        self._sessions: dict[int, _Session] = {}

    def __len__(self) -> int:
        return len(self._sessions)

    def partitions(self, session_id: int) -> list[SessionPartition]:
        session = self._sessions.get(session_id)
        return [] if session is None else list(session.partitions.values())

    def begin(
        self,
        session_id: int,
        epoch: int,
        wanted: Sequence[SessionPartition],
        forgotten: Iterable[Key],
        uses_topic_ids: bool,
        is_privileged: bool,
    ) -> FetchContext:
        if not -_SHARD_SIZE < session_id < _SHARDS * _SHARD_SIZE:
            # Kafka looks for a shard of its cache that there is not.
            raise KafkaError(ErrorCode.UNKNOWN_SERVER_ERROR)
        if epoch in (INITIAL_EPOCH, FINAL_EPOCH):
            self._sessions.pop(session_id, None)
            partitions = wanted
            if len(wanted) > 1:
                partitions = list({partition.key: partition for partition in wanted}.values())
            cache = None if epoch == FINAL_EPOCH else self
            return FetchContext(partitions, _NONE, cache, None, uses_topic_ids, is_privileged)
        session = self._sessions.get(session_id)
        if session is None:
            return FetchContext(error=ErrorCode.FETCH_SESSION_ID_NOT_FOUND)
        if session.epoch != epoch:
            return FetchContext(error=ErrorCode.INVALID_FETCH_SESSION_EPOCH)
        if session.uses_topic_ids != uses_topic_ids:
            return FetchContext(error=ErrorCode.FETCH_SESSION_TOPIC_ID_ERROR)
        partitions_by_key = session.partitions
        for partition in wanted:
            known = partitions_by_key.get(partition.key)
            if known is None:
                partitions_by_key[partition.key] = partition
            else:
                known.update(partition)
        for key in forgotten:
            partitions_by_key.pop(key, None)
        if not partitions_by_key:
            del self._sessions[session_id]
            return FetchContext(list(wanted))
        session.touch(self._clock.now_ms)
        session.epoch = next_epoch(session.epoch)
        return FetchContext(list(partitions_by_key.values()), session=session)

    def create(
        self, partitions: Sequence[SessionPartition], uses_topic_ids: bool, is_privileged: bool
    ) -> int:
        now_ms = self._clock.now_ms
        if len(self._sessions) >= self._slots and not self._evict(is_privileged, len(partitions), now_ms):
            return NO_SESSION
        session_id = self._rng.randrange(1, _SHARDS * _SHARD_SIZE)
        while session_id in self._sessions:
            session_id = self._rng.randrange(1, _SHARDS * _SHARD_SIZE)
        by_key = {partition.key: partition for partition in partitions}
        self._sessions[session_id] = _Session(session_id, by_key, uses_topic_ids, is_privileged, now_ms)
        return session_id

    def _evict(self, is_privileged: bool, size: int, now_ms: int) -> bool:
        sessions = self._sessions.values()
        oldest = min(sessions, key=lambda session: (session.used_ms, session.id), default=None)
        if oldest is not None and now_ms - oldest.used_ms > _EVICTION_MS:
            del self._sessions[oldest.id]
            return True
        evictable = [
            session
            for session in sessions
            if (session.evictable_by_followers if is_privileged else session.evictable_by_all)
        ]
        if not evictable:
            return False
        least = min(evictable, key=lambda session: session.worth)
        if (is_privileged, size, 0) < least.worth:
            return False
        del self._sessions[least.id]
        return True


class FetchSessions:
    """The fetch sessions of all brokers, each with a cache of its own.

    Args:
        rng: the cluster's seeded source of randomness.
        settings: for max.incremental.fetch.session.cache.slots.
    """

    def __init__(self, clock: Clock, rng: random.Random, settings: Settings) -> None:
        self._clock = clock
        self._rng = rng
        self._settings = settings
        self._caches: dict[int, _Cache] = {}

    def begin(
        self,
        broker_id: int,
        session_id: int,
        epoch: int,
        wanted: Sequence[SessionPartition],
        forgotten: Iterable[Key] = (),
        uses_topic_ids: bool = False,
        is_follower: bool = False,
    ) -> FetchContext:
        """Take in a Fetch request.

        Args:
            broker_id: who was asked.
            session_id: of the request; before v7 NO_SESSION, and FINAL_EPOCH for the epoch.
            wanted: the partitions that the request names, in its order.
            forgotten: keys of those that it takes out.
            uses_topic_ids: whether it names topics by id (v13 and later).
        """
        return self._cache(broker_id).begin(session_id, epoch, wanted, forgotten, uses_topic_ids, is_follower)

    def partitions(self, broker_id: int, session_id: int) -> list[SessionPartition]:
        """What a session holds; nothing, where there is none."""
        return self._cache(broker_id).partitions(session_id)

    def count(self, broker_id: int) -> int:
        """How many sessions a broker keeps."""
        return len(self._cache(broker_id))

    def drop(self, broker_id: int) -> None:
        """The broker went down, and its sessions with it."""
        self._caches.pop(broker_id, None)

    def _cache(self, broker_id: int) -> _Cache:
        cache = self._caches.get(broker_id)
        if cache is None:
            slots = self._settings["max.incremental.fetch.session.cache.slots"]
            cache = self._caches[broker_id] = _Cache(self._clock, self._rng, slots)
        return cache
