"""What the journal keeps, how it is asked, and its files."""

from __future__ import annotations

import json
import struct
from pathlib import Path
from typing import Any

import pytest

from mockbroker.control.entries import Entry
from mockbroker.control.exports import as_pcap, save
from mockbroker.control.journal import Journal
from mockbroker.control.problems import BadField
from mockbroker.control.query import query
from mockbroker.wire.caller import Caller, Disconnect
from protocol_specs.errors import ErrorCode
from protocol_specs.exchanges import differences, read_exchanges
from protocol_specs.record_batch import records_of
from tests.control.clients import Client, Cluster, batch, fetch_fields, frame, produce_fields


@pytest.fixture
def cluster() -> Cluster:
    cluster = Cluster()
    cluster.core.cluster.create_topic("orders", partitions=2)
    cluster.core.cluster.create_topic("other")
    cluster.control.journal.clear()
    return cluster


def asked(cluster: Cluster, **conditions: Any) -> list[str]:
    return [exchange.api for exchange in cluster.control.journal.exchanges(query(**conditions))]


class TestExchanges:
    def test_who_when_what(self, cluster: Cluster, client: Client) -> None:
        cluster.advance(5)
        client.produce("orders", b"v")
        (exchange,) = cluster.control.journal.exchanges()
        assert (exchange.api, exchange.key, exchange.version, exchange.correlation_id) == ("Produce", 0, 9, 7)
        assert (exchange.broker, exchange.connection, exchange.client_id) == (
            1,
            client.caller.connection_id,
            "svc",
        )
        assert (exchange.principal, exchange.listener) == ("User:ANONYMOUS", "PLAINTEXT")
        assert (exchange.at, exchange.latency) == (cluster.core.clock.now, 0.0)
        assert exchange.request.topic_data[0].name == "orders"
        assert exchange.response.responses[0].partition_responses[0].base_offset == 0
        assert (exchange.topics, exchange.outcome, exchange.fault) == (["orders"], "ok", None)
        assert str(exchange) == f"#1 Produce v9 svc@{exchange.connection} -> broker 1 (orders-0): ok"

    def test_the_request_is_as_the_client_sent_it(self, cluster: Cluster, client: Client) -> None:
        for _ in range(2):
            sent = frame("Produce", 9, "svc", **produce_fields({"orders": {0: batch(b"v"), 1: batch(b"w")}}))
            taken = bytearray(sent)
            cluster.broker.receive(taken, client.caller)
        assert taken != sent
        (_, exchange) = cluster.control.journal.exchanges()
        assert exchange.frame == sent
        batches = [one.records for one in exchange.request.topic_data[0].partition_data]
        assert [records_of(one)[0].offset for one in batches] == [0, 0]

    def test_errors_and_where_they_stand(self, cluster: Cluster, client: Client) -> None:
        client.ask("Produce", 9, **produce_fields({"orders": {0: batch(b"v"), 9: batch(b"v")}}))
        (exchange,) = cluster.control.journal.exchanges()
        ((place, code),) = exchange.errors
        assert (place.topic, place.partition, code) == ("orders", 9, ErrorCode.UNKNOWN_TOPIC_OR_PARTITION)
        assert exchange.outcome == "UNKNOWN_TOPIC_OR_PARTITION"

    def test_a_late_answer(self, cluster: Cluster, client: Client) -> None:
        client.send("Fetch", 12, **fetch_fields("orders", max_wait_ms=2000))
        (exchange,) = cluster.control.journal.exchanges()
        assert (exchange.is_answered, exchange.latency, exchange.response) == (False, None, None)
        assert exchange.outcome == "not answered yet"
        cluster.advance(3)
        (exchange,) = cluster.control.journal.exchanges()
        assert exchange.latency == pytest.approx(2)
        assert exchange.response.error_code == 0

    def test_no_answer_and_the_end_of_a_connection(self, cluster: Cluster, client: Client) -> None:
        assert client.send("Produce", 9, **produce_fields({"orders": {0: batch(b"v")}}, acks=0)) is None
        with pytest.raises(Disconnect):
            cluster.broker.receive(bytearray(b"\0\x09\xff\xff\0\0\0\1\xff\xff"), client.caller)
        first, second = cluster.control.journal.exchanges()
        assert (first.outcome, first.is_answered) == ("no answer", True)
        assert second.closed == "OffsetFetch has no version -1 here"
        assert second.request is None
        assert "connection closed" in str(second)

    def test_what_cannot_be_read(self, cluster: Cluster, client: Client) -> None:
        for unreadable in (b"", b"\0", b"\0\3\0\x0c\0\0\0\1\xff\xff\0", b"\x03\xe7\0\0\0\0\0\1\0\1x"):
            with pytest.raises(Disconnect):
                cluster.broker.receive(bytearray(unreadable), client.caller)
        titles = [exchange.api for exchange in cluster.control.journal.exchanges()]
        assert titles == ["API -1", "API -1", "Metadata", "API 999"]
        assert asked(cluster, api="Metadata") == ["Metadata"]

    def test_an_api_versions_that_is_too_new(self, cluster: Cluster, client: Client) -> None:
        newest = struct.pack(">hhih", 18, 99, 7, -1) + b"\0"
        cluster.broker.receive(bytearray(newest), client.caller)
        (exchange,) = cluster.control.journal.exchanges()
        assert exchange.request is None
        assert exchange.response.error_code == ErrorCode.UNSUPPORTED_VERSION

    def test_topics_by_id_also_of_topics_that_are_gone(self, cluster: Cluster, client: Client) -> None:
        topic = cluster.core.cluster.topics["orders"]
        fields = fetch_fields("")
        fields["topics"][0].topic_id = topic.id
        client.ask("Fetch", 13, **fields)
        cluster.core.cluster.delete_topic("orders")
        assert [exchange.topics for exchange in cluster.control.journal.exchanges()] == [["orders"]]

    def test_every_fault_is_told(self, cluster: Cluster, client: Client) -> None:
        cluster.control.fault(api="Produce", drop="response", name="lost ack")
        cluster.control.fault(api="Produce", disconnect=True, at="after", skip=1)
        fields = produce_fields({"orders": {0: batch(b"v")}})
        client.send("Produce", 9, **fields)
        with pytest.raises(Disconnect):
            client.send("Produce", 9, **fields)
        first, second = cluster.control.journal.exchanges()
        assert (first.fault, first.response) == ("lost ack", None)
        assert (second.fault, second.closed) == (
            "disconnect after the work",
            "a fault says so: disconnect after the work",
        )
        assert asked(cluster, faulted=True) == ["Produce", "Produce"]


