"""kafka-consumer-groups and kafka-groups: list, describe, reset, delete."""

from __future__ import annotations

import pytest

from compat_tests.kafka_cli.cli import Cli
from compat_tests.support.processes import Running, poll

pytestmark = pytest.mark.shows("kafka-consumer-groups")

GROUPS = "kafka-consumer-groups -B"
NOT_FOUND = "org.apache.kafka.common.errors.GroupIdNotFoundException"
KEYED = "--reader-property parse.key=true --reader-property key.separator=:"


def topic_of_three(cli: Cli, topic: str) -> None:
    """A topic with 4, 8 and 8 records in its three partitions."""
    cli(f"kafka-topics -B --create --topic {topic} --partitions 3").prints(f"Created topic {topic}.")
    keyed = "".join(f"k{n % 10}:m{n}\n" for n in range(20))
    cli(f"kafka-console-producer -B --topic {topic} {KEYED}", stdin=keyed).prints("")


def consume_all(cli: Cli, topic: str, group: str, count: int = 20) -> None:
    """A consumer of the group reads, commits, and leaves."""
    ran = cli(
        f"kafka-console-consumer -B --topic {topic} --group {group} --from-beginning"
        f" --max-messages {count} --timeout-ms 20000"
    )
    assert len(ran.stdout) == count
    assert ran.exit == 0


def reset(cli: Cli, group: str, options: str, expected: str, *, err: str = "") -> None:
    """Resets offsets, and describes the group afterwards to see them."""
    cli(f"{GROUPS} --group {group} --reset-offsets {options}").prints(
        f"GROUP TOPIC PARTITION NEW-OFFSET\n{expected}", err=err, any_order=True
    )


def offsets(cli: Cli, group: str) -> list[str]:
    """CURRENT-OFFSET of each of the group's partitions, as describe shows them."""
    return [line.split()[3] for line in cli(f"{GROUPS} --describe --group {group}").stdout[1:]]


def wait_for_members(cli: Cli, group: str, count: int, consumers: list[Running]) -> None:
    def stable() -> bool | None:
        assert all(consumer.process.poll() is None for consumer in consumers), [c.story for c in consumers]
        state = cli(f"{GROUPS} --describe --group {group} --state")
        return True if state.stdout[-1:] and state.stdout[-1].endswith(f"Stable {count}") else None

    poll(stable, within=25, what=lambda: f"{count} members of {group}: {[c.story for c in consumers]}")


def test_a_group_without_members_is_described(cli: Cli) -> None:
    cli(f"{GROUPS} --list").prints("")
    topic_of_three(cli, "quiet")
    consume_all(cli, "quiet", "quiet_app")
    none = "Consumer group 'quiet_app' has no active members."
    cli(f"{GROUPS} --list").prints("quiet_app")
    cli(f"{GROUPS} --describe --group quiet_app").prints(
        """
        GROUP TOPIC PARTITION CURRENT-OFFSET LOG-END-OFFSET LAG CONSUMER-ID HOST CLIENT-ID
        quiet_app quiet 0 4 4 0 - - -
        quiet_app quiet 1 8 8 0 - - -
        quiet_app quiet 2 8 8 0 - - -
        """,
        err=none,
    )
    cli("kafka-console-producer -B --topic quiet " + KEYED, stdin="k0:new1\nk0:new2\n").prints("")
    cli(f"{GROUPS} --describe --group quiet_app --offsets --verbose").prints(
        """
        GROUP TOPIC PARTITION LEADER-EPOCH CURRENT-OFFSET LOG-END-OFFSET LAG CONSUMER-ID HOST CLIENT-ID
        quiet_app quiet 0 0 4 4 0 - - -
        quiet_app quiet 1 0 8 8 0 - - -
        quiet_app quiet 2 0 8 10 2 - - -
        """,
        err=none,
    )
    cli(f"{GROUPS} --describe --group quiet_app --members").prints(
        "GROUP CONSUMER-ID HOST CLIENT-ID #PARTITIONS", err=none
    )
    cli(f"{GROUPS} --describe --group quiet_app --members --verbose").prints(
        """
        GROUP CONSUMER-ID HOST CLIENT-ID #PARTITIONS CURRENT-EPOCH CURRENT-ASSIGNMENT TARGET-EPOCH TARGET-ASSIGNMENT
        """,
        err=none,
    )
    cli(f"{GROUPS} --describe --group quiet_app --state").prints(
        """
        GROUP COORDINATOR (ID) ASSIGNMENT-STRATEGY STATE #MEMBERS
        quiet_app 127.0.0.1:9092 (1) - Empty 0
        """,
        err=none,
    )
    cli(f"{GROUPS} --describe --group quiet_app --state --verbose").prints(
        """
        GROUP COORDINATOR (ID) ASSIGNMENT-STRATEGY STATE GROUP-EPOCH TARGET-ASSIGNMENT-EPOCH #MEMBERS
        quiet_app 127.0.0.1:9092 (1) - Empty - - 0
        """,
        err=none,
    )


