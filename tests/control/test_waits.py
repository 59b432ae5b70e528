"""Waiting until something is so."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from typing import Any

import pytest
import trio

from mockbroker import BadField, KafkaError, MockCluster, WaitTimeout, open_cluster
from mockbroker.control.waits import Wait, Watch
from tests.control.clients import Client, Cluster, batch, produce_fields


@pytest.fixture
def cluster() -> Cluster:
    cluster = Cluster()
    cluster.core.cluster.create_topic("orders", partitions=2)
    return cluster


class Waiting:
    """A wait on a cluster that is told the time."""

    def __init__(self, cluster: Cluster, wait: Wait) -> None:
        self.outcomes: list[tuple[Any, BaseException | None]] = []
        self.watch = Watch(wait, cluster.control.watchers, lambda *outcome: self.outcomes.append(outcome))
        self.watch.begin()

    @property
    def found(self) -> Any:
        ((found, error),) = self.outcomes
        assert error is None
        return found


def commit(client: Client, group: str, offset: int, partition: int = 0) -> None:
    from protocol_specs import APIS

    topics = APIS[8].request.topics
    one = topics.partitions(partition_index=partition, committed_offset=offset, committed_metadata="")
    client.ask("OffsetCommit", 2, group_id=group, topics=[topics(name="orders", partitions=[one])])


class TestWhatCanBeWaitedFor:
    def test_requests(self, cluster: Cluster, client: Client) -> None:
        waiting = Waiting(cluster, cluster.control.waits.requests(2, api="Produce", client_id="svc"))
        client.produce("orders", b"1")
        cluster.client("other").produce("orders", b"2")
        assert waiting.outcomes == []
        client.produce("orders", b"3")
        assert [exchange.api for exchange in waiting.found] == ["Produce", "Produce"]

    def test_requests_that_are_not_answered_yet(self, cluster: Cluster, client: Client) -> None:
        from tests.control.clients import fetch_fields

        waiting = Waiting(cluster, cluster.control.waits.requests(1, api="Fetch"))
        client.send("Fetch", 12, **fetch_fields("orders", max_wait_ms=500))
        assert waiting.found

    def test_requests_on_which_faults_act(self, cluster: Cluster, client: Client) -> None:
        cluster.control.fault(api="Produce", drop="request")
        waiting = Waiting(cluster, cluster.control.waits.requests(1, api="Produce"))
        client.send("Produce", 9, **produce_fields({"orders": {0: batch(b"v")}}))
        assert waiting.found

    def test_records(self, cluster: Cluster, client: Client) -> None:
        anywhere = Waiting(cluster, cluster.control.waits.records("orders", 2))
        in_one = Waiting(cluster, cluster.control.waits.records("orders", 2, partition=0))
        client.produce("orders", b"1")
        client.produce("orders", b"2", partition=1)
        assert [record.value for record in anywhere.found] == [b"1", b"2"]
        assert in_one.outcomes == []
        client.produce("orders", b"3")
        assert len(in_one.found) == 2

    def test_records_of_a_topic_that_is_yet_to_be_created(self, cluster: Cluster) -> None:
        waiting = Waiting(cluster, cluster.control.waits.records("new", 1))
        cluster.control.commands.produce("new", b"v", None, [], None, None)
        cluster.broker.flush()
        assert waiting.found

    def test_committed(self, cluster: Cluster, client: Client) -> None:
        client.produce("orders", b"1", b"2")
        to_end = Waiting(cluster, cluster.control.waits.committed("g", "orders"))
        to_one = Waiting(cluster, cluster.control.waits.committed("g", "orders", to=1))
        both = Waiting(cluster, cluster.control.waits.committed("g", "orders", to=1, partition=1))
        commit(client, "g", 1)
        assert to_one.found["orders", 0].offset == 1
        assert to_end.outcomes == []
        commit(client, "g", 2)
        assert to_end.found["orders", 0].offset == 2
        assert both.outcomes == []
        commit(client, "g", 1, partition=1)
        assert both.found

    def test_a_group(self, cluster: Cluster, client: Client) -> None:
        waiting = Waiting(cluster, cluster.control.waits.group("g", state="empty", type="classic", members=0))
        commit(client, "g", 0)
        assert waiting.found.state == "Empty"

    def test_connections(self, cluster: Cluster) -> None:
        two = Waiting(cluster, cluster.control.waits.connections(at_least=2, client_id="w*"))
        first, second = cluster.client("w1"), cluster.client("w2")
        first.produce("orders", b"v")
        assert two.outcomes == []
        second.produce("orders", b"v")
        assert [each.client_id for each in two.found] == ["w1", "w2"]
        none = Waiting(cluster, cluster.control.waits.connections(at_most=0, client_id="w*"))
        cluster.broker.disconnected(first.caller)
        assert none.outcomes == []
        cluster.broker.disconnected(second.caller)
        assert none.found == []

    def test_a_transaction(self, cluster: Cluster, client: Client) -> None:
        client.ask("FindCoordinator", 4, key_type=1, coordinator_keys=["t"])
        waiting = Waiting(cluster, cluster.control.waits.transaction("t", state="Empty"))
        client.ask(
            "InitProducerId",
            4,
            transactional_id="t",
            transaction_timeout_ms=1000,
            producer_id=-1,
            producer_epoch=-1,
        )
        assert waiting.found.transactional_id == "t"

    def test_a_partition(self) -> None:
        cluster = Cluster(brokers=3, default_replication_factor="3")
        cluster.core.cluster.create_topic("orders")
        before = cluster.control.commands.partition("orders", 0)
        waits = cluster.control.waits
        isr = Waiting(cluster, waits.partition("orders", 0, isr=2))
        exactly = Waiting(cluster, waits.partition("orders", 0, isr=sorted({1, 2, 3} - {before.leader})))
        leader = Waiting(cluster, waits.partition("orders", 0, leader=before.isr[1]))
        from mockbroker.core import brokers

        brokers.kill(cluster.core.cluster, before.leader)
        cluster.broker.flush()
        assert isr.found == exactly.found
        assert leader.outcomes or cluster.control.commands.partition("orders", 0).leader != before.isr[1]

    def test_what_becomes_so_by_an_alarm(self, cluster: Cluster, client: Client) -> None:
        cluster.control.fault(api="Produce", delay=5)
        waiting = Waiting(cluster, cluster.control.waits.records("orders", 1))
        client.send("Produce", 9, **produce_fields({"orders": {0: batch(b"v")}}))
        cluster.advance(4)
        assert waiting.outcomes == []
        cluster.advance(2)
        assert waiting.found

    def test_it_looks_no_more_when_it_has_ended(self, cluster: Cluster, client: Client) -> None:
        waiting = Waiting(cluster, cluster.control.waits.requests(1, api="Produce"))
        given_up = Waiting(cluster, cluster.control.waits.requests(1, api="Produce"))
        given_up.watch.end()
        assert len(cluster.control.watchers) == 1
        client.produce("orders", b"1")
        client.produce("orders", b"1")
        assert waiting.found
        assert given_up.outcomes == []
        assert cluster.control.watchers == []

    def test_what_makes_no_sense(self, cluster: Cluster) -> None:
        waits = cluster.control.waits
        wrong: list[Callable[[], object]] = [
            lambda: waits.group("g"),
            lambda: waits.committed("g", "orders", to="begin"),
            lambda: waits.connections(),
            lambda: waits.partition("orders", 0),
            lambda: waits.requests(1, api="Produze"),
        ]
        for wait in wrong:
            with pytest.raises(BadField):
                wait()

    def test_an_error_ends_it(self, cluster: Cluster, client: Client) -> None:
        waiting = Waiting(cluster, cluster.control.waits.partition("orders", 1, leader=9))
        cluster.core.cluster.delete_topic("orders")
        cluster.broker.flush()
        ((_, error),) = waiting.outcomes
        assert isinstance(error, KafkaError)


class TestWhatAFailureSays:
    def text(self, cluster: Cluster, wait: Wait) -> str:
        return str(cluster.control.waits.timeout(wait, 1.5))

    def test_of_a_group(self, cluster: Cluster, client: Client) -> None:
        client.ask("Heartbeat", 4, group_id="billing", generation_id=1, member_id="m")
        assert self.text(cluster, cluster.control.waits.group("billing", state="Stable", members=2)) == (
            "waited 1.5 s for group 'billing' with state Stable, members 2\n"
            "  now: group 'billing' is Dead with 0 members\n"
            "  the last requests about it:\n"
            f"    #1 Heartbeat v4 svc@{client.caller.connection_id} -> broker 1 (group billing): UNKNOWN_MEMBER_ID"
        )

    def test_of_commits(self, cluster: Cluster, client: Client) -> None:
        client.produce("orders", b"1", b"2")
        commit(client, "g", 1)
        text = self.text(cluster, cluster.control.waits.committed("g", "orders"))
        assert "now: orders-0: 1 of 2; group 'g' is Empty with 0 members" in text
        assert "OffsetCommit" in text

    def test_of_requests_of_which_there_are_none(self, cluster: Cluster, client: Client) -> None:
        client.produce("orders", b"1")
        text = self.text(cluster, cluster.control.waits.requests(3, api="Fetch", client_id="svc"))
        assert "waited 1.5 s for 3 requests with api='Fetch', client_id='svc'\n  now: 0 were seen" in text
        assert "no request was about it; the last ones were:\n    #0 FindCoordinator" in text

    @pytest.mark.parametrize(
        ("wait", "now"),
        [
            (lambda waits: waits.records("orders", 3), "0 are there"),
            (lambda waits: waits.connections(at_least=9), "2 are open"),
            (lambda waits: waits.transaction("t", state="Ongoing"), "there is no such id"),
            (lambda waits: waits.partition("orders", 0, isr=3), "leader 1, isr [1], high watermark 0"),
        ],
    )
    def test_of_others(self, cluster: Cluster, client: Client, wait: Callable[[Any], Wait], now: str) -> None:
        assert f"now: {now}" in self.text(cluster, wait(cluster.control.waits))


class TestInAThread:
    @pytest.fixture
    def kafka(self) -> Iterator[MockCluster]:
        with MockCluster(topics={"orders": 1}) as kafka:
            yield kafka

    def test_it_returns_at_once_what_is_so_already(self, kafka: MockCluster) -> None:
        kafka.produce("orders", b"v")
        assert [record.value for record in kafka.wait_until_records("orders", 1, timeout=0)] == [b"v"]

    def test_it_is_woken_by_another_thread(self, kafka: MockCluster) -> None:
        threading.Timer(0.05, lambda: kafka.produce("orders", b"v")).start()
        began = time.monotonic()
        assert kafka.wait_until_records("orders", 1, timeout=10)
        assert time.monotonic() - began < 5

    def test_it_ends_in_real_time_while_the_clock_stands(self, kafka: MockCluster) -> None:
        kafka.clock.pause()
        began = time.monotonic()
        with pytest.raises(WaitTimeout, match=r"waited 0\.05 s for 1 records in orders\n  now: 0 are there"):
            kafka.wait_until_records("orders", 1, timeout=0.05)
        assert 0.04 < time.monotonic() - began < 2
        assert kafka._served.control.watchers == []

    def test_an_error_is_raised(self, kafka: MockCluster) -> None:
        with pytest.raises(KafkaError, match="UNKNOWN_TOPIC_OR_PARTITION"):
            kafka.wait_until_partition("nothing", 0, isr=1)

    def test_not_in_the_clusters_own_thread(self, kafka: MockCluster) -> None:
        with pytest.raises(RuntimeError, match="the cluster runs in this thread"):
            kafka._call(lambda: kafka.wait_until_records("orders", 1))

    def test_every_kind(self, kafka: MockCluster) -> None:
        kafka.produce("orders", b"v")
        assert kafka.wait_until_partition("orders", 0, high_watermark=1).leader == 1
        assert kafka.wait_until_connections(at_most=0) == []
        assert kafka.wait_until_requests(0) == []
        for wait in (
            lambda: kafka.wait_until_group("g", state="Stable", timeout=0),
            lambda: kafka.wait_until_committed("g", "orders", timeout=0),
            lambda: kafka.wait_until_transaction("t", state="Ongoing", timeout=0),
        ):
            with pytest.raises(WaitTimeout):
                wait()


def test_in_a_trio_task() -> None:
    async def main() -> None:
        async with open_cluster(topics={"orders": 1}) as kafka, trio.open_nursery() as nursery:

            async def produce() -> None:
                await trio.sleep(0.02)
                kafka.produce("orders", b"v")

            nursery.start_soon(produce)
            assert [record.value for record in await kafka.wait_until_records("orders", 1)] == [b"v"]
            assert (await kafka.wait_until_partition("orders", 0, high_watermark=1)).leader == 1
            assert await kafka.wait_until_requests(0) == []
            assert await kafka.wait_until_connections(at_most=0) == []
            for wait in (
                kafka.wait_until_group("g", state="Stable", timeout=0.01),
                kafka.wait_until_committed("g", "orders", timeout=0.01),
                kafka.wait_until_transaction("t", state="Ongoing", timeout=0.01),
            ):
                with pytest.raises(WaitTimeout):
                    await wait

    trio.run(main)
