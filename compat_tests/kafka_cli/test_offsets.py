"""kafka-get-offsets and kafka-delete-records."""

from __future__ import annotations

import json
import re

import pytest

from compat_tests.kafka_cli.cli import Cli


@pytest.fixture
def topic(cli: Cli, request: pytest.FixtureRequest) -> str:
    """A topic named for the test, with 4, 8 and 8 records in its partitions, the key k0 first in partition 2."""
    name: str = re.sub(r"\W|_", "-", request.node.name).strip("-")
    cli(f"kafka-topics -B --create --topic {name} --partitions 3").prints(f"Created topic {name}.")
    keyed = "".join(f"k{n % 10}:m{n}\n" for n in range(20))
    cli(
        f"kafka-console-producer -B --topic {name}"
        " --reader-property parse.key=true --reader-property key.separator=:",
        stdin=keyed,
    ).prints("")
    return name


def table(topic: str, *offsets: int) -> str:
    return "\n".join(f"{topic}:{partition}:{offset}" for partition, offset in enumerate(offsets))


@pytest.mark.shows("kafka-get-offsets")
@pytest.mark.parametrize(
    ("times", "offsets"),
    [
        (("", "--time -1", "--time latest"), (4, 8, 8)),
        (("--time -2", "--time earliest", "--time -4", "--time earliest-local"), (0, 0, 0)),
        (("--time -5", "--time latest-tiered", "--time -6", "--time earliest-pending-upload"), ()),
        (("--time 0", "--time 1500000000000"), (0, 0, 0)),
        (("--time 4000000000000",), ()),
    ],
    ids=["latest", "earliest", "tiered", "past", "future"],
)
def test_offsets_by_name_and_by_time(
    cli: Cli, topic: str, times: tuple[str, ...], offsets: tuple[int, ...]
) -> None:
    for time in times:
        cli(f"kafka-get-offsets -B --topic {topic} {time}").prints(table(topic, *offsets))


@pytest.mark.shows("kafka-get-offsets")
def test_the_greatest_timestamp_is_the_first_record_that_has_it(cli: Cli) -> None:
    topic = "max-timestamp"
    cli(f"kafka-topics -B --create --topic {topic}").prints(f"Created topic {topic}.")
    for line in ("one\n", "two\n", "three\n"):
        cli(f"kafka-console-producer -B --topic {topic}", stdin=line).prints("")
    for time in ("-3", "max-timestamp"):
        cli(f"kafka-get-offsets -B --topic {topic} --time {time}").prints(f"{topic}:0:2")
    stamps = cli(
        f"kafka-console-consumer -B --topic {topic} --from-beginning --max-messages 3 --timeout-ms 20000"
        " --formatter-property print.timestamp=true"
    ).stdout
    second = int(stamps[1].split()[0].split(":")[1])
    cli(f"kafka-get-offsets -B --topic {topic} --time {second}").prints(f"{topic}:0:1")
    cli(f"kafka-get-offsets -B --topic {topic} --time {second + 1}").prints(f"{topic}:0:2")


@pytest.mark.shows("kafka-get-offsets")
def test_a_time_that_has_no_meaning(cli: Cli, topic: str) -> None:
    ran = cli(f"kafka-get-offsets -B --topic {topic} --time -7")
    assert ran.exit == 0
    assert ran.stdout == []
    assert {line.split("topic partition ")[1] for line in ran.stderr if "ListOffsetsHandler" in line} == {
        f"{topic}-{partition} failed due to an unexpected error UNSUPPORTED_VERSION" for partition in range(3)
    }
    cli(f"kafka-get-offsets -B --topic {topic} --time bogus").prints(
        err="Error occurred: Malformed time argument bogus. Please use -1 or latest / -2 or earliest / "
        "-3 or max-timestamp / -4 or earliest-local / -5 or latest-tiered / -6 or earliest-pending-upload, "
        "or a specified long format timestamp",
        exit=1,
    )


@pytest.mark.shows("kafka-get-offsets")
def test_partitions_are_chosen(cli: Cli, topic: str) -> None:
    cli(f"kafka-get-offsets -B --topic-partitions {topic}:0-2").prints(table(topic, 4, 8))
    cli(f"kafka-get-offsets -B --topic {topic} --partitions 0,99").prints(table(topic, 4))
    everything = cli("kafka-get-offsets -B --exclude-internal-topics").stdout
    assert {f"{topic}:0:4", f"{topic}:1:8", f"{topic}:2:8"} <= set(everything)
    cli("kafka-get-offsets -B --topic nope").prints(
        err="Error occurred: Could not match any topic-partitions with the specified filters", exit=1
    )


def delete(cli: Cli, topic: str, partition: int, offset: int) -> str:
    """A kafka-delete-records command for one partition."""
    one = {"topic": topic, "partition": partition, "offset": offset}
    path = cli.file(f"{partition}-{offset}.json", json.dumps({"partitions": [one], "version": 1}))
    return f"kafka-delete-records -B --offset-json-file {path}"


@pytest.mark.shows("kafka-delete-records")
def test_records_are_deleted(cli: Cli, topic: str) -> None:
    heading = "Executing records delete operation\nRecords delete operation completed:\n"
    cli(delete(cli, topic, 1, 2)).prints(f"{heading}partition: {topic}-1 low_watermark: 2")
    cli(delete(cli, topic, 2, -1)).prints(f"{heading}partition: {topic}-2 low_watermark: 8")
    cli(delete(cli, topic, 1, 0)).prints(f"{heading}partition: {topic}-1 low_watermark: 2")
    cli(delete(cli, topic, 0, 1000)).prints(
        f"""
        {heading}partition: {topic}-0 error: org.apache.kafka.common.errors.OffsetOutOfRangeException: \
            The requested offset is not within the range of offsets maintained by the server.
        """,
        err="ERROR org.apache.kafka.clients.admin.internals.DeleteRecordsHandler - [AdminClient clientId=<any>] "
        f"DeleteRecords request for topic partition {topic}-0 failed due to an unexpected error OFFSET_OUT_OF_RANGE",
    )
    cli(f"kafka-get-offsets -B --topic {topic} --time earliest").prints(table(topic, 0, 2, 8))
    cli(f"kafka-get-offsets -B --topic {topic} --time latest").prints(table(topic, 4, 8, 8))
    cli(
        f"kafka-console-consumer -B --topic {topic} --partition 1 --offset earliest --max-messages 1"
        " --timeout-ms 20000 --formatter-property print.offset=true"
    ).prints("Offset:2 <any>", err="Processed a total of 1 messages")


@pytest.mark.shows("kafka-delete-records")
def test_an_unknown_topic_is_asked_for_again_and_again_and_the_broker_lives(cli: Cli, topic: str) -> None:
    config = cli.file("impatient.properties", "default.api.timeout.ms=1500\nrequest.timeout.ms=1000\n")
    ran = cli(f"{delete(cli, 'nope', 0, 0)} --command-config {config}")
    assert ran.exit == 0
    assert ran.stdout[2].startswith(
        "partition: nope-0 error: org.apache.kafka.common.errors.TimeoutException: "
        "Call(callName=deleteRecords(api=METADATA)"
    )
    cli(f"kafka-get-offsets -B --topic {topic}").prints(table(topic, 4, 8, 8))
