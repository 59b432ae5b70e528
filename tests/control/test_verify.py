"""The history of records, from the journal alone."""

from __future__ import annotations

from typing import Any

import pytest

from mockbroker.control.verify import Report
from mockbroker.core import brokers
from mockbroker.wire.caller import Disconnect
from protocol_specs import APIS
from protocol_specs.errors import ErrorCode
from tests.control.clients import Client, Cluster, batch, produce_fields
from tests.control.test_lint import commit


@pytest.fixture
def cluster() -> Cluster:
    cluster = Cluster()
    cluster.core.cluster.create_topic("orders")
    return cluster


def only(report: Report, kind: str) -> Any:
    (violation,) = report.violations
    assert not report
    assert violation.kind == kind
    return violation


def test_a_good_history(cluster: Cluster, client: Client) -> None:
    client.produce("orders", b"1", b"2")
    client.produce("orders", b"3")
    client.fetch("orders")
    commit(client, 3)
    report = cluster.control.verify()
    assert report
    assert (report.acknowledged, report.fetched, report.is_complete) == (3, 3, True)
    assert str(report) == "0 violations among 3 acknowledged and 3 fetched records"


class TestLost:
    @pytest.fixture
    def cluster(self) -> Cluster:
        cluster = Cluster(brokers=3, default_replication_factor="3")
        cluster.core.cluster.create_topic("orders")
        return cluster

    def lose(self, cluster: Cluster, acks: int) -> tuple[Client, Any]:
        """Let the leader die with a record that nobody else has."""
        partition = cluster.core.cluster.partition("orders", 0)
        first = cluster.client("svc", partition.leader)
        first.produce("orders", b"kept")
        partition.pause()
        first.produce("orders", b"lost", acks=acks)
        brokers.kill(cluster.core.cluster, partition.leader)
        partition.resume()
        return cluster.client("svc", partition.leader), partition

    def test_another_record_in_its_place(self, cluster: Cluster) -> None:
        client, _ = self.lose(cluster, acks=1)
        client.produce("orders", b"other")
        client.fetch("orders")
        violation = only(cluster.control.verify(), "lost")
        assert (violation.topic, violation.partition, violation.offsets) == ("orders", 0, [1])
        assert [exchange.api for exchange in violation.evidence] == ["Produce", "Fetch"]

    def test_not_before_somebody_looked(self, cluster: Cluster) -> None:
        client, _ = self.lose(cluster, acks=1)
        client.produce("orders", b"other")
        assert cluster.control.verify()

    def test_a_high_watermark_that_sank(self, cluster: Cluster, client: Client) -> None:
        partition = cluster.core.cluster.partition("orders", 0)
        client = cluster.client("svc", partition.leader)
        client.produce("orders", b"1", b"2")
        snapshot = cluster.control.snapshots.take()
        client.produce("orders", b"3", b"4")
        cluster.control.snapshots.restore(snapshot)
        client.fetch("orders")
        violation = only(cluster.control.verify(), "lost")
        assert violation.offsets == [2, 3]
        assert "then the high watermark was 2" in violation.what

    def test_a_restored_snapshot_is_nobodys_loss(self, cluster: Cluster) -> None:
        client = cluster.client("svc", cluster.core.cluster.partition("orders", 0).leader)
        snapshot = cluster.control.snapshots.take()
        client.produce("orders", b"3")
        cluster.control.restore(snapshot)
        client.produce("orders", b"4")
        client.fetch("orders")
        report = cluster.control.verify()
        assert report
        assert report.acknowledged == 1

    def test_a_topic_that_is_deleted_and_made_again(self, cluster: Cluster) -> None:
        client = cluster.client("svc", cluster.core.cluster.partition("orders", 0).leader)
        client.produce("orders", b"1")
        client.ask("DeleteTopics", 5, topic_names=["orders"], timeout_ms=1000)
        cluster.core.cluster.create_topic("orders")
        client = cluster.client("svc", cluster.core.cluster.partition("orders", 0).leader)
        client.produce("orders", b"2")
        client.fetch("orders")
        assert cluster.control.verify()


