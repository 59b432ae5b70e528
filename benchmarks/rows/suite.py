"""What a test of somebody's suite does: a topic, ten records in, ten records out in a new group, and away with it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from importlib.util import find_spec
from statistics import median
from time import perf_counter, time
from typing import Any

from benchmarks.peers import Peer
from benchmarks.table import Figure

TITLE = "a suite's test"
#: Nobody can delete a topic there.
WITHOUT = frozenset({"rdmock"})

_RECORDS = 10
_AT_MOST = 10.0


def measure(peer: Peer, effort: float) -> Iterator[tuple[Figure, float]]:
    tries = 3 if effort >= 1 else 2
    kinds: dict[str, tuple[str, Callable[[str], None]]] = {
        "confluent": ("confluent_kafka", _confluent),
        "kafka-python": ("kafka", _kafka_python),
    }
    for name, (module, test) in kinds.items():
        if find_spec(module):
            times = [_timed(test, peer.bootstrap_servers) for _ in range(tries)]
            yield Figure(f"j a suite's test, {name}", "s"), median(times)


def _timed(test: Callable[[str], None], bootstrap_servers: str) -> float:
    begun = perf_counter()
    test(bootstrap_servers)
    return perf_counter() - begun


def _confluent(bootstrap_servers: str) -> None:
    from confluent_kafka import Consumer, Producer
    from confluent_kafka.admin import AdminClient, NewTopic

    topic = f"suite-{time()}"
    servers = {"bootstrap.servers": bootstrap_servers}
    admin = AdminClient(servers)
    admin.create_topics([NewTopic(topic, 1, 1)])[topic].result(_AT_MOST)
    producer = Producer(servers)
    for number in range(_RECORDS):
        producer.produce(topic, str(number))
    assert producer.flush(_AT_MOST) == 0
    consumer = Consumer({**servers, "group.id": topic, "auto.offset.reset": "earliest"})
    consumer.subscribe([topic])
    got: list[Any] = []
    begun = perf_counter()
    while len(got) < _RECORDS and perf_counter() - begun < _AT_MOST:
        got += consumer.consume(_RECORDS - len(got), 0.1)
    assert len(got) == _RECORDS
    consumer.close()
    admin.delete_topics([topic])[topic].result(_AT_MOST)


def _kafka_python(bootstrap_servers: str) -> None:
    from kafka import KafkaConsumer, KafkaProducer
    from kafka.admin import KafkaAdminClient, NewTopic

    topic = f"suite-{time()}"
    admin = KafkaAdminClient(bootstrap_servers=bootstrap_servers)
    admin.create_topics([NewTopic(topic, 1, 1)])
    producer = KafkaProducer(bootstrap_servers=bootstrap_servers)
    for number in range(_RECORDS):
        producer.send(topic, str(number).encode())
    producer.flush(_AT_MOST)
    consumer = KafkaConsumer(
        topic,
        bootstrap_servers=bootstrap_servers,
        group_id=topic,
        auto_offset_reset="earliest",
        consumer_timeout_ms=int(_AT_MOST * 1000),
    )
    got = [record for _, record in zip(range(_RECORDS), consumer, strict=False)]
    assert len(got) == _RECORDS
    consumer.close()
    producer.close()
    admin.delete_topics([topic])
    admin.close()