class TestQueries:
    @pytest.fixture
    def full(self, cluster: Cluster, client: Client) -> Cluster:
        other = cluster.client("other-1")
        client.produce("orders", b"v", partition=1)
        other.produce("other", b"v")
        client.ask("Heartbeat", 4, group_id="g", generation_id=1, member_id="m")
        other.ask("FindCoordinator", 4, key_type=1, coordinator_keys=["t"])
        other.fetch("orders")
        return cluster

    @pytest.mark.parametrize(
        ("conditions", "found"),
        [
            ({}, ["Produce", "Produce", "Heartbeat", "FindCoordinator", "Fetch"]),
            ({"api": "produce"}, ["Produce", "Produce"]),
            ({"api": ["Produce", "Fetch"]}, ["Produce", "Produce", "Fetch"]),
            ({"client_id": "other-*"}, ["Produce", "FindCoordinator", "Fetch"]),
            ({"topic": "orders"}, ["Produce", "Fetch"]),
            ({"topic": "o*"}, ["Produce", "Produce", "Fetch"]),
            ({"topic": "orders", "partition": 1}, ["Produce"]),
            ({"group": "g"}, ["Heartbeat"]),
            ({"transactional_id": "t"}, ["FindCoordinator"]),
            ({"version": "9+"}, ["Produce", "Produce", "Fetch"]),
            ({"error": "UNKNOWN_MEMBER_ID"}, ["Heartbeat"]),
            ({"broker": 2}, []),
            ({"faulted": True}, []),
            ({"limit": 2}, ["FindCoordinator", "Fetch"]),
            ({"since": 4}, ["FindCoordinator", "Fetch"]),
            ({"since": 99}, []),
        ],
    )
    def test_conditions(self, full: Cluster, conditions: dict[str, Any], found: list[str]) -> None:
        assert asked(full, **conditions) == found

    def test_wrong_ones(self) -> None:
        with pytest.raises(BadField, match="there is no API 'Produze'; choose from Produce"):
            query("Produze")
        with pytest.raises(BadField, match="the journal has no such field; choose from client_id"):
            query(clientid="x")
        with pytest.raises(BadField, match="must be a number"):
            query(limit="3")


