"""The rows of the table: each module measures one, for one peer at a time.

TITLE: what it is about
WITHOUT: names of the peers that cannot do it, or do it in a way that says nothing
ROUNDS: how often it is worth measuring; the others have no such name
measure(peer, effort): yields (figure, value); `effort` is 1, or less where time is short
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from importlib import import_module
from typing import NamedTuple

from benchmarks.peers import Peer
from benchmarks.table import Figure

__all__ = ["MODULES", "Row", "row"]

MODULES: Mapping[str, str] = {
    "a": "spawn",
    "b": "warm_start",
    "c": "lock_step",
    "d": "streams",
    "e": "groups",
    "f": "topics",
    "g": "idle_connections",
    "h": "memory",
    "i": "transactions",
    "j": "suite",
}


class Row(NamedTuple):
    """One row, ready to be measured."""

    title: str
    without: frozenset[str]
    rounds: int | None
    measure: Callable[[Peer, float], Iterator[tuple[Figure, float]]]


def row(letter: str) -> Row:
    """The row of a letter.

    Raises:
        ImportError: a client that it needs is not installed.
    """
    module = import_module(f"benchmarks.rows.{MODULES[letter]}")
    return Row(module.TITLE, module.WITHOUT, getattr(module, "ROUNDS", None), module.measure)
