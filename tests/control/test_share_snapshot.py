"""Snapshots of a cluster with a share group."""

from __future__ import annotations

from mockbroker.control.memento import Memento
from tests.handlers.sharing import GROUP, Member, make_desk, make_ready, produce

ACCEPT, RELEASE, REJECT = 1, 2, 3


def test_records_in_flight_come_back() -> None:
    desk = make_desk()
    make_ready(desk)
    produce(desk, 3)
    produce(desk, 2)
    member = Member(desk)
    member.fetch(max_records=2)
    member.acknowledge({0: [(0, 0, [ACCEPT])]})
    subscribed = {"subscribed_topic_names": ["orders"]}
    desk.ask("ShareGroupHeartbeat", group_id=GROUP, member_id="m", member_epoch=0, **subscribed)
    memento = Memento([desk.core])
    epoch = member.epoch
    then = member.fetch()
    assert then["responses"]

    member.acknowledge({0: [(1, 1, [REJECT]), (3, 4, [RELEASE])]})
    desk.clock.advance(100)
    memento.restore()

    member.epoch = epoch
    assert member.fetch() == then
    assert desk.core.groups.find_group(GROUP) is not None