@pytest.mark.parametrize("view", ["", "--members", "--state", "--offsets"])
def test_an_unknown_group_is_not_found(cli: Cli, view: str) -> None:
    text = f"{NOT_FOUND}: Group unknown_group not found."
    cli(f"{GROUPS} --describe --group unknown_group {view}").prints(
        f"Error: Executing consumer group command failed due to {text}",
        err=f"java.util.concurrent.ExecutionException: {text}",
    )


def test_two_groups_are_listed_and_described(cli: Cli) -> None:
    topic_of_three(cli, "listed")
    consume_all(cli, "listed", "listed_a")
    consume_all(cli, "listed", "listed_b", count=20)

    def mine(command: str) -> list[str]:
        return sorted(line for line in cli(command).stdout if line.startswith(("GROUP", "listed_")))

    assert mine(f"{GROUPS} --list") == ["listed_a", "listed_b"]
    empty = ["GROUP STATE", "listed_a Empty", "listed_b Empty"]
    assert mine(f"{GROUPS} --list --state") == empty
    assert mine(f"{GROUPS} --list --state Empty,Stable") == empty
    assert mine(f"{GROUPS} --list --state Stable") == ["GROUP STATE"]
    assert mine(f"{GROUPS} --list --type") == ["GROUP TYPE", "listed_a Classic", "listed_b Classic"]
    assert mine(f"{GROUPS} --list --type consumer") == ["GROUP TYPE"]
    assert mine("kafka-groups -B --list") == [
        "GROUP TYPE PROTOCOL",
        "listed_a Classic consumer",
        "listed_b Classic consumer",
    ]
    assert mine("kafka-groups -B --list --group-type classic --protocol consumer")[1:] == [
        "listed_a Classic consumer",
        "listed_b Classic consumer",
    ]
    described = cli(f"{GROUPS} --describe --all-groups")
    assert sorted(line for line in described.stdout if line.startswith("listed_")) == [
        f"{group} listed {partition} - - -"
        for group in ("listed_a", "listed_b")
        for partition in ("0 4 4 0", "1 8 8 0", "2 8 8 0")
    ]
    states = cli(f"{GROUPS} --describe --all-groups --state").stdout
    assert {"listed_a 127.0.0.1:9092 (1) - Empty 0", "listed_b 127.0.0.1:9092 (1) - Empty 0"} <= set(states)


def test_a_state_that_does_not_exist_is_refused_by_the_tool(cli: Cli) -> None:
    cli(f"{GROUPS} --list --state NoSuchState").prints(
        err="Invalid state list 'NoSuchState'. Valid states are: <any>",
        exit=1,
    )


