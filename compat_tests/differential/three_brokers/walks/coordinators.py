"""Coordinators that move with the leaders of their partitions."""

from __future__ import annotations

from collections.abc import Iterable
from functools import partial
from typing import Any

from compat_tests.differential.three_brokers.walk import Walk, batch
from compat_tests.differential.three_brokers.walks.views import create, led, produce

__all__ = ["groups", "internal_topics", "leaders", "transactions"]

_ASSIGNMENT = "1:2:3,1:2:3,1:2:3,1:2:3,1:2:3,1:2:3"


def internal_topics(walk: Walk) -> None:
    """Create the coordinators' topics where they are to be: broker 1 leads them all."""
    for topic, configs in (
        ("__consumer_offsets", ("cleanup.policy=compact", "compression.type=producer")),
        (
            "__transaction_state",
            ("cleanup.policy=compact", "compression.type=uncompressed", "min.insync.replicas=2"),
        ),
    ):
        answer = walk.silently(1, "Metadata", 12, topics=[{"name": topic}], allow_auto_topic_creation=False)
        if answer["topics"][0]["error_code"]:
            create(walk, topic, _ASSIGNMENT, *configs)
        else:
            walk.see(f"{topic} is there", lambda: True)
        walk.until(f"broker 1 leads {topic}", partial(_lead_again, walk, topic), within=60)
        _led_by(walk, topic, (1, 2, 3))


def _lead_again(walk: Walk, topic: str) -> bool:
    """Elect the preferred leaders, which is not possible before they are in sync; whether they lead by now."""
    partitions = [{"topic": topic, "partitions": list(range(6))}]
    walk.silently(1, "ElectLeaders", 2, election_type=0, topic_partitions=partitions, timeout_ms=5000)
    return all(leaders(walk, topic, broker) == [1] * 6 for broker in (1, 2, 3))


def _led_by(walk: Walk, topic: str, via: Iterable[int]) -> None:
    for broker in via:
        walk.see(f"leaders of {topic} at {broker}", partial(leaders, walk, topic, broker))


def leaders(walk: Walk, topic: str, broker: int) -> list[int]:
    answer = walk.silently(broker, "Metadata", 12, topics=[{"name": topic}], allow_auto_topic_creation=False)
    return [] if isinstance(answer, str) else [one["leader_id"] for one in answer["topics"][0]["partitions"]]


def _find(walk: Walk, via: Iterable[int], kind: int, key: str) -> None:
    for broker in via:
        for version in (3, 4, 6):
            named: dict[str, Any] = {"key": key} if version < 4 else {"coordinator_keys": [key]}
            walk.ask(broker, key, "FindCoordinator", version, key_type=kind, **named)


def groups(walk: Walk) -> None:
    internal_topics(walk)
    create(walk, "g-topic", "1:2:3")
    _find(walk, (1, 2, 3), 0, "g")
    _commit(walk, 1, 5)
    for broker in (2, 3):
        _commit(walk, broker, 6)
        _ask_groups(walk, broker)
    _ask_groups(walk, 1)
    walk.step("stop", 1)
    _led_by(walk, "__consumer_offsets", (2, 3))
    _find(walk, (2, 3), 0, "g")
    _ask_groups(walk, 2)
    _ask_groups(walk, 3)
    _commit(walk, 2, 7)
    walk.step("kill", 2)
    _led_by(walk, "__consumer_offsets", (3,))
    _find(walk, (3,), 0, "g")
    _ask_groups(walk, 3)
    walk.step("start", 1, 2)
    _led_by(walk, "__consumer_offsets", (1, 2, 3))
    _find(walk, (1, 2, 3), 0, "g")
    _ask_groups(walk, 1)
    walk.act("kafka-leader-election -B --all-topic-partitions --election-type preferred")
    _led_by(walk, "__consumer_offsets", (1, 2, 3))
    _ask_groups(walk, 1)
    _ask_groups(walk, 3)


def _commit(walk: Walk, broker: int, offset: int) -> None:
    partition = {"partition_index": 0, "committed_offset": offset}
    walk.ask(
        broker,
        f"{offset}",
        "OffsetCommit",
        8,
        group_id="g",
        generation_id_or_member_epoch=-1,
        member_id="",
        topics=[{"name": "g-topic", "partitions": [partition]}],
    )


