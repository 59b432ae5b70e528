"""One ShareFetch at a broker: it reads what may be acquired, acquires it, or waits for it.

Rules kept here (`SharePartitionManager.processShareFetch`, `DelayedShareFetch`, `ShareFetchUtils`):

- It waits until records of at least `min_bytes` can be read, a log says an error, or its time is up; then it answers
  with all that it could read. It is woken by appends and by records that become available.
- The partitions share `max_bytes` evenly. Whatever was read, only as many records as are wanted are acquired.
- A share partition that fails to start is an error of its partition, which is told when the time is up: it may start by
  then. A request without time is answered before that is known.
- Only the batches of the log that hold acquired records are sent.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

from mockbroker.core.batches import Batch
from mockbroker.core.replica import Isolation
from mockbroker.core.share.acquisition import Wanted, acquire
from mockbroker.core.share.in_flight import AcquiredRecords
from mockbroker.core.share.keys import SharePartitionKey
from mockbroker.core.share.progress import follow_log_start
from mockbroker.core.waiting import NOT_YET, Pending
from protocol_specs.errors import ErrorCode, KafkaError

if TYPE_CHECKING:
    from mockbroker.core.replica import ReadResult
    from mockbroker.core.share.partitions import SharePartitions
    from mockbroker.core.share.sessions import SessionPartition
    from mockbroker.core.share.share_partition import SharePartition
    from mockbroker.core.waiting import Waiting

__all__ = ["Fetched", "ShareFetch"]

#: Bytes of a batch before its length counts, which stands at 8.
_BEFORE_LENGTH = 12


class Fetched(NamedTuple):
    """One partition of the answer: whole batches of the log, and which of their records the member holds."""

    error_code: ErrorCode = ErrorCode.NONE
    records: Sequence[memoryview] = ()
    acquired: Sequence[AcquiredRecords] = ()


class ShareFetch:
    """One request.

    Args:
        partitions: what the brokers keep.
        wanted: who wants how much.
        order: the partitions, in the order in which they have their turn; they exist.
    """

    __slots__ = (
        "_broker_id",
        "_errors",
        "_has_time",
        "_max_bytes",
        "_min_bytes",
        "_shared",
        "_unstarted",
        "_wanted",
    )

    def __init__(
        self,
        partitions: SharePartitions,
        broker_id: int,
        group_id: str,
        wanted: Wanted,
        order: Sequence[SessionPartition],
        *,
        min_bytes: int,
        max_bytes: int,
    ) -> None:
        self._broker_id = broker_id
        self._wanted = wanted
        self._min_bytes = min_bytes
        self._max_bytes = max_bytes
        self._has_time = True
        self._errors: dict[tuple[bytes, int], Fetched] = {}
        self._unstarted: dict[tuple[bytes, int], Fetched] = {}
        self._shared: dict[tuple[bytes, int], SharePartition] = {}
        if not wanted.max_records or not max_bytes:
            return
        for topic_id, index, _ in order:
            try:
                partition = partitions.get_or_make(broker_id, SharePartitionKey(group_id, topic_id, index))
            except KafkaError as error:
                self._errors[topic_id, index] = Fetched(error.code)
                continue
            self._shared[topic_id, index] = partition
            partition.initialize(self._initialized(partitions, partition))

    def _initialized(self, partitions: SharePartitions, partition: SharePartition) -> Any:
        def done(error: KafkaError | None) -> None:
            if error is not None:
                partitions.drop(partition)
                self._unstarted[partition.key[1:]] = Fetched(error.code)

        return done

    def run(self, waiting: Waiting, max_wait: float) -> dict[tuple[bytes, int], Fetched] | Pending:
        """The answer by topic id and partition, or a Pending that is settled with it.

        Args:
            max_wait: in seconds.
        """
        if not self._shared:
            return self._errors
        self._has_time = max_wait > 0
        keys = [*self._shared.values(), *(shared.partition for shared in self._shared.values())]
        answer: dict[tuple[bytes, int], Fetched] | Pending = waiting.wait(
            self._attempt, on=keys, at_most=max_wait, hurried=True
        )
        return answer

    def _attempt(self, last: bool) -> Any:
        acquirable = {
            key: (shared, shared.next_fetch_offset())
            for key, shared in self._shared.items()
            if shared.is_active and shared.can_acquire()
        }
        if not acquirable:
            return self._all_errors() if last else NOT_YET
        if self._max_bytes < 0:
            failed = Fetched(ErrorCode.UNKNOWN_SERVER_ERROR)
            return {**dict.fromkeys(acquirable, failed), **self._all_errors()}
        reads = self._read(acquirable)
        if not last and not self._is_enough(reads):
            return NOT_YET
        left = self._wanted.max_records
        answer: dict[tuple[bytes, int], Fetched] = {}
        for key, (shared, offset) in acquirable.items():
            fetched, count = self._acquire(shared, offset, reads[key][0], left)
            answer[key] = fetched
            left -= count
        return {**answer, **self._all_errors()}

    def _all_errors(self) -> dict[tuple[bytes, int], Fetched]:
        return {**self._errors, **self._unstarted} if self._has_time else self._errors

    def _read(
        self, acquirable: dict[tuple[bytes, int], tuple[SharePartition, int]]
    ) -> dict[tuple[bytes, int], tuple[ReadResult | KafkaError, int]]:
        """What each log gives, and how many bytes it was asked for."""
        isolation = Isolation.READ_COMMITTED if self._wanted.reads_committed else Isolation.READ_UNCOMMITTED
        left = self._max_bytes
        has_any = False
        reads: dict[tuple[bytes, int], tuple[ReadResult | KafkaError, int]] = {}
        quotas = _shares(self._max_bytes, len(acquirable))
        for (key, (shared, offset)), quota in zip(acquirable.items(), quotas, strict=True):
            try:
                result = shared.partition.read(
                    offset,
                    max_bytes=min(quota, left),
                    at=self._broker_id,
                    isolation=isolation,
                    at_least_one=not has_any,
                    leader_only=True,
                )
            except KafkaError as error:
                reads[key] = (error, quota)
                continue
            reads[key] = (result, quota)
            has_any = has_any or result.size > 0
            left = max(0, left - result.size)
        return reads

    def _is_enough(self, reads: dict[tuple[bytes, int], tuple[ReadResult | KafkaError, int]]) -> bool:
        size = 0
        for result, quota in reads.values():
            if isinstance(result, KafkaError):
                return True
            size += min(result.size, quota)
        return size >= self._min_bytes

    def _acquire(
        self, shared: SharePartition, offset: int, read: ReadResult | KafkaError, left: int
    ) -> tuple[Fetched, int]:
        """Acquire what was read of one partition; how many records that was."""
        if isinstance(read, KafkaError):
            if read.code is not ErrorCode.OFFSET_OUT_OF_RANGE:
                return Fetched(read.code), 0
            try:
                follow_log_start(shared, shared.log_start())
            except KafkaError as error:
                return Fetched(error.code), 0
            return Fetched(), 0
        batches = [Batch(view) for view in read.views if _is_whole(view)]
        acquired = acquire(
            shared, self._wanted._replace(max_records=left), offset, batches, read.aborted or ()
        )
        if not acquired.records:
            return Fetched(), acquired.size
        return Fetched(
            ErrorCode.NONE, _slice(read.views, batches, acquired.records), acquired.records
        ), acquired.size


def _shares(total: int, count: int) -> list[int]:
    """`total` bytes for `count` partitions. Kafka gives the rest to a random one."""
    each, rest = divmod(total, count)
    if each:
        return [each + rest, *[each] * (count - 1)]
    return [int(at < rest) for at in range(count)]


def _is_whole(view: memoryview) -> bool:
    return len(view) > _BEFORE_LENGTH and int.from_bytes(view[8:12], "big") + _BEFORE_LENGTH == len(view)


def _slice(
    views: Sequence[memoryview], batches: Sequence[Batch], acquired: Sequence[AcquiredRecords]
) -> Sequence[memoryview]:
    """The batches that hold acquired records, from the first to the last one."""
    if len(batches) == 1:
        return views
    first, last = acquired[0].first_offset, acquired[-1].last_offset
    start = 0
    while start + 1 < len(batches) and batches[start + 1].base_offset <= first:
        start += 1
    stop = start + 1
    while stop < len(batches) and batches[stop].base_offset <= last:
        stop += 1
    return views[start:stop]