def test_reset_is_a_dry_run_unless_executed(cli: Cli) -> None:
    topic_of_three(cli, "dry")
    consume_all(cli, "dry", "dry_app")
    zeros = "dry_app dry 0 0\ndry_app dry 1 0\ndry_app dry 2 0"
    reset(
        cli,
        "dry_app",
        "--topic dry --to-earliest",
        zeros,
        err="WARN: No action will be performed as the --execute option is missing. In version 5.0, this command will "
        "require either --dry-run or --execute to be specified. You should add the --dry-run option explicitly if "
        "you are scripting this command and want to keep the current default behavior without prompting.",
    )
    reset(cli, "dry_app", "--topic dry --to-earliest --dry-run", zeros)
    assert offsets(cli, "dry_app") == ["4", "8", "8"]
    reset(cli, "dry_app", "--topic dry --to-earliest --execute", zeros)
    assert offsets(cli, "dry_app") == ["0", "0", "0"]
    consume_all(cli, "dry", "dry_app", count=20)


def clamped(end: str, offset: int, partition: str, to: int) -> str:
    side = "lower than earliest" if end == "low" else "higher than latest"
    return (
        f"WARN org.apache.kafka.tools.OffsetsUtils - New offset ({offset}) is {side} offset for topic partition "
        f"{partition}. Value will be set to {to}"
    )


def test_every_way_to_reset(cli: Cli) -> None:
    topic_of_three(cli, "ways")
    group = "ways_app"

    def executes(options: str, offsets_wanted: str, err: str = "") -> None:
        rows = "\n".join(f"{group} ways {row}" for row in offsets_wanted.split(", "))
        reset(cli, group, f"{options} --execute", rows, err=err)

    executes("--topic ways --to-latest", "0 4, 1 8, 2 8")
    executes("--topic ways --to-current", "0 4, 1 8, 2 8")
    executes("--topic ways --shift-by -2", "0 2, 1 6, 2 6")
    executes("--topic ways --shift-by 1", "0 3, 1 7, 2 7")
    executes(
        "--topic ways --shift-by 3",
        "0 4, 1 8, 2 8",
        "\n".join(
            clamped("high", offset, f"ways-{p}", to) for offset, p, to in ((6, 0, 4), (10, 1, 8), (10, 2, 8))
        ),
    )
    executes(
        "--topic ways --shift-by -1000",
        "0 0, 1 0, 2 0",
        "\n".join(clamped("low", offset, f"ways-{p}", 0) for p, offset in ((0, -996), (1, -992), (2, -992))),
    )
    executes("--topic ways:0,2 --to-offset 1", "0 1, 2 1")
    executes(
        "--topic ways --to-offset 5",
        "0 4, 1 5, 2 5",
        clamped("high", 5, "ways-0", 4),
    )
    executes("--topic ways --by-duration PT10M", "0 0, 1 0, 2 0")
    executes("--topic ways --to-datetime 2020-01-01T00:00:00.000", "0 0, 1 0, 2 0")
    assert offsets(cli, group) == ["0", "0", "0"]
    empty = "\n".join(
        f"Warn: Partition {p} from topic ways is empty. Falling back to latest known offset."
        for p in range(3)
    )
    cli(
        f"{GROUPS} --group {group} --reset-offsets --topic ways --to-datetime 2099-01-01T00:00:00.000 --execute"
    ).prints(
        f"{empty}\nGROUP TOPIC PARTITION NEW-OFFSET\n{group} ways 0 4\n{group} ways 1 8\n{group} ways 2 8",
        any_order=True,
    )
    executes("--all-topics --to-earliest", "0 0, 1 0, 2 0")


def test_a_reset_plan_is_exported_and_read_from_a_file(cli: Cli) -> None:
    topic_of_three(cli, "plan")
    consume_all(cli, "plan", "plan_app")
    cli(f"{GROUPS} --group plan_app --reset-offsets --topic plan --to-earliest --export --dry-run").prints(
        "plan,0,0\nplan,1,0\nplan,2,0", any_order=True
    )
    plan = cli.file("reset.csv", "plan,0,1\nplan,2,3\n")
    reset(cli, "plan_app", f"--from-file {plan} --execute", "plan_app plan 0 1\nplan_app plan 2 3")
    assert offsets(cli, "plan_app") == ["1", "8", "3"]


