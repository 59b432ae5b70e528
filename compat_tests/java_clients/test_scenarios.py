"""The clients for Java, put through the scenarios of every client."""

from __future__ import annotations

import pytest

from compat_tests.clients.scenarios import Idempotent, WithoutAcknowledgement
from compat_tests.clients.transaction_scenarios import ExactlyOnce
from compat_tests.java_clients.harness import JavaClients


@pytest.mark.parametrize("version", ["4.3.1"])
class TestJavaClients(JavaClients, WithoutAcknowledgement, Idempotent, ExactlyOnce):
    pass
