"""Share groups (KIP-932): heartbeats, describing, and where groups are in their partitions."""

from __future__ import annotations

import random
from typing import Any

from compat_tests.differential.internal_logs import of_group
from compat_tests.differential.runner import Run, has_config, versions
from compat_tests.differential.shares import (
    State,
    await_share_coordinator,
    configure_share_group,
    produce,
)

ZERO = bytes(16)


class _Group:
    """One group, whose assignments are made at once."""

    def __init__(self, run: Run, name: str, **configs: str) -> None:
        self.run = run
        self.name = name
        configs = {"share_auto_offset_reset": "earliest", **configs}
        if has_config("share.assignment.interval.ms"):
            configs["share_assignment_interval_ms"] = "0"
        configure_share_group(run, name, **configs)

    def beat(self, label: str, member_id: str, epoch: int, *topics: str, **more: Any) -> Any:
        fields = {"group_id": self.name, "member_id": member_id, "member_epoch": epoch}
        fields["subscribed_topic_names"] = list(topics) or None
        answer = self.run.prepare("ShareGroupHeartbeat", 1, **(fields | more))
        self.run.note(f"ShareGroupHeartbeat v1: {label}", _counted(answer))
        return answer

    def describe(self, label: str) -> None:
        answer = self.run.prepare("ShareGroupDescribe", 1, group_ids=[self.name])
        self.run.note(f"ShareGroupDescribe v1: {label}", _counted(answer))

    def offsets(self, label: str, *topics: str, partitions: tuple[int, ...] = (0, 1)) -> None:
        for version in versions("DescribeShareGroupOffsets"):
            asked = [{"topic_name": name, "partitions": list(partitions)} for name in topics] or None
            groups = [{"group_id": self.name, "topics": asked}]
            self.run.ask(label, "DescribeShareGroupOffsets", version, groups=groups)

    def alter(self, label: str, topic: str, *offsets: tuple[int, int]) -> None:
        partitions = [{"partition_index": index, "start_offset": offset} for index, offset in offsets]
        topics = [{"topic_name": topic, "partitions": partitions}]
        self.run.ask(label, "AlterShareGroupOffsets", 0, group_id=self.name, topics=topics)

    def delete_offsets(self, label: str, *topics: str) -> None:
        asked = [{"topic_name": name} for name in topics]
        self.run.ask(label, "DeleteShareGroupOffsets", 0, group_id=self.name, topics=asked)

    def await_ready(self, count: int) -> None:
        """Wait until the state of so many partitions is ready."""

        def is_ready() -> bool:
            groups = [{"group_id": self.name, "topics": None}]
            [group] = self.run.prepare("DescribeShareGroupOffsets", 1, groups=groups)["groups"]
            return sum(len(topic["partitions"]) for topic in group["topics"]) == count

        self.run.settled(is_ready, f"the state of {count} partitions of {self.name}")


def _counted(answer: Any) -> Any:
    """An answer with the number of partitions in place of each list of them: Kafka deals them out by their hashes."""
    if isinstance(answer, list):
        return [_counted(one) for one in answer]
    if not isinstance(answer, dict):
        return answer
    return {key: len(value) if key == "partitions" else _counted(value) for key, value in answer.items()}


def _await_coordinators(run: Run) -> None:
    run.await_coordinators()
    await_share_coordinator(run)


