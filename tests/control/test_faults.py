"""Which requests a fault acts on, how often, and what it does to them."""

from __future__ import annotations

import re
from typing import Any

import pytest

from mockbroker.control.faults import FaultNeverFired
from mockbroker.control.problems import BadField
from mockbroker.core.waiting import Part, Pending
from mockbroker.wire.caller import Disconnect
from protocol_specs.errors import ErrorCode
from tests.control.clients import (
    Client,
    Cluster,
    batch,
    fetch_fields,
    heartbeat,
    produce_fields,
    values,
    whole,
)

NOT_LEADER = ErrorCode.NOT_LEADER_OR_FOLLOWER


class TestWhen:
    def test_skip_times_every(self, cluster: Cluster, client: Client) -> None:
        fault = cluster.control.fault(
            api="Heartbeat", error="NOT_COORDINATOR", skip=2, every=2, times=2, group="g"
        )
        codes = [heartbeat(client) for _ in range(9)]
        fired = [at for at, code in enumerate(codes, 1) if code == ErrorCode.NOT_COORDINATOR]
        assert fired == [4, 6]
        assert (fault.hits, fault.seen, fault.is_active) == (2, 6, False)
        assert cluster.broker.faults is None

    def test_for_ever_until_it_is_removed(self, cluster: Cluster, client: Client) -> None:
        fault = cluster.control.fault(api="Heartbeat", error="NOT_COORDINATOR", times=None)
        assert {heartbeat(client) for _ in range(20)} == {ErrorCode.NOT_COORDINATOR}
        cluster.control.faults.remove(fault.id)
        assert heartbeat(client) == ErrorCode.UNKNOWN_MEMBER_ID
        assert fault.hits == 20

    def test_probability_comes_from_the_seed(self) -> None:
        def fired(seed: int) -> list[bool]:
            cluster = Cluster(seed=seed)
            cluster.control.fault(api="Heartbeat", error="NOT_COORDINATOR", times=None, probability=0.5)
            client = cluster.client()
            return [heartbeat(client) == ErrorCode.NOT_COORDINATOR for _ in range(64)]

        assert fired(1) == fired(1)
        assert fired(1) != fired(2)
        assert 16 < sum(fired(1)) < 48

    @pytest.mark.parametrize(
        ("condition", "does"),
        [
            ({"client_id": "sv?"}, True),
            ({"client_id": "other*"}, False),
            ({"version": 4}, True),
            ({"version": "0-3"}, False),
            ({"version": "2+"}, True),
            ({"broker": 1}, True),
            ({"broker": 2}, False),
            ({"listener": "PLAINTEXT"}, True),
            ({"listener": "TLS"}, False),
            ({"principal": "User:ANONYMOUS"}, True),
            ({"principal": "User:alice"}, False),
            ({"group": "g"}, True),
            ({"group": "h"}, False),
            ({"topic": "orders"}, False),
            ({"api": None}, True),
            ({"api": "heartbeat"}, True),
            ({"api": "JoinGroup"}, False),
        ],
    )
    def test_conditions(
        self, cluster: Cluster, client: Client, condition: dict[str, Any], does: bool
    ) -> None:
        fault = cluster.control.fault(**{"api": "Heartbeat", "error": "NOT_COORDINATOR", **condition})
        assert (heartbeat(client) == ErrorCode.NOT_COORDINATOR) == does
        assert fault.hits == does


