"""The brokers that are measured, each a process of its own: ours, Apache Kafka, franz-go's kfake, librdkafka's mock."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from importlib.util import find_spec
from pathlib import Path

from compat_tests.support.brokers import real_kafka
from compat_tests.support.toolchains import CACHE, ROOT

__all__ = ["KFAKE", "NAMES", "STARTERS", "Peer", "installed", "python_environment"]

KFAKE = CACHE / "go" / "kfake"
_PROPERTIES = ("group.initial.rebalance.delay.ms=0", "transaction.state.log.num.partitions=5")


class Peer:
    """A broker that runs.

    Attributes:
        name: one of `NAMES`.
        pid: its process.
        address: host and port of its one broker.
    """

    def __init__(self, name: str, pid: int, address: tuple[str, int]) -> None:
        self.name = name
        self.pid = pid
        self.address = address

    @property
    def bootstrap_servers(self) -> str:
        return "{}:{}".format(*self.address)

    @property
    def cpu_seconds(self) -> float:
        """CPU time that its threads have used until now."""
        total = 0
        for task in Path(f"/proc/{self.pid}/task").iterdir():
            try:
                total += int((task / "schedstat").read_text().split()[0])
            except OSError:
                continue  # It has just ended.
        return total / 1e9

    @property
    def resident_mib(self) -> float:
        """Memory that it holds."""
        pages = int(Path(f"/proc/{self.pid}/statm").read_text().split()[1])
        return pages * os.sysconf("SC_PAGE_SIZE") / 2**20


def python_environment() -> Mapping[str, str]:
    """For a Python whose modules are compiled already, as those of an installed package are."""
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "PYTHONPYCACHEPREFIX": str(CACHE / "pycache")}
    environment.pop("PYTHONDONTWRITEBYTECODE", None)
    return environment


@contextmanager
def process(name: str, command: list[str], address_in: Callable[[str], str]) -> Iterator[Peer]:
    """A broker that prints one line with its address when it is ready."""
    server = subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=dict(python_environment()))
    try:
        assert server.stdout is not None
        line = server.stdout.readline()
        if not line:
            raise RuntimeError(f"{name} ended with exit code {server.wait()}")
        host, _, port = address_in(line).strip().rpartition(":")
        yield Peer(name, server.pid, (host, int(port)))
    finally:
        server.kill()
        server.wait()
        server.stdout.close()  # type: ignore[union-attr]


def ours() -> AbstractContextManager[Peer]:
    command = [sys.executable, "-m", "mockbroker", "serve", "--port", "0", "-q"]
    return process("ours", command, lambda line: line.split("bootstrap.servers=")[1].split()[0])


def kfake() -> AbstractContextManager[Peer]:
    return process("kfake", [str(KFAKE)], str)


def rdmock() -> AbstractContextManager[Peer]:
    return process("rdmock", [sys.executable, "-m", "benchmarks.rdmock"], str)


@contextmanager
def kafka() -> Iterator[Peer]:
    with (
        tempfile.TemporaryDirectory(prefix="benchmark-kafka-") as directory,
        real_kafka(Path(directory), brokers=1, properties=_PROPERTIES) as broker,
    ):
        host, _, port = broker.first.rpartition(":")
        yield Peer("kafka", broker.pids[0], (host, int(port)))


STARTERS: Mapping[str, Callable[[], AbstractContextManager[Peer]]] = {
    "ours": ours,
    "kafka": kafka,
    "kfake": kfake,
    "rdmock": rdmock,
}
NAMES = tuple(STARTERS)


def installed() -> Mapping[str, str]:
    """Why a peer cannot be had, by its name; empty for those that can. Builds kfake if need be."""
    return {
        "ours": "",
        "kafka": _why_no_kafka(),
        "kfake": _why_no_kfake(),
        "rdmock": "" if find_spec("confluent_kafka") else "confluent-kafka is not installed",
    }


def _why_no_kafka() -> str:
    missing = [program for program in ("java", "mvn") if shutil.which(program) is None]
    if os.environ.get("MOCKBROKER_KAFKA_JARS") and "mvn" in missing:
        missing.remove("mvn")
    return f"not installed: {', '.join(missing)}" if missing else ""


def _why_no_kfake() -> str:
    source = Path(__file__).with_name("kfake")
    newest = max(file.stat().st_mtime for file in source.iterdir())
    if KFAKE.exists() and KFAKE.stat().st_mtime >= newest:
        return ""
    if shutil.which("go") is None:
        return "not installed: go"
    print("building kfake ...", file=sys.stderr)
    go = CACHE / "go"
    environment = {"GOFLAGS": "-modcacherw", "GOCACHE": str(go / "build"), "GOMODCACHE": str(go / "modules")}
    built = subprocess.run(
        ["go", "build", "-o", str(KFAKE), "."], cwd=source, env={**os.environ, **environment}, check=False
    )
    return "go could not build it" if built.returncode else ""
