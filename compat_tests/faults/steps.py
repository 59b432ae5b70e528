"""What a test does to a cluster around a fault, and what it looks for in the journal."""

from __future__ import annotations

import time
from collections.abc import Callable

from mockbroker import MockCluster
from mockbroker.handles import FaultHandle

__all__ = [
    "GROUP",
    "TOPIC",
    "TRANSACTIONAL_ID",
    "Check",
    "Step",
    "asks_with_version",
    "break_connections",
    "remove",
    "remove_when_it_asks_no_more",
    "restart_the_leader",
    "silent_for",
    "took_up",
]

TOPIC = "orders"
GROUP = "billing"
TRANSACTIONAL_ID = "payments"

Step = Callable[[MockCluster, FaultHandle], object]
Check = Callable[[MockCluster], object]


def remove(kafka: MockCluster, fault: FaultHandle) -> None:
    fault.remove()


def remove_when_it_asks_no_more(kafka: MockCluster, fault: FaultHandle) -> None:
    """A client may ask for metadata several times as it starts; one that always asks learns the truth all the same."""
    deadline = time.monotonic() + 4
    while time.monotonic() < deadline:
        hits = fault.hits
        time.sleep(2)
        if fault.hits == hits:
            break
    fault.remove()


def break_connections(kafka: MockCluster, fault: FaultHandle) -> None:
    """Silence would last until the client's own timeout, which is half a minute and more."""
    restart_the_leader(kafka)


def restart_the_leader(kafka: MockCluster) -> None:
    """The partition is then led in a newer epoch."""
    leader = kafka.broker(kafka.partition(TOPIC, 0).leader)
    leader.kill()
    leader.start()


def took_up(api: str, count: int) -> Check:
    """So many requests of an API came."""

    def check(kafka: MockCluster) -> None:
        assert len(kafka.journal(api)) == count

    return check


def asks_with_version(api: str, version: int) -> Check:
    """An API is used in one version only."""

    def check(kafka: MockCluster) -> None:
        assert {exchange.version for exchange in kafka.journal(api)} == {version}

    return check


def silent_for(seconds: float) -> Check:
    """After the fault nothing of the connection is taken up for so long."""

    def check(kafka: MockCluster) -> None:
        exchanges = list(kafka.journal())
        befallen = next(exchange for exchange in exchanges if exchange.fault)
        later = [
            round(exchange.at - befallen.at, 3)
            for exchange in exchanges
            if exchange.connection == befallen.connection and exchange.number > befallen.number
        ]
        assert later
        assert min(later) >= seconds

    return check
