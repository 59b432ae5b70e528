"""Snapshots, the way back, and that the same seed gives the same cluster."""

from __future__ import annotations

import itertools
import sys
from enum import Enum
from types import MappingProxyType
from typing import Any

import pytest

from mockbroker.control.control import Control
from mockbroker.control.memento import left_alone
from mockbroker.core import brokers
from mockbroker.core.waiting import Pending
from protocol_specs import APIS
from protocol_specs.errors import ErrorCode
from tests.control.clients import Client, Cluster, batch, decoded, fetch_fields, produce_fields
from tests.handlers.sharing import Member, make_desk, make_ready


@pytest.fixture
def cluster() -> Cluster:
    cluster = Cluster(brokers=3, default_replication_factor="3")
    cluster.core.cluster.create_topic("orders", partitions=2)
    return cluster


@pytest.fixture
def client(cluster: Cluster) -> Client:
    topic = cluster.core.cluster.topics["orders"]
    return cluster.client("svc", topic.partitions[0].leader)


def join(client: Client, group: str, member_id: str = "", **more: Any) -> Any:
    """A JoinGroup of a consumer."""
    protocols = [APIS[11].request.protocols(name="range", metadata=b"")]
    return client.send(
        "JoinGroup",
        5,
        group_id=group,
        session_timeout_ms=10_000,
        rebalance_timeout_ms=60_000,
        member_id=member_id,
        protocol_type="consumer",
        protocols=protocols,
        **more,
    )


def member(client: Client, group: str) -> tuple[str, int]:
    """A consumer that is alone in a stable group: its member id and generation."""
    member_id = decoded("JoinGroup", 5, join(client, group)).member_id
    answer = join(client, group, member_id)
    client.cluster.advance(3)
    joined = decoded("JoinGroup", 5, answer.reply if isinstance(answer, Pending) else answer)
    assignments = [APIS[14].request.assignments(member_id=member_id, assignment=b"mine")]
    fields = {"group_id": group, "generation_id": joined.generation_id, "member_id": member_id}
    assert client.ask("SyncGroup", 3, assignments=assignments, **fields).error_code == 0
    return member_id, joined.generation_id


def coordinator(cluster: Cluster, group: str) -> Client:
    return cluster.client("member", cluster.core.groups.find_coordinator(group))


def values(cluster: Cluster) -> list[bytes | None]:
    return [record.value for record in cluster.control.commands.records("orders")]


