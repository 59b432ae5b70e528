"""Leader epochs, truncation, and requests that the wrong broker gets."""

from __future__ import annotations

from compat_tests.differential.three_brokers.walk import Walk, batch
from compat_tests.differential.three_brokers.walks.views import create, described, led, produce

__all__ = ["epochs", "not_enough_replicas", "truncation"]


def epochs(walk: Walk) -> None:
    create(walk, "epochs", "1:2")
    produce(walk, 1, "epochs", batch("a", "b"))
    walk.step("stop", 1)
    led(walk, "epochs", via=(2, 3))
    produce(walk, 2, "epochs", batch("c"))
    walk.step("start", 1)
    described(walk, "epochs")
    for broker in (1, 2, 3):
        _ask_each(walk, broker)
    for version in range(3, 13):
        for broker in (1, 3):
            produce(walk, broker, "epochs", batch("x"), acks=1, version=version)


def _ask_each(walk: Walk, broker: int) -> None:
    topic = "epochs"
    for epoch in (-1, 0, 1, 2, 9):
        for version, timestamp in ((1, -1), (4, -1), (7, -3), (10, -2), (10, 1_600_000_000_000)):
            wanted = {"partition_index": 0, "timestamp": timestamp, "current_leader_epoch": epoch}
            walk.ask(
                broker,
                f"{timestamp} epoch {epoch}",
                "ListOffsets",
                version,
                replica_id=-1,
                topics=[{"name": topic, "partitions": [wanted]}],
            )
        for version in (2, 3, 4):
            for asked in (0, 1, 5):
                one = {"partition": 0, "current_leader_epoch": epoch, "leader_epoch": asked}
                walk.ask(
                    broker,
                    f"{asked} epoch {epoch}",
                    "OffsetForLeaderEpoch",
                    version,
                    replica_id=-1,
                    topics=[{"topic": topic, "partitions": [one]}],
                )
        for version in (4, 9, 11, 12):
            for last in (-1, 0, 1, 7) if version == 12 else (-1,):
                _fetch(walk, broker, version, epoch, last)
    walk.ask(
        broker,
        "",
        "DeleteRecords",
        2,
        topics=[{"name": topic, "partitions": [{"partition_index": 0, "offset": 1}]}],
        timeout_ms=3000,
    )
    walk.ask(broker, "", "DescribeProducers", 0, topics=[{"name": topic, "partition_indexes": [0, 5]}])


def _fetch(walk: Walk, broker: int, version: int, epoch: int, last: int) -> None:
    for offset in (0, 3, 9):
        partition = {
            "partition": 0,
            "current_leader_epoch": epoch,
            "last_fetched_epoch": last,
            "fetch_offset": offset,
            "partition_max_bytes": 100_000,
        }
        walk.ask(
            broker,
            f"{offset} epoch {epoch} last {last}",
            "Fetch",
            version,
            replica_id=-1,
            max_wait_ms=0,
            min_bytes=0,
            max_bytes=100_000,
            session_epoch=-1,
            topics=[{"topic": "epochs", "partitions": [partition]}],
            rack_id="south" if last == 1 else "",
        )


def truncation(walk: Walk) -> None:
    """An unclean election: what the new leader lacks is gone, and epochs tell."""
    create(walk, "epochs2", "1:2", "unclean.leader.election.enable=true")
    produce(walk, 1, "epochs2", batch("a", "b"))
    walk.step("stop", 2)
    led(walk, "epochs2", via=(1, 3))
    produce(walk, 1, "epochs2", batch("c", "d"))
    walk.step("stop", 1)
    walk.step("start", 2)
    described(walk, "epochs2", via=(2, 3))
    _ends(walk, 2)
    produce(walk, 2, "epochs2", batch("e"))
    walk.step("start", 1)
    described(walk, "epochs2")
    _ends(walk, 2)
    walk.act("kafka-leader-election -B --topic epochs2 --partition 0 --election-type preferred")
    described(walk, "epochs2")
    _ends(walk, 1)


def _ends(walk: Walk, broker: int) -> None:
    for epoch in range(-1, 6):
        one = {"partition": 0, "current_leader_epoch": -1, "leader_epoch": epoch}
        walk.ask(
            broker,
            str(epoch),
            "OffsetForLeaderEpoch",
            4,
            replica_id=-1,
            topics=[{"topic": "epochs2", "partitions": [one]}],
        )
        for offset in (2, 3, 4):
            partition = {
                "partition": 0,
                "current_leader_epoch": -1,
                "last_fetched_epoch": epoch,
                "fetch_offset": offset,
                "partition_max_bytes": 100_000,
            }
            walk.ask(
                broker,
                f"{offset} last {epoch}",
                "Fetch",
                12,
                replica_id=-1,
                max_wait_ms=0,
                min_bytes=0,
                max_bytes=100_000,
                session_epoch=-1,
                topics=[{"topic": "epochs2", "partitions": [partition]}],
            )
    wanted = {"partition_index": 0, "timestamp": -1}
    walk.ask(
        broker, "end", "ListOffsets", 7, replica_id=-1, topics=[{"name": "epochs2", "partitions": [wanted]}]
    )


def not_enough_replicas(walk: Walk) -> None:
    create(walk, "enough", "1:2:3", "min.insync.replicas=2")
    for acks in (-1, 0, 1):
        if acks:
            produce(walk, 1, "enough", batch("a"), acks=acks)
    walk.step("stop", 2)
    led(walk, "enough", via=(1, 3))
    produce(walk, 1, "enough", batch("b"))
    walk.step("stop", 3)
    led(walk, "enough", via=(1,))
    for version in range(3, 13):
        produce(walk, 1, "enough", batch("c"), version=version)
    produce(walk, 1, "enough", batch("d"), acks=1)
    for isolation in (0, 1):
        wanted = {"partition_index": 0, "timestamp": -1}
        walk.ask(
            1,
            f"end {isolation}",
            "ListOffsets",
            7,
            replica_id=-1,
            isolation_level=isolation,
            topics=[{"name": "enough", "partitions": [wanted]}],
        )
    walk.step("start", 2, 3)
    described(walk, "enough")
    produce(walk, 1, "enough", batch("e"))
