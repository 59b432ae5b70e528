"""Streams groups (KIP-1071): members, who gets which task, endpoints, delays, offsets, other protocols."""

from __future__ import annotations

import random
import time
from typing import Any

from compat_tests.differential.consumers import configure_group, id_of_topic
from compat_tests.differential.internal_logs import of_group
from compat_tests.differential.runner import Run, versions
from compat_tests.differential.streams import (
    StreamsClient,
    StreamsGroup,
    StreamsWalker,
    assigned,
    part,
    tasks,
    topic_info,
    topology,
)

#: The topic that most cases use: four partitions.
_TOPIC = "sg"
_PLAIN = topology(part("0", _TOPIC))


def refusals(run: Run) -> None:
    run.await_coordinators()
    id_of_topic(run, _TOPIC)
    group = StreamsGroup(run, "sr")
    some = tasks({"0": [0]})
    offsets = [{"subtopology_id": "0", "partition": 0, "offset": 1}]
    regex = topology(part("0", source_topic_regex=["s.*"]))
    for label, member_id, epoch, more in (
        ("no member id", "", 0, {}),
        ("blank member id", " ", 0, {}),
        ("blank group", "m", 0, {"group_id": " "}),
        ("blank rack", "m", 0, {"rack_id": ""}),
        ("instance", "m", 0, {"instance_id": "i"}),
        ("blank instance", "m", 0, {"instance_id": ""}),
        ("no timeout", "m", 0, {"rebalance_timeout_ms": -1}),
        ("no active tasks", "m", 0, {"active_tasks": None}),
        ("no standby tasks", "m", 0, {"standby_tasks": None}),
        ("no warm-up tasks", "m", 0, {"warmup_tasks": None}),
        ("active tasks", "m", 0, {"active_tasks": some}),
        ("standby tasks", "m", 0, {"standby_tasks": some}),
        ("warm-up tasks", "m", 0, {"warmup_tasks": some}),
        ("no topology", "m", 0, {"topology": None}),
        ("regular expression", "m", 0, {"topology": regex}),
        ("task offsets", "m", 0, {"task_offsets": []}),
        ("some task offsets", "m", 0, {"task_offsets": offsets}),
        ("task end offsets", "m", 0, {"task_end_offsets": offsets}),
        ("static leave", "m", -2, {"topology": None}),
        ("epoch -3", "m", -3, {"topology": None}),
        ("leaves with a topology", "m", -1, {}),
        ("goes on with a topology", "m", 1, {}),
        ("unknown group", "m", 1, {"group_id": "absent", "topology": None}),
        ("leaves unknown group", "m", -1, {"group_id": "absent", "topology": None}),
        ("unknown group, and bad tasks", "m", 1, {"topology": None, "active_tasks": None}),
        ("tags twice", "m", 0, {"client_tags": [{"key": "a", "value": "1"}, {"key": "a", "value": "2"}]}),
    ):
        given: dict[str, Any] = {"rebalance_timeout_ms": 1000, "topology": _PLAIN, "process_id": "p"}
        group.beat(label, member_id, epoch, {}, **(given | more))
    epoch = group.join("joins", "m", _PLAIN)["member_epoch"]
    group.beat("unknown member", "nobody", 1)
    group.beat("unknown member leaves", "nobody", -1)
    group.beat("greater epoch", "m", epoch + 1)
    group.beat("smaller epoch", "m", epoch - 1)
    group.beat("the previous epoch", "m", 0)
    group.beat("one epoch before, tasks told", "m", epoch - 1, {"0": [0]})
    group.beat("unknown subtopology", "m", epoch, {"9": [0]})
    group.beat("unknown task", "m", epoch, {"0": [4]})
    group.beat("negative task", "m", epoch, {"0": [-1]})
    group.beat("unknown standby", "m", epoch, {}, {"0": [9]})
    group.beat("one kind of tasks", "m", epoch, active_tasks=some)


