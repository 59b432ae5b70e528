"""Round trips beside two thousand connections on which nothing happens."""

from __future__ import annotations

import resource
from collections.abc import Iterator
from contextlib import ExitStack
from statistics import median

from benchmarks.peers import Peer
from benchmarks.table import Figure
from benchmarks.wire import Connection, api_versions

TITLE = "idle connections"
#: It takes minutes to accept them.
WITHOUT = frozenset({"rdmock"})

_IDLE = 2000
_ALONE = Figure("g ApiVersions with no idle connections, p50", "us")
_BESIDE = Figure("g ApiVersions beside 2,000 idle connections, p50", "us")


def measure(peer: Peer, effort: float) -> Iterator[tuple[Figure, float]]:
    _allow_files(_IDLE + 200)
    count = max(300, int(2000 * effort))
    with Connection(peer.address) as connection, ExitStack() as idle:
        yield _ALONE, _round_trip(connection, count)
        for _ in range(_IDLE):
            idle.enter_context(Connection(peer.address))
        yield _BESIDE, _round_trip(connection, count)


def _round_trip(connection: Connection, count: int) -> float:
    connection.times(api_versions(), count // 5)
    return median(connection.times(api_versions(), count)) * 1e6


def _allow_files(number: int) -> None:
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft < number:
        resource.setrlimit(resource.RLIMIT_NOFILE, (min(number, hard), hard))
