"""pytest fixtures: Kafka clusters for tests. docs/pytest.md shows how to use them.

    def test_orders(mock_kafka):
        producer = Producer({"bootstrap.servers": mock_kafka.bootstrap_servers})

Nothing of mockbroker is imported until a test asks for a fixture.
"""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterator
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from mockbroker.mock_cluster import MockCluster

#: Exchanges in a failure report.
_SHOWN = 50

#: The clusters that a test uses; the one that all tests share.
_used: pytest.StashKey[list[_Used]] = pytest.StashKey()
_of_the_run: pytest.StashKey[MockCluster] = pytest.StashKey()


class _Used:
    """A cluster in the hands of one test.

    Args:
        is_shared: whether other tests use it too: what they set and did is then not this one's.
    """

    def __init__(self, cluster: MockCluster, *, is_shared: bool = False) -> None:
        self.cluster = cluster
        self._is_shared = is_shared
        self._foreign = {fault.id for fault in cluster.faults()} if is_shared else set()
        self._since = cluster.journal.dropped + len(cluster.journal) if is_shared else 0

    def check(self, config: pytest.Config) -> None:
        """Fail where a fault never fired, or a client did what the test run does not put up with."""
        cluster = self.cluster
        if not cluster.is_running:
            return
        error = cluster._call(lambda: cluster._served.control.check_faults(self._foreign))
        if error is not None:
            pytest.fail(f"FaultNeverFired: {error}", pytrace=False)
        rules, ignored = _lint_rules(config)
        if rules:
            findings = cluster.lint(rules, ignored, since=self._since)
            if findings:
                pytest.fail("\n".join(["--mock-kafka-lint found:", *map(str, findings)]), pytrace=False)
        if config.getoption("--mock-kafka-verify"):
            report = cluster.verify()
            if not report:
                pytest.fail(f"--mock-kafka-verify found {report}", pytrace=False)

    def tidy(self) -> None:
        """Take the faults away that this test has set on a cluster which it shares."""
        if self._is_shared and self.cluster.is_running:
            for fault in self.cluster.faults():
                if fault.id not in self._foreign:
                    fault.remove()

    def report(self) -> str:
        """The last exchanges."""
        cluster = self.cluster
        if not cluster.is_running:
            return "the cluster was stopped"
        exchanges = cluster.journal(since=self._since)
        lines = [f"{cluster.bootstrap_servers}, {len(exchanges)} exchanges"]
        if cluster.journal.has_wrapped:
            lines[0] += f"; {cluster.journal.dropped} before them were dropped"
        lines += [f"fault {fault.id}: {fault.title}, {fault.hits} hits" for fault in cluster.faults()]
        if len(exchanges) > _SHOWN:
            lines.append(f"... {len(exchanges) - _SHOWN} earlier ones")
        lines += [f"{exchange.at:.3f} {exchange}" for exchange in exchanges[-_SHOWN:]]
        return "\n".join(lines)


def pytest_addoption(parser: pytest.Parser) -> None:
    group = parser.getgroup("mockbroker", "Kafka clusters for tests")
    text = (
        "fail a test whose clients did what these lint rules are against: names with commas between, or all; "
        "a minus before a name leaves it out"
    )
    group.addoption("--mock-kafka-lint", metavar="RULES", default=None, help=text)
    group.addoption(
        "--mock-kafka-verify",
        action="store_true",
        help="fail a test whose records were lost, duplicated, reordered or skipped",
    )
    parser.addini("mock_kafka_lint", "as --mock-kafka-lint", default="")


def pytest_configure(config: pytest.Config) -> None:
    config.addinivalue_line(
        "markers",
        "mock_kafka(brokers=1, topics={}, config={}, ...): how the cluster of `mock_kafka` is to be: the arguments of "
        "`mockbroker.MockCluster`",
    )
    _import_as_usual(config)
    if config.getoption("--mock-kafka-lint") or config.getini("mock_kafka_lint"):
        _lint_rules(config)


@pytest.fixture
def mock_kafka(request: pytest.FixtureRequest) -> Iterator[MockCluster]:
    """A fresh, empty Kafka cluster, as `@pytest.mark.mock_kafka(...)` wants it."""
    from mockbroker.mock_cluster import MockCluster

    cluster = MockCluster(**_wanted(request.node))
    try:
        _use(request.node, _Used(cluster))
        yield cluster
    finally:
        cluster.stop()