def refusals(run: Run) -> None:
    run.create("shr", 2)
    _await_coordinators(run)
    group = _Group(run, "shr")
    for label, member_id, epoch, more in (
        ("no member id", "", 0, {}),
        ("a long member id", "m" * 37, 0, {}),
        ("a member id as long as can be", "m" * 36, 3, {}),
        ("blank member id", " ", 0, {}),
        ("blank group", "m", 0, {"group_id": " "}),
        ("no group", "m", 0, {"group_id": ""}),
        ("blank rack", "m", 0, {"rack_id": ""}),
        ("no subscription", "m", 0, {"subscribed_topic_names": None}),
        ("empty subscription", "m", 0, {"subscribed_topic_names": []}),
        ("epoch -2", "m", -2, {}),
        ("unknown group", "m", 1, {"group_id": "shr-absent"}),
        ("leaves unknown group", "m", -1, {"group_id": "shr-absent"}),
    ):
        group.beat(label, member_id, epoch, "shr", **more)
    epoch = group.beat("joins", "m", 0, "shr")["member_epoch"]
    group.beat("unknown member", "nobody", 1)
    group.beat("unknown member leaves", "nobody", -1)
    group.beat("greater epoch", "m", epoch + 1)
    group.await_ready(2)
    group.beat("unknown member", "nobody", 1)
    epoch = group.beat("goes on", "m", epoch)["member_epoch"]
    group.beat("previous epoch", "m", epoch - 1)
    group.beat("an older epoch", "m", epoch - 2)
    consumer = {"rebalance_timeout_ms": 1000, "subscribed_topic_names": ["shr"], "topic_partitions": []}
    fields = {"group_id": "shr-c", "member_id": "c", "member_epoch": 0, **consumer}
    run.prepare("ConsumerGroupHeartbeat", 1, **fields)
    for epoch in (0, 1, -1):
        group.beat("of another kind", "m", epoch, "shr", group_id="shr-c")
    run.ask("of another kind", "ConsumerGroupHeartbeat", 1, **(fields | {"group_id": "shr"}))
    run.ask("several", "ShareGroupDescribe", 1, group_ids=["", "shr-absent", "shr-c"])
    for version in versions("DescribeGroups"):
        run.ask("a share group", "DescribeGroups", version, groups=["shr"])
    run.ask("a share group", "ConsumerGroupDescribe", 1, group_ids=["shr"])
    _classic_requests(run, "shr")


def _classic_requests(run: Run, group: str) -> None:
    offsets = [{"partition_index": 0, "committed_offset": 3, "committed_metadata": ""}]
    topics = [{"name": "shr", "partitions": offsets}]
    commit = {"group_id": group, "member_id": "m", "generation_id_or_member_epoch": 1}
    run.ask("to a share group", "OffsetCommit", 8, topics=topics, **commit)
    asked = [{"group_id": group, "topics": [{"name": "shr", "partition_indexes": [0]}]}]
    run.ask("of a share group", "OffsetFetch", 8, groups=asked)
    deleted = [{"name": "shr", "partitions": [{"partition_index": 0}]}]
    run.ask("of a share group", "OffsetDelete", 0, group_id=group, topics=deleted)
    protocols = [{"name": "range", "metadata": b""}]
    joining = {"group_id": group, "session_timeout_ms": 30_000, "rebalance_timeout_ms": 30_000}
    joining |= {"member_id": "", "protocol_type": "consumer", "protocols": protocols}
    run.ask("a share group", "JoinGroup", 9, **joining)
    run.ask("a share group", "SyncGroup", 5, group_id=group, generation_id=1, member_id="m", assignments=[])
    run.ask("a share group", "Heartbeat", 4, group_id=group, generation_id=1, member_id="m")
    run.ask("a share group", "LeaveGroup", 5, group_id=group, members=[{"member_id": "m"}])


