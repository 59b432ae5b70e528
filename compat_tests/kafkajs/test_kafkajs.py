"""kafkajs, the newest."""

from __future__ import annotations

from pathlib import Path

import pytest

from compat_tests.clients.scenarios import Idempotent, WithoutAcknowledgement
from compat_tests.clients.transaction_scenarios import ExactlyOnce
from compat_tests.support.node import NodeProgram


@pytest.mark.parametrize("version", ["2.2.4"])
class TestKafkaJs(WithoutAcknowledgement, Idempotent, ExactlyOnce):
    family = NodeProgram("kafkajs", Path(__file__).parent)
