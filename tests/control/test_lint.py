"""What clients did that will hurt in production."""

from __future__ import annotations

from contextlib import suppress
from typing import Any

import pytest

from mockbroker.control.lint import RULES, Finding
from mockbroker.control.problems import BadField
from mockbroker.control.query import query
from mockbroker.core.waiting import Pending
from mockbroker.handlers import HANDLERS
from mockbroker.wire.caller import Disconnect
from protocol_specs import APIS
from protocol_specs.errors import ErrorCode
from protocol_specs.headers import REQUEST_HEADER, request_header
from protocol_specs.wire_types import WireError
from tests.control.clients import Client, Cluster, batch, decoded, fetch_fields, frame, produce_fields
from tests.control.test_states import member


@pytest.fixture
def cluster() -> Cluster:
    cluster = Cluster()
    cluster.core.cluster.create_topic("orders")
    cluster.core.cluster.create_topic("compacted", configs={"cleanup.policy": "compact"})
    cluster.control.journal.clear()
    return cluster


def found(cluster: Cluster, rule: str) -> list[Finding]:
    return cluster.control.lint([rule])


def commit(client: Client, offset: int, group: str = "g") -> None:
    topics = APIS[8].request.topics
    one = topics.partitions(partition_index=0, committed_offset=offset, committed_metadata="")
    client.ask("OffsetCommit", 2, group_id=group, topics=[topics(name="orders", partitions=[one])])


def beat(client: Client, api: str, epoch: int, instance_id: str | None = None) -> int:
    """The heartbeat of a member of a newer kind of group, which joins with 0 and leaves with -1; its error."""
    fields: dict[str, Any] = {"group_id": "g", "member_id": "m", "member_epoch": epoch, "rack_id": None}
    fields["subscribed_topic_names"] = ["orders"] if epoch == 0 else None
    if api == "ConsumerGroupHeartbeat":
        fields |= {"instance_id": instance_id, "server_assignor": None, "rebalance_timeout_ms": 60_000}
        fields["topic_partitions"] = [] if epoch == 0 else None
    answer = client.send(api, 1, **fields)
    # The coordinator's writes wait for one another, for a moment.
    client.cluster.advance(0.1)
    code: int = decoded(api, 1, answer.reply if isinstance(answer, Pending) else answer).error_code
    return code


def test_a_good_client_has_nothing_to_hear(cluster: Cluster, client: Client) -> None:
    more: dict[str, Any] = {"producer_id": 5, "producer_epoch": 0, "key": b"k"}
    for number in range(20):
        client.produce("orders", b"v", base_sequence=number, **more)
    client.produce("compacted", b"v", base_sequence=0, **more)
    client.fetch("orders", max_wait_ms=500)
    commit(client, 20)
    assert cluster.control.lint() == []


class TestProducers:
    @pytest.mark.parametrize(("acks", "rule"), [(0, "acks_0"), (1, "acks_1")])
    def test_acks(self, cluster: Cluster, client: Client, acks: int, rule: str) -> None:
        client.send("Produce", 9, **produce_fields({"orders": {0: batch(b"v")}}, acks=acks))
        (finding,) = found(cluster, rule)
        assert finding.client_id == "svc"
        assert finding.what == f"sent 1 Produce requests with acks={acks}"
        assert [exchange.api for exchange in finding.evidence] == ["Produce"]
        assert found(cluster, "acks_1" if acks == 0 else "acks_0") == []

    def test_no_idempotence(self, cluster: Cluster, client: Client) -> None:
        client.produce("orders", b"v")
        assert len(found(cluster, "no_idempotence")) == 1

    def test_tiny_batches(self, cluster: Cluster, client: Client) -> None:
        for _ in range(49):
            client.produce("orders", b"v")
        assert found(cluster, "tiny_batches") == []
        cluster.advance(2)
        for _ in range(50):
            client.produce("orders", b"v")
        assert len(found(cluster, "tiny_batches")) == 1

    def test_no_key_on_a_compacted_topic(self, cluster: Cluster, client: Client) -> None:
        assert client.produce("compacted", b"v").error_code == ErrorCode.INVALID_RECORD
        (finding,) = found(cluster, "no_key_on_compacted")
        assert "compacted topic compacted" in finding.what

    def test_an_open_transaction(self, cluster: Cluster, client: Client) -> None:
        client.ask("FindCoordinator", 4, key_type=1, coordinator_keys=["t"])
        fields: dict[str, Any] = {"transactional_id": "t", "transaction_timeout_ms": 60_000}
        begun = client.ask("InitProducerId", 4, producer_id=-1, producer_epoch=-1, **fields)
        producer = {"producer_id": begun.producer_id, "producer_epoch": begun.producer_epoch}
        topics = APIS[24].request.v3_and_below_topics
        client.ask(
            "AddPartitionsToTxn",
            3,
            v3_and_below_transactional_id="t",
            v3_and_below_producer_id=begun.producer_id,
            v3_and_below_producer_epoch=begun.producer_epoch,
            v3_and_below_topics=[topics(name="orders", partitions=[0])],
        )
        (finding,) = found(cluster, "open_transaction")
        assert finding.what == "left a transaction of 't' open"
        client.ask("EndTxn", 3, transactional_id="t", committed=True, **producer)
        assert found(cluster, "open_transaction") == []


