"""What a test does to a running cluster, over real sockets."""

from __future__ import annotations

import socket
import struct
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import trio

from mockbroker import BadField, FaultNeverFired, KafkaError, MockCluster, open_cluster
from mockbroker.control.problems import NotFound
from protocol_specs.errors import ErrorCode
from tests.control.clients import batch, decoded, fetch_fields, frame, produce_fields


class Client:
    """A blocking connection to the first broker."""

    def __init__(self, kafka: MockCluster) -> None:
        host, port = kafka.bootstrap_servers.split(",")[0].rsplit(":", 1)
        self.sock = socket.create_connection((host, int(port)), timeout=5)

    def send(self, api: str, version: int, **fields: Any) -> None:
        request = frame(api, version, "svc", **fields)
        self.sock.sendall(struct.pack(">i", len(request)) + request)

    def receive(self, api: str, version: int) -> Any:
        size = self.read(4)
        return decoded(api, version, [size, self.read(int.from_bytes(size, "big"))])

    def read(self, size: int) -> bytes:
        data = b""
        while len(data) < size:
            part = self.sock.recv(size - len(data))
            if not part:
                raise EOFError(data)
            data += part
        return data

    def ask(self, api: str, version: int, **fields: Any) -> Any:
        self.send(api, version, **fields)
        return self.receive(api, version)

    def produce(self, *values: bytes, acks: int = -1) -> int:
        fields = produce_fields({"orders": {0: batch(*values, timestamp_ms=int(time.time() * 1000))}}, acks)
        reply = self.ask("Produce", 9, **fields)
        code: int = reply.responses[0].partition_responses[0].error_code
        return code

    def close(self) -> None:
        self.sock.close()


@pytest.fixture
def kafka() -> Iterator[MockCluster]:
    with MockCluster(topics={"orders": 1}) as kafka:
        yield kafka


@pytest.fixture
def client(kafka: MockCluster) -> Iterator[Client]:
    client = Client(kafka)
    yield client
    client.close()


class TestFaults:
    def test_hits_are_counted(self, kafka: MockCluster, client: Client) -> None:
        fault = kafka.fault(api="Produce", topic="orders", error="NOT_LEADER_OR_FOLLOWER", times=2)
        codes = [client.produce(b"v") for _ in range(3)]
        assert codes == [ErrorCode.NOT_LEADER_OR_FOLLOWER] * 2 + [ErrorCode.NONE]
        assert (fault.hits, fault.seen, fault.is_active) == (2, 2, False)
        assert len(kafka.records("orders")) == 1

    def test_one_that_never_fires_fails_the_block(self) -> None:
        with (
            pytest.raises(FaultNeverFired, match="a fault never fired: Produce with topic='payments'"),
            MockCluster(topics=["orders"]) as kafka,
        ):
            kafka.fault(api="Produce", topic="payments", error="REQUEST_TIMED_OUT")
        assert not kafka.is_running

    def test_but_not_where_another_exception_is_on_its_way(self) -> None:
        def fail() -> None:
            with MockCluster() as kafka:
                kafka.fault(api="Produce", error=6)
                raise KeyError

        with pytest.raises(KeyError):
            fail()

    def test_nor_where_it_need_not_fire(self) -> None:
        with MockCluster() as kafka:
            kafka.fault(api="Produce", error=6, required=False)
            kafka.fault(api="Produce", error=6).remove()
            kafka.fault(api="Produce", error=6)
            kafka.clear_faults()
            assert kafka.faults() == []

    def test_in_a_block_of_its_own(self, kafka: MockCluster, client: Client) -> None:
        with kafka.fault(api="Produce", error=6, times=None) as fault:
            assert client.produce(b"v") == 6
        assert client.produce(b"v") == 0
        assert fault.hits == 1
        with pytest.raises(FaultNeverFired), kafka.fault(api="Fetch", error=6):
            pass
        assert kafka.faults() == []

    def test_errors_name_the_choices(self, kafka: MockCluster) -> None:
        with pytest.raises(BadField, match="api: there is no API 'Produze'; choose from Produce, Fetch"):
            kafka.fault(api="Produze", error=6)
        with pytest.raises(BadField, match="there is no scenario 'x'"):
            kafka.scenario("x")
        with pytest.raises(NotFound):
            kafka.fence_producer("nobody")

    def test_disconnect_and_drop(self, kafka: MockCluster) -> None:
        kafka.fault(api="Produce", disconnect=True, at="after")
        first = Client(kafka)
        with pytest.raises(EOFError):
            first.produce(b"1")
        kafka.fault(api="Produce", drop="response")
        second = Client(kafka)
        second.send("Produce", 9, **produce_fields({"orders": {0: batch(b"2")}}))
        # The connection is still good, and later requests are answered.
        assert second.ask("Metadata", 12, topics=[]).topics == []
        assert len(kafka.records("orders")) == 2

    def test_slice_truncate_and_bandwidth(self, kafka: MockCluster) -> None:
        kafka.produce("orders", bytes(1000))
        kafka.fault(api="Fetch", slice=7)
        kafka.fault(api="Fetch", truncate=100, skip=1)
        kafka.fault(api="Fetch", bandwidth=10_000, skip=2)
        sliced, cut, slow = Client(kafka), Client(kafka), Client(kafka)
        good = sliced.ask("Fetch", 12, **fetch_fields("orders"))
        assert len(good.responses[0].partitions[0].records) > 1000
        cut.send("Fetch", 12, **fetch_fields("orders"))
        received = b""
        while part := cut.sock.recv(1000):
            received += part
        assert len(received) == 100
        began = time.monotonic()
        assert slow.ask("Fetch", 12, **fetch_fields("orders")) == good
        assert 0.05 < time.monotonic() - began < 3

    def test_a_delay_goes_by_the_brokers_clock(self, kafka: MockCluster, client: Client) -> None:
        kafka.clock.pause()
        kafka.fault(api="Produce", delay=3600)
        client.send("Produce", 9, **produce_fields({"orders": {0: batch(b"v")}}))
        kafka.wait_until_requests(1, api="Produce")
        kafka.clock.advance(3599)
        assert kafka.records("orders") == []
        kafka.clock.advance(1)
        assert len(kafka.records("orders")) == 1
        client.receive("Produce", 9)

    def test_hang_until_removed(self, kafka: MockCluster, client: Client) -> None:
        fault = kafka.fault(api="Produce", hang=True)
        client.send("Produce", 9, **produce_fields({"orders": {0: batch(b"v")}}))
        kafka.wait_until_requests(1, api="Produce")
        assert kafka.records("orders") == []
        fault.remove()
        client.receive("Produce", 9)
        assert len(kafka.records("orders")) == 1

    def test_a_scenario(self, kafka: MockCluster, client: Client) -> None:
        with kafka.scenario("not_enough_replicas", times=None) as scenario:
            assert client.produce(b"v") == ErrorCode.NOT_ENOUGH_REPLICAS
            assert scenario.hits == 1
        assert client.produce(b"v") == 0


