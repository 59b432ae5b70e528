"""`mockbroker ctl` against a cluster in the background, and `serve` with its control plane as a process."""

from __future__ import annotations

import json
import re
import signal
import socket
import subprocess
import sys
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from confluent_kafka import Producer

from mockbroker import MockCluster
from mockbroker.cli import main
from mockbroker.cli.ctl.verbs import VERBS
from mockbroker.server.http.routes import find_route
from tests.server.http_client import KafkaClient

Ctl = Callable[..., tuple[int, str, str]]


@pytest.fixture(scope="module")
def module_kafka() -> Iterator[MockCluster]:
    with MockCluster(
        brokers=3, topics={"orders": 2}, config={"default.replication.factor": 3}, seed=1
    ) as cluster:
        yield cluster


@pytest.fixture
def kafka(module_kafka: MockCluster) -> Iterator[MockCluster]:
    yield module_kafka
    module_kafka.reset()


@pytest.fixture
def ctl(kafka: MockCluster, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Ctl:
    """Does a verb: exit code, stdout, stderr."""
    monkeypatch.setenv("MOCKBROKER_CONTROL", kafka.control_url)

    def call(*arguments: str) -> tuple[int, str, str]:
        try:
            code = main(["ctl", *arguments])
        except SystemExit as ended:
            code = int(ended.code or 0)
        return code, *capsys.readouterr()

    return call


@pytest.fixture
def data(ctl: Ctl) -> Callable[..., Any]:
    """Does a verb that must succeed, and gives its JSON."""

    def call(*arguments: str) -> Any:
        code, out, err = ctl("--json", *arguments)
        assert (code, err) == (0, "")
        return json.loads(out) if out else None

    return call


@pytest.mark.parametrize("verb", [verb for verb in VERBS.values() if verb.path], ids=lambda verb: verb.name)
def test_every_verb_is_offered_by_http(verb: Any) -> None:
    names = re.sub(r"\{(\w+)\}", r"\1", verb.path).split("/")[1:]
    route = find_route(verb.method, names)
    known = {field.name for field in route.query}
    if verb.body is None and verb.do is None:
        assert set(verb.options) <= known


class TestTables:
    def test_topics_and_records(self, ctl: Ctl) -> None:
        assert ctl("create-topic", "new:3:2", "--config", "retention.ms=1000")[0] == 0
        code, out, _ = ctl("topics")
        assert code == 0
        assert out.splitlines() == [
            "TOPIC   PARTITIONS  REPLICATION  RECORDS  CONFIG",
            "new              3            2        0  retention.ms=1000",
            "orders           2            3        0  -",
        ]
        assert (
            ctl("produce", "orders", "--key", "k", "--value", "v", "--partition", "1", "--header", "a=b")[0]
            == 0
        )
        lines = ctl("records", "orders")[1].splitlines()
        assert lines[0].split() == ["PARTITION", "OFFSET", "TIME", "KEY", "VALUE", "HEADERS"]
        assert re.fullmatch(r" +1 +0  \d\d:\d\d:\d\d\.\d{3}  k    v      a=b", lines[1])
        assert "high_watermark" in ctl("partition", "orders", "1")[1]
        assert ctl("delete-topic", "new") == (0, "", "")

    def test_what_is_not_there_is_one_line(self, ctl: Ctl) -> None:
        said = "mockbroker ctl: there is no topic nope; choose from orders\n"
        assert ctl("topic", "nope") == (1, "", said)
        code, _, err = ctl("add-fault", "api=Produce", "eror=X")
        assert code == 1
        assert "a fault has no such field" in err

    @pytest.mark.parametrize(
        "arguments", [[], ["nonsense"], ["topic"], ["partition", "orders", "x"], ["wait"]]
    )
    def test_bad_usage(self, ctl: Ctl, arguments: list[str]) -> None:
        code, out, err = ctl(*arguments)
        assert (code, out) == (2, "")
        assert "usage:" in err


class TestVerbs:
    def test_records_of_a_file(self, data: Callable[..., Any], kafka: MockCluster, tmp_path: Path) -> None:
        file = tmp_path / "records.jsonl"
        file.write_text('{"value": "a", "partition": 0}\n\n{"value": {"b": 1}, "partition": 0}\n')
        assert [each["offset"] for each in data("produce", "orders", "--file", str(file))["records"]] == [
            0,
            1,
        ]
        assert [record.value for record in kafka.records("orders")] == [b"a", b'{"b":1}']

    def test_faults(self, data: Callable[..., Any], ctl: Ctl, kafka: MockCluster) -> None:
        fault = data("add-fault", "api=ApiVersions", "client_id=svc", "disconnect=true", "times=null")
        assert (fault["disconnect"], fault["client_id"]) == (True, "svc")
        code, out, _ = ctl("check-faults")
        assert code == 1
        assert "never fired" in out
        with KafkaClient(kafka.bootstrap_servers, "svc") as client, pytest.raises(ConnectionError):
            client.ask("ApiVersions", 0)
        assert data("fault", str(fault["id"]))["hits"] == 1
        assert ctl("check-faults") == (0, "ok\n", "")
        assert "ApiVersions with client_id='svc': disconnect" in ctl("faults")[1]
        data("remove-fault", str(fault["id"]))
        assert data("faults") == {"faults": []}
        stage = data("begin", "slow_broker", "broker=1")
        assert data("end", str(stage["id"]))["name"] == "slow_broker"
        assert "leader_flaps" in ctl("scenarios")[1]

    def test_brokers_clock_and_leaders(self, data: Callable[..., Any], kafka: MockCluster) -> None:
        assert data("stop", "2")["state"] == "stopped"
        assert data("start", "2")["state"] == "running"
        leader = kafka.partition("orders", 0).leader
        to = next(broker for broker in kafka.partition("orders", 0).isr if broker != leader)
        assert data("move-leader", "orders", "0", str(to))["leader"] == to
        before = data("pause")["now"]
        assert data("advance", "45")["now"] == pytest.approx(before + 45)
        assert data("resume")["is_paused"] is False

    def test_groups_and_waits(self, data: Callable[..., Any], ctl: Ctl, kafka: MockCluster) -> None:
        kafka.produce("orders", "v", partition=0)
        data("commit", "billing", "orders", "0", "0")
        assert ctl("groups")[1].splitlines()[1].split() == ["billing", "classic", "Empty", "0", "0", "1"]
        assert data("group", "billing")["lag"] == 1
        assert data("wait", "records", "topic=orders", "count=1")["found"][0]["value"] == "v"
        code, _, err = ctl("wait", "group", "group=billing", "members=1", "timeout=0")
        assert code == 1
        assert "waited 0 s for group 'billing' with members 1" in err

    def test_snapshots_and_clusters(self, data: Callable[..., Any], ctl: Ctl, kafka: MockCluster) -> None:
        snapshot = data("snapshot")
        kafka.create_topic("later", 1)
        data("restore", str(snapshot["id"]))
        assert kafka.topics() == {"orders": 2}
        made = data("add-cluster", "brokers=2", 'topics={"own": 1}')
        own = f"{kafka.control_url}{made['path']}"
        assert [topic["name"] for topic in data("topics", "--control", own)["topics"]] == ["own"]
        assert ctl("remove-cluster", str(made["id"])) == (0, "", "")
        assert ctl("reset") == (0, "", "")

    def test_the_journal(
        self, data: Callable[..., Any], ctl: Ctl, kafka: MockCluster, tmp_path: Path
    ) -> None:
        with KafkaClient(kafka.bootstrap_servers, "svc") as client:
            client.ask("ApiVersions", 0)
        code, out, err = ctl("journal", "--api", "ApiVersions", "--client-id", "s*")
        assert (code, err) == (0, "")
        assert re.fullmatch(r"\d\d:\d\d:\d\d\.\d{3} #\d+ ApiVersions v0 svc@\d+ -> broker 1: ok\n", out)
        for name in ("journal.jsonl", "journal.pcap"):
            assert ctl("journal", "--save", str(tmp_path / name)) == (0, "", "")
            assert (tmp_path / name).stat().st_size > 50
        assert ctl("journal", "--save", "x.txt")[0] == 2
        assert ctl("verify")[0] == 0
        assert ctl("lint")[0] in (0, 1)
        ctl("clear-journal")
        assert data("journal")["exchanges"] == []


#: Every verb, with what it can do in a cluster that is like new; those that undo something come after it.
EVERY_VERB = """
health; topics; topic orders; create-topic new:1; delete-topic new
produce orders --value v --partition 0; records orders
partition orders 0; pause-replication orders 0; resume-replication orders 0; producers orders 0; move-leader orders 0 1
commit billing orders 0 1; groups; group billing; move-coordinator billing; transactions; connections; brokers
stop 3; start 3; kill 3; start 3; isolate 3; heal 3; clock; pause; advance 1; resume
add-fault api=Produce error=6 required=false; faults; fault 1; remove-fault 1; clear-faults; check-faults
scenarios; begin slow_broker; end 1; journal; wait records topic=orders count=1; lint; verify
snapshot; snapshots; restore 2; clusters; add-cluster brokers=1; remove-cluster 2; clear-journal; reset
"""


class TestEveryVerb:
    @pytest.mark.parametrize("options", [(), ("--json",)], ids=["table", "json"])
    def test_it_does_what_it_is_called(self, options: tuple[str, ...]) -> None:
        tried = set()
        with MockCluster(
            brokers=3, topics={"orders": 1}, config={"default.replication.factor": 3}, seed=1
        ) as kafka:
            for line in EVERY_VERB.replace("\n", ";").split(";"):
                if line.strip():
                    verb, *arguments = line.split()
                    tried.add(verb)
                    assert main(["ctl", "--control", kafka.control_url, *options, verb, *arguments]) == 0, (
                        line
                    )
        # These two need a client's doings; they are tried below.
        assert set(VERBS) - tried == {"exchange", "fence"}

    def test_an_exchange_decoded(self, data: Callable[..., Any], ctl: Ctl, kafka: MockCluster) -> None:
        with KafkaClient(kafka.bootstrap_servers, "svc") as client:
            client.ask("Metadata", 1, topics=[])
        number = str(kafka.journal("Metadata")[-1].number)
        assert data("exchange", number)["request"] == {"topics": []}
        assert "Metadata" in ctl("exchange", number)[1]

    def test_a_fenced_producer(self, data: Callable[..., Any], ctl: Ctl, kafka: MockCluster) -> None:
        assert ctl("fence", "nobody")[0] == 1
        producer = Producer({"bootstrap.servers": kafka.bootstrap_servers, "transactional.id": "t"})
        producer.init_transactions(30)
        (before,) = data("transactions")["transactions"]
        assert ctl("fence", "t")[0] == 0
        (after,) = data("transactions")["transactions"]
        assert after["producer_epoch"] > before["producer_epoch"]


class TestConnecting:
    def test_nobody_is_there(self, ctl: Ctl) -> None:
        with socket.socket() as sock:
            sock.bind(("127.0.0.1", 0))
            port = sock.getsockname()[1]
            code, out, err = ctl("health", "--control", f"127.0.0.1:{port}")
        assert (code, out) == (1, "")
        assert err.startswith(f"mockbroker ctl: cannot reach the control plane at 127.0.0.1:{port}: ")

    def test_no_address(self, ctl: Ctl) -> None:
        assert (
            ctl("health", "--control", "https://x")[2]
            == "mockbroker ctl: http://HOST:PORT is needed, not https://x\n"
        )


class TestServe:
    @pytest.fixture
    def serve(self) -> Iterator[Callable[..., tuple[subprocess.Popen[str], str]]]:
        started: list[subprocess.Popen[str]] = []

        def start(*arguments: str) -> tuple[subprocess.Popen[str], str]:
            command = [sys.executable, "-m", "mockbroker", "serve", "--port", "0", *arguments]
            process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
            started.append(process)
            assert process.stdout is not None
            return process, process.stdout.readline()

        yield start
        for process in started:
            process.kill()
            process.communicate()

    def test_the_ready_line_says_where(self, serve: Any) -> None:
        process, ready = serve("--topic", "orders:2", "--control", "0")
        match = re.fullmatch(
            r"mockbroker ready bootstrap\.servers=(\S+) control=(http://127\.0\.0\.1:\d+)\n", ready
        )
        assert match is not None, ready
        with urllib.request.urlopen(f"{match[2]}/v1/health") as answer:
            assert json.load(answer) == {"ready": True, "bootstrap_servers": match[1]}
        follow = subprocess.Popen(
            [
                sys.executable,
                "-m",
                "mockbroker",
                "ctl",
                "journal",
                "--follow",
                "--since",
                "0",
                "--control",
                match[2],
            ],
            stdout=subprocess.PIPE,
            text=True,
        )
        with KafkaClient(match[1], "svc") as client:
            client.ask("ApiVersions", 0)
        assert follow.stdout is not None
        assert "ApiVersions v0 svc@" in follow.stdout.readline()
        # With a client that follows, too, it ends at once.
        process.send_signal(signal.SIGTERM)
        assert process.wait(timeout=2) == 0
        assert follow.wait(timeout=10) == 0
        follow.stdout.close()

    def test_none(self, serve: Any) -> None:
        assert "control=" not in serve("--no-control")[1]

    def test_with_a_token_beyond_loopback(self, serve: Any, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("MOCKBROKER_CONTROL_TOKEN", "secret")
        _, ready = serve("--control", "0.0.0.0:0")
        url = ready.partition("control=")[2].strip()
        assert main(["ctl", "topics", "--control", url]) == 0
        monkeypatch.delenv("MOCKBROKER_CONTROL_TOKEN")
        assert main(["ctl", "topics", "--control", url]) == 1
        assert main(["ctl", "topics", "--control", url, "--control-token", "secret"]) == 0

    def test_a_taken_port_is_one_line(self, capsys: pytest.CaptureFixture[str]) -> None:
        with socket.socket() as taken:
            taken.bind(("127.0.0.1", 0))
            taken.listen()
            port = taken.getsockname()[1]
            assert main(["serve", "--port", "0", "--control", str(port)]) == 1
        said = f"mockbroker serve: cannot listen on 127.0.0.1 port {port}: address already in use\n"
        assert capsys.readouterr() == ("", said)
