"""One broker's copy of one partition: what it holds, what it knows, what it answers.

Rules kept here (`Partition`, `Replica`, `UnifiedLog`):

- A broker acts on the partition state that it knows, which is an old one while it is cut off. Leader epochs in
  requests are checked against that state before anything else.
- Consumers read below the high watermark, or below the last stable offset; followers and debugging clients read up to
  the end.
- The last stable offset is the start of the first transaction that is not decided, but never beyond the high watermark.
- Offsets are in the order log start <= last stable <= high watermark <= log end.
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import IntEnum
from typing import TYPE_CHECKING, Any, NamedTuple

from mockbroker.core.elections import PartitionState
from mockbroker.core.time_lookup import find_by_time, find_max_timestamp
from protocol_specs.errors import ErrorCode, KafkaError

if TYPE_CHECKING:
    from mockbroker.core.log import Log
    from mockbroker.core.nodes import Node

__all__ = [
    "EARLIEST_TIMESTAMP",
    "LATEST_TIMESTAMP",
    "SPECIAL_TIMESTAMPS",
    "UNKNOWN_EPOCH",
    "Follower",
    "FoundOffset",
    "Isolation",
    "ReadResult",
    "Replica",
]

LATEST_TIMESTAMP = -1
#: The current leader epoch of a client that does not say it.
UNKNOWN_EPOCH = -1

EARLIEST_TIMESTAMP = -2
MAX_TIMESTAMP = -3
EARLIEST_LOCAL_TIMESTAMP = -4
LATEST_TIERED_TIMESTAMP = -5
EARLIEST_PENDING_UPLOAD_TIMESTAMP = -6

#: Timestamps with a meaning of their own, and the ListOffsets version since when.
SPECIAL_TIMESTAMPS = {
    EARLIEST_TIMESTAMP: 1,
    LATEST_TIMESTAMP: 1,
    MAX_TIMESTAMP: 7,
    EARLIEST_LOCAL_TIMESTAMP: 8,
    LATEST_TIERED_TIMESTAMP: 9,
    EARLIEST_PENDING_UPLOAD_TIMESTAMP: 11,
}

_UNKNOWN_OFFSET = -1


class Isolation(IntEnum):
    """How far a reader sees. The first two are the isolation levels of the wire."""

    READ_UNCOMMITTED = 0
    READ_COMMITTED = 1
    #: followers and debugging clients (replica id -2).
    LOG_END = 2


class ReadResult:
    """What one read of one partition gives. Offsets are those before the read."""

    __slots__ = (
        "aborted",
        "diverging",
        "has_hint",
        "high_watermark",
        "last_stable_offset",
        "log_end_offset",
        "log_start_offset",
        "preferred",
        "size",
        "views",
    )

    def __init__(
        self,
        views: list[memoryview],
        size: int,
        high_watermark: int,
        last_stable_offset: int,
        log_start_offset: int,
        log_end_offset: int,
    ) -> None:
        #: whole batches; the first one may begin before the offset that was asked for.
        self.views = views
        #: bytes of all views.
        self.size = size
        self.high_watermark = high_watermark
        self.last_stable_offset = last_stable_offset
        self.log_start_offset = log_start_offset
        self.log_end_offset = log_end_offset
        #: (producer id, first offset) of aborted transactions in the range; None unless READ_COMMITTED.
        self.aborted: list[tuple[int, int]] | None = None
        #: whether one of the next two is set: the reader is to know at once.
        self.has_hint = False
        #: the broker to read from instead (KIP-392); None: this one is right.
        self.preferred: int | None = None
        #: (epoch, end offset) where the reader's log leaves ours (KIP-595); None: it does not.
        self.diverging: tuple[int, int] | None = None


class FoundOffset(NamedTuple):
    """An answer to ListOffsets: -1 where there is none."""

    timestamp_ms: int
    offset: int
    leader_epoch: int


NOT_FOUND = FoundOffset(-1, -1, -1)


class Follower:
    """What a leader knows of one follower. Times in seconds since the epoch."""

    __slots__ = (
        "allowed_end",
        "broker_id",
        "caught_up_at",
        "end_offset",
        "in_step",
        "last_fetch_at",
        "leader_end_at_fetch",
        "replica",
        "start_offset",
    )

    def __init__(self, replica: Replica) -> None:
        self.broker_id = replica.broker_id
        self.replica = replica
        #: of its log, as its last fetch said; -1 before the first.
        self.end_offset = _UNKNOWN_OFFSET
        self.start_offset = _UNKNOWN_OFFSET
        self.leader_end_at_fetch = _UNKNOWN_OFFSET
        self.last_fetch_at = 0.0
        #: the last moment at which it had all that the leader had.
        self.caught_up_at = 0.0
        #: in sync, and copies at once: an append reaches it with no further question.
        self.in_step = False
        #: how far a follower that lags by time may copy by now.
        self.allowed_end = 0


class Replica:
    """A broker's copy of a partition.

    Attributes:
        state: the partition's registration, as this broker knows it.
        epoch_start: the log end when this broker began to lead in the present epoch; None while it follows.
        followers: the others of the assignment, while this broker leads.
        log_dir: the name of the directory that it is said to be in.
    """

    __slots__ = ("broker_id", "epoch_start", "followers", "log", "log_dir", "state")

    def __init__(self, broker_id: int, log: Log, state: PartitionState, log_dir: str) -> None:
        self.broker_id = broker_id
        self.log = log
        self.log_dir = log_dir
        self.state = state
        self.epoch_start: int | None = None
        self.followers: list[Follower] = []

    @property
    def is_leader(self) -> bool:
        """Whether this broker believes that it leads."""
        return self.state.leader == self.broker_id

    @property
    def high_watermark(self) -> int:
        """As this broker knows it; a follower learns it from its fetches."""
        return self.log.high_watermark

    @property
    def last_stable_offset(self) -> int:
        return self.log.last_stable_offset

    @property
    def min_isr(self) -> int:
        """The effective min.insync.replicas: no more than there are replicas."""
        return min(self.log.config.min_insync_replicas, len(self.state.replicas))

    def follower(self, broker_id: int) -> Follower | None:
        """What this leader knows of the follower on `broker_id`."""
        for follower in self.followers:
            if follower.broker_id == broker_id:
                return follower
        return None

    def low_watermark(self, nodes: Mapping[int, Node]) -> int:
        """The smallest log start among this leader's and those of its live followers."""
        lowest = self.log.start_offset
        for follower in self.followers:
            node = nodes.get(follower.broker_id)
            if node is not None and not node.is_fenced and follower.start_offset < lowest:
                lowest = follower.start_offset
        return lowest

    def closest_follower(self, nodes: Mapping[int, Node], rack: str, offset: int) -> int | None:
        """The broker from which a client in `rack` should read instead of from this leader (KIP-392).

        Returns:
            None where the leader is as close, or no in-sync follower there has `offset`.
        """
        own = nodes.get(self.broker_id)
        if own is None or own.rack == rack:
            return None
        best: tuple[int, float, int] | None = None
        for follower in self.followers:
            node = nodes.get(follower.broker_id)
            if (
                node is not None
                and node.rack == rack
                and not node.is_fenced
                and follower.broker_id in self.state.isr
                and follower.start_offset <= offset <= follower.end_offset
            ):
                candidate = (follower.end_offset, follower.caught_up_at, node.id)
                best = candidate if best is None else max(best, candidate)
        return None if best is None else best[2]

    def refer(self, broker_id: int) -> ReadResult:
        """An empty read that refers the reader to another broker."""
        log = self.log
        result = ReadResult(
            [], 0, log.high_watermark, log.last_stable_offset, log.start_offset, log.end_offset
        )
        result.preferred = broker_id
        result.has_hint = True
        return result

    def check_epoch(self, leader_epoch: int, leader_only: bool) -> None:
        """Refuse a request that another epoch, or another broker, should answer.

        Args:
            leader_epoch: the current leader epoch as the client knows it; -1: it does not say.
            leader_only: whether only a leader may answer.

        Raises:
            KafkaError: FENCED_LEADER_EPOCH, UNKNOWN_LEADER_EPOCH, NOT_LEADER_OR_FOLLOWER.
        """
        state = self.state
        if leader_epoch != state.leader_epoch and leader_epoch != UNKNOWN_EPOCH:
            is_old = leader_epoch < state.leader_epoch
            raise KafkaError(ErrorCode.FENCED_LEADER_EPOCH if is_old else ErrorCode.UNKNOWN_LEADER_EPOCH)
        if leader_only and state.leader != self.broker_id:
            raise KafkaError(ErrorCode.NOT_LEADER_OR_FOLLOWER)

    def read(
        self,
        offset: int,
        max_bytes: int,
        isolation: int,
        at_least_one: bool = True,
        last_fetched_epoch: int = -1,
    ) -> ReadResult:
        """Read whole batches from `offset` on.

        Args:
            max_bytes: stop before the batch that would go over it, but see `at_least_one`.
            at_least_one: return the first batch whatever its size.
            last_fetched_epoch: leader epoch of the reader's last record; -1: it does not say.

        Raises:
            KafkaError: OFFSET_OUT_OF_RANGE; UNKNOWN_SERVER_ERROR when `max_bytes` is negative, and something is there.
        """
        log = self.log
        start, end, hw, stable = log.start_offset, log.end_offset, log.high_watermark, log.last_stable_offset
        result = ReadResult([], 0, hw, stable, start, end)
        if last_fetched_epoch >= 0 and self._diverges(result, offset, last_fetched_epoch):
            return result
        if offset < start or offset > end:
            raise KafkaError(ErrorCode.OFFSET_OUT_OF_RANGE)
        below = hw if isolation == 0 else stable if isolation == 1 else end
        if isolation == 1:
            result.aborted = []
        if offset < below:
            if max_bytes < 0:
                raise KafkaError(ErrorCode.UNKNOWN_SERVER_ERROR)
            views = log.read(offset, below=below, max_bytes=max_bytes, at_least_one=at_least_one)
            if views:
                result.views = views
                result.size = views[0].nbytes if len(views) == 1 else sum([view.nbytes for view in views])
                if isolation == 1:
                    result.aborted = log.aborted_in_read(offset, result.size)
        return result

    def _diverges(self, result: ReadResult, offset: int, last_fetched_epoch: int) -> bool:
        epoch, end = self.end_offset_for_epoch(last_fetched_epoch)
        if epoch < 0 or end < 0 or offset < result.log_start_offset:
            raise KafkaError(ErrorCode.OFFSET_OUT_OF_RANGE)
        if epoch < last_fetched_epoch or end < offset:
            result.diverging = (epoch, end)
            result.has_hint = True
            return True
        return False

    def end_offset_for_epoch(self, leader_epoch: int) -> tuple[int, int]:
        """The largest epoch not above `leader_epoch` that the log knows, and where it ends; (-1, -1): none."""
        return self.log.end_offset_for(leader_epoch)

    def offset_for_time(self, timestamp_ms: int, isolation: int) -> FoundOffset:
        """What ListOffsets answers for a timestamp, or for one of `SPECIAL_TIMESTAMPS`.

        Raises:
            KafkaError: UNSUPPORTED_VERSION for another negative timestamp; OFFSET_NOT_AVAILABLE while the high
                watermark of a new leader is still behind the start of its epoch.
        """
        log = self.log
        if timestamp_ms in (EARLIEST_TIMESTAMP, EARLIEST_LOCAL_TIMESTAMP):
            return FoundOffset(-1, log.start_offset, log.leader_epochs.earliest_at(log.start_offset))
        if timestamp_ms in (LATEST_TIERED_TIMESTAMP, EARLIEST_PENDING_UPLOAD_TIMESTAMP):
            return NOT_FOUND
        if isolation == Isolation.LOG_END:
            below, lags = log.end_offset, False
        else:
            below = self.last_stable_offset if isolation == Isolation.READ_COMMITTED else self.high_watermark
            lags = self.epoch_start is not None and self.epoch_start > self.high_watermark
        found: Any = None
        if timestamp_ms == LATEST_TIMESTAMP:
            if not lags:
                return FoundOffset(-1, below, self.state.leader_epoch)
        elif timestamp_ms == MAX_TIMESTAMP:
            found = find_max_timestamp(log)
        elif timestamp_ms < 0:
            raise KafkaError(ErrorCode.UNSUPPORTED_VERSION)
        else:
            found = find_by_time(log, timestamp_ms)
        if found is not None and found[0] < below:
            return FoundOffset(found[1], found[0], found[2])
        if lags:
            raise KafkaError(ErrorCode.OFFSET_NOT_AVAILABLE)
        return NOT_FOUND
