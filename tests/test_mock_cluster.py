"""`MockCluster` and `open_cluster`, as far as no client is needed."""

from __future__ import annotations

import socket
import struct
import subprocess
import sys
import threading
import time
from collections.abc import Iterator

import pytest
import trio

import mockbroker
from mockbroker import AddressInUse, ErrorCode, KafkaError, MockCluster, open_cluster
from mockbroker.control.partitioner import partition_for
from protocol_specs.offset_commit import OFFSET_COMMIT


@pytest.fixture
def kafka() -> Iterator[MockCluster]:
    with MockCluster(brokers=3, topics={"orders": 6}) as cluster:
        yield cluster


def api_versions(bootstrap_server: str) -> bytes:
    """The answer of a broker to ApiVersions version 0."""
    host, port = bootstrap_server.rsplit(":", 1)
    with socket.create_connection((host.strip("[]"), int(port)), timeout=5) as sock:
        request = struct.pack(">hhih", 18, 0, 7, -1)
        sock.sendall(struct.pack(">i", len(request)) + request)
        (size,) = struct.unpack(">i", sock.recv(4, socket.MSG_WAITALL))
        return sock.recv(size, socket.MSG_WAITALL)


class TestLife:
    def test_each_broker_answers_on_its_own_port(self, kafka: MockCluster) -> None:
        servers = kafka.bootstrap_servers.split(",")
        assert len(set(servers)) == 3
        for server in servers:
            assert api_versions(server)[:6] == struct.pack(">ih", 7, 0)

    def test_nothing_listens_after_the_block(self) -> None:
        with MockCluster() as cluster:
            server = cluster.bootstrap_servers
        with pytest.raises(ConnectionRefusedError):
            api_versions(server)
        with pytest.raises(RuntimeError, match="was stopped"):
            cluster.create_topic("late")
        cluster.stop()

    def test_without_a_block(self) -> None:
        cluster = MockCluster()
        assert api_versions(cluster.bootstrap_servers)
        cluster.stop()

    def test_many_side_by_side(self) -> None:
        clusters = [MockCluster(topics={f"topic-{number}": 1}) for number in range(10)]
        assert [list(cluster.topics()) for cluster in clusters] == [
            [f"topic-{number}"] for number in range(10)
        ]
        assert len({cluster.bootstrap_servers for cluster in clusters}) == 10
        for cluster in clusters:
            cluster.stop()

    def test_a_chosen_port_and_host(self) -> None:
        with MockCluster(host="localhost") as cluster:
            host, port = cluster.bootstrap_servers.split(":")
            assert host == "localhost"
            for address in ("127.0.0.1", "[::1]"):
                assert api_versions(f"{address}:{port}")
            with pytest.raises(AddressInUse, match=f"port {port}"):
                MockCluster(port=int(port))

    def test_ids_are_those_of_the_seed(self) -> None:
        with MockCluster(seed=7) as one, MockCluster(seed=7) as two, MockCluster(seed=8) as three:
            assert one.cluster_id == two.cluster_id != three.cluster_id

    @pytest.mark.parametrize(
        ("options", "error", "text"),
        [
            ({"brokers": 0}, ValueError, "at least one broker"),
            ({"racks": ["a", "b"]}, ValueError, "2 racks for 1 brokers"),
            ({"config": {"num.partitons": 3}}, ValueError, "num.partitons"),
            ({"config": {"num.partitions": 0}}, ValueError, "num.partitions"),
            ({"topics": {"orders": 0}}, KafkaError, "INVALID_PARTITIONS"),
            ({"topics": "orders"}, TypeError, "not a string"),
            ({"topics": ["a b"]}, KafkaError, "INVALID_TOPIC_EXCEPTION"),
            ({"port": 65535, "brokers": 2}, ValueError, "not all between"),
        ],
    )
    def test_what_cannot_be_started(
        self, options: dict[str, object], error: type[Exception], text: str
    ) -> None:
        threads = threading.active_count()
        with pytest.raises(error, match=text):
            MockCluster(**options)
        assert threading.active_count() == threads


class TestTopics:
    def test_by_name_and_number_or_by_name_only(self) -> None:
        with MockCluster(topics=["one", "two"], config={"num.partitions": 4}) as cluster:
            assert cluster.topics() == {"one": 4, "two": 4}

    def test_the_default_replication_factor(self) -> None:
        config = {"default.replication.factor": 3, "min.insync.replicas": 2}
        with MockCluster(brokers=3, topics={"orders": 1}, config=config) as cluster:
            assert sorted(cluster.partition("orders", 0).replicas) == [1, 2, 3]

    def test_create_and_delete(self, kafka: MockCluster) -> None:
        kafka.create_topic("payments", partitions=3, replication_factor=2, config={"retention.ms": 1000})
        assert kafka.topics() == {"orders": 6, "payments": 3}
        assert len(kafka.partition("payments", 2).isr) == 2
        with pytest.raises(KafkaError) as caught:
            kafka.create_topic("payments")
        assert caught.value.code is ErrorCode.TOPIC_ALREADY_EXISTS
        kafka.delete_topic("payments")
        with pytest.raises(KafkaError, match="UNKNOWN_TOPIC_OR_PARTITION"):
            kafka.delete_topic("payments")


