"""The promised names of Python, each line as it is printed, with a stock client where one is needed.

The command line is tested in tests/cli, pytest in tests/test_pytest_plugin.py, HTTP in tests/server.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest
import trio

import mockbroker
from mockbroker import FaultNeverFired, MockCluster, OffsetAndMetadata, Record, WaitTimeout
from tests.server.http_client import Client

confluent_kafka = pytest.importorskip("confluent_kafka")

CONFIG = {"default.replication.factor": 3, "min.insync.replicas": 2}


@pytest.fixture
def kafka() -> Iterator[MockCluster]:
    with MockCluster(brokers=3, topics={"orders": 6}, config=CONFIG, racks=["a", "b", "c"]) as kafka:
        yield kafka


def producer(kafka: MockCluster, **more: Any) -> Any:
    return confluent_kafka.Producer(
        {"bootstrap.servers": kafka.bootstrap_servers, "client.id": "svc", "retry.backoff.ms": 10} | more
    )


@contextmanager
def consuming(kafka: MockCluster, members: int = 1) -> Iterator[None]:
    """Members of the group `billing`, each in a thread of its own."""
    ended = threading.Event()

    def poll() -> None:
        consumer = confluent_kafka.Consumer(
            {
                "bootstrap.servers": kafka.bootstrap_servers,
                "group.id": "billing",
                "client.id": "svc",
                "auto.offset.reset": "earliest",
                "auto.commit.interval.ms": 100,
            }
        )
        consumer.subscribe(["orders"])
        while not ended.is_set():
            consumer.poll(0.05)
        consumer.close()

    threads = [threading.Thread(target=poll) for _ in range(members)]
    for thread in threads:
        thread.start()
    try:
        yield
    finally:
        ended.set()
        for thread in threads:
            thread.join()


def test_where_it_is(kafka: MockCluster) -> None:
    assert len(kafka.bootstrap_servers.split(",")) == 3
    assert all(server.startswith("127.0.0.1:") for server in kafka.bootstrap_servers.split(","))
    assert Client(kafka.control_url).get("/v1/health")["bootstrap_servers"] == kafka.bootstrap_servers


def test_topics_and_racks_as_a_client_sees_them(kafka: MockCluster) -> None:
    kafka.create_topic("payments", partitions=3, replication_factor=2)
    kafka.create_topic("plain")
    seen = producer(kafka).list_topics(timeout=20).topics
    shape = {name: (len(topic.partitions), len(topic.partitions[0].replicas)) for name, topic in seen.items()}
    assert shape == {"orders": (6, 3), "payments": (3, 2), "plain": (1, 3)}
    brokers = Client(kafka.control_url).get("/v1/brokers")["brokers"]
    assert [broker["rack"] for broker in brokers] == ["a", "b", "c"]


def test_records(kafka: MockCluster) -> None:
    at = int(kafka.clock.now * 1000)
    kafka.produce("orders", value=b"v", key=b"k", headers=[("h", b"1")], partition=0, timestamp_ms=at)
    (record,) = kafka.records("orders")
    assert isinstance(record, Record)
    assert (record.partition, record.offset, record.timestamp_ms) == (0, 0, at)
    assert (record.key, record.value, record.headers) == (b"k", b"v", [("h", b"1")])
    kafka.pause_replication("orders", 0)
    kafka.produce("orders", value=b"not replicated", partition=0)
    assert len(kafka.records("orders")) == 1
    kafka.resume_replication("orders", 0)
    assert len(kafka.records("orders")) == 2


def test_groups_and_waits(kafka: MockCluster) -> None:
    kafka.produce("orders", value=b"v", partition=0)
    with consuming(kafka, members=2):
        found = kafka.wait_until_group("billing", state="Stable", members=2, timeout=30)
        kafka.wait_until_committed("billing", "orders", to="end", timeout=30)
        group = kafka.group("billing")
        assert (group.state, len(group.members), group.generation_id) == ("Stable", 2, found.generation_id)
        assert sorted(place for places in group.assignment.values() for place in places) == [
            ("orders", partition) for partition in range(6)
        ]
        assert kafka.journal(api="Fetch", client_id="svc")[0].request.topics
    (committed,) = kafka.committed("billing").items()
    assert committed[0] == ("orders", 0)
    assert isinstance(committed[1], OffsetAndMetadata)
    assert committed[1].offset == 1
    with pytest.raises(WaitTimeout) as late:
        kafka.wait_until_group("billing", state="Stable", members=2, timeout=0.05)
    assert "waited 0.05 s for group 'billing'" in str(late.value)
    assert "now: group 'billing' is Empty with 0 members" in str(late.value)
    assert "LeaveGroup" in str(late.value)


def test_a_fault_and_its_hits(kafka: MockCluster) -> None:
    fault = kafka.fault(api="Produce", topic="orders", error="NOT_LEADER_OR_FOLLOWER", times=2)
    client = producer(kafka)
    client.produce("orders", b"v")
    assert client.flush(30) == 0
    assert fault.hits == 2
    assert len(kafka.wait_until_requests(3, api="Produce", client_id="svc", timeout=10)) == 3


def test_a_fault_that_never_fired() -> None:
    assert issubclass(FaultNeverFired, AssertionError)
    with pytest.raises(FaultNeverFired), MockCluster() as kafka:
        kafka.fault(api="Produce", error="REQUEST_TIMED_OUT")

    def fail() -> None:
        with MockCluster() as kafka:
            kafka.fault(api="Produce", error="REQUEST_TIMED_OUT")
            raise KeyError

    with pytest.raises(KeyError):
        fail()


def test_the_clock(kafka: MockCluster) -> None:
    kafka.clock.pause()
    before = kafka.clock.now
    kafka.clock.advance(45)
    assert kafka.clock.now == before + 45
    kafka.clock.resume()


@pytest.mark.parametrize("end", ["stop", "kill"])
def test_a_broker_that_is_away_is_so_when_the_call_returns(kafka: MockCluster, end: str) -> None:
    def brokers() -> set[int]:
        return set(producer(kafka).list_topics(timeout=20).brokers)

    getattr(kafka.broker(2), end)()
    assert brokers() == {1, 3}
    assert 2 not in kafka.partition("orders", 0).isr
    kafka.broker(2).start()
    assert brokers() == {1, 2, 3}


def test_a_broker_that_is_cut_off_is_missed_after_its_session(kafka: MockCluster) -> None:
    kafka.clock.pause()
    kafka.broker(2).isolate()
    assert any(kafka.partition("orders", index).leader == 2 for index in range(6))
    kafka.clock.advance(45)
    assert all(kafka.partition("orders", index).leader != 2 for index in range(6))
    kafka.broker(2).heal()
    kafka.clock.resume()
    kafka.wait_until_partition("orders", 0, isr=3, timeout=30)


def test_leaders(kafka: MockCluster) -> None:
    before = kafka.partition("orders", 0)
    to = next(broker for broker in before.isr if broker != before.leader)
    kafka.move_leader("orders", 0, to=to)
    after = kafka.partition("orders", 0)
    assert (after.leader, after.leader_epoch) == (to, before.leader_epoch + 1)
    assert (after.high_watermark, after.log_end_offset, after.log_start_offset) == (0, 0, 0)
    assert producer(kafka).list_topics("orders", timeout=20).topics["orders"].partitions[0].leader == to


def test_snapshots(kafka: MockCluster) -> None:
    kafka.produce("orders", value=b"kept")
    snapshot = kafka.snapshot()
    kafka.reset()
    assert (kafka.records("orders"), kafka.topics()) == ([], {"orders": 6})
    kafka.restore(snapshot)
    assert [record.value for record in kafka.records("orders")] == [b"kept"]


def test_side_by_side_and_from_any_thread() -> None:
    with MockCluster(seed=1) as one, MockCluster(seed=2) as two:
        assert one.control_url != two.control_url
        calls: list[Callable[[], object]] = [lambda: one.create_topic("a"), lambda: two.create_topic("b")]
        threads = [threading.Thread(target=call) for call in calls]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert (list(one.topics()), list(two.topics())) == (["a"], ["b"])


def test_in_a_trio_program() -> None:
    def produce(servers: str) -> int:
        client = confluent_kafka.Producer({"bootstrap.servers": servers})
        client.produce("orders", b"v")
        left: int = client.flush(30)
        return left

    async def main() -> None:
        async with mockbroker.open_cluster(topics={"orders": 1}) as kafka:
            assert await trio.to_thread.run_sync(produce, kafka.bootstrap_servers) == 0
            (record,) = await kafka.wait_until_records("orders", 1, timeout=30)
            assert record.value == b"v"

    trio.run(main)
