"""What every client is put through. A client's folder subclasses `ClientScenarios`."""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any, ClassVar

import pytest

from compat_tests.clients.harness import ClientProcess, CommandFailed, Program
from compat_tests.support.brokers import Broker
from compat_tests.support.processes import poll

SESSION_TIMEOUT_MS = 6000  # group.min.session.timeout.ms
Start = Callable[[str], ClientProcess]


def numbered(count: int, **fields: Any) -> list[dict[str, Any]]:
    return [{"key": f"k{n % 10}", "value": f"v{n}", **fields} for n in range(count)]


def values(records: list[dict[str, Any]]) -> list[str]:
    return sorted(record["value"] for record in records)


def members(start: Start, topic: str, group: str, *names: str) -> list[ClientProcess]:
    """Members that have joined one after the other; the last rebalance may be still on its way."""
    joined = [start(name) for name in names]
    for member in joined:
        member.ask("join", topic=topic, group=group, session_timeout_ms=SESSION_TIMEOUT_MS)
    return joined


class ClientScenarios:
    """Tests for one client library; `version` comes from the subclass."""

    family: ClassVar[Program]
    always: ClassVar[Mapping[str, Mapping[str, Any]]] = {}  # further arguments of a verb

    @pytest.fixture
    def start(self, version: str, kafka: Broker, tmp_path: Path) -> Iterator[Start]:
        """Starts client processes, which end with the test."""
        started: list[ClientProcess] = []

        def one_more(name: str) -> ClientProcess:
            started.append(self.family.start(version, kafka, tmp_path, name))
            started[-1].always = self.always
            return started[-1]

        yield one_more
        for process in started:
            process.close()

    @pytest.fixture
    def client(self, start: Start) -> ClientProcess:
        """A client that is in no group."""
        return start("client")

    @pytest.fixture
    def topic(self, client: ClientProcess, request: pytest.FixtureRequest) -> str:
        """A topic of four partitions, made by the client itself."""
        name = re.sub(r"[^a-z0-9]+", "-", request.node.name.lower()).strip("-")
        client.ask("create_topic", topic=name, partitions=4)
        return name

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

    @pytest.mark.shows("group: the second member joins, a member leaves")
    def test_a_second_member_joins_and_leaves(self, start: Start, client: ClientProcess, topic: str) -> None:
        first, second = start("first"), start("second")
        first.ask("join", topic=topic, group=topic, session_timeout_ms=SESSION_TIMEOUT_MS)
        first.wait_for_assignment(lambda partitions: partitions == [0, 1, 2, 3])
        second.ask("join", topic=topic, group=topic, session_timeout_ms=SESSION_TIMEOUT_MS)
        one = first.wait_for_assignment(lambda partitions: len(partitions) == 2)
        other = second.wait_for_assignment(lambda partitions: len(partitions) == 2)
        assert sorted(one + other) == [0, 1, 2, 3]
        client.ask("produce", topic=topic, records=numbered(40), codec=None, acks="all", idempotent=False)
        homes = {record["value"]: record["partition"] for record in client.ask("read", topic=topic)}
        mine = [value for value, partition in homes.items() if partition in one]
        assert values(first.wait_for_records(len(mine))) == sorted(mine)
        assert len(second.wait_for_records(40 - len(mine))) == 40 - len(mine)
        second.ask("commit")
        second.ask("leave")
        first.wait_for_assignment(lambda partitions: partitions == [0, 1, 2, 3], within=5)

    @pytest.mark.shows("group: a member dies")
    def test_a_member_dies(self, start: Start, client: ClientProcess, topic: str) -> None:
        first, second = members(start, topic, topic, "first", "second")
        lost = second.wait_for_assignment(lambda partitions: len(partitions) == 2)
        first.wait_for_assignment(lambda partitions: len(partitions) == 2)
        second.kill()
        client.ask("produce", topic=topic, records=numbered(40), codec=None, acks="all", idempotent=False)
        first.wait_for_assignment(lambda partitions: partitions == [0, 1, 2, 3])
        # At least once: what it had read before the rebalance it may read again, as it has not committed.
        read = first.wait_for_distinct(40)
        assert read == {f"v{n}" for n in range(40)}, f"with those of {lost}"

    @pytest.mark.shows("group: commit, restart, go on")
    def test_a_group_goes_on_from_its_commit(self, start: Start, client: ClientProcess, topic: str) -> None:
        def produce(*typed: str) -> None:
            records = [{"key": None, "value": value, "partition": 0} for value in typed]
            client.ask("produce", topic=topic, records=records, codec=None, acks="all", idempotent=False)

        produce("a", "b", "c")
        (member,) = members(start, topic, topic, "before")
        member.wait_for_records(3)
        assert member.ask("commit") == {"0": 3}
        member.ask("leave")
        produce("d", "e")
        (member,) = members(start, topic, topic, "after")
        assert [record["value"] for record in member.wait_for_records(2)] == ["d", "e"]
        assert member.ask("commit") == {"0": 5}

    @pytest.mark.shows("group: what is not committed is read again")
    def test_what_is_not_committed_is_read_again(
        self, start: Start, client: ClientProcess, topic: str
    ) -> None:
        client.ask("produce", topic=topic, records=numbered(10), codec=None, acks="all", idempotent=False)
        (member,) = members(start, topic, topic, "before")
        member.wait_for_records(10)
        member.ask("leave")
        (member,) = members(start, topic, topic, "after")
        assert member.wait_for_distinct(10) == {f"v{n}" for n in range(10)}

    @pytest.mark.shows("group: seek")
    def test_seek(self, start: Start, client: ClientProcess, topic: str) -> None:
        records = [{**record, "partition": 0} for record in numbered(10)]
        client.ask("produce", topic=topic, records=records, codec=None, acks="all", idempotent=False)
        (member,) = members(start, topic, topic, "member")
        member.wait_for_records(10)
        member.ask("seek", topic=topic, partition=0, offset=7)
        read = member.wait_for_records(13)
        assert [record["offset"] for record in read] == [*range(10), 7, 8, 9]


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