def membership(run: Run) -> None:
    id_of_topic(run, _TOPIC)
    group = StreamsGroup(run, "sm")
    group.describe("no group")
    more: dict[str, Any] = {
        "rack_id": "r1",
        "client_tags": [{"key": "zone", "value": "a"}, {"key": "cluster", "value": "b"}],
    }
    group.join("first", "m1", _PLAIN, **more)
    group.describe("one member")
    group.beat("nothing new", "m1", 2)
    group.beat("tasks told", "m1", 2, {"0": [0, 1, 2, 3]})
    group.join("joins again", "m1", _PLAIN, **more)
    group.beat("another timeout", "m1", 2, rebalance_timeout_ms=10_000)
    group.describe("another timeout")
    group.beat("other tags", "m1", 3, client_tags=[])
    group.beat("another process", "m1", 4, process_id="p")
    group.describe("others")
    group.join("second", "m2", _PLAIN)
    group.describe("reconciling")
    answer = group.beat("m1 learns of it", "m1", 5)
    group.describe("to be given up")
    kept = assigned(answer)
    group.beat("m2 waits", "m2", 6, {})
    group.beat("m1 does not say", "m1", 5)
    group.beat("m1 has not given up", "m1", 5, {"0": [0, 1, 2, 3]})
    group.beat("m1 has given up", "m1", 5, kept)
    group.beat("m1, again, as the answer was lost", "m1", 5, kept)
    group.beat("m1, and more than it has", "m1", 5, {"0": [0, 1, 2, 3]})
    group.beat("m2 gets its part", "m2", 6, {})
    group.describe("stable")
    for states in ([], ["Stable"], ["stable", "x"], ["NotReady"], ["not_ready"]):
        for types in ([], ["streams"], ["Streams"], ["classic"]):
            answer = run.prepare("ListGroups", 5, states_filter=states, types_filter=types)
            mine = [one for one in answer["groups"] if one["group_id"] == "sm"]
            run.note(f"list {states} {types}", mine)
    run.ask("of the other kind", "DescribeGroups", 6, groups=["sm"])
    run.ask("of the other kind", "ConsumerGroupDescribe", 1, group_ids=["sm"])
    run.ask("not empty", "DeleteGroups", 2, groups_names=["sm"])
    run.ask("several", "StreamsGroupDescribe", 0, group_ids=["sm", "", "absent", "sm"])
    operations = {"include_authorized_operations": True}
    run.ask("operations", "StreamsGroupDescribe", 0, group_ids=["sm", "absent"], **operations)
    group.beat("m2 leaves", "m2", -1)
    group.beat("m2 is gone", "m2", 6)
    group.describe("one left")
    group.beat("m1 gets the rest", "m1", 6)
    group.beat("m1 leaves", "m1", -1)
    group.describe("empty")
    run.note_each("records", of_group(run, "sm"))
    run.ask("empty", "DeleteGroups", 2, groups_names=["sm"])
    group.describe("deleted")


def spreading(run: Run) -> None:
    """Who gets which task."""
    id_of_topic(run, _TOPIC)
    id_of_topic(run, "sg4")
    run.create("sp7", 7)
    asked = topology(
        part("0", _TOPIC, changelogs=[topic_info("sp-a")]),
        part("1", "sp7"),
        part("2", "sg4", "sp7", changelogs=[topic_info("sp-b"), topic_info("sp-c")]),
    )
    StreamsGroup(run, "sp-warm").join("topics", "m", asked)
    for topic in ("sp-a", "sp-b", "sp-c"):
        run.await_topic(topic)
    time.sleep(0.3)
    for standbys in (0, 1, 2):
        for count, processes in ((1, 1), (2, 1), (3, 2), (5, 3), (6, 6), (9, 4)):
            group = StreamsGroup(run, f"sp-{standbys}-{count}-{processes}", standbys=standbys)
            clients = [StreamsClient(group, f"member-{number}") for number in range(count)]
            for number, client in enumerate(clients):
                client.join("joins", asked, process_id=f"p{number % processes}")
            group.describe("all are there")
            clients[0].leave("one leaves")
            another = StreamsClient(group, "another").join("one comes", asked, process_id="p9")
            group.describe("another one")
            StreamsClient.settle(*clients[1:], another)
            group.describe("settled")
            run.note_each("records", of_group(run, group.name))


def random_walks(run: Run) -> None:
    id_of_topic(run, _TOPIC)
    asked = topology(part("0", _TOPIC, changelogs=[topic_info("sw-a")]), part("1", "sp7"))
    StreamsGroup(run, "sw-warm").join("topics", "m", asked)
    run.await_topic("sw-a")
    time.sleep(0.3)
    for seed in range(12):
        dice = random.Random(seed)
        group = StreamsGroup(run, f"swalk-{seed}", standbys=seed % 3)
        members = [
            StreamsWalker(group, f"w{number}", f"p{dice.randrange(3)}", asked, dice) for number in range(4)
        ]
        for _ in range(50):
            dice.choice(members).step()
        group.describe("in the end")
        run.note_each("records", of_group(run, group.name))


