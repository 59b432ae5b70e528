"""Producers that send numbers and consumers that note them, each in a thread, while brokers come and go."""

from __future__ import annotations

import threading
from collections import defaultdict
from typing import Any

from confluent_kafka import Consumer, Producer, TopicPartition
from kafka import KafkaConsumer, KafkaProducer
from kafka import TopicPartition as PythonPartition

__all__ = ["PARTITIONS", "ConfluentProducer", "ConfluentReader", "PythonProducer", "PythonReader", "Worker"]

PARTITIONS = 3
#: Seconds between two records: quick enough that some are always under way.
_PAUSE = 0.003


class Worker:
    """A thread that goes on until it is told to end.

    Attributes:
        failures: what went wrong, which nothing should.
    """

    def __init__(self, servers: str, topic: str) -> None:
        self.servers = servers
        self.topic = topic
        self.failures: list[Any] = []
        self._ending = threading.Event()
        self._thread = threading.Thread(target=self._guarded, daemon=True)
        self._thread.start()

    def finish(self, within: float) -> None:
        """Let it end, and wait for that."""
        self._ending.set()
        self._thread.join(within)
        assert not self._thread.is_alive(), f"{type(self).__name__} on {self.topic} does not end"

    def work(self) -> None:
        """What it does until `_ending` is set."""
        raise NotImplementedError

    def _guarded(self) -> None:
        try:
            self.work()
        except Exception as error:
            self.failures.append(error)


class _Sender(Worker):
    """Sends 0, 1, 2 ..., each to the next partition.

    Attributes:
        acknowledged: numbers by partition and offset.
    """

    def __init__(self, servers: str, topic: str) -> None:
        self.acknowledged: dict[tuple[int, int], int] = {}
        self.sent = 0
        super().__init__(servers, topic)

    def _next(self) -> int:
        self._ending.wait(_PAUSE)
        self.sent += 1
        return self.sent - 1


class ConfluentProducer(_Sender):
    """librdkafka's idempotent producer."""

    def work(self) -> None:
        producer = Producer(
            {"bootstrap.servers": self.servers, "enable.idempotence": True, "linger.ms": 2, "log_level": 0}
        )

        def delivered(error: Any, record: Any) -> None:
            if error is not None:
                self.failures.append(error)
            else:
                self.acknowledged[record.partition(), record.offset()] = int(record.value())

        while not self._ending.is_set():
            number = self._next()
            producer.produce(self.topic, b"%d" % number, partition=number % PARTITIONS, on_delivery=delivered)
            producer.poll(0)
        producer.flush(60)


class PythonProducer(_Sender):
    """kafka-python's idempotent producer."""

    def work(self) -> None:
        producer = KafkaProducer(
            bootstrap_servers=self.servers,
            enable_idempotence=True,
            acks="all",
            retry_backoff_ms=50,
            delivery_timeout_ms=60_000,
        )
        while not self._ending.is_set():
            number = self._next()
            future = producer.send(self.topic, b"%d" % number, partition=number % PARTITIONS)
            future.add_callback(self._delivered, number)
            future.add_errback(self.failures.append)
        producer.flush(60)
        producer.close()

    def _delivered(self, number: int, metadata: Any) -> None:
        self.acknowledged[metadata.partition, metadata.offset] = number


class _Reader(Worker):
    """Reads all partitions from their beginnings.

    Attributes:
        seen: (offset, number) of each partition, in the order in which they came.
    """

    def __init__(self, servers: str, topic: str) -> None:
        self.seen: dict[int, list[tuple[int, int]]] = defaultdict(list)
        super().__init__(servers, topic)


class ConfluentReader(_Reader):
    """librdkafka's consumer."""

    def work(self) -> None:
        config = {"bootstrap.servers": self.servers, "group.id": self.topic, "enable.auto.commit": False}
        consumer = Consumer({**config, "auto.offset.reset": "error", "log_level": 0})
        consumer.assign([TopicPartition(self.topic, index, 0) for index in range(PARTITIONS)])
        while not self._ending.is_set():
            for record in consumer.consume(500, 0.1):
                if record.error() is None:
                    self.seen[record.partition()].append((record.offset(), int(record.value())))
        consumer.close()


class PythonReader(_Reader):
    """kafka-python's consumer."""

    def work(self) -> None:
        consumer = KafkaConsumer(bootstrap_servers=self.servers, auto_offset_reset="none")
        consumer.assign([PythonPartition(self.topic, index) for index in range(PARTITIONS)])
        consumer.seek_to_beginning()
        while not self._ending.is_set():
            for partition, records in consumer.poll(100).items():
                seen = self.seen[partition.partition]
                seen += [(record.offset, int(record.value)) for record in records]
        consumer.close()
