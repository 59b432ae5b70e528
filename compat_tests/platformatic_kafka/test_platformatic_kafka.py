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

    # Its own consumer remembers one aborted transaction of each producer in a fetch, the last, and shows the others.
    reader = NodeProgram("kafkajs", Path(__file__).parents[1] / "kafkajs"), "2.2.4"
