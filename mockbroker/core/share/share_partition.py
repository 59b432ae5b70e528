"""One partition as one share group consumes it, at the broker that leads it.

    start_offset ...................... end_offset ........... end of the log
    done with |  in flight: each record   |  not fetched yet
              |  in a state of its own    |

Rules kept here (`SharePartition`; KIP-932, KIP-1226):

- Its state is read from the share coordinator before anything else; where that knows no start offset yet,
  `share.auto.offset.reset` says it.
- What a member acknowledges counts when the share coordinator has written it. Acquired records are not written down: a
  new leader delivers them again.
- The coordinator may know of records with gaps between them; those gaps are delivered, too.

What is acquired is decided in `acquisition`, what happens to it then in `acknowledgement`, and how the start offset
follows in `progress`.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from enum import Enum, auto
from typing import TYPE_CHECKING

from mockbroker.config.validators import parse_duration
from mockbroker.core.replica import EARLIEST_TIMESTAMP, LATEST_TIMESTAMP, Isolation
from mockbroker.core.share.acknowledgement import release_expired
from mockbroker.core.share.in_flight import InFlight, InFlightBatch, InFlightState, Lock, Move, RecordState
from mockbroker.core.share.progress import move_start
from mockbroker.core.share.state_batches import StateBatch
from mockbroker.core.share.state_records import UNKNOWN_OFFSET, ShareState
from mockbroker.core.share.state_shard import StateResult
from protocol_specs.errors import ErrorCode, KafkaError

if TYPE_CHECKING:
    from mockbroker.core.replicas import Partition
    from mockbroker.core.share.keys import SharePartitionKey
    from mockbroker.core.share.persister import Persister
    from mockbroker.core.share.share_settings import ShareSettings

__all__ = ["Done", "GapWindow", "SharePartition", "Status"]

#: Called with what went wrong, or None.
Done = Callable[[KafkaError | None], None]

#: What a client is told instead of what the share coordinator said; anything else is UNKNOWN_SERVER_ERROR.
_CLIENT_ERRORS = {
    ErrorCode.NOT_COORDINATOR: ErrorCode.COORDINATOR_NOT_AVAILABLE,
    ErrorCode.COORDINATOR_NOT_AVAILABLE: ErrorCode.COORDINATOR_NOT_AVAILABLE,
    ErrorCode.COORDINATOR_LOAD_IN_PROGRESS: ErrorCode.COORDINATOR_NOT_AVAILABLE,
    ErrorCode.GROUP_ID_NOT_FOUND: ErrorCode.GROUP_ID_NOT_FOUND,
    ErrorCode.UNKNOWN_TOPIC_OR_PARTITION: ErrorCode.UNKNOWN_TOPIC_OR_PARTITION,
    ErrorCode.FENCED_LEADER_EPOCH: ErrorCode.NOT_LEADER_OR_FOLLOWER,
    ErrorCode.FENCED_STATE_EPOCH: ErrorCode.NOT_LEADER_OR_FOLLOWER,
}


class Status(Enum):
    """How far a share partition is. It serves requests while it is ACTIVE."""

    EMPTY = auto()
    INITIALIZING = auto()
    ACTIVE = auto()
    FAILED = auto()
    FENCED = auto()


class GapWindow:
    """Up to which end offset there are gaps between the records that the coordinator told of, and where they begin."""

    __slots__ = ("end_offset", "start_offset")

    def __init__(self, start_offset: int, end_offset: int) -> None:
        self.start_offset = start_offset
        self.end_offset = end_offset


class SharePartition:
    """A share partition. It is also the key on which requests wait for records that become available.

    Attributes:
        partition: whose records are shared.
        leader_epoch: in which its broker began to serve it.
        state_epoch: of the group's initialization of it.
        finds_next: whether there may be available records before the end offset.
        delivery_complete_count: records in flight that are done with.
        gap: None where there is none, or it was filled.
    """

    __slots__ = (
        "_persister",
        "broker_id",
        "delivery_complete_count",
        "end_offset",
        "finds_next",
        "gap",
        "in_flight",
        "key",
        "leader_epoch",
        "partition",
        "settings",
        "start_offset",
        "state_epoch",
        "status",
    )

    def __init__(
        self,
        key: SharePartitionKey,
        partition: Partition,
        broker_id: int,
        settings: ShareSettings,
        persister: Persister,
    ) -> None:
        self.key = key
        self.partition = partition
        self.broker_id = broker_id
        self.leader_epoch = partition.replica_at(broker_id).state.leader_epoch
        self.settings = settings
        self._persister = persister
        self.status = Status.EMPTY
        self.in_flight = InFlight()
        self.start_offset = 0
        self.end_offset = 0
        self.state_epoch = 0
        self.delivery_complete_count = 0
        self.finds_next = False
        self.gap: GapWindow | None = None

    def __repr__(self) -> str:
        return (
            f"<SharePartition {self.key.group_id} {self.partition.topic.name}-{self.partition.index} "
            f"{self.status.name} {self.start_offset}-{self.end_offset}>"
        )

    # Its life.

    def initialize(self, done: Done) -> None:
        """Read the state, unless that was begun before. `done` hears of it only where this call began it."""
        if self.status is not Status.EMPTY:
            return
        self.status = Status.INITIALIZING

        def answered(result: StateResult) -> None:
            if self.status is not Status.INITIALIZING:
                return
            try:
                self._load(result)
            except KafkaError as error:
                self.status = Status.FAILED
                done(error)
            else:
                self.status = Status.ACTIVE
                done(None)
            self.touch()

        self._persister.read(self.broker_id, self.key, self.leader_epoch, answered)

    def _load(self, result: StateResult) -> None:
        if result.error_code:
            raise _client_error(result)
        state = result.state
        self.start_offset = (
            self._first_offset() if state.start_offset == UNKNOWN_OFFSET else state.start_offset
        )
        self.state_epoch = state.state_epoch
        self.end_offset = self.start_offset
        gap_start = None
        expected = self.start_offset
        for batch in state.batches:
            if batch.first_offset < self.start_offset or batch.last_offset < batch.first_offset:
                raise KafkaError(ErrorCode.UNKNOWN_SERVER_ERROR)
            if gap_start is None and batch.first_offset > expected:
                gap_start = expected
            expected = batch.last_offset + 1
            try:
                delivery_state = RecordState(batch.delivery_state)
            except ValueError:
                raise KafkaError(ErrorCode.UNKNOWN_SERVER_ERROR) from None
            loaded = InFlightState(delivery_state, batch.delivery_count)
            self.in_flight.put(InFlightBatch(batch.first_offset, batch.last_offset, loaded))
            if loaded.state.is_terminal:
                self.delivery_complete_count += batch.last_offset - batch.first_offset + 1
        if self.in_flight:
            self.finds_next = True
            self.end_offset = self.in_flight.last.last_offset
            if gap_start is not None:
                self.gap = GapWindow(gap_start, self.end_offset)
            move_start(self)

    def _first_offset(self) -> int:
        """Where a group begins that has not consumed the partition before."""
        reset: str = self.settings.value(self.key.group_id, "share.auto.offset.reset")
        if reset == "earliest":
            return self.log_start()
        timestamp_ms = LATEST_TIMESTAMP
        if reset != "latest":
            duration = parse_duration(reset.partition(":")[2]) or 0.0
            timestamp_ms = self.partition.around.clock.now_ms - int(duration * 1000)
        offset = self.partition.offset_for_time(
            timestamp_ms,
            at=self.broker_id,
            isolation=Isolation.READ_UNCOMMITTED,
            leader_epoch=self.leader_epoch,
        ).offset
        if offset < 0:
            raise KafkaError(ErrorCode.OFFSET_NOT_AVAILABLE)
        return offset

    def log_start(self) -> int:
        """Where the log begins.

        Raises:
            KafkaError: this broker does not lead any more, or in another epoch.
        """
        return self.partition.offset_for_time(
            EARLIEST_TIMESTAMP, at=self.broker_id, leader_epoch=self.leader_epoch
        ).offset

    def fence(self) -> None:
        """Serve nobody any more: another object, or another broker, will. Whoever waits goes on waiting in vain."""
        self.status = Status.FENCED
        for batch in self.in_flight:
            for state in batch.each.values() if batch.whole is None else (batch.whole,):
                state.unlock()
        self.touch()

    def touch(self) -> None:
        """Let those try again who wait for records."""
        self.partition.around.waiting.touch(self)

    # What may be fetched.

    @property
    def is_active(self) -> bool:
        return self.status is Status.ACTIVE

    @property
    def in_flight_count(self) -> int:
        """Records from the start offset to the end offset."""
        return self.end_offset - self.start_offset + 1 if self.in_flight else 0

    @property
    def has_gap(self) -> bool:
        """Whether records between those in flight are still to be delivered."""
        return self.gap is not None and self.gap.end_offset == self.end_offset

    def can_acquire(self) -> bool:
        """Whether a fetch could acquire anything."""
        return (
            self.next_fetch_offset() != self.end_offset + 1
            or self.in_flight_count < self.settings.max_locks(self.key.group_id)
        )

    def next_fetch_offset(self) -> int:
        """The first record that could be acquired: an available one in flight, else the next one of the log."""
        in_flight = self.in_flight
        if not in_flight or self.start_offset > in_flight.last.last_offset:
            self.finds_next = False
            return self.end_offset
        if self.finds_next:
            offset = self._first_available()
            if offset is not None:
                return offset
            self.finds_next = False
        return self.end_offset + 1

    def _first_available(self) -> int | None:
        gap_start = self.gap.start_offset if self.gap is not None and self.has_gap else None
        for batch in self.in_flight:
            if gap_start is not None:
                if batch.first_offset > gap_start:
                    return gap_start
                gap_start = max(batch.last_offset + 1, gap_start)
            if batch.whole is not None:
                if batch.whole.is_available:
                    return batch.first_offset
                continue
            for offset, state in batch.each.items():
                if state.is_available:
                    return offset
        return None

    def narrow_gap(self, offset: int) -> None:
        """Everything before `offset` was acquired."""
        if self.gap is not None:
            if self.has_gap and offset <= self.gap.end_offset:
                self.gap.start_offset = offset
            else:
                self.gap = None

    # Holding records.

    def set_lock(self, first_offset: int, last_offset: int, expires_at: float | None = None) -> Lock:
        """Let records be held until `expires_at` (seconds since the epoch); None: for as long as the group says."""
        clock = self.partition.around.clock
        if expires_at is None:
            expires_at = clock.now + self.settings.lock_duration_ms(self.key.group_id) / 1000
        return Lock(clock, expires_at, lambda: release_expired(self, first_offset, last_offset))

    # Changing states.

    def commit(self, moves: Sequence[Move], done: Done) -> None:
        """Write down changes that have begun, then make them final; or take them all back."""
        if not moves:
            done(None)
            return

        def written(error: KafkaError | None) -> None:
            if error is not None:
                self.roll_back(moves)
                done(error)
                return
            for state, _ in moves:
                state.complete_move(True)
                if state.state is RecordState.AVAILABLE:
                    self.finds_next = True
            has_moved = move_start(self)
            done(None)
            if has_moved:
                self.touch()

        self.write([move.batch for move in moves], written)

    def roll_back(self, moves: Sequence[Move]) -> None:
        """Take back changes that have begun."""
        for state, batch in moves:
            state.complete_move(False)
            if state.state is RecordState.AVAILABLE:
                self.finds_next = True
            if RecordState(batch.delivery_state).is_terminal and not state.state.is_terminal:
                self.delivery_complete_count -= self.count_from_start(batch.first_offset, batch.last_offset)

    def write(self, batches: Sequence[StateBatch], done: Done) -> None:
        """Let the share coordinator write down states of records, with the start offset and the count of those done."""
        change = ShareState(
            start_offset=self.start_offset,
            delivery_complete_count=self.delivery_complete_count,
            batches=tuple(batches),
        )
        self._persister.write(
            self.broker_id,
            self.key,
            self.state_epoch,
            self.leader_epoch,
            change,
            lambda result: done(_client_error(result) if result.error_code else None),
        )

    def count_from_start(self, first_offset: int, last_offset: int) -> int:
        """How many of these records are not before the start offset."""
        return max(0, last_offset - max(self.start_offset, first_offset) + 1)


def _client_error(result: StateResult) -> KafkaError:
    code = _CLIENT_ERRORS.get(result.error_code, ErrorCode.UNKNOWN_SERVER_ERROR)
    return KafkaError(code, result.error_message)
