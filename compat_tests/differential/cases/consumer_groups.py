"""Consumer groups (KIP-848): heartbeats, describing, static members, offsets, regular expressions."""

from __future__ import annotations

import random
import time
from typing import Any

from compat_tests.differential.consumers import (
    TOPIC,
    Group,
    Walker,
    assigned_to,
    configure_group,
    id_of_topic,
    owned,
)
from compat_tests.differential.runner import Run, versions


def refusals(run: Run) -> None:
    run.await_coordinators()
    topic_id = run.create(TOPIC, 4)
    for version in versions("ConsumerGroupHeartbeat"):
        group = Group(run, f"cr{version}")
        for label, member_id, epoch, more in (
            ("no member id", "", 0, {}),
            ("blank member id", " ", 0, {}),
            ("no member id, leaving", "", -1, {}),
            ("no member id, going on", "", 3, {}),
            ("blank group", "m", 0, {"group_id": " "}),
            ("blank instance", "m", 0, {"instance_id": ""}),
            ("blank rack", "m", 0, {"rack_id": ""}),
            ("no timeout", "m", 0, {"rebalance_timeout_ms": -1}),
            ("no partitions", "m", 0, {"topic_partitions": None}),
            ("partitions", "m", 0, {"topic_partitions": owned(topic_id, 0)}),
            ("no subscription", "m", 0, {"subscribed_topic_names": None}),
            ("static leave of nobody", "m", -2, {}),
            ("static leave of a stranger", "m", -2, {"instance_id": "i"}),
            ("epoch -3", "m", -3, {}),
            ("another assignor", "m", 0, {"server_assignor": "sticky"}),
            ("empty assignor", "m", 0, {"server_assignor": ""}),
            ("unknown group", "m", 1, {"group_id": f"absent{version}"}),
            ("leaves unknown group", "m", -1, {"group_id": f"absent{version}"}),
            ("unknown member", "nobody", 1, {}),
        ):
            given: dict[str, Any] = {
                "rebalance_timeout_ms": 1000,
                "subscribed_topic_names": [TOPIC],
                "topic_partitions": [],
            }
            group.beat(label, member_id, epoch, version, **(given | more))
        epoch = group.join("joins", "m", TOPIC, version=version)["member_epoch"]
        group.beat("unknown member of a group", "nobody", 1, version)
        group.beat("unknown member leaves", "nobody", -1, version)
        group.beat("greater epoch", "m", epoch + 1, version)
        group.beat("smaller epoch", "m", epoch - 1, version)
        group.beat("the previous epoch", "m", 0, version, topic_partitions=[])
        group.beat("unknown instance", "m", epoch, version, instance_id="i")
    Group(run, "cr-v0").join("without an id", "", TOPIC, version=0)


def membership(run: Run) -> None:
    topic_id = id_of_topic(run)
    group = Group(run, "cm")
    group.describe("no group")
    group.join("first", "m1", TOPIC, rack_id="r1", server_assignor="uniform")
    group.describe("one member")
    group.beat("nothing new", "m1", 2)
    group.beat("owned", "m1", 2, topic_partitions=owned(topic_id, 0, 1, 2, 3))
    everything: dict[str, Any] = {
        "rebalance_timeout_ms": 20_000,
        "subscribed_topic_names": [TOPIC],
        "topic_partitions": [],
    }
    group.beat("all that there is to say", "m1", 2, **everything)
    group.beat("partly", "m1", 2, subscribed_topic_names=[TOPIC])
    group.join("joins again", "m1", TOPIC)
    group.join("second", "m2", TOPIC)
    group.describe("reconciling")
    answer = group.beat("m1 learns of it", "m1", 2)
    group.describe("to be given up")
    kept = assigned_to(answer)
    group.beat("m2 waits", "m2", 3)
    group.beat("m1 has not given up", "m1", 2, topic_partitions=owned(topic_id, 0, 1, 2, 3))
    group.beat("m1 has given up", "m1", 2, topic_partitions=owned(topic_id, *kept))
    group.beat("m1, again, as the answer was lost", "m1", 2, topic_partitions=owned(topic_id, *kept))
    group.beat("m1, and more than it has", "m1", 2, topic_partitions=owned(topic_id, 0, 1, 2, 3))
    group.beat("m2 gets its part", "m2", 3)
    group.describe("stable")
    for states in ([], ["Stable"], ["stable", "x"], ["Assigning"]):
        for types in ([], ["consumer"], ["Consumer"], ["classic"]):
            answer = run.prepare("ListGroups", 5, states_filter=states, types_filter=types)
            mine = [one for one in answer["groups"] if one["group_id"] == "cm"]
            run.note(f"list {states} {types}", mine)
    for version in versions("DescribeGroups"):
        run.ask("of the other kind", "DescribeGroups", version, groups=["cm"])
    run.ask("not empty", "DeleteGroups", 2, groups_names=["cm"])
    run.ask("several", "ConsumerGroupDescribe", 1, group_ids=["cm", "", "absent", "cm"])
    operations = {"include_authorized_operations": True}
    run.ask("operations", "ConsumerGroupDescribe", 1, group_ids=["cm", "absent"], **operations)
    group.beat("m2 leaves", "m2", -1)
    group.beat("m2 is gone", "m2", 3)
    group.describe("one left")
    group.beat("m1 gets the rest", "m1", 3)
    group.beat("m1 unsubscribes", "m1", 5, subscribed_topic_names=[])
    group.beat("m1 has nothing", "m1", 5, topic_partitions=[])
    group.describe("idle")
    group.beat("m1 leaves", "m1", -1)
    group.describe("empty")
    run.ask("empty", "DeleteGroups", 2, groups_names=["cm"])
    group.describe("deleted")


