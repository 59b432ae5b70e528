"""The clients for Java as members of groups of KIP-848 (`group.protocol=consumer`)."""

from __future__ import annotations

from typing import Any

import pytest

from compat_tests.clients.base import SESSION_TIMEOUT_MS, Start
from compat_tests.clients.group_scenarios import CONSUMER_GROUPS, ConsumerGroups
from compat_tests.clients.harness import ClientProcess
from compat_tests.java_clients.harness import JavaClients, JvmClient

pytestmark = CONSUMER_GROUPS

ALL = [0, 1, 2, 3]


@pytest.mark.parametrize("version", ["4.3.1"])
class TestJavaClients(JavaClients, ConsumerGroups):
    # A consumer of this protocol leaves its group on close(), also where it is told to remain.
    apart = frozenset({"second"})

    def joined(self, start: Start, name: str, topic: str, group: str, **config: str) -> JvmClient:
        member = start(name)
        assert isinstance(member, JvmClient)
        member.ask("join", topic=topic, group=group, session_timeout_ms=SESSION_TIMEOUT_MS, config=config)
        return member

    @pytest.mark.shows("group: only what moves is revoked")
    def test_members_keep_what_they_may_keep(self, start: Start, topic: str) -> None:
        first = self.joined(start, "first", topic, topic)
        first.wait_for_assignment(lambda partitions: partitions == ALL)
        second = self.joined(start, "second", topic, topic)
        given = second.wait_for_assignment(lambda partitions: len(partitions) == 2)
        assert first.reports("revoked") == [given]
        assert first.reports("lost") == []

    @pytest.mark.shows("group: static members")
    def test_a_static_member_returns_to_its_partitions(self, start: Start, topic: str) -> None:
        one, two = (
            self.joined(start, name, topic, topic, **{"group.instance.id": name}) for name in ("one", "two")
        )
        mine = one.wait_for_assignment(lambda partitions: len(partitions) == 2)
        two.wait_for_assignment(lambda partitions: len(partitions) == 2)
        one.ask("leave")
        again = self.joined(start, "again", topic, topic, **{"group.instance.id": "one"})
        assert again.wait_for_assignment(bool) == mine
        assert two.reports("revoked") == []

    @pytest.mark.shows("group: subscription by regular expression")
    @pytest.mark.parametrize("assignor", ["uniform", pytest.param("range", marks=pytest.mark.full)])
    def test_a_regular_expression(
        self, start: Start, client: ClientProcess, topic: str, assignor: str
    ) -> None:
        config = {"group.remote.assignor": assignor, "metadata.max.age.ms": "300"}
        first, second = (
            self.joined(start, name, f"^{topic}.*", topic, **config) for name in ("first", "second")
        )
        one, other = (
            member.wait_for_assignment(lambda partitions: len(partitions) == 2) for member in (first, second)
        )
        assert sorted(one + other) == ALL
        client.ask("create_topic", topic=f"{topic}-later", partitions=2)
        for member in (first, second):
            member.wait_for_assignment(lambda partitions: len(partitions) == 3)

    @pytest.mark.shows("group: from classic members and back")
    def test_a_classic_group_changes_and_changes_back(self, start: Start, topic: str) -> None:
        old, new = start("old"), start("new")
        join: dict[str, Any] = {"topic": topic, "group": topic, "session_timeout_ms": SESSION_TIMEOUT_MS}
        old.ask("join", **join, protocol="classic")
        old.wait_for_assignment(lambda partitions: partitions == ALL)
        new.ask("join", **join, protocol="consumer")
        parts = [one.wait_for_assignment(lambda partitions: len(partitions) == 2) for one in (old, new)]
        assert sorted(partition for part in parts for partition in part) == ALL
        new.ask("leave")
        old.wait_for_assignment(lambda partitions: partitions == ALL)
