"""What every client is put through. A client's folder subclasses `ClientScenarios`."""

from __future__ import annotations

import time
from typing import Any

import pytest

from compat_tests.clients.base import numbered, values
from compat_tests.clients.group_scenarios import Groups
from compat_tests.clients.harness import ClientProcess, CommandFailed
from compat_tests.support.processes import poll


class ClientScenarios(Groups):
    """Administration, records, offsets and groups."""

    @pytest.mark.shows("admin: create, list, describe, delete")
    def test_admin(self, client: ClientProcess, topic: str) -> None:
        assert topic in client.ask("list_topics")
        assert sorted(client.ask("describe_topic", topic=topic)) == [0, 1, 2, 3]
        with pytest.raises(CommandFailed, match=r"(?i)already.?exists"):
            client.ask("create_topic", topic=topic, partitions=4)
        client.ask("delete_topic", topic=topic)
        assert topic not in client.ask("list_topics")

    @pytest.mark.shows("records: keys, headers, tombstones, timestamps")
    def test_records_come_back_as_they_were_sent(self, client: ClientProcess, topic: str) -> None:
        now = int(time.time() * 1000)
        sent: list[dict[str, Any]] = [
            {"key": "k", "value": "v", "headers": [["h", "1"], ["h", "2"]], "timestamp_ms": now - 5000},
            {"key": "tombstone", "value": None, "headers": [], "timestamp_ms": now - 4000},
            {"key": None, "value": "no key", "headers": [["empty", ""]], "timestamp_ms": now - 3000},
            {"key": "", "value": "", "headers": [], "timestamp_ms": now - 2000},
        ]
        for record in sent:
            record["partition"] = 1
        places = client.ask("produce", topic=topic, records=sent, codec=None, acks="all", idempotent=False)
        assert places == [[1, 0], [1, 1], [1, 2], [1, 3]]
        read = client.ask("read", topic=topic)
        assert read == [{"topic": topic, "offset": offset, **record} for offset, record in enumerate(sent)]

    @pytest.mark.shows("partitioner: the same key, the same partition")
    def test_the_same_key_goes_to_the_same_partition(self, client: ClientProcess, topic: str) -> None:
        client.ask("produce", topic=topic, records=numbered(40), codec=None, acks="all", idempotent=False)
        homes: dict[str, set[int]] = {}
        for record in client.ask("read", topic=topic):
            homes.setdefault(record["key"], set()).add(record["partition"])
        assert len(homes) == 10
        assert all(len(partitions) == 1 for partitions in homes.values())
        assert len(set.union(*homes.values())) > 1, "keys are spread"

    @pytest.mark.shows("acks: 1 and all")
    def test_acknowledgements(self, client: ClientProcess, topic: str) -> None:
        for acks in ("1", "all"):
            record = {"key": None, "value": f"acks={acks}", "partition": 0}
            client.ask("produce", topic=topic, records=[record], codec=None, acks=acks, idempotent=False)
        assert values(client.ask("read", topic=topic)) == ["acks=1", "acks=all"]

    def compressed(self, client: ClientProcess, topic: str, codec: str) -> None:
        records = [{**record, "partition": 0} for record in numbered(200)]
        client.ask("produce", topic=topic, records=records, codec=codec, acks="all", idempotent=False)
        assert [record["value"] for record in client.ask("read", topic=topic)] == [
            f"v{n}" for n in range(200)
        ]

    @pytest.mark.shows("codec: gzip")
    def test_gzip(self, client: ClientProcess, topic: str) -> None:
        self.compressed(client, topic, "gzip")

    @pytest.mark.shows("codec: snappy")
    def test_snappy(self, client: ClientProcess, topic: str) -> None:
        self.compressed(client, topic, "snappy")

    @pytest.mark.shows("codec: lz4")
    def test_lz4(self, client: ClientProcess, topic: str) -> None:
        self.compressed(client, topic, "lz4")

    @pytest.mark.shows("codec: zstd")
    def test_zstd(self, client: ClientProcess, topic: str) -> None:
        self.compressed(client, topic, "zstd")

    @pytest.mark.shows("offsets: watermarks, by time, read from one")
    def test_offsets(self, client: ClientProcess, topic: str) -> None:
        base = int(time.time() * 1000) - 60_000
        records = [
            {"key": None, "value": f"v{n}", "partition": 2, "timestamp_ms": base + 1000 * n} for n in range(5)
        ]
        client.ask("produce", topic=topic, records=records, codec=None, acks="all", idempotent=False)
        assert client.ask("watermarks", topic=topic, partition=2) == [0, 5]
        assert client.ask("watermarks", topic=topic, partition=3) == [0, 0]
        by_time = {
            after: client.ask("offset_for_time", topic=topic, partition=2, timestamp_ms=base + after)
            for after in (-1, 0, 1, 2500, 4000, 4001)
        }
        assert by_time == {-1: 0, 0: 0, 1: 1, 2500: 3, 4000: 4, 4001: None}
        read = client.ask("read_from", topic=topic, partition=2, offset=3, count=2)
        assert [(record["offset"], record["value"]) for record in read] == [(3, "v3"), (4, "v4")]


class WithoutAcknowledgement(ClientScenarios):
    """For the clients that get a Produce of acks=0 onto the wire (kafka-python 2.2.15 does not)."""

    @pytest.mark.shows("acks: 0")
    def test_no_acknowledgement(self, client: ClientProcess, topic: str) -> None:
        record = {"key": None, "value": "unconfirmed", "partition": 0}
        client.ask("produce", topic=topic, records=[record], codec=None, acks="0", idempotent=False)
        read = poll(
            lambda: client.ask("read", topic=topic) or None,
            within=10,
            what="the record, whose arrival nobody has confirmed",
        )
        assert values(read) == ["unconfirmed"]


class Idempotent(ClientScenarios):
    """For the clients that have an idempotent producer."""

    @pytest.mark.shows("producer: idempotent")
    def test_an_idempotent_producer(self, client: ClientProcess, topic: str) -> None:
        records = [{**record, "partition": 0} for record in numbered(50)]
        places = client.ask("produce", topic=topic, records=records, codec=None, acks="all", idempotent=True)
        assert places == [[0, n] for n in range(50)]
