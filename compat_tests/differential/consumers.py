"""A consumer group as the cases see it: heartbeats by raw requests, and members that act by the dice."""

from __future__ import annotations

import random
from typing import Any

from compat_tests.differential.runner import Run, versions
from protocol_specs.text import uuid_bytes

__all__ = ["TOPIC", "Group", "Walker", "assigned_to", "configure_group", "id_of_topic", "owned"]

#: The topic that most cases use: four partitions.
TOPIC = "cg"
_GROUP_RESOURCE = 32


def id_of_topic(run: Run, name: str = TOPIC) -> bytes:
    """The id of a topic, which is made if need be."""
    asked = {"topics": [{"name": name}], "allow_auto_topic_creation": False}
    topic = run.prepare("Metadata", 12, **asked)["topics"][0]
    return run.create(name, 4) if topic["error_code"] else uuid_bytes(topic["topic_id"])


class Group:
    """One group, whose assignments are made at once unless an interval is given."""

    def __init__(self, run: Run, name: str, interval_ms: int = 0) -> None:
        self.run = run
        self.name = name
        configure_group(run, name, "consumer.assignment.interval.ms", interval_ms)

    def beat(self, label: str, member_id: str, epoch: int, version: int = 1, **more: Any) -> Any:
        fields = {"group_id": self.name, "member_id": member_id, "member_epoch": epoch}
        fields |= {"rebalance_timeout_ms": -1, "subscribed_topic_names": None, "topic_partitions": None}
        if version == 0:
            more.pop("subscribed_topic_regex", None)
        return self.run.ask(label, "ConsumerGroupHeartbeat", version, **(fields | more))

    def join(self, label: str, member_id: str, *topics: str, version: int = 1, **more: Any) -> Any:
        fields: dict[str, Any] = {"rebalance_timeout_ms": 30_000, "topic_partitions": []}
        if topics or "subscribed_topic_regex" not in more:
            fields["subscribed_topic_names"] = list(topics)
        return self.beat(label, member_id, 0, version, **(fields | more))

    def describe(self, label: str) -> None:
        for version in versions("ConsumerGroupDescribe"):
            self.run.ask(label, "ConsumerGroupDescribe", version, group_ids=[self.name])

    def commit(self, label: str, version: int, member_id: str, epoch: int, topic_id: bytes) -> None:
        name = {"topic_id": topic_id} if version >= 10 else {"name": TOPIC}
        partitions = [{"partition_index": 0, "committed_offset": 3, "committed_metadata": ""}]
        topics = [{**name, "partitions": partitions}]
        fields = {"group_id": self.name, "generation_id_or_member_epoch": epoch, "member_id": member_id}
        self.run.ask(label, "OffsetCommit", version, topics=topics, **fields)

    def fetch(self, label: str, version: int, member_id: str | None, epoch: int, topic_id: bytes) -> None:
        name = {"topic_id": topic_id} if version >= 10 else {"name": TOPIC}
        topics = [{**name, "partition_indexes": [0, 1]}]
        group = {"group_id": self.name, "member_id": member_id, "member_epoch": epoch, "topics": topics}
        self.run.ask(label, "OffsetFetch", version, groups=[group])


def configure_group(run: Run, group: str, name: str, value: int) -> None:
    change = {"name": name, "config_operation": 0, "value": str(value)}
    resource = {"resource_type": _GROUP_RESOURCE, "resource_name": group, "configs": [change]}
    run.prepare("IncrementalAlterConfigs", 1, resources=[resource], validate_only=False)


def owned(topic_id: bytes, *partitions: int) -> list[dict[str, Any]]:
    return [{"topic_id": topic_id, "partitions": list(partitions)}] if partitions else []


def assigned_to(answer: Any) -> tuple[int, ...]:
    topics = (answer["assignment"] or {"topic_partitions": []})["topic_partitions"]
    return tuple(index for topic in topics for index in topic["partitions"])


class Walker:
    """A member that does whatever comes, by the dice."""

    def __init__(self, group: Group, member_id: str, topic_id: bytes, dice: random.Random) -> None:
        self.group = group
        self.member_id = member_id
        self.topic_id = topic_id
        self.dice = dice
        self.epoch = 0
        self.owned: tuple[int, ...] = ()
        self.more: dict[str, Any] = {}

    def step(self) -> None:
        dice = self.dice
        if not self.epoch:
            self.more = {"instance_id": dice.choice(["i1", "i2"])} if dice.random() < 0.3 else {}
            names = dice.choice([[TOPIC], [TOPIC], [TOPIC, "absent"], []])
            given = {**self.more, "server_assignor": dice.choice(["uniform", "range", None])}
            self.take(self.group.join("joins", self.member_id, *names, **given))
            return
        kind = dice.random()
        if kind < 0.1:
            epoch = dice.choice([-1, -2]) if self.more else -1
            self.group.beat("leaves", self.member_id, epoch, **self.more)
            self.epoch, self.owned = 0, ()
            return
        said: dict[str, Any] = {}
        if kind < 0.2:
            said["subscribed_topic_names"] = dice.choice([[TOPIC], [], [TOPIC, "absent"]])
        if kind < 0.8:
            said["topic_partitions"] = owned(self.topic_id, *self.owned)
        if kind < 0.05:
            said["rebalance_timeout_ms"] = 20_000
        epoch = self.epoch + (dice.choice([-1, 1]) if kind > 0.97 else 0)
        self.take(self.group.beat("goes on", self.member_id, epoch, **self.more, **said))

    def take(self, answer: Any) -> None:
        if answer["error_code"]:
            self.epoch, self.owned = 0, ()
            return
        self.epoch = answer["member_epoch"]
        if answer["assignment"] is not None and self.dice.random() < 0.7:
            self.owned = tuple(sorted(assigned_to(answer)))
