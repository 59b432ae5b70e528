"""kafka-console-producer: what it sends arrives, and what it is told when it may not."""

from __future__ import annotations

import pytest

from compat_tests.kafka_cli.cli import Cli

pytestmark = pytest.mark.shows("kafka-console-producer")

CALLBACK = (
    "ERROR org.apache.kafka.clients.producer.internals.ErrorLoggingCallback - Error when sending message to"
)


def create(cli: Cli, topic: str, partitions: int = 1) -> None:
    cli(f"kafka-topics -B --create --topic {topic} --partitions {partitions}").prints(
        f"Created topic {topic}."
    )


def read_back(cli: Cli, topic: str, expected: str, count: int, properties: str = "") -> None:
    """What a consumer sees on partition 0, from its beginning."""
    cli(
        f"kafka-console-consumer -B --topic {topic} --partition 0 --offset earliest --max-messages {count}"
        f" --timeout-ms 20000 {properties}"
    ).prints(expected, err=f"Processed a total of {count} messages")


def test_lines_become_records(cli: Cli) -> None:
    create(cli, "lines")
    cli("kafka-console-producer -B --topic lines", stdin="hello\nworld\nthird\n").prints("")
    read_back(cli, "lines", "hello\nworld\nthird", 3)


@pytest.mark.parametrize(
    "option",
    [
        "--command-property acks=all",
        "--command-property acks=1",
        "--request-required-acks 0",
        "--command-property enable.idempotence=false --command-property acks=1",
    ],
    ids=["all", "one", "none", "plain"],
)
def test_every_kind_of_acknowledgement(cli: Cli, option: str, request: pytest.FixtureRequest) -> None:
    topic = f"acks-{request.node.callspec.id}"
    create(cli, topic)
    cli(f"kafka-console-producer -B --topic {topic} {option}", stdin="acked\n").prints("")
    read_back(cli, topic, "acked", 1)


def test_a_deprecated_option_warns_on_stdout(cli: Cli) -> None:
    create(cli, "deprecated")
    cli("kafka-console-producer -B --topic deprecated --producer-property acks=all", stdin="acked\n").prints(
        "Warning: --producer-property is deprecated and will be removed in a future version."
        " Use --command-property instead."
    )


def test_acks_out_of_range_are_refused_by_the_tool(cli: Cli) -> None:
    cli("kafka-console-producer -B --topic whatever --command-property acks=2", stdin="x\n").prints(
        err="""
            org.apache.kafka.common.config.ConfigException: Invalid value 2 for configuration acks: \
                String must be one of: all, -1, 0, 1
        """,
        exit=1,
    )


def test_an_unknown_topic_is_created_with_a_warning(cli: Cli) -> None:
    cli("kafka-console-producer -B --topic new_topic", stdin="one\ntwo\n").prints(
        err="""
            WARN org.apache.kafka.clients.NetworkClient - [Producer clientId=console-producer] \
                The metadata response from the cluster reported a recoverable issue with correlation id <n> : \
                {new_topic=UNKNOWN_TOPIC_OR_PARTITION}
        """
    )
    cli("kafka-topics -B --topic new_topic --describe").prints("""
        Topic: new_topic TopicId: <id> PartitionCount: 1 ReplicationFactor: 1 Configs: min.insync.replicas=1
            Topic: new_topic Partition: 0 Leader: 1 Replicas: 1 Isr: 1 Elr: LastKnownElr:
    """)
    read_back(cli, "new_topic", "one\ntwo", 2)


def test_an_invalid_topic_is_not_created(cli: Cli) -> None:
    cli("kafka-console-producer -B --topic 'bad topic!'", stdin="x\n").prints(
        err=f"""
            WARN org.apache.kafka.clients.NetworkClient - [Producer clientId=console-producer] \
                The metadata response from the cluster reported a recoverable issue with correlation id <n> : \
                {{bad topic!=INVALID_TOPIC_EXCEPTION}}
            ERROR org.apache.kafka.clients.Metadata - [Producer clientId=console-producer] \
                Metadata response reported invalid topics [bad topic!]
            {CALLBACK} topic bad topic! with key: null, value: 1 bytes with error:
            org.apache.kafka.common.errors.InvalidTopicException: Invalid topics: [bad topic!]
        """
    )


def test_keys_and_headers(cli: Cli) -> None:
    create(cli, "keyed")
    cli(
        "kafka-console-producer -B --topic keyed --reader-property parse.key=true --reader-property key.separator=,",
        stdin="k1,v1\nk2,v2\nk1,v3\n",
    ).prints("")
    cli(
        "kafka-console-producer -B --topic keyed --reader-property parse.key=true"
        " --reader-property key.separator=, --reader-property parse.headers=true",
        stdin="h1:a,h2:b\tk9,with headers\n",
    ).prints("")
    read_back(
        cli,
        "keyed",
        """
        NO_HEADERS k1 v1
        NO_HEADERS k2 v2
        NO_HEADERS k1 v3
        h1:a,h2:b k9 with headers
        """,
        4,
        "--formatter-property print.key=true --formatter-property print.headers=true",
    )


def test_a_line_without_its_key_ends_the_producer(cli: Cli) -> None:
    create(cli, "half-keyed")
    cli(
        "kafka-console-producer -B --topic half-keyed"
        " --reader-property parse.key=true --reader-property key.separator=,",
        stdin="k1,v1\nnokey\n",
    ).prints(
        err="org.apache.kafka.common.KafkaException: No key separator found on line number 2: 'nokey'",
        exit=1,
    )


@pytest.mark.parametrize("codec", ["gzip", "snappy", "lz4", "zstd", "none"])
def test_every_codec(cli: Cli, codec: str) -> None:
    topic = f"codec-{codec}"
    create(cli, topic)
    lines = "".join(f"{codec} line {n}\n" for n in range(50))
    cli(f"kafka-console-producer -B --topic {topic} --compression-codec {codec}", stdin=lines).prints("")
    read_back(cli, topic, lines, 50)


def test_the_same_key_goes_to_the_same_partition(cli: Cli) -> None:
    create(cli, "spread", partitions=3)
    keyed = "".join(f"k{n % 10}:m{n}\n" for n in range(20))
    cli(
        "kafka-console-producer -B --topic spread --reader-property parse.key=true --reader-property key.separator=:",
        stdin=keyed,
    ).prints("")
    cli("kafka-get-offsets -B --topic spread").prints("""
        spread:0:4
        spread:1:8
        spread:2:8
    """)


def test_a_record_that_is_too_large_is_refused(cli: Cli) -> None:
    create(cli, "large")
    cli(
        "kafka-console-producer -B --topic large --command-property max.request.size=3000000",
        stdin="x" * 1_500_000 + "\n",
    ).prints(
        err=f"""
            {CALLBACK} topic large with key: null, value: 1500000 bytes with error:
            org.apache.kafka.common.errors.RecordTooLargeException: \
                The request included a message larger than the max message size the server will accept.
        """
    )
    cli("kafka-get-offsets -B --topic large").prints("large:0:0")


def test_the_producer_in_a_process_of_its_own(cli: Cli) -> None:
    create(cli, "own-process")
    running = cli.start("kafka-console-producer -B --topic own-process")
    running.write("typed\nby hand\n")
    assert running.process.stdin is not None
    running.process.stdin.close()
    cli.ended(running, running.exit_code()).prints("")
    read_back(cli, "own-process", "typed\nby hand", 2)
