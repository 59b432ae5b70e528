"""The fixtures, in test runs of their own."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from mockbroker import pytest_plugin

pytest_plugins = ["pytester"]

ROOT = Path(__file__).parent.parent

#: A client in a few lines: one request, and its answer.
CLIENT = """
import socket, struct

def ask(bootstrap_servers, key=18, version=0, body=b"", client_id=b"tested"):
    host, port = bootstrap_servers.split(",")[0].rsplit(":", 1)
    with socket.create_connection((host, int(port)), timeout=5) as sock:
        request = struct.pack(">hhih", key, version, 7, len(client_id)) + client_id + body
        sock.sendall(struct.pack(">i", len(request)) + request)
        (size,) = struct.unpack(">i", sock.recv(4, socket.MSG_WAITALL))
        return sock.recv(size, socket.MSG_WAITALL)

def produce(bootstrap_servers, topic, value, acks=1):
    from protocol_specs.produce import PRODUCE
    from protocol_specs.record_batch import Record, build_batch
    schema = PRODUCE.request.topic_data
    data = schema.partition_data(index=0, records=build_batch([Record(0, 1, None, value, [])]))
    message = PRODUCE.request(
        transactional_id=None, acks=acks, timeout_ms=1000,
        topic_data=[schema(name=topic, partition_data=[data])],
    )
    return ask(bootstrap_servers, 0, 3, PRODUCE.request[3].build(message))
"""

Run = Callable[..., pytest.RunResult]


@pytest.fixture
def run(pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch) -> Run:
    """Runs the tests of one file; options are pytest's."""
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join([str(ROOT), str(pytester.path)]))
    monkeypatch.setenv("PYTEST_DISABLE_PLUGIN_AUTOLOAD", "1")
    monkeypatch.delenv("PYTEST_XDIST_WORKER", raising=False)
    pytester.makepyfile(client=CLIENT)

    def run(text: str, *options: str) -> pytest.RunResult:
        pytester.makepyfile(test_it=text)
        return pytester.runpytest_subprocess("-p", "mockbroker.pytest_plugin", *options)

    return run


class TestFixtures:
    def test_each_test_has_a_cluster_of_its_own(self, run: Run) -> None:
        result = run(
            """
            from client import ask
            seen = []

            def test_one(mock_kafka):
                assert ask(mock_kafka.bootstrap_servers)
                mock_kafka.create_topic("orders")
                seen.append(mock_kafka)

            def test_two(mock_kafka):
                assert mock_kafka is not seen[0]
                assert mock_kafka.topics() == {}
                assert not seen[0].is_running
            """
        )
        result.assert_outcomes(passed=2)

    def test_the_mark(self, run: Run) -> None:
        result = run(
            """
            import pytest

            pytestmark = pytest.mark.mock_kafka(topics={"of-the-module": 1})

            @pytest.mark.mock_kafka(brokers=3, topics={"orders": 6}, config={"num.partitions": 4}, seed=7)
            def test_one(mock_kafka):
                assert len(mock_kafka.bootstrap_servers.split(",")) == 3
                assert mock_kafka.topics() == {"orders": 6}
                mock_kafka.create_topic("new")
                assert mock_kafka.topics()["new"] == 4

            @pytest.mark.mock_kafka(brokers=2)
            class TestClass:
                def test_two(self, mock_kafka):
                    assert len(mock_kafka.bootstrap_servers.split(",")) == 2
                    assert mock_kafka.topics() == {"of-the-module": 1}
            """,
            "--strict-markers",
        )
        result.assert_outcomes(passed=2)

    def test_a_mark_that_is_wrong(self, run: Run) -> None:
        result = run(
            """
            import pytest

            @pytest.mark.mock_kafka(3)
            def test_one(mock_kafka):
                pass

            @pytest.mark.mock_kafka(config={"num.partitons": 3})
            def test_two(mock_kafka):
                pass
            """
        )
        result.assert_outcomes(errors=2)
        result.stdout.fnmatch_lines(
            ["*mark.mock_kafka takes arguments by their names only*", "*num.partitons*"]
        )

    def test_a_factory(self, run: Run) -> None:
        result = run(
            """
            made = []

            def test_one(mock_kafka_factory):
                made.extend(mock_kafka_factory(topics=[name]) for name in ("a", "b"))
                assert [list(kafka.topics()) for kafka in made] == [["a"], ["b"]]

            def test_two():
                assert not any(kafka.is_running for kafka in made)
            """
        )
        result.assert_outcomes(passed=2)

    def test_one_for_the_run(self, run: Run) -> None:
        result = run(
            """
            import pytest

            @pytest.fixture(scope="session")
            def mock_kafka_session_options():
                return {"topics": ["orders"]}

            @pytest.fixture(scope="module")
            def filled(mock_kafka_session):
                mock_kafka_session.produce("orders", b"v")
                return mock_kafka_session

            def test_one(filled):
                assert len(filled.records("orders")) == 1

            def test_two(mock_kafka_session):
                assert len(mock_kafka_session.records("orders")) == 1
                mock_kafka_session.reset()
                assert mock_kafka_session.topics() == {"orders": 1}
                assert mock_kafka_session.records("orders") == []
            """
        )
        result.assert_outcomes(passed=2)

    def test_nothing_is_imported_before_a_fixture_is_used(self) -> None:
        code = (
            "import sys, pytest\n"
            "before = set(sys.modules)\n"
            "import mockbroker.pytest_plugin\n"
            "print(*sorted(name for name in set(sys.modules) - before))"
        )
        environment = {**os.environ, "PYTHONPATH": str(ROOT)}
        found = subprocess.run(
            [sys.executable, "-c", code], capture_output=True, text=True, check=True, env=environment
        )
        assert set(found.stdout.split()) <= {"mockbroker", "mockbroker.pytest_plugin", "mockbroker.version"}

    def test_pytest_does_not_rewrite_our_assertions(self, pytestconfig: pytest.Config) -> None:
        hook = getattr(pytestconfig.pluginmanager, "rewrite_hook")  # noqa: B009
        marked = hook._must_rewrite
        before = set(marked)
        marked.update({"mockbroker", "protocol_specs", "others"})
        try:
            pytest_plugin._import_as_usual(pytestconfig)
            assert marked - before == {"others"}
        finally:
            marked.clear()
            marked.update(before)

    def test_it_is_registered(self) -> None:
        import tomllib

        with (ROOT / "pyproject.toml").open("rb") as file:
            project = tomllib.load(file)["project"]
        assert project["entry-points"]["pytest11"] == {"mockbroker": "mockbroker.pytest_plugin"}


