"""What a test sees of groups of the newer protocols: share groups and streams groups."""

from __future__ import annotations

from mockbroker.control.inspection import Inspection
from mockbroker.control.views import GroupState, Member
from mockbroker.core.groups.share_requests import ShareHeartbeat
from tests.handlers.test_streams_group_heartbeat import Streams, part


def test_members_have_the_partitions_that_their_tasks_read() -> None:
    desk = Streams()
    inspection = Inspection(desk.core, {})
    assert inspection.group("app") == GroupState("app", "", "Dead", -1, "", [])

    desk.join(part("0", "orders", "payments"))

    partitions = [("orders", 0), ("orders", 1), ("payments", 0)]
    member = Member("m", None, "test", "/127.0.0.1", partitions)
    assert inspection.group("app") == GroupState("app", "streams", "Stable", 2, "sticky", [member])
    assert inspection.groups() == [inspection.group("app")]


def test_a_share_groups_members_have_their_partitions() -> None:
    desk = Streams()
    node = desk.core.groups.find_coordinator("sharing")
    request = ShareHeartbeat("sharing", "m", 0, "test", "127.0.0.1", None, ["orders"])
    desk.core.groups.shares.heartbeat(node, request)
    desk.core.clock.advance(0.1)

    member = Member("m", None, "test", "/127.0.0.1", [("orders", 0), ("orders", 1)])
    shown = Inspection(desk.core, {}).group("sharing")
    assert (shown.type, shown.state, shown.protocol, shown.members) == ("share", "Stable", "simple", [member])
