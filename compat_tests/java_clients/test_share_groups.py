"""The clients for Java as members of share groups (KIP-932): each record is acknowledged by itself."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any

import pytest

from compat_tests.java_clients.harness import Jvm, JvmClient
from compat_tests.support.brokers import Broker

pytestmark = pytest.mark.cluster(
    properties=(
        "group.share.min.heartbeat.interval.ms=300",
        "group.share.heartbeat.interval.ms=300",
        "group.share.min.record.lock.duration.ms=1000",
        "group.share.record.lock.duration.ms=5000",
    )
)

Member = Callable[..., JvmClient]


@pytest.fixture
def member(kafka: Broker, jvm: Jvm, request: pytest.FixtureRequest) -> Iterator[Member]:
    """Starts members of the test's own group, on the test's own topic of one partition with ten records."""
    name: str = request.node.name.replace("_", "-")
    started = [jvm.start(kafka, "admin")]
    admin = started[0]
    admin.ask("create_topic", topic=name, partitions=1)
    admin.ask("group_config", group=name, config={"share.auto.offset.reset": "earliest"})
    records = [{"key": None, "value": f"v{number}", "partition": 0} for number in range(10)]
    admin.ask("produce", topic=name, records=records, codec=None, acks="all", idempotent=False)

    def one_more(who: str, **config: str) -> JvmClient:
        client = jvm.start(kafka, who)
        started.append(client)
        client.ask("share_join", topic=name, group=name, config=config)
        return client

    yield one_more
    for client in started:
        client.close()


def poll(member: JvmClient, within_ms: int = 15_000) -> list[list[Any]]:
    """[offset, value, delivery count] of what it is given."""
    given: list[list[Any]] = member.ask("share_poll", within_ms=within_ms)
    return given


def acknowledge(member: JvmClient, types: Mapping[int, str]) -> None:
    assert member.ask("share_acknowledge", types=types) == []


@pytest.mark.shows("share group: accept, release, reject")
def test_each_record_is_acknowledged_by_itself(member: Member) -> None:
    consumer = member("consumer")
    assert poll(consumer) == [[number, f"v{number}", 1] for number in range(10)]
    types = dict.fromkeys(range(10), "accept") | {3: "release", 4: "reject", 7: "release"}
    acknowledge(consumer, types)
    assert poll(consumer) == [[3, "v3", 2], [7, "v7", 2]]
    acknowledge(consumer, {3: "accept", 7: "release"})
    assert poll(consumer) == [[7, "v7", 3]]
    acknowledge(consumer, {7: "accept"})
    assert poll(consumer, within_ms=500) == []


@pytest.mark.shows("share group: members share a partition, and take over from one that is silent")
def test_the_records_of_one_partition_are_shared(member: Member) -> None:
    # Few at a time, so that there is something left for the other.
    few = {"max.poll.records": "4", "share.acquire.mode": "record_limit"}
    first, second = member("first", **few), member("second", **few)
    mine = poll(first)
    others = poll(second)
    assert [number for number, _, _ in mine] == [0, 1, 2, 3]
    assert [number for number, _, _ in others] == [4, 5, 6, 7]
    acknowledge(second, dict.fromkeys((4, 5, 6, 7), "accept"))
    # The first one acknowledges nothing: its locks run out, and its records are given to the second.
    again: list[list[Any]] = []
    while len(again) < 6:
        some = poll(second)
        assert some, again
        acknowledge(second, {number: "accept" for number, _, _ in some})
        again += some
    assert sorted(again) == [[n, f"v{n}", 2] for n in range(4)] + [[8, "v8", 1], [9, "v9", 1]]


@pytest.mark.shows("share group: the delivery count has a limit")
def test_a_record_that_is_released_too_often_is_given_up(member: Member) -> None:
    consumer = member("consumer")
    for delivery in range(1, 6):
        given = poll(consumer)
        assert given[0] == [0, "v0", delivery]
        acknowledge(consumer, {number: "release" if number == 0 else "accept" for number, _, _ in given})
    assert poll(consumer, within_ms=500) == []