def spreading(run: Run) -> None:
    """Who gets which partition."""
    run.create(f"{TOPIC}10", 10)
    for assignor in ("uniform", "range"):
        for count in (2, 3, 4, 7):
            group = Group(run, f"cs-{assignor}-{count}")
            members = [f"member-{number}" for number in range(count)]
            for member_id in members:
                group.join(f"{member_id} joins", member_id, f"{TOPIC}10", server_assignor=assignor)
            group.describe("all are there")
            group.beat("one leaves", members[0], -1)
            group.join("one comes", "another", f"{TOPIC}10")
            group.describe("another one")
    group = Group(run, "cs-mixed")
    group.join("both", "m-both", f"{TOPIC}10", TOPIC)
    group.join("one", "m-one", f"{TOPIC}10")
    group.join("the other", "m-other", TOPIC)
    group.join("absent", "m-absent", "absent")
    group.describe("different subscriptions")


def random_walks(run: Run) -> None:
    topic_id = id_of_topic(run)
    for seed in range(12):
        dice = random.Random(seed)
        group = Group(run, f"walk-{seed}")
        members = [Walker(group, f"w{number}", topic_id, dice) for number in range(4)]
        for _ in range(60):
            dice.choice(members).step()
        group.describe("in the end")


def static_members(run: Run) -> None:
    topic_id = id_of_topic(run)
    group = Group(run, "ci")
    group.join("first", "m1", TOPIC, instance_id="i1")
    group.join("instance in use", "m2", TOPIC, instance_id="i1")
    group.join("again", "m1", TOPIC, instance_id="i1")
    group.beat("without its instance id", "m1", 2)
    group.beat("another's instance id", "m2", 2, instance_id="i1")
    group.beat("another leaves", "m2", -1, instance_id="i1")
    group.beat("unknown instance leaves", "m1", -1, instance_id="i2")
    group.join("dynamic", "m3", TOPIC)
    group.beat("learns of it", "m1", 2, instance_id="i1")
    group.beat("leaves for a while", "m1", -2, instance_id="i1")
    group.describe("away")
    group.beat("waits", "m3", 3)
    group.join("another comes", "m4", TOPIC, instance_id="i1")
    group.describe("back")
    group.beat("the former one", "m1", 2, instance_id="i1")
    group.beat("gets it", "m3", 3)
    group.commit("former one", 9, "m1", 3, topic_id)
    group.beat("leaves for a while", "m4", -2, instance_id="i1")
    group.join("comes with another subscription", "m5", instance_id="i1")
    group.describe("another subscription")
    group.beat("leaves", "m5", -1, instance_id="i1")
    group.join("new, under the same id", "m6", TOPIC, instance_id="i1")
    group.describe("at last")


def offsets(run: Run) -> None:
    topic_id = id_of_topic(run)
    group = Group(run, "co")
    group.join("first", "m1", TOPIC)
    group.join("second", "m2", TOPIC)
    first = group.beat("learns of it", "m1", 2)
    group.beat("has given up", "m1", 2, topic_partitions=owned(topic_id, *assigned_to(first)))
    for version in versions("OffsetCommit"):
        for label, member_id, epoch in (
            ("m1", "m1", 3),
            ("m1, before", "m1", 2),
            ("m1, long before", "m1", 1),
            ("m1, ahead", "m1", 4),
            ("m1, -1", "m1", -1),
            ("m2, before", "m2", 2),
            ("stranger", "nobody", 3),
            ("nobody", "", -1),
        ):
            group.commit(label, version, member_id, epoch, topic_id)
    for version in range(8, max(versions("OffsetFetch")) + 1):
        for label, member, epoch in (
            ("nobody", None, -1),
            ("m1", "m1", 3),
            ("m1, before", "m1", 2),
            ("m1, ahead", "m1", 4),
            ("stranger", "nobody", 3),
            ("empty", "", -1),
        ):
            if version >= 9 or member is None:
                group.fetch(label, version, member, epoch, topic_id)
    run.ask(
        "in use",
        "OffsetDelete",
        0,
        group_id="co",
        topics=[{"name": TOPIC, "partitions": [{"partition_index": 0}]}],
    )
    group.beat("m1 leaves", "m1", -1)
    group.beat("m2 leaves", "m2", -1)
    group.commit("empty group", 9, "", -1, topic_id)
    group.commit("empty group", 9, "m1", 3, topic_id)
    group.fetch("empty group", 9, None, -1, topic_id)


