"""Topologies of streams applications (KIP-1071), and the topics that they need."""

from __future__ import annotations

import time
from typing import Any

from compat_tests.differential.consumers import id_of_topic
from compat_tests.differential.internal_logs import of_group
from compat_tests.differential.runner import Run
from compat_tests.differential.streams import StreamsClient, StreamsGroup, part, topic_info, topology

#: The topic that most cases use: four partitions.
_TOPIC = "sg"


def topologies(run: Run) -> None:
    run.await_coordinators()
    id_of_topic(run, _TOPIC)
    run.create("sg1", 1)
    run.create("sg6", 6)
    run.create("st-odd", 3)
    rep, fixed = topic_info("st-rep"), topic_info("st-fixed", 5)
    log = topic_info("st-log")
    to_rep = part("0", _TOPIC, sinks=["st-rep"])
    for number, (label, asked) in enumerate(
        (
            ("internal topic", topology(part("0", _TOPIC, "__consumer_offsets", "__share_group_state"))),
            ("internal topic of the brokers", topology(part("0", "__cluster_metadata"))),
            ("bad names", topology(part("0", "a b", sinks=[""], changelogs=[topic_info("c*")]))),
            ("no subtopologies", topology()),
            ("no sources", topology(part("0"))),
            ("no sources, but a sink", topology(part("0", sinks=["x"]))),
            ("missing sources", topology(part("0", "b", "a"), part("1", "e", "d", "c", "b", _TOPIC))),
            ("sized changelog", topology(part("0", _TOPIC, changelogs=[topic_info("st-log", 3)]))),
            ("negative epoch", topology(part("0", _TOPIC), epoch=-1)),
            ("subtopology twice", topology(part("0", _TOPIC), part("0", _TOPIC))),
            ("changelog twice", topology(part("0", _TOPIC, changelogs=[log, log]))),
            ("index out of bounds", topology(part("0", _TOPIC, copartition=[([3], [])]))),
            ("negative index", topology(part("0", _TOPIC, copartition=[([-1], [])]))),
            ("loop", topology(part("0", sinks=["st-rep"], repartition=[rep]))),
            ("never a sink", topology(part("0", _TOPIC, repartition=[rep]))),
            ("negative count", topology(part("0", _TOPIC, repartition=[topic_info("st-rep", -2)]))),
            ("sources not alike", topology(part("0", _TOPIC, "sg1", copartition=[([0, 1], [])]))),
            (
                "source and a fixed one",
                topology(part("0", _TOPIC, repartition=[fixed], copartition=[([0], [0])])),
            ),
            (
                "fixed ones not alike",
                topology(part("0", repartition=[fixed, topic_info("st-six", 6)], copartition=[([], [0, 1])])),
            ),
            (
                "exists with another count",
                topology(part("0", _TOPIC, sinks=["st-odd"]), part("1", repartition=[topic_info("st-odd")])),
            ),
            (
                "changelog exists with another count",
                topology(part("0", _TOPIC, changelogs=[topic_info("st-odd")])),
            ),
            ("a sink of nobody", topology(to_rep)),
            ("unequal sources", topology(part("0", _TOPIC, "sg1", "sg6"))),
        )
    ):
        group = StreamsGroup(run, f"st{number}")
        group.join(label, "m", asked)
        group.describe(label)
        group.beat(label, "m", 2, {})
        run.note_each(f"{label}: records", of_group(run, f"st{number}"))


def internal_topics(run: Run) -> None:
    id_of_topic(run, _TOPIC)
    for number, (name, made) in enumerate(_topologies_with_internal_topics()):
        group = StreamsGroup(run, f"sit{number}")
        group.join(f"{name}: joins", "m", made)
        names = [
            topic["name"]
            for one in made["subtopologies"]
            for topic in (*one["state_changelog_topics"], *one["repartition_source_topics"])
        ]
        for topic in names:
            run.await_topic(topic)
        time.sleep(0.3)
        group.beat(f"{name}: goes on", "m", 2, {})
        group.describe(f"{name}: ready")
        for topic in names:
            run.ask("created", "Metadata", 12, topics=[{"name": topic}], allow_auto_topic_creation=False)
            resource = {"resource_type": 2, "resource_name": topic, "configuration_keys": None}
            answer = run.prepare("DescribeConfigs", 4, resources=[resource])
            configs = [one for one in answer["results"][0]["configs"] if one["config_source"] == 1]
            run.note(f"{name}: configs of {topic}", configs)
        run.note_each(f"{name}: records", of_group(run, f"sit{number}"))