def endpoints(run: Run) -> None:
    id_of_topic(run, _TOPIC)
    group = StreamsGroup(run, "se", standbys=1)
    asked = topology(part("0", _TOPIC, "sg4", changelogs=[topic_info("se-a")]), part("1", "sp7"))
    here = {"user_endpoint": {"host": "h1", "port": 1}}
    first = StreamsClient(group, "m1").join("topics missing", asked, **here)
    run.await_topic("se-a")
    time.sleep(0.3)
    first.beat("ready", endpoint_information_epoch=0)
    first.beat("not known", endpoint_information_epoch=-1)
    second = StreamsClient(group, "m2").join("another", asked, user_endpoint={"host": "h2", "port": 65535})
    third = StreamsClient(group, "m3").join("none", asked)
    for epoch in range(4):
        third.beat(f"knows {epoch}", endpoint_information_epoch=epoch)
    second.beat("moves", user_endpoint={"host": "h3", "port": 3})
    StreamsClient.settle(first, second, third)
    group.describe("settled")
    group = StreamsGroup(run, "se-none")
    group.join("source missing", "m1", topology(part("0", "absent")), **here)
    group.describe("source missing")
    group.join("source missing, no endpoint", "m2", topology(part("0", "absent")))
    group.join("source missing, an endpoint", "m1", topology(part("0", "absent")), **here)


def shutting_down(run: Run) -> None:
    id_of_topic(run, _TOPIC)
    group = StreamsGroup(run, "sd")
    group.join("joins, and asks for it", "m1", _PLAIN, shutdown_application=True)
    group.beat("goes on", "m1", 2)
    group.join("second", "m2", _PLAIN)
    group.beat("asks for it", "m2", 3, shutdown_application=True)
    group.beat("m1 asks, too", "m1", 2, shutdown_application=True)
    group.beat("m1 leaves", "m1", -1)
    group.beat("m2 goes on", "m2", 3)
    group.beat("m2 leaves", "m2", -1)
    group.join("m3", "m3", _PLAIN)
    group.beat("a stranger leaves, and asks for it", "m9", -1, shutdown_application=True)
    group.beat("m3 goes on", "m3", 7)
    group.beat("m3 leaves, and asks for it", "m3", -1, shutdown_application=True)
    group.join("m4", "m4", _PLAIN)


def delays(run: Run) -> None:
    id_of_topic(run, _TOPIC)
    group = StreamsGroup(run, "sl", delay_ms=1200, interval_ms=1500)
    configure_group(run, "sl", "streams.heartbeat.interval.ms", 6000)
    group.join("first", "m1", _PLAIN)
    group.describe("first")
    group.beat("goes on", "m1", 1, {})
    group.join("second", "m2", _PLAIN)
    group.describe("second")
    time.sleep(1.4)
    group.describe("assigned")
    group.beat("m1 gets it", "m1", 1, {})
    group.join("third, too soon", "m3", _PLAIN)
    group.beat("m2, too soon", "m2", 1, {})
    group.describe("too soon")
    time.sleep(1.6)
    group.beat("m3, in time", "m3", 3, {})
    group.describe("in time")
    group = StreamsGroup(run, "sl-alone", delay_ms=700)
    group.join("alone", "m1", _PLAIN)
    time.sleep(0.9)
    group.describe("alone")
    group.beat("alone, afterwards", "m1", 1, {})
    group.beat("leaves", "m1", -1)
    group.join("comes again", "m1", _PLAIN)
    group.beat("leaves again", "m1", -1)
    time.sleep(0.9)
    group.join("is back", "m1", _PLAIN)
    run.note_each("records", of_group(run, "sl-alone"))


def configs(run: Run) -> None:
    id_of_topic(run, _TOPIC)
    asked = topology(part("0", _TOPIC, changelogs=[topic_info("sn-a")]))
    group = StreamsGroup(run, "sn")
    first = StreamsClient(group, "m1").join("first", asked)
    run.await_topic("sn-a")
    time.sleep(0.3)
    first.beat("ready")
    second = StreamsClient(group, "m2").join("second", asked)
    configure_group(run, "sn", "streams.num.standby.replicas", 1)
    configure_group(run, "sn", "streams.heartbeat.interval.ms", 7000)
    time.sleep(0.3)
    first.beat("standbys")
    StreamsClient.settle(first, second)
    group.describe("standbys")


