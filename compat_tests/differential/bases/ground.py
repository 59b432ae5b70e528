"""What requests are about: topics, groups and the like of a case's own, alike on both brokers."""

from __future__ import annotations

import time
from collections import defaultdict
from collections.abc import Callable
from typing import Any, NamedTuple

from compat_tests.differential.runner import Run
from protocol_specs.record_batch import Record, build_batch

__all__ = ["BASES", "BATCH", "Base", "Ground", "base"]

#: One time for both brokers, so new that no retention concerns it.
_NOW_MS = int(time.time() * 1000)
#: A batch of three records.
BATCH = bytes(build_batch([Record(at, _NOW_MS + at, b"k%d" % at, b"v", []) for at in range(3)]))


class Ground:
    """Names and things for the variants of one API's requests.

    Args:
        run: the broker that is asked.
        prefix: with which all names begin.
        version: of the API.
    """

    def __init__(self, run: Run, prefix: str, version: int) -> None:
        self.run = run
        self.prefix = prefix
        self.version = version
        #: Of Fetch, that are to be closed.
        self.sessions: list[int] = []
        self._count = 0
        self._topics: dict[str, bytes] = {}
        self._once: dict[str, Any] = {}

    def fresh(self) -> str:
        """A name that nothing has yet."""
        self._count += 1
        return f"{self.prefix}-{self._count}"

    def topic(self, name: str = "topic") -> str:
        """A topic with two partitions that is there for all variants; ten batches are in its first one."""
        whole = f"{self.prefix}-{name}"
        if whole not in self._topics:
            self._topics[whole] = self.run.create(whole, 2)
            self._fill(whole)
        return whole

    def _fill(self, topic: str) -> None:
        data = [{"name": topic, "partition_data": [{"index": 0, "records": BATCH}]}]
        for _ in range(10):
            self.run.prepare("Produce", 11, acks=-1, timeout_ms=5000, topic_data=data)

    def topic_id(self, name: str = "topic") -> bytes:
        return self._topics[self.topic(name)]

    def fresh_topic(self) -> tuple[str, bytes]:
        """A topic of its own for one variant, with one partition, and its id."""
        name = self.fresh()
        return name, self.run.create(name)

    def once(self, what: str, make: Callable[[], Any]) -> Any:
        """What is made for the first variant, and is there for all others."""
        if what not in self._once:
            self._once[what] = make()
        return self._once[what]

    def producer(self, transactional_id: str | None) -> dict[str, Any]:
        """A producer id and epoch."""
        asked = {"transactional_id": transactional_id, "transaction_timeout_ms": 60000}
        made = self.run.prepare("InitProducerId", 4, **asked)
        return {name: made[name] for name in ("producer_id", "producer_epoch")}

    def transaction(self, group: str | None = None) -> dict[str, Any]:
        """A transaction that is open, with the first partition of `topic` in it: its id, producer id and epoch."""
        transactional_id = self.fresh()
        producer = {"transactional_id": transactional_id, **self.producer(transactional_id)}
        named = {f"v3_and_below_{name}": value for name, value in producer.items()}
        topics = [{"name": self.topic(), "partitions": [0]}]

        def is_there() -> bool:
            added = self.run.prepare("AddPartitionsToTxn", 3, **named, v3_and_below_topics=topics)
            return not added["results_by_topic_v3_and_below"][0]["results_by_partition"][0][
                "partition_error_code"
            ]

        self.run.settled(is_there, "a partition in a transaction")
        if group is not None:
            self.run.prepare("AddOffsetsToTxn", 3, **producer, group_id=group)
        return producer

    def joined(self, group: str, instance: str | None = "instance", *, synced: bool = True) -> dict[str, Any]:
        """A classic group with one member: its id, generation and name."""
        asked = {
            "group_id": group,
            "session_timeout_ms": 1_800_000,
            "rebalance_timeout_ms": 10_000,
            "group_instance_id": instance,
            "protocol_type": "consumer",
            "protocols": [{"name": "range", "metadata": SUBSCRIPTION}],
        }
        answer = self.run.prepare("JoinGroup", 5, **asked)
        if answer["error_code"] == 79:
            answer = self.run.prepare("JoinGroup", 5, **asked, member_id=answer["member_id"])
        member = {
            "group_id": group,
            "generation_id": answer["generation_id"],
            "member_id": answer["member_id"],
            "group_instance_id": instance,
        }
        if synced:
            one = {"member_id": answer["member_id"], "assignment": ASSIGNMENT}
            self.run.prepare("SyncGroup", 3, **member, assignments=[one])
        return member

    def committed(self, group: str, topic: str | None = None) -> str:
        """A group with a committed offset."""
        partitions = [{"partition_index": 0, "committed_offset": 3, "committed_metadata": "m"}]
        topics = [{"name": topic or self.topic(), "partitions": partitions}]
        self.run.prepare("OffsetCommit", 8, group_id=group, generation_id_or_member_epoch=-1, topics=topics)
        return group


#: A consumer's subscription to one topic "t", and an assignment of nothing, both in version 0.
SUBSCRIPTION = b"\0\0\0\0\0\1\0\1t\xff\xff\xff\xff"
ASSIGNMENT = b"\0\0\0\0\0\0\xff\xff\xff\xff"


class Base(NamedTuple):
    """A request as it should be.

    Attributes:
        label: says which, where an API has several.
        make: the request; called anew for each variant.
        skip: what is not asked, by the variant's label, for it would end one of the brokers, or the comparison.
        patience: for how long an answer is waited for, in seconds.
        after: waits for what a request set going, which a real broker learns of later.
    """

    label: str
    make: Callable[[Ground], dict[str, Any]]
    skip: frozenset[str]
    after: Callable[[Ground, Any], None]
    patience: float


BASES: dict[str, list[Base]] = defaultdict(list)


def _no_wait(ground: Ground, answer: Any) -> None:
    """Nothing was set going."""


def base(
    api: str,
    label: str = "",
    skip: tuple[str, ...] = (),
    after: Callable[[Ground, Any], None] = _no_wait,
    patience: float = 2.0,
) -> Callable[[Callable[[Ground], dict[str, Any]]], Callable[[Ground], dict[str, Any]]]:
    """Note down a request of one API."""

    def note(make: Callable[[Ground], dict[str, Any]]) -> Callable[[Ground], dict[str, Any]]:
        BASES[api].append(Base(label, make, frozenset(skip), after, patience))
        return make

    return note