class TestBounds:
    def make(self, **bounds: int) -> Journal:
        return Journal(Cluster().broker.names, **bounds)

    def test_by_count(self) -> None:
        journal = self.make(max_count=100)
        caller = Caller(1, 1)
        for number in range(1000):
            journal.note((float(number), caller, bytearray(10), [bytearray(10)]))
        kept = journal.exchanges()
        assert [exchange.number for exchange in kept] == list(range(900, 1000))
        assert [exchange.at for exchange in kept] == list(range(900, 1000))
        assert (journal.dropped, journal.has_wrapped, journal.total, len(journal)) == (900, True, 1000, 100)
        assert [exchange.number for exchange in journal.last(2)] == [998, 999]

    def test_by_bytes_late_answers_included(self) -> None:
        journal = self.make(max_bytes=1_000_000)
        caller = Caller(1, 1)
        entries = [Entry(0.0, caller, bytearray(1000)) for _ in range(200)]
        for entry in entries:
            journal.note(entry)
        assert journal.dropped == 0
        before = journal.size
        for entry in entries[150:]:
            entry.answer = [bytearray(50_000)]
            journal.note_late(entry)
        assert before < 300_000
        assert journal.size <= 1_000_000
        assert journal.dropped > 150
        for entry in entries:
            journal.note_late(entry)
        journal.clear()
        assert journal.size == 0

    def test_clearing_goes_on_counting(self, cluster: Cluster, client: Client) -> None:
        client.produce("orders", b"v")
        cluster.control.journal.clear()
        assert len(cluster.control.journal) == 0
        client.produce("orders", b"v")
        assert [exchange.number for exchange in cluster.control.journal.exchanges()] == [2]


class TestFiles:
    def test_json_lines_are_recorded_exchanges(
        self, cluster: Cluster, client: Client, tmp_path: Path
    ) -> None:
        client.produce("orders", b"v")
        client.fetch("orders")
        client.send("Produce", 9, **produce_fields({"orders": {0: batch(b"v")}}, acks=0))
        for name in ("journal.jsonl", "journal.jsonl.gz"):
            assert save(cluster.control.journal.exchanges(), tmp_path / name) == 3
            rows = list(read_exchanges(tmp_path / name))
            assert [(row.api, row.version, row.response is None) for row in rows] == [
                (0, 9, False),
                (1, 12, False),
                (0, 9, True),
            ]
            assert [differences(row) for row in rows] == [[], [], []]
        row = json.loads((tmp_path / "journal.jsonl").read_text().splitlines()[0])
        assert (row["client_id"], row["broker"], row["latency"], row["client"]) == ("svc", 1, 0.0, "unknown")

    def test_a_capture(self, cluster: Cluster, client: Client, tmp_path: Path) -> None:
        from mockbroker.cli.capture.connections import Connections
        from mockbroker.cli.capture.frames import decode
        from mockbroker.cli.capture.packets import segments_in
        from protocol_specs.text import PLAIN

        client.produce("orders", bytes(200_000))
        cluster.advance(1)
        client.fetch("orders")
        path = tmp_path / "journal.pcap"
        save(cluster.control.journal.exchanges(), path)
        frames = list(Connections().frames(segments_in(path.read_bytes())))
        decoded = [decode(frame, PLAIN).title for frame in frames]
        assert len(decoded) == 4
        assert "Produce" in decoded[0]
        assert "Fetch" in decoded[2]

    def test_checksums_and_times_of_a_capture(self, cluster: Cluster, client: Client) -> None:
        cluster.advance(0.25)
        client.produce("orders", b"v")
        capture = as_pcap(cluster.control.journal.exchanges())
        magic, _, _, _, _, _, link = struct.unpack_from("<IHHiIII", capture)
        assert (magic, link) == (0xA1B2C3D4, 1)
        at, packets = 24, []
        while at < len(capture):
            seconds, microseconds, size, whole = struct.unpack_from("<IIII", capture, at)
            assert size == whole
            packets.append((seconds + microseconds / 1e6, capture[at + 16 : at + 16 + size]))
            at += 16 + size
        assert len(packets) == 5
        assert {when for when, _ in packets} == {cluster.core.clock.now}
        for _, packet in packets:
            assert packet[12:14] == b"\x08\x00"
            assert _sum16(packet[14:34]) == 0xFFFF
            tcp = packet[34:]
            assert _sum16(packet[26:34] + struct.pack(">BBH", 0, 6, len(tcp)) + tcp) == 0xFFFF
        flags = [packet[47] for _, packet in packets]
        assert flags == [0x02, 0x12, 0x10, 0x18, 0x18]

    def test_other_names(self, tmp_path: Path) -> None:
        with pytest.raises(ValueError, match=r"ends neither in .jsonl"):
            save([], tmp_path / "journal.txt")


def _sum16(content: bytes) -> int:
    content += b"\0" * (len(content) % 2)
    total: int = sum(struct.unpack(f">{len(content) // 2}H", content))
    while total >> 16:
        total = (total & 0xFFFF) + (total >> 16)
    return total
