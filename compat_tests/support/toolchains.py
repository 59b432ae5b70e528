"""Toolchains that a client needs. What is missing skips its tests with a reason; under CI=true it fails them."""

from __future__ import annotations

import fcntl
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
CACHE = ROOT / ".cache"


def under_ci() -> bool:
    """Whether this is a CI run, in which nothing may be left out."""
    return os.environ.get("CI", "").lower() == "true"


def do_without(reason: str) -> None:
    """Skips the test that asked, or fails it under CI=true."""
    if under_ci():
        pytest.fail(f"{reason} (nothing is skipped under CI=true)", pytrace=False)
    pytest.skip(reason)


def require(*programs: str) -> None:
    """Skips (fails under CI) unless all programs are on the PATH."""
    missing = [program for program in programs if shutil.which(program) is None]
    if missing:
        do_without(f"not installed: {', '.join(missing)}")


def require_go(at_least: str) -> None:
    """Skips (fails under CI) without a Go of that release; it is not to fetch another one of itself."""
    require("go")
    asked = subprocess.run(
        ["go", "env", "GOVERSION"],
        env={**os.environ, "GOTOOLCHAIN": "local"},
        check=True,
        capture_output=True,
        text=True,
    )
    found = asked.stdout.strip()
    if _go_release(found) < _go_release(at_least):
        do_without(f"Go {at_least} or newer is not installed, but {found}")


def _go_release(version: str) -> tuple[int, ...]:
    """(1, 26, 3) of "go1.26.3 X:..." and of "1.26.3"; nothing of "devel", which is as new as can be."""
    numbers = re.match(r"(?:go)?(\d+)\.(\d+)(?:\.(\d+))?", version)
    return tuple(int(number or 0) for number in numbers.groups()) if numbers else (sys.maxsize,)


@contextmanager
def alone(name: str) -> Iterator[None]:
    """Keeps other processes of the same run from preparing the same thing in .cache/ at the same time."""
    locks = CACHE / "locks"
    locks.mkdir(parents=True, exist_ok=True)
    with (locks / name).open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


@cache
def kafka_jars() -> Path:
    """The folder with the jars of Apache Kafka, its tools and its broker, fetched by Maven on first use.

    MOCKBROKER_KAFKA_JARS names a folder that has them already.
    """
    given = os.environ.get("MOCKBROKER_KAFKA_JARS")
    if given:
        return Path(given)
    jars = CACHE / "kafka-cli" / "jars"
    complete = jars / ".complete"
    pom = ROOT / "compat_tests" / "kafka_cli" / "pom.xml"
    with alone("jars"):
        if complete.exists() and complete.read_text() == pom.read_text():
            return jars
        require("mvn")
        command = [
            *("mvn", "-q", "-B", "-f", str(pom), "dependency:copy-dependencies", "-DincludeScope=runtime"),
            *(f"-DoutputDirectory={jars}", f"-Dmaven.repo.local={CACHE / 'maven'}"),
        ]
        subprocess.run(command, check=True, stdin=subprocess.DEVNULL)
        complete.write_text(pom.read_text())
        return jars


def java(heap: str, *properties: str) -> list[str]:
    """The start of a java command line: a small, quick JVM that leaves no files outside the checkout."""
    scratch = CACHE / "tmp"
    scratch.mkdir(parents=True, exist_ok=True)
    return [
        *("java", f"-Xmx{heap}", "-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1", "-XX:-UsePerfData"),
        *("-Dfile.encoding=UTF-8", f"-Djava.io.tmpdir={scratch}", *properties),
    ]