@pytest.fixture
def mock_kafka_factory(request: pytest.FixtureRequest) -> Iterator[Callable[..., MockCluster]]:
    """Makes as many Kafka clusters as are wanted: `mock_kafka_factory(brokers=3, topics={"orders": 6})`."""
    from mockbroker.mock_cluster import MockCluster

    made: list[MockCluster] = []

    def make(**options: Any) -> MockCluster:
        made.append(MockCluster(**options))
        _use(request.node, _Used(made[-1]))
        return made[-1]

    yield make
    for cluster in made:
        cluster.stop()


@pytest.fixture(scope="session")
def mock_kafka_session_options() -> dict[str, Any]:
    """The arguments of the cluster of `mock_kafka_session`; to be overridden."""
    return {}


@pytest.fixture(scope="session")
def mock_kafka_session(
    request: pytest.FixtureRequest, mock_kafka_session_options: dict[str, Any]
) -> Iterator[MockCluster]:
    """One Kafka cluster for the whole run (with pytest-xdist: for each worker)."""
    from mockbroker.mock_cluster import MockCluster

    cluster = MockCluster(**mock_kafka_session_options)
    request.config.stash[_of_the_run] = cluster
    yield cluster
    cluster.stop()


@pytest.hookimpl(wrapper=True)
def pytest_runtest_call(item: pytest.Item) -> Generator[None, Any, Any]:
    """What a test's clusters have to say against it makes it fail."""
    __tracebackhide__ = True
    if "mock_kafka_session" in getattr(item, "fixturenames", ()):
        _use(item, _Used(item.config.stash[_of_the_run], is_shared=True))
    try:
        result = yield
        for used in item.stash.get(_used, []):
            used.check(item.config)
        return result
    finally:
        for used in item.stash.get(_used, []):
            used.tidy()


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item, call: pytest.CallInfo[None]
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """A failure shows what was asked and answered."""
    report = yield
    if report.failed and call.excinfo is not None and report.when != "teardown":
        for used in item.stash.get(_used, []):
            try:
                text = used.report()
            except Exception as error:
                text = f"it cannot be shown: {error!r}"
            report.sections.append(("mock_kafka journal", text))
    return report


def _import_as_usual(config: pytest.Config) -> None:
    """Keep pytest from rewriting the assertions of this whole package.

    It does so with every package that has a plugin, which makes the first import of ours take three times as long.
    There is no public way to say no; where pytest has changed, it is only slower.
    """
    hook = getattr(config.pluginmanager, "rewrite_hook", None)
    marked = getattr(hook, "_must_rewrite", None)
    if isinstance(marked, set):
        marked.difference_update(("mockbroker", "protocol_specs"))
        cache = getattr(hook, "_marked_for_rewrite_cache", None)
        if isinstance(cache, dict):
            cache.clear()


def _use(item: Any, used: _Used) -> None:
    item.stash.setdefault(_used, []).append(used)


def _wanted(item: Any) -> dict[str, Any]:
    """The arguments of all marks, those nearest to the test last."""
    wanted: dict[str, Any] = {}
    for mark in reversed(list(item.iter_markers("mock_kafka"))):
        if mark.args:
            raise pytest.UsageError(f"{item.nodeid}: mark.mock_kafka takes arguments by their names only")
        wanted.update(mark.kwargs)
    return wanted


def _lint_rules(config: pytest.Config) -> tuple[list[str], list[str]]:
    """The rules that count, and those that are left out."""
    text = config.getoption("--mock-kafka-lint")
    if text is None:
        text = config.getini("mock_kafka_lint")
    names = [name.strip() for name in str(text).split(",") if name.strip()]
    chosen = [name for name in names if not name.startswith("-")]
    left_out = [name[1:] for name in names if name.startswith("-")]
    if names:
        from mockbroker.control.lint import rule_names

        try:
            rule_names(chosen)
            rule_names(left_out)
        except ValueError as error:
            raise pytest.UsageError(f"--mock-kafka-lint: {error}") from None
    return (chosen or ["all"] if names else []), left_out
