"""A confluent-kafka (librdkafka) client process."""

from __future__ import annotations

import sys
import time
from typing import Any

from confluent_kafka import Consumer, KafkaError, Producer, TopicPartition
from confluent_kafka.admin import AdminClient, NewTopic

from compat_tests.clients.worker import Record, data, serve, text


def record_of(message: Any) -> Record:
    if message.error():
        raise RuntimeError(str(message.error()))
    return {
        "topic": message.topic(),
        "partition": message.partition(),
        "offset": message.offset(),
        "timestamp_ms": message.timestamp()[1],
        "key": text(message.key()),
        "value": text(message.value()),
        "headers": [[name, text(value)] for name, value in message.headers() or ()],
    }


class ConfluentKafka:
    """The commands of worker.py, with confluent-kafka."""

    def __init__(self, bootstrap_servers: str) -> None:
        self.servers = {"bootstrap.servers": bootstrap_servers}
        self.admin = AdminClient(self.servers)
        self.member: Any = None
        self.lone: Any = None
        self.transactional: Any = None

    @property
    def in_group(self) -> bool:
        return self.member is not None

    def create_topic(self, topic: str, partitions: int) -> None:
        self.admin.create_topics([NewTopic(topic, partitions, 1)])[topic].result(20)

    def describe_topic(self, topic: str) -> list[int]:
        return list(self.admin.list_topics(topic, timeout=20).topics[topic].partitions)

    def list_topics(self) -> list[str]:
        return list(self.admin.list_topics(timeout=20).topics)

    def delete_topic(self, topic: str) -> None:
        self.admin.delete_topics([topic])[topic].result(20)

    def produce(
        self, topic: str, records: list[Record], codec: str | None, acks: str, idempotent: bool
    ) -> list[list[int]]:
        options = {"acks": acks, "compression.type": codec or "none", "enable.idempotence": idempotent}
        return self.send(Producer({**self.servers, **options, "linger.ms": 20}), topic, records)

    def send(self, producer: Any, topic: str, records: list[Record]) -> list[list[int]]:
        """Sends everything; partition and offset of each."""
        places: dict[int, list[int]] = {}
        failures: list[str] = []

        def delivered(number: int, error: Any, message: Any) -> None:
            if error is not None:
                failures.append(str(error))
            places[number] = [message.partition(), message.offset()]

        for number, record in enumerate(records):
            options = {"partition": record["partition"]} if "partition" in record else {}
            producer.produce(
                topic,
                value=data(record["value"]),
                key=data(record["key"]),
                headers=[(name, data(value)) for name, value in record.get("headers", ())],
                timestamp=record.get("timestamp_ms", 0),
                on_delivery=lambda error, message, number=number: delivered(number, error, message),
                **options,
            )
        try:
            left = producer.flush(20)
        except SystemError as error:  # a fatal error, raised while the callback runs, is hidden in it
            raise error.__cause__ or error from None
        if left or failures:
            raise RuntimeError(f"{left} records not sent; {failures}")
        return [places[number] for number in range(len(records))]

    def alone(self) -> Any:
        """A consumer in no group. librdkafka wants a group's name all the same."""
        if self.lone is None:
            self.lone = Consumer({**self.servers, "group.id": "alone", "enable.auto.commit": False})
        return self.lone

    def read(self, topic: str, isolation: str = "read_uncommitted") -> list[Record]:
        """Every partition, to where the reader is told that it is at the end."""
        options = {"group.id": "alone", "enable.partition.eof": True, "isolation.level": isolation}
        consumer = Consumer({**self.servers, **options})
        partitions = self.describe_topic(topic)
        consumer.assign([TopicPartition(topic, partition, 0) for partition in partitions])
        records: list[Record] = []
        left = set(partitions)
        deadline = time.monotonic() + 20
        while left and time.monotonic() < deadline:
            message = consumer.poll(0.2)
            if (
                message is not None
                and message.error()
                and message.error().code() == KafkaError._PARTITION_EOF
            ):
                left.discard(message.partition())
            elif message is not None:
                records.append(record_of(message))
        consumer.close()
        return sorted(records, key=lambda record: (record["partition"], record["offset"]))

    def read_committed(self, topic: str) -> list[Record]:
        return self.read(topic, "read_committed")

    def read_from(self, topic: str, partition: int, offset: int, count: int) -> list[Record]:
        consumer = self.alone()
        consumer.assign([TopicPartition(topic, partition, offset)])
        records: list[Record] = []
        deadline = time.monotonic() + 20
        while (not records or records[-1]["offset"] < offset + count - 1) and time.monotonic() < deadline:
            records += map(record_of, consumer.consume(count - len(records), timeout=0.2))
        return records

    def watermarks(self, topic: str, partition: int) -> list[int]:
        return list(self.alone().get_watermark_offsets(TopicPartition(topic, partition), timeout=20))

    def offset_for_time(self, topic: str, partition: int, timestamp_ms: int) -> int | None:
        (found,) = self.alone().offsets_for_times(
            [TopicPartition(topic, partition, timestamp_ms)], timeout=20
        )
        return found.offset if found.offset >= 0 else None

    def join(
        self, topic: str, group: str, session_timeout_ms: int, config: dict[str, str] | None = None
    ) -> None:
        options = {"group.id": group, "auto.offset.reset": "earliest", "enable.auto.commit": False}
        config = config or {}
        if config.get("group.protocol") != "consumer":
            # The broker's matter in the consumer protocol.
            options |= {"session.timeout.ms": session_timeout_ms, "heartbeat.interval.ms": 300}
        self.member = Consumer({**self.servers, **options, **config})
        self.member.subscribe([topic])

    def commit(self) -> dict[str, int]:
        self.member.commit(asynchronous=False)
        committed = self.member.committed(self.member.assignment(), timeout=20)
        return {str(place.partition): place.offset for place in committed if place.offset >= 0}

    def seek(self, topic: str, partition: int, offset: int) -> None:
        self.member.seek(TopicPartition(topic, partition, offset))

    def leave(self) -> None:
        self.member.close()
        self.member = None

    def started(self, transactional_id: str) -> Any:
        producer = Producer({**self.servers, "transactional.id": transactional_id})
        producer.init_transactions(20)
        return producer

    def send_in_transaction(
        self, topic: str, transactional_id: str, records: list[Record]
    ) -> list[list[int]]:
        if self.transactional is None:
            self.transactional = self.started(transactional_id)
        self.transactional.begin_transaction()
        return self.send(self.transactional, topic, records)

    def end_transaction(self, commit: bool) -> None:
        if commit:
            self.transactional.commit_transaction(20)
        else:
            self.transactional.abort_transaction(20)

    def copy(
        self, source: str, target: str, group: str, transactional_id: str, count: int, abort_every: int
    ) -> int:
        """Copies in transactions of five at most; aborts every so many and does the work again."""
        producer = self.started(transactional_id)
        options = {"group.id": group, "auto.offset.reset": "earliest", "enable.auto.commit": False}
        consumer = Consumer({**self.servers, **options, "isolation.level": "read_committed"})
        consumer.subscribe([source])
        copied = aborted = number = 0
        while copied < count:
            batch = consumer.consume(min(5, count - copied), timeout=1)
            while batch:
                number += 1
                producer.begin_transaction()
                records = [{"key": text(one.key()), "value": one.value().decode().upper()} for one in batch]
                self.send(producer, target, records)
                offsets = [TopicPartition(source, one.partition(), one.offset() + 1) for one in batch]
                producer.send_offsets_to_transaction(offsets, consumer.consumer_group_metadata(), 20)
                if number % abort_every:
                    producer.commit_transaction(20)
                    copied += len(batch)
                    batch = []
                else:
                    producer.abort_transaction(20)
                    aborted += 1
        consumer.close()
        return aborted

    def poll(self) -> list[Record]:
        return [record_of(message) for message in self.member.consume(100, timeout=0.1)]

    def assignment(self) -> list[int]:
        return [place.partition for place in self.member.assignment()]


if __name__ == "__main__":
    serve(ConfluentKafka(sys.argv[1]))