class TestRestore:
    def test_topics_records_offsets_and_time(self, cluster: Cluster, client: Client) -> None:
        client.produce("orders", b"before")
        at = cluster.core.clock.now
        snapshot = cluster.control.snapshots.take()
        for _ in range(2):
            cluster.advance(100)
            client.produce("orders", b"after")
            cluster.core.cluster.create_topic("new")
            cluster.core.cluster.delete_topic("orders")
            cluster.control.snapshots.restore(snapshot)
            assert set(cluster.control.commands.topics()) == {"orders"}
            assert values(cluster) == [b"before"]
            assert cluster.core.clock.now == at
        assert client.produce("orders", b"again").base_offset == 1
        state = cluster.control.commands.partition("orders", 0)
        assert state.high_watermark == 2

    def test_where_batches_of_other_sizes_end(self, cluster: Cluster) -> None:
        commands = cluster.control.commands
        snapshot = cluster.control.snapshots.take()
        commands.produce("orders", b"a long one", None, [], 0, None)
        cluster.control.snapshots.restore(snapshot)
        for value in (b"a", b"b"):
            commands.produce("orders", value, None, [], 0, None)
        assert [record.value for record in commands.records("orders")] == [b"a", b"b"]

    def test_groups_and_their_sessions(self, cluster: Cluster) -> None:
        client = coordinator(cluster, "g")
        member_id, generation = member(client, "g")
        fields = {"group_id": "g", "generation_id": generation, "member_id": member_id}
        snapshot = cluster.control.snapshots.take()
        cluster.advance(60)
        assert cluster.control.inspection.group("g").state == "Empty"
        cluster.control.snapshots.restore(snapshot)
        assert cluster.control.inspection.group("g").state == "Stable"
        assert client.ask("Heartbeat", 4, **fields).error_code == 0
        cluster.advance(60)
        assert client.ask("Heartbeat", 4, **fields).error_code == ErrorCode.UNKNOWN_MEMBER_ID

    def test_idempotent_producers(self, cluster: Cluster, client: Client) -> None:
        more = {"producer_id": 5, "producer_epoch": 0}
        client.produce("orders", b"1", base_sequence=0, **more)
        snapshot = cluster.control.snapshots.take()
        client.produce("orders", b"2", base_sequence=1, **more)
        cluster.control.snapshots.restore(snapshot)
        assert client.produce("orders", b"2", base_sequence=1, **more).base_offset == 1
        wrong = client.produce("orders", b"4", base_sequence=3, **more)
        assert wrong.error_code == ErrorCode.OUT_OF_ORDER_SEQUENCE_NUMBER

    def test_a_transaction_that_was_open_can_be_ended(self, cluster: Cluster) -> None:
        client = cluster.client()
        found = client.ask("FindCoordinator", 4, key_type=1, coordinator_keys=["t"]).coordinators[0]
        at_coordinator = cluster.client("tx", found.node_id)
        fields: dict[str, Any] = {"transactional_id": "t", "transaction_timeout_ms": 60_000}
        begun = at_coordinator.ask("InitProducerId", 4, producer_id=-1, producer_epoch=-1, **fields)
        producer = {"producer_id": begun.producer_id, "producer_epoch": begun.producer_epoch}
        topics = APIS[24].request.v3_and_below_topics
        at_coordinator.ask(
            "AddPartitionsToTxn",
            3,
            v3_and_below_transactional_id="t",
            v3_and_below_producer_id=begun.producer_id,
            v3_and_below_producer_epoch=begun.producer_epoch,
            v3_and_below_topics=[topics(name="orders", partitions=[0])],
        )
        snapshot = cluster.control.snapshots.take()
        for committed, state in ((True, "CompleteCommit"), (False, "CompleteAbort")):
            assert cluster.control.inspection.transactions()[0].state == "Ongoing"
            reply = at_coordinator.ask("EndTxn", 3, transactional_id="t", committed=committed, **producer)
            assert reply.error_code == 0
            cluster.advance(1)
            assert cluster.control.inspection.transactions()[0].state == state
            cluster.control.snapshots.restore(snapshot)

    def test_brokers_leaders_and_isr(self, cluster: Cluster) -> None:
        before = cluster.control.commands.partition("orders", 0)
        snapshot = cluster.control.snapshots.take()
        brokers.kill(cluster.core.cluster, before.leader)
        assert cluster.control.commands.partition("orders", 0).leader != before.leader
        cluster.control.snapshots.restore(snapshot)
        assert cluster.control.commands.partition("orders", 0) == before
        assert cluster.core.cluster.nodes[before.leader].is_running

    def test_configs(self, cluster: Cluster) -> None:
        snapshot = cluster.control.snapshots.take()
        topic = cluster.core.cluster.topics["orders"]
        cluster.core.cluster.set_topic_configs(topic, {"retention.ms": "1000"})
        cluster.control.snapshots.restore(snapshot)
        assert topic.config.retention_ms != 1000
        assert topic.overrides == {}

    def test_reset_goes_to_the_beginning_but_not_back_in_time(self, cluster: Cluster, client: Client) -> None:
        cluster.control.begin()
        cluster.control.fault(api="Fetch", error=6)
        client.produce("orders", b"v")
        cluster.advance(1000)
        now = cluster.core.clock.now
        alarms = len(cluster.core.clock._alarms)
        cluster.control.reset(now)
        assert cluster.core.clock.now == now
        assert values(cluster) == []
        assert list(cluster.control.faults) == []
        assert len(cluster.control.journal) == 0
        assert cluster.broker.faults is None
        due = cluster.core.clock.next_alarm
        assert due is not None
        assert due > now
        assert len(cluster.core.clock._alarms) <= alarms + 3


