"""kafka-share-groups, kafka-console-share-consumer, and the other tools that speak for share groups."""

from __future__ import annotations

import pytest

from compat_tests.kafka_cli.cli import Cli
from compat_tests.kafka_cli.test_console_consumer import assert_has_record
from compat_tests.support.processes import Running, poll

pytestmark = pytest.mark.cluster(
    properties=(
        "group.share.heartbeat.interval.ms=200",
        "group.share.min.heartbeat.interval.ms=200",
        "group.share.assignment.interval.ms=0",
    )
)

GROUPS = "kafka-share-groups -B"
CONSUMER = "kafka-console-share-consumer -B"
NOT_FOUND = "org.apache.kafka.common.errors.GroupIdNotFoundException"


def early_group(cli: Cli, group: str) -> None:
    """A group that begins with the first record."""
    cli(
        f"kafka-configs -B --entity-type groups --entity-name {group} --alter"
        " --add-config share.auto.offset.reset=earliest"
    ).prints(f"Completed updating config for group {group}.")


def filled_topic(cli: Cli, topic: str, partitions: int = 1) -> None:
    """A topic whose first partition, or one of them, has three records."""
    cli(f"kafka-topics -B --create --topic {topic} --partitions {partitions}").prints(
        f"Created topic {topic}."
    )
    cli(f"kafka-console-producer -B --topic {topic}", stdin="s1\ns2\ns3\n").prints("")


def wait_for_members(cli: Cli, group: str, count: int, consumers: list[Running]) -> None:
    def all_there() -> bool | None:
        assert all(consumer.process.poll() is None for consumer in consumers), [c.story for c in consumers]
        state = cli(f"{GROUPS} --describe --group {group} --state")
        return True if state.stdout[-1:] and state.stdout[-1].endswith(f"Stable {count}") else None

    poll(all_there, within=25, what=lambda: f"{count} members of {group}: {[c.story for c in consumers]}")


def consume_all(cli: Cli, topic: str, group: str) -> None:
    cli(f"{CONSUMER} --topic {topic} --group {group} --max-messages 3 --timeout-ms 20000").prints(
        "s1\ns2\ns3", err="Processed a total of 3 messages"
    )


@pytest.mark.shows("kafka-console-share-consumer")
def test_what_is_read_is_described(cli: Cli) -> None:
    filled_topic(cli, "shared")
    early_group(cli, "readers")
    consume_all(cli, "shared", "readers")

    none = "Share group 'readers' has no active members."
    assert "readers" in cli(f"{GROUPS} --list").stdout
    assert "readers Empty" in cli(f"{GROUPS} --list --state").stdout
    assert "readers Share share" in cli("kafka-groups -B --list --share").stdout
    cli(f"{GROUPS} --describe --group readers").prints(
        "GROUP TOPIC PARTITION START-OFFSET LAG\nreaders shared 0 <n> 0"
    )
    cli(f"{GROUPS} --describe --group readers --offsets --verbose").prints(
        "GROUP TOPIC PARTITION LEADER-EPOCH START-OFFSET LAG\nreaders shared 0 0 <n> 0"
    )
    cli(f"{GROUPS} --describe --group readers --members").prints("", err=none)
    cli(f"{GROUPS} --describe --group readers --state --verbose").prints(
        """
        GROUP COORDINATOR (ID) STATE GROUP-EPOCH ASSIGNMENT-EPOCH #MEMBERS
        readers 127.0.0.1:9092 (1) Empty <n> <n> 0
        """,
        err=none,
    )
    # What was accepted is not delivered again.
    cli(f"{CONSUMER} --topic shared --group readers --timeout-ms 1000").prints(
        "",
        err="""
        ERROR org.apache.kafka.tools.consumer.ConsoleShareConsumer - Error processing message, terminating \
            consumer process:
        org.apache.kafka.common.errors.TimeoutException
        Processed a total of 0 messages
        """,
    )