class Transactional(ClientScenarios):
    """For the clients that have a transactional producer."""

    def send(
        self, client: ClientProcess, topic: str, *sent: str, transactional_id: str | None = None
    ) -> None:
        """Sends to partition 0 in a transaction that stays open."""
        records = [{"key": None, "value": value, "partition": 0} for value in sent]
        client.ask(
            "send_in_transaction", topic=topic, transactional_id=transactional_id or topic, records=records
        )

    def read(self, client: ClientProcess, topic: str, verb: str = "read_committed") -> list[str]:
        return [record["value"] for record in client.ask(verb, topic=topic)]

    @pytest.mark.shows("transactions: committed, aborted, open")
    def test_read_committed_sees_what_was_committed(
        self, start: Start, client: ClientProcess, topic: str
    ) -> None:
        producer = start("producer")
        self.send(producer, topic, "a", "b")
        producer.ask("end_transaction", commit=True)
        self.send(producer, topic, "c")
        producer.ask("end_transaction", commit=False)
        self.send(producer, topic, "d")
        later = [{"key": None, "value": "e", "partition": 0}]
        client.ask("produce", topic=topic, records=later, codec=None, acks="all", idempotent=False)
        assert self.read(client, topic) == ["a", "b"], "an open transaction holds readers back"
        assert self.read(client, topic, "read") == ["a", "b", "c", "d", "e"]
        producer.ask("end_transaction", commit=True)
        assert self.read(client, topic) == ["a", "b", "d", "e"]

    @pytest.mark.shows("transactions: the second of a transactional id fences the first")
    def test_a_successor_fences_and_aborts(self, start: Start, client: ClientProcess, topic: str) -> None:
        first, second = start("first"), start("second")
        self.send(first, topic, "lost")
        self.send(second, topic, "kept")
        with pytest.raises(CommandFailed, match=r"(?i)fence|epoch|code = 90"):
            first.ask("end_transaction", commit=True)
        second.ask("end_transaction", commit=True)
        assert self.read(client, topic) == ["kept"]
        assert self.read(client, topic, "read") == ["lost", "kept"]


class ExactlyOnce(Transactional):
    """For the clients that can put a group's offsets into a transaction."""

    # Every so many transactions of the first copier, and of the second, are aborted.
    abort_every: ClassVar[tuple[int, int]] = (3, 3)

    @pytest.mark.shows("transactions: consume, transform, produce exactly once")
    def test_exactly_once(self, start: Start, client: ClientProcess, topic: str) -> None:
        target = f"{topic}-copy"
        client.ask("create_topic", topic=target, partitions=2)
        client.ask("produce", topic=topic, records=numbered(60), codec=None, acks="all", idempotent=False)
        work: dict[str, Any] = {"source": topic, "target": target, "group": topic, "transactional_id": topic}
        aborted = [
            start(name).ask("copy", **work, count=30, abort_every=every)
            for name, every in zip(("copier", "successor"), self.abort_every, strict=True)
        ]
        assert sum(aborted) > 0
        copied = sorted(self.read(client, target))
        assert copied == sorted(f"V{n}" for n in range(60))
        assert len(self.read(client, target, "read")) > 60, "aborted copies are there for who asks"
