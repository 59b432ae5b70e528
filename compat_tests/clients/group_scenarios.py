"""Groups, of whatever protocol: members join, leave, die, commit and go on."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

import pytest

from compat_tests.clients.base import SESSION_TIMEOUT_MS, Clients, Start, members, numbered, values
from compat_tests.clients.harness import ClientProcess

# Groups of KIP-848 have their timings from the broker.
CONSUMER_GROUPS = pytest.mark.cluster(
    properties=(
        "group.consumer.min.session.timeout.ms=6000",
        "group.consumer.session.timeout.ms=6000",
        "group.consumer.min.heartbeat.interval.ms=300",
        "group.consumer.heartbeat.interval.ms=300",
    )
)


class Groups(Clients):
    """For every client that can be a member of a group."""

    kind: ClassVar[str] = "group"  # as docs/compatibility.md calls it

    @pytest.mark.shows("group: the second member joins, a member leaves")
    def test_a_second_member_joins_and_leaves(self, start: Start, client: ClientProcess, topic: str) -> None:
        first, second = start("first"), start("second")
        first.ask("join", topic=topic, group=topic, session_timeout_ms=SESSION_TIMEOUT_MS)
        first.wait_for_assignment(lambda partitions: partitions == [0, 1, 2, 3])
        second.ask("join", topic=topic, group=topic, session_timeout_ms=SESSION_TIMEOUT_MS)
        one = first.wait_for_assignment(lambda partitions: len(partitions) == 2)
        other = second.wait_for_assignment(lambda partitions: len(partitions) == 2)
        assert sorted(one + other) == [0, 1, 2, 3]
        client.ask("produce", topic=topic, records=numbered(40), codec=None, acks="all", idempotent=False)
        homes = {record["value"]: record["partition"] for record in client.ask("read", topic=topic)}
        mine = [value for value, partition in homes.items() if partition in one]
        assert values(first.wait_for_records(len(mine))) == sorted(mine)
        assert len(second.wait_for_records(40 - len(mine))) == 40 - len(mine)
        second.ask("commit")
        second.ask("leave")
        first.wait_for_assignment(lambda partitions: partitions == [0, 1, 2, 3], within=5)

    @pytest.mark.shows("group: a member dies")
    def test_a_member_dies(self, start: Start, client: ClientProcess, topic: str) -> None:
        first, second = members(start, topic, topic, "first", "second")
        lost = second.wait_for_assignment(lambda partitions: len(partitions) == 2)
        first.wait_for_assignment(lambda partitions: len(partitions) == 2)
        second.kill()
        client.ask("produce", topic=topic, records=numbered(40), codec=None, acks="all", idempotent=False)
        first.wait_for_assignment(lambda partitions: partitions == [0, 1, 2, 3])
        # At least once: what it had read before the rebalance it may read again, as it has not committed.
        read = first.wait_for_distinct(40)
        assert read == {f"v{n}" for n in range(40)}, f"with those of {lost}"

    @pytest.mark.shows("group: commit, restart, go on")
    def test_a_group_goes_on_from_its_commit(self, start: Start, client: ClientProcess, topic: str) -> None:
        def produce(*typed: str) -> None:
            records = [{"key": None, "value": value, "partition": 0} for value in typed]
            client.ask("produce", topic=topic, records=records, codec=None, acks="all", idempotent=False)

        produce("a", "b", "c")
        (member,) = members(start, topic, topic, "before")
        member.wait_for_records(3)
        assert member.ask("commit") == {"0": 3}
        member.ask("leave")
        produce("d", "e")
        (member,) = members(start, topic, topic, "after")
        assert [record["value"] for record in member.wait_for_records(2)] == ["d", "e"]
        assert member.ask("commit") == {"0": 5}

    @pytest.mark.shows("group: what is not committed is read again")
    def test_what_is_not_committed_is_read_again(
        self, start: Start, client: ClientProcess, topic: str
    ) -> None:
        client.ask("produce", topic=topic, records=numbered(10), codec=None, acks="all", idempotent=False)
        (member,) = members(start, topic, topic, "before")
        member.wait_for_records(10)
        member.ask("leave")
        (member,) = members(start, topic, topic, "after")
        assert values(member.wait_for_records(10)) == [f"v{n}" for n in range(10)], "each of them once"

    @pytest.mark.shows("group: seek")
    def test_seek(self, start: Start, client: ClientProcess, topic: str) -> None:
        records = [{**record, "partition": 0} for record in numbered(10)]
        client.ask("produce", topic=topic, records=records, codec=None, acks="all", idempotent=False)
        (member,) = members(start, topic, topic, "member")
        member.wait_for_records(10)
        member.ask("seek", topic=topic, partition=0, offset=7)
        read = member.wait_for_records(13)
        assert [record["offset"] for record in read] == [*range(10), 7, 8, 9]


class ConsumerGroups(Groups):
    """For every client that knows the groups of KIP-848; its module is marked `CONSUMER_GROUPS`."""

    kind = "consumer group (KIP-848)"
    always: ClassVar[Mapping[str, Mapping[str, Any]]] = {"join": {"protocol": "consumer"}}
