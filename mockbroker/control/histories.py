"""What the journal tells of each partition: what was sent, acknowledged, fetched, and how the high watermark moved."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import Any, NamedTuple

from mockbroker.control.exchange import Exchange
from mockbroker.control.fields import Place
from mockbroker.control.lint_deeds import batches_of
from mockbroker.wire.compression import decompress
from protocol_specs.errors import KafkaError
from protocol_specs.record_batch import parse_end_txn_marker, records_of

__all__ = ["Attempt", "Batch", "Commit", "History", "PartitionHistory", "Seen"]

_READ_COMMITTED = 1
_DELETE_TOPICS, _CREATE_TOPICS = "DeleteTopics", "CreateTopics"


class Batch(NamedTuple):
    """A batch, as somebody sent it or got it. `base` is -1 where it is not known where it went."""

    exchange: Exchange
    base: int
    records: int
    last: int
    crc: int
    acks: int
    producer_id: int
    is_transactional: bool
    is_control: bool
    view: memoryview

    @property
    def keys(self) -> set[bytes]:
        """The keys of its records."""
        try:
            return {record.key for record in records_of(self.view, decompress) if record.key is not None}
        except (KafkaError, ValueError):
            return set()


class Seen(NamedTuple):
    """What one Fetch found in a partition."""

    exchange: Exchange
    batches: list[Batch]
    high_watermark: int
    log_start_offset: int
    is_committed_only: bool


class Commit(NamedTuple):
    """The last commit of a group in a partition."""

    exchange: Exchange
    offset: int


class Attempt:
    """One batch of one client, however often it was sent.

    Attributes:
        exchanges: each time.
        offsets: where it is known to be in the log.
        was_uncertain: whether it was sent again although the first time may have succeeded.
        first, last_try: numbers of the first and last exchange.
    """

    def __init__(self, batch: Batch) -> None:
        self.client_id = batch.exchange.client_id
        self.exchanges: list[Exchange] = []
        self.offsets: set[int] = set()
        self.was_uncertain = False
        self.first = batch.exchange.number
        self.last_try = self.first
        self._batch = batch

    @property
    def keys(self) -> set[bytes]:
        """The keys of its records."""
        return self._batch.keys

    def add(self, batch: Batch) -> None:
        """It was sent once more."""
        self.exchanges.append(batch.exchange)
        self.last_try = batch.exchange.number
        if batch.base >= 0:
            self.offsets.add(batch.base)


class PartitionHistory:
    """One partition.

    Attributes:
        sent: all batches that were sent, in order.
        acknowledged: those of which the client was told that they are there, and where.
        fetches: what was found in it, in order.
    """

    def __init__(self, topic: str, partition: int, violation: Callable[..., Any]) -> None:
        self.topic = topic
        self.partition = partition
        self.sent: list[Batch] = []
        self.acknowledged: list[Batch] = []
        self.fetches: list[Seen] = []
        #: By producer id and offset, whether a marker aborts.
        self._ends: dict[int, dict[int, bool]] = {}
        self._violation = violation

    def violation(self, kind: str, offsets: list[int], what: str, evidence: list[Exchange]) -> Any:
        """Something wrong with this partition."""
        return self._violation(kind, self.topic, self.partition, offsets, what, evidence)

    @property
    def fetched_records(self) -> int:
        """How many records were given out."""
        return sum(batch.records for seen in self.fetches for batch in seen.batches if not batch.is_control)

    def saw(self, seen: Seen) -> None:
        """Take note of a Fetch; markers in it tell how transactions ended."""
        self.fetches.append(seen)
        for batch in seen.batches:
            if batch.is_control:
                ends = self._ends.setdefault(batch.producer_id, {})
                ends[batch.base] = _is_abort(batch)

    def was_aborted(self, batch: Batch) -> bool:
        """Whether the transaction of a batch is known to have been aborted."""
        ends = sorted(self._ends.get(batch.producer_id, {}).items())
        return next((is_abort for offset, is_abort in ends if offset > batch.base), False)

    def is_superseded(self, batch: Batch) -> bool:
        """Whether compaction may have dropped a batch: all its keys have newer records."""
        keys = batch.keys
        for later in self.acknowledged:
            if later.base > batch.base:
                keys -= later.keys
        return not keys and bool(batch.keys)

    def fetches_after(self, batch: Batch) -> Iterator[Seen]:
        """What was found after a batch had been acknowledged, and while it could not be below the log start."""
        for seen in self.marks_after(batch):
            if seen.batches:
                yield seen

    def marks_after(self, batch: Batch) -> Iterator[Seen]:
        """As `fetches_after`, fetches that found no records included."""
        for seen in self.fetches:
            if seen.exchange.number > batch.exchange.number and seen.log_start_offset <= batch.base:
                yield seen

    def attempts(self) -> list[Attempt]:
        """The batches of clients, each with all times that it was sent, in the order of the first."""
        found: dict[tuple[str | None, int, int], Attempt] = {}
        for batch in self.sent:
            key = batch.exchange.client_id, batch.crc, batch.records
            attempt = found.get(key)
            if attempt is None:
                attempt = found[key] = Attempt(batch)
            elif not attempt.offsets:
                attempt.was_uncertain = True
            attempt.add(batch)
        places = {(batch.crc, batch.records): set[int]() for seen in self.fetches for batch in seen.batches}
        for seen in self.fetches:
            for batch in seen.batches:
                places[batch.crc, batch.records].add(batch.base)
        for (_, crc, count), attempt in found.items():
            if len(attempt.exchanges) > 1:
                attempt.offsets |= places.get((crc, count), set())
        return list(found.values())

    def given_to(self, clients: set[str | None]) -> tuple[int, list[tuple[int, int]]] | None:
        """What some clients were given: the first offset, and ranges of offsets; None where nothing."""
        ranges = [
            (batch.base, batch.last)
            for seen in self.fetches
            if seen.exchange.client_id in clients
            for batch in seen.batches
        ]
        return (min(first for first, _ in ranges), ranges) if ranges else None


class History:
    """What the journal tells.

    Args:
        exchanges: in order.
        violation: makes something that is wrong; `verify.Violation`.

    Attributes:
        partitions: by topic and partition.
        commits: the last one of each group, topic and partition.
        clients_of: the client ids under which a group's members speak.
    """

    def __init__(self, exchanges: Iterable[Exchange], violation: Callable[..., Any]) -> None:
        self.partitions: dict[tuple[str, int], PartitionHistory] = {}
        self.commits: dict[tuple[str, str, int], Commit] = {}
        self.clients_of: dict[str, set[str | None]] = {}
        self._violation = violation
        takes = {
            "Produce": self._produce,
            "Fetch": self._fetch,
            "OffsetCommit": self._commit,
            "TxnOffsetCommit": self._commit,
            _DELETE_TOPICS: self._forget,
            _CREATE_TOPICS: self._forget,
        }
        for exchange in exchanges:
            take = takes.get(exchange.api)
            if take is not None and exchange.request is not None:
                take(exchange)

    def _of(self, topic: str, partition: int) -> PartitionHistory:
        found = self.partitions.get((topic, partition))
        if found is None:
            found = PartitionHistory(topic, partition, self._violation)
            self.partitions[topic, partition] = found
        return found

    def _produce(self, exchange: Exchange) -> None:
        bases: dict[tuple[str | bytes, int], int] = {}
        is_delivered = exchange.response is not None and exchange.is_delivered
        for topic in exchange.response.responses if is_delivered else ():
            for entry in topic.partition_responses:
                base = entry.base_offset if entry.error_code == 0 else -1
                bases[topic.name or topic.topic_id, entry.index] = base
        for topic in exchange.request.topic_data:
            key = topic.name or topic.topic_id
            name = exchange.named(Place(key)).topic
            for one in topic.partition_data:
                for header, view in batches_of(one.records):
                    base = bases.get((key, one.index), -1)
                    batch = _batch(exchange, header, view, base, exchange.request.acks)
                    log = self._of(str(name), one.index)
                    log.sent.append(batch)
                    if base >= 0:
                        log.acknowledged.append(batch)

    def _fetch(self, exchange: Exchange) -> None:
        if exchange.response is None or not exchange.is_delivered:
            return
        is_committed_only = exchange.request.isolation_level == _READ_COMMITTED
        for topic in exchange.response.responses:
            name = exchange.named(Place(topic.topic or topic.topic_id)).topic
            for entry in topic.partitions:
                if entry.error_code:
                    continue
                batches = [
                    _batch(exchange, header, view, header.base_offset, 0)
                    for header, view in batches_of(entry.records)
                ]
                seen = Seen(
                    exchange, batches, entry.high_watermark, entry.log_start_offset, is_committed_only
                )
                self._of(str(name), entry.partition_index).saw(seen)

    def _commit(self, exchange: Exchange) -> None:
        if exchange.errors or exchange.response is None:
            return
        group = exchange.request.group_id
        self.clients_of.setdefault(group, set()).add(exchange.client_id)
        for topic in exchange.request.topics:
            name = exchange.named(Place(topic.name or topic.topic_id)).topic
            for one in topic.partitions:
                commit = Commit(exchange, one.committed_offset)
                self.commits[group, str(name), one.partition_index] = commit

    def _forget(self, exchange: Exchange) -> None:
        """A topic begins anew, under a name that it may have had before."""
        for name in exchange.topics:
            for key in [key for key in self.partitions if key[0] == name]:
                del self.partitions[key]
            for commit in [commit for commit in self.commits if commit[1] == name]:
                del self.commits[commit]


def _is_abort(batch: Batch) -> bool:
    try:
        (record,) = records_of(batch.view)
        marker = parse_end_txn_marker(record)
    except (KafkaError, ValueError):
        return False
    return marker is not None and not marker.is_commit


def _batch(exchange: Exchange, header: Any, view: memoryview, base: int, acks: int) -> Batch:
    return Batch(
        exchange,
        base,
        header.count,
        base + header.last_offset_delta,
        header.crc,
        acks,
        header.producer_id,
        header.is_transactional,
        header.is_control,
        view,
    )
