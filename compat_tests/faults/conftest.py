"""A client for each test."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from compat_tests.faults.programs import CLIENTS, Chosen, started
from compat_tests.faults.steps import TOPIC
from compat_tests.java_clients.harness import Jvm
from mockbroker import MockCluster


@pytest.fixture(scope="module")
def jvm(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Jvm]:
    shared = Jvm(tmp_path_factory.mktemp("java-clients"))
    yield shared
    shared.close()


@pytest.fixture(params=CLIENTS)
def client(request: pytest.FixtureRequest, kafka: MockCluster, tmp_path: Path) -> Iterator[Chosen]:
    """Each of the five clients. It is told of the broker that does not lead, and must find the other one."""
    other = kafka.bootstrap_servers.split(",")[2 - kafka.partition(TOPIC, 0).leader]
    with started(request.param, other, tmp_path, lambda: request.getfixturevalue("jvm")) as chosen:
        yield chosen
