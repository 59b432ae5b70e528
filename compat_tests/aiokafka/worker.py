"""An aiokafka client process."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Coroutine
from typing import Any, TypeVar

from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, TopicPartition
from aiokafka.admin import AIOKafkaAdminClient, NewTopic

from compat_tests.clients.worker import Record, data, serve, text

T = TypeVar("T")
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


class AioKafka:
    """The commands of worker.py, with aiokafka on an event loop that runs while a command or a poll does."""

    def __init__(self, bootstrap_servers: str) -> None:
        self.servers = bootstrap_servers
        self.loop = asyncio.new_event_loop()
        self.member: Any = None
        self.lone: Any = None
        self.transactional: Any = None

    def run(self, work: Coroutine[Any, Any, T]) -> T:
        return self.loop.run_until_complete(work)

    @property
    def in_group(self) -> bool:
        return self.member is not None

    async def as_admin(self, verb: str, *arguments: Any) -> Any:
        admin = AIOKafkaAdminClient(bootstrap_servers=self.servers)
        await admin.start()
        try:
            return await getattr(admin, verb)(*arguments)
        finally:
            await admin.close()

    def create_topic(self, topic: str, partitions: int) -> None:
        answer = self.run(self.as_admin("create_topics", [NewTopic(topic, partitions, 1)]))
        for _, code, *_ in answer.topic_errors:
            if code:
                raise RuntimeError("already exists" if code == 36 else f"error {code}")

    def describe_topic(self, topic: str) -> list[int]:
        (described,) = self.run(self.as_admin("describe_topics", [topic]))
        return [partition["partition"] for partition in described["partitions"]]

    def list_topics(self) -> list[str]:
        return list(self.run(self.as_admin("list_topics")))

    def delete_topic(self, topic: str) -> None:
        self.run(self.as_admin("delete_topics", [topic]))

    async def producer(self, **options: Any) -> Any:
        producer = AIOKafkaProducer(bootstrap_servers=self.servers, linger_ms=20, **options)
        await producer.start()
        return producer

    async def send(self, producer: Any, topic: str, records: list[Record]) -> list[list[int]]:
        """Sends everything; partition and offset of each."""
        futures = [
            await producer.send(
                topic,
                value=data(record["value"]),
                key=data(record["key"]),
                headers=[(name, data(value)) for name, value in record.get("headers", ())],
                partition=record.get("partition"),
                timestamp_ms=record.get("timestamp_ms"),
            )
            for record in records
        ]
        places = await asyncio.wait_for(asyncio.gather(*futures), 20)
        return [[place.partition, place.offset] for place in places if place]

    async def send_once(self, topic: str, records: list[Record], **options: Any) -> list[list[int]]:
        producer = await self.producer(**options)
        try:
            return await self.send(producer, topic, records)
        finally:
            await producer.stop()

    def produce(
        self, topic: str, records: list[Record], codec: str | None, acks: str, idempotent: bool
    ) -> list[list[int]]:
        return self.run(
            self.send_once(
                topic,
                records,
                compression_type=codec,
                acks=acks if acks == "all" else int(acks),
                enable_idempotence=idempotent,
            )
        )

    async def consumer(self, *topics: str, **options: Any) -> Any:
        consumer = AIOKafkaConsumer(*topics, bootstrap_servers=self.servers, **options)
        await consumer.start()
        return consumer

    def alone(self) -> Any:
        """A consumer in no group."""
        if self.lone is None:
            self.lone = self.run(self.consumer())
        return self.lone

    async def fetch(self, consumer: Any, starts: dict[Any, int], ends: dict[Any, int]) -> list[Record]:
        """Reads each partition to before its end; where markers are before it, until nothing more comes."""
        consumer.assign(list(starts))
        for partition, offset in starts.items():
            consumer.seek(partition, offset)
        left = {partition for partition, offset in starts.items() if offset < ends[partition]}
        records: list[Record] = []
        silent_since = self.loop.time()
        while left and self.loop.time() < silent_since + SILENCE:
            for place, batch in (await consumer.getmany(timeout_ms=200)).items():
                records += (record_of(one) for one in batch if one.offset < ends[place])
                silent_since = self.loop.time()
                if batch[-1].offset >= ends[place] - 1:
                    left.discard(place)
        return sorted(records, key=lambda record: (record["partition"], record["offset"]))

    def read(self, topic: str, isolation: str = "read_uncommitted") -> list[Record]:
        places = [TopicPartition(topic, number) for number in self.describe_topic(topic)]
        consumer = self.run(self.consumer(isolation_level=isolation))
        try:
            ends = self.run(consumer.end_offsets(places))
            return self.run(self.fetch(consumer, dict.fromkeys(places, 0), ends))
        finally:
            self.run(consumer.stop())

    def read_committed(self, topic: str) -> list[Record]:
        return self.read(topic, "read_committed")

    def read_from(self, topic: str, partition: int, offset: int, count: int) -> list[Record]:
        place = TopicPartition(topic, partition)
        return self.run(self.fetch(self.alone(), {place: offset}, {place: offset + count}))

    def watermarks(self, topic: str, partition: int) -> list[int]:
        place, consumer = TopicPartition(topic, partition), self.alone()
        begin, end = self.run(consumer.beginning_offsets([place])), self.run(consumer.end_offsets([place]))
        return [begin[place], end[place]]

    def offset_for_time(self, topic: str, partition: int, timestamp_ms: int) -> int | None:
        place = TopicPartition(topic, partition)
        found = self.run(self.alone().offsets_for_times({place: timestamp_ms}))[place]
        return None if found is None else found.offset

    def join(self, topic: str, group: str, session_timeout_ms: int) -> None:
        self.member = self.run(
            self.consumer(
                topic,
                group_id=group,
                session_timeout_ms=session_timeout_ms,
                heartbeat_interval_ms=300,
                auto_offset_reset="earliest",
                enable_auto_commit=False,
            )
        )

    def commit(self) -> dict[str, int]:
        self.run(self.member.commit())
        committed = {str(p.partition): self.run(self.member.committed(p)) for p in self.member.assignment()}
        return {partition: offset for partition, offset in committed.items() if offset}

    def seek(self, topic: str, partition: int, offset: int) -> None:
        self.member.seek(TopicPartition(topic, partition), offset)

    def leave(self) -> None:
        self.run(self.member.stop())
        self.member = None

    def send_in_transaction(
        self, topic: str, transactional_id: str, records: list[Record]
    ) -> list[list[int]]:
        if self.transactional is None:
            self.transactional = self.run(self.producer(transactional_id=transactional_id))
        self.run(self.transactional.begin_transaction())
        return self.run(self.send(self.transactional, topic, records))

    def end_transaction(self, commit: bool) -> None:
        if commit:
            self.run(self.transactional.commit_transaction())
        else:
            self.run(self.transactional.abort_transaction())

    async def copy_batch(
        self, producer: Any, batch: list[Any], target: str, group: str, commit: bool
    ) -> None:
        await producer.begin_transaction()
        records = [{"key": text(one.key), "value": one.value.decode().upper()} for one in batch]
        await self.send(producer, target, records)
        offsets = {TopicPartition(one.topic, one.partition): one.offset + 1 for one in batch}
        await producer.send_offsets_to_transaction(offsets, group)
        await (producer.commit_transaction() if commit else producer.abort_transaction())

    async def copying(
        self, source: str, target: str, group: str, transactional_id: str, count: int, abort_every: int
    ) -> int:
        producer = await self.producer(transactional_id=transactional_id)
        consumer = await self.consumer(
            source,
            group_id=group,
            auto_offset_reset="earliest",
            enable_auto_commit=False,
            isolation_level="read_committed",
        )
        copied = aborted = number = 0
        while copied < count:
            batches = await consumer.getmany(timeout_ms=1000, max_records=min(5, count - copied))
            batch = [one for records in batches.values() for one in records]
            while batch:
                number += 1
                commit = number % abort_every != 0
                await self.copy_batch(producer, batch, target, group, commit)
                if commit:
                    copied += len(batch)
                    break
                aborted += 1
        await consumer.stop()
        await producer.stop()
        return aborted

    def copy(self, **work: Any) -> int:
        """Copies in transactions of five at most; aborts every so many and does the work again."""
        return self.run(asyncio.wait_for(self.copying(**work), 25))

    def poll(self) -> list[Record]:
        batches = self.run(self.member.getmany(timeout_ms=100))
        return [record_of(message) for batch in batches.values() for message in batch]

    def assignment(self) -> list[int]:
        return [partition.partition for partition in self.member.assignment()]


if __name__ == "__main__":
    serve(AioKafka(sys.argv[1]))
