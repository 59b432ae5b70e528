"""A kafka-python client process."""

from __future__ import annotations

import sys
import time
from typing import Any

from kafka import KafkaAdminClient, KafkaConsumer, KafkaProducer, TopicPartition
from kafka.admin import NewTopic

from compat_tests.clients.worker import Record, data, serve, text


def record_of(message: Any) -> Record:
    return {
        "topic": message.topic,
        "partition": message.partition,
        "offset": message.offset,
        "timestamp_ms": message.timestamp,
        "key": text(message.key),
        "value": text(message.value),
        "headers": [[name, text(value)] for name, value in message.headers],
    }


class KafkaPython:
    """The commands of worker.py, with kafka-python."""

    def __init__(self, bootstrap_servers: str) -> None:
        self.servers = bootstrap_servers.split(",")
        self.member: Any = None
        self.lone: Any = None
        self.producers: list[Any] = []

    @property
    def in_group(self) -> bool:
        return self.member is not None

    @property
    def admin(self) -> Any:
        return KafkaAdminClient(bootstrap_servers=self.servers)

    def create_topic(self, topic: str, partitions: int) -> None:
        self.admin.create_topics([NewTopic(topic, partitions, 1)])

    def describe_topic(self, topic: str) -> list[int]:
        (described,) = self.admin.describe_topics([topic])
        return [
            partition.get("partition_index", partition.get("partition"))
            for partition in described["partitions"]
        ]

    def list_topics(self) -> list[str]:
        return list(self.admin.list_topics())

    def delete_topic(self, topic: str) -> None:
        self.admin.delete_topics([topic])

    def produce(
        self, topic: str, records: list[Record], codec: str | None, acks: str, idempotent: bool
    ) -> list[list[int]]:
        options: dict[str, Any] = {"enable_idempotence": True} if idempotent else {}
        producer = KafkaProducer(
            bootstrap_servers=self.servers,
            compression_type=codec,
            acks=acks if acks == "all" else int(acks),
            linger_ms=20,
            **options,
        )
        futures = [
            producer.send(
                topic,
                value=data(record["value"]),
                key=data(record["key"]),
                headers=[(name, data(value)) for name, value in record.get("headers", ())],
                partition=record.get("partition"),
                timestamp_ms=record.get("timestamp_ms"),
            )
            for record in records
        ]
        producer.flush()
        places = [future.get(20) for future in futures]
        self.producers.append(producer)  # closed too early, 2.2 drops what needs no acknowledgement
        return [[place.partition, place.offset] for place in places]

    def alone(self) -> Any:
        """A consumer in no group, kept since its start-up is slow."""
        if self.lone is None:
            self.lone = KafkaConsumer(bootstrap_servers=self.servers, group_id=None)
        return self.lone

    def read(self, topic: str) -> list[Record]:
        consumer = self.alone()
        partitions = [
            TopicPartition(topic, number) for number in sorted(consumer.partitions_for_topic(topic))
        ]
        consumer.assign(partitions)
        for partition in partitions:
            consumer.seek(partition, 0)
        count = sum(consumer.end_offsets(partitions).values())
        return self.poll_for(consumer, count)

    def read_from(self, topic: str, partition: int, offset: int, count: int) -> list[Record]:
        consumer = self.alone()
        consumer.assign([TopicPartition(topic, partition)])
        consumer.seek(TopicPartition(topic, partition), offset)
        return self.poll_for(consumer, count)

    def poll_for(self, consumer: Any, count: int) -> list[Record]:
        records: list[Record] = []
        deadline = time.monotonic() + 20
        while len(records) < count and time.monotonic() < deadline:
            for batch in consumer.poll(timeout_ms=200).values():
                records += map(record_of, batch)
        return sorted(records, key=lambda record: (record["partition"], record["offset"]))

    def watermarks(self, topic: str, partition: int) -> list[int]:
        place = TopicPartition(topic, partition)
        return [self.alone().beginning_offsets([place])[place], self.alone().end_offsets([place])[place]]

    def offset_for_time(self, topic: str, partition: int, timestamp_ms: int) -> int | None:
        place = TopicPartition(topic, partition)
        found = self.alone().offsets_for_times({place: timestamp_ms})[place]
        return None if found is None else found.offset

    def join(self, topic: str, group: str, session_timeout_ms: int) -> None:
        self.member = KafkaConsumer(
            topic,
            bootstrap_servers=self.servers,
            group_id=group,
            session_timeout_ms=session_timeout_ms,
            heartbeat_interval_ms=300,
            auto_offset_reset="earliest",
            enable_auto_commit=False,
        )

    def commit(self) -> dict[str, int]:
        self.member.commit()
        committed = {str(p.partition): self.member.committed(p) for p in self.member.assignment()}
        return {partition: offset for partition, offset in committed.items() if offset}

    def seek(self, topic: str, partition: int, offset: int) -> None:
        self.member.seek(TopicPartition(topic, partition), offset)

    def leave(self) -> None:
        self.member.close(autocommit=False)
        self.member = None

    def poll(self) -> list[Record]:
        return [
            record_of(message) for batch in self.member.poll(timeout_ms=100).values() for message in batch
        ]

    def assignment(self) -> list[int]:
        return [partition.partition for partition in self.member.assignment()]


if __name__ == "__main__":
    serve(KafkaPython(sys.argv[1]))
