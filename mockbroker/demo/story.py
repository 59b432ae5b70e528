"""The steps of the demo: what a user of Kafka expects of it, shown with kafka-python against three brokers."""

from __future__ import annotations

import subprocess
import sys
import threading
from collections import defaultdict
from time import monotonic, perf_counter, sleep
from typing import Any

from kafka import KafkaAdminClient, KafkaConsumer, KafkaProducer, TopicPartition
from kafka.admin import NewTopic

from mockbroker import MockCluster
from mockbroker.demo import official_tools
from mockbroker.demo.narrator import Narrator, Unheld

__all__ = ["tell"]

TOPIC = "orders"
GROUP = "billing"
CUSTOMERS = [f"customer-{number}" for number in range(8)]
PATIENCE = 10.0

# kafka-python asks for a topic's partitions 0.1 s after its start; a group that is ready earlier is formed twice.
_CONFIG = {"group.initial.rebalance.delay.ms": 100}


def tell() -> int:
    """Run all steps; gives the exit code."""
    narrator = Narrator()
    began = perf_counter()
    with MockCluster(brokers=3, seed=1, config=_CONFIG) as kafka:
        print(
            f"A cluster of three brokers at {kafka.bootstrap_servers}, started in {perf_counter() - began:.3f} s."
        )
        story = Story(kafka)
        narrator.step("A stock client creates a topic of three partitions, three replicas each", story.create)
        narrator.step("Records with the same key land in the same partition, in order", story.produce)
        narrator.step("Two consumers share a group: each partition has one of them", story.share)
        narrator.step("The group has read everything: LAG is 0", story.lag)
        narrator.step("Offsets survive the restart of a consumer", story.restart)
        narrator.step(
            "At most once: commit, then process; a crash between loses a record", story.at_most_once
        )
        narrator.step("At least once: process, then commit; a crash between repeats one", story.at_least_once)
        tools = official_tools.find(kafka.bootstrap_servers)
        if tools is None:
            print(f"\nKafka's own command line tools are left out: {official_tools.WHY_NOT}")
        else:
            narrator.step(
                "Apache Kafka's own command line tools see the same", lambda n: story.tools(n, tools)
            )
    return narrator.end()