def _ask_groups(walk: Walk, broker: int) -> None:
    fetched = [{"group_id": "g", "topics": [{"name": "g-topic", "partition_indexes": [0]}]}]
    walk.ask(broker, "g", "OffsetFetch", 8, groups=fetched)
    walk.ask(
        broker, "g", "OffsetFetch", 5, group_id="g", topics=[{"name": "g-topic", "partition_indexes": [0]}]
    )
    walk.ask(broker, "g", "DescribeGroups", 6, groups=["g"])
    walk.ask(broker, "g", "ConsumerGroupDescribe", 1, group_ids=["g"])
    walk.ask(broker, "all", "ListGroups", 5, states_filter=[], types_filter=[])
    walk.ask(broker, "g", "Heartbeat", 4, group_id="g", generation_id=1, member_id="m")
    walk.ask(broker, "g", "LeaveGroup", 5, group_id="g", members=[{"member_id": "m", "reason": None}])
    walk.ask(
        broker,
        "g",
        "OffsetDelete",
        0,
        group_id="g",
        topics=[{"name": "absent", "partitions": [{"partition_index": 0}]}],
    )
    walk.ask(broker, "none", "DeleteGroups", 2, groups_names=["none"])
    heartbeat: dict[str, Any] = {"group_id": "c", "member_id": "AAAAAAAAAAAAAAAAAAAAAA", "member_epoch": 5}
    walk.ask(broker, "c", "ConsumerGroupHeartbeat", 1, **heartbeat, rebalance_timeout_ms=-1)
    walk.ask(broker, "s", "ShareGroupDescribe", 1, group_ids=["s"])
    joined: dict[str, Any] = {
        "group_id": "j",
        "session_timeout_ms": 10_000,
        "rebalance_timeout_ms": 10_000,
        "member_id": "",
    }
    protocols = [{"name": "range", "metadata": b""}]
    walk.ask(broker, "j", "JoinGroup", 7, **joined, protocol_type="consumer", protocols=protocols)


def transactions(walk: Walk) -> None:
    internal_topics(walk)
    create(walk, "t-topic", "1:2:3,2:3:1")
    _find(walk, (1, 2, 3), 1, "tx")
    asked: dict[str, Any] = {"transactional_id": "tx", "transaction_timeout_ms": 60_000}
    for broker in (2, 3):
        walk.ask(broker, "tx", "InitProducerId", 4, **asked)
    ready = walk.ask(1, "tx", "InitProducerId", 4, **asked)
    who = {"producer_id": ready["producer_id"], "producer_epoch": ready["producer_epoch"]}
    adding = [{"name": "t-topic", "partitions": [0, 1]}]

    def add(broker: int) -> None:
        walk.ask(
            broker, "tx", "AddPartitionsToTxn", 3,
            v3_and_below_transactional_id="tx", v3_and_below_producer_id=who["producer_id"],
            v3_and_below_producer_epoch=who["producer_epoch"], v3_and_below_topics=adding,
        )  # fmt: skip

    add(2)
    add(1)
    records = batch("a", base_sequence=0, is_transactional=True, **who)
    partition = {"index": 0, "records": records}
    walk.ask(
        1, "in the transaction", "Produce", 9, transactional_id="tx", acks=-1, timeout_ms=5000,
        topic_data=[{"name": "t-topic", "partition_data": [partition]}], waits=False,
    )  # fmt: skip
    for broker in (1, 2, 3):
        _ask_transactions(walk, broker)
    walk.step("kill", 1)
    _led_by(walk, "__transaction_state", (2, 3))
    led(walk, "t-topic", via=(2, 3))
    _find(walk, (2, 3), 1, "tx")
    _ask_transactions(walk, 2)
    _ask_transactions(walk, 3)
    _end(walk, 3, who)
    _end(walk, 2, who)
    _ask_transactions(walk, 2)
    walk.ask(
        2, "end", "ListOffsets", 7, replica_id=-1, isolation_level=1,
        topics=[{"name": "t-topic", "partitions": [{"partition_index": 0, "timestamp": -1}]}],
    )  # fmt: skip
    walk.step("start", 1)
    led(walk, "t-topic")
    produce(walk, 2, "t-topic", batch("b"), index=1)


def _end(walk: Walk, broker: int, who: dict[str, Any]) -> None:
    walk.ask(broker, "tx", "EndTxn", 3, transactional_id="tx", committed=True, **who)


def _ask_transactions(walk: Walk, broker: int) -> None:
    walk.ask(broker, "tx", "DescribeTransactions", 0, transactional_ids=["tx", "other"])
    walk.ask(broker, "", "ListTransactions", 1, state_filters=[], producer_id_filters=[], duration_filter=-1)
    walk.ask(broker, "", "DescribeProducers", 0, topics=[{"name": "t-topic", "partition_indexes": [0, 1]}])
