"""Brokers stop, die and come back: who leads, who is in sync, who is eligible."""

from __future__ import annotations

import json

from compat_tests.differential.three_brokers.walk import Walk, batch
from compat_tests.differential.three_brokers.walks.views import (
    create,
    described,
    led,
    metadata,
    produce,
    topic_views,
)

__all__ = [
    "all_down",
    "elections",
    "last_known_leader",
    "placement",
    "two_left",
    "unclean",
    "unclean_config",
]


def elections(walk: Walk) -> None:
    create(walk, "walk", "1:2:3,2:3:1,3:1:2", "min.insync.replicas=2")
    topic_views(walk, "walk")
    elect = "kafka-leader-election -B --topic walk --partition 0 --election-type"
    walk.act(f"{elect} preferred")
    walk.act(f"{elect} unclean")

    walk.step("stop", 1)
    topic_views(walk, "walk", via=(2, 3))
    walk.act(f"{elect} preferred", via=(2, 3))
    walk.act("kafka-leader-election -B --all-topic-partitions --election-type unclean", via=(2, 3))
    produce(walk, 2, "walk", batch("a"))
    walk.step("kill", 2)
    topic_views(walk, "walk", via=(3,))
    walk.ask(3, "", "DescribeCluster", 1, endpoint_type=1)
    walk.ask(3, "with fenced", "DescribeCluster", 2, endpoint_type=1, include_fenced_brokers=True)
    walk.tool("kafka-cluster list-endpoints -B --include-fenced-brokers", via=(3,))

    walk.step("start", 1)
    topic_views(walk, "walk", via=(1, 3))
    walk.step("start", 2)
    topic_views(walk, "walk")
    walk.act(f"{elect} preferred")
    topic_views(walk, "walk")
    two = json.dumps({"partitions": [{"topic": "walk", "partition": p} for p in (0, 1, 7)]})
    file = walk.file("elections.json", two)
    walk.act(f"kafka-leader-election -B --path-to-json-file {file} --election-type preferred")
    walk.act("kafka-leader-election -B --all-topic-partitions --election-type preferred")
    described(walk, "walk")
    walk.act("kafka-leader-election -B --topic absent --partition 0 --election-type preferred")


def all_down(walk: Walk) -> None:
    create(walk, "down", "1:2:3", "min.insync.replicas=2")
    produce(walk, 1, "down", batch("a"))
    walk.step("kill", 3)
    described(walk, "down", via=(1, 2))
    walk.step("kill", 2)
    topic_views(walk, "down", via=(1,))
    produce(walk, 1, "down", batch("b"))
    produce(walk, 1, "down", batch("b"), acks=1)
    walk.step("kill", 1)
    walk.step("start", 3)
    topic_views(walk, "down", via=(3,))
    elect = "kafka-leader-election -B --topic down --partition 0 --election-type"
    walk.act(f"{elect} preferred", via=(3,))
    walk.step("start", 2)
    topic_views(walk, "down", via=(2, 3))
    walk.step("start", 1)
    topic_views(walk, "down")
    produce(walk, 1, "down", batch("c"))


def last_known_leader(walk: Walk) -> None:
    create(walk, "last", "1:2")
    for broker in (2, 1):
        walk.step("kill", broker)
        described(walk, "last", via=tuple({1, 2, 3} - {2, broker}))
    walk.step("start", 2)
    topic_views(walk, "last", via=(2, 3))
    walk.act("kafka-leader-election -B --topic last --partition 0 --election-type preferred", via=(2, 3))
    walk.step("start", 1)
    topic_views(walk, "last")


def unclean(walk: Walk) -> None:
    create(walk, "unclean", "1:2,2:1")
    produce(walk, 1, "unclean", batch("a"))
    walk.step("stop", 2)
    described(walk, "unclean", via=(1, 3))
    produce(walk, 1, "unclean", batch("b"))
    walk.step("stop", 1)
    described(walk, "unclean", via=(3,))
    elect = "kafka-leader-election -B --topic unclean --partition 0 --election-type"
    walk.act(f"{elect} unclean", via=(3,))
    walk.step("start", 2)
    topic_views(walk, "unclean", via=(2, 3))
    walk.act(f"{elect} preferred", via=(2, 3))
    walk.act(f"{elect} unclean", via=(2, 3))
    topic_views(walk, "unclean", via=(2, 3))
    produce(walk, 2, "unclean", batch("c"))
    walk.step("start", 1)
    topic_views(walk, "unclean")


def unclean_config(walk: Walk) -> None:
    create(walk, "risky", "1:2", "unclean.leader.election.enable=true")
    walk.step("kill", 2)
    described(walk, "risky", via=(1, 3))
    walk.step("kill", 1)
    described(walk, "risky", via=(3,))
    walk.step("start", 2)
    topic_views(walk, "risky", via=(2, 3))
    walk.step("start", 1)
    topic_views(walk, "risky")


def two_left(walk: Walk) -> None:
    """A minimum above what is left, and one that is changed meanwhile."""
    create(walk, "minimum", "1:2:3", "min.insync.replicas=3")
    topic_views(walk, "minimum")
    walk.step("stop", 3)
    topic_views(walk, "minimum", via=(1, 2))
    produce(walk, 1, "minimum", batch("a"))
    alter = "kafka-configs -B --alter --topic minimum --add-config min.insync.replicas="
    walk.act(f"{alter}2", via=(1, 2))
    topic_views(walk, "minimum", via=(1, 2))
    produce(walk, 1, "minimum", batch("b"))
    walk.act(f"{alter}9", via=(1, 2))
    topic_views(walk, "minimum", via=(1, 2))
    produce(walk, 1, "minimum", batch("c"))
    walk.step("stop", 1)
    topic_views(walk, "minimum", via=(2,))
    walk.step("start", 3)
    topic_views(walk, "minimum", via=(2, 3))
    walk.step("start", 1)
    topic_views(walk, "minimum")


def placement(walk: Walk) -> None:
    """What can be created while a broker is away."""
    walk.step("stop", 3)
    create_topic = "kafka-topics -B --create --topic"
    for topic, how in (
        ("all-three", "--partitions 2 --replication-factor 3"),
        ("four", "--replication-factor 4"),
        ("on-three", "--replica-assignment 3"),
        ("three-first", "--replica-assignment 3:1:2"),
        ("unknown", "--replica-assignment 1:9"),
        ("twice", "--replica-assignment 1:1"),
    ):
        walk.act(f"{create_topic} {topic} {how}", via=(1, 2))
    led(walk, "three-first", via=(1, 2))
    topic_views(walk, "three-first", via=(1, 2))
    walk.act(
        "kafka-topics -B --alter --topic three-first --partitions 2 --replica-assignment 3:1:2,3:2:1",
        via=(1, 2),
    )
    metadata(walk, 1, "three-first")
    walk.step("start", 3)
    topic_views(walk, "three-first")
