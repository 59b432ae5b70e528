"""Transactions: what is committed, aborted, fenced, and copied exactly once."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any, ClassVar

import pytest

from compat_tests.clients.base import Clients, Start, numbered
from compat_tests.clients.harness import ClientProcess, CommandFailed, Program
from compat_tests.support.brokers import Broker


class Transactional(Clients):
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

    # Who reads the copies, if not the client itself: a library, and its version.
    reader: ClassVar[tuple[Program, str] | None] = None

    @pytest.fixture
    def auditor(
        self, start: Start, client: ClientProcess, kafka: Broker, tmp_path: Path
    ) -> Iterator[ClientProcess]:
        """Who reads what was copied."""
        if self.reader is None:
            yield client
            return
        library, version = self.reader
        process = library.start(version, kafka, tmp_path, "auditor")
        yield process
        process.close()

    @pytest.mark.shows("transactions: consume, transform, produce exactly once")
    def test_exactly_once(
        self, start: Start, client: ClientProcess, auditor: ClientProcess, topic: str
    ) -> None:
        target = f"{topic}-copy"
        client.ask("create_topic", topic=target, partitions=2)
        client.ask("produce", topic=topic, records=numbered(60), codec=None, acks="all", idempotent=False)
        work: dict[str, Any] = {"source": topic, "target": target, "group": topic, "transactional_id": topic}
        for name in ("copier", "successor"):
            # Thirty records take six transactions at least, so every third attempt is two.
            assert start(name).ask("copy", **work, count=30, abort_every=3) >= 2
        assert sorted(self.read(auditor, target)) == sorted(f"V{n}" for n in range(60))
        assert len(self.read(auditor, target, "read")) > 60, "aborted copies are there for who asks"
