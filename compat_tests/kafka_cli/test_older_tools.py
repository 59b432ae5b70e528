"""The tools of 2.8.2 and 3.9.2, at the newest release and at their own one.

What they print at 4.3.1, 3.9.2 and 2.8.2 was read off real brokers.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import pytest

from compat_tests.kafka_cli.cli import Cli, Ran, ToolServer
from compat_tests.kafka_cli.kits import OLDER, Kit
from compat_tests.support.brokers import mockbroker, real_kafka
from compat_tests.support.toolchains import do_without

KITS = {kit.version: kit for kit in OLDER}


@pytest.fixture(scope="module", params=KITS)
def version(request: pytest.FixtureRequest) -> str:
    chosen: str = request.param
    return chosen


@pytest.fixture(scope="module")
def server(version: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[ToolServer]:
    """The JVM of one release's tools."""
    tools = ToolServer(tmp_path_factory.mktemp("tools"), KITS[version])
    yield tools
    tools.close()


@dataclass(frozen=True)
class Older:
    """One release's tools at one broker.

    Attributes:
        release: of the broker.
    """

    cli: Cli
    kit: Kit
    release: str

    @property
    def says(self) -> dict[str, str]:
        """What differs between the tools, and between the brokers."""
        is_2_8 = self.kit.emulated == "2.8"
        newest = "min.insync.replicas=1" if self.release == "4.3" else ""
        return {
            "topics": "kafka.admin.TopicCommand$" if is_2_8 else "org.apache.kafka.tools.TopicCommand",
            "groups": "kafka.admin.ConsumerGroupCommand$"
            if is_2_8
            else "org.apache.kafka.tools.consumer.group.ConsumerGroupCommand",
            "elr": "" if is_2_8 else "Elr: LastKnownElr:",
            "min_isr": newest,
            "and_min_isr": newest and f"{newest},",
        }

    def __call__(self, command: str, stdin: str = "") -> Ran:
        return self.cli(command, stdin=stdin)


@pytest.fixture(scope="module", params=["4.3", "own"])
def older(
    request: pytest.FixtureRequest, server: ToolServer, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Older]:
    """The tools at the newest broker, and at that of their own release."""
    directory = tmp_path_factory.mktemp("broker")
    release = server.kit.emulated if request.param == "own" else request.param
    if not request.config.getoption("--real-kafka"):
        starting = mockbroker(directory, brokers=1, options=["--emulate", release])
    elif request.param == "own":
        do_without("only the newest Apache Kafka is started")
    else:
        starting = real_kafka(directory, brokers=1)
    with starting as broker:
        yield Older(Cli(broker, server, directory), server.kit, release)


@pytest.mark.shows("kafka-topics")
def test_topics(older: Older) -> None:
    older("kafka-topics -B --list").prints("")
    older("kafka-topics -B --create --topic old --partitions 2 --replication-factor 1").prints(
        "Created topic old."
    )
    exists = "Topic 'old' already exists."
    older("kafka-topics -B --create --topic old").prints(
        f"Error while executing topic command : {exists}",
        err=f"ERROR {older.says['topics']} - org.apache.kafka.common.errors.TopicExistsException: {exists}",
        exit=1,
    )
    older("kafka-topics -B --create --topic set --config retention.ms=60000").prints("Created topic set.")
    older("kafka-topics -B --describe --topic set").prints(
        """
            Topic: set TopicId: <id> PartitionCount: 1 ReplicationFactor: 1 Configs: {and_min_isr}retention.ms=60000
            Topic: set Partition: 0 Leader: 1 Replicas: 1 Isr: 1 {elr}
        """.format(**older.says)
    )
    older("kafka-topics -B --alter --topic old --partitions 3").prints("")
    older("kafka-topics -B --describe --topic old").prints(
        """
            Topic: old TopicId: <id> PartitionCount: 3 ReplicationFactor: 1 Configs: {min_isr}
            Topic: old Partition: 0 Leader: 1 Replicas: 1 Isr: 1 {elr}
            Topic: old Partition: 1 Leader: 1 Replicas: 1 Isr: 1 {elr}
            Topic: old Partition: 2 Leader: 1 Replicas: 1 Isr: 1 {elr}
        """.format(**older.says)
    )
    for command, error in (
        ("--alter --topic old --partitions 1", FEWER[older.release == "2.8"]),
        ("--create --topic rf2 --replication-factor 2", TOO_MANY[older.release]),
    ):
        ran = older(f"kafka-topics -B {command}")
        assert list(ran.stdout) == [f"Error while executing topic command : {error}"]
        assert ran.exit == 1
    older("kafka-topics -B --delete --topic old").prints("")
    older("kafka-topics -B --list").prints("set")


FEWER = (
    "The topic old currently has 3 partition(s); 1 would not be an increase.",
    "Topic currently has 3 partitions, which is higher than the requested 1.",
)
_UNREACHABLE = (
    "Unable to replicate the partition 2 time(s): The target replication factor of 2 cannot be reached because only "
    "1 broker(s) are registered"
)
TOO_MANY = {
    "2.8": "Replication factor: 2 larger than available brokers: 1.",
    "3.9": f"{_UNREACHABLE}.",
    "4.3": f"{_UNREACHABLE} or some brokers have all their log directories cordoned.",
}


@pytest.mark.shows("kafka-console-producer")
def test_records(older: Older) -> None:
    older("kafka-topics -B --create --topic records").prints("Created topic records.")
    keyed = "--property parse.key=true --property key.separator=:"
    older(f"kafka-console-producer -B --topic records {keyed}", stdin="k:one\nk:two\n").prints("")
    for codec in ("gzip", "snappy", "lz4", "zstd"):
        older(
            f"kafka-console-producer -B --topic records --compression-codec {codec}", stdin=f"{codec}\n"
        ).prints("")
    consume = "kafka-console-consumer -B --topic records --from-beginning --timeout-ms 20000"
    older(f"{consume} --max-messages 6 --property print.key=true").prints(
        "k one\nk two\nnull gzip\nnull snappy\nnull lz4\nnull zstd", err="Processed a total of 6 messages"
    )
    older(f"{consume} --max-messages 1 --isolation-level read_committed").prints(
        "one", err="Processed a total of 1 messages"
    )


