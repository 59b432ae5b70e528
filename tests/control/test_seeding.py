"""Records and offsets from files."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from mockbroker.control.problems import BadField
from mockbroker.control.seeding import Seeding, SeedRecord, seed_record
from protocol_specs.errors import KafkaError
from tests.control.clients import Cluster


@pytest.fixture
def cluster() -> Cluster:
    return Cluster()


@pytest.fixture
def seeding(cluster: Cluster) -> Seeding:
    return cluster.control.seeding


@pytest.mark.parametrize(
    ("data", "record"),
    [
        ({"value": "wört"}, SeedRecord("t", "wört".encode())),
        ({"topic": "u", "key": "k", "value": None}, SeedRecord("u", None, b"k")),
        ({"value": {"a": [1, None]}}, SeedRecord("t", b'{"a":[1,null]}')),
        ({"value": 5}, SeedRecord("t", b"5")),
        ({"value_base64": "/w==", "key_base64": ""}, SeedRecord("t", b"\xff", b"")),
        ({"headers": {"a": "1", "b": None}}, SeedRecord("t", None, None, (("a", b"1"), ("b", None)))),
        ({"headers": [["a", "1"], ["a", "2"]]}, SeedRecord("t", None, None, (("a", b"1"), ("a", b"2")))),
        ({"partition": 3, "timestamp_ms": 9}, SeedRecord("t", None, None, (), 3, 9)),
    ],
)
def test_a_record(data: dict[str, Any], record: SeedRecord) -> None:
    assert seed_record(data, "t") == record


@pytest.mark.parametrize(
    ("data", "text"),
    [
        ({"valeu": "x"}, "valeu: a record has no such field; choose from topic"),
        ({"value": "x", "value_base64": "eA=="}, "value: is given twice"),
        ({"value_base64": "?"}, "is no base64"),
        ({"partition": "0"}, "partition: must be a number"),
        ({"headers": 3}, "headers: must be an object or pairs"),
        ({"topic": 3}, "topic: must be the name of a topic"),
        (["a"], "record: must be an object"),
    ],
)
def test_what_is_no_record(data: Any, text: str) -> None:
    with pytest.raises(BadField, match=text):
        seed_record(data, "t")


def test_a_file(seeding: Seeding, cluster: Cluster, tmp_path: Path) -> None:
    path = tmp_path / "orders.jsonl"
    path.write_text('{"value": "1"}\n\n{"topic": "other", "value": "2"}\n')
    assert seeding.load(path) == 2
    assert [record.value for record in cluster.control.commands.records("orders")] == [b"1"]
    assert [record.value for record in cluster.control.commands.records("other")] == [b"2"]


def test_a_directory(seeding: Seeding, cluster: Cluster, tmp_path: Path) -> None:
    topics = {"orders": 6, "payments": {"partitions": 2, "config": {"cleanup.policy": "compact"}}}
    (tmp_path / "topics.json").write_text(json.dumps(topics))
    (tmp_path / "orders.jsonl").write_text('{"value": "1", "partition": 4}\n')
    (tmp_path / "payments.jsonl").write_text('{"key": "k", "value": {"sum": 3}}\n')
    (tmp_path / "offsets.json").write_text('{"billing": {"orders": {"4": 1}}}')
    assert seeding.load(tmp_path) == 2
    assert cluster.control.commands.topics() == {"orders": 6, "payments": 2}
    assert cluster.core.cluster.topics["payments"].overrides == {"cleanup.policy": "compact"}
    committed = cluster.control.inspection.committed("billing")
    assert {key: found.offset for key, found in committed.items()} == {("orders", 4): 1}
    assert seeding.load(tmp_path) == 2


@pytest.mark.parametrize(
    ("name", "content", "text"),
    [
        (
            "orders.jsonl",
            '{"value": "1"}\n{"valeu": 1}\n',
            r"orders.jsonl:2: valeu: a record has no such field",
        ),
        ("orders.jsonl", "no json\n", r"orders.jsonl:1: Expecting value"),
        ("topics.json", "[]", r"topics.json: must hold an object"),
        ("topics.json", '{"a": {"partition": 1}}', r"partition: topics.json: a has no such field"),
        ("topics.json", '{"a": "x"}', r"topics.json: a: must be a number of partitions"),
        ("offsets.json", '{"g": {"t": 3}}', r"offsets.json: g: must be offsets by topic"),
        ("offsets.json", "{", r"offsets.json: Expecting"),
    ],
)
def test_bad_files(seeding: Seeding, tmp_path: Path, name: str, content: str, text: str) -> None:
    (tmp_path / name).write_text(content)
    with pytest.raises(BadField, match=text):
        seeding.load(tmp_path)


def test_commits_that_are_refused(seeding: Seeding) -> None:
    with pytest.raises(KafkaError, match="UNKNOWN_TOPIC_OR_PARTITION"):
        seeding.commit("g", {("nothing", 0): 1})
