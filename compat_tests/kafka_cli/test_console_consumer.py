"""kafka-console-consumer: from the start, from an offset, live, with groups, through formatters."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from compat_tests.kafka_cli.cli import Cli
from compat_tests.support.expect import pattern_of
from compat_tests.support.processes import poll

pytestmark = pytest.mark.shows("kafka-console-consumer")

# One that begins at the end, and soon commits where that is.
LATEST = "kafka-console-consumer -B --command-property auto.commit.interval.ms=100"
TIMED_OUT = """
    ERROR org.apache.kafka.tools.consumer.ConsoleConsumer - Error processing message, terminating consumer process:
    org.apache.kafka.common.errors.TimeoutException
"""


def fill(cli: Cli, topic: str, lines: str, *, partitions: int = 1, options: str = "") -> None:
    cli(f"kafka-topics -B --create --if-not-exists --topic {topic} --partitions {partitions}")
    cli(f"kafka-console-producer -B --topic {topic} {options}", stdin=lines).prints("")


def test_from_the_beginning_with_a_random_group(cli: Cli) -> None:
    fill(cli, "beginning", "one\ntwo\nthree\n")
    cli(
        "kafka-console-consumer -B --topic beginning --from-beginning --max-messages 3 --timeout-ms 20000"
    ).prints("one\ntwo\nthree", err="Processed a total of 3 messages")


def test_a_timeout_is_logged_and_exits_zero(cli: Cli) -> None:
    fill(cli, "timeout", "one\ntwo\n")
    cli("kafka-console-consumer -B --topic timeout --from-beginning --timeout-ms 1500").prints(
        "one\ntwo", err=f"{TIMED_OUT}\nProcessed a total of 2 messages"
    )


def test_from_the_end_there_is_nothing(cli: Cli) -> None:
    fill(cli, "end", "one\ntwo\n")
    for where in ("--topic end", "--topic end --partition 0 --offset latest"):
        cli(f"kafka-console-consumer -B {where} --timeout-ms 1200").prints(
            err=f"{TIMED_OUT}\nProcessed a total of 0 messages"
        )


def test_from_an_offset_of_a_partition(cli: Cli) -> None:
    fill(cli, "offset", "one\ntwo\nthree\nfour\n")
    cli(
        "kafka-console-consumer -B --topic offset --partition 0 --offset 2 --max-messages 2 --timeout-ms 20000"
    ).prints("three\nfour", err="Processed a total of 2 messages")


def test_a_bad_offset_is_refused_by_the_tool(cli: Cli) -> None:
    cli("kafka-console-consumer -B --topic offset --partition 0 --offset -1 --timeout-ms 2000").prints(
        err="The provided offset value '-1' is incorrect. "
        "Valid values are 'earliest', 'latest', or a non-negative long.",
        exit=1,
    )


def test_a_partition_that_does_not_exist_times_out(cli: Cli) -> None:
    fill(cli, "few", "one\n")
    cli("kafka-console-consumer -B --topic few --partition 99 --offset earliest --timeout-ms 1500").prints(
        err=f"{TIMED_OUT}\nProcessed a total of 0 messages"
    )


def test_formatter_properties(cli: Cli) -> None:
    fill(cli, "formatted", "plain\n")
    fill(
        cli,
        "formatted",
        "h1:a,h2:b\tk9,with headers\n",
        options="--reader-property parse.key=true --reader-property key.separator=,"
        " --reader-property parse.headers=true",
    )
    properties = " ".join(
        f"--formatter-property print.{name}=true"
        for name in ("key", "timestamp", "partition", "offset", "headers", "epoch", "delivery")
    )
    command = (
        "kafka-console-consumer -B --topic formatted --from-beginning --max-messages 2 --timeout-ms 20000"
    )
    cli(f"{command} {properties}").prints(
        """
        CreateTime:<ts> Partition:0 Offset:0 Delivery:NOT_PRESENT Epoch:NOT_PRESENT NO_HEADERS null plain
        CreateTime:<ts> Partition:0 Offset:1 Delivery:NOT_PRESENT Epoch:NOT_PRESENT h1:a,h2:b k9 with headers
        """,
        err="Processed a total of 2 messages",
    )
    cli(
        f"{command} --property print.key=true --property 'key.separator= => ' --property null.literal=NULL"
    ).prints(
        """
        Option --property is deprecated and will be removed in a future version. Use --formatter-property instead.
        NULL => plain
        k9 => with headers
        """,
        err="Processed a total of 2 messages",
    )
    cli(f"{command} --formatter org.apache.kafka.tools.consumer.LoggingMessageFormatter").prints(
        """
        plain
        with headers
        """,
        err="Processed a total of 2 messages",
    )


def test_log_append_time_is_shown(cli: Cli) -> None:
    cli("kafka-topics -B --create --topic appended --config message.timestamp.type=LogAppendTime")
    fill(cli, "appended", "stamped\n")
    cli(
        "kafka-console-consumer -B --topic appended --from-beginning --max-messages 1 --timeout-ms 20000"
        " --formatter-property print.timestamp=true"
    ).prints("LogAppendTime:<ts> stamped", err="Processed a total of 1 messages")


def test_read_committed(cli: Cli) -> None:
    fill(cli, "committed", "one\ntwo\n")
    cli(
        "kafka-console-consumer -B --topic committed --from-beginning --isolation-level read_committed"
        " --group rc --max-messages 2 --timeout-ms 20000"
    ).prints("one\ntwo", err="Processed a total of 2 messages")


def test_a_consumer_creates_the_topic_it_asks_for(cli: Cli) -> None:
    cli("kafka-console-consumer -B --topic not_there --from-beginning --timeout-ms 1500").prints(
        err=f"""
            WARN org.apache.kafka.clients.NetworkClient - \
                [Consumer clientId=console-consumer, groupId=console-consumer-<n>] \
                The metadata response from the cluster reported a recoverable issue with correlation id <n> : \
                {{not_there=UNKNOWN_TOPIC_OR_PARTITION}}
            {TIMED_OUT}
            Processed a total of 0 messages
        """
    )
    cli("kafka-topics -B --list --topic not_there").prints("not_there")


def test_topics_by_a_pattern(cli: Cli) -> None:
    fill(cli, "pattern-first", "one\n")
    fill(cli, "pattern-second", "two\n")
    cli(
        "kafka-console-consumer -B --include 'pattern-f.*|pattern-s.*' --from-beginning --max-messages 2"
        " --timeout-ms 20000"
    ).prints("one\ntwo", err="Processed a total of 2 messages", any_order=True)


def test_without_an_offset_and_without_a_reset_policy(cli: Cli) -> None:
    fill(cli, "policy", "one\n")
    cli(
        "kafka-console-consumer -B --topic policy --group g_none"
        " --command-property auto.offset.reset=none --timeout-ms 4000"
    ).prints(
        err="""
            ERROR org.apache.kafka.tools.consumer.ConsoleConsumer - \
                Error processing message, terminating consumer process:
            org.apache.kafka.clients.consumer.NoOffsetForPartitionException: \
                Undefined offset with no reset policy for partitions: [policy-0]
            Processed a total of 0 messages
        """
    )


def test_a_group_goes_on_where_it_was(cli: Cli) -> None:
    consume = "kafka-console-consumer -B --topic resumed --group app --from-beginning"
    fill(cli, "resumed", "one\ntwo\nthree\n")
    cli(f"{consume} --max-messages 2 --timeout-ms 20000").prints(
        "one\ntwo", err="Processed a total of 2 messages"
    )
    cli(f"{consume} --max-messages 1 --timeout-ms 20000").prints(
        "three", err="Processed a total of 1 messages"
    )
    cli(f"{consume} --timeout-ms 1500").prints(err=f"{TIMED_OUT}\nProcessed a total of 0 messages")


def test_a_live_consumer_sees_what_is_produced(cli: Cli) -> None:
    fill(cli, "live", "before\n")
    live = cli.start(f"{LATEST} --topic live --group live")
    wait_for_positions(cli, "live", members=1, partitions=1)
    fill(cli, "live", "now\nand again\n")
    live.wait_for_text("now\nand again\n")
    cli.ended(live, live.stop()).prints("now\nand again", err="Processed a total of 2 messages", exit=143)


def test_two_consumers_of_a_group_share_three_partitions(cli: Cli) -> None:
    fill(cli, "shared", "", partitions=3)
    consumers = [cli.start(f"{LATEST} --topic shared --group sharing") for _ in range(2)]
    wait_for_positions(cli, "sharing", members=2, partitions=3)
    fill(
        cli,
        "shared",
        "".join(f"k{n % 10}:m{n}\n" for n in range(20)),
        options="--reader-property parse.key=true --reader-property key.separator=:",
    )

    def all_read() -> list[list[str]] | None:
        read = [consumer.stdout.split() for consumer in consumers]
        return read if sum(map(len, read)) >= 20 else None

    first, second = poll(all_read, within=20, what=lambda: f"20 records: {[c.story for c in consumers]}")
    assert sorted(first + second) == sorted(f"m{n}" for n in range(20)), "each record once"
    assert first, "the first has partitions of its own"
    assert second, "the second has partitions of its own"
    ended = [consumer.stop() for consumer in consumers]
    assert ended == [143, 143]
    cli("kafka-consumer-groups -B --describe --group sharing").prints(
        """
        GROUP TOPIC PARTITION CURRENT-OFFSET LOG-END-OFFSET LAG CONSUMER-ID HOST CLIENT-ID
        sharing shared 0 4 4 0 - - -
        sharing shared 1 8 8 0 - - -
        sharing shared 2 8 8 0 - - -
        """,
        err="Consumer group 'sharing' has no active members.",
    )


def wait_for_positions(cli: Cli, group: str, *, members: int, partitions: int) -> None:
    """Waits until so many members share the group and each has committed where it begins to read.

    A member that is only assigned has still to ask for the end of its partitions: what is produced
    before that is not for it."""

    def committed() -> bool | None:
        state = cli(f"kafka-consumer-groups -B --describe --group {group} --state")
        if not (state.stdout[-1:] and state.stdout[-1].endswith(f"Stable {members}")):
            return None
        rows = [row.split() for row in cli(f"kafka-consumer-groups -B --describe --group {group}").stdout]
        positions = [row[3] for row in rows if row[:1] == [group]]
        return True if len(positions) == partitions and "-" not in positions else None

    poll(committed, within=20, what=f"{members} members of {group} with their positions")


def test_internal_topics_through_their_formatters(cli: Cli) -> None:
    fill(cli, "watched", "one\ntwo\n")
    cli(
        "kafka-console-consumer -B --topic watched --group watched-group --from-beginning --max-messages 2"
        " --timeout-ms 20000"
    ).prints("one\ntwo", err="Processed a total of 2 messages")
    read_all = "kafka-console-consumer -B --topic __consumer_offsets --from-beginning --timeout-ms 1500"
    offsets = cli(f"{read_all} --formatter org.apache.kafka.tools.consumer.OffsetsMessageFormatter")
    assert_has_record(
        offsets.stdout,
        '{"key":{"type":1,"data":{"group":"watched-group","topic":"watched","partition":0}},'
        '"value":{"version":4,"data":{"offset":2,"leaderEpoch":0,"metadata":"","commitTimestamp":<ts>,"topicId":"<id>"}}}',
    )
    groups = cli(f"{read_all} --formatter org.apache.kafka.tools.consumer.GroupMetadataMessageFormatter")
    member = "console-consumer-<uuid>"
    assert_has_record(
        groups.stdout,
        '{"key":{"type":2,"data":{"group":"watched-group"}},"value":{"version":3,"data":{'
        f'"protocolType":"consumer","generation":1,"protocol":"range","leader":"{member}",'
        f'"currentStateTimestamp":<ts>,"members":[{{"memberId":"{member}","groupInstanceId":null,'
        '"clientId":"console-consumer","clientHost":"/127.0.0.1","rebalanceTimeout":300000,'
        '"sessionTimeout":45000,"subscription":"<base64>","assignment":"<base64>"}]}}}',
    )
    assert_has_record(
        groups.stdout,
        '{"key":{"type":2,"data":{"group":"watched-group"}},"value":{"version":3,"data":{'
        '"protocolType":"consumer","generation":2,"protocol":null,"leader":null,'
        '"currentStateTimestamp":<ts>,"members":[]}}}',
    )


def assert_has_record(lines: Sequence[str], record: str) -> None:
    """The formatters print records one after the other, with no line ends."""
    printed = "".join(lines)
    assert pattern_of(record).search(printed), f"no {record} in {printed}"


def test_the_offsets_topic_is_internal(cli: Cli) -> None:
    fill(cli, "outer", "one\n")
    cli(
        "kafka-console-consumer -B --topic outer --group inner --from-beginning --max-messages 1 --timeout-ms 20000"
    ).prints("one", err="Processed a total of 1 messages")
    assert "__consumer_offsets" in cli("kafka-topics -B --list").stdout
    assert "__consumer_offsets" not in cli("kafka-topics -B --list --exclude-internal").stdout
    heading, *partitions = cli("kafka-topics -B --describe --topic __consumer_offsets").stdout
    assert pattern_of(
        "Topic: __consumer_offsets TopicId: <id> PartitionCount: 50 ReplicationFactor: 1 "
        "Configs: compression.type=producer,min.insync.replicas=1,cleanup.policy=compact,segment.bytes=104857600"
    ).fullmatch(heading), heading
    assert partitions == [
        f"Topic: __consumer_offsets Partition: {n} Leader: 1 Replicas: 1 Isr: 1 Elr: LastKnownElr:"
        for n in range(50)
    ]
    everything = cli("kafka-get-offsets -B").stdout
    assert sum(line.startswith("__consumer_offsets:") for line in everything) == 50
    assert "outer:0:1" in everything