class Story:
    """The steps, on one cluster."""

    def __init__(self, kafka: MockCluster) -> None:
        self._kafka = kafka
        self._servers = kafka.bootstrap_servers.split(",")

    def create(self, narrator: Narrator) -> None:
        admin = KafkaAdminClient(bootstrap_servers=self._servers)
        admin.create_topics([NewTopic(TOPIC, num_partitions=3, replication_factor=3)])
        admin.close()
        partitions = [self._kafka.partition(TOPIC, index) for index in range(3)]
        for index, partition in enumerate(partitions):
            narrator.say(f"{TOPIC}-{index}: leader {partition.leader}, in sync {sorted(partition.isr)}")
        narrator.check("every partition has three in-sync replicas", all(len(p.isr) == 3 for p in partitions))
        narrator.check("the leaders are spread over the brokers", len({p.leader for p in partitions}) == 3)

    def produce(self, narrator: Narrator) -> None:
        self._send(range(5))
        homes: dict[str, set[int]] = defaultdict(set)
        order: dict[str, list[int]] = defaultdict(list)
        for record in self._kafka.records(TOPIC):
            key, number = (record.key or b"").decode(), int((record.value or b"0").decode())
            homes[key].add(record.partition)
            order[key].append(number)
        narrator.say(", ".join(f"{key} in {sorted(home)[0]}" for key, home in sorted(homes.items())))
        narrator.check("each key has one partition", all(len(home) == 1 for home in homes.values()))
        narrator.check(
            "each key's records are in the order of sending",
            sorted(order) == CUSTOMERS and all(numbers == sorted(numbers) for numbers in order.values()),
        )

    def _send(self, numbers: range) -> None:
        producer = KafkaProducer(bootstrap_servers=self._servers, acks="all")
        for number in numbers:
            for customer in CUSTOMERS:
                producer.send(TOPIC, key=customer.encode(), value=str(number).encode())
        producer.flush(PATIENCE)
        producer.close()

    def share(self, narrator: Narrator) -> None:
        members = [_Member(self._servers), _Member(self._servers)]
        for member in members:
            member.start()
        _wait(lambda: sum(len(member.values) for member in members) >= 5 * len(CUSTOMERS), "all records")
        for member in members:
            member.stop()
        shares = [sorted(member.partitions) for member in members]
        narrator.say(f"one consumer had partitions {shares[0]}, the other {shares[1]}")
        narrator.check("together they had all three", sorted({*shares[0], *shares[1]}) == [0, 1, 2])
        read = sum(len(member.values) for member in members)
        narrator.check(f"{read} records were read, each once", read == 5 * len(CUSTOMERS))

    def lag(self, narrator: Narrator) -> None:
        lags = self._lags()
        narrator.say(", ".join(f"{TOPIC}-{index}: LAG {lag}" for index, lag in lags.items()))
        narrator.check("LAG is 0 in every partition", set(lags.values()) == {0})

    def _lags(self) -> dict[int, int]:
        committed = self._kafka.committed(GROUP)
        return {
            index: self._kafka.partition(TOPIC, index).log_end_offset - committed[TOPIC, index].offset
            for index in range(3)
        }

    def restart(self, narrator: Narrator) -> None:
        self._send(range(5, 6))
        narrator.say(f"{len(CUSTOMERS)} new records: LAG {sum(self._lags().values())} in all")
        member = _Member(self._servers)
        member.start()
        _wait(lambda: len(member.values) >= len(CUSTOMERS), "the new records")
        member.stop()
        narrator.check("a new consumer of the group read only those", set(member.values) == {"5"})
        narrator.check("LAG is 0 again", set(self._lags().values()) == {0})

    def at_most_once(self, narrator: Narrator) -> None:
        seen = self._crash_and_go_on("at-most-once", "commit-first")
        narrator.say(f"processed: {' '.join(seen)}")
        narrator.check("record 2 was never processed", seen == ["0", "1", "3", "4"])

    def at_least_once(self, narrator: Narrator) -> None:
        seen = self._crash_and_go_on("at-least-once", "process-first")
        narrator.say(f"processed: {' '.join(seen)}")
        narrator.check("record 2 was processed twice", seen == ["0", "1", "2", "2", "3", "4"])

    def _crash_and_go_on(self, topic: str, order: str) -> list[str]:
        """Five records; a consumer that dies at record 2, then one that does not. What both processed."""
        self._kafka.create_topic(topic, partitions=1, replication_factor=3)
        for number in range(5):
            self._kafka.produce(topic, value=str(number))
        seen: list[str] = []
        for crash_at, exit_code in (("2", 1), ("-", 0)):
            worker = subprocess.run(
                [
                    *(sys.executable, "-m", "mockbroker.demo.worker"),
                    *(",".join(self._servers), topic, topic, order, crash_at),
                ],
                stdout=subprocess.PIPE,
                text=True,
                timeout=30,
                check=False,
            )
            if worker.returncode != exit_code:
                raise Unheld(f"the consumer ended with {worker.returncode}, not {exit_code}")
            seen += worker.stdout.split()
        return seen

    def tools(self, narrator: Narrator, tools: official_tools.Tools) -> None:
        listed = tools.run("TopicCommand", "--list").split()
        narrator.check("kafka-topics --list names the topic", TOPIC in listed)
        described = tools.run("consumer.group.ConsumerGroupCommand", "--describe", "--group", GROUP)
        for line in described.strip().splitlines():
            narrator.say(line)
        narrator.check("kafka-consumer-groups --describe shows the group", GROUP in described)
        count = 6 * len(CUSTOMERS)
        printed = tools.run(
            "consumer.ConsoleConsumer",
            *("--topic", TOPIC, "--from-beginning", "--max-messages", str(count), "--timeout-ms", "15000"),
        )
        narrator.check(f"kafka-console-consumer prints all {count} records", len(printed.split()) == count)


class _Member(threading.Thread):
    """A consumer of the group in a thread: reads, commits, notes what it read."""

    def __init__(self, servers: list[str]) -> None:
        super().__init__(daemon=True)
        self._servers = servers
        self._stopping = threading.Event()
        self.values: list[str] = []
        self.partitions: set[int] = set()

    def run(self) -> None:
        consumer = KafkaConsumer(
            TOPIC,
            bootstrap_servers=self._servers,
            group_id=GROUP,
            auto_offset_reset="earliest",
            enable_auto_commit=False,
        )
        while not self._stopping.is_set():
            batches: dict[TopicPartition, list[Any]] = consumer.poll(timeout_ms=50)
            self.partitions |= {partition.partition for partition in consumer.assignment()}
            for records in batches.values():
                self.values += [record.value.decode() for record in records]
            if batches:
                consumer.commit()
        consumer.close(autocommit=False)

    def stop(self) -> None:
        self._stopping.set()
        self.join(PATIENCE)


def _wait(is_done: Any, what: str) -> None:
    deadline = monotonic() + PATIENCE
    while not is_done():
        if monotonic() > deadline:
            raise Unheld(f"waited {PATIENCE:.0f} s for {what}")
        sleep(0.01)
