"""Client processes, as a test sees them."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol, TypeVar

from compat_tests.clients.environments import environment
from compat_tests.support.brokers import Broker
from compat_tests.support.processes import Running
from compat_tests.support.toolchains import ROOT

T = TypeVar("T")


class CommandFailed(AssertionError):
    """The client library raised; the text is its exception's."""


class ClientProcess:
    """One process with one client library, in whatever language; see worker.py for what it says."""

    def __init__(
        self,
        command: Sequence[str | Path],
        directory: Path,
        name: str,
        environment: Mapping[str, str] | None = None,
    ) -> None:
        self.running = Running(command, directory, name=name, environment=environment)
        self.commands = 0
        self.always: Mapping[str, Mapping[str, Any]] = {}  # further arguments of a verb

    def messages(self, stdout: str) -> list[dict[str, Any]]:
        """Everything it has said so far, in whole lines."""
        return [json.loads(line) for line in stdout.split("\n")[:-1] if line.startswith("{")]

    def ask(self, verb: str, *, within: float = 30.0, **arguments: Any) -> Any:
        """Gives a command and waits for its answer."""
        self.commands += 1
        number = self.commands
        arguments = {**self.always.get(verb, {}), **arguments}
        self.running.write(json.dumps({"id": number, "do": verb, **arguments}) + "\n")

        def answered(stdout: str) -> dict[str, Any] | None:
            return next((m for m in reversed(self.messages(stdout)) if m.get("id") == number), None)

        what = f"{verb} {str(arguments)[:200]}"
        message = self.running.wait_for(answered, within=within, what=f"{what} done")
        if "error" in message:
            raise CommandFailed(f"{what}: {message['error']}\n{self.running.story}")
        return message["answer"]

    def read_so_far(self, stdout: str) -> list[dict[str, Any]]:
        return [record for message in self.messages(stdout) for record in message.get("records", ())]

    def wait_for_records(self, count: int, *, within: float = 30.0) -> list[dict[str, Any]]:
        """Waits until it has read so many records as a member of a group."""

        def enough(stdout: str) -> list[dict[str, Any]] | None:
            records = self.read_so_far(stdout)
            return records if len(records) >= count else None

        return self.running.wait_for(enough, within=within, what=f"{count} records read")

    def wait_for_distinct(self, count: int, *, within: float = 30.0) -> set[str]:
        """Waits until it has read so many different values."""

        def enough(stdout: str) -> set[str] | None:
            read = {record["value"] for record in self.read_so_far(stdout)}
            return read if len(read) >= count else None

        return self.running.wait_for(enough, within=within, what=f"{count} different records read")

    def wait_for_assignment(self, wanted: Callable[[list[int]], bool], *, within: float = 30.0) -> list[int]:
        """Waits until its partitions are such; returns them."""

        def assigned(stdout: str) -> list[int] | None:
            seen = [message["assignment"] for message in self.messages(stdout) if "assignment" in message]
            return seen[-1] if seen and wanted(seen[-1]) else None

        return self.running.wait_for(assigned, within=within, what="the assignment")

    def kill(self) -> None:
        """Ends it as a crash would: nothing is said to the broker."""
        self.running.process.kill()
        self.running.process.wait()

    def close(self) -> None:
        self.running.stop()


class Program(Protocol):
    """A client library that can be started in a process of its own."""

    def start(self, version: str, broker: Broker, directory: Path, name: str) -> ClientProcess: ...


@dataclass(frozen=True)
class Family:
    """One client library for Python, in some version."""

    package: str
    worker: Path
    codecs: Sequence[str] = ()  # further packages that its codecs need
    needs_python_311: Sequence[str] = ()  # versions that run on nothing newer

    def start(self, version: str, broker: Broker, directory: Path, name: str) -> ClientProcess:
        """A process with that version, connected to nothing yet."""
        python = environment(
            f"{self.package}-{version}",
            [f"{self.package}=={version}", *self.codecs],
            needs_python_311=version in self.needs_python_311,
        )
        command: list[str | Path] = [python, "-B", self.worker, broker.bootstrap_servers]
        return ClientProcess(command, directory, name, environment={"PYTHONPATH": str(ROOT)})
