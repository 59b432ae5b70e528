"""The tools' JVM, shared by the run, and a command line on each module's broker."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from compat_tests.kafka_cli.cli import Cli, ToolServer
from compat_tests.support.brokers import Broker


@pytest.fixture(scope="session")
def tool_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ToolServer]:
    server = ToolServer(tmp_path_factory.mktemp("tools"))
    yield server
    server.close()


@pytest.fixture
def cli(tool_server: ToolServer, kafka: Broker, tmp_path: Path) -> Iterator[Cli]:
    """Kafka's command line tools, on the module's broker."""
    command_line = Cli(kafka, tool_server, tmp_path)
    yield command_line
    command_line.stop_all()