@pytest.mark.shows("kafka-consumer-groups")
def test_groups(older: Older) -> None:
    older("kafka-topics -B --create --topic grouped").prints("Created topic grouped.")
    older("kafka-console-producer -B --topic grouped", stdin="one\ntwo\n").prints("")
    older(
        "kafka-console-consumer -B --topic grouped --from-beginning --max-messages 2 --timeout-ms 20000 --group g"
    ).prints("one\ntwo", err="Processed a total of 2 messages")
    inactive = "Consumer group 'g' has no active members."
    groups = "kafka-consumer-groups -B"
    assert "g" in older(f"{groups} --list").stdout
    assert "g Empty" in older(f"{groups} --list --state").stdout
    offsets = f"{groups} --describe --group g"
    heading = "GROUP TOPIC PARTITION CURRENT-OFFSET LOG-END-OFFSET LAG CONSUMER-ID HOST CLIENT-ID"
    older(offsets).prints(f"{heading}\ng grouped 0 2 2 0 - - -", err=inactive)
    older(f"{groups} --describe --group g --state").prints(
        "GROUP COORDINATOR (ID) ASSIGNMENT-STRATEGY STATE #MEMBERS\ng 127.0.0.1:9092 (1) Empty 0",
        err=inactive,
    )
    older(f"{groups} --describe --group nope").prints("Error: Consumer group 'nope' does not exist.")
    reset = older(f"{groups} --reset-offsets --to-offset 1 --group g --topic grouped --execute")
    assert "GROUP TOPIC PARTITION NEW-OFFSET g grouped 0 1" in " ".join(reset.stdout)
    older(offsets).prints(f"{heading}\ng grouped 0 1 2 1 - - -", err=inactive)
    deleted = older(f"{groups} --delete-offsets --group g --topic grouped")
    # How the table is broken into lines differs between the tools.
    assert " ".join(deleted.stdout) == (
        "Request succeed for deleting offsets with topic grouped group g TOPIC PARTITION STATUS grouped 0 Successful"
    )
    # The older coordinator forgot a group with the last of its offsets.
    gone = """
        Error: Deletion of some consumer groups failed:
        * Group '{}' could not be deleted due to: java.util.concurrent.ExecutionException: \
            org.apache.kafka.common.errors.GroupIdNotFoundException: The group id does not exist.
    """
    done = "Deletion of requested consumer groups ('g') was successful."
    older(f"{groups} --delete --group g").prints(done if older.release == "4.3" else gone.format("g"))
    older(f"{groups} --delete --group nope").prints(gone.format("nope"))


@pytest.mark.shows("kafka-configs")
def test_configs(older: Older) -> None:
    older("kafka-topics -B --create --topic configured").prints("Created topic configured.")
    of_topic = "kafka-configs -B --entity-type topics --entity-name configured"
    done = "Completed updating config for topic configured."
    older(f"{of_topic} --alter --add-config 'retention.ms=1000,cleanup.policy=[compact,delete]'").prints(done)
    older(f"{of_topic} --alter --delete-config retention.ms").prints(done)
    older(f"{of_topic} --describe").prints("""
        Dynamic configs for topic configured are:
        cleanup.policy=compact,delete sensitive=false \
            synonyms={DYNAMIC_TOPIC_CONFIG:cleanup.policy=compact,delete, DEFAULT_CONFIG:log.cleanup.policy=delete}
    """)
    described = older(f"{of_topic} --describe --all").stdout
    assert len(described) == 1 + {"2.8": 26, "3.9": 36, "4.3": 33}[older.release]
    refused = older(f"{of_topic} --alter --add-config retention.ms=abc")
    text = "Invalid value abc for configuration retention.ms: Not a number of type LONG"
    whose = "InvalidRequestException: Invalid config value for resource ConfigResource(type=TOPIC, name='configured')"
    kind = whose if older.release == "2.8" else "InvalidConfigurationException"
    assert refused.stderr[-1].endswith(f"org.apache.kafka.common.errors.{kind}: {text}")
    assert refused.exit == 1
    of_broker = "kafka-configs -B --entity-type brokers --entity-name 1"
    older(f"{of_broker} --alter --add-config log.retention.ms=100000").prints(
        "Completed updating config for broker 1."
    )
    older(f"{of_broker} --describe").prints("""
        Dynamic configs for broker 1 are:
        log.retention.ms=100000 sensitive=false \
            synonyms={DYNAMIC_BROKER_CONFIG:log.retention.ms=100000, DEFAULT_CONFIG:log.retention.hours=168}
    """)


@pytest.mark.shows("kafka-configs")
@pytest.mark.full
def test_quotas_and_scram_users(older: Older) -> None:
    user = "kafka-configs -B --entity-type users --entity-name u"
    done = "Completed updating config for user u."
    older(f"{user} --alter --add-config producer_byte_rate=1000").prints(done)
    assert older(f"{user} --describe").stdout[0] == (
        "Quota configs for user-principal 'u' are producer_byte_rate=1000.0"
    )
    older(f"{user} --alter --add-config 'SCRAM-SHA-256=[iterations=4096,password=x]'").prints(done)
    assert "SCRAM credential configs for user-principal 'u' are SCRAM-SHA-256=iterations=4096" in " ".join(
        older(f"{user} --describe").stdout
    )
