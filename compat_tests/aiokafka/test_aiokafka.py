"""aiokafka, the newest."""

from __future__ import annotations

from pathlib import Path

import pytest

from compat_tests.clients.harness import Family
from compat_tests.clients.scenarios import Idempotent, WithoutAcknowledgement
from compat_tests.clients.transaction_scenarios import ExactlyOnce


@pytest.mark.parametrize("version", ["0.14.0"])
class TestAioKafka(WithoutAcknowledgement, Idempotent, ExactlyOnce):
    family = Family(
        package="aiokafka",
        worker=Path(__file__).with_name("worker.py"),
        codecs=("cramjam==2.11.0",),
    )
