"""kafka-streams-groups: list, describe, reset, delete; and kafka-streams-application-reset."""

from __future__ import annotations

import time
from typing import Any

import pytest

from compat_tests.differential.peer import Peer
from compat_tests.differential.runner import Run
from compat_tests.differential.streams import StreamsClient, StreamsGroup, part, topic_info, topology
from compat_tests.kafka_cli.cli import Cli

pytestmark = pytest.mark.shows("kafka-streams-groups")

GROUPS = "kafka-streams-groups -B"
NOT_FOUND = "org.apache.kafka.common.errors.GroupIdNotFoundException"
KEYED = "--reader-property parse.key=true --reader-property key.separator=:"


class Application:
    """A streams application of two subtopologies, whose members are requests by hand."""

    def __init__(self, cli: Cli, name: str) -> None:
        self.name = name
        self.run = Run(Peer(cli.broker.first, client_id=f"{name}-client"))
        self.run.await_coordinators()
        cli(f"kafka-topics -B --create --topic {name}-in --partitions 2").prints(f"Created topic {name}-in.")
        lines = "".join(f"k{number}:v\n" for number in range(5))
        cli(f"kafka-console-producer -B --topic {name}-in {KEYED}", stdin=lines).prints("")
        self.group = StreamsGroup(self.run, name)
        self.topology = topology(
            part("0", f"{name}-in", sinks=[f"{name}-by-key-repartition"]),
            part(
                "1",
                repartition=[topic_info(f"{name}-by-key-repartition")],
                changelogs=[topic_info(f"{name}-store-changelog", cleanup_policy="compact")],
            ),
        )

    def start(self, *members: str) -> list[StreamsClient]:
        """Members that have all their tasks."""
        clients = [StreamsClient(self.group, member).join("joins", self.topology) for member in members]
        for topic in ("by-key-repartition", "store-changelog"):
            self.run.await_topic(f"{self.name}-{topic}")
        # A real coordinator learns of topics a little later than those who ask for metadata.
        time.sleep(0.3)
        StreamsClient.settle(*clients)
        return clients

    def commit(self, client: StreamsClient, *offsets: int) -> None:
        """Commit an offset for each partition of the source topic."""
        partitions = [
            {"partition_index": index, "committed_offset": offset, "committed_metadata": ""}
            for index, offset in enumerate(offsets)
        ]
        fields: dict[str, Any] = {"group_id": self.name, "member_id": client.member_id}
        fields["generation_id_or_member_epoch"] = client.epoch
        fields["topics"] = [{"name": f"{self.name}-in", "partitions": partitions}]
        answer = self.run.prepare("OffsetCommit", 9, **fields)
        assert [one["error_code"] for one in answer["topics"][0]["partitions"]] == [0] * len(offsets)


def test_a_running_application_is_listed_and_described(cli: Cli) -> None:
    app = Application(cli, "shown")
    one, _ = app.start("member-1", "member-2")
    app.commit(one, 1, 2)
    cli(f"{GROUPS} --list").prints("shown")
    cli(f"{GROUPS} --list --state").prints("GROUP STATE\nshown Stable")
    cli(f"{GROUPS} --list --state stable,empty").prints("GROUP STATE\nshown Stable")
    cli(f"{GROUPS} --list --state Empty").prints("GROUP STATE")
    cli("kafka-groups -B --list --streams").prints("GROUP TYPE PROTOCOL\nshown Streams streams")
    cli(f"{GROUPS} --describe --group shown --state").prints(
        "GROUP COORDINATOR (ID) STATE #MEMBERS\nshown 127.0.0.1:9092 (1) Stable 2"
    )
    epoch = one.epoch
    cli(f"{GROUPS} --describe --group shown --state --verbose").prints(
        f"""
        GROUP COORDINATOR (ID) STATE GROUP-EPOCH TARGET-ASSIGNMENT-EPOCH #MEMBERS
        shown 127.0.0.1:9092 (1) Stable {epoch} {epoch} 2
        """
    )
    cli(f"{GROUPS} --describe --group shown").prints(
        """
        GROUP TOPIC PARTITION OFFSET-LAG
        shown shown-in 0 1
        shown shown-in 1 1
        shown shown-by-key-repartition 0 0
        shown shown-by-key-repartition 1 0
        """,
        any_order=True,
    )
    cli(f"{GROUPS} --describe --group shown --offsets --verbose").prints(
        """
        GROUP TOPIC PARTITION CURRENT-OFFSET LEADER-EPOCH LOG-END-OFFSET OFFSET-LAG
        shown shown-in 0 1 - 2 1
        shown shown-in 1 2 - 3 1
        shown shown-by-key-repartition 0 - - 0 0
        shown shown-by-key-repartition 1 - - 0 0
        """,
        any_order=True,
    )


def test_members_are_shown_with_their_tasks(cli: Cli) -> None:
    app = Application(cli, "tasks")
    first, second = app.start("member-1", "member-2")
    cli(f"{GROUPS} --describe --group tasks --members").prints(
        """
        GROUP MEMBER PROCESS CLIENT-ID ASSIGNMENTS
        tasks member-1 process-of-member-1 tasks-client ACTIVE: 0:[0]; 1:[0];
        tasks member-2 process-of-member-2 tasks-client ACTIVE: 0:[1]; 1:[1];
        """,
        any_order=True,
    )
    epoch = first.epoch
    second.leave("leaves")
    first.beat("gets the rest")
    third = StreamsClient(app.group, "member-3").join("joins", app.topology)
    then = third.epoch
    assert then > epoch
    columns = "MEMBER MEMBER-PROTOCOL MEMBER-EPOCH PROCESS CLIENT-ID ASSIGNMENTS"
    all_tasks, to_keep = "ACTIVE: 0:[0,1]; 1:[0,1];", "TARGET-ACTIVE: 0:[0]; 1:[0];"
    cli(f"{GROUPS} --describe --group tasks --members --verbose").prints(
        f"""
        GROUP TARGET-ASSIGNMENT-EPOCH TOPOLOGY-EPOCH {columns}
        tasks {then} 0 member-1 streams {first.epoch} process-of-member-1 tasks-client {all_tasks} {to_keep}
        tasks {then} 0 member-3 streams {then} process-of-member-3 tasks-client TARGET-ACTIVE: 0:[1]; 1:[1];
        """,
        any_order=True,
    )


