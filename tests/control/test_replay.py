"""Recorded requests, played again."""

from __future__ import annotations

import socket
from pathlib import Path

import pytest

from mockbroker import MockCluster
from mockbroker.control.exports import save
from mockbroker.control.problems import BadField
from mockbroker.control.replay import read_recorded, replay
from protocol_specs import APIS
from protocol_specs.exchanges import RAW_SASL
from tests.control.clients import Cluster, fetch_fields, frame
from tests.control.test_states import script


def ask(kafka: MockCluster, request: bytearray) -> None:
    """Send a request, and have its answer."""
    host, port = kafka.bootstrap_servers.rsplit(":", 1)
    with socket.create_connection((host, int(port)), timeout=5) as sock:
        sock.sendall(len(request).to_bytes(4, "big") + request)
        assert sock.recv(4, socket.MSG_WAITALL)


def make(seed: int = 7) -> Cluster:
    return Cluster(brokers=3, seed=seed, default_replication_factor="3")


def record(cluster: Cluster, path: Path) -> None:
    script(cluster)
    save(cluster.control.journal.exchanges(), path)


@pytest.mark.parametrize("name", ["journal.jsonl", "journal.jsonl.gz"])
def test_the_same_seed_gives_the_same_answers(tmp_path: Path, name: str) -> None:
    record(make(), tmp_path / name)
    cluster = make()
    recorded = list(read_recorded(tmp_path / name))
    played = replay(recorded[1:], cluster.broker, cluster.advance, keeps_time=True)
    differing = [one.recorded for one in played if not one.is_same]
    # The broker that the script kills meanwhile is alive here.
    assert [(one.api, one.number) for one in differing] == [(3, recorded[-1].number)]
    assert cluster.control.commands.topics() == {"a": 4, "b": 4}
    assert len(cluster.control.commands.records("a")) == 8
    assert cluster.control.inspection.group("g").state != "Dead"
    assert cluster.control.inspection.connections()[1:] == []


def test_another_seed_gives_other_ids_but_the_same_records(tmp_path: Path) -> None:
    path = tmp_path / "journal.jsonl"
    record(make(), path)
    cluster = make(8)
    played = replay(read_recorded(path), cluster.broker, cluster.advance)
    assert not all(one.is_same for one in played)
    assert cluster.control.commands.topics() == {"a": 4, "b": 4}


def test_what_waits_gets_the_time_that_it_needs(tmp_path: Path) -> None:
    cluster = Cluster()
    cluster.core.cluster.create_topic("orders")
    client = cluster.client()
    client.send("Fetch", 12, **fetch_fields("orders", max_wait_ms=5000))
    cluster.advance(6)
    client.produce("orders", b"v")
    path = tmp_path / "journal.jsonl"
    save(cluster.control.journal.exchanges(), path)
    again = Cluster()
    again.core.cluster.create_topic("orders")
    before = again.core.clock.now
    played = replay(list(read_recorded(path))[1:], again.broker, again.advance)
    assert [one.is_same for one in played] == [True, True]
    assert again.core.clock.now - before == pytest.approx(5)


def test_what_ends_a_connection(tmp_path: Path) -> None:
    path = tmp_path / "journal.jsonl"
    path.write_text(
        f'{{"client": "x", "api": {RAW_SASL}, "version": 0, "request": "00", "response": null}}\n'
        '{"client": "x", "api": 0, "version": 2, "request": "0000000200000001ffff", "response": null}\n'
    )
    cluster = Cluster()
    (one,) = replay(read_recorded(path), cluster.broker, cluster.advance)
    assert (one.answer, one.closed) == (None, "Produce has no version 2 here")


def test_no_recording(tmp_path: Path) -> None:
    path = tmp_path / "journal.jsonl"
    path.write_text('{"api": 0}\n')
    with pytest.raises(BadField, match=r"journal.jsonl:1: is no exchange"):
        list(read_recorded(path))


def test_from_one_cluster_to_another(tmp_path: Path) -> None:
    path = tmp_path / "journal.jsonl"
    with MockCluster(seed=3, topics=["orders"]) as kafka:
        topics = APIS[8].request.topics
        one = topics.partitions(partition_index=0, committed_offset=42, committed_metadata="")
        ask(kafka, frame("FindCoordinator", 3, key_type=0, key="billing"))
        ask(
            kafka,
            frame("OffsetCommit", 2, group_id="billing", topics=[topics(name="orders", partitions=[one])]),
        )
        assert kafka.journal.save(path) == 2
    with MockCluster(seed=3, topics=["orders"]) as kafka:
        # The first answer names the port.
        assert [one.is_same for one in kafka.replay(path)] == [False, True]
        assert kafka.committed("billing")["orders", 0].offset == 42
        assert kafka.connections() == []
