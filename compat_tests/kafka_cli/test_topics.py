"""kafka-topics: create, list, describe, alter, delete, and what it says when that fails."""

from __future__ import annotations

import pytest

from compat_tests.kafka_cli.cli import Cli

pytestmark = pytest.mark.shows("kafka-topics")

LOGGED = "ERROR org.apache.kafka.tools.TopicCommand - "


def refused(cli: Cli, command: str, exception: str, text: str) -> None:
    """The tool prints what went wrong on stdout, logs it on stderr and exits 1."""
    cli(command).prints(
        f"Error while executing topic command : {text}",
        err=f"{LOGGED}{exception}: {text}",
        exit=1,
    )


def test_an_empty_cluster_has_no_topics_then_the_one_created(cli: Cli) -> None:
    cli("kafka-topics -B --list").prints("")
    cli("kafka-topics -B --topic first_topic --create --partitions 3 --replication-factor 1").prints(
        "Created topic first_topic."
    )
    cli("kafka-topics -B --list").prints("first_topic")
    cli("kafka-topics -B --topic first_topic --describe").prints("""
        Topic: first_topic TopicId: <id> PartitionCount: 3 ReplicationFactor: 1 Configs: min.insync.replicas=1
            Topic: first_topic Partition: 0 Leader: 1 Replicas: 1 Isr: 1 Elr: LastKnownElr:
            Topic: first_topic Partition: 1 Leader: 1 Replicas: 1 Isr: 1 Elr: LastKnownElr:
            Topic: first_topic Partition: 2 Leader: 1 Replicas: 1 Isr: 1 Elr: LastKnownElr:
    """)


def test_a_topic_is_created_once(cli: Cli) -> None:
    create = "kafka-topics -B --topic once --create --partitions 3 --replication-factor 1"
    cli(create).prints("Created topic once.")
    refused(
        cli,
        create,
        "org.apache.kafka.common.errors.TopicExistsException",
        "Topic 'once' already exists.",
    )
    cli(f"{create} --if-not-exists").prints("")


def test_broker_defaults_apply_when_nothing_is_said(cli: Cli) -> None:
    cli("kafka-topics -B --topic by.default --create").prints("Created topic by.default.")
    cli("kafka-topics -B --topic by.default --describe").prints("""
        Topic: by.default TopicId: <id> PartitionCount: 1 ReplicationFactor: 1 Configs: min.insync.replicas=1
            Topic: by.default Partition: 0 Leader: 1 Replicas: 1 Isr: 1 Elr: LastKnownElr:
    """)


INVALID_TOPIC = "org.apache.kafka.common.errors.InvalidTopicException"


@pytest.mark.parametrize(
    ("name", "text"),
    [
        (
            "'bad topic!'",
            "Topic name is invalid: 'bad topic!' contains one or more characters other than "
            "ASCII alphanumerics, '.', '_' and '-'",
        ),
        ("..", "Topic name is invalid: '..' is not allowed"),
        (".", "Topic name is invalid: '.' is not allowed"),
        (
            "a" * 250,
            f"Topic name is invalid: the length of '{'a' * 250}' is longer than the max allowed length 249",
        ),
    ],
    ids=["characters", "two dots", "one dot", "length"],
)
def test_a_bad_name_is_refused(cli: Cli, name: str, text: str) -> None:
    refused(cli, f"kafka-topics -B --topic {name} --create", INVALID_TOPIC, text)


def test_a_name_that_collides_is_refused(cli: Cli) -> None:
    cli("kafka-topics -B --topic second.topic --create").prints("Created topic second.topic.")
    refused(
        cli,
        "kafka-topics -B --topic second_topic --create",
        INVALID_TOPIC,
        "Topic 'second_topic' collides with existing topic: second.topic",
    )


def test_more_replicas_than_brokers_are_refused(cli: Cli) -> None:
    refused(
        cli,
        "kafka-topics -B --topic rf2 --create --partitions 1 --replication-factor 2",
        "org.apache.kafka.common.errors.InvalidReplicationFactorException",
        "Unable to replicate the partition 2 time(s): The target replication factor of 2 cannot be reached because "
        "only 1 broker(s) are registered or some brokers have all their log directories cordoned.",
    )


