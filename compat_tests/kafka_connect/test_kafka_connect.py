"""Connect standalone: a file becomes a topic, and a topic becomes a file; a restart goes on where it was."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest

from compat_tests.kafka_cli.cli import Cli
from compat_tests.support import jvm
from compat_tests.support.brokers import Broker
from compat_tests.support.processes import Running, poll

FOLDER = Path(__file__).parent
MAIN = "org.apache.kafka.connect.cli.ConnectStandalone"
WORKER = {
    "key.converter": "org.apache.kafka.connect.storage.StringConverter",
    "value.converter": "org.apache.kafka.connect.json.JsonConverter",
    "value.converter.schemas.enable": "true",
    "offset.flush.interval.ms": "200",
    "consumer.auto.offset.reset": "earliest",
    "plugin.discovery": "service_load",
    "listeners": "http://127.0.0.1:0",
}


def properties(path: Path, config: Mapping[str, str]) -> str:
    path.write_text("".join(f"{key}={value}\n" for key, value in config.items()))
    return str(path)


class Connect:
    """A standalone worker with a file source and a file sink."""

    def __init__(self, broker: Broker, directory: Path) -> None:
        self.broker = broker
        self.directory = directory
        self.input = directory / "input.txt"
        self.output = directory / "output.txt"
        self.runs = 0
        self.running: Running | None = None

    def start(self) -> Running:
        """Starts the worker; its offsets are in a file that stays."""
        worker = {
            **WORKER,
            "bootstrap.servers": self.broker.bootstrap_servers,
            "offset.storage.file.filename": str(self.directory / "offsets"),
        }
        source = {
            "name": "file-source",
            "connector.class": "org.apache.kafka.connect.file.FileStreamSourceConnector",
            "file": str(self.input),
            "topic": "connected",
        }
        sink = {
            "name": "file-sink",
            "connector.class": "org.apache.kafka.connect.file.FileStreamSinkConnector",
            "file": str(self.output),
            "topics": "connected",
        }
        files = [
            properties(self.directory / f"{name}.properties", config)
            for name, config in (("worker", worker), ("source", source), ("sink", sink))
        ]
        self.runs += 1
        command = jvm.run(FOLDER, MAIN, *files, heap="320m")
        self.running = Running(command, self.directory, name=f"connect-{self.runs}")
        return self.running

    def written(self, *lines: str, within: float = 60) -> None:
        """Waits until the sink's file has these lines and no others."""

        def there() -> bool | None:
            assert self.running is not None
            assert self.running.process.poll() is None, self.running.story
            return (
                True
                if self.output.exists() and len(self.output.read_text().splitlines()) >= len(lines)
                else None
            )

        poll(there, within=within, what=lambda: f"{lines} written: {self.running and self.running.story}")
        assert self.output.read_text().splitlines() == list(lines)

    def stop(self) -> None:
        if self.running is not None:
            assert self.running.stop(within=20) in (0, 143), self.running.story


@pytest.fixture
def connect(kafka: Broker, tmp_path: Path) -> Iterator[Connect]:
    worker = Connect(kafka, tmp_path)
    yield worker
    worker.stop()


@pytest.mark.shows("standalone, file source and file sink")
def test_a_file_is_copied_through_a_topic(cli: Cli, connect: Connect) -> None:
    connect.input.write_text("one\ntwo\n")
    connect.start()
    connect.written("one", "two")
    with connect.input.open("a") as more:
        more.write("three\n")
    connect.written("one", "two", "three")
    schema = '{"type":"string","optional":false}'
    cli("kafka-console-consumer -B --topic connected --from-beginning --max-messages 3").prints(
        "\n".join(f'{{"schema":{schema},"payload":"{word}"}}' for word in ("one", "two", "three")),
        err="Processed a total of 3 messages",
    )
    connect.stop()
    described = cli("kafka-consumer-groups -B --describe --group connect-file-sink --offsets").stdout
    assert any(line.startswith("connect-file-sink connected 0 3 3 0") for line in described), described
    with connect.input.open("a") as more:
        more.write("four\n")
    connect.start()
    connect.written("one", "two", "three", "four")
