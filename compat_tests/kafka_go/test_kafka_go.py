"""kafka-go, the newest. It has no idempotent producer, and of transactions only the requests."""

from __future__ import annotations

from pathlib import Path

import pytest

from compat_tests.clients.scenarios import WithoutAcknowledgement
from compat_tests.support.golang import GoProgram


@pytest.mark.parametrize("version", ["0.4.51"])
class TestKafkaGo(WithoutAcknowledgement):
    family = GoProgram("github.com/segmentio/kafka-go", Path(__file__).parent)