def membership(run: Run) -> None:
    run.create("shm", 4)
    run.create("shm2", 1)
    _await_coordinators(run)
    group = _Group(run, "shm")
    group.describe("no group")
    group.beat("first", "m1", 0, "shm", rack_id="r1")
    group.await_ready(4)
    group.describe("nothing is assigned yet")
    group.beat("is given all", "m1", 2)
    group.describe("one member")
    group.beat("nothing new", "m1", 3)
    group.beat("says it again", "m1", 3, "shm")
    group.beat("joins again", "m1", 0, "shm", rack_id="r2")
    group.beat("second", "m2", 0, "shm")
    group.describe("two members")
    group.beat("m1 has less", "m1", 3)
    group.beat("m1 subscribes to another, too", "m1", 4, "shm", "shm2")
    group.await_ready(5)
    group.beat("m1 is given it", "m1", 5)
    group.describe("different subscriptions")
    group.beat("m2 subscribes to what there is not", "m2", 4, "absent")
    group.beat("m1 has all", "m1", 6)
    for number in range(3, 9):
        group.beat(f"m{number}", f"m{number}", 0, "shm")
    group.describe("more members than partitions")
    for states in ([], ["Stable"], ["empty"], ["Assigning"]):
        for types in ([], ["share"], ["Share"], ["consumer"]):
            answer = run.prepare("ListGroups", 5, states_filter=states, types_filter=types)
            mine = [one for one in answer["groups"] if one["group_id"] == "shm"]
            run.note(f"list {states} {types}", mine)
    operations = {"include_authorized_operations": True}
    run.ask("operations", "ShareGroupDescribe", 1, group_ids=["shm-absent", ""], **operations)
    run.ask("not empty", "DeleteGroups", 2, groups_names=["shm", "shm-absent", "shm"])
    for number in range(8, 0, -1):
        group.beat(f"m{number} leaves", f"m{number}", -1)
    group.beat("m1 is gone", "m1", 7)
    group.describe("empty")
    group.offsets("all", partitions=(0, 1))
    run.ask("empty", "DeleteGroups", 2, groups_names=["shm"])
    group.describe("deleted")
    group.offsets("none", "shm")


def spreading(run: Run) -> None:
    """Who gets how many."""
    for partitions in (1, 3, 10):
        run.create(f"shs{partitions}", partitions)
    _await_coordinators(run)
    for partitions in (1, 3, 10):
        for count in (2, 4, 7):
            group = _Group(run, f"shs-{partitions}-{count}")
            topic = f"shs{partitions}"
            group.beat("first", "member-0", 0, topic)
            group.await_ready(partitions)
            for number in range(1, count):
                group.beat(f"{number} joins", f"member-{number}", 0, topic)
            group.describe("all are there")
            group.beat("one leaves", "member-0", -1)
            group.beat("one comes", "another", 0, topic)
            group.describe("another one")


def random_walks(run: Run) -> None:
    run.create("shw", 4)
    _await_coordinators(run)
    for seed in range(10):
        dice = random.Random(seed)
        group = _Group(run, f"shw-{seed}")
        group.beat("first", "first", 0, "shw")
        group.await_ready(4)
        epochs = dict.fromkeys(("first", "a", "b", "c", "d"), 0)
        held = dict.fromkeys(epochs, 0)
        for _ in range(30):
            member_id = dice.choice(list(epochs))
            topics = dice.choice([["shw"], ["shw"], ["shw", "absent"], ["absent"]])
            epoch = epochs[member_id]
            leaves = epoch > 0 and dice.random() < 0.2
            if leaves or (epoch and dice.random() < 0.7):
                topics = []
            asked = -1 if leaves else epoch + (dice.choice([0] * 20 + [-1, 1]) if epoch else 0)
            fields = {"group_id": group.name, "member_id": member_id, "member_epoch": asked}
            answer = run.prepare("ShareGroupHeartbeat", 1, subscribed_topic_names=topics or None, **fields)
            epochs[member_id] = 0 if leaves or answer["error_code"] else answer["member_epoch"]
            # Which partitions a member has, so that it is told of others, depends on the topic's id.
            for topic in (answer["assignment"] or {"topic_partitions": []})["topic_partitions"]:
                held[member_id] = len(topic["partitions"])
            if answer["assignment"] == {"topic_partitions": []}:
                held[member_id] = 0
            answer["assignment"] = held[member_id]
            run.note(f"{seed}: {member_id} {asked} {topics}", answer)
        group.describe("in the end")