def offsets(run: Run) -> None:
    topic_id = id_of_topic(run, _TOPIC)
    group = StreamsGroup(run, "sof")
    group.join("first", "m1", _PLAIN)
    group.join("second", "m2", _PLAIN)
    first = group.beat("learns of it", "m1", 2)
    group.beat("has given up", "m1", 2, assigned(first))
    group.beat("gets it", "m2", 3, {})
    for version in versions("OffsetCommit"):
        for index in (0, 3):
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
                _commit(run, f"{label}, {index}", version, member_id, epoch, topic_id, index)
    for version in range(8, max(versions("OffsetFetch")) + 1):
        for label, member, epoch in (
            ("nobody", None, -1),
            ("m1", "m1", 3),
            ("m1, before", "m1", 2),
            ("stranger", "nobody", 3),
        ):
            if version >= 9 or member is None:
                name = {"topic_id": topic_id} if version >= 10 else {"name": _TOPIC}
                topics = [{**name, "partition_indexes": [0, 1]}]
                asked = {"group_id": "sof", "member_id": member, "member_epoch": epoch, "topics": topics}
                run.ask(label, "OffsetFetch", version, groups=[asked])
    in_use = {"group_id": "sof", "topics": [{"name": _TOPIC, "partitions": [{"partition_index": 0}]}]}
    run.ask("in use", "OffsetDelete", 0, **in_use)
    group.beat("m1 leaves", "m1", -1)
    group.beat("m2 leaves", "m2", -1)
    run.ask("empty", "OffsetDelete", 0, **in_use)
    _commit(run, "empty group", 9, "", -1, topic_id, 0)
    _commit(run, "empty group", 9, "m1", 3, topic_id, 0)


def _commit(
    run: Run, label: str, version: int, member_id: str, epoch: int, topic_id: bytes, index: int
) -> None:
    name = {"topic_id": topic_id} if version >= 10 else {"name": _TOPIC}
    partitions = [{"partition_index": index, "committed_offset": 3, "committed_metadata": ""}]
    topics = [{**name, "partitions": partitions}]
    fields = {"group_id": "sof", "generation_id_or_member_epoch": epoch, "member_id": member_id}
    run.ask(label, "OffsetCommit", version, topics=topics, **fields)


def other_protocols(run: Run) -> None:
    topic_id = id_of_topic(run, _TOPIC)
    join: dict[str, Any] = {
        "session_timeout_ms": 30000,
        "rebalance_timeout_ms": 30000,
        "protocol_type": "consumer",
        "protocols": [{"name": "range", "metadata": b""}],
    }
    group = StreamsGroup(run, "sx")
    group.join("first", "m1", _PLAIN)
    run.ask("a classic one", "JoinGroup", 9, group_id="sx", **join)
    run.ask("a classic one, by id", "JoinGroup", 9, group_id="sx", member_id="x", **join)
    beat = {"group_id": "sx", "member_id": "c", "subscribed_topic_names": [_TOPIC], "topic_partitions": []}
    run.ask("a consumer", "ConsumerGroupHeartbeat", 1, rebalance_timeout_ms=1000, **beat)
    group.beat("leaves", "m1", -1)
    run.ask("a consumer, empty", "ConsumerGroupHeartbeat", 1, rebalance_timeout_ms=1000, **beat)
    first = run.ask("a classic one, empty", "JoinGroup", 9, group_id="sx", **join)
    # A real coordinator shows it when it is safe.
    time.sleep(0.3)
    group.describe("classic now")
    group.join("into a classic one", "m1", _PLAIN)
    run.note_each("records", of_group(run, "sx"))
    members = [{"member_id": first["member_id"]}]
    run.prepare("LeaveGroup", 5, group_id="sx", members=members)
    group.join("into an empty classic one", "m1", _PLAIN)
    group.describe("streams again")
    partition = {"partition_index": 0, "committed_offset": 3, "committed_metadata": ""}
    topics = [{"name": _TOPIC, "partitions": [partition]}]
    commit = {"generation_id_or_member_epoch": -1, "member_id": "", "topics": topics}
    run.prepare("OffsetCommit", 9, group_id="sx-simple", **commit)
    simple = StreamsGroup(run, "sx-simple")
    simple.beat("of a simple group", "m1", 1)
    simple.join("into a simple group", "m1", _PLAIN)
    asked = {"group_id": "sx-simple", "topics": [{"topic_id": topic_id, "partition_indexes": [0]}]}
    run.ask("its offsets", "OffsetFetch", 10, groups=[asked])
    run.note_each("records of the simple group", of_group(run, "sx-simple"))