class TestFailures:
    def test_a_failure_shows_the_journal(self, run: Run) -> None:
        result = run(
            """
            from client import ask, produce

            def test_one(mock_kafka):
                mock_kafka.create_topic("orders")
                mock_kafka.fault(api="Fetch", error=6, required=False)
                ask(mock_kafka.bootstrap_servers)
                produce(mock_kafka.bootstrap_servers, "orders", b"v")
                assert False
            """
        )
        result.assert_outcomes(failed=1)
        result.stdout.fnmatch_lines(
            [
                "*- mock_kafka journal -*",
                "127.0.0.1:*, 2 exchanges",
                "fault 1: Fetch: error NOT_LEADER_OR_FOLLOWER, 0 hits",
                "*#0 ApiVersions v0 tested@1 -> broker 1: ok",
                "*#1 Produce v3 tested@2 -> broker 1 (orders-0): ok",
            ]
        )

    def test_only_the_last_exchanges_are_shown(self, run: Run) -> None:
        result = run(
            """
            from client import ask

            def test_one(mock_kafka):
                for _ in range(60):
                    ask(mock_kafka.bootstrap_servers)
                assert False
            """
        )
        result.stdout.fnmatch_lines(["*, 60 exchanges", "... 10 earlier ones", "*#10 *", "*#59 *"])
        result.stdout.no_fnmatch_line("*#9 ApiVersions*")

    def test_a_fault_that_never_fired(self, run: Run) -> None:
        result = run(
            """
            from client import produce

            def test_one(mock_kafka):
                mock_kafka.create_topic("orders")
                mock_kafka.fault(api="Produce", topic="payments", error="REQUEST_TIMED_OUT")
                produce(mock_kafka.bootstrap_servers, "orders", b"v")

            def test_two(mock_kafka_factory):
                mock_kafka_factory().fault(api="Produce", error=6)

            def test_three(mock_kafka):
                mock_kafka.fault(api="Produce", error=6)
                raise ValueError("another error")

            def test_four(mock_kafka):
                mock_kafka.fault(api="Produce", error=6)
                mock_kafka.stop()
            """
        )
        result.assert_outcomes(failed=3, passed=1)
        result.stdout.fnmatch_lines(
            [
                "*FaultNeverFired: a fault never fired: Produce with topic='payments': error REQUEST_TIMED_OUT",
                "*about orders-0: topic is not 'payments'",
            ]
        )
        assert result.stdout.str().count("FaultNeverFired: a fault never fired") == 4

    def test_faults_on_the_cluster_of_the_run_belong_to_their_tests(self, run: Run) -> None:
        result = run(
            """
            from client import ask

            def test_one(mock_kafka_session):
                mock_kafka_session.fault(api="Produce", error=6)

            def test_two(mock_kafka_session):
                assert mock_kafka_session.faults() == []
                ask(mock_kafka_session.bootstrap_servers)

            def test_three(mock_kafka_session):
                ask(mock_kafka_session.bootstrap_servers)
                assert False
            """
        )
        result.assert_outcomes(failed=2, passed=1)
        result.stdout.fnmatch_lines(["127.0.0.1:*, 1 exchanges", "*#1 ApiVersions*"])