def transactional_offsets(run: Run) -> None:
    topic_id = id_of_topic(run)
    asked = {"transactional_id": "cg-tx", "transaction_timeout_ms": 60_000}
    run.settled(lambda: not run.prepare("InitProducerId", 5, **asked)["error_code"], "a producer")
    group = Group(run, "cx-tx")
    group.join("first", "m1", TOPIC)
    group.join("second", "m2", TOPIC)
    group.beat("learns of it", "m1", 2)
    group.beat("has given up", "m1", 2, topic_partitions=owned(topic_id, 0, 1))
    for version in versions("TxnOffsetCommit"):
        producer = run.prepare("InitProducerId", 5, **asked)
        names = {
            "transactional_id": "cg-tx",
            "producer_id": producer["producer_id"],
            "producer_epoch": producer["producer_epoch"],
        }
        run.prepare("AddOffsetsToTxn", 3, group_id=group.name, **names)
        for label, member_id, epoch in (
            ("nobody", "", -1),
            ("m1", "m1", 3),
            ("m1, before", "m1", 2),
            ("m1, ahead", "m1", 4),
            ("m2, before", "m2", 2),
            ("stranger", "nobody", 3),
            ("only an epoch", "", 3),
        ):
            partition = {"partition_index": 0, "committed_offset": 3, "committed_metadata": ""}
            fields = {**names, "group_id": group.name, "topics": [{"name": TOPIC, "partitions": [partition]}]}
            if version >= 3:
                fields |= {"member_id": member_id, "generation_id": epoch}
            run.ask(label, "TxnOffsetCommit", version, **fields)
        run.prepare("EndTxn", 4, committed=True, **names)
        time.sleep(0.2)
        group.fetch("afterwards", 9, None, -1, topic_id)


def changing_topics(run: Run) -> None:
    group = Group(run, "ct")
    group.join("absent", "m1", f"{TOPIC}-late")
    group.describe("absent")
    run.create(f"{TOPIC}-late", 1)
    # A real coordinator learns of topics a little later than those who ask for metadata.
    time.sleep(0.5)
    group.beat("created", "m1", 2)
    group.describe("created")
    topics = [{"name": f"{TOPIC}-late", "count": 3, "assignments": None}]
    run.prepare("CreatePartitions", 3, topics=topics, timeout_ms=5000)
    time.sleep(0.5)
    group.beat("grown", "m1", 3)
    group.describe("grown")
    run.prepare("DeleteTopics", 5, topic_names=[f"{TOPIC}-late"], timeout_ms=5000)
    time.sleep(0.5)
    group.beat("deleted", "m1", 4)
    group.describe("deleted")
    group.beat("given up", "m1", 4, topic_partitions=[])
    group.describe("in the end")


def intervals(run: Run) -> None:
    group = Group(run, "cn", interval_ms=1500)
    configure_group(run, "cn", "consumer.heartbeat.interval.ms", 6000)
    group.join("first", "m1", TOPIC)
    group.join("second, too soon", "m2", TOPIC)
    group.describe("assigning")
    group.beat("m1, too soon", "m1", 2)
    time.sleep(1.6)
    group.beat("m1, in time", "m1", 2)
    group.describe("reconciling")


def regular_expressions(run: Run) -> None:
    run.create(f"{TOPIC}-regex-a", 2)
    group = Group(run, "cx")
    for regex in ("(?=a)", "a(b", "[a", "a\\1", "*", "a{2000}", "\\p{Nope}", "(?P<n", "a**", "x\\"):
        group.join(f"regex {regex}", "m1", subscribed_topic_regex=regex)
    group.join("empty regex", "m0", subscribed_topic_regex="")
    group.beat("leaves", "m0", -1)
    group.join("first", "m1", subscribed_topic_regex=f"{TOPIC}-regex.*")
    time.sleep(0.3)
    group.describe("resolved")
    answer = group.beat("gets it", "m1", 2)
    group.describe("assigned")
    epoch = answer["member_epoch"]
    group.join("second, the same", "m2", subscribed_topic_regex=f"{TOPIC}-regex.*")
    group.join("third, another", "m3", subscribed_topic_regex=f"{TOPIC}-regex-[a-b]")
    time.sleep(0.3)
    group.describe("three")
    group.beat("names instead", "m1", epoch, subscribed_topic_regex="", subscribed_topic_names=[TOPIC])
    group.describe("names instead")
    group.beat("m2 leaves", "m2", -1)
    group.describe("m2 is gone")
    group.beat("m3 leaves", "m3", -1)
    group.beat("m1 leaves", "m1", -1)
    group.describe("empty")
