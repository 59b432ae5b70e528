"""Brokers that go and come, replication that stands still, memory that is short: with stock clients watching."""

from __future__ import annotations

import socket
from collections.abc import Callable
from typing import Any

import pytest
from confluent_kafka import Producer
from kafka import KafkaConsumer, KafkaProducer

from mockbroker import ErrorCode, KafkaError, MockCluster

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
