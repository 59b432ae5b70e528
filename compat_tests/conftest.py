"""Which broker the tests run against, and the record of what worked with it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from compat_tests.kafka_cli.cli import Cli, ToolServer
from compat_tests.support import results
from compat_tests.support.brokers import Broker, mockbroker, real_kafka


def pytest_addoption(parser: pytest.Parser) -> None:
    group = parser.getgroup("compatibility")
    group.addoption("--real-kafka", action="store_true", help="run against an Apache Kafka of the test's own")
    group.addoption(
        "--bootstrap-server", metavar="HOST:PORT", help="run against an empty broker that is there already"
    )


def pytest_configure(config: pytest.Config) -> None:
    config.addinivalue_line("markers", "cluster(brokers=1, properties=()): the cluster that a module wants")
    config.addinivalue_line("markers", "shows(capability): what a test shows, for docs/compatibility.md")
    config.addinivalue_line("markers", "full: a long test that only `make compat` runs")
    ours = not (config.getoption("--real-kafka") or config.getoption("--bootstrap-server"))
    if ours and not hasattr(config, "workerinput"):
        config.pluginmanager.register(results.Recorder(results.PATH))


@pytest.fixture(scope="module")
def kafka(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Broker]:
    """An empty cluster for the tests of one module."""
    marker = request.node.get_closest_marker("cluster")
    wanted = {"brokers": 1, **(marker.kwargs if marker else {})}
    given = request.config.getoption("--bootstrap-server")
    if given:
        yield Broker(given, is_real=True)
        return
    start = real_kafka if request.config.getoption("--real-kafka") else mockbroker
    with start(tmp_path_factory.mktemp("broker"), **wanted) as broker:
        yield broker


@pytest.fixture(scope="session")
def tool_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ToolServer]:
    """The JVM of Kafka's tools, shared by the run."""
    server = ToolServer(tmp_path_factory.mktemp("tools"))
    yield server
    server.close()


@pytest.fixture
def cli(tool_server: ToolServer, kafka: Broker, tmp_path: Path) -> Iterator[Cli]:
    """Kafka's command line tools, on the module's broker."""
    command_line = Cli(kafka, tool_server, tmp_path)
    yield command_line
    command_line.stop_all()


@pytest.hookimpl(tryfirst=True)
def pytest_runtest_setup(item: pytest.Item) -> None:
    """Puts down, where the recorder finds it, whose program a test drives and what it shows."""
    marker = item.get_closest_marker("shows")
    if marker:
        callspec = getattr(item, "callspec", None)
        version = callspec.params.get("version") if callspec else None
        item.user_properties.append(("client", item.path.parent.name))
        item.user_properties.append(("version", version or "4.3.1"))
        kind = getattr(getattr(item, "cls", None), "kind", "group")
        item.user_properties.append(("capability", marker.args[0].replace("group:", f"{kind}:", 1)))


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """How much was compared, where a test counted it."""
    for report in terminalreporter.getreports("passed"):
        for name, value in report.user_properties:
            if name == "compared":
                terminalreporter.write_line(str(value))
