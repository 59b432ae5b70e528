"""kafka-python: the last of the old line, the last of the revived 2 line, the newest."""

from __future__ import annotations

from pathlib import Path

import pytest

from compat_tests.clients.harness import Family
from compat_tests.clients.scenarios import Idempotent, WithoutAcknowledgement
from compat_tests.clients.transaction_scenarios import ExactlyOnce

# kafka-python 3 asks for a topic's metadata 0.1 s after its start, and may join its group before that. The leader then
# assigns nothing and rejoins; that join is lost for good when it ends between two polls. Kafka's own delay is 3 s.
pytestmark = pytest.mark.cluster(properties=("group.initial.rebalance.delay.ms=100",))

FAMILY = Family(
    package="kafka-python",
    worker=Path(__file__).with_name("worker.py"),
    codecs=("lz4==4.4.4", "python-snappy==0.7.3", "zstandard==0.24.0"),
    needs_python_311=("2.0.2",),
)


@pytest.mark.parametrize("version", ["2.0.2"])
class TestKafkaPython20(WithoutAcknowledgement):
    family = FAMILY


@pytest.mark.parametrize("version", ["2.2.15"])
class TestKafkaPython22(Idempotent, ExactlyOnce):
    family = FAMILY


@pytest.mark.parametrize("version", ["3.0.12"])
class TestKafkaPython30(WithoutAcknowledgement, Idempotent, ExactlyOnce):
    family = FAMILY
