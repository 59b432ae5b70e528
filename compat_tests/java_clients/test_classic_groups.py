"""What the clients for Java do in classic groups beyond the scenarios of every client."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest

from compat_tests.java_clients.harness import Jvm, JvmClient
from compat_tests.support.brokers import Broker

Member = Callable[..., JvmClient]
ALL = [0, 1, 2, 3]
COOPERATIVE = {"partition.assignment.strategy": "org.apache.kafka.clients.consumer.CooperativeStickyAssignor"}


@pytest.fixture
def member(kafka: Broker, jvm: Jvm, request: pytest.FixtureRequest) -> Iterator[Member]:
    """Starts members of the test's own group, on the test's own topic."""
    name: str = request.node.name.replace("_", "-")
    started = [jvm.start(kafka, "admin")]
    started[0].ask("create_topic", topic=name, partitions=4)

    def one_more(who: str, **config: str) -> JvmClient:
        client = jvm.start(kafka, who)
        started.append(client)
        client.ask("join", topic=name, group=name, session_timeout_ms=6000, config=config)
        return client

    yield one_more
    for client in started:
        client.close()


def shared(*members: JvmClient) -> list[list[int]]:
    """Waits until two members have two partitions each."""
    parts = [one.wait_for_assignment(lambda partitions: len(partitions) == 2) for one in members]
    assert sorted(partition for part in parts for partition in part) == ALL
    return parts


@pytest.mark.shows("group: cooperative-sticky")
def test_cooperative_members_keep_what_they_may_keep(member: Member) -> None:
    first = member("first", **COOPERATIVE)
    first.wait_for_assignment(lambda partitions: partitions == ALL)
    second = member("second", **COOPERATIVE)
    _, given = shared(first, second)
    assert first.reports("revoked") == [given], "nothing else was taken away"
    second.ask("leave")
    first.wait_for_assignment(lambda partitions: partitions == ALL)
    assert first.reports("revoked") == [given]
    assert first.reports("lost") == []


@pytest.mark.shows("group: static members")
def test_a_static_member_returns_unnoticed(member: Member) -> None:
    first, second = (member(who, **{"group.instance.id": who}) for who in ("one", "two"))
    mine, _ = shared(first, second)
    generation: Any = second.ask("generation")
    said = len(second.reports("assignment"))
    first.ask("leave")
    again = member("again", **{"group.instance.id": "one"})
    assert again.wait_for_assignment(bool) == mine
    assert again.ask("generation") == generation
    assert second.ask("generation") == generation
    assert len(second.reports("assignment")) == said
    assert second.reports("revoked") == []


@pytest.mark.shows("group: static members")
def test_the_second_with_an_instance_id_fences_the_first(member: Member) -> None:
    first = member("first", **{"group.instance.id": "same"})
    first.wait_for_assignment(lambda partitions: partitions == ALL)
    second = member("second", **{"group.instance.id": "same"})
    second.wait_for_assignment(lambda partitions: partitions == ALL)

    def died(stdout: str) -> str | None:
        return next((message["died"] for message in first.messages(stdout) if "died" in message), None)

    assert "FencedInstanceIdException" in first.running.wait_for(died, within=15, what="the first one's end")
