"""Metadata over frames: what is kept of a topic's entry is dropped as soon as it could be shown otherwise."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from mockbroker.core import brokers
from mockbroker.core.cluster import Cluster
from tests.handlers.plain import Desk

Change = Callable[[Cluster], object]


def shown(desk: Desk, version: int) -> dict[str, Any]:
    answer = desk.ask("Metadata", version, topics=[{"name": "t"}], allow_auto_topic_creation=False)
    topic: dict[str, Any]
    [topic] = answer["topics"]
    return topic


def replicated() -> Desk:
    desk = Desk(brokers=3)
    desk.core.cluster.create_topic("t", assignments=[(0, (2, 3))])
    return desk


@pytest.mark.parametrize("version", [4, 13])
@pytest.mark.parametrize(
    "change",
    [
        lambda cluster: brokers.kill(cluster, 3),
        lambda cluster: brokers.stop(cluster, 2),
        lambda cluster: brokers.unregister(cluster, 3),
        lambda cluster: brokers.move_leader(cluster, "t", 0, 3),
        lambda cluster: cluster.create_partitions("t", 2),
        lambda cluster: (cluster.delete_topic("t"), cluster.create_topic("t", partitions=3)),
    ],
)
def test_a_change_is_shown_at_once(change: Change, version: int) -> None:
    desk = replicated()
    before = shown(desk, version)
    assert shown(desk, version) == before
    change(desk.core.cluster)
    desk.clock.advance(60)
    after = shown(desk, version)
    assert after != before
    never_kept = Desk(brokers=3)
    never_kept.core.cluster.create_topic("t", assignments=[(0, (2, 3))])
    change(never_kept.core.cluster)
    never_kept.clock.advance(60)
    assert after == shown(never_kept, version)


def test_a_broker_that_comes_back_is_no_longer_offline() -> None:
    desk = replicated()
    before = shown(desk, 9)
    brokers.kill(desk.core.cluster, 3)
    desk.clock.advance(60)
    assert shown(desk, 9)["partitions"][0]["offline_replicas"] == [3]
    brokers.start(desk.core.cluster, 3)
    assert shown(desk, 9)["partitions"][0]["offline_replicas"] == []
    assert shown(desk, 9)["partitions"][0]["leader_id"] == before["partitions"][0]["leader_id"]


def test_asking_for_operations_adds_them_for_that_answer_only() -> None:
    desk = replicated()
    plain = shown(desk, 9)
    topics = [{"name": "t"}]
    [told] = desk.ask("Metadata", 9, topics=topics, include_topic_authorized_operations=True)["topics"]
    assert told["topic_authorized_operations"] != plain["topic_authorized_operations"]
    assert shown(desk, 9) == plain


def _names(desk: Desk, names: list[str]) -> list[str]:
    topics = [{"name": name} for name in names]
    answer = desk.ask("Metadata", 12, topics=topics, allow_auto_topic_creation=False)
    return [topic["name"] for topic in answer["topics"]]


def test_of_few_topics_those_that_there_are_come_first() -> None:
    desk = replicated()
    assert _names(desk, ["absent", "t", "absent", "gone"]) == ["t", "absent", "gone"]


def test_more_topics_come_in_the_order_of_a_set() -> None:
    """As a real broker answered."""
    desk = Desk()
    known = [f"orders-{number}" for number in range(20)]
    for name in known:
        desk.core.cluster.create_topic(name)
    absent = [f"orders-absent-{number}" for number in range(20)]
    found = _names(desk, known + absent)
    assert found[:4] == ["orders-5", "orders-11", "orders-15", "orders-3"]
    assert found[20:24] == ["orders-absent-15", "orders-absent-1", "orders-absent-9", "orders-absent-8"]
