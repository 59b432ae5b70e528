"""confluent-kafka in groups of the consumer protocol (KIP-848)."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from compat_tests.clients.harness import ClientProcess, Family
from compat_tests.support.brokers import Broker

pytestmark = [
    pytest.mark.cluster(
        properties=(
            "group.consumer.heartbeat.interval.ms=200",
            "group.consumer.min.heartbeat.interval.ms=200",
            "group.consumer.session.timeout.ms=4000",
            "group.consumer.min.session.timeout.ms=1000",
            "group.consumer.assignment.interval.ms=0",
        )
    ),
    pytest.mark.parametrize("version", ["2.16.1"]),
]

Member = Callable[..., ClientProcess]
FAMILY = Family(package="confluent-kafka", worker=Path(__file__).with_name("worker.py"))
ALL = [0, 1, 2, 3]


@pytest.fixture
def client(kafka: Broker, tmp_path: Path, version: str) -> Iterator[ClientProcess]:
    """A client that is in no group."""
    process = FAMILY.start(version, kafka, tmp_path, "client")
    yield process
    process.close()


@pytest.fixture
def topic(client: ClientProcess, request: pytest.FixtureRequest) -> str:
    name: str = request.node.name.partition("[")[0].replace("_", "-")
    client.ask("create_topic", topic=name, partitions=4)
    return name


@pytest.fixture
def member(kafka: Broker, tmp_path: Path, topic: str, version: str) -> Iterator[Member]:
    """Starts members of the test's own group."""
    started: list[ClientProcess] = []

    def one_more(
        who: str, subscription: str = topic, protocol: str = "consumer", **config: str
    ) -> ClientProcess:
        process = FAMILY.start(version, kafka, tmp_path, who)
        started.append(process)
        config = {"group.protocol": protocol, **config}
        process.ask("join", topic=subscription, group=topic, session_timeout_ms=6000, config=config)
        return process

    yield one_more
    for process in started:
        process.close()


def shared(*members: ClientProcess) -> list[list[int]]:
    """Waits until two members have two partitions each."""
    parts = [one.wait_for_assignment(lambda partitions: len(partitions) == 2) for one in members]
    assert sorted(partition for part in parts for partition in part) == ALL
    return parts


def produce(client: ClientProcess, topic: str, count: int = 40) -> None:
    records: list[dict[str, Any]] = [
        {"key": None, "value": f"v{n}", "partition": n % 4} for n in range(count)
    ]
    client.ask("produce", topic=topic, records=records, codec=None, acks="all", idempotent=False)


@pytest.mark.shows("consumer group (KIP-848): the second member joins, a member leaves")
def test_members_come_and_go(client: ClientProcess, topic: str, member: Member) -> None:
    first = member("first")
    first.wait_for_assignment(lambda partitions: partitions == ALL)
    second = member("second")
    shared(first, second)
    produce(client, topic)
    first.wait_for_distinct(20)
    second.wait_for_distinct(20)
    assert sum(second.ask("commit").values()) == 20
    second.ask("leave")
    first.wait_for_assignment(lambda partitions: partitions == ALL)


@pytest.mark.shows("consumer group (KIP-848): a member dies")
def test_a_member_dies(topic: str, member: Member) -> None:
    first, second = member("first"), member("second")
    shared(first, second)
    second.kill()
    first.wait_for_assignment(lambda partitions: partitions == ALL)


@pytest.mark.shows("consumer group (KIP-848): static members")
def test_a_static_member_returns_to_its_partitions(topic: str, member: Member) -> None:
    first, second = (member(who, **{"group.instance.id": who}) for who in ("one", "two"))
    mine, _ = shared(first, second)
    first.ask("leave")
    again = member("again", **{"group.instance.id": "one"})
    assert again.wait_for_assignment(bool) == mine


@pytest.mark.shows("consumer group (KIP-848): subscription by regular expression")
def test_a_regular_expression(client: ClientProcess, topic: str, member: Member) -> None:
    one = member("one", subscription=f"^{topic[:-3]}.*")
    one.wait_for_assignment(lambda partitions: partitions == ALL)
    produce(client, topic)
    one.wait_for_distinct(40)


@pytest.mark.shows("consumer group (KIP-848): from classic members and back")
def test_a_classic_group_changes_and_changes_back(client: ClientProcess, topic: str, member: Member) -> None:
    old = member("old", protocol="classic")
    old.wait_for_assignment(lambda partitions: partitions == ALL)
    new = member("new")
    shared(old, new)
    produce(client, topic)
    old.wait_for_distinct(20)
    new.ask("leave")
    old.wait_for_assignment(lambda partitions: partitions == ALL)
