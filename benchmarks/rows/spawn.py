"""From spawning a process to the first answer that a client gets from it."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from time import perf_counter

from benchmarks.peers import STARTERS, Peer, python_environment
from benchmarks.table import Figure
from benchmarks.wire import Connection, metadata

TITLE = "spawn to first Metadata"
#: It needs seconds, of which the run shows the first.
WITHOUT = frozenset({"kafka"})

_FIRST_METADATA = Figure("a spawn to first Metadata", "ms")
_READY = Figure("a spawn to ready line", "ms")
_PYTHON = Figure("a `python -c pass`", "ms")
_LIBRARIES = Figure("a `python -c 'import trio, construct'`", "ms")
_READY_CPU = Figure("a `serve`, CPU until ready", "ms")
_LIBRARIES_CPU = Figure("a `import trio, construct`, CPU", "ms")
_RELATIVE = Figure("a ready line / `import trio, construct`, CPU", "x")


def measure(peer: Peer, effort: float) -> Iterator[tuple[Figure, float]]:
    tries = max(2, int(5 * effort))
    found = [_spawn(peer.name) for _ in range(tries)]
    yield _FIRST_METADATA, min(answered for _, answered, _ in found) * 1000
    if peer.name != "ours":
        return
    yield _READY, min(ready for ready, _, _ in found) * 1000
    yield _PYTHON, min(_run("pass")[0] for _ in range(tries)) * 1000
    libraries = [_run("import trio, construct") for _ in range(tries)]
    yield _LIBRARIES, min(wall for wall, _ in libraries) * 1000
    ready_cpu = min(cpu for _, _, cpu in found)
    libraries_cpu = min(cpu for _, cpu in libraries)
    yield _READY_CPU, ready_cpu * 1000
    yield _LIBRARIES_CPU, libraries_cpu * 1000
    yield _RELATIVE, ready_cpu / libraries_cpu


def _spawn(name: str) -> tuple[float, float, float]:
    """Seconds until the ready line, until the first Metadata, and of CPU until the ready line."""
    begun = perf_counter()
    with STARTERS[name]() as peer:
        ready = perf_counter() - begun
        cpu = peer.cpu_seconds
        with Connection(peer.address) as connection:
            connection.ask(metadata())
            return ready, perf_counter() - begun, cpu


def _run(code: str) -> tuple[float, float]:
    """Seconds, and seconds of CPU, of a Python that runs `code`."""
    begun = perf_counter()
    child = subprocess.Popen([sys.executable, "-c", code], env=dict(python_environment()))
    _, status, usage = os.wait4(child.pid, 0)
    child.returncode = os.waitstatus_to_exitcode(status)
    return perf_counter() - begun, usage.ru_utime + usage.ru_stime
