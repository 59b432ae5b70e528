"""Brokers that go and come, replication that stands still, memory that is short: with stock clients watching."""

from __future__ import annotations

import socket
from collections.abc import Callable
from typing import Any

import pytest
from confluent_kafka import Consumer, Producer, TopicPartition
from kafka import KafkaAdminClient, KafkaConsumer, KafkaProducer
from kafka import TopicPartition as PythonPartition

from mockbroker import ErrorCode, KafkaError, MockCluster
from mockbroker.control.exchange import Exchange

THREE = {"default.replication.factor": 3, "min.insync.replicas": 2}


def is_open(server: str) -> bool:
    host, port = server.split(":")
    try:
        socket.create_connection((host, int(port)), timeout=2).close()
    except ConnectionRefusedError:
        return False
    return True


def values(kafka: MockCluster, topic: str) -> list[bytes | None]:
    return [record.value for record in kafka.records(topic)]


def producer(kafka: MockCluster, **config: Any) -> Producer:
    names = {name.replace("_", "."): value for name, value in config.items()}
    return Producer({"bootstrap.servers": kafka.bootstrap_servers, "linger.ms": 0, "log_level": 2, **names})


@pytest.mark.parametrize("end", ["stop", "kill"])
def test_ports_close_and_open_again(end: str) -> None:
    with MockCluster(brokers=2) as kafka:
        servers = kafka.bootstrap_servers.split(",")
        connection = socket.create_connection(("127.0.0.1", int(servers[1].split(":")[1])), timeout=2)
        getattr(kafka.broker(2), end)()
        assert [is_open(server) for server in servers] == [True, False]
        if end == "kill":
            with pytest.raises(ConnectionResetError):
                connection.recv(1)
        else:
            assert connection.recv(1) == b""
        kafka.broker(2).start()
        assert [is_open(server) for server in servers] == [True, True]
        connection.close()


def test_clients_follow_their_leader_through_every_verb() -> None:
    with (
        MockCluster(brokers=3, config=THREE, topics={"t": 1}) as kafka,
        KafkaProducer(bootstrap_servers=kafka.bootstrap_servers, acks="all", retry_backoff_ms=20) as sender,
        KafkaConsumer("t", bootstrap_servers=kafka.bootstrap_servers, auto_offset_reset="earliest") as reader,
    ):
        first = kafka.partition("t", 0).leader
        others = sorted({1, 2, 3} - {first})
        steps: list[Callable[[], Any]] = [
            lambda: None,
            lambda: kafka.move_leader("t", 0, to=others[0]),
            lambda: kafka.broker(others[0]).stop(),
            lambda: kafka.broker(others[0]).start(),
            lambda: kafka.move_leader("t", 0, to=others[1]),
            lambda: kafka.broker(others[1]).kill(),
            lambda: kafka.broker(others[1]).start(),
        ]
        for number, step in enumerate(steps):
            step()
            assert sender.send("t", b"%d" % number).get(10).offset == number
            assert next(reader).value == b"%d" % number

        state = kafka.wait_until_partition("t", 0, isr=3)
        assert state.leader == first
        assert state.leader_epoch == 4
        assert sorted(state.isr) == sorted(state.replicas) == [1, 2, 3]
        assert state.high_watermark == state.log_end_offset == len(steps)
        assert state.log_start_offset == 0
        assert {record.leader_epoch for record in kafka.records("t")} == {0, 1, 2, 3, 4}


def test_paused_replication_holds_back_who_reads_and_who_wants_all() -> None:
    with MockCluster(brokers=3, config=THREE, topics={"t": 1}) as kafka:
        kafka.pause_replication("t", 0)
        offsets: list[int] = []
        one, every = producer(kafka, acks="1"), producer(kafka, acks="all")
        one.produce("t", b"one", on_delivery=lambda error, record: offsets.append(record.offset()))
        assert one.flush(10) == 0
        every.produce("t", b"all", on_delivery=lambda error, record: offsets.append(record.offset()))
        assert every.flush(0.3) == 1
        assert offsets == [0]
        state = kafka.partition("t", 0)
        assert (state.high_watermark, state.log_end_offset) == (0, 2)

        with KafkaConsumer(
            "t",
            bootstrap_servers=kafka.bootstrap_servers,
            auto_offset_reset="earliest",
            consumer_timeout_ms=300,
        ) as reader:
            assert list(reader) == []
            kafka.resume_replication("t", 0)
            assert every.flush(10) == 0
            assert offsets == [0, 1]
            assert [next(reader).value, next(reader).value] == [b"one", b"all"]


