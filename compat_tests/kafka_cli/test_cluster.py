"""kafka-cluster, kafka-broker-api-versions and kafka-log-dirs."""

from __future__ import annotations

import json

import pytest

from compat_tests.kafka_cli.cli import Cli


@pytest.mark.shows("kafka-cluster")
def test_the_cluster_is_described(cli: Cli) -> None:
    cli("kafka-cluster cluster-id -B").prints("Cluster ID: <id>")
    endpoints = """
        ID HOST PORT RACK STATE ENDPOINT_TYPE
        1 127.0.0.1 <n> null unfenced broker
    """
    cli("kafka-cluster list-endpoints -B").prints(endpoints)
    cli("kafka-cluster list-endpoints -B --include-fenced-brokers").prints(endpoints)


# The APIs of this walk, in the ranges that 4.3.1 advertises.
API_VERSIONS = """
    Produce(0): 0 to 13 [usable: 13],
    Fetch(1): 4 to 18 [usable: 18],
    ListOffsets(2): 1 to 11 [usable: 11],
    Metadata(3): 0 to 13 [usable: 13],
    OffsetCommit(8): 2 to 10 [usable: 10],
    OffsetFetch(9): 1 to 10 [usable: 10],
    FindCoordinator(10): 0 to 6 [usable: 6],
    JoinGroup(11): 0 to 9 [usable: 9],
    Heartbeat(12): 0 to 4 [usable: 4],
    LeaveGroup(13): 0 to 5 [usable: 5],
    SyncGroup(14): 0 to 5 [usable: 5],
    DescribeGroups(15): 0 to 6 [usable: 6],
    ListGroups(16): 0 to 5 [usable: 5],
    ApiVersions(18): 0 to 4 [usable: 4],
    CreateTopics(19): 2 to 7 [usable: 7],
    DeleteTopics(20): 1 to 6 [usable: 6],
    DeleteRecords(21): 0 to 2 [usable: 2],
    InitProducerId(22): 0 to 5 [usable: 5],
    OffsetForLeaderEpoch(23): 2 to 4 [usable: 4],
    DescribeConfigs(32): 1 to 4 [usable: 4],
    DescribeLogDirs(35): 1 to 5 [usable: 5],
    CreatePartitions(37): 0 to 3 [usable: 3],
    DeleteGroups(42): 0 to 2 [usable: 2],
    IncrementalAlterConfigs(44): 0 to 1 [usable: 1],
    OffsetDelete(47): 0 [usable: 0],
    DescribeCluster(60): 0 to 2 [usable: 2],
    ConsumerGroupDescribe(69): 0 to 1 [usable: 1],
    ListConfigResources(74): 0 to 1 [usable: 1],
    DescribeTopicPartitions(75): 0 [usable: 0],
"""


@pytest.mark.shows("kafka-broker-api-versions")
def test_the_apis_of_the_walk_are_advertised(cli: Cli) -> None:
    ran = cli("kafka-broker-api-versions -B")
    assert ran.exit == 0
    assert ran.stderr == []
    assert ran.stdout[0] == "127.0.0.1:9092 (id: 1 rack: null isFenced: false) -> ("
    assert ran.stdout[-1] == ")"
    advertised = [line.rstrip(",") for line in ran.stdout]
    missing = [
        line.strip()
        for line in API_VERSIONS.strip().splitlines()
        if line.strip().rstrip(",") not in advertised
    ]
    assert not missing


@pytest.mark.shows("kafka-log-dirs")
def test_log_directories(cli: Cli) -> None:
    cli("kafka-topics -B --create --topic filled --partitions 2").prints("Created topic filled.")
    cli("kafka-console-producer -B --topic filled", stdin="one\ntwo\n").prints("")
    heading = [
        "Querying brokers for log directories information",
        "Received log directory information from brokers 1",
    ]
    ran = cli("kafka-log-dirs -B --describe --topic-list filled")
    assert ran.exit == 0
    assert ran.stdout[:2] == heading
    answer = json.loads(ran.stdout[2])
    directory = answer["brokers"][0]["logDirs"][0]
    partitions = {partition.pop("partition"): partition for partition in directory["partitions"]}
    assert set(partitions) == {"filled-0", "filled-1"}
    sizes = sorted(partition.pop("size") for partition in partitions.values())
    assert sizes[0] == 0, "the producer fills one partition"
    assert 70 < sizes[1] < 100, "two small records in one batch"
    assert all(partition == {"offsetLag": 0, "isFuture": False} for partition in partitions.values())
    assert directory["error"] is None
    cli("kafka-log-dirs -B --describe --topic-list nope").prints(
        "\n".join(heading)
        + '\n{"brokers":[{"broker":1,"logDirs":[{"partitions":[],"error":null,"logDir":"<any>"}]}],"version":1}'
    )
    cli("kafka-log-dirs -B --describe --broker-list 9").prints(
        err="ERROR: The given brokers do not exist from --broker-list: 9. Current existent brokers: 1", exit=1
    )
