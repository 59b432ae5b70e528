"""What a server.properties changes, as the tools see it."""

from __future__ import annotations

import pytest

from compat_tests.kafka_cli.cli import Cli

pytestmark = pytest.mark.cluster(properties=("num.partitions=3", "message.max.bytes=2000000"))


@pytest.mark.shows("kafka-console-producer")
def test_an_unknown_topic_is_created_as_configured(cli: Cli) -> None:
    ran = cli("kafka-console-producer -B --topic three", stdin="one\n")
    assert ran.exit == 0
    cli("kafka-topics -B --topic three --describe").prints("""
        Topic: three TopicId: <id> PartitionCount: 3 ReplicationFactor: 1 \
            Configs: min.insync.replicas=1,max.message.bytes=2000000
            Topic: three Partition: 0 Leader: 1 Replicas: 1 Isr: 1 Elr: LastKnownElr:
            Topic: three Partition: 1 Leader: 1 Replicas: 1 Isr: 1 Elr: LastKnownElr:
            Topic: three Partition: 2 Leader: 1 Replicas: 1 Isr: 1 Elr: LastKnownElr:
    """)


@pytest.mark.shows("kafka-configs")
def test_it_shows_as_a_static_config(cli: Cli) -> None:
    described = cli("kafka-configs -B --entity-type brokers --entity-name 1 --describe --all").stdout
    assert {
        "num.partitions=3 sensitive=false "
        "synonyms={STATIC_BROKER_CONFIG:num.partitions=3, DEFAULT_CONFIG:num.partitions=1}",
        "message.max.bytes=2000000 sensitive=false "
        "synonyms={STATIC_BROKER_CONFIG:message.max.bytes=2000000, DEFAULT_CONFIG:message.max.bytes=1048588}",
    } <= set(described)
    cli("kafka-topics -B --create --topic inherits").prints("Created topic inherits.")
    described = cli("kafka-configs -B --entity-type topics --entity-name inherits --describe --all").stdout
    assert (
        "max.message.bytes=2000000 sensitive=false "
        "synonyms={STATIC_BROKER_CONFIG:message.max.bytes=2000000, DEFAULT_CONFIG:message.max.bytes=1048588}"
    ) in described


@pytest.mark.shows("kafka-console-producer")
def test_a_larger_record_is_taken(cli: Cli) -> None:
    cli("kafka-topics -B --create --topic larger --partitions 1").prints("Created topic larger.")
    cli(
        "kafka-console-producer -B --topic larger --command-property max.request.size=3000000",
        stdin="x" * 1_500_000 + "\n",
    ).prints("")
    cli("kafka-get-offsets -B --topic larger").prints("larger:0:1")