def test_an_application_that_has_ended(cli: Cli) -> None:
    app = Application(cli, "ended")
    [client] = app.start("member-1")
    app.commit(client, 1, 2)
    running = (
        "Assignments can only be reset if the group 'ended' is inactive, but the current state is Stable."
    )
    reset = f"{GROUPS} --reset-offsets --group ended --input-topic ended-in"
    cli(f"{reset} --to-earliest --execute").prints(f"Error: {running}\nGROUP TOPIC PARTITION NEW-OFFSET")
    failed = "Error: Deletion of some streams groups failed:"
    cli(f"{GROUPS} --delete --group ended").prints(
        f"{failed}\n* Group 'ended' could not be deleted due to: "
        "org.apache.kafka.common.errors.GroupNotEmptyException: Streams group 'ended' is not EMPTY."
    )
    subscribed = (
        "org.apache.kafka.common.errors.GroupSubscribedToTopicException: Deleting offsets of a topic is "
    )
    subscribed += "forbidden while the consumer group is actively subscribed to it."
    cli(f"{GROUPS} --delete-offsets --group ended --input-topic ended-in:0").prints(
        f"""
        Error: Encountered some partition-level error, see the follow-up details.
        TOPIC PARTITION STATUS
        ended-in 0 Error: {subscribed}
        """
    )

    client.leave("leaves")
    none = "Error: Streams group 'ended' has no active members."
    cli(f"{GROUPS} --describe --group ended --state").prints(
        f"{none}\nGROUP COORDINATOR (ID) STATE #MEMBERS\nended 127.0.0.1:9092 (1) Empty 0"
    )
    cli(f"{GROUPS} --describe --group ended --members").prints("")
    cli(f"{reset} --to-latest --dry-run").prints(
        "GROUP TOPIC PARTITION NEW-OFFSET\nended ended-in 0 2\nended ended-in 1 3", any_order=True
    )
    cli(f"{reset} --shift-by -1 --execute").prints(
        "GROUP TOPIC PARTITION NEW-OFFSET\nended ended-in 0 0\nended ended-in 1 1", any_order=True
    )
    cli(f"{GROUPS} --delete-offsets --group ended --input-topic ended-in:1").prints(
        """
        Request succeeded for deleting offsets from group ended.
        TOPIC PARTITION STATUS
        ended-in 1 Successful
        """
    )
    cli(f"{GROUPS} --delete --group ended --delete-all-internal-topics").prints(
        """
        Deletion of requested streams groups ('ended') was successful.
        Deletion of associated internal topics of the streams groups ('ended') was successful.
        """
    )
    assert "ended-store-changelog" not in cli("kafka-topics -B --list").stdout
    cli(f"{GROUPS} --list").prints("shown\ntasks", any_order=True)


@pytest.mark.parametrize("view", ["", "--members", "--state", "--offsets"])
def test_an_unknown_group_is_not_found(cli: Cli, view: str) -> None:
    text = f"{NOT_FOUND}: Group nope not found."
    cli(f"{GROUPS} --describe --group nope {view}").prints(
        f"Error: Executing streams group command failed due to {text}",
        err=f"java.util.concurrent.ExecutionException: {text}",
        exit=1,
    )


def test_what_is_no_streams_group_is_not_deleted(cli: Cli) -> None:
    failed = "Error: Deletion of some streams groups failed:"
    why = "java.lang.IllegalArgumentException: Group 'nope' does not exist or is not a streams group."
    cli(f"{GROUPS} --delete --group nope").prints(
        f"{failed}\n* Group 'nope' could not be deleted due to: {why}"
    )
    cli("kafka-topics -B --create --topic plain").prints("Created topic plain.")
    cli("kafka-console-producer -B --topic plain", stdin="a\n").prints("")
    cli("kafka-console-consumer -B --topic plain --group plain --from-beginning --max-messages 1").prints(
        "a", err="Processed a total of 1 messages"
    )
    text = f"{NOT_FOUND}: Group plain is not a streams group."
    cli(f"{GROUPS} --describe --group plain").prints(
        f"Error: Executing streams group command failed due to {text}",
        err=f"java.util.concurrent.ExecutionException: {text}",
        exit=1,
    )


def test_an_application_is_reset(cli: Cli) -> None:
    """The older tool, for applications that are classic groups."""
    cli("kafka-topics -B --create --topic reset-in --partitions 2").prints("Created topic reset-in.")
    cli("kafka-streams-application-reset -B --application-id reset --input-topics reset-in").prints(
        """
        Reset-offsets for input topics [reset-in]
        Following input topics offsets will be reset to (for consumer group reset)
        Topic: reset-in Partition: 0 Offset: 0
        Topic: reset-in Partition: 1 Offset: 0
        Done.
        Deleting inferred internal topics []
        Done.
        """,
        any_order=True,
    )
