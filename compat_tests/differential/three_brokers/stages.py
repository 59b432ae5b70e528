"""The two clusters: three controllers and three brokers each, with the same ids, whose brokers come and go."""

from __future__ import annotations

import signal
import subprocess
from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from compat_tests.differential.peer import CLOSED, Peer
from compat_tests.differential.three_brokers.relays import Relays
from compat_tests.support.brokers import Broker, free_ports, wait_until_started
from compat_tests.support.processes import Running, poll
from compat_tests.support.toolchains import java, kafka_jars, require
from mockbroker import MockCluster

__all__ = ["BROKERS", "KafkaStage", "MockStage", "Stage"]

BROKERS = (1, 2, 3)
#: Those that mockbroker has beside its brokers.
_CONTROLLERS = (3000, 3001, 3002)
_RACKS = {1: "north", 2: "south", 3: "west"}
_CLUSTER_ID = "bW9ja2Jyb2tlci10ZXN0cw"
_DIRECTORIES = {
    3000: "JEXY6aqzQY-32P5TStzaFg",
    3001: "MvDxzVmcRsaTz33bUuRU6A",
    3002: "07R5amHmR32VDA6jHkGbTA",
}

#: Nothing moves but by a step of a walk; a broker that is gone is missed soon.
CONFIG: Mapping[str, str] = {
    "auto.leader.rebalance.enable": "false",
    "broker.session.timeout.ms": "9000",
    "group.initial.rebalance.delay.ms": "0",
    "replica.lag.time.max.ms": "5000",
    "offsets.topic.num.partitions": "6",
    "transaction.state.log.num.partitions": "6",
    "share.coordinator.state.topic.num.partitions": "6",
    "replica.selector.class": "org.apache.kafka.common.replica.RackAwareReplicaSelector",
}


class Stage(ABC):
    """A cluster in the hands of a walk.

    Attributes:
        broker: all three, for tools.
    """

    name: str
    broker: Broker

    def __init__(self) -> None:
        self._peers: dict[int, Peer] = {}

    def peer(self, broker: int) -> Peer:
        """A connection to one broker."""
        if broker not in self._peers:
            self._peers[broker] = Peer(self.broker.bootstrap_servers.split(",")[broker - 1], timeout=70)
        return self._peers[broker]

    def servers(self, brokers: Sequence[int]) -> str:
        """Where some of the brokers are, as --bootstrap-server wants it."""
        addresses = self.broker.bootstrap_servers.split(",")
        return ",".join(addresses[broker - 1] for broker in brokers)

    def restore(self) -> None:
        """Have all brokers run and in touch again."""
        for broker in BROKERS:
            self.heal(broker)
            self.start(broker)

    def clear(self) -> None:
        """Delete all topics but internal ones."""

        def left() -> list[str]:
            answer = self.peer(1).ask("Metadata", 12, {"topics": None})
            return [topic["name"] for topic in answer["topics"] if not topic["is_internal"]]

        topics = [{"name": name} for name in left()]
        self.peer(1).ask("DeleteTopics", 6, {"topics": topics, "timeout_ms": 10_000})
        poll(lambda: None if left() else True, within=30, what="the end of all topics")

    @abstractmethod
    def stop(self, broker: int) -> None:
        """A controlled shutdown; returns when it is over."""

    @abstractmethod
    def kill(self, broker: int) -> None: ...

    @abstractmethod
    def start(self, broker: int) -> None:
        """Start it again, if it does not run; returns when it answers."""

    @abstractmethod
    def isolate(self, broker: int) -> None:
        """Cut it off from controllers and other brokers, not from clients."""

    @abstractmethod
    def heal(self, broker: int) -> None: ...

    @abstractmethod
    def close(self) -> None: ...


class MockStage(Stage):
    """Ours."""

    name = "mockbroker"

    def __init__(self, port: int = 0) -> None:
        super().__init__()
        self._cluster = MockCluster(brokers=3, port=port, racks=tuple(_RACKS.values()), config=CONFIG)
        self._cluster.__enter__()
        self.broker = Broker(self._cluster.bootstrap_servers)

    def stop(self, broker: int) -> None:
        self._cluster.broker(broker).stop()

    def kill(self, broker: int) -> None:
        self._cluster.broker(broker).kill()

    def start(self, broker: int) -> None:
        self._cluster.broker(broker).start()

    def isolate(self, broker: int) -> None:
        self._cluster.broker(broker).isolate()

    def heal(self, broker: int) -> None:
        self._cluster.broker(broker).heal()

    def close(self) -> None:
        self._cluster.__exit__(None, None, None)