class TestConnections:
    def test_disconnect_before_and_after_the_work(self, cluster: Cluster, client: Client) -> None:
        fields = produce_fields({"orders": {0: batch(b"v")}})
        cluster.control.fault(api="Produce", disconnect=True)
        with pytest.raises(Disconnect, match="a fault says so"):
            client.send("Produce", 9, **fields)
        assert values(cluster, "orders", 0) == []
        cluster.control.fault(api="Produce", disconnect=True, at="after")
        with pytest.raises(Disconnect):
            client.send("Produce", 9, **fields)
        assert values(cluster, "orders", 0) == [b"v"]

    def test_drop(self, cluster: Cluster, client: Client) -> None:
        fields = produce_fields({"orders": {0: batch(b"v")}})
        cluster.control.fault(api="Produce", drop="request")
        assert client.send("Produce", 9, **fields) is None
        assert values(cluster, "orders", 0) == []
        cluster.control.fault(api="Produce", drop="response")
        assert client.send("Produce", 9, **fields) is None
        assert values(cluster, "orders", 0) == [b"v"]

    def test_an_error_without_an_answer_ends_the_connection(self, cluster: Cluster, client: Client) -> None:
        for at in ("before", "after"):
            cluster.control.fault(api="Produce", error="MESSAGE_TOO_LARGE", at=at)
            with pytest.raises(Disconnect, match="no answer is due"):
                client.send("Produce", 9, **produce_fields({"orders": {0: batch(b"v")}}, acks=0))
        assert values(cluster, "orders", 0) == [b"v"]

    @pytest.mark.parametrize("at", ["before", "after"])
    def test_delay(self, cluster: Cluster, client: Client, at: str) -> None:
        cluster.control.fault(api="Produce", delay=1.5, at=at)
        answer = client.send("Produce", 9, **produce_fields({"orders": {0: batch(b"v")}}))
        assert values(cluster, "orders", 0) == ([b"v"] if at == "after" else [])
        cluster.advance(1.4)
        assert not answer.is_settled
        cluster.advance(0.2)
        assert answer.is_settled
        assert values(cluster, "orders", 0) == [b"v"]
        assert cluster.control.journal.last(1)[0].latency == pytest.approx(1.5)

    def test_a_client_that_goes_during_the_delay(self, cluster: Cluster, client: Client) -> None:
        cluster.control.fault(api="Produce", delay=1)
        answer = client.send("Produce", 9, **produce_fields({"orders": {0: batch(b"v")}}))
        answer.abandon()
        cluster.advance(2)
        assert values(cluster, "orders", 0) == []

    @pytest.mark.parametrize("at", ["before", "after"])
    def test_hang_until_it_is_removed(self, cluster: Cluster, client: Client, at: str) -> None:
        fault = cluster.control.fault(api="Heartbeat", hang=True, at=at)
        answer = client.send("Heartbeat", 4, group_id="g", generation_id=1, member_id="m")
        cluster.advance(1000)
        assert not answer.is_settled
        cluster.control.faults.remove(fault.id)
        assert isinstance(answer.reply, list)

    def test_throttle(self, cluster: Cluster, client: Client) -> None:
        cluster.control.fault(api="Produce", throttle=250)
        reply = client.ask("Produce", 9, **produce_fields({"orders": {0: batch(b"v")}}))
        assert reply.throttle_time_ms == 250
        assert reply.responses[0].partition_responses[0].base_offset == 0
        held = client.send("Heartbeat", 4, group_id="g", generation_id=1, member_id="m")
        cluster.advance(0.249)
        assert not held.is_settled
        # Others are not concerned.
        cluster.client("other").ask("Heartbeat", 4, group_id="g", generation_id=1, member_id="m")
        cluster.advance(0.001)
        assert isinstance(held.reply, list)

    def test_throttle_of_a_fetch_gives_no_records(self, cluster: Cluster, client: Client) -> None:
        cluster.client().produce("orders", b"v")
        cluster.control.fault(api="Fetch", throttle=250, skip=1, times=2)
        fields = {**fetch_fields("orders"), "session_epoch": 0}
        session = client.ask("Fetch", 12, **fields).session_id
        again = {**fields, "topics": [], "session_id": session, "session_epoch": 1}
        throttled = client.ask("Fetch", 12, **again)
        assert (throttled.throttle_time_ms, throttled.session_id) == (250, session)
        assert list(throttled.responses) == []
        cluster.advance(0.25)
        throttled = client.ask("Fetch", 12, **fields)
        assert (throttled.session_id, list(throttled.responses)) == (0, [])
        cluster.advance(0.25)
        answer = client.ask("Fetch", 12, **{**again, "session_epoch": 2})
        assert bytes(answer.responses[0].partitions[0].records)

    def test_throttle_where_no_answer_is_due(self, cluster: Cluster, client: Client) -> None:
        cluster.control.fault(api="Produce", throttle=250)
        assert client.send("Produce", 9, **produce_fields({"orders": {0: batch(b"v")}}, acks=0)) is None
        assert not client.send("Heartbeat", 4, group_id="g", generation_id=1, member_id="m").is_settled

    def test_slice_and_truncate(self, cluster: Cluster, client: Client) -> None:
        fields: dict[str, Any] = {"group_id": "g", "generation_id": 1, "member_id": "m"}
        good = b"".join(client.send("Heartbeat", 4, **fields))
        cluster.control.fault(api="Heartbeat", slice=3)
        answer = client.send("Heartbeat", 4, **fields)
        assert isinstance(answer, Part)
        assert answer.buffers == [good[:3]]
        assert whole(answer) == (good, None)
        cluster.control.fault(api="Heartbeat", truncate=5)
        sent, end = whole(client.send("Heartbeat", 4, **fields))
        assert sent == good[:5]
        assert isinstance(end, Disconnect)

    def test_many_slices(self, cluster: Cluster, client: Client) -> None:
        client.produce("orders", bytes(100_000))
        cluster.control.fault(api="Fetch", slice=10)
        sent, end = whole(client.send("Fetch", 12, **fetch_fields("orders")))
        assert len(sent) > 100_000
        assert end is None

    def test_bandwidth(self, cluster: Cluster, client: Client) -> None:
        client.produce("orders", bytes(10_000))
        cluster.control.fault(api="Fetch", bandwidth=1000)
        answer = client.send("Fetch", 12, **fetch_fields("orders"))
        assert isinstance(answer, Part)
        seconds = 0
        received = len(answer.buffers[0])
        rest: Any = answer.rest
        while isinstance(rest, Pending):
            cluster.advance(0.05)
            seconds += 1
            if rest.is_settled:
                part = rest.reply
                received += sum(map(len, part.buffers if isinstance(part, Part) else part))
                rest = part.rest if isinstance(part, Part) else None
        assert received > 10_000
        assert 9.5 < seconds * 0.05 < 11


