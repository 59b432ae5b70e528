"""Transactions of ten records, one after the other, with confluent-kafka."""

from __future__ import annotations

from collections.abc import Iterator
from time import perf_counter, time

from confluent_kafka import Producer

from benchmarks.peers import Peer
from benchmarks.table import Figure

TITLE = "transactions"
WITHOUT = frozenset({"rdmock"})

_RATE = Figure("i transactions of ten records", "/s", more_is_better=True)
_CPU = Figure("i broker CPU for each", "us")
_TRANSACTIONS = 200
_AT_MOST = 5.0


def measure(peer: Peer, effort: float) -> Iterator[tuple[Figure, float]]:
    name = f"transactions-{time()}"
    producer = Producer(
        {"bootstrap.servers": peer.bootstrap_servers, "transactional.id": name, "linger.ms": 0}
    )
    producer.init_transactions(30)
    _transaction(producer, name)
    count, cpu, begun = 0, peer.cpu_seconds, perf_counter()
    while count < _TRANSACTIONS * effort and perf_counter() - begun < _AT_MOST:
        _transaction(producer, name)
        count += 1
    yield _RATE, count / (perf_counter() - begun)
    yield _CPU, (peer.cpu_seconds - cpu) / count * 1e6


def _transaction(producer: Producer, topic: str) -> None:
    producer.begin_transaction()
    for _ in range(10):
        producer.produce(topic, b"value")
    producer.commit_transaction(30)
