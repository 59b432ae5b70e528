"""Memory of a fresh broker, with 256 MiB in its log, and with many small batches."""

from __future__ import annotations

from collections.abc import Iterator

from benchmarks.peers import STARTERS, Peer
from benchmarks.table import Figure
from benchmarks.wire import Connection, metadata, produce

TITLE = "memory"
WITHOUT: frozenset[str] = frozenset()

#: Each round would start everybody anew, and memory hardly varies.
ROUNDS = 1

_MIB = 2**20
_FRESH = Figure("h RSS fresh", "MiB")
_FULL = Figure("h RSS after 256 MiB produced", "MiB")
_SMALL = Figure("h RSS for each batch of 100 bytes, beside its bytes", "B")
_BATCHES = 100_000


def measure(peer: Peer, effort: float) -> Iterator[tuple[Figure, float]]:
    with STARTERS[peer.name]() as fresh:
        yield from _fill(fresh)
    if peer.name in ("ours", "kfake"):
        with STARTERS[peer.name]() as fresh:
            yield _SMALL, _small_batches(fresh, int(_BATCHES * effort))


def _fill(peer: Peer) -> Iterator[tuple[Figure, float]]:
    with Connection(peer.address) as connection:
        while connection.answer(3, 9, metadata("memory")).topics[0].error_code:
            pass
        yield _FRESH, peer.resident_mib
        if peer.name == "rdmock":
            return
        connection.times(produce("memory", bytes(_MIB - 1000)), 256)
        yield _FULL, peer.resident_mib


def _small_batches(peer: Peer, count: int) -> float:
    """Bytes that the broker holds for each small batch, more than the batch has."""
    with Connection(peer.address) as connection:
        while connection.answer(3, 9, metadata("memory")).topics[0].error_code:
            pass
        request = produce("memory", bytes(100), key=None)
        connection.times(request, 1000)
        before = peer.resident_mib
        connection.times(request, count)
        held = (peer.resident_mib - before) * _MIB / count
    return held - 175
