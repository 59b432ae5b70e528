"""The tools on a cluster of three brokers: leaders spread, replicas in sync, clients sent to the right broker."""

from __future__ import annotations

import json
import re

import pytest

from compat_tests.kafka_cli.cli import Cli
from compat_tests.support.processes import poll

pytestmark = pytest.mark.cluster(brokers=3)

PARTITION = re.compile(
    r"Topic: \S+ Partition: (\d) Leader: (\d) Replicas: (\d),(\d),(\d) Isr: (\d),(\d),(\d) Elr: LastKnownElr:"
)


@pytest.mark.shows("kafka-topics")
def test_leaders_are_spread_and_replicas_in_sync(cli: Cli) -> None:
    cli("kafka-topics -B --create --topic r3 --partitions 3 --replication-factor 3").prints(
        "Created topic r3."
    )
    heading, *rows = cli("kafka-topics -B --describe --topic r3").stdout
    assert re.fullmatch(
        r"Topic: r3 TopicId: \S{22} PartitionCount: 3 ReplicationFactor: 3 Configs: min.insync.replicas=1",
        heading,
    )
    leaders = set()
    for at, row in enumerate(rows):
        match = PARTITION.fullmatch(row)
        assert match, row
        partition, leader, *both = match.groups()
        replicas, isr = both[:3], both[3:]
        assert int(partition) == at
        assert leader == replicas[0], "the preferred replica leads"
        assert sorted(replicas) == sorted(isr) == ["1", "2", "3"]
        leaders.add(leader)
    assert leaders == {"1", "2", "3"}
    cli("kafka-topics -B --describe --under-replicated-partitions").prints("")


@pytest.mark.shows("kafka-topics")
def test_more_replicas_than_brokers_are_refused(cli: Cli) -> None:
    text = (
        "Unable to replicate the partition 4 time(s): The target replication factor of 4 cannot be reached because "
        "only 3 broker(s) are registered or some brokers have all their log directories cordoned."
    )
    cli("kafka-topics -B --create --topic rf4 --replication-factor 4").prints(
        f"Error while executing topic command : {text}",
        err="ERROR org.apache.kafka.tools.TopicCommand - "
        f"org.apache.kafka.common.errors.InvalidReplicationFactorException: {text}",
        exit=1,
    )


@pytest.mark.shows("kafka-console-producer")
def test_records_find_their_leaders_from_any_bootstrap_broker(cli: Cli) -> None:
    cli("kafka-topics -B --create --topic spread --partitions 3 --replication-factor 2").prints(
        "Created topic spread."
    )
    keyed = "".join(f"k{n % 10}:m{n}\n" for n in range(20))
    last = cli.broker.bootstrap_servers.split(",")[-1]
    cli(
        f"kafka-console-producer --bootstrap-server {last} --topic spread"
        " --reader-property parse.key=true --reader-property key.separator=:",
        stdin=keyed,
    ).prints("")
    cli("kafka-get-offsets -B --topic spread").prints("spread:0:4\nspread:1:8\nspread:2:8")
    ran = cli(
        f"kafka-console-consumer --bootstrap-server {last} --topic spread --group three --from-beginning"
        " --max-messages 20 --timeout-ms 20000"
    )
    assert sorted(ran.stdout) == sorted(f"m{n}" for n in range(20))
    cli("kafka-consumer-groups -B --describe --group three").prints(
        """
        GROUP TOPIC PARTITION CURRENT-OFFSET LOG-END-OFFSET LAG CONSUMER-ID HOST CLIENT-ID
        three spread 0 4 4 0 - - -
        three spread 1 8 8 0 - - -
        three spread 2 8 8 0 - - -
        """,
        err="Consumer group 'three' has no active members.",
    )


@pytest.mark.shows("kafka-cluster")
def test_every_broker_is_listed(cli: Cli) -> None:
    cli("kafka-cluster list-endpoints -B").prints(
        """
        ID HOST PORT RACK STATE ENDPOINT_TYPE
        1 127.0.0.1 <n> null unfenced broker
        2 127.0.0.1 <n> null unfenced broker
        3 127.0.0.1 <n> null unfenced broker
        """,
        any_order=True,
    )


@pytest.mark.shows("kafka-broker-api-versions")
def test_every_broker_says_the_same(cli: Cli) -> None:
    printed = "\n".join(cli("kafka-broker-api-versions -B").stdout)
    blocks = dict(re.findall(r"\(id: (\d) rack: null isFenced: false\) -> \(\n(.*?)\n\)", printed, re.DOTALL))
    assert sorted(blocks) == ["1", "2", "3"]
    assert len(set(blocks.values())) == 1


@pytest.mark.shows("kafka-log-dirs")
def test_each_broker_has_its_replicas(cli: Cli) -> None:
    cli("kafka-topics -B --create --topic placed --replica-assignment 1:2,2:3").prints(
        "Created topic placed."
    )

    def held() -> dict[int, list[str]]:
        ran = cli("kafka-log-dirs -B --describe --topic-list placed")
        assert ran.stdout[1] == "Received log directory information from brokers 1,2,3"
        return {
            broker["broker"]: sorted(p["partition"] for d in broker["logDirs"] for p in d["partitions"])
            for broker in json.loads(ran.stdout[2])["brokers"]
        }

    placed = {1: ["placed-0"], 2: ["placed-0", "placed-1"], 3: ["placed-1"]}
    poll(lambda: True if held() == placed else None, within=5, what=lambda: f"{placed}: {held()}")