@pytest.mark.shows("kafka-console-share-consumer")
def test_what_is_rejected_or_released(cli: Cli) -> None:
    filled_topic(cli, "refused")
    early_group(cli, "releasers")
    options = "--topic refused --group releasers --max-messages 3 --timeout-ms 20000"
    for _ in range(2):
        cli(f"{CONSUMER} {options} --release").prints("s1\ns2\ns3", err="Processed a total of 3 messages")
    cli(f"{CONSUMER} {options} --reject").prints("s1\ns2\ns3", err="Processed a total of 3 messages")
    cli(f"{GROUPS} --describe --group releasers").prints(
        "GROUP TOPIC PARTITION START-OFFSET LAG\nreleasers refused 0 <n> 0"
    )


@pytest.mark.shows("kafka-share-groups")
def test_members_share_a_topic(cli: Cli) -> None:
    cli("kafka-topics -B --create --topic crowd --partitions 4").prints("Created topic crowd.")
    consumers = [
        cli.start(f"{CONSUMER} --topic crowd --group crowders --command-property client.id=c{number}")
        for number in range(2)
    ]
    wait_for_members(cli, "crowders", 2, consumers)
    cli(f"{GROUPS} --describe --group crowders --state").prints(
        "GROUP COORDINATOR (ID) STATE #MEMBERS\ncrowders 127.0.0.1:9092 (1) Stable 2"
    )

    def all_told() -> list[list[str]] | None:
        heading, *members = cli(f"{GROUPS} --describe --group crowders --members --verbose").stdout
        assert heading == "GROUP CONSUMER-ID HOST CLIENT-ID #PARTITIONS MEMBER-EPOCH ASSIGNMENT"
        rows = [line.split() for line in members]
        return rows if [row[4] for row in rows] == ["2", "2"] else None

    rows = poll(all_told, within=25, what="two partitions for each")
    assert sorted((row[2], row[3]) for row in rows) == [("/127.0.0.1", "c0"), ("/127.0.0.1", "c1")]
    cli(f"{GROUPS} --delete --group crowders").prints("""
        Error: Deletion of some share groups failed:
        * Group 'crowders' could not be deleted due to: \
            org.apache.kafka.common.errors.GroupNotEmptyException: Share group 'crowders' is not EMPTY.
    """)


@pytest.mark.shows("kafka-share-groups")
def test_offsets_are_reset_and_deleted(cli: Cli) -> None:
    filled_topic(cli, "replayed", partitions=1)
    early_group(cli, "again")
    consume_all(cli, "replayed", "again")
    reset = f"{GROUPS} --reset-offsets --group again --topic replayed"
    cli(f"{reset} --to-earliest --execute").prints("GROUP TOPIC PARTITION NEW-OFFSET\nagain replayed 0 0")
    cli(f"{GROUPS} --describe --group again").prints(
        "GROUP TOPIC PARTITION START-OFFSET LAG\nagain replayed 0 0 3"
    )
    consume_all(cli, "replayed", "again")
    cli(f"{reset} --to-latest --execute").prints("GROUP TOPIC PARTITION NEW-OFFSET\nagain replayed 0 3")
    cli(f"{GROUPS} --delete-offsets --group again --topic replayed").prints(
        "TOPIC STATUS\nreplayed Successful"
    )
    cli(f"{GROUPS} --delete --group again").prints(
        "Deletion of requested share groups ('again') was successful."
    )
    assert "again" not in cli(f"{GROUPS} --list").stdout


@pytest.mark.shows("kafka-share-groups")
def test_groups_that_are_not_there_or_of_another_kind(cli: Cli) -> None:
    cli(f"{GROUPS} --describe --group absent").prints(
        f"Error: Executing share group command failed due to {NOT_FOUND}: Group absent not found.",
        err=f"java.util.concurrent.ExecutionException: {NOT_FOUND}: Group absent not found.",
    )
    cli(f"{GROUPS} --delete --group absent").prints("""
        Error: Deletion of some share groups failed:
        * Group 'absent' could not be deleted due to: java.lang.IllegalArgumentException: Group 'absent' is \
            not a share group.
    """)
    filled_topic(cli, "classical")
    cli(
        "kafka-console-consumer -B --topic classical --group elders --from-beginning --max-messages 3"
    ).prints("s1\ns2\ns3", err="Processed a total of 3 messages")
    ran = cli(f"{CONSUMER} --topic classical --group elders --timeout-ms 3000")
    assert ran.stdout == []
    assert f"{NOT_FOUND}: Group elders is not a share group." in ran.stderr