def offsets(run: Run) -> None:
    topic_id = run.create("sho", 2)
    run.create("sho2", 1)
    _await_coordinators(run)
    produce(run, "sho", 5, 5)
    group = _Group(run, "sho")
    group.offsets("no group")
    group.offsets("no group, by name", "sho", "absent")
    group.offsets("no partitions", "sho", partitions=())
    group.offsets("negative", "sho", partitions=(-1,))
    group.offsets("beyond", "sho", partitions=(0, 7))
    for version in versions("DescribeShareGroupOffsets"):
        empty = [{"group_id": "sho", "topics": []}, {"group_id": "", "topics": None}]
        run.ask("no topics", "DescribeShareGroupOffsets", version, groups=empty)
        nobody = [{"group_id": "", "topics": [{"topic_name": "sho", "partitions": [0]}]}]
        run.ask("no group id", "DescribeShareGroupOffsets", version, groups=nobody)
        run.ask("no groups", "DescribeShareGroupOffsets", version, groups=[])
    group.delete_offsets("no group", "sho")
    group.alter("unknown topic", "absent", (0, 1))
    group.describe("still none")
    group.alter("beyond", "sho", (7, 1))
    group.describe("made")
    group.alter("makes it", "sho", (0, 3), (7, 1))
    group.offsets("altered")
    group.describe("made")
    State(run, "sho", topic_id).read("altered")
    group.alter("again", "sho", (0, 8), (1, 0))
    group.offsets("altered again", "sho")
    State(run, "sho", topic_id).read("altered again")
    group.alter("negative offset", "sho", (0, -5))
    group.offsets("negative offset", "sho")
    group.alter("beyond the end", "sho", (0, 100))
    group.offsets("beyond the end", "sho")
    run.ask("no group id", "AlterShareGroupOffsets", 0, group_id="", topics=[])
    run.ask("no topics", "AlterShareGroupOffsets", 0, group_id="sho", topics=[])
    run.ask("no group id", "DeleteShareGroupOffsets", 0, group_id="", topics=[])
    group.delete_offsets("no topics")
    group.delete_offsets("some", "sho", "sho2", "absent")
    group.offsets("deleted", "sho")
    group.offsets("deleted, all")
    group.delete_offsets("again", "sho")
    epoch = group.beat("joins", "m", 0, "sho")["member_epoch"]
    group.await_ready(2)
    group.beat("has them", "m", epoch, "sho")
    group.alter("has members", "sho", (0, 1))
    group.delete_offsets("has members", "sho")
    run.ask("not empty", "DeleteGroups", 2, groups_names=["sho"])
    group.beat("leaves", "m", -1)
    group.alter("after all have left", "sho", (0, 4))
    State(run, "sho", topic_id).read("after all have left")
    run.ask("empty", "DeleteGroups", 2, groups_names=["sho"])
    State(run, "sho", topic_id).read("deleted")
    fields = {"member_id": "c", "member_epoch": 0, "rebalance_timeout_ms": 1000, "topic_partitions": []}
    run.prepare("ConsumerGroupHeartbeat", 1, group_id="sho-c", subscribed_topic_names=["sho"], **fields)
    _undeletable(run)
    other = _Group(run, "sho-c")
    other.offsets("of another kind")
    other.alter("of another kind", "sho", (0, 1))
    other.delete_offsets("of another kind", "sho")


def _undeletable(run: Run) -> None:
    """Partitions that there are not, and have been written down."""
    for index in (-1, 7):
        group = _Group(run, f"sho{index}")
        partitions = [{"partition_index": index, "start_offset": 3}]
        topics = [{"topic_name": "sho", "partitions": partitions}]
        answer = run.prepare("AlterShareGroupOffsets", 0, group_id=group.name, topics=topics)
        # The text has the topic's id in it.
        run.note("negative partition", answer["error_code"])
        group.offsets("nothing")
        group.delete_offsets("nothing", "sho")
        run.ask("of nothing", "DeleteGroups", 2, groups_names=[group.name])
        group.describe("of nothing")
        group.alter("as well", "sho", (0, 3))
        group.offsets("one")
        group.delete_offsets("one", "sho")
        run.ask("of one", "DeleteGroups", 2, groups_names=[group.name])
    group = _Group(run, "sho-mixed")
    group.alter("beyond", "sho", (7, 3))
    group.alter("another", "sho2", (0, 3))
    run.ask("of another", "DeleteGroups", 2, groups_names=[group.name])
    group.describe("is still there")


