"""franz-go as a member of groups of KIP-848."""

from __future__ import annotations

from pathlib import Path

import pytest

from compat_tests.clients.group_scenarios import CONSUMER_GROUPS, ConsumerGroups
from compat_tests.support.golang import GoProgram

pytestmark = CONSUMER_GROUPS


@pytest.mark.parametrize("version", ["1.22.2"])
class TestFranzGo(ConsumerGroups):
    family = GoProgram("github.com/twmb/franz-go", Path(__file__).parent)