@pytest.mark.shows("kafka-verifiable-share-consumer")
def test_the_verifiable_consumer_reports_what_it_acknowledges(cli: Cli) -> None:
    filled_topic(cli, "verified")
    consumer = cli.start(
        "kafka-verifiable-share-consumer -B --topic verified --group-id verifiers --max-messages 3"
        " --offset-reset-strategy earliest --acknowledgement-mode sync"
    )
    ran = cli.ended(consumer, consumer.exit_code(within=30))
    ran.prints("""
        {"timestamp":<ts>,"name":"startup_complete"}
        {"timestamp":<ts>,"name":"offset_reset_strategy_set","offsetResetStrategy":"earliest"}
        {"timestamp":<ts>,"name":"records_consumed","count":3,"partitions":[<any>]}
        {"timestamp":<ts>,"name":"offsets_acknowledged","count":3,"partitions":[<any>],"success":true}
        {"timestamp":<ts>,"name":"shutdown_complete"}
    """)


@pytest.mark.shows("kafka-share-consumer-perf-test")
def test_the_perf_test_reads_all_there_is(cli: Cli) -> None:
    cli("kafka-topics -B --create --topic perf-shared").prints("Created topic perf-shared.")
    early_group(cli, "perf-share-consumer")
    produced = cli(
        "kafka-producer-perf-test -B --topic perf-shared --num-records 1000 --record-size 100 --throughput -1"
    )
    assert produced.exit == 0
    cli(
        "kafka-share-consumer-perf-test -B --topic perf-shared --group perf-share-consumer"
        " --num-records 1000 --timeout 10000"
    ).prints("""
        start.time, end.time, data.consumed.in.MB, MB.sec, nMsg.sec, data.consumed.in.nMsg, fetch.time.ms
        <time>, <time>, 0.0954, <number>, <number>, 1000, <n>
    """)


@pytest.mark.shows("kafka-console-consumer")
def test_internal_topics_through_their_formatters(cli: Cli) -> None:
    filled_topic(cli, "logged")
    early_group(cli, "loggers")
    consume_all(cli, "logged", "loggers")
    read_all = "kafka-console-consumer -B --from-beginning --timeout-ms 1500"
    formatters = "org.apache.kafka.tools.consumer"
    states = cli(
        f"{read_all} --topic __share_group_state"
        f" --formatter {formatters}.group.share.ShareGroupStateMessageFormatter"
    )
    key = '"data":{"groupId":"loggers","topicId":"<id>","partition":0}}'
    assert_has_record(
        states.stdout,
        f'{{"key":{{"type":0,{key},"value":{{"version":0,"data":{{"snapshotEpoch":0,"stateEpoch":<n>,'
        '"leaderEpoch":0,"startOffset":-1,"createTimestamp":<ts>,"writeTimestamp":<ts>,"stateBatches":[]}}}',
    )
    assert_has_record(
        states.stdout,
        f'{{"key":{{"type":1,{key},"value":{{"version":0,"data":{{"snapshotEpoch":0,"leaderEpoch":0,'
        '"startOffset":<n>,"deliveryCompleteCount":<n>,"stateBatches":[<any>]}}}',
    )
    groups = cli(f"{read_all} --topic __consumer_offsets --formatter {formatters}.ShareGroupMessageFormatter")
    key = '"data":{"groupId":"loggers"}}'
    assert_has_record(
        groups.stdout,
        f'{{"key":{{"type":15,{key},"value":{{"version":0,"data":{{"initializingTopics":[],"initializedTopics":'
        '[{"topicId":"<id>","topicName":"logged","partitions":[0]}],"deletingTopics":[]}}}',
    )
