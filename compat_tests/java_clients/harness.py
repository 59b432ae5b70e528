"""Clients for Java that share one JVM, each with a thread of its own (see Worker.java)."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, ClassVar

import pytest

from compat_tests.clients.base import Clients, Start
from compat_tests.clients.harness import ClientProcess
from compat_tests.support import jvm
from compat_tests.support.brokers import Broker
from compat_tests.support.processes import Running

FOLDER = Path(__file__).parent


def jvm_command(heap: str = "128m") -> list[str]:
    return jvm.run(FOLDER, "Worker", heap=heap)


class Jvm:
    """The JVM; it starts with its first client."""

    def __init__(self, directory: Path) -> None:
        self.directory = directory
        self.running: Running | None = None
        self.clients = 0

    def start(self, broker: Broker, name: str) -> JvmClient:
        """A client that is connected to nothing yet."""
        if self.running is None:
            self.running = Running(jvm_command("384m"), self.directory, name="jvm")
        self.clients += 1
        return JvmClient(self.running, broker, f"{name}-{self.clients}")

    def close(self) -> None:
        if self.running is not None:
            self.running.stop()


class JvmClient(ClientProcess):
    """One of its clients; it does what a process of its own does."""

    def __init__(self, running: Running, broker: Broker, name: str) -> None:
        self.running = running
        self.commands = 0
        self.always = {}
        self.name = name
        self.servers = broker.bootstrap_servers
        self.mark = f'{{"client":"{name}",'

    def messages(self, stdout: str) -> list[dict[str, Any]]:
        """Everything that this client has said so far."""
        return [json.loads(line) for line in stdout.split("\n")[:-1] if line.startswith(self.mark)]

    def ask(self, verb: str, *, within: float = 30.0, **arguments: Any) -> Any:
        """Gives a command and waits for its answer."""
        return super().ask(verb, within=within, client=self.name, bootstrap_servers=self.servers, **arguments)

    def reports(self, kind: str) -> Sequence[list[int]]:
        """Every assignment, or what was revoked, or lost, in order."""
        return [message[kind] for message in self.messages(self.running.stdout) if kind in message]

    def kill(self) -> None:
        """Ends it as a crash would: nothing is said to the broker."""
        self.ask("die")

    def close(self) -> None:
        if self.running.process.poll() is None:
            self.ask("close")


class MortalClient(JvmClient):
    """A client with a JVM of its own, for a death that no close() can play."""

    def kill(self) -> None:
        self.running.process.kill()
        self.running.process.wait()

    def close(self) -> None:
        self.running.stop()


class JavaClients(Clients):
    """The scenarios' clients are in one JVM, but for those that are `apart`."""

    apart: ClassVar[frozenset[str]] = frozenset()

    @pytest.fixture
    def start(self, version: str, kafka: Broker, tmp_path: Path, jvm: Jvm) -> Iterator[Start]:
        """Starts clients in the JVM that all share."""
        started: list[JvmClient] = []

        def one_more(name: str) -> JvmClient:
            if name in self.apart:
                own = Running(jvm_command(), tmp_path, name=name)
                started.append(MortalClient(own, kafka, name))
            else:
                started.append(jvm.start(kafka, name))
            started[-1].always = self.always
            return started[-1]

        yield one_more
        for client in started:
            client.close()
