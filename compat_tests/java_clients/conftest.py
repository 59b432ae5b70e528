"""The JVM of the clients, shared by the run."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from compat_tests.java_clients.harness import Jvm


@pytest.fixture(scope="session")
def jvm(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Jvm]:
    shared = Jvm(tmp_path_factory.mktemp("java-clients"))
    yield shared
    shared.close()