class KafkaStage(Stage):
    """A real one: six processes.

    Args:
        port: the first of fifteen that are free; 0: any.
    """

    name = "kafka"

    def __init__(self, directory: Path, port: int = 0) -> None:
        super().__init__()
        require("java")
        self._directory = directory
        directory.mkdir(parents=True, exist_ok=True)
        ports = list(range(port, port + 15)) if port else free_ports(15)
        nodes = (*BROKERS, *_CONTROLLERS)
        clients, self._own, outer = ports[:3], dict(zip(nodes, ports[3:9], strict=True)), ports[9:]
        self._outer = dict(zip(nodes, outer, strict=True))
        self._clients = dict(zip(BROKERS, clients, strict=True))
        self.broker = Broker(",".join(f"127.0.0.1:{one}" for one in clients), is_real=True)
        self._running: dict[int, Running] = {}
        self._starts = 0
        self._relays = Relays(self._pid_of)
        for node in nodes:
            self._relays.add(node, self._outer[node], self._own[node])
        try:
            logs = [(node, self._launch(node, is_new=True)) for node in (*_CONTROLLERS, *BROKERS)]
            for node, log in logs:
                wait_until_started(self._running[node], log)
        except BaseException:
            self.close()
            raise

    def stop(self, broker: int) -> None:
        self._running[broker].stop(within=60)

    def kill(self, broker: int) -> None:
        self._running[broker].stop(how=signal.SIGKILL)

    def start(self, broker: int) -> None:
        if self._running[broker].process.poll() is None:
            return
        log = self._launch(broker)
        wait_until_started(self._running[broker], log)
        poll(
            lambda: None if self.peer(broker).ask("ApiVersions", 0, {}) is CLOSED else True,
            within=20,
            what=f"an answer of broker {broker}",
        )

    def isolate(self, broker: int) -> None:
        self._relays.cut(broker)

    def heal(self, broker: int) -> None:
        self._relays.heal(broker)

    def close(self) -> None:
        # Nothing of it is kept, and a controller without a majority takes its time.
        for running in self._running.values():
            running.stop(how=signal.SIGKILL)
        self._relays.close()

    def _pid_of(self, node: int) -> int | None:
        running = self._running.get(node)
        return None if running is None or running.process.poll() is not None else running.process.pid

    def _launch(self, node: int, *, is_new: bool = False) -> Path:
        """Start a node; its log."""
        config = self._directory / f"server-{node}.properties"
        classpath = ["-cp", f"{kafka_jars()}/*"]
        if is_new:
            config.write_text("".join(f"{name}={value}\n" for name, value in self._properties(node).items()))
            command = [*java("128m"), *classpath, "kafka.tools.StorageTool", "format"]
            command += ["-t", _CLUSTER_ID, "-c", str(config)]
            if node in _CONTROLLERS:
                voters = [f"{id}@127.0.0.1:{self._outer[id]}:{_DIRECTORIES[id]}" for id in _CONTROLLERS]
                command += ["--initial-controllers", ",".join(voters)]
            subprocess.run(command, check=True, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
        self._starts += 1
        name = f"{node}-{self._starts}"
        log = self._directory / f"{name}.log"
        logging = ("-Dorg.slf4j.simpleLogger.defaultLogLevel=info", f"-Dorg.slf4j.simpleLogger.logFile={log}")
        heap = "160m" if node in _CONTROLLERS else "384m"
        self._running[node] = Running(
            [*java(heap, *logging), *classpath, "kafka.Kafka", config], self._directory, name=name
        )
        return log

    def _properties(self, node: int) -> dict[str, Any]:
        own, outer = self._own[node], self._outer[node]
        common = {
            "node.id": node,
            "controller.listener.names": "CONTROLLER",
            "listener.security.protocol.map": "CONTROLLER:PLAINTEXT,PLAINTEXT:PLAINTEXT,INTERNAL:PLAINTEXT",
            "controller.quorum.bootstrap.servers": ",".join(
                f"127.0.0.1:{self._outer[id]}" for id in _CONTROLLERS
            ),
            "broker.heartbeat.interval.ms": 500,
            "log.dirs": self._directory / f"data-{node}",
            **CONFIG,
        }
        if node in _CONTROLLERS:
            return {
                **common,
                "process.roles": "controller",
                "listeners": f"CONTROLLER://127.0.0.1:{own}",
                "advertised.listeners": f"CONTROLLER://127.0.0.1:{outer}",
            }
        clients = f"PLAINTEXT://127.0.0.1:{self._clients[node]}"
        return {
            **common,
            "process.roles": "broker",
            "broker.rack": _RACKS[node],
            "listeners": f"{clients},INTERNAL://127.0.0.1:{own}",
            "advertised.listeners": f"{clients},INTERNAL://127.0.0.1:{outer}",
            "inter.broker.listener.name": "INTERNAL",
        }