class TestDuplicated:
    def test_a_retry_after_a_lost_answer(self, cluster: Cluster, client: Client) -> None:
        cluster.control.fault(api="Produce", disconnect=True, at="after")
        with pytest.raises(Disconnect):
            client.produce("orders", b"v")
        client.produce("orders", b"v")
        client.fetch("orders")
        violation = only(cluster.control.verify(), "duplicated")
        assert violation.offsets == [0, 1]
        assert "client 'svc' sent it 2 times" in violation.what

    def test_not_with_idempotence(self, cluster: Cluster, client: Client) -> None:
        more: dict[str, Any] = {"producer_id": 5, "producer_epoch": 0, "base_sequence": 0}
        cluster.control.fault(api="Produce", drop="response")
        client.send("Produce", 9, **produce_fields({"orders": {0: batch(b"v", **more)}}))
        client.produce("orders", b"v", **more)
        client.fetch("orders")
        assert cluster.control.verify()

    def test_not_what_is_sent_twice_on_purpose(self, cluster: Cluster, client: Client) -> None:
        client.produce("orders", b"v")
        client.produce("orders", b"v")
        client.fetch("orders")
        assert cluster.control.verify()


class TestReordered:
    def test_a_retry_that_is_overtaken(self, cluster: Cluster, client: Client) -> None:
        cluster.control.fault(api="Produce", error="NOT_LEADER_OR_FOLLOWER")
        assert client.produce("orders", b"first", key=b"k").error_code == ErrorCode.NOT_LEADER_OR_FOLLOWER
        client.produce("orders", b"second", key=b"k")
        client.produce("orders", b"first", key=b"k")
        violation = only(cluster.control.verify(), "reordered")
        assert violation.offsets == [1, 0]
        assert "records of key b'k' among them" in violation.what

    def test_not_where_nothing_came_between(self, cluster: Cluster, client: Client) -> None:
        cluster.control.fault(api="Produce", error="NOT_LEADER_OR_FOLLOWER")
        client.produce("orders", b"first")
        client.produce("orders", b"first")
        client.produce("orders", b"second")
        assert cluster.control.verify()


class TestSkipped:
    def test_a_commit_past_what_was_given(self, cluster: Cluster, client: Client) -> None:
        consumer = cluster.client("consumer")
        client.produce("orders", b"1")
        consumer.fetch("orders")
        client.produce("orders", b"2", b"3")
        commit(consumer, 3)
        violation = only(cluster.control.verify(), "skipped")
        assert violation.offsets == [1, 2]
        assert "group 'g' committed 3" in violation.what

    def test_not_what_another_member_was_given(self, cluster: Cluster, client: Client) -> None:
        one, other = cluster.client("one"), cluster.client("other")
        client.produce("orders", b"1", b"2")
        one.fetch("orders")
        commit(one, 1)
        other.fetch("orders")
        commit(other, 2)
        assert cluster.control.verify()


class TestUncommitted:
    def transaction(self, cluster: Cluster, client: Client, *, is_commit: bool) -> None:
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
        records = batch(b"v", is_transactional=True, base_sequence=0, **producer)
        reply = client.ask("Produce", 9, **produce_fields({"orders": {0: records}}, transactional_id="t"))
        assert reply.responses[0].partition_responses[0].error_code == 0
        assert client.ask("EndTxn", 3, transactional_id="t", committed=is_commit, **producer).error_code == 0
        cluster.advance(1)

    @pytest.mark.parametrize(
        ("is_commit", "isolation_level", "is_bad"),
        [(False, 0, True), (False, 1, False), (True, 0, False)],
    )
    def test_what_was_aborted(
        self, cluster: Cluster, client: Client, is_commit: bool, isolation_level: int, is_bad: bool
    ) -> None:
        self.transaction(cluster, client, is_commit=is_commit)
        cluster.client("reader").fetch("orders", isolation_level=isolation_level)
        report = cluster.control.verify()
        if is_bad:
            violation = only(report, "uncommitted")
            assert violation.offsets == [0]
            assert "client 'reader'" in violation.what
        else:
            assert report


def test_a_journal_without_its_beginning_says_so(cluster: Cluster, client: Client) -> None:
    client.produce("orders", b"1")
    cluster.control.journal.max_count = 10
    for _ in range(100):
        client.produce("orders", b"1")
    report = cluster.control.verify()
    assert not report.is_complete
    assert "the beginning of the journal is gone" in str(report)