class TestWaitingRequests:
    """Those that wait at the time."""

    def fetch(self, client: Client, **more: Any) -> Any:
        fields = fetch_fields("orders", max_wait_ms=30_000)
        answer = client.send("Fetch", 12, **{**fields, **more})
        assert isinstance(answer, Pending)
        return answer

    def test_one_that_waited_then_too_goes_on(self, cluster: Cluster, client: Client) -> None:
        waiting = self.fetch(client)
        snapshot = cluster.control.snapshots.take()
        cluster.advance(5)
        cluster.control.snapshots.restore(snapshot)
        assert not waiting.is_settled
        assert len(cluster.broker.parked) == 1
        cluster.client("other", client.caller.node_id).produce("orders", b"v")
        assert waiting.is_settled
        assert not cluster.broker.parked

    def test_one_that_began_later_is_asked_anew(self, cluster: Cluster, client: Client) -> None:
        cluster.client("other", client.caller.node_id).produce("orders", b"v")
        snapshot = cluster.control.snapshots.take()
        waiting = self.fetch(client, **fetch_fields("orders", 1, max_wait_ms=30_000))
        cluster.advance(5)
        cluster.control.snapshots.restore(snapshot)
        assert not waiting.is_settled
        cluster.client("other", client.caller.node_id).produce("orders", b"v")
        assert isinstance(waiting.reply, list)

    def test_one_that_finds_something_else_in_the_restored_state_is_answered(
        self, cluster: Cluster, client: Client
    ) -> None:
        snapshot = cluster.control.snapshots.take()
        cluster.client("other", client.caller.node_id).produce("orders", b"v")
        waiting = self.fetch(client, **fetch_fields("orders", 1, max_wait_ms=30_000))
        cluster.control.snapshots.restore(snapshot)
        reply = decoded("Fetch", 12, waiting.reply)
        assert reply.responses[0].partitions[0].error_code == ErrorCode.OFFSET_OUT_OF_RANGE

    def test_one_that_was_answered_since_is_not_answered_again(
        self, cluster: Cluster, client: Client
    ) -> None:
        waiting = self.fetch(client)
        snapshot = cluster.control.snapshots.take()
        other = cluster.client("other", client.caller.node_id)
        other.produce("orders", b"v")
        reply = waiting.reply
        cluster.control.snapshots.restore(snapshot)
        assert waiting.is_settled
        other.produce("orders", b"w")
        cluster.advance(60)
        assert waiting.reply is reply
        assert not cluster.broker.parked

    def test_one_whose_client_is_gone(self, cluster: Cluster, client: Client) -> None:
        waiting = self.fetch(client)
        snapshot = cluster.control.snapshots.take()
        waiting.abandon()
        cluster.control.snapshots.restore(snapshot)
        cluster.client("other", client.caller.node_id).produce("orders", b"v")
        cluster.advance(60)
        assert waiting.reply is None
        assert not cluster.core.waiting._waiters

    def test_a_client_that_has_gone_since_goes_once_more(self) -> None:
        desk = make_desk()
        make_ready(desk)
        control = Control(desk.broker)
        member = Member(desk)
        desk.broker.connected(member.client.caller)
        member.fetch(max_wait_ms=0)
        snapshot = control.snapshots.take()
        desk.broker.disconnected(member.client.caller)
        control.snapshots.restore(snapshot)
        assert len(desk.core.share_partitions.sessions(1)) == 0

    def test_a_delayed_one_goes_on(self, cluster: Cluster, client: Client) -> None:
        snapshot = cluster.control.snapshots.take()
        cluster.control.fault(api="Produce", delay=5)
        answer = client.send("Produce", 9, **produce_fields({"orders": {0: batch(b"v")}}))
        cluster.advance(2)
        cluster.control.snapshots.restore(snapshot)
        cluster.advance(2.9)
        assert not answer.is_settled
        cluster.advance(0.2)
        assert isinstance(answer.reply, list)
        assert values(cluster) == [b"v"]

    def test_a_delay_that_was_over_does_not_come_back(self, cluster: Cluster, client: Client) -> None:
        cluster.control.fault(api="Produce", delay=5)
        client.send("Produce", 9, **produce_fields({"orders": {0: batch(b"v")}}))
        snapshot = cluster.control.snapshots.take()
        cluster.advance(10)
        cluster.control.snapshots.restore(snapshot)
        cluster.advance(10)
        assert values(cluster) == []

    def test_a_join_that_began_later(self, cluster: Cluster) -> None:
        client = coordinator(cluster, "g")
        first, _ = member(client, "g")
        snapshot = cluster.control.snapshots.take()
        other = cluster.client("second", client.caller.node_id)
        second = decoded("JoinGroup", 5, join(other, "g")).member_id
        joining = join(other, "g", second)
        assert isinstance(joining, Pending)
        cluster.control.snapshots.restore(snapshot)
        # The restored group has not seen the member id that was given to it.
        assert decoded("JoinGroup", 5, joining.reply).error_code == ErrorCode.UNKNOWN_MEMBER_ID
        group = cluster.control.inspection.group("g")
        assert (group.state, [one.member_id for one in group.members]) == ("Stable", [first])