class TestConsumers:
    def test_commit_per_record(self, cluster: Cluster, client: Client) -> None:
        client.produce("orders", *[b"v"] * 20)
        for offset in range(1, 10):
            commit(client, offset)
        assert found(cluster, "commit_per_record") == []
        commit(client, 10)
        (finding,) = found(cluster, "commit_per_record")
        assert finding.what == "committed orders-0 for group 'g' after each of 10 records"
        assert len(finding.evidence) == 10

    def test_commit_past_fetched(self, cluster: Cluster, client: Client) -> None:
        client.produce("orders", b"1", b"2", b"3")
        client.fetch("orders")
        commit(client, 3)
        assert found(cluster, "commit_past_fetched") == []
        commit(client, 5)
        (finding,) = found(cluster, "commit_past_fetched")
        assert finding.what == "committed orders-0 for group 'g' to 5, but fetched to 3 only"

    def test_never_leaves(self, cluster: Cluster, client: Client) -> None:
        member_id, _ = member(client, "g")
        assert found(cluster, "never_leaves") == []
        cluster.broker.disconnected(client.caller)
        (finding,) = found(cluster, "never_leaves")
        assert finding.what == f"was member {member_id!r} of group 'g', and went without leaving it"

    def test_leaves(self, cluster: Cluster, client: Client) -> None:
        member_id, _ = member(client, "g")
        client.ask("LeaveGroup", 1, group_id="g", member_id=member_id)
        cluster.broker.disconnected(client.caller)
        assert found(cluster, "never_leaves") == []

    @pytest.mark.parametrize("api", ["ConsumerGroupHeartbeat", "ShareGroupHeartbeat"])
    def test_groups_of_newer_kinds(self, cluster: Cluster, client: Client, api: str) -> None:
        assert beat(client, api, 0) == 0
        assert found(cluster, "never_leaves") == []
        cluster.broker.disconnected(client.caller)
        assert len(found(cluster, "never_leaves")) == 1
        assert beat(cluster.client("svc"), api, -1) == 0
        assert found(cluster, "never_leaves") == []

    def test_who_may_come_back_need_not_leave(self, cluster: Cluster, client: Client) -> None:
        assert beat(client, "ConsumerGroupHeartbeat", 0, instance_id="i") == 0
        cluster.broker.disconnected(client.caller)
        assert found(cluster, "never_leaves") == []

    def test_tiny_fetches(self, cluster: Cluster, client: Client) -> None:
        client.ask("Fetch", 12, **fetch_fields("orders", max_bytes=1000))
        assert len(found(cluster, "tiny_fetches")) == 1

    def test_busy_polling(self, cluster: Cluster, client: Client) -> None:
        for _ in range(20):
            client.fetch("orders", max_wait_ms=0)
        assert len(found(cluster, "busy_polling")) == 1