class TestTogether:
    def test_several_act_in_the_order_in_which_they_were_set(self, cluster: Cluster, client: Client) -> None:
        cluster.control.fault(api="Produce", delay=1)
        cluster.control.fault(api="Produce", topic="orders", partition=0, error=NOT_LEADER)
        cluster.control.fault(
            api="Produce", topic="orders", partition=1, error="MESSAGE_TOO_LARGE", at="after"
        )
        cluster.control.fault(api="Produce", throttle=5)
        fields = produce_fields({"orders": {at: batch(b"v") for at in range(3)}})
        pending = client.send("Produce", 9, **fields)
        cluster.advance(1)
        from tests.control.clients import decoded

        reply = decoded("Produce", 9, pending.reply)
        codes = {one.index: one.error_code for one in reply.responses[0].partition_responses}
        assert codes == {0: NOT_LEADER, 1: ErrorCode.MESSAGE_TOO_LARGE, 2: 0}
        assert reply.throttle_time_ms == 5
        (exchange,) = cluster.control.journal.last(1)
        assert exchange.fault is not None
        assert "delay 1, error NOT_LEADER_OR_FOLLOWER" in exchange.fault

    def test_two_errors_before_the_work(self, cluster: Cluster, client: Client) -> None:
        cluster.control.fault(api="Produce", topic="orders", partition=0, error=NOT_LEADER)
        cluster.control.fault(api="Produce", topic="orders", error="MESSAGE_TOO_LARGE")
        reply = client.ask("Produce", 9, **produce_fields({"orders": {0: batch(b"v"), 1: batch(b"v")}}))
        codes = {one.index: one.error_code for one in reply.responses[0].partition_responses}
        assert codes == {0: NOT_LEADER, 1: ErrorCode.MESSAGE_TOO_LARGE}

    def test_a_parked_fetch_is_woken_and_hurried_as_ever(self, cluster: Cluster, client: Client) -> None:
        cluster.control.fault(api="Fetch", throttle=5, times=None)
        woken = client.send("Fetch", 12, **fetch_fields("orders", max_wait_ms=500))
        cluster.client().produce("orders", b"v")
        assert isinstance(woken.reply, list)
        cluster.advance(0.005)
        hurried = client.send("Fetch", 12, **fetch_fields("orders", 1, max_wait_ms=500))
        assert not hurried.is_settled
        hurried.hurry()
        assert isinstance(hurried.reply, list)
        gone = client.send("Fetch", 12, **fetch_fields("orders", 1, max_wait_ms=500))
        gone.abandon()
        assert not cluster.broker.parked


