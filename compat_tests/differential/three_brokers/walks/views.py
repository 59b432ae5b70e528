"""What a walk looks at again and again."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

from compat_tests.differential.three_brokers.stages import BROKERS
from compat_tests.differential.three_brokers.walk import Walk

__all__ = ["create", "described", "led", "metadata", "plan", "produce", "topic_views"]

_FILTERS = ("under-replicated", "unavailable", "under-min-isr", "at-min-isr")


def create(walk: Walk, topic: str, assignment: str, *configs: str) -> None:
    """Create a topic, and wait until all brokers know who leads it."""
    options = "".join(f" --config {config}" for config in configs)
    walk.act(f"kafka-topics -B --create --topic {topic} --replica-assignment {assignment}{options}")
    led(walk, topic)


def led(walk: Walk, topic: str, via: Sequence[int] = BROKERS) -> None:
    """See that the brokers know a topic."""
    for broker in via:
        metadata(walk, broker, topic)


def metadata(walk: Walk, broker: int, topic: str) -> Any:
    """See a topic's Metadata as one broker answers it."""
    return walk.ask(
        broker,
        topic,
        "Metadata",
        12,
        topics=[{"name": topic}],
        allow_auto_topic_creation=False,
    )


def described(walk: Walk, topic: str, via: Sequence[int] = BROKERS) -> None:
    """See a topic as one tool and two requests describe it, to each of the brokers `via`."""
    walk.tool(f"kafka-topics -B --describe --topic {topic}", via=via)
    for broker in via:
        metadata(walk, broker, topic)
        walk.ask(broker, topic, "DescribeTopicPartitions", 0, topics=[{"name": topic}])


def topic_views(walk: Walk, topic: str, via: Sequence[int] = BROKERS) -> None:
    """As `described`, with all filters of kafka-topics."""
    described(walk, topic, via)
    for condition in _FILTERS:
        walk.tool(f"kafka-topics -B --describe --topic {topic} --{condition}-partitions", via=via)


def produce(
    walk: Walk, broker: int, topic: str, records: bytes, *, index: int = 0, acks: int = -1, version: int = 9
) -> Any:
    """What a broker answers to one batch."""
    partition = {"index": index, "records": records}
    topics = [{"name": topic, "partition_data": [partition]}]
    return walk.ask(
        broker,
        f"{topic}-{index} acks={acks}",
        "Produce",
        version,
        acks=acks,
        timeout_ms=3000,
        topic_data=topics,
        waits=False,
    )


def plan(walk: Walk, name: str, topic: str, replicas: Mapping[int, Sequence[int]], **more: Any) -> str:
    """A plan for kafka-reassign-partitions, as an option."""
    partitions = [
        {"topic": topic, "partition": index, "replicas": list(ids), **more} for index, ids in replicas.items()
    ]
    file = walk.file(f"{name}.json", json.dumps({"version": 1, "partitions": partitions}))
    return f"--reassignment-json-file {file}"