class TestSnapshots:
    def test_live_connections_see_the_restored_state(self, kafka: MockCluster, client: Client) -> None:
        client.produce(b"before")
        snapshot = kafka.snapshot()
        for _ in range(2):
            client.produce(b"after")
            kafka.create_topic("new")
            kafka.restore(snapshot)
            assert kafka.topics() == {"orders": 1}
            assert [record.value for record in kafka.records("orders")] == [b"before"]
        assert client.produce(b"again") == 0
        assert [record.value for record in kafka.records("orders")] == [b"before", b"again"]

    def test_a_waiting_fetch_is_answered_from_the_restored_state(
        self, kafka: MockCluster, client: Client
    ) -> None:
        snapshot = kafka.snapshot()
        client.send("Fetch", 12, **fetch_fields("orders", max_wait_ms=30_000))
        kafka.wait_until_requests(1, api="Fetch")
        kafka.restore(snapshot)
        kafka.produce("orders", b"v")
        reply = client.receive("Fetch", 12)
        assert reply.responses[0].partitions[0].high_watermark == 1

    def test_time_goes_on_from_where_it_was(self, kafka: MockCluster) -> None:
        snapshot = kafka.snapshot()
        at = kafka.clock.now
        kafka.clock.advance(10_000)
        kafka.restore(snapshot)
        assert at - 1 < kafka.clock.now < at + 60
        later = threading.Event()
        kafka._call(lambda: kafka._served.core.clock.call_later(0.01, later.set))
        assert later.wait(5)

    def test_brokers_listen_as_they_did(self) -> None:
        with MockCluster(brokers=3, topics=["orders"]) as kafka:
            whole = kafka.snapshot()
            kafka.broker(2).stop()
            broken = kafka.snapshot()
            kafka.restore(whole)
            assert _listening(kafka) == [True, True, True]
            kafka.restore(broken)
            assert _listening(kafka) == [True, False, True]
            kafka.reset()
            assert _listening(kafka) == [True, True, True]

    def test_reset(self, kafka: MockCluster, client: Client) -> None:
        client.produce(b"v")
        kafka.create_topic("new")
        kafka.fault(api="Produce", error=6)
        kafka.clock.pause()
        kafka.clock.advance(-0.0)
        began = time.process_time()
        kafka.reset()
        assert time.process_time() - began < 0.5
        assert kafka.topics() == {"orders": 1}
        assert (kafka.records("orders"), kafka.faults(), kafka.journal()) == ([], [], [])
        assert not kafka.clock.is_paused
        assert abs(kafka.clock.now - time.time()) < 60
        assert client.produce(b"w") == 0

    def test_without_a_seed_ids_do_not_repeat_themselves(self) -> None:
        def topic_id(kafka: MockCluster) -> bytes:
            kafka.create_topic("new")
            found: bytes = kafka._call(lambda: kafka._served.core.cluster.topics["new"].id)
            return found

        with MockCluster() as kafka:
            first = topic_id(kafka)
            kafka.reset()
            assert topic_id(kafka) != first
        with MockCluster(seed=3) as kafka:
            first = topic_id(kafka)
            kafka.reset()
            assert topic_id(kafka) == first


