"""One request at a time: round trips, and the CPU time that the broker takes for each."""

from __future__ import annotations

from collections.abc import Iterator
from statistics import median
from time import time

from benchmarks.peers import Peer
from benchmarks.table import Figure
from benchmarks.wire import Connection, api_versions, fetch, metadata, produce

TITLE = "lock step"
WITHOUT: frozenset[str] = frozenset()

_SMALL = 3000
_LARGE = 100
_MEGABYTE = 1_000_000


def measure(peer: Peer, effort: float) -> Iterator[tuple[Figure, float]]:
    topic = f"lock-step-{time()}"
    with Connection(peer.address) as connection:
        connection.ask(api_versions())
        while connection.answer(3, 9, metadata(topic)).topics[0].error_code:
            pass
        small = {
            "ApiVersions": api_versions(),
            "Metadata of one topic": metadata(topic),
            "Produce 100 B": produce(topic, bytes(100)),
            "Fetch 100 B": fetch(topic, 150),
        }
        for name, request in small.items():
            yield from _round_trips(peer, connection, name, request, max(300, int(_SMALL * effort)))
        value = bytes(_MEGABYTE - 200)
        large = {
            "Produce 1 MB": produce(f"{topic}-large", value),
            "Fetch 1 MB": fetch(f"{topic}-one", _MEGABYTE + 100),
        }
        for name in ("large", "one"):
            while connection.answer(3, 9, metadata(f"{topic}-{name}")).topics[0].error_code:
                pass
        connection.ask(produce(f"{topic}-one", value))
        for name, request in large.items():
            cpu, count = peer.cpu_seconds, max(20, int(_LARGE * effort))
            times = connection.times(request, count)
            yield Figure(f"c {name}, lock step", "MB/s", more_is_better=True), 1 / median(times)
            yield Figure(f"c {name}, broker CPU", "us"), (peer.cpu_seconds - cpu) / count * 1e6


def _round_trips(
    peer: Peer, connection: Connection, name: str, request: bytearray, count: int
) -> Iterator[tuple[Figure, float]]:
    connection.times(request, count // 10)
    cpu = peer.cpu_seconds
    times = connection.times(request, count)
    yield Figure(f"c {name}, p50", "us"), median(times) * 1e6
    yield Figure(f"c {name}, broker CPU", "us"), (peer.cpu_seconds - cpu) / count * 1e6
