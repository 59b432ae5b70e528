"""confluent-kafka, and with it librdkafka: one from before KIP-896's cut, and the newest."""

from __future__ import annotations

from pathlib import Path

import pytest

from compat_tests.clients.harness import Family
from compat_tests.clients.scenarios import Idempotent, WithoutAcknowledgement
from compat_tests.clients.transaction_scenarios import ExactlyOnce


@pytest.mark.parametrize("version", ["2.0.2", "2.16.1"])
class TestConfluentKafka(WithoutAcknowledgement, Idempotent, ExactlyOnce):
    family = Family(
        package="confluent-kafka",
        worker=Path(__file__).with_name("worker.py"),
        needs_python_311=("2.0.2",),
    )
