from __future__ import annotations

import pytest

from tests.control.clients import Client, Cluster


@pytest.fixture
def cluster() -> Cluster:
    cluster = Cluster()
    cluster.core.cluster.create_topic("orders", partitions=3)
    cluster.core.cluster.create_topic("other")
    return cluster


@pytest.fixture
def client(cluster: Cluster) -> Client:
    return cluster.client("svc")
