"""Measures our broker beside others, in one run.

    python -m benchmarks [--quick] [--rows a,c,j] [--beside kfake,kafka] [--rounds N] [--markdown FILE]

Each figure is measured for all brokers in turn, then again: what else the machine does falls on all alike. Shown are
the medians of the rounds, how far ours was from its median at most, and how many times better ours is. Absolute figures
do not travel to other machines, ratios do.
"""

from __future__ import annotations

import argparse
import logging
import sys
from collections.abc import Mapping
from contextlib import ExitStack
from datetime import UTC, datetime
from pathlib import Path
from time import perf_counter

from benchmarks.peers import NAMES, STARTERS, Peer, installed
from benchmarks.rows import MODULES, Row, row
from benchmarks.table import Figure, Table

_ROUNDS = 3
_SECONDS, _QUICK_SECONDS = 330, 55
_QUICK_EFFORT = 0.2
_BEGUN = perf_counter()
_KAFKA_START = Figure("a spawn to first Metadata", "ms")


class Run:
    """One run of the benchmarks, over at a given time."""

    def __init__(self, peers: Mapping[str, Peer], effort: float, until: float) -> None:
        self.table = Table()
        self._peers = peers
        self._effort = effort
        self._until = until

    def measure(self, letter: str, one: Row, rounds: int) -> None:
        """Measure one row, as often as there is time."""
        for number in range(one.rounds or rounds):
            for peer in self._peers.values():
                if peer.name in one.without:
                    continue
                if perf_counter() > self._until:
                    _say(f"no time is left for row {letter}, round {number + 1}, {peer.name}")
                    continue
                _say(f"row {letter}, {one.title}, round {number + 1}: {peer.name}")
                try:
                    for figure, value in one.measure(peer, self._effort):
                        self.table.add(figure, peer.name, value)
                except Exception as error:
                    _say(f"{peer.name} failed in row {letter}: {error!r}")


def main() -> None:
    options = _options()
    rounds = options.rounds or (1 if options.quick else _ROUNDS)
    until = _BEGUN + (_QUICK_SECONDS if options.quick else _SECONDS)
    rows = {}
    for letter in options.rows:
        try:
            rows[letter] = row(letter)
        except ImportError as error:
            _say(f"row {letter} is left out: {error}")
    with ExitStack() as stack:
        peers = {}
        for name in _wanted(options):
            since = perf_counter()
            peers[name] = stack.enter_context(STARTERS[name]())
            if name == "kafka":
                kafka_start = perf_counter() - since
        run = Run(peers, _QUICK_EFFORT if options.quick else 1, until)
        for letter, one in rows.items():
            run.measure(letter, one, rounds)
        if "kafka" in peers and "a" in rows:
            run.table.add(_KAFKA_START, "kafka", kafka_start * 1000)
    text = "\n".join(run.table.lines())
    print(text)
    if options.markdown:
        _put(options.markdown, text, rounds)


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    add = parser.add_argument
    add("--quick", action="store_true", help="one short round, in less than a minute")
    add("--rows", default=",".join(MODULES), metavar="A,B", type=_rows, help="which rows; default: all")
    add("--beside", metavar="A,B", help="which others; default: all there are, but not kafka with --quick")
    add("--rounds", type=int, metavar="N", help=f"default: {_ROUNDS}")
    add("--markdown", type=Path, metavar="FILE", help="put the table into this file, where the last one is")
    return parser.parse_args()


def _rows(text: str) -> list[str]:
    letters = [letter for letter in text.split(",") if letter]
    unknown = [letter for letter in letters if letter not in MODULES]
    if unknown:
        raise argparse.ArgumentTypeError(f"no rows {unknown}; there are {', '.join(MODULES)}")
    return letters


def _wanted(options: argparse.Namespace) -> list[str]:
    usual = [name for name in NAMES[1:] if name != "kafka" or not options.quick]
    beside = usual if options.beside is None else [name for name in options.beside.split(",") if name]
    asked = ["ours", *beside]
    reasons = installed()
    for name in asked:
        if reasons[name]:
            _say(f"{name} is left out: {reasons[name]}")
    return [name for name in asked if not reasons[name]]


def _put(path: Path, table: str, rounds: int) -> None:
    """Replace what stands between the two markers of a document."""
    begin, end = "<!-- measured -->", "<!-- end -->"
    before, _, rest = path.read_text().partition(begin)
    after = rest.partition(end)[2]
    made = f"Measured on {datetime.now(UTC):%Y-%m-%d}; medians of {rounds} rounds."
    path.write_text(f"{before}{begin}\n{made}\n\n{table}\n{end}{after}")


def _say(text: str) -> None:
    print(f"{perf_counter() - _BEGUN:6.1f} s  {text}", file=sys.stderr)


if __name__ == "__main__":
    logging.disable(logging.CRITICAL)
    main()
