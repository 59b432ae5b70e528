"""The five clients, in their newest versions."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from compat_tests.clients.harness import ClientProcess, Family
from compat_tests.java_clients.harness import Jvm
from compat_tests.support.brokers import Broker
from compat_tests.support.golang import GoProgram

__all__ = ["CLIENTS", "Chosen", "started"]

_FOLDER = Path(__file__).parent.parent

#: Their versions, by name.
CLIENTS = {
    "confluent-kafka": "2.16.1",
    "kafka-python": "3.0.12",
    "aiokafka": "0.14.0",
    "Java": "4.3.1",
    "franz-go": "1.22.2",
}

_PROGRAMS: dict[str, Family | GoProgram] = {
    "confluent-kafka": Family("confluent-kafka", _FOLDER / "confluent_kafka" / "worker.py"),
    "kafka-python": Family(
        "kafka-python",
        _FOLDER / "kafka_python" / "worker.py",
        codecs=("lz4==4.4.4", "python-snappy==0.7.3", "zstandard==0.24.0"),
    ),
    "aiokafka": Family("aiokafka", _FOLDER / "aiokafka" / "worker.py", codecs=("cramjam==2.11.0",)),
    "franz-go": GoProgram("github.com/twmb/franz-go", _FOLDER / "franz_go"),
}


class Chosen:
    """One of them, started and connected to nothing yet.

    Attributes:
        name: one of `CLIENTS`.
        process: what can be asked.
    """

    def __init__(self, name: str, process: ClientProcess) -> None:
        self.name = name
        self.process = process
        self._began = len(process.running.stderr)

    @property
    def title(self) -> str:
        """With its version."""
        return f"{self.name} {CLIENTS[self.name]}"

    @property
    def logged(self) -> list[str]:
        """The lines that it has logged."""
        return self.process.running.stderr[self._began :].splitlines()


@contextmanager
def started(name: str, servers: str, directory: Path, jvm: Callable[[], Jvm]) -> Iterator[Chosen]:
    """Start one of them.

    Args:
        jvm: gives the JVM that clients for Java share.
    """
    broker = Broker(servers)
    process: ClientProcess
    if name == "Java":
        process = jvm().start(broker, "java")
    else:
        process = _PROGRAMS[name].start(CLIENTS[name], broker, directory, name)
    chosen = Chosen(name, process)
    yield chosen
    process.close()