class TestNeverFired:
    def test_it_says_which_requests_came_near(self, cluster: Cluster, client: Client) -> None:
        cluster.control.fault(api="Produce", topic="payments", error=NOT_LEADER)
        client.produce("orders", b"v")
        text = str(cluster.control.check_faults())
        assert "a fault never fired: Produce with topic='payments': error NOT_LEADER_OR_FOLLOWER" in text
        assert "Produce v9 to broker 1 with client id 'svc' about orders-0: topic is not 'payments'" in text

    def test_it_says_what_came_instead(self, cluster: Cluster, client: Client) -> None:
        cluster.control.fault(api="Fetch", error=NOT_LEADER)
        client.produce("orders", b"v")
        assert re.search(
            r"no request of that API came(.|\n)*#1 Produce v9 svc@", str(cluster.control.check_faults())
        )

    def test_it_says_that_it_was_to_wait(self, cluster: Cluster, client: Client) -> None:
        cluster.control.fault(api="Heartbeat", error=NOT_LEADER, skip=3)
        heartbeat(client)
        error = cluster.control.check_faults()
        assert isinstance(error, FaultNeverFired)
        assert "1 requests matched, but it was told to wait (skip=3" in str(error)

    def test_not_where_it_fired_was_removed_or_need_not(self, cluster: Cluster, client: Client) -> None:
        cluster.control.fault(api="Heartbeat", error=NOT_LEADER, times=5)
        cluster.control.fault(api="Fetch", error=NOT_LEADER, required=False)
        removed = cluster.control.fault(api="Fetch", error=NOT_LEADER)
        cluster.control.faults.remove(removed.id)
        heartbeat(client)
        assert cluster.control.check_faults() is None


@pytest.mark.parametrize(
    ("fields", "field", "text"),
    [
        ({"api": "Produze", "error": 6}, "api", "there is no API 'Produze'; choose from Produce, Fetch"),
        ({"erorr": 6}, "erorr", "a fault has no such field; choose from api"),
        ({"api": "Produce"}, "error", "the fault does nothing"),
        ({"error": "NOPE"}, "error", "there is no error code 'NOPE'; choose from"),
        ({"error": 0}, "error", "NONE is no error"),
        ({"delay": -1}, "delay", "at least 0"),
        ({"delay": "1"}, "delay", "must be a number"),
        ({"error": 6, "times": 0}, "times", "at least 1"),
        ({"error": 6, "version": "x"}, "version", "must be a version"),
        ({"error": 6, "at": "during"}, "at", "choose from before, after"),
        ({"error": 6, "partition": 1}, "partition", "needs its topic"),
        ({"error": 6, "probability": 0}, "probability", "above 0"),
        ({"drop": "both"}, "drop", "choose from request, response"),
        ({"api": "Produce", "corrupt": "crc"}, "api", "corrupt is for Fetch"),
        ({"metadata": {"leeder": 1}}, "leeder", "choose from leader"),
        ({"versions": {"Produce": "a"}}, "versions", "must be a version"),
        ({"disconnect": "yes"}, "disconnect", "true or false"),
        ({"error": 6, "topic": 3}, "topic", "must be text"),
        ({"bandwidth": 0}, "bandwidth", "above 0"),
    ],
)
def test_what_is_no_fault(cluster: Cluster, fields: dict[str, Any], field: str, text: str) -> None:
    with pytest.raises(BadField, match=text) as caught:
        cluster.control.fault(**fields)
    assert caught.value.field == field


def test_as_plain_data(cluster: Cluster) -> None:
    fault = cluster.control.fault(api="produce", topic="orders", error=6, times=None)
    assert fault.as_data() == {
        "id": 1,
        "api": "Produce",
        "topic": "orders",
        "error": "NOT_LEADER_OR_FOLLOWER",
        "times": None,
        "hits": 0,
        "seen": 0,
        "active": True,
    }