def test_resets_that_cannot_be(cli: Cli) -> None:
    topic_of_three(cli, "hopeless")
    consume_all(cli, "hopeless", "hopeless_app")
    command = f"{GROUPS} --group hopeless_app --reset-offsets --to-earliest --execute"
    cli(command).prints(err="One of the reset scopes should be defined: --all-topics, --topic.", exit=1)
    unknown = "This server does not host this topic-partition."
    cli(f"{command} --topic nope").prints(
        f"Error: Executing consumer group command failed due to {unknown}",
        err=f"org.apache.kafka.common.errors.UnknownTopicOrPartitionException: {unknown}",
    )
    absent = 'The partitions "hopeless-99" do not exist'
    cli(f"{command} --topic hopeless:99").prints(
        f"Error: Executing consumer group command failed due to {absent}",
        err=f"org.apache.kafka.common.errors.UnknownTopicOrPartitionException: {absent}",
    )


def test_offsets_and_groups_are_deleted(cli: Cli) -> None:
    topic_of_three(cli, "dropped")
    reset(
        cli,
        "brand_new",
        "--topic dropped --to-earliest --execute",
        "brand_new dropped 0 0\nbrand_new dropped 1 0\nbrand_new dropped 2 0",
    )
    cli(f"{GROUPS} --group brand_new --delete-offsets --topic nope").prints("""
        Request succeeded for deleting offsets from group brand_new.
        TOPIC PARTITION STATUS
        nope - Error: org.apache.kafka.common.errors.UnknownTopicOrPartitionException: \
            This server does not host this topic-partition.
    """)
    cli(f"{GROUPS} --group brand_new --delete-offsets --topic dropped").prints("""
        Request succeeded for deleting offsets from group brand_new.
        TOPIC PARTITION STATUS
        dropped 0 Successful
        dropped 1 Successful
        dropped 2 Successful
    """)
    cli(f"{GROUPS} --delete --group brand_new").prints(
        "Deletion of requested consumer groups ('brand_new') was successful."
    )
    gone = "The group id does not exist."
    cli(f"{GROUPS} --delete --group brand_new").prints(f"""
        Error: Deletion of some consumer groups failed:
        * Group 'brand_new' could not be deleted due to: {NOT_FOUND}: {gone}
    """)
    cli(f"{GROUPS} --group brand_new --delete-offsets --topic dropped").prints(f"""
        Error: {gone}
        TOPIC PARTITION STATUS
        dropped 0 Error: {NOT_FOUND}: {gone}
        dropped 1 Error: {NOT_FOUND}: {gone}
        dropped 2 Error: {NOT_FOUND}: {gone}
    """)


def test_a_group_with_members(cli: Cli) -> None:
    topic_of_three(cli, "busy")
    consume_all(cli, "busy", "idle_app")
    consumers = [
        cli.start("kafka-console-consumer -B --topic busy --group busy_app --from-beginning") for _ in "ab"
    ]
    wait_for_members(cli, "busy_app", 2, consumers)
    poll(
        lambda: True if sum(len(c.stdout.split()) for c in consumers) == 20 else None,
        within=20,
        what=lambda: f"20 records: {[c.story for c in consumers]}",
    )
    poll(
        lambda: True if offsets(cli, "busy_app") == ["4", "8", "8"] else None,
        within=20,
        what="the consumers' automatic commits",
    )
    member = "console-consumer-<uuid> /127.0.0.1 console-consumer"
    cli(f"{GROUPS} --describe --group busy_app").prints(
        f"""
        GROUP TOPIC PARTITION CURRENT-OFFSET LOG-END-OFFSET LAG CONSUMER-ID HOST CLIENT-ID
        busy_app busy 0 4 4 0 {member}
        busy_app busy 1 8 8 0 {member}
        busy_app busy 2 8 8 0 {member}
        """,
        any_order=True,
    )
    cli(f"{GROUPS} --describe --group busy_app --members").prints(
        f"""
        GROUP CONSUMER-ID HOST CLIENT-ID #PARTITIONS
        busy_app {member} 1
        busy_app {member} 2
        """,
        any_order=True,
    )
    cli(f"{GROUPS} --describe --group busy_app --members --verbose").prints(
        f"""
        GROUP CONSUMER-ID HOST CLIENT-ID #PARTITIONS CURRENT-EPOCH CURRENT-ASSIGNMENT TARGET-EPOCH TARGET-ASSIGNMENT
        busy_app {member} 1 - busy:2 - -
        busy_app {member} 2 - busy:0,1 - -
        """,
        any_order=True,
    )
    cli(f"{GROUPS} --describe --group busy_app --state").prints("""
        GROUP COORDINATOR (ID) ASSIGNMENT-STRATEGY STATE #MEMBERS
        busy_app 127.0.0.1:9092 (1) range Stable 2
    """)
    assert "busy_app Stable" in cli(f"{GROUPS} --list --state Stable").stdout
    refused_while_active(cli)
    assert [consumer.stop() for consumer in consumers] == [143, 143]
    cli(f"{GROUPS} --describe --group busy_app --state").prints(
        """
        GROUP COORDINATOR (ID) ASSIGNMENT-STRATEGY STATE #MEMBERS
        busy_app 127.0.0.1:9092 (1) - Empty 0
        """,
        err="Consumer group 'busy_app' has no active members.",
    )