def test_a_long_log_goes_back_too() -> None:
    cluster = Cluster(log_segment_bytes="1048576")
    cluster.core.cluster.create_topic("orders")
    client = cluster.client()
    for number in range(50):
        client.produce("orders", b"%d" % number * 20_000)
    before = cluster.control.commands.records("orders")
    snapshot = cluster.control.snapshots.take()
    for _ in range(2):
        for number in range(80):
            client.produce("orders", b"%d" % number * 20_000)
        cluster.control.snapshots.restore(snapshot)
        assert cluster.control.commands.records("orders") == before
        assert client.produce("orders", b"x").base_offset == 50
        assert client.fetch("orders", 49).records
        cluster.control.snapshots.restore(snapshot)


def test_no_class_of_the_cluster_is_overlooked(cluster: Cluster, client: Client) -> None:
    """Whoever keeps state in a class that `Memento` does not know has to tell it how that is put back."""
    script(cluster)
    client.send("Fetch", 12, **fetch_fields("orders", max_wait_ms=30_000))
    cluster.control.snapshots.take()
    known = {
        *(bool, bytearray, bytes, complex, float, int, memoryview, range, str, type, type(None)),
        *(type(len), type(str.join), type(sys), type(int.from_bytes), property),
        # A view on what does not change, and what only counts and need not go back.
        MappingProxyType,
        itertools.count,
    }
    strange = [
        kind
        for kind in left_alone()
        if kind not in known
        and not issubclass(kind, (Enum, type))
        and not kind.__module__.startswith(("protocol_specs.", "mockbroker.", "tests."))
    ]
    assert strange == []
    outside = {
        kind.__name__
        for kind in left_alone()
        if kind.__module__.startswith("mockbroker.") and not issubclass(kind, Enum)
    }
    never_changing = {"Catalog", "Definition", "DefinitionTable", "LogConfig"}
    assert outside <= {"Broker", "Caller", "Parked", "Pauses", "TopicNames"} | never_changing


def script(cluster: Cluster) -> list[Any]:
    """Some of everything; the answers."""
    client = cluster.client("svc")
    answers = []
    schema = APIS[19].request.topics
    more: dict[str, Any] = {"num_partitions": 4, "replication_factor": 3, "assignments": [], "configs": []}
    topics = [schema(name=name, **more) for name in ("a", "b")]
    answers.append(client.send("CreateTopics", 7, topics=topics, timeout_ms=1000))
    answers.append(client.send("Metadata", 12, topics=None))
    for index in range(4):
        leader = cluster.core.cluster.topics["a"].partitions[index].leader
        at_leader = cluster.client("svc", leader)
        answers.append(at_leader.send("Produce", 9, **produce_fields({"a": {index: batch(b"v", b"w")}})))
        answers.append(at_leader.send("Fetch", 12, **fetch_fields("a", partition=index)))
    at_coordinator = coordinator(cluster, "g")
    member_id = decoded("JoinGroup", 5, join(at_coordinator, "g")).member_id
    answers.append(join(at_coordinator, "g", member_id))
    cluster.advance(5)
    fields = {"transactional_id": None, "transaction_timeout_ms": 1, "producer_id": -1, "producer_epoch": -1}
    answers.append(client.send("InitProducerId", 4, **fields))
    brokers.kill(cluster.core.cluster, 2)
    cluster.advance(20)
    answers.append(client.send("Metadata", 12, topics=None))
    return [
        b"".join(answer.reply if isinstance(answer, Pending) else answer) if answer is not None else None
        for answer in answers
    ]


class TestDeterminism:
    def make(self, seed: int) -> Cluster:
        return Cluster(brokers=3, seed=seed, default_replication_factor="3")

    def test_the_same_seed_gives_the_same_bytes(self) -> None:
        assert script(self.make(7)) == script(self.make(7))
        assert script(self.make(7)) != script(self.make(8))

    def test_a_restored_snapshot_repeats_itself(self) -> None:
        cluster = self.make(7)
        snapshot = cluster.control.snapshots.take()
        first = script(cluster)
        cluster.control.snapshots.restore(snapshot)
        assert script(cluster) == first

    def test_but_not_without_a_seed(self) -> None:
        cluster = self.make(7)
        cluster.control.snapshots._is_seeded = False
        snapshot = cluster.control.snapshots.take()
        cluster.core.cluster.create_topic("a")
        first = cluster.core.cluster.topics["a"].id
        cluster.control.snapshots.restore(snapshot)
        cluster.core.cluster.create_topic("a")
        assert cluster.core.cluster.topics["a"].id != first
