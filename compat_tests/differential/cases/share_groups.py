"""Share groups (KIP-932): fetching, acknowledging, and the sessions around that."""

from __future__ import annotations

import time
from typing import Any

from compat_tests.differential.runner import Run, versions
from compat_tests.differential.shares import (
    NO_TOPIC,
    State,
    await_share_coordinator,
    configure_share_group,
    produce,
)

ACCEPT, RELEASE, REJECT, RENEW = 1, 2, 3, 4


class _Member:
    """A member of a share group that has partitions of one topic; the state is initialized, the group starts early."""

    def __init__(self, run: Run, group: str, topic_id: bytes, *, partitions: int = 1, **configs: Any) -> None:
        self.run = run
        self.group = group
        self.topic_id = topic_id
        self.partitions = range(partitions)
        self.epoch = 0
        configs = {"share_auto_offset_reset": "earliest", **configs}
        configure_share_group(run, group, **configs)
        for index in self.partitions:
            asked = [{"partition": index, "state_epoch": 0, "start_offset": -1}]
            topics = [{"topic_id": topic_id, "partitions": asked}]
            run.prepare("InitializeShareGroupState", 0, group_id=group, topics=topics)

    def fields(self, acks: dict[int, list[tuple[int, int, list[int]]]] | None = None, **more: Any) -> Any:
        names = ("first_offset", "last_offset", "acknowledge_types")
        acks = acks or {}
        indexes = sorted({*acks, *(() if self.epoch else self.partitions)})
        partitions = [
            {
                "partition_index": index,
                "acknowledgement_batches": [dict(zip(names, b, strict=True)) for b in acks.get(index, [])],
            }
            for index in indexes
        ]
        topics = [{"topic_id": self.topic_id, "partitions": partitions}] if partitions else []
        return {
            "group_id": self.group,
            "member_id": "member-1",
            "share_session_epoch": self.epoch,
            "topics": topics,
            **more,
        }

    def fetch(self, label: str, version: int = 2, *, acks: Any = None, **more: Any) -> Any:
        fields = self.fields(acks)
        fields |= {
            "max_wait_ms": 200,
            "min_bytes": 1,
            "max_bytes": 1_000_000,
            "max_records": 500,
            "batch_size": 500,
        }
        answer = self.run.ask(label, "ShareFetch", version, **{**fields, **more})
        if not answer["error_code"]:
            self.epoch += 1
        return answer

    def acknowledge(self, label: str, acks: Any, version: int = 2, **more: Any) -> Any:
        answer = self.run.ask(label, "ShareAcknowledge", version, **{**self.fields(acks), **more})
        if not answer["error_code"]:
            self.epoch += 1
        return answer


def _begun(run: Run, name: str, *sizes: int, **configs: Any) -> _Member:
    """A member of the group `name` for the topic of that name, into which so many records were written."""
    topic_id = run.create(name)
    await_share_coordinator(run)
    produce(run, name, *sizes)
    return _Member(run, name, topic_id, **configs)


def fetch_and_acknowledge(run: Run) -> None:
    for version in versions("ShareFetch"):
        member = _begun(run, f"sfa{version}", 4, 3)
        member.fetch("all", version)
        member.fetch("nothing left", version)
        member.fetch("piggybacked", version, acks={0: [(0, 1, [ACCEPT]), (2, 3, [RELEASE, REJECT])]})
        member.fetch("nothing again", version)
        member.acknowledge("rest", {0: [(2, 2, [ACCEPT]), (4, 6, [ACCEPT, 0, RELEASE])]}, version)
        member.fetch("last one", version)
        member.acknowledge("last one", {0: [(6, 6, [ACCEPT])]}, version)
        produce(run, f"sfa{version}", 2)
        member.fetch("new ones", version)
        member.fetch("the end", version, share_session_epoch=-1, acks={0: [(7, 7, [ACCEPT])]})


def sizes_and_limits(run: Run) -> None:
    member = _begun(run, "sal", 5, 5, 5, 5)
    member.fetch("few records", max_records=3)
    member.fetch("small batches", max_records=7, batch_size=2)
    member.fetch("the rest", batch_size=3)
    member.acknowledge("release", {0: [(0, 19, [RELEASE])]})
    member.fetch("a strict limit", max_records=3, share_acquire_mode=1)
    member.fetch("another strict limit", max_records=4, share_acquire_mode=1)
    member.fetch("no records", max_records=0)
    member.fetch("no bytes", max_bytes=0)
    member.fetch("few bytes", max_bytes=1)
    member.fetch("negative records", max_records=-1)
    member.fetch("all", max_records=100)
    member.fetch("unknown mode", share_acquire_mode=7)

    member = _begun(run, "sal2", 10, 10)
    member.fetch("new with a strict limit", max_records=3, share_acquire_mode=1)
    member.fetch("more of it", max_records=3, share_acquire_mode=1)
    member.acknowledge("some", {0: [(0, 5, [RELEASE])]})
    member.fetch("released and new", max_records=8, share_acquire_mode=1)
    member.fetch("the rest", max_records=100, share_acquire_mode=1)


