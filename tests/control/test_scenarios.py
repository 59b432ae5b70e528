"""Scenarios by name."""

from __future__ import annotations

import inspect
from typing import Any

import pytest

from mockbroker.control.problems import BadField, NotFound
from mockbroker.control.scenarios import SCENARIOS
from protocol_specs import APIS
from protocol_specs.errors import ErrorCode, KafkaError
from tests.control.clients import Cluster, batch, decoded, fetch_fields, produce_fields


@pytest.fixture
def cluster() -> Cluster:
    cluster = Cluster(brokers=3, default_replication_factor="3")
    cluster.core.cluster.create_topic("orders")
    return cluster


@pytest.fixture
def alone() -> Cluster:
    cluster = Cluster()
    cluster.core.cluster.create_topic("orders")
    return cluster


EXAMPLES: dict[str, Any] = {
    "topic": "orders",
    "group": "g",
    "broker": 1,
    "leader": 1,
    "transactional_id": "t",
}


def leader(cluster: Cluster) -> int:
    return cluster.control.commands.partition("orders", 0).leader


def start_transactions(cluster: Cluster, name: str) -> tuple[Any, Any]:
    found = cluster.client().ask("FindCoordinator", 4, key_type=1, coordinator_keys=[name]).coordinators[0]
    client = cluster.client("tx", found.node_id)
    fields: dict[str, Any] = {"transactional_id": name, "transaction_timeout_ms": 60_000}
    begun = client.ask("InitProducerId", 4, producer_id=-1, producer_epoch=-1, **fields)
    return client, begun


@pytest.mark.parametrize("name", SCENARIOS)
def test_each_begins_and_ends_and_leaves_no_fault(cluster: Cluster, name: str) -> None:
    scenario = SCENARIOS[name]
    assert scenario.happens.endswith(".")
    assert scenario.advice.endswith(".")
    if "transactional_id" in scenario.options:
        start_transactions(cluster, "t")
    given = {
        option: EXAMPLES[option]
        for option, default in scenario.options.items()
        if default is inspect.Parameter.empty
    }
    stage = cluster.control.scenario(name, given)
    assert cluster.control.check_faults() is None
    stage.end()
    assert list(cluster.control.faults) == []
    assert cluster.broker.faults is None
    cluster.advance(100)


def test_leaders_do_move_and_only_so_often(cluster: Cluster) -> None:
    seen = [leader(cluster)]
    cluster.control.scenario("leader_flaps", {"topic": "orders", "every": 2.0, "times": 3})
    for _ in range(6):
        seen.append(leader(cluster))
        cluster.advance(2)
    first, second, third, fourth, *rest = seen
    assert len({first, second, third}) == 3
    assert fourth == first
    assert set(rest) == {fourth}


def test_what_was_begun_can_be_ended(cluster: Cluster) -> None:
    stage = cluster.control.scenario("leader_flaps", {"topic": "orders"})
    now = leader(cluster)
    stage.end()
    cluster.advance(10)
    assert leader(cluster) == now


def test_one_broker_has_only_errors_to_give(alone: Cluster) -> None:
    alone.control.scenario("leader_flaps", {"topic": "orders", "times": 1})
    client = alone.client()
    assert client.produce("orders", b"v").error_code == ErrorCode.NOT_LEADER_OR_FOLLOWER
    assert client.produce("orders", b"v").error_code == 0
    assert client.fetch("orders").error_code == ErrorCode.NOT_LEADER_OR_FOLLOWER


def test_a_coordinator_moves(cluster: Cluster) -> None:
    before = cluster.control.causes.coordinator("g")
    cluster.control.scenario("coordinator_moves", {"group": "g", "times": 1})
    assert cluster.control.causes.coordinator("g") != before


def test_lost_members_are_gone_at_once(alone: Cluster) -> None:
    client = alone.client()
    protocols = [APIS[11].request.protocols(name="range", metadata=b"")]
    fields = {
        "group_id": "g",
        "session_timeout_ms": 30_000,
        "rebalance_timeout_ms": 30_000,
        "protocol_type": "consumer",
        "protocols": protocols,
    }
    joining = client.send("JoinGroup", 2, member_id="", **fields)
    alone.advance(1)
    member_id = decoded("JoinGroup", 2, joining.reply).member_id
    alone.control.scenario("lost_member", {"group": "g"})
    heartbeat = client.ask("Heartbeat", 4, group_id="g", generation_id=1, member_id=member_id)
    assert heartbeat.error_code == ErrorCode.UNKNOWN_MEMBER_ID
    joining = client.send("JoinGroup", 2, member_id="", **fields)
    alone.advance(1)
    again = decoded("JoinGroup", 2, joining.reply)
    assert (again.error_code, len(again.members)) == (0, 1)


def test_a_rebalance_storm(alone: Cluster) -> None:
    alone.control.scenario("rebalance_storm", {"group": "g", "times": 2})
    client = alone.client()
    codes = [
        client.ask("Heartbeat", 4, group_id="g", generation_id=1, member_id="m").error_code for _ in range(6)
    ]
    storm, calm = ErrorCode.REBALANCE_IN_PROGRESS, ErrorCode.UNKNOWN_MEMBER_ID
    assert codes == [calm, storm, calm, storm, calm, calm]


def test_a_fenced_producer(cluster: Cluster) -> None:
    client, begun = start_transactions(cluster, "t")
    cluster.control.scenario("fenced_producer", {"transactional_id": "t"})
    reply = client.ask(
        "EndTxn",
        3,
        transactional_id="t",
        producer_id=begun.producer_id,
        producer_epoch=begun.producer_epoch,
        committed=True,
    )
    assert reply.error_code == ErrorCode.PRODUCER_FENCED
    with pytest.raises(NotFound, match="there is no transactional id u"):
        cluster.control.scenario("fenced_producer", {"transactional_id": "u"})


def test_a_slow_broker_is_slow_for_every_request(alone: Cluster) -> None:
    alone.control.scenario("slow_broker", {"delay": 2.0})
    client = alone.client()
    produce = client.send("Produce", 9, **produce_fields({"orders": {0: batch(b"v")}}))
    fetch = client.send("Fetch", 12, **fetch_fields("orders"))
    alone.advance(1.9)
    assert not produce.is_settled
    assert not fetch.is_settled
    alone.advance(0.2)
    assert produce.is_settled
    assert fetch.is_settled


def test_wrong_names(cluster: Cluster) -> None:
    with pytest.raises(BadField, match="there is no scenario 'leader_flops'; choose from leader_flaps"):
        cluster.control.scenario("leader_flops", {})
    with pytest.raises(
        BadField, match="topik: leader_flaps has no such option; choose from topic, partition"
    ):
        cluster.control.scenario("leader_flaps", {"topik": "orders"})
    with pytest.raises(BadField, match="topic: leader_flaps needs it"):
        cluster.control.scenario("leader_flaps", {})
    with pytest.raises(KafkaError, match="UNKNOWN_TOPIC_OR_PARTITION"):
        cluster.control.scenario("leader_flaps", {"topic": "nothing"})