class TestOptions:
    LINTED = """
        from client import produce

        def test_one(mock_kafka):
            mock_kafka.create_topic("orders")
            produce(mock_kafka.bootstrap_servers, "orders", b"v")

        def test_two(mock_kafka):
            pass
        """

    @pytest.mark.parametrize(
        ("option", "failed"),
        [("all", 1), ("acks_1", 1), ("acks_0", 0), ("all,-acks_1,-no_idempotence", 0), ("-acks_1", 1)],
    )
    def test_lint(self, run: Run, option: str, failed: int) -> None:
        result = run(self.LINTED, f"--mock-kafka-lint={option}")
        result.assert_outcomes(failed=failed, passed=2 - failed)
        if failed:
            result.stdout.fnmatch_lines(
                ["*--mock-kafka-lint found:", "*client 'tested' sent 1 Produce requests*"]
            )

    def test_lint_from_the_ini_file(self, run: Run, pytester: pytest.Pytester) -> None:
        pytester.makeini("[pytest]\nmock_kafka_lint = acks_1")
        run(self.LINTED).assert_outcomes(failed=1, passed=1)

    def test_a_rule_that_there_is_not(self, run: Run) -> None:
        result = run(self.LINTED, "--mock-kafka-lint=acks")
        assert result.ret == pytest.ExitCode.USAGE_ERROR
        result.stderr.fnmatch_lines(
            ["*--mock-kafka-lint: rules: there is no rule 'acks'; choose from acks_0*"]
        )

    def test_verify(self, run: Run) -> None:
        result = run(
            """
            import pytest
            from client import produce, ask

            def test_one(mock_kafka):
                mock_kafka.create_topic("orders")
                mock_kafka.fault(api="Produce", error="NOT_LEADER_OR_FOLLOWER")
                for value in (b"first", b"second", b"first"):
                    produce(mock_kafka.bootstrap_servers, "orders", value)
            """,
            "--mock-kafka-verify",
        )
        result.assert_outcomes(failed=1)
        result.stdout.fnmatch_lines(["*--mock-kafka-verify found 1 violations*", "*reordered: orders-0*"])

    def test_xdist(self, run: Run) -> None:
        result = run(
            """
            import pytest
            from client import ask

            @pytest.mark.parametrize("number", range(8))
            def test_it(mock_kafka, mock_kafka_session, number):
                mock_kafka.create_topic(f"topic-{number}")
                assert ask(mock_kafka.bootstrap_servers)
                assert mock_kafka.topics() == {f"topic-{number}": 1}
                assert number != 5
            """,
            "-p",
            "xdist",
            "-n",
            "2",
        )
        result.assert_outcomes(passed=7, failed=1)
        result.stdout.fnmatch_lines(["*- mock_kafka journal -*", "*#0 ApiVersions v0*"])


class TestCompany:
    def test_asyncio_trio_threads_and_subprocesses(self, run: Run) -> None:
        result = run(
            """
            import asyncio, subprocess, sys, threading
            import trio
            from client import ask

            def test_asyncio(mock_kafka):
                async def main():
                    answers = await asyncio.gather(
                        *(asyncio.to_thread(ask, mock_kafka.bootstrap_servers) for _ in range(5))
                    )
                    assert all(answers)
                    found = await asyncio.to_thread(mock_kafka.wait_until_requests, 5)
                    assert len(found) == 5
                asyncio.run(main())

            def test_trio(mock_kafka):
                async def main():
                    assert await trio.to_thread.run_sync(ask, mock_kafka.bootstrap_servers)
                trio.run(main)

            def test_threads(mock_kafka):
                threads = [threading.Thread(target=ask, args=(mock_kafka.bootstrap_servers,)) for _ in range(5)]
                for thread in threads:
                    thread.start()
                for thread in threads:
                    thread.join()
                assert len(mock_kafka.journal(api="ApiVersions")) == 5

            def test_subprocess(mock_kafka):
                code = "import sys, client; assert client.ask(sys.argv[1])"
                subprocess.run([sys.executable, "-c", code, mock_kafka.bootstrap_servers], check=True)
                (exchange,) = mock_kafka.wait_until_requests(1, api="ApiVersions")
                assert exchange.client_id == "tested"
            """
        )
        result.assert_outcomes(passed=4)

    def test_it_is_ready_in_a_moment(self, run: Run) -> None:
        result = run(
            """
            import time
            import pytest

            @pytest.mark.parametrize("number", range(20))
            def test_it(request, number):
                began = time.process_time()
                request.getfixturevalue("mock_kafka")
                took = time.process_time() - began
                assert number == 0 or took < 0.02
            """
        )
        result.assert_outcomes(passed=20)