def reading(run: Run) -> None:
    """Where a group is as its member goes on."""
    topic_id = run.create("shd", 1)
    _await_coordinators(run)
    produce(run, "shd", 3, 3)
    group = _Group(run, "shd")
    group.beat("joins", "m", 0, "shd")
    group.await_ready(1)
    group.beat("goes on", "m", 2)
    group.offsets("nothing was read", "shd", partitions=(0,))
    partition = {"partition_index": 0, "acknowledgement_batches": []}
    fetch = {"group_id": "shd", "member_id": "m", "max_wait_ms": 500, "min_bytes": 1, "max_bytes": 1_000_000}
    fetch |= {"max_records": 10, "batch_size": 10}
    topics = [{"topic_id": topic_id, "partitions": [partition]}]
    run.ask("all", "ShareFetch", 2, share_session_epoch=0, topics=topics, **fetch)
    group.offsets("acquired", "shd", partitions=(0,))
    for epoch, batches in enumerate([[(0, 1)], [(3, 4)], [(2, 2)]], 1):
        acks = [
            {"first_offset": first, "last_offset": last, "acknowledge_types": [1]} for first, last in batches
        ]
        partition = {"partition_index": 0, "acknowledgement_batches": acks}
        run.ask(
            f"accepts {batches}",
            "ShareAcknowledge",
            2,
            group_id="shd",
            member_id="m",
            share_session_epoch=epoch,
            topics=[{"topic_id": topic_id, "partitions": [partition]}],
        )
        group.offsets(f"{batches} accepted", "shd", partitions=(0,))
    produce(run, "shd", 4)
    group.offsets("more was written", "shd", partitions=(0,))


def topics_come_and_go(run: Run) -> None:
    _await_coordinators(run)
    group = _Group(run, "shg")
    group.beat("to what there is not", "m", 0, "shg")
    group.beat("nothing new", "m", 2)
    run.create("shg", 1)

    def has_risen() -> bool:
        asked = {"group_id": "shg", "member_id": "m", "member_epoch": 2, "subscribed_topic_names": None}
        answer = run.prepare("ShareGroupHeartbeat", 1, **asked)
        return bool(answer["member_epoch"] > 2)

    run.settled(has_risen, "the new topic")
    group.await_ready(1)
    group.beat("is given it", "m", 3)
    group.describe("has it")
    partitions = {"topics": [{"name": "shg", "count": 3, "assignments": None}], "timeout_ms": 5000}
    run.prepare("CreatePartitions", 3, validate_only=False, **partitions)
    run.await_topic("shg")

    def has_risen_again() -> bool:
        asked = {"group_id": "shg", "member_id": "m", "member_epoch": 4, "subscribed_topic_names": None}
        answer = run.prepare("ShareGroupHeartbeat", 1, **asked)
        return bool(answer["member_epoch"] > 4)

    run.settled(has_risen_again, "the new partitions")
    group.await_ready(3)
    group.beat("is given them", "m", 5)
    group.describe("has them")


def what_is_written(run: Run) -> None:
    """The records of one group, from the first member to the end."""
    run.create("shl", 2)
    _await_coordinators(run)
    group = _Group(run, "shl")
    group.beat("first", "m1", 0, "shl", rack_id="r")
    group.await_ready(2)
    group.beat("is given all", "m1", 2)
    group.beat("nothing new", "m1", 3)
    group.beat("second", "m2", 0, "shl")
    group.beat("goes on", "m1", 3)
    group.beat("leaves", "m1", -1)
    group.beat("leaves", "m2", -1)
    group.alter("goes back", "shl", (0, 0))
    group.delete_offsets("deletes", "shl")
    run.prepare("DeleteGroups", 2, groups_names=["shl"])
    run.note_each("what was written", [_counted(record) for record in of_group(run, "shl")])
