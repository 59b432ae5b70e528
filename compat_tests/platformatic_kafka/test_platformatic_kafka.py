"""@platformatic/kafka, the newest."""

from __future__ import annotations

from pathlib import Path

import pytest

from compat_tests.clients.scenarios import Idempotent, WithoutAcknowledgement
from compat_tests.clients.transaction_scenarios import ExactlyOnce
from compat_tests.support.node import NodeProgram


@pytest.mark.parametrize("version", ["2.12.1"])
class TestPlatformaticKafka(WithoutAcknowledgement, Idempotent, ExactlyOnce):
    family = NodeProgram("@platformatic/kafka", Path(__file__).parent)

    # Of several aborted transactions of one producer in one fetch, 2.12.1 drops the last alone.
    abort_every = (4, 100)