def many_deliveries(run: Run) -> None:
    member = _begun(run, "smd", 8, 2)
    for number in range(18):
        answer = member.fetch(f"delivery {number}")
        got = [p for t in answer["responses"] for p in t["partitions"] if p["acquired_records"]]
        batches = [
            (one["first_offset"], one["last_offset"], [RELEASE])
            for partition in got
            for one in partition["acquired_records"]
        ]
        if batches:
            member.acknowledge(f"release {number}", {0: batches})
    state = State(run, "smd", member.topic_id)
    state.read("in the end")


def refused_acknowledgements(run: Run) -> None:
    member = _begun(run, "sra", 4, 4)
    member.fetch("all", batch_size=1)
    for label, batches in (
        ("backwards", [(3, 2, [ACCEPT])]),
        ("no types", [(0, 1, [])]),
        ("too many types", [(0, 1, [ACCEPT, ACCEPT, ACCEPT])]),
        ("too few types", [(0, 2, [ACCEPT, ACCEPT])]),
        ("unknown type", [(0, 1, [5])]),
        ("negative type", [(0, 1, [-1])]),
        ("renew without saying so", [(0, 1, [RENEW])]),
        ("overlapping", [(0, 2, [ACCEPT]), (1, 3, [ACCEPT])]),
        ("touching", [(0, 2, [ACCEPT]), (2, 3, [ACCEPT])]),
        ("past the first", [(20, 22, [ACCEPT])]),
        ("past the last", [(6, 12, [ACCEPT])]),
        ("negative", [(-5, -1, [ACCEPT])]),
        ("around the start", [(-5, 1, [ACCEPT])]),
        ("fine", [(0, 1, [ACCEPT])]),
        ("twice", [(0, 1, [ACCEPT])]),
        ("partly done", [(1, 2, [ACCEPT])]),
        ("released", [(3, 3, [RELEASE])]),
        ("released twice", [(3, 3, [RELEASE])]),
        ("a released batch", [(4, 7, [RELEASE])]),
        ("a released batch twice", [(4, 7, [ACCEPT])]),
        ("part of a released batch", [(5, 6, [ACCEPT])]),
    ):
        member.acknowledge(label, {0: batches})
        member.fetch(f"{label}, with a fetch of nothing", acks={0: batches}, max_records=0)
    for version in versions("ShareAcknowledge"):
        member.acknowledge("renew in v1 or v2", {0: [(4, 7, [RENEW])]}, version)
    topics = [{"topic_id": NO_TOPIC, "partitions": [{"partition_index": 0}]}]
    member.acknowledge("unknown topic", None, topics=topics)
    member.acknowledge("unknown partition", {5: [(0, 1, [ACCEPT])]})
    member.acknowledge("nothing for a partition", {0: []})
    member.acknowledge("nothing for one of two", {0: [], 5: [(0, 1, [ACCEPT])]})


def renewals(run: Run) -> None:
    member = _begun(run, "srn", 4)
    member.fetch("all")
    nothing = {"max_wait_ms": 0, "min_bytes": 0, "max_bytes": 0, "max_records": 0}
    member.acknowledge("renew", {0: [(0, 3, [RENEW])]}, is_renew_ack=True)
    member.acknowledge("renew some", {0: [(0, 1, [RENEW]), (2, 3, [ACCEPT, RENEW])]}, is_renew_ack=True)
    member.acknowledge("renew what is done", {0: [(2, 2, [RENEW])]}, is_renew_ack=True)
    member.fetch("renew with a fetch", acks={0: [(0, 1, [RENEW])]}, is_renew_ack=True, **nothing)
    for name in nothing:
        member.fetch(
            f"renew with {name}", acks={0: [(0, 1, [RENEW])]}, is_renew_ack=True, **{**nothing, name: 1}
        )
    member.fetch("renew with all", acks={0: [(0, 1, [RENEW])]}, is_renew_ack=True)
    member = _begun(run, "srf", 4, share_renew_acknowledge_enable="false")
    member.fetch("all")
    member.acknowledge("renew where it is off", {0: [(0, 3, [RENEW])]}, is_renew_ack=True)
    member.acknowledge("and one", {0: [(1, 1, [RENEW])]}, is_renew_ack=True)


