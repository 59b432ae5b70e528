"""Instances of a Kafka Streams application."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from compat_tests.support import jvm
from compat_tests.support.brokers import Broker
from compat_tests.support.processes import Running
from compat_tests.support.toolchains import CACHE

Instance = Callable[..., Running]
FOLDER = Path(__file__).parent


@pytest.fixture
def instance(kafka: Broker, tmp_path: Path) -> Iterator[Instance]:
    """Starts instances, each a process with a state directory of its own, and waits until they run."""
    started: list[Running] = []

    def one_more(app: str, application_id: str, **config: str) -> Running:
        name = f"{application_id}-{len(started)}"
        settings = {
            "bootstrap.servers": kafka.bootstrap_servers,
            "application.id": application_id,
            "state.dir": str(tmp_path / name),
            **config,
        }
        command = jvm.run(FOLDER, "StreamsApp", app, *(f"{key}={value}" for key, value in settings.items()))
        # RocksDB writes its library there on every start: under one that runs, that would end it.
        libraries = CACHE / "java" / "kafka_streams" / f"native-{len(started)}"
        libraries.mkdir(parents=True, exist_ok=True)
        where = {"ROCKSDB_SHAREDLIB_DIR": str(libraries)}
        started.append(Running(command, tmp_path, name=name, environment=where))
        started[-1].wait_for_text("RUNNING", within=90)
        return started[-1]

    yield one_more
    for running in started:
        running.process.kill()
        running.stop()
