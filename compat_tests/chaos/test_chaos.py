"""Brokers are stopped, killed and started again while producers and consumers of three kinds go on: librdkafka's,
kafka-python's and Java's. Each consumer reads what each producer wrote.

Nothing that was acknowledged is lost, nothing is there twice, and each partition keeps its order.
MOCKBROKER_CHAOS_SECONDS says for how long (`make soak`), MOCKBROKER_CHAOS_SEED which causes.
"""

from __future__ import annotations

import logging
import os
import random
import re
import shutil
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from compat_tests.chaos.clients import (
    PARTITIONS,
    ConfluentProducer,
    ConfluentReader,
    PythonProducer,
    PythonReader,
)
from compat_tests.support import jvm
from compat_tests.support.processes import Running
from mockbroker import MockCluster

SECONDS = float(os.environ.get("MOCKBROKER_CHAOS_SECONDS", "5"))
SEED = int(os.environ.get("MOCKBROKER_CHAOS_SEED", "6"))
TOPICS = ("confluent", "python", "java")
ENDED = re.compile(r"^acknowledged (\d+) failed (\d+)$", re.MULTILINE)
HAS_JAVA = all(map(shutil.which, ("java", "javac")))


@pytest.fixture
def kafka() -> Iterator[MockCluster]:
    logging.getLogger("kafka").setLevel(logging.CRITICAL)
    config = {"default.replication.factor": 3, "min.insync.replicas": 2}
    with MockCluster(
        brokers=3, config=config, topics=dict.fromkeys(TOPICS, PARTITIONS), seed=SEED
    ) as cluster:
        yield cluster
    logging.getLogger("kafka").setLevel(logging.NOTSET)


def play(kafka: MockCluster, seconds: float) -> dict[str, int]:
    """One broker after the other goes and comes back; how often each thing was done."""
    rng = random.Random(SEED)
    done = dict.fromkeys(("stop", "kill", "move"), 0)
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        what = rng.choice(sorted(done))
        done[what] += 1
        if what == "move":
            kafka.move_leader(rng.choice(TOPICS), rng.randrange(PARTITIONS), to=rng.randint(1, 3))
        else:
            broker = kafka.broker(rng.randint(1, 3))
            getattr(broker, what)()
            time.sleep(rng.uniform(0.1, 0.6))
            broker.start()
            for topic in TOPICS:
                for partition in range(PARTITIONS):
                    kafka.wait_until_partition(topic, partition, isr=3, timeout=20)
        time.sleep(rng.uniform(0.1, 0.4))
    return done


def log_of(kafka: MockCluster, topic: str) -> dict[tuple[int, int], int]:
    """The numbers in the logs by partition and offset, which must be all there are, once and in order."""
    log = {(record.partition, record.offset): int(record.value or b"") for record in kafka.records(topic)}
    for partition in range(PARTITIONS):
        numbers = [number for (index, _), number in log.items() if index == partition]
        assert numbers == list(range(partition, partition + PARTITIONS * len(numbers), PARTITIONS))
    return log


def check_lines(reader: Running, logs: dict[str, dict[tuple[int, int], int]]) -> None:
    """What the consumer in Java printed must be all that is in the logs, in its order."""
    total = sum(map(len, logs.values()))
    poll(lambda: reader.stdout.count("\n") >= total, within=20)
    reader.write("end\n")
    reader.wait_for_text("ended")
    seen: dict[tuple[str, int], list[tuple[int, int]]] = {}
    for line in reader.stdout.splitlines()[:-1]:
        name, *numbers = line.split()
        partition, offset, value = map(int, numbers)
        seen.setdefault((name, partition), []).append((offset, value))
    for topic, log in logs.items():
        for partition in range(PARTITIONS):
            wanted = [(offset, number) for (index, offset), number in log.items() if index == partition]
            assert seen.get((topic, partition), []) == wanted


def poll(condition: Callable[[], bool], within: float) -> bool:
    until = time.monotonic() + within
    while not (found := condition()) and time.monotonic() < until:
        time.sleep(0.05)
    return found


def test_nothing_is_lost_nothing_comes_twice_and_order_is_kept(
    kafka: MockCluster, tmp_path: Path, record_property: Callable[[str, object], None]
) -> None:
    servers = kafka.bootstrap_servers
    java = java_reader = None
    if HAS_JAVA:
        sources = Path(__file__).parent
        command = jvm.run(sources, "ChaosProducer", servers, "java", str(PARTITIONS))
        java = Running(command, tmp_path, name="java")
        kafka.wait_until_records("java", 1, timeout=20)
        command = jvm.run(sources, "ChaosConsumer", servers, str(PARTITIONS), *TOPICS)
        java_reader = Running(command, tmp_path, name="java-reader")
        java_reader.wait_for_text("java ")
    producers = [ConfluentProducer(servers, "confluent"), PythonProducer(servers, "python")]
    readers = [kind(servers, topic) for topic in TOPICS for kind in (ConfluentReader, PythonReader)]
    done = play(kafka, SECONDS)

    counts = {}
    for producer in producers:
        producer.finish(within=70)
        assert producer.failures == []
        assert len(producer.acknowledged) == producer.sent
        assert log_of(kafka, producer.topic) == producer.acknowledged
        counts[producer.topic] = producer.sent
    if java is not None:
        java.write("end\n")
        ended = java.wait_for(ENDED.search, within=70, what="how it ended")
        assert (int(ended[1]), int(ended[2])) == (len(log_of(kafka, "java")), 0)
        counts["java"] = int(ended[1])

    logs = {topic: log_of(kafka, topic) for topic in TOPICS}
    if java_reader is not None:
        check_lines(java_reader, logs)
    for reader in readers:
        log = logs[reader.topic]
        poll(lambda reader=reader, log=log: sum(map(len, reader.seen.values())) >= len(log), within=20)  # type: ignore[misc]
        reader.finish(within=20)
        assert reader.failures == []
        for partition in range(PARTITIONS):
            wanted = [(offset, number) for (index, offset), number in log.items() if index == partition]
            assert reader.seen[partition] == wanted
    acknowledged = ", ".join(f"{topic} {count}" for topic, count in counts.items())
    causes = ", ".join(f"{what} {count}" for what, count in done.items())
    record_property(
        "compared", f"chaos for {SECONDS:.0f} s ({causes}): acknowledged, and read by each: {acknowledged}"
    )
    assert all(counts.values())