def _topologies_with_internal_topics() -> list[tuple[str, dict[str, Any]]]:
    compacted: dict[str, Any] = {"cleanup_policy": "compact", "message_timestamp_type": "CreateTime"}
    return [
        ("changelog", topology(part("0", _TOPIC, changelogs=[topic_info("si-a", **compacted)]))),
        (
            "repartition",
            topology(
                part("0", _TOPIC, sinks=["si-b"]),
                part(
                    "1",
                    repartition=[topic_info("si-b", cleanup_policy="delete", segment_bytes="52428800")],
                    changelogs=[topic_info("si-c", 0, 1, **compacted), topic_info("si-d")],
                ),
            ),
        ),
        (
            "fixed, and copartitioned",
            topology(
                part("1", _TOPIC, sinks=["si-e", "si-f"]),
                part(
                    "2",
                    sinks=["si-h"],
                    repartition=[topic_info("si-e"), topic_info("si-f"), topic_info("si-g", 7)],
                    copartition=[([], [0, 1, 2])],
                ),
                part("3", sinks=["si-g"], repartition=[topic_info("si-h")]),
            ),
        ),
        (
            "joined",
            topology(
                part("0", "sg6", sinks=["si-i"]),
                part("1", _TOPIC, repartition=[topic_info("si-i")], copartition=[([0], [0])]),
                part("2", "sg1", sinks=["si-j"], changelogs=[topic_info(f"si-k{n}") for n in range(5)]),
                part("3", repartition=[topic_info("si-j"), topic_info("si-l", 3)]),
            ),
        ),
    ]


def failing_topics(run: Run) -> None:
    id_of_topic(run, _TOPIC)
    for number, (label, bad) in enumerate(
        (
            ("too many replicas", topic_info("sf-a", 0, 5)),
            ("unknown config", topic_info("sf-b", no_such="1")),
            ("bad value", topic_info("sf-c", retention_ms="x")),
            ("negative replicas", topic_info("sf-d", 0, -3)),
        )
    ):
        group = StreamsGroup(run, f"sf{number}")
        changelogs = [bad, topic_info(f"sf-good{number}")]
        group.join(label, "m", topology(part("0", _TOPIC, changelogs=changelogs)))
        run.await_topic(f"sf-good{number}")
        time.sleep(0.3)
        group.beat(label, "m", 2, {})
        group.describe(label)
    group = StreamsGroup(run, "sf-many")
    bad_ones = [topic_info(f"sf-many{number}", 0, 5) for number in range(5)]
    group.join("many", "m", topology(part("0", _TOPIC, changelogs=bad_ones)))


def changing_topics(run: Run) -> None:
    id_of_topic(run, _TOPIC)
    asked = topology(part("0", "sc-late", changelogs=[topic_info("sc-log")]))
    group = StreamsGroup(run, "sc")
    member = StreamsClient(group, "m1").join("absent", asked)
    group.describe("absent")
    run.create("sc-late", 1)
    # A real coordinator learns of topics a little later than those who ask for metadata.
    time.sleep(0.5)
    member.beat("created")
    run.await_topic("sc-log")
    time.sleep(0.5)
    member.beat("all created")
    group.describe("created")
    topics = [{"name": "sc-late", "count": 3, "assignments": None}]
    run.prepare("CreatePartitions", 3, topics=topics, timeout_ms=5000)
    time.sleep(0.5)
    member.beat("grown")
    group.describe("grown")
    member.beat("has given up")
    run.prepare("DeleteTopics", 5, topic_names=["sc-log"], timeout_ms=5000)
    time.sleep(0.5)
    member.beat("log deleted")
    run.await_topic("sc-log")
    time.sleep(0.5)
    member.beat("log created again")
    run.prepare("DeleteTopics", 5, topic_names=["sc-late"], timeout_ms=5000)
    time.sleep(0.5)
    member.beat("deleted")
    group.describe("deleted")
    run.note_each("records", of_group(run, "sc"))


def other_topologies(run: Run) -> None:
    id_of_topic(run, _TOPIC)
    group = StreamsGroup(run, "so")
    parts = part("0", _TOPIC), part("1", "sg1")
    group.join("first", "m1", topology(*parts, epoch=3))
    group.join("in another order", "m2", topology(*reversed(parts), epoch=3))
    group.join("another one", "m3", topology(part("0", _TOPIC), epoch=3))
    group.join("a newer one", "m3", topology(*parts, epoch=4))
    group.join("an older one", "m4", topology(part("7", "x"), epoch=2))
    group.describe("all")
    group.beat("an older one, later", "m4", 4)
    group.beat("the present one, later", "m1", 2, {"0": [0, 1, 2, 3], "1": [0]})
