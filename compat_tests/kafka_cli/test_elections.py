"""Elections, a broker that stops and comes back, and a reassignment, as the tools show them: one walk, step by step."""

from __future__ import annotations

import json
import os
import signal
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from typing import NamedTuple

import pytest

from compat_tests.kafka_cli.cli import Cli
from compat_tests.support.brokers import Broker, real_kafka
from compat_tests.support.processes import Running, poll
from compat_tests.support.toolchains import java, kafka_jars
from mockbroker import MockCluster


class Stage(NamedTuple):
    """A cluster of three whose brokers can be stopped, in a controlled way, and started again."""

    broker: Broker
    stop: Callable[[int], object]
    start: Callable[[int], object]


@pytest.fixture(scope="module")
def stage(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stage]:
    if request.config.getoption("--bootstrap-server"):
        pytest.skip("needs brokers that it may stop")
    if not request.config.getoption("--real-kafka"):
        with MockCluster(brokers=3, config={"auto.leader.rebalance.enable": False}) as cluster:
            yield Stage(
                Broker(cluster.bootstrap_servers),
                lambda node: cluster.broker(node).stop(),
                lambda node: cluster.broker(node).start(),
            )
        return
    folder = tmp_path_factory.mktemp("brokers")
    with ExitStack() as stack:
        broker = stack.enter_context(
            real_kafka(folder, brokers=3, properties=["auto.leader.rebalance.enable=false"])
        )

        def start(node: int) -> None:
            program = ["-cp", f"{kafka_jars()}/*", "kafka.Kafka", str(folder / f"server-{node}.properties")]
            again = Running([*java("640m"), *program], folder, name=f"again-{node}")
            stack.callback(again.stop, within=20)

        yield Stage(broker, lambda node: os.kill(broker.pids[node - 1], signal.SIGTERM), start)


@pytest.fixture(scope="module")
def kafka(stage: Stage) -> Broker:
    return stage.broker


def rows(cli: Cli, options: str = "", *, through: str = "-B") -> list[str]:
    """What kafka-topics says of the topic's partitions: leader, replicas, in-sync replicas."""
    printed = cli(f"kafka-topics {through} --describe --topic walk {options}").stdout
    return [
        line.removesuffix(" Elr: LastKnownElr:").split("Leader: ")[1]
        for line in printed
        if "Leader: " in line
    ]


def settled(cli: Cli, expected: list[str], through: str = "-B") -> None:
    poll(
        lambda: True if rows(cli, through=through) == expected else None,
        within=30,
        what=lambda: f"{expected}: {rows(cli, through=through)}",
    )


@pytest.mark.shows("kafka-leader-election, kafka-reassign-partitions")
def test_the_walk(cli: Cli, stage: Stage) -> None:
    cli(
        "kafka-topics -B --create --topic walk --replica-assignment 1:2:3,2:3:1 --config min.insync.replicas=2"
    ).prints("Created topic walk.")
    settled(cli, ["1 Replicas: 1,2,3 Isr: 1,2,3", "2 Replicas: 2,3,1 Isr: 2,3,1"])
    elect = "kafka-leader-election -B --topic walk --partition 0 --election-type"
    cli(f"{elect} preferred").prints("Valid replica already elected for partitions walk-0")

    stage.stop(1)
    others = "--bootstrap-server " + ",".join(stage.broker.bootstrap_servers.split(",")[1:])
    without_one = ["2 Replicas: 1,2,3 Isr: 2,3", "2 Replicas: 2,3,1 Isr: 2,3"]
    settled(cli, without_one, others)
    for condition in ("under-replicated", "at-min-isr"):
        assert rows(cli, f"--{condition}-partitions", through=others) == without_one
    for condition in ("under-min-isr", "unavailable"):
        assert rows(cli, f"--{condition}-partitions", through=others) == []

    stage.start(1)
    settled(cli, ["2 Replicas: 1,2,3 Isr: 1,2,3", "2 Replicas: 2,3,1 Isr: 1,2,3"], others)
    cli(f"{elect} preferred").prints(
        "Successfully completed leader election (PREFERRED) for partitions walk-0"
    )
    cli(f"{elect} unclean").prints("Valid replica already elected for partitions walk-0")
    settled(cli, ["1 Replicas: 1,2,3 Isr: 1,2,3", "2 Replicas: 2,3,1 Isr: 1,2,3"])
    reassign(cli)


def reassign(cli: Cli) -> None:
    def plan(replicas: list[int]) -> str:
        partition = {"topic": "walk", "partition": 0, "replicas": replicas}
        file = cli.file("plan.json", json.dumps({"version": 1, "partitions": [partition]}))
        return f"kafka-reassign-partitions -B --reassignment-json-file {file}"

    first, now, save, started = cli(f"{plan([3, 2])} --execute").stdout
    assert first == "Current partition replica assignment"
    assert now.startswith(
        '{"version":1,"partitions":[{"topic":"walk","partition":0,"replicas":[1,2,3],"log_dirs":['
    )
    assert save == "Save this to use as the --reassignment-json-file option during rollback"
    assert started == "Successfully started partition reassignment for walk-0"
    settled(cli, ["3 Replicas: 3,2 Isr: 2,3", "2 Replicas: 2,3,1 Isr: 1,2,3"])
    cli(f"{plan([3, 2])} --verify").prints(
        """
        Status of partition reassignment:
        Reassignment of partition walk-0 is completed.
        Clearing broker-level throttles on brokers 1,2,3
        Clearing topic-level throttles on topic walk
        """
    )
    cli("kafka-reassign-partitions -B --list").prints("No partition reassignments found.")
    text = "Unknown broker id 9"
    cli(f"{plan([1, 9])} --execute").prints(
        f"""
        Error: {text}
        org.apache.kafka.tools.AdminCommandFailedException: {text}
        """,
        exit=1,
    )


@pytest.mark.shows("kafka-metadata-quorum")
def test_the_quorum(cli: Cli) -> None:
    printed = cli("kafka-metadata-quorum -B describe --replication").stdout
    assert printed[0] == "NodeId DirectoryId LogEndOffset Lag LastFetchTimestamp LastCaughtUpTimestamp Status"
    statuses = [row.split()[-1] for row in printed[1:]]
    assert statuses[:3] == ["Leader", "Follower", "Follower"]
    # A real cluster of the tests has combined nodes, which are no observers.
    assert statuses[3:] == ([] if cli.broker.is_real else ["Observer"] * 3)
