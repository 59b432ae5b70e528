"""The container's parts, without a container engine: the entrypoint as a process, the Dockerfile as a text."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from mockbroker.cli.container import arguments_of
from tests.server.http_client import KafkaClient

ROOT = Path(__file__).parents[2]
CONTROL = ["--control", "127.0.0.1:9099"]


class TestEnvironment:
    @pytest.mark.parametrize(
        ("environment", "expected"),
        [
            ({}, []),
            ({"KAFKA_NUM_PARTITIONS": "3"}, ["--set", "num.partitions=3"]),
            ({"KAFKA_A__B___C_D": "x"}, ["--set", "a_b-c.d=x"]),
            ({"KAFKA_HEAP_OPTS": "-Xmx1g", "KAFKA_LOG4J_ROOT_LOGLEVEL": "INFO", "KAFKA_JMX_PORT": "1"}, []),
            (
                {"KAFKA_SERVICE_HOST": "10.0.0.1", "KAFKA_PORT": "tcp://1", "KAFKA_PORT_9092_TCP_ADDR": "1"},
                [],
            ),
            ({"HOME": "/", "NUM_PARTITIONS": "3"}, []),
            (
                {
                    "KAFKA_PROCESS_ROLES": "broker,controller",
                    "KAFKA_NODE_ID": "5",
                    "KAFKA_CONTROLLER_QUORUM_VOTERS": "1@localhost:9093",
                    "KAFKA_CONTROLLER_LISTENER_NAMES": "CONTROLLER",
                    "KAFKA_LISTENER_SECURITY_PROTOCOL_MAP": "PLAINTEXT:PLAINTEXT,CONTROLLER:PLAINTEXT",
                    "KAFKA_LISTENERS": "CONTROLLER://:9093,PLAINTEXT://:19092",
                    "KAFKA_ADVERTISED_LISTENERS": "PLAINTEXT://localhost:29092",
                },
                ["--port", "19092", "--advertise", "localhost:29092", "--set", "node.id=5"],
            ),
            (
                {"MOCKBROKER_BROKERS": "3", "MOCKBROKER_ADVERTISE": "kafka", "MOCKBROKER_TOPICS": "a:1, b"},
                ["--advertise", "kafka", "--brokers", "3", "--topic", "a:1", "--topic", "b"],
            ),
        ],
    )
    def test_variables_are_arguments(self, environment: dict[str, str], expected: list[str]) -> None:
        assert arguments_of(environment) == ["--host", "0.0.0.0", *expected, *CONTROL]

    def test_with_a_token_the_control_plane_is_reached_from_outside(self) -> None:
        assert arguments_of({"MOCKBROKER_CONTROL_TOKEN": "x"})[-1] == "0.0.0.0:9099"

    @pytest.mark.parametrize("listener", ["nonsense", "PLAINTEXT://host"])
    def test_a_listener_that_is_none(self, listener: str) -> None:
        with pytest.raises(ValueError, match="NAME://HOST:PORT"):
            arguments_of({"KAFKA_LISTENERS": listener})


Start = Callable[..., "subprocess.Popen[str]"]


@pytest.fixture
def start() -> Iterator[Start]:
    started: list[subprocess.Popen[str]] = []

    def run(*arguments: str, **variables: str) -> subprocess.Popen[str]:
        path = f"{Path(sys.executable).parent}{os.pathsep}{os.defpath}"
        process = subprocess.Popen(
            [str(ROOT / "docker" / "entrypoint"), *arguments],
            env={"PATH": path, "PYTHONPATH": str(ROOT), **variables},
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        started.append(process)
        return process

    yield run
    for process in started:
        process.kill()
        process.communicate()


class TestEntrypoint:
    def test_serves_as_the_environment_says_and_stops_at_once(self, start: Start) -> None:
        variables = {"KAFKA_NUM_PARTITIONS": "3", "MOCKBROKER_TOPICS": "orders", "MOCKBROKER_PORT": "0"}
        process = start("--control", "127.0.0.1:0", MOCKBROKER_ADVERTISE="127.0.0.1", **variables)
        assert process.stdout is not None
        ready = process.stdout.readline()
        match = re.fullmatch(r"mockbroker ready bootstrap\.servers=(\S+) control=(\S+)\n", ready)
        assert match is not None, (ready, process.communicate())
        with KafkaClient(match[1], "svc") as client:
            (topic,) = client.ask("Metadata", 1, topics=None).topics
        assert (topic.name, len(topic.partitions)) == ("orders", 3)
        # What the health check does.
        check = start("ctl", "--control", match[2], "health")
        assert check.wait(timeout=20) == 0
        with urllib.request.urlopen(f"{match[2]}/v1/health") as answer:
            assert json.load(answer)["ready"] is True
        process.send_signal(signal.SIGTERM)
        assert process.wait(timeout=2) == 0

    def test_the_health_check_fails_where_nobody_serves(self, start: Start) -> None:
        process = start("ctl", "--control", "http://127.0.0.1:9", "health")
        assert process.wait(timeout=20) == 1

    def test_other_commands(self, start: Start) -> None:
        assert start("version").communicate(timeout=20)[0].startswith("mockbroker ")
        assert start("echo", "hello").communicate(timeout=20)[0] == "hello\n"

    @pytest.mark.parametrize(
        ("variables", "said"),
        [({"KAFKA_LISTENERS": "x"}, "NAME://HOST:PORT"), ({"KAFKA_NUM_PARTITONS": "3"}, "num.partitons")],
    )
    def test_what_is_wrong_is_said(self, start: Start, variables: dict[str, str], said: str) -> None:
        process = start("serve", "--port", "0", **variables)
        _, err = process.communicate(timeout=20)
        assert process.returncode == 2
        assert said in err


class TestDockerfile:
    def test_it_is_as_it_should_be(self) -> None:
        text = (ROOT / "docker" / "Dockerfile").read_text()
        lines = [line.split() for line in text.replace("\\\n", " ").splitlines() if line and line[0] != "#"]
        by_name: dict[str, list[list[str]]] = {}
        for name, *rest in lines:
            by_name.setdefault(name, []).append(rest)
        assert [base for base, *_ in by_name["FROM"]] == ["python:3.12-slim"] * 2
        assert by_name["USER"] == [["10001"]]
        assert by_name["STOPSIGNAL"] == [["SIGTERM"]]
        assert by_name["EXPOSE"] == [["9092", "9099"]]
        for name in ("ENTRYPOINT", "HEALTHCHECK"):
            command = " ".join(by_name[name][-1])
            assert json.loads(command[command.index("[") :])
        for sources in by_name["COPY"]:
            names = [each for each in sources[:-1] if not each.startswith("--")]
            if not sources[0].startswith("--from"):
                assert all((ROOT / name).exists() for name in names)

    def test_the_entrypoint_can_be_run(self) -> None:
        assert os.access(ROOT / "docker" / "entrypoint", os.X_OK)
