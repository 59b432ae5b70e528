"""The clients for Java, put through the scenarios of every client."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from compat_tests.clients.scenarios import ExactlyOnce, Idempotent, Start, WithoutAcknowledgement
from compat_tests.java_clients.harness import Jvm, JvmClient
from compat_tests.support.brokers import Broker


@pytest.mark.parametrize("version", ["4.3.1"])
class TestJavaClients(WithoutAcknowledgement, Idempotent, ExactlyOnce):
    @pytest.fixture
    def start(self, version: str, kafka: Broker, tmp_path: Path, jvm: Jvm) -> Iterator[Start]:
        """Starts clients in the JVM that all share."""
        started: list[JvmClient] = []

        def one_more(name: str) -> JvmClient:
            started.append(jvm.start(kafka, name))
            started[-1].always = self.always
            return started[-1]

        yield one_more
        for client in started:
            client.close()
