"""A kafka-python client process."""

from __future__ import annotations

import sys
import time
from typing import Any

from kafka import KafkaAdminClient, KafkaConsumer, KafkaProducer, TopicPartition
from kafka.admin import NewTopic
from kafka.structs import OffsetAndMetadata

from compat_tests.clients.worker import Record, data, serve, text

SILENCE = 2.0  # seconds after which a reader takes it that markers are all that is left


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
        self.transactional: Any = None

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
        self.producers.append(producer)  # closed too early, 2.2 drops what needs no acknowledgement
        return self.send(producer, topic, records)

    def send(self, producer: Any, topic: str, records: list[Record]) -> list[list[int]]:
        """Sends everything; partition and offset of each."""
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
        return [[place.partition, place.offset] for place in places]

    def alone(self) -> Any:
        """A consumer in no group, kept since its start-up is slow."""
        if self.lone is None:
            self.lone = KafkaConsumer(bootstrap_servers=self.servers, group_id=None)
        return self.lone

    def read(self, topic: str) -> list[Record]:
        return self.read_all(self.alone(), topic)

    def read_committed(self, topic: str) -> list[Record]:
        consumer = KafkaConsumer(
            bootstrap_servers=self.servers, group_id=None, isolation_level="read_committed"
        )
        records = self.read_all(consumer, topic)
        consumer.close()
        return records

    def read_all(self, consumer: Any, topic: str) -> list[Record]:
        partitions = [
            TopicPartition(topic, number) for number in sorted(consumer.partitions_for_topic(topic))
        ]
        consumer.assign(partitions)
        for partition in partitions:
            consumer.seek(partition, 0)
        return self.poll_for(consumer, consumer.end_offsets(partitions))

    def read_from(self, topic: str, partition: int, offset: int, count: int) -> list[Record]:
        consumer = self.alone()
        consumer.assign([TopicPartition(topic, partition)])
        consumer.seek(TopicPartition(topic, partition), offset)
        return self.poll_for(consumer, {TopicPartition(topic, partition): offset + count})

    def poll_for(self, consumer: Any, ends: dict[Any, int]) -> list[Record]:
        """Reads each partition to before its end; where markers are before it, until nothing more comes."""
        records: list[Record] = []
        left = {place for place, end in ends.items() if end > 0}
        silent_since = time.monotonic()
        while left and time.monotonic() < silent_since + SILENCE:
            for place, batch in consumer.poll(timeout_ms=200).items():
                records += (record_of(one) for one in batch if one.offset < ends[place])
                silent_since = time.monotonic()
                if batch[-1].offset >= ends[place] - 1:
                    left.discard(place)
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

    def started(self, transactional_id: str) -> Any:
        producer = KafkaProducer(bootstrap_servers=self.servers, transactional_id=transactional_id)
        producer.init_transactions()
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
            self.transactional.commit_transaction()
        else:
            self.transactional.abort_transaction()

    def copy_batch(self, producer: Any, consumer: Any, batch: list[Any], target: str, commit: bool) -> None:
        producer.begin_transaction()
        self.send(
            producer, target, [{"key": text(one.key), "value": one.value.decode().upper()} for one in batch]
        )
        offsets = {
            TopicPartition(one.topic, one.partition): OffsetAndMetadata(one.offset + 1, "", -1)
            for one in batch
        }
        # The older line knows a group by its name alone.
        metadata = getattr(consumer, "group_metadata", lambda: consumer.config["group_id"])()
        producer.send_offsets_to_transaction(offsets, metadata)
        if commit:
            producer.commit_transaction()
        else:
            producer.abort_transaction()

    def copy(
        self, source: str, target: str, group: str, transactional_id: str, count: int, abort_every: int
    ) -> int:
        """Copies in transactions of five at most; aborts every so many and does the work again."""
        producer = self.started(transactional_id)
        consumer = KafkaConsumer(
            source,
            bootstrap_servers=self.servers,
            group_id=group,
            auto_offset_reset="earliest",
            enable_auto_commit=False,
            isolation_level="read_committed",
        )
        copied = aborted = number = 0
        while copied < count:
            batches = consumer.poll(timeout_ms=1000, max_records=min(5, count - copied))
            batch = [one for records in batches.values() for one in records]
            while batch:
                number += 1
                commit = number % abort_every != 0
                self.copy_batch(producer, consumer, batch, target, commit)
                if commit:
                    copied += len(batch)
                    break
                aborted += 1
        consumer.close(autocommit=False)
        producer.close()
        return aborted

    def poll(self) -> list[Record]:
        return [
            record_of(message) for batch in self.member.poll(timeout_ms=100).values() for message in batch
        ]

    def assignment(self) -> list[int]:
        return [partition.partition for partition in self.member.assignment()]


if __name__ == "__main__":
    serve(KafkaPython(sys.argv[1]))