def test_the_tool_itself_refuses_bad_numbers_and_configs(cli: Cli) -> None:
    refused(
        cli,
        "kafka-topics -B --topic p0 --create --partitions 0 --replication-factor 1",
        "java.lang.IllegalArgumentException",
        "The partitions must be greater than 0",
    )
    refused(
        cli,
        "kafka-topics -B --topic bad_cfg --create --config no.such.config=1",
        "org.apache.kafka.common.errors.InvalidConfigurationException",
        "Unknown topic config name: no.such.config",
    )
    refused(
        cli,
        "kafka-topics -B --topic bad_cfg --create --config retention.ms=abc",
        "org.apache.kafka.common.config.ConfigException",
        "Invalid value abc for configuration retention.ms: Not a number of type LONG",
    )


def test_configs_given_at_creation_are_described(cli: Cli) -> None:
    cli(
        "kafka-topics -B --topic cfg_topic --create --partitions 2"
        " --config retention.ms=60000 --config cleanup.policy=compact"
    ).prints("Created topic cfg_topic.")
    cli("kafka-topics -B --topic cfg_topic --describe").prints("""
        Topic: cfg_topic TopicId: <id> PartitionCount: 2 ReplicationFactor: 1 \
            Configs: min.insync.replicas=1,cleanup.policy=compact,retention.ms=60000
            Topic: cfg_topic Partition: 0 Leader: 1 Replicas: 1 Isr: 1 Elr: LastKnownElr:
            Topic: cfg_topic Partition: 1 Leader: 1 Replicas: 1 Isr: 1 Elr: LastKnownElr:
    """)
    cli("kafka-topics -B --describe --topics-with-overrides --topic cfg_topic").prints("""
        Topic: cfg_topic TopicId: <id> PartitionCount: 2 ReplicationFactor: 1 \
            Configs: min.insync.replicas=1,cleanup.policy=compact,retention.ms=60000
    """)


def test_replicas_may_be_assigned_by_hand(cli: Cli) -> None:
    cli("kafka-topics -B --topic assigned --create --replica-assignment 1,1").prints(
        "Created topic assigned."
    )
    refused(
        cli,
        "kafka-topics -B --topic assigned --create --replica-assignment 9,1",
        "org.apache.kafka.common.errors.TopicExistsException",
        "Topic 'assigned' already exists.",
    )
    refused(
        cli,
        "kafka-topics -B --alter --topic assigned --partitions 3 --replica-assignment 1,1,9",
        "org.apache.kafka.common.errors.InvalidReplicaAssignmentException",
        "The manual partition assignment includes broker 9, but no such broker is registered.",
    )
    refused(
        cli,
        "kafka-topics -B --topic assigned_new --create --replica-assignment 9,1",
        "org.apache.kafka.common.errors.InvalidReplicaAssignmentException",
        "The manual partition assignment includes broker 9, but no such broker is registered.",
    )


def test_topics_are_described_by_a_pattern(cli: Cli) -> None:
    cli("kafka-topics -B --topic pattern-a --create --partitions 2").prints("Created topic pattern-a.")
    cli("kafka-topics -B --topic pattern-b --create").prints("Created topic pattern-b.")
    cli("kafka-topics -B --topic 'pattern-.*' --list").prints("""
        pattern-a
        pattern-b
    """)
    cli("kafka-topics -B --topic 'pattern-.*' --describe").prints(
        """
        Topic: pattern-a TopicId: <id> PartitionCount: 2 ReplicationFactor: 1 Configs: min.insync.replicas=1
            Topic: pattern-a Partition: 0 Leader: 1 Replicas: 1 Isr: 1 Elr: LastKnownElr:
            Topic: pattern-a Partition: 1 Leader: 1 Replicas: 1 Isr: 1 Elr: LastKnownElr:
        Topic: pattern-b TopicId: <id> PartitionCount: 1 ReplicationFactor: 1 Configs: min.insync.replicas=1
            Topic: pattern-b Partition: 0 Leader: 1 Replicas: 1 Isr: 1 Elr: LastKnownElr:
        """,
        any_order=True,
    )