def test_memory_is_bounded(caplog: pytest.LogCaptureFixture) -> None:
    with MockCluster(topics={"t": 1, "u": 1}, memory_limit=10_000) as kafka:
        errors = []
        sender = producer(kafka, retries=0)
        for _ in range(12):
            sender.produce("t", bytes(1000), on_delivery=lambda error, _: errors.append(error))
            sender.flush(10)
        assert [error for error in errors if error is None] == [None] * 9
        assert [error.name() for error in errors[9:]] == ["KAFKA_STORAGE_ERROR"] * 3
        assert [line.message[:13] for line in caplog.records if line.name == "mockbroker"] == [
            "The logs take"
        ]
        with pytest.raises(KafkaError) as refused:
            kafka.produce("u", bytes(1000))
        assert refused.value.code is ErrorCode.KAFKA_STORAGE_ERROR

        kafka.delete_topic("t")
        kafka.produce("u", bytes(1000))
        assert len(values(kafka, "u")) == 1


def test_a_memory_limit_is_a_number_of_bytes() -> None:
    with pytest.raises(ValueError, match="at least one byte, not 0"):
        MockCluster(memory_limit=0)


def test_replicas_are_spread_over_racks() -> None:
    racks = ("north", "north", "south", "south")
    with MockCluster(
        brokers=4, racks=racks, config={"default.replication.factor": 2}, topics={"t": 8}
    ) as kafka:
        with KafkaAdminClient(bootstrap_servers=kafka.bootstrap_servers) as admin:
            brokers = {broker["broker_id"]: broker["rack"] for broker in admin.describe_cluster()["brokers"]}
            (topic,) = admin.describe_topics(["t"])
        assert list(brokers.values()) == list(racks)
        for partition in topic["partitions"]:
            assert {brokers[replica] for replica in partition["replica_nodes"]} == {"north", "south"}


def test_a_consumer_reads_from_the_replica_in_its_rack() -> None:
    selector = "org.apache.kafka.common.replica.RackAwareReplicaSelector"
    config = {"default.replication.factor": 2, "replica.selector.class": selector}
    with MockCluster(brokers=2, racks=("north", "south"), config=config, topics={"t": 1}) as kafka:
        kafka.move_leader("t", 0, to=1)
        kafka.produce("t", b"0")
        consumer = Consumer(
            {
                "bootstrap.servers": kafka.bootstrap_servers,
                "group.id": "g",
                "client.id": "near",
                "client.rack": "south",
            }
        )
        consumer.assign([TopicPartition("t", 0, 0)])
        for number in range(5):
            record = consumer.poll(10)
            assert record is not None
            assert record.value() == b"%d" % number
            kafka.produce("t", b"%d" % (number + 1))
        consumer.close()
        readers = {
            exchange.broker
            for exchange in kafka.journal(api="Fetch", client_id="near")
            if _has_records(exchange)
        }
        assert readers == {2}


def _has_records(exchange: Exchange) -> bool:
    response = exchange.response
    return response is not None and any(
        partition.records for topic in response.responses for partition in topic.partitions
    )


def test_of_a_compacted_topic_the_last_value_of_each_key_is_left_and_no_offset_is_used_again() -> None:
    with MockCluster() as kafka:
        config = {"cleanup.policy": "compact", "segment.ms": 1000, "min.cleanable.dirty.ratio": 0.01}
        kafka.create_topic("t", partitions=1, config={**config, "delete.retention.ms": 10_000})
        for key, value in ((b"a", b"1"), (b"b", b"1"), (b"a", b"2"), (b"b", None), (b"c", b"1")):
            kafka.produce("t", value, key=key)
        kafka.clock.advance(5)
        kafka.produce("t", b"roll", key=b"z")

        def seen() -> list[tuple[int, bytes | None, bytes | None]]:
            partition = PythonPartition("t", 0)
            with KafkaConsumer(bootstrap_servers=kafka.bootstrap_servers) as consumer:
                consumer.assign([partition])
                consumer.seek_to_beginning()
                end = consumer.end_offsets([partition])[partition]
                found: list[tuple[int, bytes | None, bytes | None]] = []
                while consumer.position(partition) < end:
                    for records in consumer.poll(1000).values():
                        found += [(record.offset, record.key, record.value) for record in records]
                return found

        kafka.clock.advance(20)
        kept = [(2, b"a", b"2"), (3, b"b", None), (4, b"c", b"1"), (5, b"z", b"roll")]
        assert seen() == kept
        # Who read the tombstone knows; in time it goes too, and what comes next goes on from the log's end.
        kafka.clock.advance(20)
        kafka.produce("t", b"more", key=b"y")
        kafka.clock.advance(20)
        assert seen() == [kept[0], *kept[2:], (6, b"y", b"more")]
