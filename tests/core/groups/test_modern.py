"""What groups of the newer protocols share: timers, counts, the hash of their topics, and when targets are made."""

from __future__ import annotations

import pytest

from mockbroker.core.elections import PartitionState
from mockbroker.core.groups.modern import MemberState, SubscriptionCount, Timers, count_subscriptions
from mockbroker.core.groups.modern_assignment import Subscriber, is_due, make_targets
from mockbroker.core.groups.modern_topics import TopicHashes
from mockbroker.core.time import Clock
from protocol_specs.errors import ErrorCode, KafkaError
from tests.core.clusters import make_cluster


def test_hashes_are_kafkas() -> None:
    cluster = make_cluster(2, racks=("west", "east"))
    orders = cluster.create_topic("orders", partitions=2, replication_factor=1)
    single = cluster.create_topic("a", partitions=1, replication_factor=1)
    orders.id = bytes.fromhex("01020304050607089112131415161718")
    single.id = bytes(15) + b"\x07"
    orders.partitions[0].state = PartitionState(1, 0, 0, (1, 2), (1,))
    orders.partitions[1].state = PartitionState(1, 0, 0, (1,), (1,))
    single.partitions[0].state = PartitionState(3, 0, 0, (3,), (3,))
    hashes = TopicHashes(cluster)

    assert hashes.of([]) == hashes.of(["absent"]) == 0
    assert hashes.of(["orders"]) == -6828865735175784893
    assert hashes.of(["orders", "absent", "a"]) == 5449143310434974361

    orders.version += 1
    orders.partitions[1].state = PartitionState(1, 0, 0, (2,), (2,))
    assert hashes.of(["orders"]) != -6828865735175784893


def test_counts() -> None:
    counts = {"a": SubscriptionCount(1, 0)}
    count_subscriptions(counts, ["a", "b"], by_name=1)
    count_subscriptions(counts, ["b"], by_regex=1)
    assert counts == {"a": (2, 0), "b": (1, 1)}
    count_subscriptions(counts, ["a", "b", "c"], by_name=-1)
    count_subscriptions(counts, ["b"], by_regex=-1)
    assert counts == {"a": (1, 0)}


@pytest.mark.parametrize(
    ("made_ms", "interval_ms", "now_ms", "due"),
    [(0, 1000, 5, True), (10, 0, 5, True), (10, 1000, 1009, False), (10, 1000, 1010, True)],
)
def test_when_an_assignment_is_due(made_ms: int, interval_ms: int, now_ms: int, due: bool) -> None:
    assert is_due(made_ms, interval_ms, now_ms) is due


def test_only_changed_targets_are_named() -> None:
    cluster = make_cluster()
    topic = cluster.create_topic("orders", partitions=2)
    subscribers = {name: Subscriber(frozenset({"orders", "absent"})) for name in ("kept", "new", "none")}
    kept = {topic.id: frozenset({0})}

    def assign(spec: object) -> dict[str, dict[bytes, frozenset[int]]]:
        return {"kept": kept, "new": {topic.id: frozenset({1})}}

    made = make_targets(cluster, assign, subscribers, {"kept": kept, "gone": {}}, is_homogeneous=True)

    assert sorted(made.changed) == ["new", "none"]


def test_states_of_a_later_release_are_unknown() -> None:
    assert MemberState(2) is MemberState.UNRELEASED_PARTITIONS
    assert MemberState(9) is MemberState.UNKNOWN


def test_timers() -> None:
    clock = Clock()
    timers = Timers(clock)
    rung: list[str] = []
    timers.restart_session("a", 10, lambda: rung.append("a"))
    clock.advance(9)
    timers.restart_session("a", 10, lambda: rung.append("never"))
    timers.start("sync", "a", 5, lambda: rung.append("first"))
    timers.start("sync", "a", 6, lambda: rung.append("sync"))
    timers.start_once("join", "a", 7, lambda: rung.append("join"))
    timers.start_once("join", "a", 1, lambda: rung.append("never"))
    clock.advance(9)
    assert rung == ["sync", "join"]
    timers.start_once("join", "a", 1, lambda: rung.append("again"))
    clock.advance(1)
    assert rung == ["sync", "join", "a", "again"]

    timers.restart_session("b", 1, lambda: rung.append("b"))
    timers.start("sync", "b", 1, lambda: rung.append("b"))
    timers.start("sync", "c", 1, lambda: rung.append("c"))
    timers.stop_member("b")
    clock.advance(1)
    assert rung[4:] == ["c"]

    timers.start("sync", "c", 1, lambda: rung.append("c"))
    timers.stop_all()
    assert clock.next_alarm is None


def test_what_cannot_be_written_is_tried_again() -> None:
    clock = Clock()
    timers = Timers(clock)
    attempts: list[float] = []

    def expire() -> None:
        attempts.append(clock.now)
        if len(attempts) < 3:
            raise KafkaError(ErrorCode.COORDINATOR_NOT_AVAILABLE)

    timers.restart_session("a", 10, expire)
    clock.advance(60)
    assert attempts == [10, 10.5, 11]
