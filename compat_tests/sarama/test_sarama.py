"""sarama, the newest."""

from __future__ import annotations

from pathlib import Path

import pytest

from compat_tests.clients.scenarios import Idempotent, WithoutAcknowledgement
from compat_tests.clients.transaction_scenarios import ExactlyOnce
from compat_tests.support.golang import GoProgram


@pytest.mark.parametrize("version", ["1.61.1"])
class TestSarama(WithoutAcknowledgement, Idempotent, ExactlyOnce):
    family = GoProgram("github.com/IBM/sarama", Path(__file__).parent)
