"""kafka-configs on topics: describe, alter, and what is refused."""

from __future__ import annotations

import pytest

from compat_tests.kafka_cli.cli import Cli

pytestmark = pytest.mark.shows("kafka-configs")


@pytest.fixture
def configs(cli: Cli, request: pytest.FixtureRequest) -> str:
    """The start of a kafka-configs command on a topic of the test's own."""
    topic = f"t{abs(hash(request.node.name)) % 10**8}"
    cli(f"kafka-topics -B --create --topic {topic}").prints(f"Created topic {topic}.")
    return f"kafka-configs -B --entity-type topics --entity-name {topic}"


ALL_TOPIC_CONFIGS = """
  cleanup.policy=delete sensitive=false synonyms={DEFAULT_CONFIG:log.cleanup.policy=delete}
  compression.gzip.level=-1 sensitive=false synonyms={DEFAULT_CONFIG:compression.gzip.level=-1}
  compression.lz4.level=9 sensitive=false synonyms={DEFAULT_CONFIG:compression.lz4.level=9}
  compression.type=producer sensitive=false synonyms={DEFAULT_CONFIG:compression.type=producer}
  compression.zstd.level=3 sensitive=false synonyms={DEFAULT_CONFIG:compression.zstd.level=3}
  delete.retention.ms=86400000 sensitive=false \
    synonyms={DEFAULT_CONFIG:log.cleaner.delete.retention.ms=86400000}
  file.delete.delay.ms=60000 sensitive=false synonyms={DEFAULT_CONFIG:log.segment.delete.delay.ms=60000}
  flush.messages=9223372036854775807 sensitive=false \
    synonyms={DEFAULT_CONFIG:log.flush.interval.messages=9223372036854775807}
  flush.ms=9223372036854775807 sensitive=false synonyms={}
  follower.replication.throttled.replicas= sensitive=false synonyms={}
  index.interval.bytes=4096 sensitive=false synonyms={DEFAULT_CONFIG:log.index.interval.bytes=4096}
  leader.replication.throttled.replicas= sensitive=false synonyms={}
  local.retention.bytes=-2 sensitive=false synonyms={DEFAULT_CONFIG:log.local.retention.bytes=-2}
  local.retention.ms=-2 sensitive=false synonyms={DEFAULT_CONFIG:log.local.retention.ms=-2}
  max.compaction.lag.ms=9223372036854775807 sensitive=false \
    synonyms={DEFAULT_CONFIG:log.cleaner.max.compaction.lag.ms=9223372036854775807}
  max.message.bytes=1048588 sensitive=false synonyms={DEFAULT_CONFIG:message.max.bytes=1048588}
  message.timestamp.after.max.ms=3600000 sensitive=false \
    synonyms={DEFAULT_CONFIG:log.message.timestamp.after.max.ms=3600000}
  message.timestamp.before.max.ms=9223372036854775807 sensitive=false \
    synonyms={DEFAULT_CONFIG:log.message.timestamp.before.max.ms=9223372036854775807}
  message.timestamp.type=CreateTime sensitive=false \
    synonyms={DEFAULT_CONFIG:log.message.timestamp.type=CreateTime}
  min.cleanable.dirty.ratio=0.5 sensitive=false \
    synonyms={DEFAULT_CONFIG:log.cleaner.min.cleanable.ratio=0.5}
  min.compaction.lag.ms=0 sensitive=false synonyms={DEFAULT_CONFIG:log.cleaner.min.compaction.lag.ms=0}
  min.insync.replicas=1 sensitive=false \
    synonyms={DYNAMIC_DEFAULT_BROKER_CONFIG:min.insync.replicas=1, DEFAULT_CONFIG:min.insync.replicas=1}
  preallocate=false sensitive=false synonyms={DEFAULT_CONFIG:log.preallocate=false}
  remote.log.copy.disable=false sensitive=false synonyms={}
  remote.log.delete.on.disable=false sensitive=false synonyms={}
  remote.storage.enable=false sensitive=false synonyms={}
  retention.bytes=-1 sensitive=false synonyms={DEFAULT_CONFIG:log.retention.bytes=-1}
  retention.ms=604800000 sensitive=false synonyms={}
  segment.bytes=1073741824 sensitive=false synonyms={DEFAULT_CONFIG:log.segment.bytes=1073741824}
  segment.index.bytes=10485760 sensitive=false synonyms={DEFAULT_CONFIG:log.index.size.max.bytes=10485760}
  segment.jitter.ms=0 sensitive=false synonyms={}
  segment.ms=604800000 sensitive=false synonyms={}
  unclean.leader.election.enable=false sensitive=false \
    synonyms={DEFAULT_CONFIG:unclean.leader.election.enable=false}
"""


def test_all_configs_of_a_topic(cli: Cli, configs: str) -> None:
    topic = configs.split()[-1]
    cli(f"{configs} --describe").prints(f"Dynamic configs for topic {topic} are:")
    cli(f"{configs} --describe --all").prints(f"All configs for topic {topic} are:\n{ALL_TOPIC_CONFIGS}")


