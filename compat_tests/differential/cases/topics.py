"""CreateTopics, CreatePartitions, DeleteTopics, DeleteRecords."""

from __future__ import annotations

from typing import Any

from compat_tests.differential.runner import Run, versions


def _topic(name: str, partitions: int = 1, factor: int = 1, **more: Any) -> dict[str, Any]:
    return {"name": name, "num_partitions": partitions, "replication_factor": factor, **more}


def create_topics(run: Run) -> None:
    for version in versions("CreateTopics"):
        mine = f"ct{version}"
        defaults = (-1, -1) if version >= 4 else (1, 1)

        def ask(label: str, *topics: dict[str, Any], **more: Any) -> None:
            run.ask(label, "CreateTopics", version, topics=list(topics), timeout_ms=5000, **more)  # noqa: B023

        ask("one", _topic(mine))
        ask("again", _topic(mine))
        ask("defaults", _topic(f"{mine}-d", *defaults))
        ask("only validate", _topic(f"{mine}-v", 3), validate_only=True)
        ask("validate existing", _topic(mine), validate_only=True)
        ask("nothing")
        ask("twice", _topic(f"{mine}-2"), _topic(f"{mine}-2", 2))
        ask("several", _topic(f"{mine}-3"), _topic(mine), _topic("bad name"))
        for label, partitions, factor in (
            ("0 partitions", 0, 1),
            ("-2 partitions", -2, 1),
            ("factor 0", 1, 0),
            ("factor -2", 1, -2),
            ("factor 4", 1, 4),
            ("factor 32767", 1, 32767),
            ("20000 partitions", 20000, 1),
        ):
            ask(label, _topic(f"{mine}-x", partitions, factor))
        for name in ("", ".", "..", "a b", "é", "a" * 250, "a/b", "__cluster_metadata", "__consumer_offsets"):
            ask(f"name {name[:20]!r}", _topic(name))
        ask("dots", _topic(f"{mine}.a.b"))
        ask("collides", _topic(f"{mine}_a.b"))
        _assignments(run, version, mine)
        _configs(run, version, mine)


def _assignments(run: Run, version: int, mine: str) -> None:
    def ask(
        label: str, assignments: list[tuple[int, list[int]]], partitions: int = -1, factor: int = -1
    ) -> None:
        given = [{"partition_index": index, "broker_ids": ids} for index, ids in assignments]
        name = f"{mine}-a-{label.replace(' ', '-')}"
        topic = _topic(name, partitions, factor, assignments=given)
        run.ask(f"assignment {label}", "CreateTopics", version, topics=[topic], timeout_ms=5000)

    ask("fine", [(0, [1]), (1, [1])])
    ask("with partitions", [(0, [1])], partitions=1)
    ask("with factor", [(0, [1])], factor=1)
    ask("empty replicas", [(0, [])])
    ask("twice a broker", [(0, [1, 1])])
    ask("unknown broker", [(0, [7])])
    ask("gap", [(0, [1]), (2, [1])])
    ask("not from 0", [(1, [1])])
    ask("same index", [(0, [1]), (0, [1])])
    ask("uneven", [(0, [1]), (1, [1, 7])])


def _configs(run: Run, version: int, mine: str) -> None:
    for number, (name, value) in enumerate(
        (
            ("retention.ms", "60000"),
            ("retention.ms", "x"),
            ("retention.ms", ""),
            ("retention.ms", None),
            ("retention.ms", "-2"),
            ("cleanup.policy", "compact,delete"),
            ("cleanup.policy", "nonsense"),
            ("compression.type", "zstd"),
            ("compression.type", "rar"),
            ("no.such.config", "1"),
            ("min.insync.replicas", "0"),
            ("max.message.bytes", "-1"),
            ("segment.bytes", "1"),
            ("message.timestamp.type", "Neither"),
            ("unclean.leader.election.enable", "maybe"),
            ("remote.storage.enable", "true"),
        )
    ):
        topic = _topic(f"{mine}-c-{number}", configs=[{"name": name, "value": value}])
        run.ask(f"config {name}={value}", "CreateTopics", version, topics=[topic], timeout_ms=5000)


