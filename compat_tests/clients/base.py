"""What all scenarios share: processes of one client library, and a topic made by one of them."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any, ClassVar

import pytest

from compat_tests.clients.harness import ClientProcess, Program
from compat_tests.support.brokers import Broker

SESSION_TIMEOUT_MS = 6000  # group.min.session.timeout.ms
Start = Callable[[str], ClientProcess]


def numbered(count: int, **fields: Any) -> list[dict[str, Any]]:
    return [{"key": f"k{n % 10}", "value": f"v{n}", **fields} for n in range(count)]


def values(records: list[dict[str, Any]]) -> list[str]:
    return sorted(record["value"] for record in records)


def members(start: Start, topic: str, group: str, *names: str) -> list[ClientProcess]:
    """Members that have joined one after the other; the last rebalance may be still on its way."""
    joined = [start(name) for name in names]
    for member in joined:
        member.ask("join", topic=topic, group=group, session_timeout_ms=SESSION_TIMEOUT_MS)
    return joined


class Clients:
    """One client library; `version` comes from the subclass."""

    family: ClassVar[Program]
    always: ClassVar[Mapping[str, Mapping[str, Any]]] = {}  # further arguments of a verb

    @pytest.fixture
    def start(self, version: str, kafka: Broker, tmp_path: Path) -> Iterator[Start]:
        """Starts client processes, which end with the test."""
        started: list[ClientProcess] = []

        def one_more(name: str) -> ClientProcess:
            started.append(self.family.start(version, kafka, tmp_path, name))
            started[-1].always = self.always
            return started[-1]

        yield one_more
        for process in started:
            process.close()

    @pytest.fixture
    def client(self, start: Start) -> ClientProcess:
        """A client that is in no group."""
        return start("client")

    @pytest.fixture
    def topic(self, client: ClientProcess, request: pytest.FixtureRequest) -> str:
        """A topic of four partitions, made by the client itself."""
        name = re.sub(r"[^a-z0-9]+", "-", request.node.name.lower()).strip("-")
        client.ask("create_topic", topic=name, partitions=4)
        return name