def refused_while_active(cli: Cli) -> None:
    """What may not be done to busy_app while it has members; idle_app, which has none, is deleted beside it."""
    for option in ("--execute", "--dry-run"):
        cli(f"{GROUPS} --group busy_app --reset-offsets --topic busy --to-earliest {option}").prints("""
            Error: Assignments can only be reset if the group 'busy_app' is inactive, but the current state is Stable.
            GROUP TOPIC PARTITION NEW-OFFSET
        """)
    not_empty = (
        "* Group 'busy_app' could not be deleted due to: "
        "org.apache.kafka.common.errors.GroupNotEmptyException: The group is not empty."
    )
    cli(f"{GROUPS} --delete --group busy_app").prints(f"""
        Error: Deletion of some consumer groups failed:
        {not_empty}
    """)
    cli(f"{GROUPS} --delete --group busy_app --group idle_app").prints(f"""
        Error: Deletion of some consumer groups failed:
        {not_empty}
        These consumer groups were deleted successfully: 'idle_app'
    """)
    subscribed = (
        "Error: org.apache.kafka.common.errors.GroupSubscribedToTopicException: "
        "Deleting offsets of a topic is forbidden while the consumer group is actively subscribed to it."
    )
    cli(f"{GROUPS} --group busy_app --delete-offsets --topic busy").prints(f"""
        Error: Encountered some partition-level error, see the follow-up details.
        TOPIC PARTITION STATUS
        busy 0 {subscribed}
        busy 1 {subscribed}
        busy 2 {subscribed}
    """)


def test_a_static_member_stays_when_it_closes(cli: Cli) -> None:
    topic_of_three(cli, "fixed")
    consumer = cli.start(
        "kafka-console-consumer -B --topic fixed --group fixed_app --from-beginning"
        " --command-property group.instance.id=inst-1 --command-property session.timeout.ms=6000"
    )
    wait_for_members(cli, "fixed_app", 1, [consumer])
    cli(f"{GROUPS} --describe --group fixed_app --members --verbose").prints("""
        GROUP CONSUMER-ID GROUP-INSTANCE-ID HOST CLIENT-ID #PARTITIONS CURRENT-EPOCH CURRENT-ASSIGNMENT TARGET-EPOCH \
            TARGET-ASSIGNMENT
        fixed_app inst-1-<uuid> inst-1 /127.0.0.1 console-consumer 3 - fixed:0,1,2 - -
    """)
    assert consumer.stop() == 143
    cli(f"{GROUPS} --describe --group fixed_app --state").prints("""
        GROUP COORDINATOR (ID) ASSIGNMENT-STRATEGY STATE #MEMBERS
        fixed_app 127.0.0.1:9092 (1) range Stable 1
    """)
    poll(
        lambda: (
            True
            if "Empty 0" in "".join(cli(f"{GROUPS} --describe --group fixed_app --state").stdout)
            else None
        ),
        within=15,
        what="the end of the static member's session",
    )
