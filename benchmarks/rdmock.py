"""librdkafka's mock cluster as a process: prints its address and waits to be killed."""

from __future__ import annotations

import signal

from confluent_kafka import Producer


def start() -> tuple[Producer, str]:
    """A cluster of one broker, which lives as long as the producer, and its address."""
    producer = Producer({"test.mock.num.brokers": 1, "bootstrap.servers": "unused", "log_level": 0})
    broker = next(iter(producer.list_topics(timeout=10).brokers.values()))
    return producer, f"{broker.host}:{broker.port}"


if __name__ == "__main__":
    producer, address = start()
    print(address, flush=True)
    signal.pause()
