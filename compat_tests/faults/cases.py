"""The effects, one by one: what goes wrong, in which request, and what every client should make of it."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

from mockbroker import MockCluster
from mockbroker.handles import FaultHandle

__all__ = ["CASES", "TOPIC", "Case"]

TOPIC = "orders"


class Case(NamedTuple):
    """A fault, and what is to become of the client.

    Attributes:
        title: as the table of docs/faults.md has it.
        fault: its fields.
        reads: whether the client is to read a record that is there, instead of writing one.
        is_fatal: whether the client is to report an error, instead of coming through; None: it may do either.
        then: what the test does when the fault has fired.
    """

    title: str
    fault: Mapping[str, Any]
    reads: bool = False
    is_fatal: bool | None = False
    then: Callable[[MockCluster, FaultHandle], object] | None = None


def _remove(kafka: MockCluster, fault: FaultHandle) -> None:
    fault.remove()


def _remove_when_it_asks_no_more(kafka: MockCluster, fault: FaultHandle) -> None:
    """A client may ask for metadata several times as it starts; one that always asks learns the truth all the same."""
    deadline = time.monotonic() + 4
    while time.monotonic() < deadline:
        hits = fault.hits
        time.sleep(2)
        if fault.hits == hits:
            break
    fault.remove()


def _break_connections(kafka: MockCluster, fault: FaultHandle) -> None:
    """Silence would last until the client's own timeout, which is half a minute and more."""
    leader = kafka.broker(kafka.partition(TOPIC, 0).leader)
    leader.kill()
    leader.start()


CASES = {
    "retriable_error": Case(
        "`error` NOT_LEADER_OR_FOLLOWER, twice",
        {"api": "Produce", "error": "NOT_LEADER_OR_FOLLOWER", "times": 2},
    ),
    "fatal_error": Case(
        "`error` TOPIC_AUTHORIZATION_FAILED",
        {"api": "Produce", "error": "TOPIC_AUTHORIZATION_FAILED", "times": None},
        is_fatal=True,
    ),
    "delay": Case("`delay` 0.3 s", {"api": "Produce", "delay": 0.3}),
    "throttle": Case("`throttle` 300 ms", {"api": "Produce", "throttle": 300}),
    "disconnect_before": Case("`disconnect` before the work", {"api": "Produce", "disconnect": True}),
    "disconnect_after": Case(
        "`disconnect` after the work", {"api": "Produce", "disconnect": True, "at": "after"}
    ),
    "drop_request": Case(
        "`drop` request, then the connection breaks",
        {"api": "Produce", "drop": "request"},
        then=_break_connections,
    ),
    "drop_response": Case(
        "`drop` response, then the connection breaks",
        {"api": "Produce", "drop": "response"},
        then=_break_connections,
    ),
    "hang": Case("`hang`, until the fault is removed", {"api": "Produce", "hang": True}, then=_remove),
    "truncate": Case("`truncate` after 20 bytes", {"api": "Produce", "truncate": 20}),
    "slice": Case("`slice` of 7 bytes", {"api": "Fetch", "slice": 7, "times": 3}, reads=True),
    "bandwidth": Case(
        "`bandwidth` 2000 bytes a second", {"api": "Fetch", "bandwidth": 2000, "times": 3}, reads=True
    ),
    "corrupt_crc": Case("`corrupt` crc, once", {"api": "Fetch", "corrupt": "crc"}, reads=True, is_fatal=None),
    "stale_leader": Case(
        "`metadata` with the wrong leader, twice",
        {"api": "Metadata", "topic": TOPIC, "metadata": {"leader": "the other one"}, "times": 2},
    ),
    "missing_broker": Case(
        "`metadata` without the leader's broker, until the fault is removed",
        {"api": "Metadata", "topic": TOPIC, "metadata": {"without_broker": "the leader"}, "times": None},
        then=_remove_when_it_asks_no_more,
    ),
    "limited_versions": Case(
        "`versions` of Produce up to 7", {"api": "ApiVersions", "versions": {"Produce": "3-7"}, "times": None}
    ),
}