class TestRequests:
    def test_old_versions(self, cluster: Cluster, client: Client) -> None:
        for _ in range(2):
            old = frame("Produce", 2, "svc", **produce_fields({"orders": {0: b""}}))
            with pytest.raises(Disconnect):
                cluster.broker.receive(old, client.caller)
        (finding,) = found(cluster, "old_versions")
        assert finding.what == "asked for Produce v2"

    def test_metadata_storm(self, cluster: Cluster, client: Client) -> None:
        for _ in range(19):
            client.ask("Metadata", 12, topics=[])
        assert found(cluster, "metadata_storm") == []
        client.ask("Metadata", 12, topics=[])
        assert len(found(cluster, "metadata_storm")) == 1

    def test_retry_storm(self, cluster: Cluster, client: Client) -> None:
        cluster.control.fault(api="Produce", error="NOT_LEADER_OR_FOLLOWER", times=None)
        for _ in range(12):
            client.produce("orders", b"v")
        (finding,) = found(cluster, "retry_storm")
        assert finding.what == "repeated Produce 10 times within half a second after NOT_LEADER_OR_FOLLOWER"

    def test_no_storm_with_pauses(self, cluster: Cluster, client: Client) -> None:
        cluster.control.fault(api="Produce", error="NOT_LEADER_OR_FOLLOWER", times=None)
        for _ in range(12):
            client.produce("orders", b"v")
            cluster.advance(0.1)
        assert found(cluster, "retry_storm") == []

    def test_short_lived_clients(self, cluster: Cluster) -> None:
        for _ in range(10):
            one = cluster.client("svc")
            one.produce("orders", b"v")
            cluster.broker.disconnected(one.caller)
        (finding,) = found(cluster, "short_lived_clients")
        assert finding.what == "opened 10 connections for 8 requests or less each"

    def test_auto_created_topics(self, cluster: Cluster, client: Client) -> None:
        schema = APIS[3].request.topics
        for _ in range(2):
            client.ask("Metadata", 11, topics=[schema(name="typo")], allow_auto_topic_creation=True)
        (finding,) = found(cluster, "auto_created_topics")
        assert finding.what == "had the topic typo created by asking for it"


class TestChoice:
    def test_rules_and_what_is_ignored(self, cluster: Cluster, client: Client) -> None:
        client.produce("orders", b"v", acks=1)
        assert {finding.rule for finding in cluster.control.lint()} == {"acks_1", "no_idempotence"}
        assert [finding.rule for finding in cluster.control.lint(ignore=["acks_1"])] == ["no_idempotence"]
        assert [finding.rule for finding in cluster.control.lint(["all"], ["acks_1"])] == ["no_idempotence"]
        with pytest.raises(BadField, match="there is no rule 'acks'; choose from acks_0"):
            cluster.control.lint(["acks"])

    def test_a_finding_says_why_and_what_to_change(self, cluster: Cluster, client: Client) -> None:
        for _ in range(5):
            client.produce("orders", b"v", acks=1)
        (finding,) = found(cluster, "acks_1")
        lines = str(finding).splitlines()
        assert lines[0] == "acks_1: client 'svc' sent 5 Produce requests with acks=1"
        assert lines[1].startswith("  why: A record that only the leader has")
        assert lines[2].startswith("  change: acks=all")
        assert lines[3].startswith("    #1 Produce v9 svc@")
        assert lines[-1] == "    ... and 2 more"

    def test_no_request_is_too_strange(self, cluster: Cluster) -> None:
        """Whatever the API and version, rules can look at it: also at what nobody would send."""
        for key in HANDLERS:
            for version in {APIS[key].versions[0], APIS[key].versions[-1]}:
                client = cluster.client()
                header = REQUEST_HEADER(
                    request_api_key=key, request_api_version=version, correlation_id=7, client_id="svc"
                )
                sent = bytearray(request_header(key, version).build(header))
                with suppress(Disconnect, WireError):
                    body = APIS[key].request[version].write(APIS[key].request.default, sent)
                    cluster.broker.receive(bytearray(b"".join(body)), client.caller)
        cluster.control.lint()
        assert cluster.control.verify()
        assert len(cluster.control.journal.exchanges(query())) > 100

    def test_every_rule_is_tried_here(self) -> None:
        import sys

        own = sys.modules[__name__].__file__
        assert own is not None
        with open(own, encoding="utf-8") as file:
            text = file.read()
        assert [rule for rule in RULES if f'"{rule}"' not in text] == []