def test_partitions_may_only_grow(cli: Cli) -> None:
    cli("kafka-topics -B --topic growing --create --partitions 3").prints("Created topic growing.")
    invalid = "org.apache.kafka.common.errors.InvalidPartitionsException"
    refused(
        cli,
        "kafka-topics -B --alter --topic growing --partitions 2",
        invalid,
        "The topic growing currently has 3 partition(s); 2 would not be an increase.",
    )
    refused(
        cli,
        "kafka-topics -B --alter --topic growing --partitions 3",
        invalid,
        "Topic already has 3 partition(s).",
    )
    cli("kafka-topics -B --alter --topic growing --partitions 5").prints("")
    partitions = "\n".join(
        f"Topic: growing Partition: {n} Leader: 1 Replicas: 1 Isr: 1 Elr: LastKnownElr:" for n in range(5)
    )
    heading = (
        "Topic: growing TopicId: <id> PartitionCount: 5 ReplicationFactor: 1 Configs: min.insync.replicas=1"
    )
    cli("kafka-topics -B --topic growing --describe").prints(f"{heading}\n{partitions}")


def test_partitions_in_a_bad_state_are_described_and_there_are_none(cli: Cli) -> None:
    cli("kafka-topics -B --topic healthy --create").prints("Created topic healthy.")
    for what in ("under-replicated", "under-min-isr", "unavailable"):
        cli(f"kafka-topics -B --describe --{what}-partitions").prints("")
    cli("kafka-topics -B --describe --at-min-isr-partitions --topic healthy").prints(
        "Topic: healthy Partition: 0 Leader: 1 Replicas: 1 Isr: 1 Elr: LastKnownElr:"
    )


@pytest.mark.parametrize(
    "command",
    ["--describe --topic nope", "--delete --topic nope", "--alter --topic nope --partitions 5"],
)
def test_an_unknown_topic_is_refused_unless_it_may_be_missing(cli: Cli, command: str) -> None:
    refused(
        cli,
        f"kafka-topics -B {command}",
        "java.lang.IllegalArgumentException",
        "Topic 'nope' does not exist as expected",
    )
    cli(f"kafka-topics -B {command} --if-exists").prints("")


def test_a_deleted_topic_comes_back_with_a_new_id(cli: Cli) -> None:
    create = "kafka-topics -B --create --topic doomed --partitions 2"
    cli(create).prints("Created topic doomed.")
    first = cli("kafka-topics -B --describe --topic doomed").stdout[0].split()[3]
    cli("kafka-topics -B --delete --topic doomed").prints("")
    cli("kafka-topics -B --list --topic doomed").prints("")
    cli(create).prints("Created topic doomed.")
    assert cli("kafka-topics -B --describe --topic doomed").stdout[0].split()[3] != first


def test_version_and_usage(cli: Cli) -> None:
    cli("kafka-topics --version").prints("4.3.1")
    cli("kafka-topics --list").prints(
        err="""
            --bootstrap-server must be specified
            java.lang.IllegalArgumentException: --bootstrap-server must be specified
        """,
        exit=1,
    )


def test_the_tool_in_a_process_of_its_own(cli: Cli) -> None:
    running = cli.start("kafka-topics -B --topic alone --create --partitions 2")
    cli.ended(running, running.exit_code()).prints("Created topic alone.")
    running = cli.start("kafka-topics -B --topic alone --create --partitions 2")
    cli.ended(running, running.exit_code()).prints(
        "Error while executing topic command : Topic 'alone' already exists.",
        err=f"{LOGGED}org.apache.kafka.common.errors.TopicExistsException: Topic 'alone' already exists.",
        exit=1,
    )