def sessions(run: Run) -> None:
    member = _begun(run, "sse", 2)
    member.fetch("no session yet", share_session_epoch=1)
    member.fetch("no session to end", share_session_epoch=-1)
    member.acknowledge("no session", {0: [(0, 1, [ACCEPT])]}, share_session_epoch=1)
    member.acknowledge("no session to end", {}, share_session_epoch=-1)
    member.acknowledge("a first epoch", {}, share_session_epoch=0)
    member.fetch("acknowledges at first", acks={0: [(0, 1, [ACCEPT])]})
    odd: tuple[tuple[str, dict[str, Any]], ...] = (
        ("no group", {"group_id": None}),
        ("no member", {"member_id": None}),
        ("empty member", {"member_id": ""}),
        ("a long member", {"member_id": "x" * 37}),
        ("empty group", {"group_id": ""}),
    )
    for label, more in odd:
        member.fetch(label, **more)
        member.epoch = 0
        member.acknowledge(label, {}, **{"share_session_epoch": 1, **more})
        member.epoch = 0
    member.fetch("begins", max_records=1)
    member.fetch("an old epoch", share_session_epoch=5)
    member.fetch("another member", member_id="member-2")
    member.acknowledge("an old epoch", {0: [(0, 0, [ACCEPT])]}, share_session_epoch=7)
    member.acknowledge("fine", {0: [(0, 0, [ACCEPT])]})
    topic = {"topic_id": member.topic_id, "partitions": [{"partition_index": 3}]}
    member.fetch("adds an unknown partition", topics=[topic])
    member.fetch("which is still there")
    absent = {"topic_id": NO_TOPIC, "partitions": [{"partition_index": 0}]}
    member.fetch("adds an unknown topic", topics=[absent])
    member.epoch += 1
    gone = [
        {"topic_id": NO_TOPIC, "partitions": [0, 1]},
        {"topic_id": member.topic_id, "partitions": [3]},
    ]
    member.fetch("forgets both", forgotten_topics_data=gone)
    member.epoch = 0
    member.fetch("begins anew")
    member.fetch(
        "names it again", topics=[{"topic_id": member.topic_id, "partitions": [{"partition_index": 0}]}]
    )
    member.acknowledge("ends", {0: [(1, 1, [RELEASE])]}, share_session_epoch=-1)
    member.epoch = 0
    member.fetch("and again")
    twice = {"topic_id": member.topic_id, "partitions": [{"partition_index": 0}, {"partition_index": 0}]}
    member.epoch = 0
    member.fetch("named twice", topics=[twice])


def several_partitions(run: Run) -> None:
    topic_id = run.create("ssp", 3)
    await_share_coordinator(run)
    member = _Member(run, "ssp", topic_id, partitions=2)
    # A real broker answers before all share partitions are ready.
    fields = {
        "max_wait_ms": 1000,
        "min_bytes": 1,
        "max_bytes": 1_000_000,
        "max_records": 500,
        "batch_size": 500,
    }
    run.prepare("ShareFetch", 2, **member.fields(), **fields)
    member.epoch = 1
    for index in range(3):
        produce(run, "ssp", 2, 2, index=index)
    member.fetch("two of three")
    third = {"topic_id": topic_id, "partitions": [{"partition_index": 2}]}
    member.acknowledge("both", {0: [(0, 3, [ACCEPT])], 1: [(0, 0, [RELEASE])]})
    member.fetch("what is left")
    run.prepare("ShareFetch", 2, **{**member.fields(), "topics": [third]}, **fields)
    member.epoch += 1
    member.fetch("the third was not initialized")
    member.fetch("and still is not")


def locks(run: Run) -> None:
    member = _begun(run, "slk", 3)
    member.fetch("all")
    state = State(run, "slk", member.topic_id)
    state.read("acquired")
    member.acknowledge("one", {0: [(1, 1, [RELEASE])]})
    state.read("one released")
    other: dict[str, Any] = {"member_id": "member-2", "share_session_epoch": 0}
    topics = [{"topic_id": member.topic_id, "partitions": [{"partition_index": 0}]}]
    member.fetch("another member", topics=topics, **other)
    member.epoch -= 1
    member.acknowledge("not the owner", {0: [(1, 1, [ACCEPT])]})
    member.acknowledge("not the owner of all", {0: [(0, 2, [ACCEPT])]})
    member.fetch("it leaves", member_id="member-2", share_session_epoch=-1)
    member.epoch -= 1
    time.sleep(0.1)
    state.read("it has left")
    member.fetch("back again")


def log_starts(run: Run) -> None:
    member = _begun(run, "sls", 4, 4)
    member.fetch("first", max_records=1)
    asked = [{"partition_index": 0, "offset": 6}]
    run.prepare("DeleteRecords", 2, topics=[{"name": "sls", "partitions": asked}], timeout_ms=5000)
    member.fetch("deleted records")
    member.fetch("what is left")
    member.acknowledge("deleted ones", {0: [(0, 3, [ACCEPT])]})
    member.acknowledge("others", {0: [(6, 7, [ACCEPT])]})
    State(run, "sls", member.topic_id).read("in the end")


def resets(run: Run) -> None:
    for number, (label, reset) in enumerate(
        (("latest", "latest"), ("long ago", "by_duration:P9999D"), ("too late", "by_duration:PT1S"))
    ):
        name = f"srs{number}"
        topic_id = run.create(name)
        await_share_coordinator(run)
        produce(run, name, 4)
        member = _Member(run, name, topic_id)
        entry = {"name": "share.auto.offset.reset", "config_operation": 0, "value": reset}
        resource = {"resource_type": 32, "resource_name": name, "configs": [entry]}
        run.prepare("IncrementalAlterConfigs", 1, resources=[resource], validate_only=False)
        time.sleep(0.3)
        member.fetch(label)
        produce(run, name, 1)
        member.fetch(f"{label}, later")