def _listening(kafka: MockCluster) -> list[bool]:
    found = []
    for server in kafka.bootstrap_servers.split(","):
        host, port = server.rsplit(":", 1)
        try:
            socket.create_connection((host, int(port)), timeout=5).close()
            found.append(True)
        except ConnectionRefusedError:
            found.append(False)
    return found


class TestLooking:
    def test_the_journal(self, kafka: MockCluster, client: Client, tmp_path: Path) -> None:
        client.produce(b"v")
        client.ask("Metadata", 12, topics=[])
        assert [exchange.api for exchange in kafka.journal()] == ["Produce", "Metadata"]
        assert [exchange.api for exchange in kafka.journal("Produce", client_id="s*")] == ["Produce"]
        assert (len(kafka.journal), kafka.journal.dropped, kafka.journal.has_wrapped) == (2, 0, False)
        assert kafka.journal.save(tmp_path / "journal.pcap", "Produce") == 1
        (exchange,) = kafka.journal("Produce")
        assert exchange.broker_address == (f"{client.sock.getpeername()[0]}", client.sock.getpeername()[1])
        assert exchange.client_port == client.sock.getsockname()[1]
        kafka.journal.clear()
        assert kafka.journal() == []

    def test_a_cluster_without_a_journal(self) -> None:
        with MockCluster(topics={"orders": 1}, journal=False) as kafka:
            client = Client(kafka)
            assert client.produce(b"v") == 0
            assert kafka.journal() == []
            kafka.fault(api="Produce", error=6)
            assert client.produce(b"v") == 6
            client.close()

    def test_connections_and_what_clients_call_themselves(self, kafka: MockCluster, client: Client) -> None:
        client.ask("ApiVersions", 3, client_software_name="tester", client_software_version="1.2")
        (connection,) = kafka.connections()
        assert (connection.client_id, connection.software, connection.broker) == ("svc", "tester 1.2", 1)
        client.close()
        kafka.wait_until_connections(at_most=0)

    def test_producers_groups_transactions_and_lag(self, kafka: MockCluster, client: Client) -> None:
        more: dict[str, Any] = {"producer_id": 5, "producer_epoch": 0, "base_sequence": 0}
        client.ask("Produce", 9, **produce_fields({"orders": {0: batch(b"v", b"w", **more)}}))
        (producer,) = kafka.producers("orders", 0)
        assert (producer.producer_id, producer.last_sequence) == (5, 1)
        kafka.commit("billing", {("orders", 0): 1})
        assert [group.group_id for group in kafka.groups()] == ["billing"]
        assert kafka.lag("billing") == {("orders", 0): 1}
        assert kafka.transactions() == []
        with pytest.raises(KafkaError):
            kafka.producers("nothing", 0)

    def test_assertions(self, kafka: MockCluster) -> None:
        kafka.produce("orders", '{"id": 7}', key="k", headers=[("h", "1")])
        (record,) = kafka.assert_produced("orders", key="k", value={"id": 7}, headers={"h": "1"}, count=1)
        assert record.offset == 0
        with pytest.raises(AssertionError, match=r"found 0 among 1:\n    orders-0@0 key=b'k'"):
            kafka.assert_produced("orders", value="other")
        with pytest.raises(AssertionError, match="found 0 among 0"):
            kafka.assert_produced("nothing")
        with pytest.raises(AssertionError, match="expected group 'g' to have committed orders to end, but"):
            kafka.assert_committed("g", "orders")
        kafka.commit("g", {("orders", 0): 1})
        kafka.assert_committed("g", "orders")

    def test_lint_and_verify(self, kafka: MockCluster, client: Client) -> None:
        client.produce(b"v", acks=1)
        assert [finding.rule for finding in kafka.lint(ignore=["no_idempotence"])] == ["acks_1"]
        assert kafka.verify()

    def test_seeding(self, kafka: MockCluster, tmp_path: Path) -> None:
        (tmp_path / "orders.jsonl").write_text('{"value": "1"}\n')
        assert kafka.load(tmp_path) == kafka.load(str(tmp_path / "orders.jsonl")) == 1
        assert len(kafka.records("orders")) == 2

    def test_a_coordinator_moves(self) -> None:
        with MockCluster(brokers=3, config={"default.replication.factor": 3}) as kafka:
            kafka.create_topic("orders")
            kafka.commit("billing", {("orders", 0): 0})
            first = kafka.move_coordinator("billing")
            assert kafka.move_coordinator("billing") != first
            assert kafka.committed("billing")["orders", 0].offset == 0


def test_faults_in_a_trio_program() -> None:
    async def main() -> None:
        async with open_cluster() as kafka:
            kafka.fault(api="Produce", error=6)
            snapshot = kafka.snapshot()
            kafka.create_topic("new")
            kafka.restore(snapshot)
            assert kafka.topics() == {}

    with pytest.raises(FaultNeverFired, match="a fault never fired"):
        trio.run(main)
