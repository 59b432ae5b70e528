"""Many small records through confluent-kafka: produced, consumed, and one at a time."""

from __future__ import annotations

from collections.abc import Iterator
from statistics import median
from time import perf_counter, time

from confluent_kafka import Consumer, Producer, TopicPartition

from benchmarks.peers import Peer
from benchmarks.table import Figure

TITLE = "streams"
WITHOUT: frozenset[str] = frozenset()

_RECORDS = 300_000
_VALUE = bytes(100)
_AT_MOST = 10.0

_PRODUCE = Figure("d confluent produce 300k x 100 B", "k/s", more_is_better=True)
_PRODUCE_CPU = Figure("d the same, broker CPU", "ms")
_CONSUME = Figure("d confluent consume the same", "k/s", more_is_better=True)
_CONSUME_CPU = Figure("d consume, broker CPU", "ms")
_FLUSH = Figure("d confluent, flush after each record", "ms")


def measure(peer: Peer, effort: float) -> Iterator[tuple[Figure, float]]:
    topic = f"stream-{time()}"
    config = {"bootstrap.servers": peer.bootstrap_servers, "queue.buffering.max.messages": _RECORDS + 1}
    producer = Producer(config)
    producer.produce(f"{topic}-single", _VALUE, partition=0)
    producer.produce(topic, _VALUE, partition=0)
    assert producer.flush(_AT_MOST) == 0
    count = max(30_000, int(_RECORDS * effort))
    cpu, begun = peer.cpu_seconds, perf_counter()
    for _ in range(count):
        producer.produce(topic, _VALUE, partition=0)
    assert producer.flush(_AT_MOST) == 0
    yield _PRODUCE, count / (perf_counter() - begun) / 1000
    yield _PRODUCE_CPU, (peer.cpu_seconds - cpu) * 1000 * _RECORDS / count
    if peer.name != "rdmock":  # It drops what is older than a few megabytes.
        yield from _consume(peer, topic, count)
    times = []
    for _ in range(max(50, int(300 * effort))):
        begun = perf_counter()
        producer.produce(f"{topic}-single", _VALUE, partition=0)
        producer.flush(_AT_MOST)
        times.append(perf_counter() - begun)
    yield _FLUSH, median(times) * 1000


def _consume(peer: Peer, topic: str, count: int) -> Iterator[tuple[Figure, float]]:
    consumer = Consumer(
        {"bootstrap.servers": peer.bootstrap_servers, "group.id": "none", "enable.auto.commit": False}
    )
    consumer.assign([TopicPartition(topic, 0, 0)])
    got = len(consumer.consume(1, _AT_MOST))
    cpu, begun = peer.cpu_seconds, perf_counter()
    while got < count and perf_counter() - begun < _AT_MOST:
        got += len(consumer.consume(10_000, 0.1))
    taken = perf_counter() - begun
    yield _CONSUME_CPU, (peer.cpu_seconds - cpu) * 1000 * _RECORDS / count
    consumer.close()
    assert got >= count, f"{got} of {count} records"
    yield _CONSUME, count / taken / 1000
