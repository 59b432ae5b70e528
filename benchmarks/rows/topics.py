"""A thousand topics of three partitions: created, listed, deleted."""

from __future__ import annotations

from collections.abc import Iterator
from statistics import median
from time import perf_counter, time

from benchmarks.peers import Peer
from benchmarks.table import Figure
from benchmarks.wire import Connection, create_topic, frame, metadata

TITLE = "topics"
WITHOUT = frozenset({"rdmock"})

_TOPICS = 1000
_CREATE = Figure("f create 1,000 topics x 3", "ms")
_LIST = Figure("f list 1,000 topics x 3", "ms")
_ALL = Figure("f Metadata of all 3,000 partitions, bytes", "kB")
_DELETE = Figure("f delete 1,000 topics x 3", "ms")
_CREATE_CPU = Figure("f create, broker CPU", "ms")
_LIST_CPU = Figure("f list, broker CPU", "ms")
_DELETE_CPU = Figure("f delete, broker CPU", "ms")

_DELETE_TOPICS = 20


def measure(peer: Peer, effort: float) -> Iterator[tuple[Figure, float]]:
    names = [f"topics-{time()}-{number}" for number in range(_TOPICS)]
    create = create_topic(*names, partitions=3)
    delete = frame(_DELETE_TOPICS, 4, topic_names=names, timeout_ms=30000)
    with Connection(peer.address) as connection:
        connection.ask(metadata())
        cpu, begun = peer.cpu_seconds, perf_counter()
        answer = bytes(connection.ask(create))
        yield _CREATE, (perf_counter() - begun) * 1000
        yield _CREATE_CPU, (peer.cpu_seconds - cpu) * 1000
        assert names[-1].encode() in answer
        _wait_for_all(connection)
        cpu, count = peer.cpu_seconds, max(3, int(10 * effort))
        yield _LIST, median(connection.times(metadata(), count)) * 1000
        yield _LIST_CPU, (peer.cpu_seconds - cpu) / count * 1000
        yield _ALL, len(connection.ask(metadata())) / 1000
        cpu, begun = peer.cpu_seconds, perf_counter()
        connection.ask(delete)
        yield _DELETE, (perf_counter() - begun) * 1000
        yield _DELETE_CPU, (peer.cpu_seconds - cpu) * 1000


def _wait_for_all(connection: Connection) -> None:
    """A real broker learns of the topics a moment after its controller."""
    for _ in range(100):
        if len(connection.answer(3, 9, metadata()).topics) >= _TOPICS:
            return
