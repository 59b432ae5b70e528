"""A cluster in a process that has had one already: what each test of a suite pays."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from statistics import median
from time import perf_counter

from benchmarks.peers import KFAKE, Peer
from benchmarks.table import Figure

TITLE = "start in a warm process"
WITHOUT = frozenset({"kafka"})

_START = Figure("b start in a warm process", "ms")
_START_AND_STOP = Figure("b start and stop in a warm process", "ms")


def measure(peer: Peer, effort: float) -> Iterator[tuple[Figure, float]]:
    count = max(5, int(100 * effort))
    if peer.name == "ours":
        starts, both = zip(*[_ours() for _ in range(count)], strict=True)
        yield _START, median(starts) * 1000
        yield _START_AND_STOP, median(both) * 1000
    elif peer.name == "kfake":
        printed = subprocess.run(
            [str(KFAKE), "-starts", str(count)], check=True, capture_output=True, text=True
        ).stdout
        yield _START, median(float(line) for line in printed.split()) / 1000
    else:
        yield _START, median(_rdmock() for _ in range(max(2, count // 10))) * 1000


def _ours() -> tuple[float, float]:
    from mockbroker import MockCluster

    begun = perf_counter()
    with MockCluster() as cluster:
        assert cluster.bootstrap_servers
        started = perf_counter() - begun
    return started, perf_counter() - begun


def _rdmock() -> float:
    from benchmarks.rdmock import start

    begun = perf_counter()
    producer, _ = start()
    taken = perf_counter() - begun
    producer.flush(1)
    return taken
