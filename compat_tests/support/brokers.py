"""The brokers that the tests may run against: ours, a real Apache Kafka, or one that somebody else started."""

from __future__ import annotations

import re
import socket
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

from compat_tests.support.processes import Running, poll
from compat_tests.support.toolchains import java, kafka_jars, require

READY = re.compile(r"^mockbroker ready bootstrap\.servers=(\S+)", re.MULTILINE)


@dataclass(frozen=True)
class Broker:
    """Where clients connect."""

    bootstrap_servers: str
    is_real: bool = False
    pids: Sequence[int] = ()

    @property
    def first(self) -> str:
        """host:port of the first broker alone, for tools that take only one."""
        return self.bootstrap_servers.split(",")[0]


@contextmanager
def mockbroker(
    directory: Path, *, brokers: int, properties: Sequence[str] = (), options: Sequence[str] = ()
) -> Iterator[Broker]:
    """`mockbroker serve` on free ports; its end must be clean and its log without a traceback."""
    command = [
        sys.executable,
        "-m",
        "mockbroker",
        "serve",
        "--port",
        "0",
        "--brokers",
        str(brokers),
        *options,
    ]
    if properties:
        directory.mkdir(parents=True, exist_ok=True)
        config = directory / "server.properties"
        config.write_text("\n".join(properties) + "\n")
        command += ["--config", str(config)]
    server = Running(command, directory, name="mockbroker")
    try:
        ready = server.wait_for(READY.search, within=30, what="the ready line")
        yield Broker(ready[1])
        assert server.process.poll() is None, f"died: {server.story}"
    finally:
        code = server.stop()
    assert code == 0, f"unclean end: {server.story}"
    assert "Traceback" not in server.stderr, server.story


def free_ports(count: int) -> list[int]:
    """Ports that nobody listens on now."""
    with ExitStack() as stack:
        sockets = [stack.enter_context(socket.create_server(("127.0.0.1", 0))) for _ in range(count)]
        return [server.getsockname()[1] for server in sockets]


def node_properties(node: int, ports: Sequence[int], directory: Path, properties: Sequence[str]) -> str:
    """server.properties of one combined broker and controller. `ports`: of each node its own and its controller's."""
    own, controller = ports[2 * node - 2 : 2 * node]
    voters = ",".join(f"{n}@127.0.0.1:{port}" for n, port in enumerate(ports[1::2], 1))
    factor = min(3, len(ports) // 2)
    lines = [
        "process.roles=broker,controller",
        f"node.id={node}",
        f"listeners=PLAINTEXT://127.0.0.1:{own},CONTROLLER://127.0.0.1:{controller}",
        f"advertised.listeners=PLAINTEXT://127.0.0.1:{own}",
        "controller.listener.names=CONTROLLER",
        "listener.security.protocol.map=CONTROLLER:PLAINTEXT,PLAINTEXT:PLAINTEXT",
        f"controller.quorum.voters={voters}",
        f"log.dirs={directory / f'data-{node}'}",
        f"offsets.topic.replication.factor={factor}",
        f"transaction.state.log.replication.factor={factor}",
        f"transaction.state.log.min.isr={min(2, factor)}",
        f"share.coordinator.state.topic.replication.factor={factor}",
        f"share.coordinator.state.topic.min.isr={min(2, factor)}",
        "group.initial.rebalance.delay.ms=100",
        *properties,
    ]
    return "\n".join(lines) + "\n"


def start_node(config: Path, directory: Path, name: str) -> tuple[Running, Path]:
    """Formats an empty log directory and starts one node on it; returns with its log file, before it is ready."""
    classpath = ["-cp", f"{kafka_jars()}/*"]
    storage = [*java("256m"), *classpath, "kafka.tools.StorageTool", "format"]
    storage += ["-t", "bW9ja2Jyb2tlci10ZXN0cw", "-c", str(config)]
    subprocess.run(storage, check=True, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
    log = directory / f"{name}.log"
    logging = ("-Dorg.slf4j.simpleLogger.defaultLogLevel=info", f"-Dorg.slf4j.simpleLogger.logFile={log}")
    server = [*java("640m", *logging), *classpath, "kafka.Kafka", str(config)]
    return Running(server, directory, name=name), log


def wait_until_started(server: Running, log: Path) -> None:
    """Waits for the line with which a node says that it is ready."""

    def started() -> bool | None:
        assert server.process.poll() is None, server.story
        return True if log.exists() and "Kafka Server started" in log.read_text(errors="replace") else None

    poll(started, within=90, what=f"Kafka's start, see {log}")


@contextmanager
def real_kafka(directory: Path, *, brokers: int, properties: Sequence[str] = ()) -> Iterator[Broker]:
    """An Apache Kafka of its own, from Maven's jars, with empty logs, on free ports."""
    require("java")
    directory.mkdir(parents=True, exist_ok=True)
    ports = free_ports(2 * brokers)
    nodes: list[tuple[Running, Path]] = []
    try:
        for node in range(1, brokers + 1):
            config = directory / f"server-{node}.properties"
            config.write_text(node_properties(node, ports, directory, properties))
            nodes.append(start_node(config, directory, f"kafka-{node}"))
        for server, log in nodes:
            wait_until_started(server, log)
        pids = [server.process.pid for server, _ in nodes]
        yield Broker(",".join(f"127.0.0.1:{port}" for port in ports[::2]), is_real=True, pids=pids)
    finally:
        for server, _ in nodes:
            server.process.terminate()
        for server, _ in nodes:
            server.stop(within=20)