def create_partitions(run: Run) -> None:
    for version in versions("CreatePartitions"):
        mine = f"cp{version}"
        run.create(mine, 3)

        def ask(label: str, *topics: dict[str, Any], **more: Any) -> None:
            run.ask(label, "CreatePartitions", version, topics=list(topics), timeout_ms=5000, **more)  # noqa: B023

        def grow(name: str, count: int, brokers: list[list[int]] | None = None) -> dict[str, Any]:
            assignments = None if brokers is None else [{"broker_ids": ids} for ids in brokers]
            return {"name": name, "count": count, "assignments": assignments}

        ask("validate", grow(mine, 4), validate_only=True)
        ask("4", grow(mine, 4))
        ask("4 again", grow(mine, 4))
        ask("fewer", grow(mine, 2))
        ask("0", grow(mine, 0))
        ask("-1", grow(mine, -1))
        ask("absent", grow("absent", 4))
        ask("twice", grow(mine, 5), grow(mine, 6))
        ask("nothing")
        ask("assigned", grow(mine, 5, [[1]]))
        ask("too few assignments", grow(mine, 7, [[1]]))
        ask("too many assignments", grow(mine, 6, [[1], [1]]))
        ask("unknown broker", grow(mine, 6, [[7]]))
        ask("empty", grow(mine, 6, [[]]))
        ask("another factor", grow(mine, 6, [[1, 7]]))


def delete_topics(run: Run) -> None:
    for version in versions("DeleteTopics"):
        names = [f"dt{version}-{i}" for i in range(4)]
        ids = {name: run.create(name) for name in names}
        if version < 6:
            run.ask("one", "DeleteTopics", version, topic_names=names[:1], timeout_ms=5000)
            run.ask("again", "DeleteTopics", version, topic_names=names[:1], timeout_ms=5000)
            run.ask("twice", "DeleteTopics", version, topic_names=names[1:2] * 2, timeout_ms=5000)
            run.ask("mixed", "DeleteTopics", version, topic_names=[names[2], "absent", ""], timeout_ms=5000)
            run.ask("nothing", "DeleteTopics", version, topic_names=[], timeout_ms=5000)
            continue

        def ask(label: str, *topics: tuple[str | None, bytes]) -> None:
            asked = [{"name": name, "topic_id": topic_id} for name, topic_id in topics]
            run.ask(label, "DeleteTopics", 6, topics=asked, timeout_ms=5000)

        zero = bytes(16)
        ask("by name", (names[0], zero))
        ask("by id", (None, ids[names[1]]))
        ask("by both", (names[2], ids[names[2]]))
        ask("neither", (None, zero))
        ask("name and its id", (names[2], zero), (None, ids[names[2]]))
        ask("absent name", ("absent", zero))
        ask("absent id", (None, b"1" * 16))
        ask("name twice", (names[3], zero), (names[3], zero))
        ask("id twice", (None, ids[names[3]]), (None, ids[names[3]]))
        ask("nothing")


def delete_records(run: Run) -> None:
    run.create("dr", 2)
    run.create("dr-compact", cleanup_policy="compact")
    from compat_tests.differential.cases.records import batch, produce

    run.prepare("Produce", 9, **produce("dr", batch(10)))
    for version in versions("DeleteRecords"):

        def ask(label: str, topic: str, *offsets: tuple[int, int]) -> None:
            partitions = [{"partition_index": index, "offset": offset} for index, offset in offsets]
            topics = [{"name": topic, "partitions": partitions}]
            run.ask(label, "DeleteRecords", version, topics=topics, timeout_ms=2000)  # noqa: B023

        ask("3", "dr", (0, 3))
        ask("below", "dr", (0, 1))
        ask("beyond", "dr", (0, 11))
        ask("-2", "dr", (0, -2))
        ask("empty partition", "dr", (1, 0))
        ask("absent partition", "dr", (5, 0))
        ask("absent topic", "absent", (0, 0))
        ask("compacted", "dr-compact", (0, 0))
        ask("internal", "__consumer_offsets", (0, 0))
        ask("nothing", "dr")
    run.ask(
        "all", "DeleteRecords", 2, topics=[{"name": "dr", "partitions": [{"offset": -1}]}], timeout_ms=2000
    )
