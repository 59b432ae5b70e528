"""How long the members of a new group wait for their partitions."""

from __future__ import annotations

from collections.abc import Iterator
from time import perf_counter, time

from confluent_kafka import Consumer

from benchmarks.peers import Peer
from benchmarks.table import Figure
from benchmarks.wire import Connection, create_topic, metadata

TITLE = "group assignment"
WITHOUT: frozenset[str] = frozenset()

_AT_MOST = 10.0
_FIRST = Figure("e first member assigned", "ms")
_TWO = Figure("e two members assigned, started together", "ms")


def measure(peer: Peer, effort: float) -> Iterator[tuple[Figure, float]]:
    topic = f"group-{time()}"
    with Connection(peer.address) as connection:
        if peer.name != "rdmock":  # It creates topics only because a client asks about them.
            connection.ask(create_topic(topic, partitions=2))
        while connection.answer(3, 9, metadata(topic)).topics[0].error_code:
            pass
    tries = 2 if effort >= 1 else 1
    yield _FIRST, min(_assigned(peer, topic, 1) for _ in range(tries)) * 1000
    if peer.name != "rdmock":  # The second member waits there for a session to end.
        yield _TWO, min(_assigned(peer, topic, 2) for _ in range(tries)) * 1000


def _assigned(peer: Peer, topic: str, members: int) -> float:
    """Seconds until all members of a new group have their share of the topic's partitions."""
    config = {
        "bootstrap.servers": peer.bootstrap_servers,
        "group.id": f"{members}-{time()}",
        "auto.offset.reset": "earliest",
    }
    consumers = [Consumer(config) for _ in range(members)]
    begun = perf_counter()
    for consumer in consumers:
        consumer.subscribe([topic])
    try:
        while not all(consumer.assignment() for consumer in consumers):
            for consumer in consumers:
                consumer.poll(0.002)
            if perf_counter() - begun > _AT_MOST:
                raise TimeoutError(f"{members} members had no assignment within {_AT_MOST} s")
        return perf_counter() - begun
    finally:
        for consumer in consumers:
            consumer.close()