class TestRecords:
    def test_a_record_is_what_was_produced(self, kafka: MockCluster) -> None:
        sent = kafka.produce(
            "orders",
            value=b"v",
            key=b"k",
            headers=[("h", b"1"), ("none", None)],
            partition=2,
            timestamp_ms=1234,
        )
        assert kafka.records("orders") == [sent]
        assert sent.topic == "orders"
        assert (sent.partition, sent.offset, sent.timestamp_ms) == (2, 0, 1234)
        assert (sent.key, sent.value, sent.headers) == (b"k", b"v", [("h", b"1"), ("none", None)])

    def test_text_is_encoded_and_nothing_is_null(self, kafka: MockCluster) -> None:
        kafka.produce("orders", "wört", key="k", headers=[("h", "x")], partition=0)
        kafka.produce("orders", partition=0)
        first, second = kafka.records("orders", partition=0)
        assert (first.value, first.key, first.headers) == ("wört".encode(), b"k", [("h", b"x")])
        assert (second.value, second.key, second.headers, second.offset) == (None, None, [], 1)

    def test_a_key_has_its_partition(self, kafka: MockCluster) -> None:
        for key in (b"a", b"b", b"c"):
            assert kafka.produce("orders", b"v", key=key).partition == partition_for(key, 6)

    def test_without_a_key_each_partition_has_its_turn(self, kafka: MockCluster) -> None:
        assert [kafka.produce("orders", b"v").partition for _ in range(8)] == [0, 1, 2, 3, 4, 5, 0, 1]

    def test_the_timestamp_is_now(self, kafka: MockCluster) -> None:
        first, second = kafka.produce("orders", b"1"), kafka.produce("orders", b"2")
        assert 1_700_000_000_000 < first.timestamp_ms <= second.timestamp_ms

    def test_append_time(self) -> None:
        with MockCluster(config={"log.message.timestamp.type": "LogAppendTime"}, topics=["log"]) as cluster:
            sent = cluster.produce("log", b"v", timestamp_ms=5)
            assert sent.is_append_time
            assert sent.timestamp_ms > 1_700_000_000_000
            assert cluster.records("log") == [sent]

    def test_a_new_topic_is_created_as_for_any_producer(self, kafka: MockCluster) -> None:
        assert kafka.produce("new", b"v").offset == 0
        assert kafka.topics()["new"] == 1

    def test_but_not_where_that_is_switched_off(self) -> None:
        with (
            MockCluster(config={"auto.create.topics.enable": False}) as cluster,
            pytest.raises(KafkaError, match="UNKNOWN_TOPIC_OR_PARTITION"),
        ):
            cluster.produce("new", b"v")

    def test_refusals(self, kafka: MockCluster) -> None:
        with pytest.raises(KafkaError, match="UNKNOWN_TOPIC_OR_PARTITION"):
            kafka.produce("orders", b"v", partition=6)
        with pytest.raises(KafkaError, match="UNKNOWN_TOPIC_OR_PARTITION"):
            kafka.records("nothing")
        with pytest.raises(KafkaError, match="MESSAGE_TOO_LARGE"):
            kafka.produce("orders", bytes(2_000_000))

    def test_from_many_threads(self, kafka: MockCluster) -> None:
        def produce(number: int) -> None:
            for at in range(50):
                kafka.produce("orders", b"%d-%d" % (number, at), partition=0)

        threads = [threading.Thread(target=produce, args=(number,)) for number in range(5)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        values = [record.value for record in kafka.records("orders")]
        for number in range(5):
            mine = [value for value in values if value and value.startswith(b"%d-" % number)]
            assert mine == [b"%d-%d" % (number, at) for at in range(50)]


class TestBrokers:
    def test_a_stopped_broker_refuses_and_its_leaders_move(self, kafka: MockCluster) -> None:
        kafka.create_topic("safe", partitions=3, replication_factor=3)
        second = kafka.bootstrap_servers.split(",")[1]
        kafka.broker(2).stop()
        with pytest.raises(ConnectionRefusedError):
            api_versions(second)
        assert {kafka.partition("safe", index).leader for index in range(3)} == {1, 3}
        kafka.broker(2).start()
        assert api_versions(second)
        assert 2 in kafka.partition("safe", 0).isr

    def test_kill_and_start(self, kafka: MockCluster) -> None:
        first = kafka.bootstrap_servers.split(",")[0]
        kafka.broker(1).kill()
        with pytest.raises(ConnectionRefusedError):
            api_versions(first)
        kafka.broker(1).start()
        kafka.broker(1).start()
        assert api_versions(first)

    def test_move_leader(self, kafka: MockCluster) -> None:
        kafka.create_topic("safe", partitions=1, replication_factor=3)
        before = kafka.partition("safe", 0)
        to = next(broker for broker in before.isr if broker != before.leader)
        kafka.move_leader("safe", 0, to=to)
        after = kafka.partition("safe", 0)
        assert (after.leader, after.leader_epoch) == (to, before.leader_epoch + 1)

    def test_an_unknown_broker(self, kafka: MockCluster) -> None:
        with pytest.raises(KafkaError, match="BROKER_ID_NOT_REGISTERED"):
            kafka.broker(9)

    def test_paused_replication_holds_the_high_watermark(self, kafka: MockCluster) -> None:
        kafka.create_topic("safe", partitions=1, replication_factor=3)
        kafka.pause_replication("safe", 0)
        kafka.produce("safe", b"v")
        assert kafka.records("safe") == []
        kafka.resume_replication("safe", 0)
        assert [record.value for record in kafka.records("safe")] == [b"v"]


def commit(kafka: MockCluster, group: str, topic: str, offset: int, metadata: str) -> None:
    """Commit an offset of partition 0 as a client without a group membership does."""
    request = OFFSET_COMMIT.request
    (partition,) = [
        request.topics.partitions(partition_index=0, committed_offset=offset, committed_metadata=metadata)
    ]
    message = request(group_id=group, topics=[request.topics(name=topic, partitions=[partition])])
    frame = b"".join(request[2].write(message, bytearray(struct.pack(">hhih", 8, 2, 1, -1))))
    host, port = kafka.bootstrap_servers.split(",")[kafka_coordinator(kafka, group)].rsplit(":", 1)
    with socket.create_connection((host, int(port)), timeout=5) as sock:
        sock.sendall(struct.pack(">i", len(frame)) + frame)
        (size,) = struct.unpack(">i", sock.recv(4, socket.MSG_WAITALL))
        assert sock.recv(size, socket.MSG_WAITALL).endswith(b"\0\0")


def kafka_coordinator(kafka: MockCluster, group: str) -> int:
    """The index of the broker that coordinates a group."""
    core = kafka._served.core
    return list(core.cluster.nodes).index(kafka._call(lambda: core.groups.find_coordinator(group)))


class TestGroups:
    def test_committed(self, kafka: MockCluster) -> None:
        assert kafka.committed("billing") == {}
        commit(kafka, "billing", "orders", 42, "mine")
        committed = kafka.committed("billing")
        assert list(committed) == [("orders", 0)]
        found = committed["orders", 0]
        assert (found.offset, found.metadata, found.leader_epoch) == (42, "mine", -1)
        assert found.commit_timestamp_ms > 1_700_000_000_000

    def test_a_group_that_is_empty_and_one_that_is_not_there(self, kafka: MockCluster) -> None:
        commit(kafka, "billing", "orders", 1, "")
        group = kafka.group("billing")
        assert (group.type, group.state, group.members, group.assignment) == ("classic", "Empty", [], {})
        assert (kafka.group("other").state, kafka.group("other").generation_id) == ("Dead", -1)


class TestClock:
    def test_it_follows_real_time_and_can_be_held(self, kafka: MockCluster) -> None:
        assert abs(kafka.clock.now - time.time()) < 60
        kafka.clock.pause()
        before = kafka.clock.now
        assert kafka.clock.now == before
        kafka.clock.advance(45)
        assert kafka.clock.now == before + 45
        kafka.clock.resume()
        assert before + 45 <= kafka.clock.now < before + 105
        with pytest.raises(ValueError, match="cannot go back"):
            kafka.clock.advance(-1)

    def test_what_becomes_due_has_happened(self) -> None:
        config = {"log.retention.ms": 60_000, "log.segment.bytes": 1_048_576}
        with MockCluster(topics=["short"], config=config) as cluster:
            cluster.produce("short", b"v")
            cluster.clock.advance(1000)
            assert cluster.records("short") == []
            assert cluster.partition("short", 0).log_start_offset == 1


class TestNames:
    def test_no_other_names(self, kafka: MockCluster) -> None:
        with pytest.raises(AttributeError, match="'MockCluster' object has no attribute 'nonsense'"):
            _ = kafka.nonsense  # type: ignore[attr-defined]

    def test_every_public_name_can_be_imported(self) -> None:
        for name in mockbroker.__all__:
            assert getattr(mockbroker, name) is not None
        assert dir(mockbroker) == sorted(mockbroker.__all__)
        with pytest.raises(AttributeError, match="no attribute 'nonsense'"):
            _ = mockbroker.nonsense  # type: ignore[attr-defined]

    def test_importing_the_package_imports_next_to_nothing(self) -> None:
        code = "import sys; before = set(sys.modules); import mockbroker; print(*set(sys.modules) - before)"
        found = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
        assert set(found.stdout.split()) <= {"mockbroker", "mockbroker.version", "__future__"}


def test_open_cluster() -> None:
    async def main() -> None:
        async with open_cluster(brokers=2, topics={"orders": 1}) as kafka:
            first, second = kafka.bootstrap_servers.split(",")
            assert await trio.to_thread.run_sync(api_versions, first)
            sent = kafka.produce("orders", b"v")
            assert kafka.records("orders") == [sent]
            kafka.broker(2).stop()
            with pytest.raises(ConnectionRefusedError):
                await trio.to_thread.run_sync(api_versions, second)
        with pytest.raises(ConnectionRefusedError):
            await trio.to_thread.run_sync(api_versions, first)

    trio.run(main)
