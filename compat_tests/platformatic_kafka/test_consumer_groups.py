"""@platformatic/kafka as a member of groups of KIP-848."""

from __future__ import annotations

from pathlib import Path

import pytest

from compat_tests.clients.group_scenarios import CONSUMER_GROUPS, ConsumerGroups
from compat_tests.support.node import NodeProgram

pytestmark = CONSUMER_GROUPS


@pytest.mark.parametrize("version", ["2.12.1"])
class TestPlatformaticKafka(ConsumerGroups):
    family = NodeProgram("@platformatic/kafka", Path(__file__).parent)