def test_configs_are_set_and_deleted(cli: Cli, configs: str) -> None:
    topic = configs.split()[-1]
    done = f"Completed updating config for topic {topic}."
    cli(f"{configs} --alter --add-config 'retention.ms=100000,cleanup.policy=[compact,delete]'").prints(done)
    cli(f"{configs} --describe").prints(f"""
        Dynamic configs for topic {topic} are:
          cleanup.policy=compact,delete sensitive=false \
            synonyms={{DYNAMIC_TOPIC_CONFIG:cleanup.policy=compact,delete, DEFAULT_CONFIG:log.cleanup.policy=delete}}
          retention.ms=100000 sensitive=false synonyms={{DYNAMIC_TOPIC_CONFIG:retention.ms=100000}}
    """)
    cli(f"kafka-topics -B --describe --topic {topic}").prints(f"""
        Topic: {topic} TopicId: <id> PartitionCount: 1 ReplicationFactor: 1 \
            Configs: min.insync.replicas=1,cleanup.policy=compact,delete,retention.ms=100000
            Topic: {topic} Partition: 0 Leader: 1 Replicas: 1 Isr: 1 Elr: LastKnownElr:
    """)
    for _ in "once, and when it is not set any more":
        cli(f"{configs} --alter --delete-config retention.ms").prints(done)
    cli(f"{configs} --describe").prints(f"""
        Dynamic configs for topic {topic} are:
          cleanup.policy=compact,delete sensitive=false \
            synonyms={{DYNAMIC_TOPIC_CONFIG:cleanup.policy=compact,delete, DEFAULT_CONFIG:log.cleanup.policy=delete}}
    """)


@pytest.mark.parametrize(
    ("config", "text"),
    [
        ("no.such=1", "Unknown topic config name: no.such"),
        ("retention.ms=abc", "Invalid value abc for configuration retention.ms: Not a number of type LONG"),
        (
            "min.insync.replicas=0",
            "Invalid value 0 for configuration min.insync.replicas: Value must be at least 1",
        ),
        (
            "cleanup.policy=shred",
            "Invalid value shred for configuration cleanup.policy: String must be one of: compact, delete",
        ),
        (
            "segment.bytes=1",
            "Invalid value 1 for configuration segment.bytes: Value must be at least 1048576",
        ),
    ],
)
def test_bad_configs_are_refused(cli: Cli, configs: str, config: str, text: str) -> None:
    command = f"{configs} --alter --add-config {config}"
    arguments = command.replace("kafka-configs -B", "--bootstrap-server 127.0.0.1:9092")
    cli(command).prints(
        err=f"""
            Error while executing config command with args '{arguments}'
            java.util.concurrent.ExecutionException: \
                org.apache.kafka.common.errors.InvalidConfigurationException: {text}
        """,
        exit=1,
    )


def test_an_unknown_topic(cli: Cli) -> None:
    cli("kafka-configs -B --entity-type topics --entity-name nope --describe").prints(
        "The topic 'nope' doesn't exist and doesn't have dynamic config."
    )
    cli(
        "kafka-configs -B --entity-type topics --entity-name nope --alter --add-config retention.ms=1"
    ).prints(
        err="""
            Error while executing config command with args '--bootstrap-server 127.0.0.1:9092 \
                --entity-type topics --entity-name nope --alter --add-config retention.ms=1'
            java.util.concurrent.ExecutionException: \
                org.apache.kafka.common.errors.UnknownTopicOrPartitionException: The topic 'nope' does not exist.
        """,
        exit=1,
    )


def test_the_internal_topic_has_its_own_configs(cli: Cli) -> None:
    cli("kafka-topics -B --create --topic used")
    cli("kafka-console-producer -B --topic used", stdin="one\n").prints("")
    cli(
        "kafka-console-consumer -B --topic used --group used --from-beginning --max-messages 1 --timeout-ms 20000"
    ).prints("one", err="Processed a total of 1 messages")
    cli("kafka-configs -B --entity-type topics --entity-name __consumer_offsets --describe").prints("""
        Dynamic configs for topic __consumer_offsets are:
          cleanup.policy=compact sensitive=false \
            synonyms={DYNAMIC_TOPIC_CONFIG:cleanup.policy=compact, DEFAULT_CONFIG:log.cleanup.policy=delete}
          compression.type=producer sensitive=false \
            synonyms={DYNAMIC_TOPIC_CONFIG:compression.type=producer, DEFAULT_CONFIG:compression.type=producer}
          segment.bytes=104857600 sensitive=false \
            synonyms={DYNAMIC_TOPIC_CONFIG:segment.bytes=104857600, DEFAULT_CONFIG:log.segment.bytes=1073741824}
    """)
    described = cli("kafka-configs -B --entity-type topics --describe").stdout
    assert {
        "Dynamic configs for topic used are:",
        "Dynamic configs for topic __consumer_offsets are:",
    } <= set(described)


def test_configs_of_brokers(cli: Cli) -> None:
    brokers = "kafka-configs -B --entity-type brokers"
    cli(f"{brokers} --entity-name 1 --describe").prints("Dynamic configs for broker 1 are:")
    cli(f"{brokers} --entity-default --describe").prints("""
        Default configs for brokers in the cluster are:
          min.insync.replicas=1 sensitive=false synonyms={DYNAMIC_DEFAULT_BROKER_CONFIG:min.insync.replicas=1}
    """)
    everything = cli(f"{brokers} --entity-name 1 --describe --all").stdout
    assert everything[0] == "All configs for broker 1 are:"
    assert {
        "add.partitions.to.txn.retry.backoff.max.ms=100 sensitive=false "
        "synonyms={DEFAULT_CONFIG:add.partitions.to.txn.retry.backoff.max.ms=100}",
        "alter.config.policy.class.name=null sensitive=false synonyms={}",
        "num.partitions=1 sensitive=false synonyms={DEFAULT_CONFIG:num.partitions=1}",
        "log.retention.hours=168 sensitive=false synonyms={DEFAULT_CONFIG:log.retention.hours=168}",
    } <= set(everything)
    cli(f"{brokers} --entity-name 9 --describe").prints(
        "The broker '9' doesn't exist and doesn't have dynamic config."
    )
