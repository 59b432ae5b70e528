"""What becomes of acquired records: acknowledged, released by their member, or freed because a lock has run out.

Rules kept here (`SharePartition.acknowledge`, `.releaseAcquiredRecords`, `.releaseAcquisitionLockOnTimeout`):

- Accepted records are done with; rejected ones, and offsets at which the member found none (a gap), are archived;
  released ones become available, unless they were delivered as often as allowed. A renewed record is held for another
  full time, if the group allows that (KIP-1222).
- Only the member that holds a record may acknowledge it. What a request says of one partition is done as a whole or not
  at all.
- What lies before the start offset is passed over.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Final, NamedTuple

from mockbroker.core.share.in_flight import NOBODY, InFlightBatch, InFlightState, Move, RecordState
from mockbroker.core.share.progress import move_start
from mockbroker.core.share.state_batches import StateBatch
from protocol_specs.errors import ErrorCode, KafkaError

if TYPE_CHECKING:
    from mockbroker.core.share.share_partition import Done, SharePartition

__all__ = ["RENEW", "AcknowledgementBatch", "acknowledge", "release_expired", "release_member"]

RENEW: Final = 4

#: What each type of acknowledgement makes of a record; 0 is a gap.
_STATES: Final = {
    0: RecordState.ARCHIVED,
    1: RecordState.ACKNOWLEDGED,
    2: RecordState.AVAILABLE,
    3: RecordState.ARCHIVED,
}


class AcknowledgementBatch(NamedTuple):
    """Records from one offset to another, both included, with a type for each of them or one for all."""

    first_offset: int
    last_offset: int
    types: Sequence[int]


def acknowledge(
    partition: SharePartition, member_id: str, batches: Sequence[AcknowledgementBatch], done: Done
) -> None:
    """Take a member's acknowledgements, and call `done` when they are written down.

    `done` is given INVALID_RECORD_STATE or INVALID_REQUEST where they are refused.
    """
    moves: list[Move] = []
    try:
        for batch in batches:
            if batch.last_offset >= partition.start_offset:
                _Acknowledgement(partition, member_id, batch, moves).run()
    except KafkaError as error:
        partition.roll_back(moves)
        done(error)
    else:
        partition.commit(moves, done)


class _Acknowledgement:
    """One batch of acknowledgements."""

    __slots__ = ("_batch", "_max_deliveries", "_member_id", "_moves", "_partition")

    def __init__(
        self, partition: SharePartition, member_id: str, batch: AcknowledgementBatch, moves: list[Move]
    ) -> None:
        self._partition = partition
        self._member_id = member_id
        self._batch = batch
        self._moves = moves
        self._max_deliveries = partition.settings.max_deliveries(partition.key.group_id)

    def run(self) -> None:
        start = self._partition.start_offset
        for in_flight in self._find():
            if in_flight.last_offset < start:
                continue
            whole = in_flight.whole
            if whole is not None:
                self._check_whole(whole)
                is_covered = (
                    self._batch.first_offset <= in_flight.first_offset
                    and in_flight.last_offset <= self._batch.last_offset
                )
                if is_covered and len(self._batch.types) == 1 and in_flight.first_offset >= start:
                    self._take(in_flight.first_offset, in_flight.last_offset, whole, self._batch.types[0])
                    continue
                if whole.state is not RecordState.ACQUIRED:
                    raise _refused(
                        "The batch cannot be acknowledged. The subset batch is not in the acquired state."
                    )
                in_flight.split(self._partition.set_lock)
            self._take_each(in_flight)

    def _find(self) -> list[InFlightBatch]:
        """The batches in flight that are concerned."""
        partition, (first, last, _) = self._partition, self._batch
        floor = partition.in_flight.floor(first)
        if floor is None and first < partition.start_offset <= last:
            floor = partition.in_flight.floor(partition.start_offset)
        if floor is None:
            raise _refused("Batch record not found. The request batch offsets are not found in the cache.")
        found = partition.in_flight.between(floor.first_offset, last)
        if found[-1].last_offset < first:
            raise _not_found("The first offset in request is past acquired records.")
        if found[-1].last_offset < last:
            raise _not_found("The last offset in request is past acquired records.")
        return found

    def _check_whole(self, whole: InFlightState) -> None:
        if whole.member_id == NOBODY:
            raise _refused("The batch cannot be acknowledged. The batch is not in the acquired state.")
        if whole.member_id != self._member_id:
            raise _refused("Member is not the owner of batch record")
        if whole.is_changing:
            raise KafkaError(ErrorCode.INVALID_RECORD_STATE)

    def _take_each(self, in_flight: InFlightBatch) -> None:
        first, last, types = self._batch
        for offset, state in in_flight.states(max(first, self._partition.start_offset), last):
            if state.state is not RecordState.ACQUIRED:
                raise _refused("The offset cannot be acknowledged. The offset is not acquired.")
            if state.is_changing:
                raise KafkaError(ErrorCode.INVALID_RECORD_STATE)
            if state.member_id != self._member_id:
                raise _refused("Member is not the owner of offset")
            self._take(offset, offset, state, types[offset - first] if len(types) > 1 else types[0])

    def _take(self, first_offset: int, last_offset: int, state: InFlightState, kind: int) -> None:
        partition = self._partition
        if state.state is not RecordState.ACQUIRED:
            raise _refused("The batch cannot be acknowledged. The batch is not in the acquired state.")
        if kind == RENEW:
            if not partition.settings.may_renew(partition.key.group_id):
                raise _refused("Renewing acquisition locks is not enabled for the group.")
            state.unlock()
            state.lock = partition.set_lock(first_offset, last_offset)
            return
        _move(partition, first_offset, last_offset, state, _STATES[kind], self._max_deliveries, self._moves)


def release_member(partition: SharePartition, member_id: str, done: Done) -> None:
    """Release all that a member holds: it has left."""
    moves: list[Move] = []
    limit = partition.settings.max_deliveries(partition.key.group_id)
    start = partition.start_offset
    for batch in partition.in_flight:
        if _is_cut(batch, start) and batch.whole is not None and batch.whole.member_id == member_id:
            batch.split(partition.set_lock)
        for first, last, state in _parts(batch, batch.first_offset, batch.last_offset):
            if state.state is RecordState.ACQUIRED and state.member_id == member_id:
                target = RecordState.ARCHIVED if last < start else RecordState.AVAILABLE
                _move(partition, first, last, state, target, limit, moves)
    partition.commit(moves, done)


def release_expired(partition: SharePartition, first_offset: int, last_offset: int) -> None:
    """A lock has run out: free its records, without waiting for that to be written down."""
    floor = partition.in_flight.floor(first_offset)
    if floor is None:
        return
    limit = partition.settings.max_deliveries(partition.key.group_id)
    start = partition.start_offset
    batches: list[StateBatch] = []
    for batch in partition.in_flight.between(floor.first_offset, last_offset):
        if _is_cut(batch, start):
            batch.split(partition.set_lock)
        for first, last, state in _parts(batch, first_offset, last_offset):
            target = RecordState.ARCHIVED if last < start else RecordState.AVAILABLE
            if not state.move_to(target, limit):
                continue
            batches.append(StateBatch(first, last, state.delivery_count, state.state))
            state.unlock()
            if state.state is not RecordState.ARCHIVED:
                partition.finds_next = True
            else:
                partition.delivery_complete_count += partition.count_from_start(first, last)
    if batches:
        partition.write(batches, lambda error: _released(partition))
        partition.touch()


def _released(partition: SharePartition) -> None:
    if move_start(partition):
        partition.touch()


def _is_cut(batch: InFlightBatch, start_offset: int) -> bool:
    """Whether the start offset lies within a batch of which a member holds all."""
    return (
        batch.whole is not None
        and batch.whole.state is RecordState.ACQUIRED
        and batch.first_offset < start_offset <= batch.last_offset
    )


def _parts(batch: InFlightBatch, first_offset: int, last_offset: int) -> list[tuple[int, int, InFlightState]]:
    """The records of a batch that have a state together, from one offset to another."""
    if batch.whole is not None:
        return [(batch.first_offset, batch.last_offset, batch.whole)]
    return [(offset, offset, state) for offset, state in batch.states(first_offset, last_offset)]


def _move(
    partition: SharePartition,
    first_offset: int,
    last_offset: int,
    state: InFlightState,
    target: RecordState,
    max_deliveries: int,
    moves: list[Move],
) -> None:
    """Begin a change of acquired records."""
    if not state.start_move(target, max_deliveries):
        raise _refused("Unable to acknowledge records for the batch")
    moves.append(Move(state, StateBatch(first_offset, last_offset, state.delivery_count, state.state)))
    if state.state.is_terminal:
        partition.delivery_complete_count += partition.count_from_start(first_offset, last_offset)


def _refused(text: str) -> KafkaError:
    return KafkaError(ErrorCode.INVALID_RECORD_STATE, text)


def _not_found(text: str) -> KafkaError:
    return KafkaError(ErrorCode.INVALID_REQUEST, f"Batch record not found. {text}")
